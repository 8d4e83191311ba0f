/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_update.  The kernel is the only record of what is set: nothing of an update is stored, and the
 * stored configuration stays as it was given.
 */
#include <api/internal.h>

static int update_groups(container *container, const struct oci_linux_resources *resources,
                         struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct group_set groups _groups_ = {0};
    struct log log = context_log(container->context, container->id);
    _close_ int pidfd = -1;
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    enum container_status status = container_find_status(container->dir, record, &pidfd);
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is %s",
                    container->id, status_text(status));
    r = record_groups(record, &groups, failure);
    if (r == 0 && groups.count == 0)
        return fail(failure, OCI_ERR_CGROUP,
                    "container \"%s\" has no control group: who made it may make none",
                    container->id);
    return r == 0 ? groups_update(&groups, resources, &log, failure) : r;
}

static int update(container *container, const char *text, size_t length, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    _cleanup_(free_report) oci_report *report = NULL;
    int r = oci_parse(oci_linux_resources_type(), text, length, NULL, &document, &report);
    if (r < 0)
        return fail_report(failure, r, report, "resources");
    r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, failure);
    if (r < 0)
        return r;
    r = update_groups(container, oci_linux_resources_root(document), failure);
    store_unlock(container->dir);
    if (r < 0)
        locate_failure(failure, text, length, "resources");
    return r;
}

int container_update(container *container, const char *resources, size_t length,
                     container_error **error)
{
    struct failure failure = {0};
    int r = resources ? update(container, resources, length, &failure)
                      : fail(&failure, OCI_ERR_INVALID_ARGUMENT, "no resources were given");
    return r < 0 ? fail_public(&failure, "update", container->id, error) : 0;
}
