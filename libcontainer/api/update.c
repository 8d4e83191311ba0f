/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_update and container_update_rdt.  The kernel is the only record of what is set: nothing of an update is stored, and the
 * stored configuration stays as it was given.
 */
#include <api/managed.h>

/* What is changed of a container, from a document of one type. */
struct change {
    const oci_type *type;
    const char *name; /* of the document, in messages */
    int (*apply)(container *container, const struct oci_record *record, void *wanted,
                 struct failure *failure);
};

struct scope_update {
    const struct oci_record_systemd *record;
    struct managed_limits limits;
};

static int update_scope(void *data, struct failure *failure)
{
    const struct scope_update *update = data;
    return managed_update(update->record, &update->limits, failure);
}

static int apply_groups(container *container, const struct oci_record *record, void *wanted,
                        struct failure *failure)
{
    struct group_set groups _groups_ = {0};
    struct log log = context_log(container->context, container->id);
    int r = record_groups(record, &groups, failure);
    if (r == 0 && groups.count == 0)
        return fail(failure, OCI_ERR_CGROUP,
                    "container \"%s\" has no control group: who made it may make none",
                    container->id);
    drop_unmeant(record->oci_version, wanted);
    struct scope_update scope = {record->systemd, {&groups, wanted, "", &log}};
    return r == 0 ? groups_update(&groups, wanted, &log, record->systemd ? update_scope : NULL,
                                  &scope, failure)
                  : r;
}

static int apply_rdt(container *container, const struct oci_record *record, void *wanted,
                     struct failure *failure)
{
    const struct oci_intel_rdt *config = wanted;
    struct resctrl_group group _resctrl_ = {0};
    _close_ int root = -1;
    if (config->clos_id || config->has_enable_monitoring) {
        fail_at(failure, config->clos_id ? "/closID" : "/enableMonitoring");
        return fail(failure, OCI_ERR_CONFIG, "only schemata can be changed of a container");
    }
    int r = record_resctrl(record, &group, &root, failure);
    if (r < 0)
        return r;
    if (group.name == NULL || root < 0 || !group.made)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "container \"%s\" has no resctrl group of its own: its configuration has none "
                    "in /linux/intelRdt, or names one of somebody else",
                    container->id);
    return resctrl_update(root, config, &group, failure);
}

static int apply(container *container, const struct change *change, void *wanted,
                 struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    _close_ int pidfd = -1;
    int r = store_read_record(container->dir, container->id, &document, &record, failure);
    if (r < 0)
        return r;
    enum container_status status = container_find_status(container->dir, record, &pidfd);
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is %s",
                    container->id, status_text(status));
    return change->apply(container, record, wanted, failure);
}

static int update(container *container, const struct change *change, const char *text,
                  size_t length, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    _cleanup_(free_report) oci_report *report = NULL;
    if (text == NULL)
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "no %s were given", change->name);
    int r = oci_parse(change->type, text, length, NULL, &document, &report);
    if (r < 0)
        return fail_report(failure, r, report, change->name);
    r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, failure);
    if (r < 0)
        return r;
    r = apply(container, change, oci_document_root(document, change->type), failure);
    store_unlock(container->dir);
    if (r < 0)
        locate_failure(failure, text, length, change->name);
    return r;
}

int container_update(container *container, const char *resources, size_t length,
                     container_error **error)
{
    const struct change change = {oci_linux_resources_type(), "resources", apply_groups};
    struct failure failure = {0};
    int r = update(container, &change, resources, length, &failure);
    return r < 0 ? fail_public(&failure, "update", container->id, error) : 0;
}

int container_update_rdt(container *container, const char *schemata, size_t length,
                         container_error **error)
{
    const struct change change = {oci_intel_rdt_type(), "schemata", apply_rdt};
    struct failure failure = {0};
    int r = update(container, &change, schemata, length, &failure);
    return r < 0 ? fail_public(&failure, "update", container->id, error) : 0;
}
