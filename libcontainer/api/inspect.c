/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into a container's control groups: who is there, and what they have used.
 */
#include <api/internal.h>

static int read_groups(container *container, enum container_status *status,
                       struct group_set *groups, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    *status = container_find_status(container->dir, record, &pidfd);
    return record_groups(record, groups, failure);
}

int container_processes(container *container, pid_t **pids, size_t *count, container_error **error)
{
    struct failure failure = {0};
    struct group_set groups _groups_ = {0};
    enum container_status status;
    int r = read_groups(container, &status, &groups, &failure);
    if (r == 0)
        r = groups_processes(&groups, pids, count, &failure);
    return r < 0 ? fail_public(&failure, "ps", container->id, error) : 0;
}

void container_processes_free(pid_t *pids)
{
    free(pids);
}

static int stats(container *container, char **json, struct failure *failure)
{
    struct group_set groups _groups_ = {0};
    enum container_status status;
    int r = read_groups(container, &status, &groups, failure);
    if (r < 0)
        return r;
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is %s",
                    container->id, status_text(status));
    return groups_stats(&groups, json, failure);
}

int container_stats(container *container, char **json, container_error **error)
{
    struct failure failure = {0};
    int r = stats(container, json, &failure);
    return r < 0 ? fail_public(&failure, "stats", container->id, error) : 0;
}
