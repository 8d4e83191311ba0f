/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked and read-only paths, and the way into the root.
 */
#include <plan/compile_internal.h>

#include <linux/mount.h>
#include <linux/sched.h>

#include <ocikit/container.h>

static int check_path(struct compiler *c, const char *member, size_t index, const char *path)
{
    if (path[0] == '/')
        return 0;
    fail_at(c->failure, "/linux/%s/%zu", member, index);
    return fail(c->failure, OCI_ERR_CONFIG, "path \"%s\" is not absolute", path);
}

int compile_masks(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    if (!(c->namespaces.fresh & CLONE_NEWNS))
        return 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->linux_->readonly_paths_count; i++) {
        const char *path = c->linux_->readonly_paths[i];
        r = check_path(c, "readonlyPaths", i, path);
        plan_from(b, OCI_ERR_MOUNT, "/linux/readonlyPaths/%zu", i);
        PLAN_ADD(b, .code = PLAN_READONLY, .text0 = plan_text(b, path));
    }
    for (size_t i = 0; r == 0 && i < c->linux_->masked_paths_count; i++) {
        const char *path = c->linux_->masked_paths[i];
        r = check_path(c, "maskedPaths", i, path);
        plan_from(b, OCI_ERR_MOUNT, "/linux/maskedPaths/%zu", i);
        PLAN_ADD(b, .code = PLAN_MASK, .slot0 = c->null_slot, .text0 = plan_text(b, path),
                 .text1 = mount_label(c) ? plan_text(b, mount_label(c)) : 0);
    }
    return r;
}

static uint64_t propagation(const struct compiler *c)
{
    switch (c->linux_->rootfs_propagation) {
    case OCI_ROOTFS_PROPAGATION_SHARED:
        return MS_SHARED;
    case OCI_ROOTFS_PROPAGATION_SLAVE:
        return MS_SLAVE;
    case OCI_ROOTFS_PROPAGATION_UNBINDABLE:
        return MS_UNBINDABLE;
    /* Engines write these, though the specification has only the others. */
    case OCI_ROOTFS_PROPAGATION_RSHARED:
        return MS_SHARED | MS_REC;
    case OCI_ROOTFS_PROPAGATION_RSLAVE:
        return MS_SLAVE | MS_REC;
    case OCI_ROOTFS_PROPAGATION_RUNBINDABLE:
        return MS_UNBINDABLE | MS_REC;
    default:
        return 0; /* private, which it is already */
    }
}

int compile_enter_root(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    if (!(c->namespaces.fresh & CLONE_NEWNS)) {
        plan_from(b, OCI_ERR_ROOTFS, "/root/path");
        PLAN_ADD(b, .code = PLAN_ROOT_CHROOT, .slot0 = PLAN_SLOT_NONE,
                 .text0 = plan_text(b, c->out->rootfs));
        return 0;
    }
    if (c->config->root->readonly) {
        plan_from(b, OCI_ERR_ROOTFS, "/root/readonly");
        PLAN_ADD(b, .code = PLAN_ROOT_READONLY);
    }
    plan_from(b, OCI_ERR_ROOTFS, "/root/path");
    bool move = c->input->flags & CONTAINER_NO_PIVOT;
    PLAN_ADD(b, .code = move ? PLAN_ROOT_MOVE : PLAN_ROOT_PIVOT);
    uint64_t flags = propagation(c);
    if (flags) {
        plan_from(b, OCI_ERR_ROOTFS, "/linux/rootfsPropagation");
        PLAN_ADD(b, .code = PLAN_ROOT_PROPAGATE, .number0 = flags);
    }
    return 0;
}
