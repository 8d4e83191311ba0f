/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which document a text is.  One pass over the text notes the members of the outermost object; then
 * the first line of a table that fits decides.  Text that is broken further on is recognised all
 * the same, since what was read up to there is looked at.
 */
#include "parse.h"
#include "reader.h"
#include "rule.h"

enum member {
    ANNOTATIONS,
    ARCHITECTURE,
    ACCESS_TOKEN,
    ARGS,
    BLOBS,
    BUNDLE,
    CONFIG,
    CONTAINER,
    CONTAINER_CONFIG,
    CWD,
    DIGEST,
    DOCKER_VERSION,
    ERRORS,
    HOSTNAME,
    ID,
    IMAGE_LAYOUT_VERSION,
    LAYER_DIGESTS,
    LAYERS,
    LINUX,
    MANIFESTS,
    MEDIA_TYPE,
    MOUNTS,
    NAME,
    OCI_VERSION,
    OCI_VERSION_MAX,
    OCI_VERSION_MIN,
    OS,
    PARENT,
    PID,
    PROCESS,
    REPOSITORIES,
    ROOT,
    ROOTFS,
    SCHEMA_VERSION,
    SIZE,
    STATUS,
    TAGS,
    TOKEN,
    MEMBER_COUNT,
};

static const char *const member_names[MEMBER_COUNT] = {
    [ANNOTATIONS] = "annotations",
    [ARCHITECTURE] = "architecture",
    [ACCESS_TOKEN] = "access_token",
    [ARGS] = "args",
    [BLOBS] = "blobs",
    [BUNDLE] = "bundle",
    [CONFIG] = "config",
    [CONTAINER] = "container",
    [CONTAINER_CONFIG] = "container_config",
    [CWD] = "cwd",
    [DIGEST] = "digest",
    [DOCKER_VERSION] = "docker_version",
    [ERRORS] = "errors",
    [HOSTNAME] = "hostname",
    [ID] = "id",
    [IMAGE_LAYOUT_VERSION] = "imageLayoutVersion",
    [LAYER_DIGESTS] = "layerDigests",
    [LAYERS] = "layers",
    [LINUX] = "linux",
    [MANIFESTS] = "manifests",
    [MEDIA_TYPE] = "mediaType",
    [MOUNTS] = "mounts",
    [NAME] = "name",
    [OCI_VERSION] = "ociVersion",
    [OCI_VERSION_MAX] = "ociVersionMax",
    [OCI_VERSION_MIN] = "ociVersionMin",
    [OS] = "os",
    [PARENT] = "parent",
    [PID] = "pid",
    [PROCESS] = "process",
    [REPOSITORIES] = "repositories",
    [ROOT] = "root",
    [ROOTFS] = "rootfs",
    [SCHEMA_VERSION] = "schemaVersion",
    [SIZE] = "size",
    [STATUS] = "status",
    [TAGS] = "tags",
    [TOKEN] = "token",
};

#define BIT(member) (UINT64_C(1) << (member))

/* The first that has all of its members decides; NULL is a document that is known to be of no kind. */
static const struct {
    uint64_t members;
    const char *kind;
} decisions[] = {
    {BIT(IMAGE_LAYOUT_VERSION), "image-layout"},
    {BIT(OCI_VERSION_MIN), "runtime-features"},
    {BIT(OCI_VERSION_MAX), "runtime-features"},
    {BIT(OCI_VERSION) | BIT(STATUS), "runtime-state"},
    {BIT(OCI_VERSION) | BIT(BUNDLE), "runtime-state"},
    {BIT(OCI_VERSION), "runtime-config"},
    {BIT(ROOTFS) | BIT(DOCKER_VERSION), "docker-config"},
    {BIT(ROOTFS) | BIT(CONTAINER_CONFIG), "docker-config"},
    {BIT(ROOTFS) | BIT(CONTAINER), "docker-config"},
    {BIT(ROOTFS) | BIT(PARENT), "docker-config"},
    {BIT(ROOTFS) | BIT(ID), "docker-config"},
    {BIT(ROOTFS), "image-config"},
    {BIT(MANIFESTS), "image-index"},
    {BIT(LAYERS), "image-manifest"},
    {BIT(SCHEMA_VERSION) | BIT(CONFIG), "image-manifest"},
    {BIT(ERRORS), "registry-error"},
    {BIT(REPOSITORIES), "repository-list"},
    {BIT(TAGS), "tag-list"},
    {BIT(TOKEN), "registry-token"},
    {BIT(ACCESS_TOKEN), "registry-token"},
    {BIT(MEDIA_TYPE) | BIT(DIGEST), "image-descriptor"},
    {BIT(MEDIA_TYPE) | BIT(SIZE), "image-descriptor"},
    {BIT(ID) | BIT(STATUS) | BIT(PID), "runtime-state"},
    {BIT(CWD), "process"},
    {BIT(ARGS), "process"},
    {BIT(PROCESS), "runtime-config"},
    {BIT(MOUNTS), "runtime-config"},
    {BIT(ROOT), "runtime-config"},
    {BIT(LINUX), "runtime-config"},
    {BIT(STATUS) | BIT(BUNDLE), "runtime-state"},
    {BIT(LAYER_DIGESTS), NULL}, /* the configuration of a WebAssembly component */
    {BIT(BLOBS), NULL}, /* an artifact manifest, which no version of the specification has */
    {BIT(ARCHITECTURE) | BIT(OS), "image-config"},
};

struct detection {
    size_t depth;
    uint64_t members;
    bool in_media_type;
    const struct oci_document_kind *by_media_type;
};

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct detection *detection = ctx;

    if (detection->depth != 1 || !detection->in_media_type)
        return 0;
    detection->in_media_type = false;
    for (size_t i = 0; token->kind == OCI_TOKEN_STRING && i < oci_document_kind_count(); i++) {
        const struct oci_document_kind *kind = oci_document_kind_get(i);

        if (kind->media_type != NULL && strlen(kind->media_type) == token->length &&
            memcmp(kind->media_type, token->text, token->length) == 0)
            detection->by_media_type = kind;
    }
    return 0;
}

static int on_key(void *ctx, const struct oci_token *token)
{
    struct detection *detection = ctx;

    if (detection->depth != 1)
        return 0;
    detection->in_media_type = false;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (strlen(member_names[i]) == token->length &&
            memcmp(member_names[i], token->text, token->length) == 0) {
            detection->members |= BIT(i);
            detection->in_media_type = i == MEDIA_TYPE;
        }
    }
    return 0;
}

/* Members of items would be none of the document's. */
static int on_open(void *ctx, const struct oci_token *token)
{
    struct detection *detection = ctx;

    if (detection->depth == 0 && token->kind != OCI_TOKEN_OBJECT)
        return OCI_ERR_TYPE;
    detection->depth++;
    return 0;
}

static int on_close(void *ctx, size_t end)
{
    (void)end;
    ((struct detection *)ctx)->depth--;
    return 0;
}

/* The member that all documents of a media type have, and that others do not; 0 if there is none. */
static uint64_t mark_of(const struct oci_document_kind *kind)
{
    static const struct {
        const char *kind;
        uint64_t members;
    } marks[] = {
        {"image-index", BIT(MANIFESTS)}, {"docker-manifest-list", BIT(MANIFESTS)},
        {"image-manifest", BIT(LAYERS)}, {"docker-manifest", BIT(LAYERS)},
        {"image-config", BIT(ROOTFS)},   {"docker-config", BIT(ROOTFS)},
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (strcmp(kind->name, marks[i].kind) == 0)
            return marks[i].members;
    }
    return 0;
}

/* A media type tells documents of one form from each other.  A descriptor has that of its content;
 * and where the members are those of another form, the media type is what is wrong. */
static bool is_by_media_type(const struct detection *detection)
{
    uint64_t mark, members = detection->members;

    if (detection->by_media_type == NULL || (members & BIT(DIGEST)) != 0)
        return false;
    mark = mark_of(detection->by_media_type);
    if (mark == 0 || (members & mark) != 0)
        return true;
    return (members & (BIT(SIZE) | BIT(MANIFESTS) | BIT(LAYERS) | BIT(ROOTFS))) == 0;
}

static const struct oci_document_kind *decide(const struct detection *detection)
{
    if (is_by_media_type(detection))
        return detection->by_media_type;
    for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
        if ((detection->members & decisions[i].members) == decisions[i].members)
            return oci_document_kind_find(decisions[i].kind);
    }
    return NULL;
}

const struct oci_document_kind *oci_document_kind_detect(const char *text, size_t length)
{
    static const struct oci_reader_events events = {
        .scalar = on_scalar, .key = on_key, .open = on_open, .close = on_close};
    struct oci_reader_source source = {.text = text,
                                       .length = length,
                                       .memory = &oci_default_allocator,
                                       .limits = oci_reader_no_limits};
    struct detection detection = {.depth = 0};

    if (text == NULL || oci_read_json(&source, &events, &detection) == OCI_ERR_NO_MEMORY)
        return NULL;
    return decide(&detection);
}
