/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes and propagation of mounts, by mount_setattr(2), or where the kernel has no such call (before Linux 5.12,
 * and in old sandboxes) by mount(2).  That works only on what is attached: what is asked of a detached tree is kept
 * here until then.  What it cannot do is to change all mounts of a tree.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/vfs.h>

#include "init.h"

/* What is asked of one mount; the last word on each counts. */
struct asked {
    int mount;
    uint64_t set, clear;
    uint64_t propagation; /* with MS_REC for the whole tree */
};

/* All zero, and so no part of the image; ends with the first that has no mount. */
static struct {
    uint32_t count;
    struct asked list[PLAN_MAX_SLOTS];
    uint32_t placed_count;
    int placed[PLAN_MAX_SLOTS]; /* mounts that stay open after they were attached */
} waiting;

uint64_t mount_flags(uint64_t attributes)
{
    static const struct {
        uint64_t attribute, flag;
    } table[] = {
        {MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
        {MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
        {MOUNT_ATTR_NOATIME, MS_NOATIME},       {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
        {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {0x00200000 /* NOSYMFOLLOW */, MS_NOSYMFOLLOW},
    };
    uint64_t flags = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        flags |= attributes & table[i].attribute ? table[i].flag : 0;
    return flags;
}

/* The attributes that a mount has, from what statfs says of it. */
static int attributes_of(int mount, uint64_t *attributes)
{
    static const struct {
        long flag;
        uint64_t attribute;
    } table[] = {
        {0x1, MOUNT_ATTR_RDONLY},   {0x2, MOUNT_ATTR_NOSUID},     {0x4, MOUNT_ATTR_NODEV},
        {0x8, MOUNT_ATTR_NOEXEC},   {0x400, MOUNT_ATTR_NOATIME},  {0x800, MOUNT_ATTR_NODIRATIME},
        {0x2000, 0x00200000},
    };
    struct statfs fs;
    long r = SYS_2(fstatfs, mount, &fs);
    *attributes = 0;
    for (size_t i = 0; r == 0 && i < sizeof(table) / sizeof(table[0]); i++)
        *attributes |= fs.f_flags & table[i].flag ? table[i].attribute : 0;
    /* Neither noatime nor relatime. */
    if (r == 0 && !(fs.f_flags & (0x400 | 0x1000)))
        *attributes |= MOUNT_ATTR_STRICTATIME;
    return (int)r;
}

/* mount(2) on the mount of an fd, of which only procfs knows a path. */
static long change(struct init *init, int mount, uint64_t flags)
{
    char path[32];
    fd_path(mount, path);
    long r = SYS_1(fchdir, init->slots[PLAN_SLOT_PROC]);
    if (r < 0)
        return r;
    r = SYS_5(mount, NULL, path, NULL, flags, NULL);
    SYS_1(chdir, "/");
    return r;
}

static long apply(struct init *init, const struct asked *asked)
{
    long r = 0;
    if (asked->set || asked->clear) {
        uint64_t now;
        r = attributes_of(asked->mount, &now);
        if (r < 0)
            return r;
        uint64_t wanted = (now & ~asked->clear) | asked->set;
        uint64_t flags = mount_flags(wanted) | MS_REMOUNT | MS_BIND;
        if (!(wanted & MOUNT_ATTR__ATIME))
            flags |= MS_RELATIME;
        r = change(init, asked->mount, flags);
    }
    if (r == 0 && asked->propagation)
        r = change(init, asked->mount, asked->propagation);
    return r;
}

static long keep(const struct asked *asked)
{
    struct asked *kept = waiting.list;
    while (kept < waiting.list + waiting.count && kept->mount != asked->mount)
        kept++;
    if (kept == waiting.list + PLAN_MAX_SLOTS)
        return -E2BIG;
    if (kept == waiting.list + waiting.count) {
        waiting.count++;
        *kept = *asked;
        return 0;
    }
    kept->clear |= asked->clear;
    kept->set = (kept->set & ~asked->clear) | asked->set;
    if (asked->propagation)
        kept->propagation = asked->propagation;
    return 0;
}

static bool is_placed(const struct init *init, int mount)
{
    for (uint32_t i = 0; i < waiting.placed_count; i++) {
        if (waiting.placed[i] == mount)
            return true;
    }
    return mount == init->root;
}

void note_placed(int mount)
{
    if (waiting.placed_count < PLAN_MAX_SLOTS)
        waiting.placed[waiting.placed_count++] = mount;
}

static long set_old(struct init *init, int mount, unsigned flags, const struct mount_attr *attr)
{
    bool all = flags & AT_RECURSIVE;
    if (attr->userns_fd || (attr->attr_set & MOUNT_ATTR_IDMAP) ||
        (all && (attr->attr_set || attr->attr_clr)))
        return -ENOSYS;
    const struct asked asked = {
        .mount = mount,
        .set = attr->attr_set,
        .clear = attr->attr_clr,
        .propagation = attr->propagation ? attr->propagation | (all ? MS_REC : 0) : 0,
    };
    long r = apply(init, &asked);
    /* What a kernel says of a detached tree: EPERM in a user namespace. */
    bool detached = (r == -EINVAL || r == -EPERM) && !is_placed(init, mount);
    return detached ? keep(&asked) : r;
}

long set_attributes(struct init *init, int mount, unsigned flags, struct mount_attr *attr)
{
    long r = SYS_5(mount_setattr, mount, "", AT_EMPTY_PATH | flags, attr, sizeof(*attr));
    return r == -ENOSYS ? set_old(init, mount, flags, attr) : r;
}

static bool waits(int tree)
{
    for (uint32_t i = 0; i < waiting.count; i++) {
        if (waiting.list[i].mount == tree && (waiting.list[i].set || waiting.list[i].clear))
            return true;
    }
    return false;
}

/* Takes away what has not become what it was to be. */
static void detach(struct init *init, int tree)
{
    char path[32];
    fd_path(tree, path);
    if (SYS_1(fchdir, init->slots[PLAN_SLOT_PROC]) == 0)
        SYS_2(umount2, path, 2 /* MNT_DETACH */);
    SYS_1(chdir, "/");
}

long attach(struct init *init, int tree, int target)
{
    /* Processes of a container that runs would see the mount before it is read-only, or without devices. */
    if (init->root_is_in_use && waits(tree))
        return -ENOSYS;
    long r = SYS_5(move_mount, tree, "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    if (r == 0) {
        r = attached(init, tree);
        if (r < 0)
            detach(init, tree);
    }
    return r;
}

long attached(struct init *init, int tree)
{
    for (uint32_t i = 0; i < waiting.count; i++) {
        if (waiting.list[i].mount != tree)
            continue;
        struct asked asked = waiting.list[i];
        waiting.list[i] = waiting.list[--waiting.count];
        return apply(init, &asked);
    }
    return 0;
}

void forget_attributes(int mount)
{
    for (uint32_t i = 0; i < waiting.count; i++) {
        if (waiting.list[i].mount == mount)
            waiting.list[i--] = waiting.list[--waiting.count];
    }
    for (uint32_t i = 0; i < waiting.placed_count; i++) {
        if (waiting.placed[i] == mount)
            waiting.placed[i--] = waiting.placed[--waiting.placed_count];
    }
}
