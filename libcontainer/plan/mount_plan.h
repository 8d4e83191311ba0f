/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of mounts[], its options sorted out and checked.  Knows options and paths; adds no operation to
 * a plan.
 */
#ifndef OCIKIT_MOUNT_PLAN_H
#define OCIKIT_MOUNT_PLAN_H

#include <linux/mount.h>

#include <plan/compile_internal.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

struct mount_plan {
    char *place; /* the destination, lexically cleaned; "" is the root */
    bool bind, recursive_bind, remount, copy_up;
    bool idmap, recursive_idmap;
    uint64_t set, clear, propagation;
    uint64_t all_set, all_clear; /* for the mounts below, too */
    bool all_propagation;
    uint64_t super;    /* MS_* that only mount(2) takes */
    bool super_bits;   /* one of them was named, so that they are to be as super says */
    bool old;          /* what is asked for needs mount(2) */
    const char **data; /* what goes to the filesystem, one option each; room for four more */
    size_t data_count;
    char *texts;   /* of data */
    uint64_t keep; /* enum plan_keep */
    int32_t slot;  /* the tree, while it waits to be attached or to become read-only; else -1 */
    int32_t fallback_slot; /* the host's mount, for a filesystem that may not be made; -1: none */
    int32_t map_slot;      /* the user namespace of its id mapping; -1: none */
};

/* c->mounts: every entry of mounts[], sorted and checked; freed with the compiler. */
int compile_read_mounts(struct compiler *c);
void free_mounts(struct compiler *c);

/* mounts[index] is wrong; the failure's pointer is its place. */
__attribute__((format(printf, 3, 4))) int bad_mount(struct compiler *c, size_t index,
                                                    const char *format, ...);
bool mount_is_cgroup(const struct oci_mount *mount);

#endif
