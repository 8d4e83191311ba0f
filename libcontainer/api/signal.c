/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a container's first process, and signals.
 */
#include <api/internal.h>

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

/* child is NULL for a container's first process, which can only end when the others are collected, of which some
 * may be the caller's children. */
static int wait_tracked(container_context *context, struct tracked *tracked, struct child *child,
                        int timeout_ms, struct failure *failure)
{
    if (tracked->has_status || tracked->pidfd < 0)
        return tracked_collect(tracked, failure);
    bool ended = child ? process_await_end(tracked->pidfd, timeout_ms)
                       : context_await_end(context, tracked->pidfd, timeout_ms);
    if (!ended)
        return fail(failure, OCI_ERR_TIMEOUT, "the process still runs after %d ms", timeout_ms);
    if (child && context_collected(context, child, &tracked->status)) {
        tracked->has_status = true;
        return 0;
    }
    return tracked_collect(tracked, failure);
}

int container_wait(container *container, int timeout_ms, struct container_exit *result,
                   container_error **error)
{
    struct failure failure = {0};
    struct tracked *process = &container->process;
    int r = wait_tracked(container->context, process, NULL, timeout_ms, &failure);
    if (r == 0 && result)
        *result = process->status;
    return r < 0 ? fail_public(&failure, "wait", container->id, error) : 0;
}

/* How often processes that were forked while the others were killed are looked for. */
#define KILL_ROUNDS 16

/* What SIGKILL was sent to has to be able to die. */
static void let_die(const struct group_set *groups)
{
    if (!groups_killable_frozen(groups) && groups_frozen(groups))
        groups_thaw(groups);
}

/* 1 when somebody was there. */
static int signal_all(const struct group_set *groups, int signal, struct failure *failure)
{
    int found = groups_signal(groups, signal, failure);
    int more = found;
    for (int i = 0; signal == SIGKILL && more > 0 && i < KILL_ROUNDS; i++)
        more = groups_signal(groups, signal, failure);
    if (found > 0 && signal == SIGKILL)
        let_die(groups);
    return more < 0 ? more : found > 0;
}

static int signal_first(const char *id, int pidfd, int signal, struct failure *failure)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0)
        return 0;
    if (errno == ESRCH)
        return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is stopped", id);
    return fail_errno(failure, OCI_ERR_IO, errno, "send signal %d to container \"%s\"", signal, id);
}

int kill_by_record(int dir, const char *id, int signal, unsigned flags, struct failure *failure)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct group_set groups _groups_ = {0};
    bool all = flags & CONTAINER_KILL_ALL;
    if (signal < 0 || signal > SIGRTMAX)
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "there is no signal %d", signal);
    if (flags & ~(unsigned)CONTAINER_KILL_ALL)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "the kill flags hold one that this library does not know");
    int r = store_read_record(dir, id, &document, &record, failure);
    if (r == 0)
        r = record_groups(record, &groups, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(dir, record, &pidfd);
    if (all && status != CONTAINER_CREATING) {
        r = signal_all(&groups, signal, failure);
        /* Engines ask for all when the first process has ended already. */
        if (r != 0 || status == CONTAINER_STOPPED)
            return r < 0 ? r : 0;
    }
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return fail(failure, OCI_ERR_NOT_RUNNING, "container not running: \"%s\" is %s", id,
                    status_text(status));
    r = signal_first(id, pidfd, signal, failure);
    if (r == 0 && signal == SIGKILL)
        let_die(&groups);
    return r;
}

int container_kill(container *container, int signal, unsigned flags, container_error **error)
{
    struct failure failure = {0};
    int r = kill_by_record(container->dir, container->id, signal, flags, &failure);
    return r < 0 ? fail_public(&failure, "kill", container->id, error) : 0;
}

static int kill_id(container_context *context, const char *id, int signal, unsigned flags,
                   struct failure *failure)
{
    _close_ int dir = -1;
    int r = store_open(context->state_root, id, &dir, failure);
    return r == 0 ? kill_by_record(dir, id, signal, flags, failure) : r;
}

int container_kill_id(container_context *context, const char *id, int signal, unsigned flags,
                      container_error **error)
{
    struct failure failure = {0};
    int r = kill_id(context, id, signal, flags, &failure);
    return r < 0 ? fail_public(&failure, "kill", id, error) : 0;
}

pid_t container_process_pid(const container_process *process)
{
    return process->process.pid;
}

int container_process_pidfd(const container_process *process)
{
    return process->process.pidfd;
}

int container_process_terminal_fd(const container_process *process)
{
    return process->process.terminal;
}

int container_process_wait(container_process *process, int timeout_ms,
                           struct container_exit *result, container_error **error)
{
    struct failure failure = {0};
    struct tracked *tracked = &process->process;
    int r = wait_tracked(process->context, tracked, process->child, timeout_ms, &failure);
    if (r == 0 && result)
        *result = tracked->status;
    return r < 0 ? fail_public(&failure, "wait", process->id, error) : 0;
}

int container_process_kill(container_process *process, int signal, container_error **error)
{
    if (syscall(SYS_pidfd_send_signal, process->process.pidfd, signal, NULL, 0) == 0)
        return 0;
    struct failure failure = {0};
    fail_errno(&failure, errno == ESRCH ? OCI_ERR_NOT_RUNNING : OCI_ERR_IO, errno,
               "send signal %d to a process of container \"%s\"", signal, process->id);
    return fail_public(&failure, "kill", process->id, error);
}

static void free_process(container_process *process)
{
    tracked_close(&process->process);
    free(process->id);
    free(process);
}

void container_process_free(container_process *process)
{
    if (process == NULL)
        return;
    context_orphan(process->context, process->child);
    free_process(process);
}

void container_process_disown(container_process *process)
{
    if (process == NULL)
        return;
    context_disown(process->context, process->child);
    free_process(process);
}
