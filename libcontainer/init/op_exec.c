/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps: where the program is, telling the library, waiting for the release, becoming it.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

int op_umask(struct init *init, const struct plan_op *op)
{
    SYS_1(umask, op->number0);
    return 0;
}

int op_chdir(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(chdir, op_text(init, op->text0));
    if (op->flags & PLAN_OPTIONAL) {
        init->in_directory = r == 0;
        return 0;
    }
    /* A directory that only root may enter is still a working directory, once root has entered it. */
    if (r < 0 && !(r == -EACCES && init->in_directory))
        return (int)r;
    char path[4096];
    r = SYS_2(getcwd, path, sizeof(path));
    if (r < 0)
        return (int)r;
    /* A directory that is not below the root has no absolute path: "(unreachable)/...". */
    if (path[0] != '/') {
        note(init, PLAN_DETAIL_OUTSIDE, 0, NULL);
        return -EPERM;
    }
    return 0;
}

int op_exec_find(struct init *init, const struct plan_op *op)
{
    int error = -ENOENT;
    for (char **candidate = op_vector(init, op->text0); *candidate; candidate++) {
        struct statx st;
        long r = SYS_5(statx, AT_FDCWD, *candidate, 0, STATX_TYPE, &st);
        if (r < 0) {
            if (r != -ENOENT && r != -ENOTDIR)
                error = (int)r;
            continue;
        }
        if (S_ISREG(st.stx_mode)) {
            r = SYS_3(faccessat, AT_FDCWD, *candidate, X_OK);
            if (r == 0) {
                init->program = *candidate;
                return 0;
            }
            error = (int)r;
        } else {
            error = -EACCES;
        }
    }
    return error;
}

/* Nothing of the host stays open while the container waits: only what releases it. */
static void close_all_but(struct init *init, int32_t kept)
{
    for (uint32_t i = 0; i < init->header->slot_count; i++) {
        if ((int32_t)i != kept)
            sys_close(&init->slots[i]);
    }
}

int op_ready(struct init *init, const struct plan_op *op)
{
    int r = send_kind(init, PLAN_MESSAGE_READY, 0, -1);
    /* The answer means that the container is on record; until then this process ends with the
     * library. */
    return r < 0 ? r : receive_go(init, init->slots[PLAN_SLOT_CONTROL]);
}

int op_wait_start(struct init *init, const struct plan_op *op)
{
    close_all_but(init, PLAN_SLOT_START);
    for (;;) {
        long peer = SYS_4(accept4, init->slots[PLAN_SLOT_START], NULL, NULL, SOCK_CLOEXEC);
        if (peer == -EINTR || peer == -ECONNABORTED)
            continue;
        if (peer < 0)
            return (int)peer;
        if (receive_go(init, (int)peer) == 0) {
            init->start_peer = (int)peer;
            init->first = init->current + 1;
            return 0;
        }
        /* Who came went away without a word (killed, perhaps): the next one counts. */
        init->report.detail = PLAN_DETAIL_NONE;
        SYS_1(close, peer);
    }
}

int announce(struct init *init)
{
    if (init->announced)
        return 0;
    close_all_but(init, PLAN_SLOT_CONTROL);
    struct plan_message message = {.kind = PLAN_MESSAGE_RUNNING};
    int r = send_message(init,
                         init->start_peer >= 0 ? init->start_peer : init->slots[PLAN_SLOT_CONTROL],
                         &message, -1);
    init->announced = r == 0;
    return r;
}

int op_exec(struct init *init, const struct plan_op *op)
{
    int r = announce(init);
    if (r < 0)
        return r;
    /* Every fd of ours is close-on-exec: the peer reads success from the end of the socket. */
    return (int)SYS_3(execve, init->program, op_vector(init, op->text1),
                      op_vector(init, op->text2));
}

int op_exit(struct init *init, const struct plan_op *op)
{
    int r = send_kind(init, PLAN_MESSAGE_DONE, 0, -1);
    if (r < 0)
        return r;
    for (;;)
        SYS_1(exit_group, 0);
}
