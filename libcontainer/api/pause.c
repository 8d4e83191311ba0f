/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_pause and container_resume: freezing all processes of a container.
 */
#include <api/internal.h>

#include <unistd.h>

#define FREEZE_TIMEOUT_MS 10000

static int not_running(const char *id, enum container_status status, struct failure *failure)
{
    return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is %s", id,
                status_text(status));
}

/* A caller in the same group would stop for good here, and with it whoever could resume it. */
static int refuse_own_group(const char *id, const struct group_set *groups, struct failure *failure)
{
    _free_ pid_t *pids = NULL;
    size_t count;
    int r = groups_processes(groups, &pids, &count, failure);
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (pids[i] == getpid())
            r = fail(failure, OCI_ERR_WRONG_STATE,
                     "cannot pause container \"%s\": the calling process is in its control group",
                     id);
    }
    return r;
}

static int pause_locked(container *container, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct group_set groups _groups_ = {0};
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(container->dir, record, &pidfd);
    if (status == CONTAINER_PAUSED)
        return fail(failure, OCI_ERR_WRONG_STATE, "container \"%s\" is paused already",
                    container->id);
    /* A frozen init could not be started; the program of a created container does not run anyway. */
    if (status == CONTAINER_CREATED)
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot pause container \"%s\": it is created, and must be running",
                    container->id);
    if (status != CONTAINER_RUNNING)
        return not_running(container->id, status, failure);
    r = record_groups(record, &groups, failure);
    if (r == 0)
        r = refuse_own_group(container->id, &groups, failure);
    return r == 0 ? groups_freeze(&groups, FREEZE_TIMEOUT_MS, failure) : r;
}

int container_pause(container *container, container_error **error)
{
    struct failure failure = {0};
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, &failure);
    if (r == 0) {
        r = pause_locked(container, &failure);
        store_unlock(container->dir);
    }
    return r < 0 ? fail_public(&failure, "pause", container->id, error) : 0;
}

/* Without the container's lock: who executes in a paused container holds it and waits for this. */
static int resume(container *container, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct group_set groups _groups_ = {0};
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(container->dir, record, &pidfd);
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return not_running(container->id, status, failure);
    r = record_groups(record, &groups, failure);
    if (r < 0)
        return r;
    /* A created one that somebody else froze is let run too. */
    if (!groups_frozen(&groups))
        return fail(failure, OCI_ERR_WRONG_STATE, "container not paused: \"%s\" is %s",
                    container->id, status_text(status));
    return groups_resume(&groups, FREEZE_TIMEOUT_MS, failure);
}

int container_resume(container *container, container_error **error)
{
    struct failure failure = {0};
    int r = resume(container, &failure);
    return r < 0 ? fail_public(&failure, "resume", container->id, error) : 0;
}
