/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is doing, derived from its record and the kernel, and the state document.
 */
#include <api/internal.h>

#include <ocikit/container_state.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct container_state {
    enum container_status status;
    oci_document *document;
    const struct oci_record *record;
    char *json;
};

/* The generated enum has the same order, which the assertions below hold. */
const char *status_text(enum container_status status)
{
    const char *text = oci_container_status_text((enum oci_container_status)status);
    return text ? text : "unknown";
}

_Static_assert((int)CONTAINER_CREATING == (int)OCI_CONTAINER_STATUS_CREATING &&
                   (int)CONTAINER_CREATED == (int)OCI_CONTAINER_STATUS_CREATED &&
                   (int)CONTAINER_RUNNING == (int)OCI_CONTAINER_STATUS_RUNNING &&
                   (int)CONTAINER_STOPPED == (int)OCI_CONTAINER_STATUS_STOPPED &&
                   (int)CONTAINER_PAUSED == (int)OCI_CONTAINER_STATUS_PAUSED,
               "status and its text");

bool is_frozen(const struct oci_record *record)
{
    struct group_set groups _groups_ = {0};
    struct failure ignored = {0};
    return record_groups(record, &groups, &ignored) == 0 && groups_frozen(&groups);
}

enum container_status container_find_status(int dir, const struct oci_record *record, int *pidfd)
{
    *pidfd = process_open((pid_t)record->pid, record->start_time);
    if (record->phase == OCI_RECORD_PHASE_CREATING)
        return CONTAINER_CREATING;
    if (*pidfd < 0)
        return CONTAINER_STOPPED;
    /* The init listens on the start socket until it execs the program. */
    if (store_has_start(dir))
        return CONTAINER_CREATED;
    return is_frozen(record) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

/* The OCI document, with the members that runc adds and engines read. */
static int state_json(const struct oci_record *record, enum container_status status, char **json)
{
    char owner[16];
    snprintf(owner, sizeof(owner), "%u", record->owner);
    const struct oci_container_state value = {
        .oci_version = record->oci_version ? record->oci_version : "1.0.0",
        .id = record->id,
        .pid = status == CONTAINER_STOPPED ? 0 : (int32_t)record->pid,
        .status = (enum oci_container_status)status,
        .bundle = record->bundle,
        .rootfs = record->rootfs,
        .created = record->created,
        .owner = owner,
        .annotations = record->annotations,
        .annotations_count = record->annotations_count,
    };
    return oci_write(oci_container_state_type(), &value, OCI_WRITE_PRETTY, json, NULL);
}

static int get_state(container *container, container_state **result, struct failure *failure)
{
    container_state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return fail_memory(failure);
    int r =
        store_read_record(container->dir, container->id, &state->document, &state->record, failure);
    if (r == 0) {
        _close_ int pidfd = -1;
        state->status = container_find_status(container->dir, state->record, &pidfd);
        r = state_json(state->record, state->status, &state->json);
        if (r < 0)
            fail(failure, r, "the state document cannot be written: %s", oci_code_text(r));
    }
    if (r < 0) {
        container_state_free(state);
        return r;
    }
    *result = state;
    return 0;
}

int container_get_state(container *container, container_state **result, container_error **error)
{
    struct failure failure = {0};
    int r = get_state(container, result, &failure);
    return r < 0 ? fail_public(&failure, "state", container->id, error) : 0;
}

void container_state_free(container_state *state)
{
    if (state == NULL)
        return;
    oci_document_free(state->document);
    oci_free(state->json);
    free(state);
}

int container_state_status(const container_state *state)
{
    return state->status;
}

const char *container_state_status_text(const container_state *state)
{
    return status_text(state->status);
}

const char *container_state_id(const container_state *state)
{
    return state->record->id;
}

pid_t container_state_pid(const container_state *state)
{
    return state->status == CONTAINER_STOPPED ? 0 : (pid_t)state->record->pid;
}

const char *container_state_bundle(const container_state *state)
{
    return state->record->bundle;
}

const char *container_state_rootfs(const container_state *state)
{
    return state->record->rootfs ? state->record->rootfs : "";
}

const char *container_state_created(const container_state *state)
{
    return state->record->created ? state->record->created : "";
}

uid_t container_state_owner(const container_state *state)
{
    return state->record->owner;
}

const char *container_state_json(const container_state *state)
{
    return state->json;
}

static int open_handle(container_context *context, const char *id, container **result,
                       struct failure *failure)
{
    _close_ int dir = -1, pidfd = -1;
    int r = store_open(context->state_root, id, &dir, failure);
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    if (r == 0)
        r = store_read_record(dir, id, &document, &record, failure);
    if (r < 0)
        return r;
    container_find_status(dir, record, &pidfd);
    container *handle = handle_new(context, id, dir, (pid_t)record->pid, pidfd, -1);
    if (handle == NULL)
        return fail_memory(failure);
    take_fd(&dir);
    take_fd(&pidfd);
    *result = handle;
    return 0;
}

int container_open(container_context *context, const char *id, container **result,
                   container_error **error)
{
    struct failure failure = {0};
    int r = open_handle(context, id, result, &failure);
    return r < 0 ? fail_public(&failure, "open", id, error) : 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(int root, char ***names, size_t *count, struct failure *failure)
{
    DIR *dir = fdopendir(root);
    if (dir == NULL) {
        fail_errno(failure, OCI_ERR_IO, errno, "read the state directory");
        close(root);
        return failure->code;
    }
    size_t room = 0, n = 0;
    char **list = NULL;
    int r = 0;
    for (struct dirent *entry; r == 0 && (entry = readdir(dir)) != NULL;) {
        struct failure ignored = {0};
        if (store_check_id(entry->d_name, &ignored) < 0 ||
            faccessat(root, entry->d_name, F_OK, 0) < 0)
            continue;
        if (n + 1 >= room) {
            char **more = realloc(list, (room = room ? room * 2 : 16) * sizeof(*list));
            r = more ? 0 : OCI_ERR_NO_MEMORY;
            list = more ? more : list;
        }
        if (r == 0 && (list[n] = strdup(entry->d_name)) != NULL)
            list[++n] = NULL;
        else
            r = fail_memory(failure);
    }
    closedir(dir);
    if (list == NULL && r == 0)
        list = calloc(1, sizeof(*list));
    if (r < 0 || list == NULL) {
        container_list_free(list);
        return fail_memory(failure);
    }
    qsort(list, n, sizeof(*list), compare_names);
    *names = list;
    if (count)
        *count = n;
    return 0;
}

int container_list(container_context *context, char ***names, size_t *count,
                   container_error **error)
{
    struct failure failure = {0};
    int r = 0, root = store_open_root(context->state_root, false, &failure);
    if (root == OCI_ERR_NOT_FOUND) {
        char **empty = calloc(1, sizeof(*empty));
        r = empty ? 0 : fail_memory(&failure);
        if (empty) {
            *names = empty;
            if (count)
                *count = 0;
        }
    } else {
        r = root < 0 ? root : read_names(root, names, count, &failure);
    }
    return r < 0 ? fail_public(&failure, "list", NULL, error) : 0;
}

void container_list_free(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}
