/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal of the container's own devpts: its master goes to the library, its slave becomes the
 * process's controlling terminal, fds 0 to 2 and /dev/console.  No name of it is ever opened by
 * path inside the container.
 */
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/vfs.h>

#include "init.h"

struct window {
    unsigned short rows, columns, x, y;
};

static int open_master(struct init *init, int root)
{
    _fd_ int dir = resolve_in_root(init, root, "/dev/pts", WALK_REAL);
    if (dir < 0)
        return dir;
    struct statfs fs;
    long r = SYS_2(fstatfs, dir, &fs);
    if (r < 0)
        return (int)r;
    if (fs.f_type != DEVPTS_SUPER_MAGIC) {
        note(init, PLAN_DETAIL_MISMATCH, 0, NULL);
        return -ENODEV;
    }
    return (int)SYS_4(openat, dir, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static int bind_console(struct init *init, int slave)
{
    char name[256];
    _fd_ int dir = resolve_parent(init, init->root, "/dev/console", name, sizeof(name));
    if (dir < 0)
        return dir;
    long r = SYS_4(openat, dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
    if (r >= 0)
        SYS_1(close, r);
    else if (r != -EEXIST)
        return (int)r;
    _fd_ int target = (int)SYS_4(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (target < 0)
        return target;
    _fd_ int tree =
        (int)SYS_3(open_tree, slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return tree;
    return (int)SYS_5(move_mount, tree, "", target, "",
                      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int use(int slave)
{
    long r = 0;
    for (int fd = 0; r >= 0 && fd < 3; fd++)
        r = SYS_3(dup3, slave, fd, 0);
    if (r >= 0)
        r = SYS_3(ioctl, 0, TIOCSCTTY, 0);
    return r < 0 ? (int)r : 0;
}

int op_terminal_use(struct init *init, const struct plan_op *op)
{
    int r = use(init->slots[op->slot0]);
    slot_set(init, op->slot0, -1);
    return r;
}

int op_terminal(struct init *init, const struct plan_op *op)
{
    /* In a container that runs already, the root is this process's own. */
    _fd_ int own = init->root >= 0
                       ? -1
                       : (int)SYS_4(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (init->root < 0 && own < 0)
        return own;
    _fd_ int master = open_master(init, init->root >= 0 ? init->root : own);
    if (master < 0)
        return master;
    int unlock = 0;
    long r = SYS_3(ioctl, master, TIOCSPTLCK, &unlock);
    if (r < 0)
        return (int)r;
    _fd_ int slave = (int)SYS_3(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return slave;
    if (op->number0 && op->number1) {
        struct window size = {(unsigned short)op->number0, (unsigned short)op->number1, 0, 0};
        r = SYS_3(ioctl, master, TIOCSWINSZ, &size);
        if (r < 0)
            return (int)r;
    }
    /* A user that the namespace does not map, or a devpts with fixed owners, may refuse this. */
    r = SYS_3(fchown, slave, (uint32_t)op->number2, -1);
    if (r < 0 && r != -EPERM && r != -EINVAL && r != -EROFS)
        return (int)r;
    if (op->flags & PLAN_CONSOLE_NODE) {
        r = bind_console(init, slave);
        if (r < 0)
            return (int)r;
    }
    r = send_kind(init, PLAN_MESSAGE_TERMINAL, 0, master);
    if (r < 0 || op->slot0 < 0)
        return r < 0 ? (int)r : use(slave);
    slot_set(init, op->slot0, slave);
    slave = -1;
    return 0;
}
