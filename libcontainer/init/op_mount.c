/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts: detached trees and new filesystems are made as fds, given their attributes while nobody
 * sees them, and attached at a target that was resolved inside the root to an fd.  No path is used
 * twice.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "init.h"

int op_private(struct init *init, const struct plan_op *op)
{
    return (int)SYS_5(mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int op_tree_open(struct init *init, const struct plan_op *op)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    if (op->flags & PLAN_RECURSIVE)
        flags |= AT_RECURSIVE;
    long fd = SYS_3(open_tree, AT_FDCWD, op_text(init, op->text0), flags);
    if (fd == -ENOENT && (op->flags & PLAN_OPTIONAL))
        return 0;
    if (fd < 0)
        return (int)fd;
    slot_set(init, op->slot0, (int)fd);
    return 0;
}

/* Over the old root: what is looked up by an absolute path still finds the old one, which is how
 * later trees are opened, until PLAN_ROOT_PIVOT. */
int op_root_attach(struct init *init, const struct plan_op *op)
{
    int tree = init->slots[op->slot0];
    struct statx st;
    long r = SYS_5(statx, tree, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    if (!S_ISDIR(st.stx_mode))
        return -ENOTDIR;
    struct mount_attr attr = {.propagation = op->number0};
    r = SYS_5(mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
    if (r < 0)
        return (int)r;
    r = SYS_5(move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
    if (r < 0)
        return (int)r;
    init->root = tree;
    init->slots[op->slot0] = -1;
    return 0;
}

/* The kernel says in the context's log what it did not like. */
static int fs_failed(struct init *init, int context, long error)
{
    char text[PLAN_MESSAGE_TEXT];
    long n = SYS_3(read, context, text, sizeof(text) - 1);
    if (n > 2) {
        text[n] = 0;
        note(init, PLAN_DETAIL_NONE, 0, text + 2);
    }
    return (int)error;
}

static long fs_option(int context, char *option)
{
    char *value = option;
    while (*value != 0 && *value != '=')
        value++;
    if (*value == 0)
        return SYS_5(fsconfig, context, FSCONFIG_SET_FLAG, option, NULL, 0);
    *value = 0;
    long r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, option, value + 1, 0);
    *value = '=';
    return r;
}

static int make_filesystem(struct init *init, const struct plan_op *op)
{
    long r = SYS_2(fsopen, op_text(init, op->text0), FSOPEN_CLOEXEC);
    if (r < 0)
        return (int)r;
    _fd_ int context = (int)r;
    for (char **option = op_vector(init, op->text1); *option; option++) {
        r = fs_option(context, *option);
        if (r < 0)
            return fs_failed(init, context, r);
    }
    r = SYS_5(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (r < 0)
        return fs_failed(init, context, r);
    r = SYS_3(fsmount, context, FSMOUNT_CLOEXEC, op->number0);
    if (r < 0)
        return fs_failed(init, context, r);
    slot_set(init, op->slot0, (int)r);
    return 0;
}

int op_fs_make(struct init *init, const struct plan_op *op)
{
    int r = make_filesystem(init, op);
    if (!(op->flags & PLAN_OR_TREE))
        return r;
    /* Whose namespace it shows is not this user namespace's: the host's own mount is shown instead. */
    int tree = init->slots[op->number1];
    if (r == -EPERM && tree >= 0) {
        init->slots[op->number1] = -1;
        slot_set(init, op->slot0, tree);
        return 0;
    }
    slot_set(init, (int32_t)op->number1, -1);
    return r;
}

static long set_attributes(int mount, unsigned flags, struct mount_attr *attr)
{
    long r = SYS_5(mount_setattr, mount, "", flags, attr, sizeof(*attr));
    /* How access times are kept is locked on what a user namespace got from the host.  relatime is only the
     * kernel's default, so that asking for it asks for nothing there. */
    if (r == -EPERM && (attr->attr_clr & MOUNT_ATTR__ATIME) &&
        !(attr->attr_set & MOUNT_ATTR__ATIME)) {
        attr->attr_clr &= ~(uint64_t)MOUNT_ATTR__ATIME;
        r = SYS_5(mount_setattr, mount, "", flags, attr, sizeof(*attr));
    }
    return r;
}

int op_mount_attr(struct init *init, const struct plan_op *op)
{
    struct mount_attr attr = {
        .attr_set = op->number0,
        .attr_clr = op->number1,
        .propagation = op->number2,
    };
    unsigned flags = AT_EMPTY_PATH | (op->flags & PLAN_RECURSIVE ? AT_RECURSIVE : 0);
    _fd_ int target = -1;
    if (!op->text0 && init->slots[op->slot0] < 0 && (op->flags & PLAN_OPTIONAL))
        return 0;
    if (op->text0) {
        target = resolve_in_root(init, init->root, op_text(init, op->text0), 0);
        if (target < 0)
            return target;
    }
    int mount = op->text0 ? target : init->slots[op->slot0];
    return (int)set_attributes(mount, flags, &attr);
}

/* The target is made to fit what comes: a directory, or an empty file. */
static int target_for(struct init *init, int tree, const char *path, unsigned flags)
{
    struct statx st;
    long r = SYS_5(statx, tree, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    bool dir = S_ISDIR(st.stx_mode);
    flags |= dir ? WALK_MAKE_DIR : WALK_MAKE_FILE;
    _fd_ int target = resolve_in_root(init, init->root, path, flags);
    if (target < 0)
        return target;
    r = SYS_5(statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    if (S_ISDIR(st.stx_mode) != dir)
        return -ENOTDIR; /* move_mount would only call it invalid */
    int found = target;
    target = -1;
    return found;
}

static long attach(int tree, int target)
{
    return SYS_5(move_mount, tree, "", target, "",
                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* By whatever name or link it was reached: a mount over a part of proc would hide the real one. */
static long refuse_proc(struct init *init, int target)
{
    struct statfs fs;
    long r = SYS_2(fstatfs, target, &fs);
    if (r == 0 && fs.f_type == PROC_SUPER_MAGIC) {
        note(init, PLAN_DETAIL_ON_PROC, 0, NULL);
        return -EPERM;
    }
    return r;
}

int op_attach(struct init *init, const struct plan_op *op)
{
    int tree = init->slots[op->slot0];
    if (op->flags & PLAN_MUST_BE_PROC) {
        struct statfs fs;
        long failed = SYS_2(fstatfs, tree, &fs);
        if (failed < 0)
            return (int)failed;
        if (fs.f_type != PROC_SUPER_MAGIC) {
            note(init, PLAN_DETAIL_NOT_PROC, 0, NULL);
            return -EINVAL;
        }
    }
    unsigned flags = op->flags & PLAN_REAL_DIR ? WALK_REAL : 0;
    _fd_ int target = target_for(init, tree, op_text(init, op->text0), flags);
    if (target < 0) {
        if (target == -ELOOP && flags)
            note(init, PLAN_DETAIL_OUTSIDE, 0, NULL);
        return target;
    }
    long r = op->flags & PLAN_ON_PROC ? 0 : refuse_proc(init, target);
    if (r == 0)
        r = attach(tree, target);
    if (r < 0)
        return (int)r;
    if (!(op->flags & PLAN_KEEP_SLOT))
        slot_set(init, op->slot0, -1);
    return 0;
}

/* One empty read-only directory, or the host's /dev/null, hides any number of paths: the first use
 * attaches it, the others copy what is attached. */
static int mask_source(int *kept, int fresh)
{
    if (*kept < 0)
        return fresh;
    return (int)SYS_3(open_tree, *kept, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int empty_directory(void)
{
    long r = SYS_2(fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (r < 0)
        return (int)r;
    _fd_ int context = (int)r;
    r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, "size", "0", 0);
    if (r >= 0)
        r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, "nr_inodes", "2", 0);
    if (r >= 0)
        r = SYS_5(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (r < 0)
        return (int)r;
    return (int)SYS_3(fsmount, context, FSMOUNT_CLOEXEC,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* A file is hidden by the host's null device, and by nothing that only has its name. */
static int null_device(struct init *init, int32_t slot)
{
    struct statx st;
    int fd = init->slots[slot];
    long r = SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    if (!S_ISCHR(st.stx_mode) || st.stx_rdev_major != 1 || st.stx_rdev_minor != 3) {
        note(init, PLAN_DETAIL_MISMATCH, 0, NULL);
        return -EINVAL;
    }
    init->slots[slot] = -1;
    return fd;
}

int op_mask(struct init *init, const struct plan_op *op)
{
    _fd_ int target = resolve_in_root(init, init->root, op_text(init, op->text0), 0);
    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (target < 0)
        return target;
    struct statx st;
    long r = SYS_5(statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    bool dir = S_ISDIR(st.stx_mode);
    int *kept = dir ? &init->mask_dir : &init->mask_file;
    int fresh = -1;
    if (*kept < 0) {
        fresh = dir ? empty_directory() : null_device(init, op->slot0);
        if (fresh < 0)
            return fresh;
    }
    _fd_ int tree = mask_source(kept, fresh);
    if (tree < 0)
        return tree;
    r = attach(tree, target);
    if (r < 0)
        return (int)r;
    if (*kept < 0) {
        *kept = tree;
        tree = -1;
    }
    return 0;
}

int op_readonly(struct init *init, const struct plan_op *op)
{
    _fd_ int target = resolve_in_root(init, init->root, op_text(init, op->text0), 0);
    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (target < 0)
        return target;
    _fd_ int tree = (int)SYS_3(open_tree, target, "",
                               AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        return tree;
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    long r = SYS_5(mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
    if (r < 0)
        return (int)r;
    return (int)attach(tree, target);
}
