/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that run outside of the container.  An init with a plan of nothing but hooks runs them, so
 * that the calling process, which may be large and have threads, forks nothing.
 */
#include <api/internal.h>

#include <fcntl.h>
#include <errno.h>
#include <string.h>

int run_host_hooks(container_context *context, const struct compile_input *input,
                   const struct hook_list *lists, size_t count, const char *status, pid_t pid,
                   const char *file, int cancel, struct failure *failure)
{
    struct compiled compiled _compiled_ = {0};
    struct compile_input own = *input;
    own.groups = NULL;
    own.keep_fds = 3;
    int r = compile_hooks_only(&own, lists, count, status, &compiled, failure);
    if (r < 0)
        return r;
    /* Hooks have their own input and output; nothing of the caller's reaches them. */
    _close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open /dev/null");
    const int stdio[3] = {null, null, null};
    struct spawn spawn = {
        .init = context_init(context, failure),
        .plan = &compiled.plan,
        .cgroup = -1,
        .stdio = stdio,
        .slot_count = PLAN_SLOT_FIRST_GROUP,
    };
    if (spawn.init < 0)
        return spawn.init;
    for (size_t i = 0; i < spawn.slot_count; i++)
        spawn.slots[i] = -1;
    struct session session = SESSION_INIT;
    session.compiled = &compiled;
    session.file = file;
    session.told_pid = pid;
    session.cancel = cancel;
    r = session_run(&session, &spawn, failure);
    session_abort(&session);
    return r;
}
