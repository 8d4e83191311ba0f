/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoing a container, whole or half made: container_delete, and what create does when it fails.
 * Every step may be repeated; the folder goes last, so that what failed can be tried again.
 */
#include <api/managed.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define GROUP_TIMEOUT_MS 5000

/* A frozen process dies when it is thawed; the first process of a pid namespace only when its others are
 * collected, of which some may be the caller's children. */
static int end_init(container_context *context, int pidfd, const struct group_set *groups,
                    struct failure *failure)
{
    if (pidfd < 0)
        return 0;
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return fail_errno(failure, OCI_ERR_IO, errno, "kill the container's first process");
    if (groups_frozen(groups))
        groups_thaw(groups);
    for (int waited = 0; !process_await_end(pidfd, 20); waited += 20) {
        context_collect(context);
        if (waited >= KILL_TIMEOUT_MS)
            return fail(
                failure, OCI_ERR_BUSY,
                "the container's first process did not end within %d s of SIGKILL; a process that "
                "was executed in it may not have been waited for",
                KILL_TIMEOUT_MS / 1000);
    }
    return 0;
}

/* A failure here is only told: the container is gone, and the rest must go too. */
static void run_poststop(container_context *context, const char *id, int dir, const char *bundle,
                         struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_runtime_config *config = NULL;
    struct log log = context_log(context, id);
    if (store_read_config(dir, &document, &config, failure) < 0)
        return;
    if (config->hooks == NULL || config->hooks->poststop_count == 0)
        return;
    struct compile_input input = {.id = id,
                                  .bundle = bundle,
                                  .config = config,
                                  .log = &log,
                                  .process_place = "/process",
                                  .keep_fds = 3};
    /* One at a time: each runs, whatever became of the one before. */
    for (size_t i = 0; i < config->hooks->poststop_count; i++) {
        const struct hook_list list = {"poststop", &config->hooks->poststop[i], 1};
        struct failure told = {0};
        if (run_host_hooks(context, &input, &list, 1, "stopped", 0, STORE_CONFIG, -1, &told) < 0)
            log_message(&log, CONTAINER_LOG_WARNING, "/hooks/poststop/%zu: %s", i, told.text);
    }
}

static int remove_resctrl(const struct oci_record *record, struct failure *failure)
{
    struct resctrl_group group _resctrl_ = {0};
    _close_ int root = -1;
    int r = record_resctrl(record, &group, &root, failure);
    return r == 0 && root >= 0 ? resctrl_remove(root, &group, failure) : r;
}

/* Its group is gone, and with it, a moment later, the scope: a manager that cannot be asked is no reason to keep the
 * container. */
static void stop_scope(container_context *context, const char *id,
                       const struct oci_record_systemd *record)
{
    struct failure told = {0};
    struct log log = context_log(context, id);
    if (managed_stop(record, &told) < 0)
        log_message(&log, CONTAINER_LOG_WARNING, "%s", told.text);
}

int destroy(container_context *context, const char *id, int root, int dir,
            const struct oci_record *record, int pidfd, struct failure *failure)
{
    struct group_set groups _groups_ = {0};
    int r = record_groups(record, &groups, failure);
    if (r == 0)
        r = end_init(context, pidfd, &groups, failure);
    if (r < 0)
        return r;
    /* Whoever shares no pid namespace with the first process has outlived it. */
    r = groups_signal(&groups, SIGKILL, failure);
    if (r > 0 && groups_frozen(&groups))
        groups_thaw(&groups);
    if (r >= 0)
        r = groups_remove(&groups, GROUP_TIMEOUT_MS, true, failure);
    if (r >= 0)
        r = remove_resctrl(record, failure);
    if (r < 0)
        return r;
    if (record && record->systemd)
        stop_scope(context, id, record->systemd);
    if (record) {
        struct failure ignored = {0};
        run_poststop(context, id, dir, record->bundle, &ignored);
    }
    return store_remove(root, id, dir, failure);
}

/* The record is lost, the configuration may not be.  Where it names no group, the container's carries its
 * id and is nobody else's; a group that it does name may have others in it, and is only removed if it is
 * empty. */
static int destroy_by_config(container_context *context, const char *id, int root, int dir,
                             struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_runtime_config *config = NULL;
    struct failure ignored = {0};
    struct group_set groups _groups_ = {0};
    struct log log = context_log(context, id);
    if (store_read_config(dir, &document, &config, &ignored) < 0)
        return store_remove(root, id, dir, failure);
    const char *path = config->linux_ ? config->linux_->cgroups_path : NULL;
    if (groups_plan(path, id, &groups, &ignored) < 0)
        return store_remove(root, id, dir, failure);
    bool named = path && path[0];
    for (size_t i = 0; i < groups.count; i++)
        groups.groups[i].made = 1;
    int r = named ? 0 : groups_signal(&groups, SIGKILL, failure);
    if (r >= 0)
        r = groups_remove(&groups, named ? 0 : GROUP_TIMEOUT_MS, !named, failure);
    if (r < 0 && named) {
        log_message(&log, CONTAINER_LOG_WARNING,
                    "control group \"%s\" stays: it has processes, and the lost record knew whose",
                    path);
        r = 0;
    }
    return r < 0 ? r : store_remove(root, id, dir, failure);
}

static int delete_locked(container_context *context, const char *id, int root, int dir,
                         unsigned flags, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    bool force = flags & CONTAINER_DELETE_FORCE;
    int r = store_read_record(dir, id, &document, &record, failure);
    /* Without a record nothing else was made either. */
    if (r == OCI_ERR_NOT_FOUND)
        return store_remove(root, id, dir, failure);
    if (r == OCI_ERR_STATE_CORRUPT && force)
        return destroy_by_config(context, id, root, dir, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(dir, record, &pidfd);
    if ((status == CONTAINER_RUNNING || status == CONTAINER_PAUSED) && !force)
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot delete container \"%s\": it is %s, and must be stopped first", id,
                    status_text(status));
    return destroy(context, id, root, dir, record, pidfd, failure);
}

/* Whoever holds the lock may be waiting for a process of the container: a paused one does not run on, one with a
 * system call that a seccomp listener never answers neither.  With all of them ended it gets its answer.  A create
 * under way is left to end by itself. */
static void end_all(int dir, const char *id)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct group_set groups _groups_ = {0};
    struct failure ignored = {0};
    if (store_read_record(dir, id, &document, &record, &ignored) < 0 ||
        record_groups(record, &groups, &ignored) < 0)
        return;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(dir, record, &pidfd);
    if (status == CONTAINER_CREATING || status == CONTAINER_STOPPED)
        return;
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    groups_signal(&groups, SIGKILL, &ignored);
    if (groups_frozen(&groups))
        groups_thaw(&groups);
}

static int delete (container_context *context, const char *id, int dir, unsigned flags,
                   struct failure *failure)
{
    _close_ int root = store_open_root(context->state_root, false, failure);
    if (root < 0)
        return root;
    if (flags & CONTAINER_DELETE_FORCE)
        end_all(dir, id);
    int r = store_lock(dir, id, LOCK_TIMEOUT_MS, failure);
    if (r < 0)
        return r;
    r = delete_locked(context, id, root, dir, flags, failure);
    store_unlock(dir);
    return r;
}

int container_delete(container *container, unsigned flags, container_error **error)
{
    struct failure failure = {0};
    int r = delete (container->context, container->id, container->dir, flags, &failure);
    /* What is gone already was deleted, by whomever. */
    if (r == OCI_ERR_NOT_FOUND)
        r = 0;
    /* The first process, if it was the caller's child, is kept for container_wait. */
    if (r == 0 && container->process.pidfd >= 0 && !container->process.has_status) {
        struct failure ignored = {0};
        tracked_collect(&container->process, &ignored);
    }
    return r < 0 ? fail_public(&failure, "delete", container->id, error) : 0;
}

static int delete_id(container_context *context, const char *id, unsigned flags,
                     struct failure *failure)
{
    _close_ int dir = -1;
    int r = store_open(context->state_root, id, &dir, failure);
    if (r == 0)
        r = delete (context, id, dir, flags, failure);
    return r == OCI_ERR_NOT_FOUND && (flags & CONTAINER_DELETE_FORCE) ? 0 : r;
}

int container_delete_id(container_context *context, const char *id, unsigned flags,
                        container_error **error)
{
    struct failure failure = {0};
    int r = delete_id(context, id, flags, &failure);
    return r < 0 ? fail_public(&failure, "delete", id, error) : 0;
}
