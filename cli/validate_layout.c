/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit validate` on folders: a bundle, whose config.json is checked, or an image layout, whose
 * documents are checked from its index on.  An image layout is not trusted: blobs are looked up below
 * it by the digits of their digest alone, only regular files are read, every digest once, and no more
 * than a number of them.
 */
#include "output.h"
#include "validate.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_BLOBS 10000u

enum { BLOB_KIND, BLOB_MISSING, BLOB_SIZE, TOO_MANY };

const struct oci_rule validate_layout_rules[] = {
    [BLOB_KIND] = {"layout-blob-kind", OCI_SEVERITY_ERROR, "image-layout", "image-layout.md#blobs",
                   "a blob is a regular file"},
    [BLOB_MISSING] = {"layout-blob-missing", OCI_SEVERITY_WARNING, "image-layout",
                      "image-layout.md#blobs", "the blobs of all descriptors are there"},
    [BLOB_SIZE] = {"layout-blob-size", OCI_SEVERITY_ERROR, "image-layout", "image-layout.md#blobs",
                   "a blob is as long as its descriptor says"},
    [TOO_MANY] = {"layout-too-many-blobs", OCI_SEVERITY_WARNING, "image-layout",
                  "image-layout.md#blobs",
                  "a layout has at most 10000 blobs, or some are not looked at"},
};

const size_t validate_layout_rule_count = ARRAY_SIZE(validate_layout_rules);

struct blob {
    char path[300]; /* below the layout: blobs/ALGORITHM/DIGITS */
    const struct oci_document_kind *kind;
};

struct layout {
    struct validation *validation;
    int folder;
    const char *name;
    struct blob *blobs; /* those that are to be looked at, and those that have been */
    size_t count;
};

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    size_t length = strlen(folder);

    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0)
        return NULL;
    return path;
}

/* The path of a digest's blob.  False for a digest that could lead anywhere else. */
static bool blob_path(const char *digest, char *path, size_t room)
{
    const char *colon = strchr(digest, ':');
    size_t length = strlen(digest);

    if (colon == NULL || colon == digest || colon[1] == '\0' || length + 7 >= room)
        return false;
    for (const char *c = digest; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr(c < colon ? "+._-" : "=_-", *c) == NULL &&
            c != colon)
            return false;
    }
    if (digest[0] == '.')
        return false;
    (void)snprintf(path, room, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
    return true;
}

static bool is_known(const struct layout *layout, const char *path)
{
    for (size_t i = 0; i < layout->count; i++) {
        if (strcmp(layout->blobs[i].path, path) == 0)
            return true;
    }
    return false;
}

static const struct oci_document_kind *kind_of(const char *media_type)
{
    for (size_t i = 0; media_type != NULL && i < oci_document_kind_count(); i++) {
        const struct oci_document_kind *kind = oci_document_kind_get(i);

        if (kind->media_type != NULL && strcmp(kind->media_type, media_type) == 0)
            return kind;
    }
    return NULL;
}

static void complain(struct layout *layout, const struct validate_file *file, int rule,
                     const char *pointer, const char *text)
{
    const char *const *ignore = layout->validation->options.ignore;

    for (; ignore != NULL && *ignore != NULL; ignore++) {
        if (strcmp(*ignore, validate_layout_rules[rule].name) == 0)
            return;
    }
    validate_print_own(layout->validation, file, &validate_layout_rules[rule], pointer, text);
}

/* Note the blob of a descriptor, which stands at a pointer of the file. */
static void add(struct layout *layout, const struct validate_file *file, const char *pointer,
                const struct oci_descriptor *descriptor)
{
    struct blob *blobs, blob = {.kind = kind_of(descriptor->media_type)};
    struct stat status;
    char text[128];

    if (!blob_path(descriptor->digest, blob.path, sizeof(blob.path)) || is_known(layout, blob.path))
        return;
    if (fstatat(layout->folder, blob.path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        (void)snprintf(text, sizeof(text), "the blob is not in the layout: %s",
                       output_errno(errno, (char[64]){0}));
        complain(layout, file, BLOB_MISSING, pointer, text);
        return;
    }
    if (!S_ISREG(status.st_mode)) {
        complain(layout, file, BLOB_KIND, pointer, "the blob is not a regular file");
        return;
    }
    if (status.st_size != descriptor->size) {
        (void)snprintf(text, sizeof(text), "the blob is %jd bytes long, not %jd as its size says",
                       (intmax_t)status.st_size, (intmax_t)descriptor->size);
        complain(layout, file, BLOB_SIZE, pointer, text);
    }
    if (layout->count == MOST_BLOBS) {
        complain(layout, file, TOO_MANY, pointer, "this blob and those after it are not looked at");
        layout->count++;
    }
    if (layout->count > MOST_BLOBS)
        return;
    blobs = realloc(layout->blobs, (layout->count + 1) * sizeof(*blobs));
    if (blobs == NULL) {
        layout->validation->failed = true;
        return;
    }
    layout->blobs = blobs;
    blobs[layout->count++] = blob;
}

static void add_list(struct layout *layout, const struct validate_file *file, const char *name,
                     const struct oci_descriptor *descriptors, size_t count)
{
    char pointer[64];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(pointer, sizeof(pointer), "/%s/%zu/digest", name, i);
        add(layout, file, pointer, &descriptors[i]);
    }
}

static void free_document(oci_document **document)
{
    oci_document_free(*document);
}

/* Note the blobs that a document leads to, if it is one that does. */
static void follow(struct layout *layout, const struct validate_file *file,
                   const struct oci_document_kind *kind)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_docker_manifest_list *docker_list;
    const struct oci_docker_manifest *docker_manifest;
    const struct oci_image_manifest *manifest;
    const struct oci_image_index *index;

    if (oci_parse(kind->type(), file->text, file->length, NULL, &document, NULL) < 0)
        return;
    index = oci_image_index_root(document);
    manifest = oci_image_manifest_root(document);
    docker_list = oci_docker_manifest_list_root(document);
    docker_manifest = oci_docker_manifest_root(document);
    if (index != NULL)
        add_list(layout, file, "manifests", index->manifests, index->manifests_count);
    if (docker_list != NULL)
        add_list(layout, file, "manifests", docker_list->manifests, docker_list->manifests_count);
    if (manifest != NULL) {
        add(layout, file, "/config/digest", manifest->config);
        add_list(layout, file, "layers", manifest->layers, manifest->layers_count);
    }
    if (docker_manifest != NULL) {
        add(layout, file, "/config/digest", docker_manifest->config);
        add_list(layout, file, "layers", docker_manifest->layers, docker_manifest->layers_count);
    }
}

static void check_document(struct layout *layout, const char *path,
                           const struct oci_document_kind *kind)
{
    _free_ char *name = join(layout->name, path);
    _spec_text_ char *text = NULL;
    struct validate_file file = {.name = name != NULL ? name : path};
    /* A link would lead out of the folder, and a FIFO would wait. */
    _close_ int fd = openat(layout->folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = fd < 0 ? errno : 0, result = OCI_ERR_IO;

    if (fd >= 0)
        result = oci_read_fd(fd, 0, &text, &file.length, &error);
    if (result < 0) {
        char message[160];

        (void)snprintf(message, sizeof(message), "cannot be read: %s",
                       error != 0 ? output_errno(error, (char[64]){0}) : oci_code_text(result));
        layout->validation->files++;
        validate_print_own(layout->validation, &file, NULL, "", message);
        return;
    }
    file.text = text;
    validate_text(layout->validation, &file, kind);
    follow(layout, &file, kind);
}

static void check_layout(struct layout *layout)
{
    check_document(layout, "oci-layout", oci_document_kind_find("image-layout"));
    check_document(layout, "index.json", oci_document_kind_find("image-index"));
    for (size_t i = 0; i < layout->count && i < MOST_BLOBS; i++) {
        /* Checking may move the list. */
        struct blob blob = layout->blobs[i];

        if (blob.kind != NULL)
            check_document(layout, blob.path, blob.kind);
    }
    free(layout->blobs);
}

void validate_folder(struct validation *validation, int folder, const char *name)
{
    struct layout layout = {.validation = validation, .folder = folder, .name = name};
    struct validate_file file = {.name = name};

    if (faccessat(folder, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        check_layout(&layout);
    } else if (faccessat(folder, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        check_document(&layout, "config.json",
                       validation->kind != NULL ? validation->kind
                                                : oci_document_kind_find("runtime-config"));
    } else {
        validation->files++;
        validate_print_own(validation, &file, NULL, "",
                           "the folder is neither a bundle, with config.json, nor an image layout, "
                           "with oci-layout");
    }
}
