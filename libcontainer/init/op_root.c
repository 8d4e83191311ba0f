/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering the root filesystem.  After these ops absolute paths are the container's.
 */
#include <fcntl.h>
#include <linux/mount.h>

#include "init.h"

#define UMOUNT_DETACH 2 /* MNT_DETACH */

int op_root_readonly(struct init *init, const struct plan_op *op)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    return (int)set_attributes(init, init->root, 0, &attr);
}

/* Every fd that still names a mount of the old root, or the new one from outside, goes. */
static void forget_mounts(struct init *init)
{
    sys_close(&init->root);
    sys_close(&init->mask_file);
    sys_close(&init->mask_dir);
    for (uint32_t i = init->header->inherited_slots; i < init->header->slot_count; i++)
        sys_close(&init->slots[i]);
}

int op_root_pivot(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(fchdir, init->root);
    /* With "." twice the old root ends up on top of the new one and needs no directory inside it.
     */
    if (r == 0)
        r = SYS_2(pivot_root, ".", ".");
    if (r == 0)
        r = SYS_2(umount2, ".", UMOUNT_DETACH);
    if (r == 0)
        r = SYS_1(chdir, "/");
    if (r == 0)
        forget_mounts(init);
    return (int)r;
}

int op_root_move(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(fchdir, init->root);
    if (r == 0)
        r = SYS_1(chroot, ".");
    if (r == 0)
        r = SYS_1(chdir, "/");
    if (r == 0)
        forget_mounts(init);
    return (int)r;
}

int op_root_chroot(struct init *init, const struct plan_op *op)
{
    _fd_ int opened = -1;
    if (op->text0) {
        opened = (int)SYS_4(openat, AT_FDCWD, op_text(init, op->text0),
                            O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (opened < 0)
            return opened;
    }
    long r = SYS_1(fchdir, op->text0 ? opened : init->slots[op->slot0]);
    if (r == 0)
        r = SYS_1(chroot, ".");
    return r == 0 ? (int)SYS_1(chdir, "/") : (int)r;
}

/* The root of the container's first process, whose pid cannot have become another's: its pidfd still
 * answers after the root was opened. */
int op_root_open(struct init *init, const struct plan_op *op)
{
    long fd = SYS_4(openat, init->slots[PLAN_SLOT_PROC], op_text(init, op->text0),
                    O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return (int)fd;
    slot_set(init, op->slot0, (int)fd);
    return (int)SYS_4(pidfd_send_signal, init->slots[PLAN_SLOT_JOIN], 0, NULL, 0);
}

int op_root_use(struct init *init, const struct plan_op *op)
{
    init->root = init->slots[op->slot0];
    init->slots[op->slot0] = -1;
    init->root_is_in_use = true;
    return 0;
}

int op_root_propagate(struct init *init, const struct plan_op *op)
{
    return (int)SYS_5(mount, NULL, "/", NULL, op->number0, NULL);
}
