/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of mount options.
 */
#include <plan/mount_options.h>

#include <linux/mount.h>
#include <string.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define ATTR(name, recursive, set, clear)                                                          \
    {                                                                                              \
        name, MOUNT_OPTION_ATTR, recursive, set, clear                                             \
    }
/* An attribute with its opposite, each also for all mounts below. */
#define PAIR(on, off, bit)                                                                         \
    ATTR(on, false, bit, 0), ATTR(off, false, 0, bit), ATTR("r" on, true, bit, 0),                 \
        ATTR("r" off, true, 0, bit)
/* The access time is one of three; choosing one clears the others.  0 is relatime, the default. */
#define ATIME(name, value)                                                                         \
    ATTR(name, false, value, MOUNT_ATTR__ATIME), ATTR("r" name, true, value, MOUNT_ATTR__ATIME)
#define ATIME_UNDO(name, value)                                                                    \
    {name, MOUNT_OPTION_ATIME_UNDO, false, value, 0},                                              \
    {                                                                                              \
        "r" name, MOUNT_OPTION_ATIME_UNDO, true, value, 0                                          \
    }
#define SUPER(name)                                                                                \
    {                                                                                              \
        name, MOUNT_OPTION_SUPER, false, 0, 0                                                      \
    }
#define NOTHING(name)                                                                              \
    {                                                                                              \
        name, MOUNT_OPTION_NOTHING, false, 0, 0                                                    \
    }
#define PROPAGATION(name, value)                                                                   \
    {name, MOUNT_OPTION_PROPAGATION, false, value, 0},                                             \
    {                                                                                              \
        "r" name, MOUNT_OPTION_PROPAGATION, true, value, 0                                         \
    }

static const struct mount_option options[] = {
    PAIR("ro", "rw", MOUNT_ATTR_RDONLY),
    PAIR("nosuid", "suid", MOUNT_ATTR_NOSUID),
    PAIR("nodev", "dev", MOUNT_ATTR_NODEV),
    PAIR("noexec", "exec", MOUNT_ATTR_NOEXEC),
    PAIR("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
    PAIR("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW),
    ATIME("noatime", MOUNT_ATTR_NOATIME),
    ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
    ATIME("relatime", MOUNT_ATTR_RELATIME),
    ATIME_UNDO("atime", MOUNT_ATTR_NOATIME),
    ATIME_UNDO("norelatime", MOUNT_ATTR_RELATIME),
    ATIME_UNDO("nostrictatime", MOUNT_ATTR_STRICTATIME),
    SUPER("sync"),
    SUPER("async"),
    SUPER("dirsync"),
    SUPER("lazytime"),
    SUPER("nolazytime"),
    SUPER("mand"), /* without effect since 5.15, but shown */
    SUPER("nomand"),
    {"iversion", MOUNT_OPTION_SUPER_BIT, false, MS_I_VERSION, 0},
    {"noiversion", MOUNT_OPTION_SUPER_BIT, false, 0, MS_I_VERSION},
    {"silent", MOUNT_OPTION_SUPER_BIT, false, MS_SILENT, 0},
    {"loud", MOUNT_OPTION_SUPER_BIT, false, 0, MS_SILENT},
    NOTHING("defaults"),
    {"bind", MOUNT_OPTION_BIND, false, 0, 0},
    {"rbind", MOUNT_OPTION_BIND, true, 0, 0},
    {"remount", MOUNT_OPTION_REMOUNT, false, 0, 0},
    PROPAGATION("private", MS_PRIVATE),
    PROPAGATION("shared", MS_SHARED),
    PROPAGATION("slave", MS_SLAVE),
    PROPAGATION("unbindable", MS_UNBINDABLE),
    {"idmap", MOUNT_OPTION_IDMAP, false, 0, 0},
    {"ridmap", MOUNT_OPTION_IDMAP, true, 0, 0},
    {"tmpcopyup", MOUNT_OPTION_COPY_UP, false, 0, 0},
};

const struct mount_option *mount_option_table(size_t *count)
{
    *count = sizeof(options) / sizeof(options[0]);
    return options;
}

const struct mount_option *mount_option_find(const char *name)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}
