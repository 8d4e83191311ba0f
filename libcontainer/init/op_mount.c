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

#define UMOUNT_DETACH 2 /* MNT_DETACH */
#define ST_RDONLY 1     /* of statfs' f_flags */
#define MASK_INODES 2   /* of the tmpfs that hides a directory: its root, and one that nobody can take */
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

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
    r = set_attributes(init, tree, AT_RECURSIVE, &attr);
    if (r == 0)
        r = SYS_5(move_mount, tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
    if (r == 0)
        r = attached(init, tree);
    if (r < 0)
        return (int)r;
    init->root = tree;
    init->slots[op->slot0] = -1;
    return 0;
}

static long set_allowed(struct init *init, int mount, unsigned flags, struct mount_attr *attr)
{
    long r = set_attributes(init, mount, flags, attr);
    /* How access times are kept is locked on what a user namespace got from the host.  relatime is only the
     * kernel's default, so that asking for it asks for nothing there. */
    if (r == -EPERM && (attr->attr_clr & MOUNT_ATTR__ATIME) &&
        !(attr->attr_set & MOUNT_ATTR__ATIME)) {
        attr->attr_clr &= ~(uint64_t)MOUNT_ATTR__ATIME;
        r = set_attributes(init, mount, flags, attr);
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
    if (init->slots[op->slot0] < 0 && (op->flags & PLAN_OPTIONAL))
        return 0;
    long r = set_allowed(init, init->slots[op->slot0],
                         op->flags & PLAN_RECURSIVE ? AT_RECURSIVE : 0, &attr);
    /* Without its attributes such a tree is not to be shown. */
    if (r == -ENOSYS && (op->flags & PLAN_OPTIONAL)) {
        slot_set(init, op->slot0, -1);
        return 0;
    }
    return (int)r;
}

int op_id_map(struct init *init, const struct plan_op *op)
{
    struct mount_attr attr = {
        .attr_set = MOUNT_ATTR_IDMAP,
        .userns_fd = (uint64_t)init->slots[op->number0],
    };
    long r = set_attributes(init, init->slots[op->slot0],
                            op->flags & PLAN_RECURSIVE ? AT_RECURSIVE : 0, &attr);
    if (r == -EINVAL)
        note(init, PLAN_DETAIL_NO_ID_MAP, 0, NULL);
    return (int)r;
}

int op_close(struct init *init, const struct plan_op *op)
{
    slot_set(init, op->slot0, -1);
    return 0;
}

/* What a path leads to has to be a mount of its own: otherwise the change would be one of the mount around
 * it. */
static int find_mount(struct init *init, const char *path, unsigned flags)
{
    int fd = resolve_in_root(init, init->root, path, flags);
    if (fd == -ELOOP && (flags & WALK_REAL))
        note(init, PLAN_DETAIL_LINK, 0, NULL);
    if (fd < 0)
        return fd;
    struct statx st;
    long r = SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r == 0 && (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
        !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
        note(init, PLAN_DETAIL_NOT_MOUNTED, 0, NULL);
        r = -EINVAL;
    }
    if (r == 0)
        return fd;
    sys_close(&fd);
    return (int)r;
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
    if (r == 0 && (op->flags & PLAN_COPY_UP))
        r = copy_up(init, target, tree, (unsigned)op->number0);
    if (r == 0)
        r = attach(init, tree, target);
    if (r < 0)
        return (int)r;
    if (op->flags & PLAN_KEEP_SLOT)
        note_placed(tree);
    else
        slot_set(init, op->slot0, -1);
    return 0;
}

static bool same_mount(int one, int other)
{
    struct statx a, b;
    return SYS_5(statx, one, "", AT_EMPTY_PATH, STATX_MNT_ID, &a) == 0 &&
           SYS_5(statx, other, "", AT_EMPTY_PATH, STATX_MNT_ID, &b) == 0 &&
           a.stx_mnt_id == b.stx_mnt_id;
}

/* What hides a path, as op_mask makes it.  A container can rename the directories above its mounts, so that
 * a mask is at the path where another mount was. */
static long refuse_mask(struct init *init, int mount)
{
    struct statfs fs;
    struct statx st;
    long r = SYS_2(fstatfs, mount, &fs);
    if (r == 0)
        r = SYS_5(statx, mount, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return r;
    bool null = S_ISCHR(st.stx_mode) && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3;
    bool empty = fs.f_type == TMPFS_MAGIC && (fs.f_flags & ST_RDONLY) && fs.f_files == MASK_INODES;
    if (!null && !empty)
        return 0;
    note(init, PLAN_DETAIL_PROTECTED, 0, NULL);
    return -EPERM;
}

/* Of a container that runs.  A sysfs may be taken away, and shows what is below; with other rights it
 * would be the host's. */
static long refuse_change(struct init *init, int mount)
{
    struct statfs fs;
    long r = SYS_2(fstatfs, mount, &fs);
    if (r < 0)
        return r;
    if (fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC)
        return refuse_mask(init, mount);
    note(init, PLAN_DETAIL_PROTECTED, 0, NULL);
    return -EPERM;
}

int op_mount_find(struct init *init, const struct plan_op *op)
{
    bool running = op->flags & PLAN_REAL_DIR;
    _fd_ int fd = find_mount(init, op_text(init, op->text0), running ? WALK_REAL : 0);
    if (fd < 0)
        return fd;
    long r = running ? refuse_change(init, fd) : 0;
    if (r < 0)
        return (int)r;
    slot_set(init, op->slot0, fd);
    note_placed(fd);
    fd = -1;
    return 0;
}

int op_unmount(struct init *init, const struct plan_op *op)
{
    _fd_ int mount = find_mount(init, op_text(init, op->text0), WALK_REAL);
    if (mount < 0)
        return mount;
    if (same_mount(mount, init->root)) {
        note(init, PLAN_DETAIL_NOT_MOUNTED, 0, NULL);
        return -EINVAL;
    }
    long r = refuse_mask(init, mount);
    if (r == 0)
        r = refuse_proc(init, mount);
    if (r == 0)
        r = SYS_1(fchdir, init->slots[PLAN_SLOT_PROC]);
    if (r < 0)
        return (int)r;
    char path[32];
    fd_path(mount, path);
    return (int)SYS_2(umount2, path, UMOUNT_DETACH);
}

/* One empty read-only directory, or the host's /dev/null, hides any number of paths: the first use
 * attaches it, the others copy what is attached. */
static int mask_source(int *kept, int fresh)
{
    if (*kept < 0)
        return fresh;
    return (int)SYS_3(open_tree, *kept, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int empty_directory(const char *label)
{
    long r = SYS_2(fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (r < 0)
        return (int)r;
    _fd_ int context = (int)r;
    r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, "size", "0", 0);
    if (r >= 0)
        r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, "nr_inodes", TEXT(MASK_INODES), 0);
    if (r >= 0 && label)
        r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, "context", label, 0);
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
        fresh = dir ? empty_directory(op->text1 ? op_text(init, op->text1) : NULL)
                    : null_device(init, op->slot0);
        if (fresh < 0)
            return fresh;
    }
    _fd_ int tree = mask_source(kept, fresh);
    if (tree < 0)
        return tree;
    r = attach(init, tree, target);
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
    long r = set_attributes(init, tree, AT_RECURSIVE, &attr);
    /* What is mounted below stays as it is where the kernel cannot change all at once. */
    if (r == -ENOSYS)
        r = set_attributes(init, tree, 0, &attr);
    return r < 0 ? (int)r : (int)attach(init, tree, target);
}
