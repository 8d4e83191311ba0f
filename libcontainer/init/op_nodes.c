/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories, links and device nodes inside the root, each made by name in a directory held by fd
 * and never through a link that stands in its place.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include "init.h"

int op_mkdir(struct init *init, const struct plan_op *op)
{
    _fd_ int dir = resolve_in_root(init, init->root, op_text(init, op->text0), WALK_MAKE_DIR);
    return dir < 0 && !(op->flags & PLAN_OPTIONAL) ? dir : 0;
}

int op_symlink(struct init *init, const struct plan_op *op)
{
    char name[256];
    _fd_ int dir = resolve_parent(init, init->root, op_text(init, op->text1), name, sizeof(name));
    if (dir < 0)
        return dir;
    long r = SYS_3(symlinkat, op_text(init, op->text0), dir, name);
    return r == -EEXIST && (op->flags & PLAN_OPTIONAL) ? 0 : (int)r;
}

/* The kernel's own encoding of a device number. */
static uint32_t device_major(uint64_t device)
{
    return (uint32_t)device >> 8 & 0xfff;
}

static uint32_t device_minor(uint64_t device)
{
    return ((uint32_t)device & 0xff) | ((uint32_t)device >> 12 & 0xfff00);
}

static int check_node(struct init *init, int node, const struct plan_op *op)
{
    struct statx st;
    long r = SYS_5(statx, node, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    bool fifo = S_ISFIFO(op->number0);
    if ((st.stx_mode & S_IFMT) != (op->number0 & S_IFMT) ||
        (!fifo && (st.stx_rdev_major != device_major(op->number1) ||
                   st.stx_rdev_minor != device_minor(op->number1)))) {
        note(init, PLAN_DETAIL_MISMATCH, 0, NULL);
        return -EEXIST;
    }
    return 0;
}

/* A user namespace may not make nodes: the host's own node is shown instead. */
static int bind_node(struct init *init, int dir, const char *name, const struct plan_op *op)
{
    if (op->slot0 < 0 || init->slots[op->slot0] < 0)
        return -EPERM;
    int source = init->slots[op->slot0];
    int r = check_node(init, source, op);
    if (r < 0)
        return r;
    long fd = SYS_4(openat, dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 && fd != -EEXIST)
        return (int)fd;
    if (fd >= 0)
        SYS_1(close, fd);
    _fd_ int target = (int)SYS_4(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (target < 0)
        return target;
    r = (int)attach(init, source, target);
    if (r == 0)
        slot_set(init, op->slot0, -1);
    return r;
}

int op_mknod(struct init *init, const struct plan_op *op)
{
    char name[256];
    _fd_ int dir = resolve_parent(init, init->root, op_text(init, op->text0), name, sizeof(name));
    if (dir < 0)
        return dir;
    long r = SYS_4(mknodat, dir, name, op->number0, op->number1);
    if (r == -EPERM)
        return bind_node(init, dir, name, op);
    if (r < 0 && r != -EEXIST)
        return (int)r;
    bool made = r == 0;
    _fd_ int node = (int)SYS_4(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (node < 0)
        return node;
    r = check_node(init, node, op);
    uint32_t uid = (uint32_t)op->number2, gid = (uint32_t)(op->number2 >> 32);
    if (r == 0 && made && (uid != 0 || gid != 0)) {
        r = SYS_5(fchownat, node, "", uid, gid, AT_EMPTY_PATH);
        /* Which takes set-user-id and set-group-id away. */
        char self[32];
        fd_path(node, self);
        if (r == 0 && (op->number0 & (S_ISUID | S_ISGID)))
            r = SYS_3(fchmodat, init->slots[PLAN_SLOT_PROC], self, op->number0 & 07777);
    }
    return (int)r;
}
