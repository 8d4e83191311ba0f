/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit validate` on folders: a bundle, whose config.json is checked, or an image layout, whose
 * documents are checked from its index on.  Blobs are looked up in validate_blobs.c alone.
 */
#include "output.h"
#include "validate.h"
#include "validate_blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOB_KIND, BLOB_MISSING, BLOB_SIZE, BLOBS_FOLDER, TOO_MANY };

const struct oci_rule validate_layout_rules[] = {
    [BLOB_KIND] = {"layout-blob-kind", OCI_SEVERITY_ERROR, "image-layout", "image-layout.md#blobs",
                   "a blob is a regular file"},
    [BLOB_MISSING] = {"layout-blob-missing", OCI_SEVERITY_WARNING, "image-layout",
                      "image-layout.md#blobs", "the blobs of all descriptors are there"},
    [BLOB_SIZE] = {"layout-blob-size", OCI_SEVERITY_ERROR, "image-layout", "image-layout.md#blobs",
                   "a blob is as long as its descriptor says"},
    [BLOBS_FOLDER] = {"layout-blobs-folder", OCI_SEVERITY_ERROR, "image-layout",
                      "image-layout.md#content", "the folder blobs is there"},
    [TOO_MANY] = {"layout-too-many-blobs", OCI_SEVERITY_WARNING, "image-layout",
                  "image-layout.md#blobs",
                  "a layout has at most 10000 blobs, or some are not looked at"},
};

const size_t validate_layout_rule_count = ARRAY_SIZE(validate_layout_rules);

/* A blob that is to be checked as a document. */
struct task {
    const struct blob *blob;
    const struct oci_document_kind *kind;
};

struct layout {
    struct validation *validation;
    int folder;
    const char *name;
    struct blobs blobs;
    struct task *tasks;
    size_t count;
    bool too_many; /* of blobs, and that was told */
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

static const struct oci_document_kind *kind_of(const char *media_type, uint32_t *bit)
{
    for (size_t i = 0; media_type != NULL && i < oci_document_kind_count(); i++) {
        const struct oci_document_kind *kind = oci_document_kind_get(i);

        *bit = UINT32_C(1) << i;
        if (kind->media_type != NULL && strcmp(kind->media_type, media_type) == 0)
            return kind;
    }
    return NULL;
}

static void add_task(struct layout *layout, struct blob *blob, const char *media_type)
{
    uint32_t bit = 0;
    const struct oci_document_kind *kind = kind_of(media_type, &bit);
    struct task *tasks;

    if (kind == NULL || (blob->kinds & bit) != 0)
        return;
    tasks = realloc(layout->tasks, (layout->count + 1) * sizeof(*tasks));
    if (tasks == NULL) {
        layout->validation->failed = true;
        return;
    }
    layout->tasks = tasks;
    tasks[layout->count++] = (struct task){blob, kind};
    blob->kinds |= bit;
}

/* What is wrong with a blob itself is told where it is first led to. */
static void complain_blob(struct blob *blob, oci_checking *checking, const char *pointer)
{
    char text[128];

    if (blob->told)
        return;
    blob->told = true;
    switch (blob->state) {
    case BLOB_IS_MISSING:
        (void)snprintf(text, sizeof(text), "the blob is not in the layout: %s",
                       ERRNO_TEXT(blob->error));
        oci_check_broken(checking, &validate_layout_rules[BLOB_MISSING], pointer, text);
        break;
    case BLOB_IS_OTHER:
        oci_check_broken(checking, &validate_layout_rules[BLOB_KIND], pointer,
                         "the blob is not a regular file");
        break;
    case BLOB_IS_BEHIND_LINK:
        oci_check_broken(checking, &validate_layout_rules[BLOB_KIND], pointer,
                         "the folder of the blob is not a folder; links are not followed");
        break;
    case BLOB_IS_FILE:
        break;
    }
}

/* Note the blob of a descriptor, which stands at a pointer of the document. */
static void add(struct layout *layout, oci_checking *checking, const char *where,
                const struct oci_descriptor *descriptor)
{
    struct blob *blob = NULL;
    char pointer[64], text[128];

    if (descriptor == NULL || descriptor->digest == NULL)
        return;
    (void)snprintf(pointer, sizeof(pointer), "%s/digest", where);
    switch (blobs_find(&layout->blobs, descriptor->digest, &blob)) {
    case BLOBS_NO_DIGEST:
        return;
    case BLOBS_NO_MEMORY:
        layout->validation->failed = true;
        return;
    case BLOBS_FULL:
        if (!layout->too_many)
            oci_check_broken(checking, &validate_layout_rules[TOO_MANY], pointer,
                             "this blob and new ones after it are not looked at");
        layout->too_many = true;
        return;
    case BLOBS_FOUND:
        break;
    }
    if (blob->state != BLOB_IS_FILE) {
        complain_blob(blob, checking, pointer);
        return;
    }
    if (blob->size != descriptor->size) {
        (void)snprintf(pointer, sizeof(pointer), "%s/size", where);
        (void)snprintf(text, sizeof(text), "the blob is %jd bytes long, not %jd",
                       (intmax_t)blob->size, (intmax_t)descriptor->size);
        oci_check_broken(checking, &validate_layout_rules[BLOB_SIZE], pointer, text);
    }
    add_task(layout, blob, descriptor->media_type);
}

static void add_list(struct layout *layout, oci_checking *checking, const char *name,
                     const struct oci_descriptor *descriptors, size_t count)
{
    char where[48];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(where, sizeof(where), "/%s/%zu", name, i);
        add(layout, checking, where, &descriptors[i]);
    }
}

/* Note the blobs that a document leads to, if it is one that does. */
static void follow(void *data, const oci_document *document, oci_checking *checking)
{
    struct layout *layout = data;
    const struct oci_image_index *index = oci_image_index_root(document);
    const struct oci_image_manifest *manifest = oci_image_manifest_root(document);
    const struct oci_docker_manifest_list *docker_list = oci_docker_manifest_list_root(document);
    const struct oci_docker_manifest *docker_manifest = oci_docker_manifest_root(document);

    if (index != NULL)
        add_list(layout, checking, "manifests", index->manifests, index->manifests_count);
    if (docker_list != NULL)
        add_list(layout, checking, "manifests", docker_list->manifests,
                 docker_list->manifests_count);
    if (manifest != NULL) {
        add(layout, checking, "/config", manifest->config);
        add_list(layout, checking, "layers", manifest->layers, manifest->layers_count);
    }
    if (docker_manifest != NULL) {
        add(layout, checking, "/config", docker_manifest->config);
        add_list(layout, checking, "layers", docker_manifest->layers,
                 docker_manifest->layers_count);
    }
}

/* A file of the folder itself; only regular ones are read. */
static void check_file(struct layout *layout, const char *name, int flags,
                       const struct oci_document_kind *kind)
{
    _free_ char *path = join(layout->name, name);
    _close_ int fd = openat(layout->folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);
    struct stat status;
    int error = errno;

    if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        struct validate_file file = {.name = path != NULL ? path : name, .kind = kind};

        layout->validation->files++;
        validate_print_own(layout->validation, &file, NULL,
                           "cannot be read: it is not a regular file");
        return;
    }
    validate_fd(layout->validation, path != NULL ? path : name, fd, error, kind,
                layout->blobs.folder >= 0 ? follow : NULL, layout);
}

static void check_blob(struct layout *layout, const struct task *task)
{
    _free_ char *path = join(layout->name, task->blob->path);
    _close_ int fd = blobs_read(&layout->blobs, task->blob);

    validate_fd(layout->validation, path != NULL ? path : task->blob->path, fd, errno, task->kind,
                follow, layout);
}

static bool is_ignored(const struct validation *validation, const char *rule)
{
    const char *const *ignore = validation->options.ignore;

    for (; ignore != NULL && *ignore != NULL; ignore++) {
        if (strcmp(*ignore, rule) == 0)
            return true;
    }
    return false;
}

static void check_layout(struct layout *layout)
{
    struct validate_file file = {.name = layout->name};
    char text[128];

    if (blobs_open(&layout->blobs, layout->folder) < 0 &&
        !is_ignored(layout->validation, validate_layout_rules[BLOBS_FOLDER].name)) {
        (void)snprintf(text, sizeof(text), "blobs cannot be opened as a folder: %s",
                       ERRNO_TEXT(errno));
        validate_print_own(layout->validation, &file, &validate_layout_rules[BLOBS_FOLDER], text);
    }
    check_file(layout, "oci-layout", O_NOFOLLOW, oci_document_kind_find("image-layout"));
    check_file(layout, "index.json", O_NOFOLLOW, oci_document_kind_find("image-index"));
    for (size_t i = 0; i < layout->count; i++) {
        /* Checking may move the list. */
        struct task task = layout->tasks[i];

        check_blob(layout, &task);
    }
    free(layout->tasks);
    blobs_close(&layout->blobs);
}

void validate_folder(struct validation *validation, int folder, const char *name)
{
    struct layout layout = {.validation = validation,
                            .folder = folder,
                            .name = name,
                            .blobs = {.folder = -1, .algorithm_folder = -1}};
    struct validate_file file = {.name = name};

    if (faccessat(folder, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        check_layout(&layout);
    } else if (faccessat(folder, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        /* Whoever runs a bundle follows a link too. */
        check_file(&layout, "config.json", 0,
                   validation->kind != NULL ? validation->kind
                                            : oci_document_kind_find("runtime-config"));
    } else {
        validation->files++;
        validate_print_own(validation, &file, NULL,
                           "the folder is neither a bundle, with config.json, nor an image layout, "
                           "with oci-layout");
    }
}
