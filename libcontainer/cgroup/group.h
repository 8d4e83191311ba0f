/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups: which hierarchies there are, where the container's groups lie, making, filling,
 * emptying and removing them.  Version 1 has one group per hierarchy, version 2 one; a hybrid host
 * has both and is treated as one more hierarchy.
 */
#ifndef OCIKIT_GROUP_H
#define OCIKIT_GROUP_H

#include <sys/types.h>

#include <ocikit/spec.h>

#include <base/error.h>
#include <base/log.h>

struct group {
    char *controllers; /* "cpu,cpuacct"; "" for version 2; "name=systemd" for a named one */
    char *mountpoint;
    char *own;     /* the caller's group in this hierarchy */
    char *path;    /* the container's group below the mount point; begins with / */
    unsigned made; /* trailing components of path that did not exist and are the container's */
    bool v2;
    int fd;  /* cgroup.procs, open for writing once made; -1 */
    int dir; /* its directory, once entered; -1 */
};

struct group_set {
    struct group *groups;
    size_t count;
    size_t denied; /* behind those that count: hierarchies in which the caller may make no group */
};

/* Find the mounted hierarchies and compute the paths for a container; makes nothing.  cgroups_path
 * as in the configuration, or NULL. */
int groups_plan(const char *cgroups_path, const char *id, struct group_set *set,
                struct failure *failure);
/* access.c: set the groups aside that this caller, who is not the host's root, may not make or enter; the
 * container stays where the caller is in those hierarchies. */
int groups_set_aside(struct group_set *set, const struct log *log, struct failure *failure);
/* Does the configuration ask for a limit that only a group that was set aside could give? */
int groups_check_denied(const struct group_set *set, const struct oci_linux_resources *resources,
                        struct failure *failure);
/* What is to be set in the groups that there are: without rules for devices where they are not the caller's to
 * set, and without what asks for nothing of a group that was set aside. */
struct offered {
    struct oci_linux_resources resources;
    struct oci_linux_cpu cpu;
};
const struct oci_linux_resources *groups_offered(const struct group_set *set,
                                                 const struct oci_linux_resources *resources,
                                                 bool with_devices, struct offered *offered);
/* Note which components of the paths are to be made, before they are, so that they can be removed whatever
 * happens. */
int groups_note_missing(struct group_set *set, struct failure *failure);
/* The groups from first on were not made after all: they may be somebody else's by now. */
void groups_disown(struct group_set *set, size_t first);
/* Open groups that somebody else has made. */
int groups_enter(struct group_set *set, struct failure *failure);
/* Make the groups and open their cgroup.procs.  What was made is noted also on failure. */
int groups_make(struct group_set *set, struct failure *failure);
/* Set limits, all or none; resources may be NULL.  Rules for devices and the number of processes are read, and
 * refused where they are wrong or the host has no means for them, but not set.  *settings, to be freed also on
 * failure, borrows set, resources and log; it is NULL where there is nothing to set. */
struct group_settings;
int groups_apply(const struct group_set *set, const struct oci_linux_resources *resources,
                 const struct log *log, struct group_settings **settings, struct failure *failure);
/* Set the rules for devices, once the root filesystem is mounted: the init opens for it what the container may not
 * open, such as the device that a filesystem lies on.  early: only in a group that was there before, whose own rules
 * may not even let it make nodes; otherwise only in one that was made. */
int groups_apply_devices(struct group_settings *settings, bool early, struct failure *failure);
/* Set the number of processes, once the container is set up: the set-up may need one more. */
int groups_apply_late(struct group_settings *settings, struct failure *failure);
/* Bring groups that were there before back to what they held.  Where version 1 allowed all devices, exceptions from
 * that are lost: the kernel does not show them. */
void groups_undo(struct group_settings *settings);
void groups_settings_free(struct group_settings *settings);
/* Change limits of groups in use: all of what resources has, or nothing; controllers that were switched on for them
 * along the path stay so.  confirm, which may be NULL, is asked when all but the rules for devices is set: when it
 * fails nothing is.  Pointers of a failure are inside the resources. */
int groups_update(const struct group_set *set, const struct oci_linux_resources *resources,
                  const struct log *log, int (*confirm)(void *data, struct failure *failure),
                  void *data, struct failure *failure);
/* Give the container's user its group of version 2, where the specification says so. */
int groups_delegate(const struct group_set *set, const struct oci_runtime_config *config,
                    struct failure *failure);
/* freeze.c.  Frozen processes do not run; is it asked for, or reached? */
bool groups_frozen(const struct group_set *set);
/* Does SIGKILL end a frozen process?  On version 1 it has to be thawed for that. */
bool groups_killable_frozen(const struct group_set *set);
void groups_thaw(const struct group_set *set);
/* Freeze every process, or let them run, and wait until that is so.  OCI_ERR_TIMEOUT; what could not be frozen
 * runs again. */
int groups_freeze(const struct group_set *set, int timeout_ms, struct failure *failure);
int groups_resume(const struct group_set *set, int timeout_ms, struct failure *failure);
/* processes.c.  The processes in the groups and in those inside them, sorted; *list is to be freed.  None where
 * the groups are gone. */
int groups_processes(const struct group_set *set, pid_t **list, size_t *count,
                     struct failure *failure);
/* stats.c.  What the groups have used, as the JSON object that runc's events call "data", to be freed. */
int groups_stats(const struct group_set *set, char **json, struct failure *failure);
/* events.c.  An fd that becomes readable when memory was short in the groups; OCI_ERR_UNSUPPORTED. */
struct oom_watch {
    int fd;  /* -1: none */
    int dir; /* of the group with the memory controller */
    bool v2;
    uint64_t kills; /* as last read */
};
int groups_watch_oom(const struct group_set *set, struct oom_watch *watch, struct failure *failure);
/* Take what made the fd readable: 1 when memory was short, with watch->kills updated; 0 when not; -1 when the
 * group is gone and nothing will come any more. */
int oom_watch_take(struct oom_watch *watch);
void oom_watch_close(struct oom_watch *watch);
/* Signal every process in the groups. */
int groups_signal(const struct group_set *set, int signal, struct failure *failure);
/* Remove what was made, once it is empty: waits up to timeout_ms; kill: ends who is still in it. */
int groups_remove(const struct group_set *set, int timeout_ms, bool kill, struct failure *failure);
/* Where the caller is, below the mount point; "" where that cannot be seen. */
const char *group_own(const struct group *group);
/* Is this the only hierarchy, a version 2 one? */
bool groups_unified(const struct group_set *set);
/* The group that has a controller, or NULL. */
const struct group *groups_with(const struct group_set *set, const char *controller);
/* The group of version 2, also where it is beside others, or NULL. */
const struct group *groups_version_2(const struct group_set *set);
void groups_close(struct group_set *set); /* the fds */
void groups_free(struct group_set *set);

#define _groups_ __attribute__((cleanup(groups_free)))

struct limits;
/* apply.c: what resources ask for, as a list; limits has its prefix and log. */
int groups_limits(const struct group_set *set, const struct oci_linux_resources *resources,
                  struct limits *limits, struct failure *failure);
struct device_rules;
struct devices_before;

/* v1.c and v2.c */
int group_v1_prepare(const struct group *group, struct failure *failure);
/* Is a controller one of this hierarchy of version 2? */
bool group_offers(const struct group *group, const char *controller);
/* Switch on what the limits need, from the hierarchy's root to the group's parent. */
int group_v2_enable(const struct group *group, const struct limits *limits,
                    struct failure *failure);

/* device_rules.c: enforce them by whatever hierarchy can.  before, which may be NULL: what a group that was there
 * had is kept in it. */
int groups_set_devices(const struct group_set *set, const struct device_rules *rules,
                       const char *prefix, bool update, struct devices_before *before,
                       const struct log *log, struct failure *failure);

/* await.c: wait until a line of the group's cgroup.events is so, or until the deadline (of the monotonic
 * clock, in ms); false when it is not.  Where the file is not to be had, false at once with errno set. */
bool group_await_event(int dir, const char *line, int64_t deadline);

/* file.c: one file of a group. */
int group_open(const struct group *group, struct failure *failure); /* the directory */
/* Open the directory and cgroup.procs, to put a process in. */
int group_enter(struct group *group, struct failure *failure);
int group_write(const struct group *group, int dir, const char *file, const char *value,
                const char *place, struct failure *failure);
/* Read a small file, NUL-terminated; -1 on failure. */
ssize_t group_read(int dir, const char *file, char *text, size_t size);
/* Replace *dir by its child that *path, the rest of the group's path, begins with, and take that
 * from *path.  1, 0 at the end of the path, or a code. */
int group_descend(const struct group *group, int *dir, const char **path, struct failure *failure);

#endif
