/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies behind an error number of the init that does not say it: mostly what user namespaces may not do.
 */
#include <launch/hint.h>

#include <errno.h>
#include <linux/sched.h>
#include <string.h>

#include <ocikit/errors.h>

static const char *fork_hint(const struct plan_op *op, int error)
{
    if (error == ENOMEM && op->code == PLAN_FORK && op->number0 == 0)
        return "a pid namespace whose first process has ended takes no others";
    if (!(op->number0 & CLONE_NEWUSER))
        return NULL;
    if (error == ENOSPC || error == EUSERS)
        return "this host allows no more user namespaces (sysctl user.max_user_namespaces), or "
               "they are nested "
               "too deeply";
    if (error == EPERM || error == EACCES)
        return "this host lets no such user make a user namespace (sysctls "
               "kernel.unprivileged_userns_clone "
               "and kernel.apparmor_restrict_unprivileged_userns), or the caller is in a chroot or "
               "has ids that "
               "its own user namespace does not map";
    return NULL;
}

static const char *filesystem_hint(const char *type, int error)
{
    static const struct {
        const char *type, *hint;
    } needs[] = {
        {"sysfs", "in a user namespace it needs a network namespace of the container's own, or "
                  "/sys of the host"},
        {"proc", "in a user namespace it needs a pid namespace of the container's own, and a /proc "
                 "on the host "
                 "of which nothing is hidden"},
        {"mqueue", "in a user namespace it needs an ipc namespace of the container's own, or "
                   "/dev/mqueue of the "
                   "host"},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (error == EPERM && strcmp(type, needs[i].type) == 0)
            return needs[i].hint;
    }
    return error == EPERM ? "few types of filesystems may be mounted in a user namespace" : NULL;
}

static const char priority[] = "only a caller with CAP_SYS_NICE on the host may raise a priority";

const char *hint_for(const struct plan_op *op, const char *text0, int code, int error)
{
    switch (op->code) {
    case PLAN_FS_MAKE:
        return filesystem_hint(text0, error);
    case PLAN_FORK:
    case PLAN_NS_UNSHARE:
        return fork_hint(op, error);
    case PLAN_TREE_OPEN:
        if (code == OCI_ERR_DEVICE && error == ENOENT)
            return "a user namespace has only the devices that the host has at the same path";
        if (error == EINVAL && !(op->flags & PLAN_RECURSIVE))
            return "in a user namespace what is mounted below cannot be left out: use rbind";
        return NULL;
    case PLAN_MOUNT_ATTR:
        if (error == ENOSYS)
            return "attributes of all mounts of a tree need mount_setattr(2), of Linux 5.12";
        if (error == EPERM && op->number1)
            return "a user namespace cannot take ro, nosuid, nodev or noexec away from a mount of "
                   "the host: leave "
                   "out the options that do";
        return NULL;
    case PLAN_ATTACH:
        return error == ENOSYS ? "a running container sees a mount at once, so that its attributes need "
                                 "mount_setattr(2), of Linux 5.12"
                               : NULL;
    case PLAN_ID_MAP:
        return error == ENOSYS ? "this needs mount_setattr(2), of Linux 5.12" : NULL;
    case PLAN_MEMORY_POLICY:
        if (error != EINVAL)
            return NULL;
        /* MPOL_WEIGHTED_INTERLEAVE and MPOL_PREFERRED_MANY, without the flags. */
        return (op->number0 & 0xff) == 6   ? "Linux 6.9 brought this mode; and its nodes have to be there"
               : (op->number0 & 0xff) == 5 ? "Linux 5.15 brought this mode; and its nodes have to be there"
                                           : "the nodes have to be there";
    case PLAN_RLIMIT:
        return error == EPERM ? "only a caller with CAP_SYS_RESOURCE may raise a hard limit" : NULL;
    case PLAN_SYNC:
        /* The library sets the scheduler while the init waits. */
        return error == EPERM && op->number0 == PLAN_SYNC_SCHEDULER ? priority : NULL;
    case PLAN_SCHEDULER:
    case PLAN_IO_PRIORITY:
        return error == EPERM ? priority : NULL;
    default:
        return NULL;
    }
}
