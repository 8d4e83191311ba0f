/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount options of the runtime specification: one table, read by the compiler and by features.
 */
#ifndef OCIKIT_MOUNT_OPTIONS_H
#define OCIKIT_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mount_option_kind {
    MOUNT_OPTION_ATTR,       /* an attribute of the mount */
    MOUNT_OPTION_ATIME_UNDO, /* takes one choice of access time back; set is that choice */
    MOUNT_OPTION_SUPER,      /* a flag of the filesystem, given to it by name */
    MOUNT_OPTION_SUPER_BIT,  /* one that only mount(2) takes; set and clear are MS_* */
    MOUNT_OPTION_PROPAGATION,
    MOUNT_OPTION_BIND,
    MOUNT_OPTION_REMOUNT,
    MOUNT_OPTION_IDMAP,
    MOUNT_OPTION_COPY_UP,
    MOUNT_OPTION_NOTHING, /* accepted; how it is anyway */
};

struct mount_option {
    const char *name;
    unsigned char kind;
    bool recursive;
    uint64_t set, clear; /* MOUNT_ATTR_*, MS_*; for propagation: set is MS_SHARED and the like */
};

/* NULL for what is not in the table: data for the filesystem. */
const struct mount_option *mount_option_find(const char *name);
/* The table, for listing. */
const struct mount_option *mount_option_table(size_t *count);

#endif
