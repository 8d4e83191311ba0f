/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that run outside of the container.  An init with a plan of nothing but hooks runs them, so
 * that the calling process, which may be large and have threads, forks nothing.
 */
#include <api/internal.h>

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
    int init = context_init(context, failure);
    if (init < 0)
        return init;
    struct session session = SESSION_INIT;
    session.compiled = &compiled;
    session.file = file;
    session.told_pid = pid;
    session.cancel = cancel;
    return session_run_errand(&session, init, failure);
}
