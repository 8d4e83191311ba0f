/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on manifests and indexes, of the image specification and of Docker.
 */
#include "rules_image.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define DOCKER_LIST_TYPE "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST_TYPE "application/vnd.docker.distribution.manifest.v2+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define DOCKER_CONFIG_TYPE "application/vnd.docker.container.image.v1+json"

enum {
    ARTIFACT_TYPE,
    DOCKER_MEDIA_TYPE,
    INDEX_ITEM,
    INDEX_MEDIA_TYPE,
    LAYER_NONDISTRIBUTABLE,
    LAYER_TYPE,
    LAYERS_EMPTY,
    MANIFEST_MEDIA_TYPE,
    MEDIA_TYPE_MISSING,
};

static const struct oci_rule rules[] = {
    [ARTIFACT_TYPE] = {"manifest-artifact-type", ERROR, "image-manifest",
                       "manifest.md#image-manifest-property-descriptions",
                       "a manifest with an empty configuration has an artifactType"},
    [DOCKER_MEDIA_TYPE] = {"docker-media-type", ERROR, "docker-manifest",
                           "manifest-v2-2.md#image-manifest", "mediaType is that of the document"},
    [INDEX_ITEM] = {"index-item-type", WARNING, "image-index",
                    "image-index.md#image-index-property-descriptions",
                    "an index leads to no layers or configurations"},
    [INDEX_MEDIA_TYPE] = {"index-media-type", ERROR, "image-index",
                          "image-index.md#image-index-property-descriptions",
                          "mediaType is that of an image index"},
    [LAYER_NONDISTRIBUTABLE] = {"manifest-layer-nondistributable", WARNING, "image-manifest",
                                "layer.md#non-distributable-layers",
                                "layers that may not be distributed are deprecated"},
    [LAYER_TYPE] = {"manifest-layer-type", WARNING, "image-manifest",
                    "manifest.md#image-manifest-property-descriptions",
                    "media types of layers are not misspelt"},
    [LAYERS_EMPTY] = {"manifest-layers-empty", WARNING, "image-manifest",
                      "manifest.md#image-manifest-property-descriptions",
                      "layers has at least one entry"},
    [MANIFEST_MEDIA_TYPE] = {"manifest-media-type", ERROR, "image-manifest",
                             "manifest.md#image-manifest-property-descriptions",
                             "mediaType is that of an image manifest"},
    [MEDIA_TYPE_MISSING] = {"image-media-type-missing", WARNING, "image-manifest",
                            "manifest.md#image-manifest-property-descriptions",
                            "mediaType is there, so that no other document is taken for it"},
};

const struct oci_rule_set oci_image_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static void check_part(struct oci_checking *checking, const char *name,
                       const struct oci_descriptor *descriptor)
{
    size_t base = oci_rule_enter(checking, "/%s", name);

    oci_rule_check_one_descriptor(checking, descriptor);
    oci_rule_leave(checking, base);
}

static void check_list(struct oci_checking *checking, const char *name,
                       const struct oci_descriptor *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t base = oci_rule_enter(checking, "/%s/%zu", name, i);

        oci_rule_check_one_descriptor(checking, &descriptors[i]);
        oci_rule_leave(checking, base);
    }
}

static void check_media_type(struct oci_checking *checking, const struct oci_rule *rule,
                             const char *found, const char *expected)
{
    if (found == NULL)
        oci_rule_broken(
            checking, &rules[MEDIA_TYPE_MISSING], oci_rule_at(checking, "/mediaType"),
            oci_rule_words(checking, "the document does not say that it is %s", expected));
    else if (strcmp(found, expected) != 0)
        oci_rule_broken_so(
            checking, rule, oci_rule_at(checking, "/mediaType"),
            &(struct oci_breach){.expected = expected, .found = oci_rule_quote(checking, found)});
}

static const char *const layer_types[] = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    NULL,
};

static const char *const nondistributable_types[] = {
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    NULL,
};

/* Other media types are to be ignored by those who do not know them. */
static void check_item(struct oci_checking *checking, const char *type, size_t index)
{
    static const char *const others[] = {CONFIG_TYPE, DOCKER_CONFIG_TYPE, EMPTY_TYPE, NULL};

    if (oci_rule_is_one_of(type, others) || oci_rule_is_one_of(type, layer_types) ||
        oci_rule_is_one_of(type, nondistributable_types))
        oci_rule_broken(checking, &rules[INDEX_ITEM],
                        oci_rule_at(checking, "/manifests/%zu/mediaType", index),
                        oci_rule_words(checking, "%s is neither a manifest nor an index",
                                       oci_rule_quote(checking, type)));
}

void oci_rule_check_index(struct oci_checking *checking, const void *root)
{
    const struct oci_image_index *index = root;

    check_media_type(checking, &rules[INDEX_MEDIA_TYPE], index->media_type, INDEX_TYPE);
    check_list(checking, "manifests", index->manifests, index->manifests_count);
    for (size_t i = 0; i < index->manifests_count; i++)
        check_item(checking, index->manifests[i].media_type, i);
    check_part(checking, "subject", index->subject);
    oci_rule_check_image_annotations(checking, index->annotations, index->annotations_count);
}

/* A layer may be of any media type, so that only what is nearly a known one is a mistake. */
static void check_layer(struct oci_checking *checking, const char *type, size_t index)
{
    const char *pointer = oci_rule_at(checking, "/layers/%zu/mediaType", index), *nearest;

    if (oci_rule_is_one_of(type, nondistributable_types)) {
        oci_rule_broken(checking, &rules[LAYER_NONDISTRIBUTABLE], pointer,
                        "layers that may not be distributed are deprecated");
        return;
    }
    if (oci_rule_is_one_of(type, layer_types))
        return;
    nearest = oci_rule_nearest(type, layer_types);
    if (nearest == NULL)
        nearest = oci_rule_nearest(type, nondistributable_types);
    if (nearest != NULL)
        oci_rule_broken_so(
            checking, &rules[LAYER_TYPE], pointer,
            &(struct oci_breach){.words = oci_rule_words(checking, "%s is no layer of an image",
                                                         oci_rule_quote(checking, type)),
                                 .found = checking->quoted.text,
                                 .suggestion = nearest});
}

void oci_rule_check_manifest(struct oci_checking *checking, const void *root)
{
    const struct oci_image_manifest *manifest = root;
    const char *config = manifest->config != NULL ? manifest->config->media_type : NULL;

    check_media_type(checking, &rules[MANIFEST_MEDIA_TYPE], manifest->media_type, MANIFEST_TYPE);
    if (config != NULL && strcmp(config, EMPTY_TYPE) == 0 && manifest->artifact_type == NULL)
        oci_rule_broken(checking, &rules[ARTIFACT_TYPE], oci_rule_at(checking, "/artifactType"),
                        "with an empty configuration the manifest needs artifactType");
    if (manifest->layers != NULL && manifest->layers_count == 0)
        oci_rule_broken(checking, &rules[LAYERS_EMPTY], oci_rule_at(checking, "/layers"),
                        "there is no layer, which not every registry takes");
    check_part(checking, "config", manifest->config);
    check_list(checking, "layers", manifest->layers, manifest->layers_count);
    for (size_t i = 0; i < manifest->layers_count; i++) {
        if (config != NULL && strcmp(config, CONFIG_TYPE) == 0 &&
            manifest->layers[i].media_type != NULL)
            check_layer(checking, manifest->layers[i].media_type, i);
    }
    check_part(checking, "subject", manifest->subject);
    oci_rule_check_image_annotations(checking, manifest->annotations, manifest->annotations_count);
}

void oci_rule_check_docker_list(struct oci_checking *checking, const void *root)
{
    const struct oci_docker_manifest_list *list = root;

    check_media_type(checking, &rules[DOCKER_MEDIA_TYPE], list->media_type, DOCKER_LIST_TYPE);
    check_list(checking, "manifests", list->manifests, list->manifests_count);
}

void oci_rule_check_docker_manifest(struct oci_checking *checking, const void *root)
{
    const struct oci_docker_manifest *manifest = root;

    check_media_type(checking, &rules[DOCKER_MEDIA_TYPE], manifest->media_type,
                     DOCKER_MANIFEST_TYPE);
    check_part(checking, "config", manifest->config);
    check_list(checking, "layers", manifest->layers, manifest->layers_count);
}
