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

enum {
    ARTIFACT_TYPE,
    DOCKER_MEDIA_TYPE,
    INDEX_ITEM,
    INDEX_MEDIA_TYPE,
    LAYER_NONDISTRIBUTABLE,
    LAYER_TYPE,
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
                    "an index leads to manifests and indexes"},
    [INDEX_MEDIA_TYPE] = {"index-media-type", ERROR, "image-index",
                          "image-index.md#image-index-property-descriptions",
                          "mediaType is that of an image index"},
    [LAYER_NONDISTRIBUTABLE] = {"manifest-layer-nondistributable", WARNING, "image-manifest",
                                "layer.md#non-distributable-layers",
                                "layers that may not be distributed are deprecated"},
    [LAYER_TYPE] = {"manifest-layer-type", WARNING, "image-manifest",
                    "manifest.md#image-manifest-property-descriptions",
                    "layers of an image have one of the media types of layers"},
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
        oci_rule_broken(checking, rule, oci_rule_at(checking, "/mediaType"),
                        oci_rule_words(checking, "the media type of this document is %s, not %s",
                                       expected, oci_rule_quote(checking, found)));
}

void oci_rule_check_index(struct oci_checking *checking, const void *root)
{
    static const char *const types[] = {INDEX_TYPE, MANIFEST_TYPE, DOCKER_LIST_TYPE,
                                        DOCKER_MANIFEST_TYPE, NULL};
    const struct oci_image_index *index = root;

    check_media_type(checking, &rules[INDEX_MEDIA_TYPE], index->media_type, INDEX_TYPE);
    check_list(checking, "manifests", index->manifests, index->manifests_count);
    for (size_t i = 0; i < index->manifests_count; i++) {
        const char *type = index->manifests[i].media_type;

        if (type != NULL && !oci_rule_is_one_of(type, types))
            oci_rule_broken(checking, &rules[INDEX_ITEM],
                            oci_rule_at(checking, "/manifests/%zu/mediaType", i),
                            oci_rule_words(checking, "%s is no manifest or index that is known",
                                           oci_rule_quote(checking, type)));
    }
    check_part(checking, "subject", index->subject);
    oci_rule_check_image_annotations(checking, index->annotations, index->annotations_count);
}

static void check_layer(struct oci_checking *checking, const char *type, size_t index)
{
    static const char *const layers[] = {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        NULL,
    };
    static const char *const nondistributable[] = {
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        NULL,
    };

    if (oci_rule_is_one_of(type, nondistributable))
        oci_rule_broken(checking, &rules[LAYER_NONDISTRIBUTABLE],
                        oci_rule_at(checking, "/layers/%zu/mediaType", index),
                        "layers that may not be distributed are deprecated");
    else if (!oci_rule_is_one_of(type, layers))
        oci_rule_broken(
            checking, &rules[LAYER_TYPE], oci_rule_at(checking, "/layers/%zu/mediaType", index),
            oci_rule_words(checking, "%s is no layer of an image", oci_rule_quote(checking, type)));
}

void oci_rule_check_manifest(struct oci_checking *checking, const void *root)
{
    const struct oci_image_manifest *manifest = root;
    const char *config = manifest->config != NULL ? manifest->config->media_type : NULL;

    check_media_type(checking, &rules[MANIFEST_MEDIA_TYPE], manifest->media_type, MANIFEST_TYPE);
    if (config != NULL && strcmp(config, EMPTY_TYPE) == 0 && manifest->artifact_type == NULL)
        oci_rule_broken(checking, &rules[ARTIFACT_TYPE], oci_rule_at(checking, "/artifactType"),
                        "a manifest with an empty configuration has an artifactType");
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
