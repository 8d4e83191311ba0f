/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the process lives: control groups, namespaces, the second stage, what a builder and its member give each
 * other, the session.  Paths here are the host's, named by the configuration; nothing of the container exists yet.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "init.h"

int op_cgroup_join(struct init *init, const struct plan_op *op)
{
    long r = SYS_3(write, init->slots[op->slot0], "0\n", 2);
    if (r < 0)
        return (int)r;
    slot_set(init, op->slot0, -1);
    return 0;
}

/* NS_GET_NSTYPE tells a namespace file from any other, and which kind it is. */
#define NS_GET_NSTYPE 0xb703

/* A namespace that the plan is going to change must not be the one that the caller itself is in. */
static int refuse_own(struct init *init, int fd, const char *own)
{
    struct statx theirs, ours;
    long r = SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &theirs);
    if (r == 0)
        r = SYS_5(statx, init->slots[PLAN_SLOT_PROC], own, 0, STATX_INO, &ours);
    if (r < 0)
        return (int)r;
    if (theirs.stx_ino != ours.stx_ino)
        return 0;
    note(init, PLAN_DETAIL_OWN, 0, NULL);
    return -EPERM;
}

int op_ns_open(struct init *init, const struct plan_op *op)
{
    long fd =
        SYS_4(openat, AT_FDCWD, op_text(init, op->text0), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return (int)fd;
    slot_set(init, op->slot0, (int)fd);
    long type = SYS_2(ioctl, fd, NS_GET_NSTYPE);
    if (type != (long)op->number0)
        return -EINVAL;
    return op->text1 ? refuse_own(init, (int)fd, op_text(init, op->text1)) : 0;
}

int op_ns_enter(struct init *init, const struct plan_op *op)
{
    if (init->slots[op->slot0] < 0)
        return 0;
    long r = SYS_2(setns, init->slots[op->slot0], op->number0);
    if (r == -EPERM && (op->flags & PLAN_MAY_BE_DENIED))
        return 0;
    if (r < 0)
        return (int)r;
    slot_set(init, op->slot0, -1);
    return 0;
}

int op_ns_enter_all(struct init *init, const struct plan_op *op)
{
    return (int)SYS_2(setns, init->slots[op->slot0], op->number0);
}

int op_ns_unshare(struct init *init, const struct plan_op *op)
{
    return (int)SYS_1(unshare, op->number0);
}

/* Offsets can be written only while nobody is in the namespace; then this process enters it itself,
 * so no further fork is needed. */
static int write_offsets(struct init *init, const struct plan_op *op)
{
    int proc = init->slots[PLAN_SLOT_PROC];
    const char *lines = op_text(init, op->text0);
    if (lines) {
        _fd_ int fd = (int)SYS_4(openat, proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC, 0);
        if (fd < 0)
            return fd;
        long r = SYS_3(write, fd, lines, str_length(lines));
        if (r < 0)
            return (int)r;
    }
    _fd_ int ns = (int)SYS_4(openat, proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC, 0);
    if (ns < 0)
        return ns;
    return (int)SYS_2(setns, ns, CLONE_NEWTIME);
}

int op_time_offsets(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(unshare, CLONE_NEWTIME);
    if (r < 0)
        return (int)r;
    be_visible(op, true);
    r = write_offsets(init, op);
    be_visible(op, false);
    return (int)r;
}

/* The second stage is a child of the library's process, so that the library can wait for it; this
 * first stage only hands over its pidfd. */
int op_fork(struct init *init, const struct plan_op *op)
{
    int pidfd = -1;
    long pid = make_child(op->number0 | CLONE_PARENT, 0, &pidfd);
    if (pid < 0)
        return (int)pid;
    if (pid == 0)
        return 0;
    int r = send_kind(init, PLAN_MESSAGE_FORKED, pid, pidfd);
    for (;;)
        SYS_1(exit_group, r < 0 ? 1 : 0);
}

int op_sync(struct init *init, const struct plan_op *op)
{
    be_visible(op, true);
    int r = send_kind(init, PLAN_MESSAGE_SYNC, (int64_t)op->number0, -1);
    if (r >= 0)
        r = receive_go(init, init->slots[PLAN_SLOT_CONTROL]);
    be_visible(op, false);
    return r;
}

int op_give(struct init *init, const struct plan_op *op)
{
    _fd_ int root = -1;
    if (op->slot0 < 0) {
        root = (int)SYS_4(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (root < 0)
            return root;
    }
    struct plan_message message = {.kind = PLAN_MESSAGE_GO};
    int r = send_message(init, init->slots[PLAN_SLOT_LINK], &message,
                         op->slot0 < 0 ? root : init->slots[op->slot0]);
    if (r == -EPIPE || r == -ECONNRESET)
        note(init, PLAN_DETAIL_OTHER_GONE, 0, NULL);
    if (r == 0 && op->slot0 >= 0 && !(op->flags & PLAN_KEEP_SLOT))
        slot_set(init, op->slot0, -1);
    return r;
}

int op_take(struct init *init, const struct plan_op *op)
{
    int fd = receive_fd(init, init->slots[PLAN_SLOT_LINK]);
    if (fd < 0)
        return fd;
    slot_set(init, op->slot0, fd);
    return 0;
}

int op_ns_root(struct init *init, const struct plan_op *op)
{
    /* The caller's groups are nobody's business here; where they may not be dropped, PLAN_IDS says so. */
    if (!(op->flags & PLAN_KEEP_GROUPS))
        SYS_2(setgroups, 0, NULL);
    long r = SYS_3(setresgid, 0, 0, 0);
    /* EINVAL: the namespace has no 0, and the process stays who it is, with every capability there. */
    if (r < 0 && r != -EINVAL)
        return (int)r;
    r = SYS_3(setresuid, 0, 0, 0);
    return r < 0 && r != -EINVAL ? (int)r : 0;
}

int op_session(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(setsid, 0);
    return r < 0 && r != -EPERM ? (int)r : 0;
}

/* A kernel without keyrings, or a quota that is used up, is no reason to refuse a container. */
int op_keyring(struct init *init, const struct plan_op *op)
{
    long r = SYS_2(keyctl, KEYCTL_JOIN_SESSION_KEYRING, op_text(init, op->text0));
    return r < 0 && r != -ENOSYS && r != -EDQUOT ? (int)r : 0;
}
