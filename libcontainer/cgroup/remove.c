/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emptying and removing groups.  Removal waits for the last process by the kernel's own words where
 * it gives them, and always within a bound.
 */
#include <cgroup/group.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <base/clock.h>
#include <base/util.h>

static void nap(int ms)
{
    poll(NULL, 0, ms);
}

/* Signal what cgroup.procs lists.  Processes may fork meanwhile, so this is repeated until a
 * reading finds nobody that was not signalled already; the bound is the caller's. */
static int signal_listed(int dir, int signal)
{
    _close_ int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENODEV ? 0 : -errno;
    FILE *file = fdopen(fd, "re");
    if (file == NULL)
        return -errno;
    take_fd(&fd);
    int found = 0;
    char line[32];
    while (fgets(line, sizeof(line), file)) {
        long pid = strtol(line, NULL, 10);
        /* 0 is a process of a pid namespace that we cannot see into. */
        if (pid > 0 && kill((pid_t)pid, signal) == 0)
            found++;
    }
    fclose(file);
    return found;
}

static int signal_group(const struct group *group, int signal, struct failure *failure)
{
    struct failure ignored = {0};
    _close_ int dir = group_open(group, &ignored);
    if (dir < 0)
        return ignored.error == ENOENT
                   ? 0
                   : fail_errno(failure, OCI_ERR_CGROUP, ignored.error, "open control group %s%s",
                                group->mountpoint, group->path);
    if (signal == SIGKILL && group->v2 &&
        group_write(group, dir, "cgroup.kill", "1", NULL, &ignored) == 0)
        return 1;
    int found = signal_listed(dir, signal);
    if (found < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, -found,
                          "read the processes of control group %s%s", group->mountpoint,
                          group->path);
    return found;
}

int groups_signal(const struct group_set *set, int signal, struct failure *failure)
{
    /* Every process is in every hierarchy: one is enough, and a group that was not made for the
     * container may hold others. */
    for (size_t i = 0; i < set->count; i++) {
        if (set->groups[i].made == 0)
            continue;
        int found = signal_group(&set->groups[i], signal, failure);
        if (found != 0)
            return found;
    }
    return 0;
}

/* Where a path of n components below the mount point is cut for its last part. */
static int open_above(const struct group *group, const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (strlen(slash + 1) >= size)
        return -ENAMETOOLONG;
    strcpy(name, slash + 1);
    char above[4096];
    if ((size_t)(slash - path) + 2 > sizeof(above))
        return -ENAMETOOLONG;
    memcpy(above, path, (size_t)(slash - path));
    above[slash - path] = 0;
    _close_ int top = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return -errno;
    const char *relative = above + strspn(above, "/");
    int dir = openat(top, *relative ? relative : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? -errno : dir;
}

/* Groups that the container made inside its own go first; how deep they may lie is bounded. */
static void remove_children(int parent, int depth)
{
    int fd = depth > 16 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        close_fd(&fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        _close_ int child =
            openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0) {
            signal_listed(child, SIGKILL);
            remove_children(child, depth + 1);
        }
        unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    }
    closedir(dir);
}

/* Remove one component; -EBUSY while it still has processes. */
static int remove_last(const struct group *group, const char *path, bool innermost)
{
    char name[256];
    _close_ int dir = open_above(group, path, name, sizeof(name));
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    int error = errno;
    if (innermost && error == EBUSY) {
        _close_ int own = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (own >= 0) {
            signal_listed(own, SIGKILL);
            remove_children(own, 0);
        }
    }
    return -error;
}

static int remove_group(const struct group *group, int64_t deadline, struct failure *failure)
{
    _free_ char *path = strdup(group->path);
    if (path == NULL)
        return fail_memory(failure);
    for (unsigned i = 0; i < group->made; i++) {
        int r, wait = 1;
        while ((r = remove_last(group, path, i == 0)) == -EBUSY && i == 0 &&
               monotonic_ms() < deadline) {
            nap(wait);
            wait = wait < 32 ? wait * 2 : 32;
        }
        /* An outer component may be in use by another container: it is not ours alone. */
        if (r < 0 && i == 0)
            return fail_errno(failure, OCI_ERR_CGROUP, -r, "remove control group %s%s",
                              group->mountpoint, group->path);
        if (r < 0)
            return 0;
        char *slash = strrchr(path, '/');
        while (slash > path && slash[-1] == '/')
            slash--;
        *slash = 0;
    }
    return 0;
}

int groups_remove(const struct group_set *set, int timeout_ms, struct failure *failure)
{
    int64_t deadline = monotonic_ms() + timeout_ms;
    int result = 0;
    for (size_t i = 0; i < set->count; i++) {
        int r = set->groups[i].made ? remove_group(&set->groups[i], deadline, failure) : 0;
        if (r < 0)
            result = r;
    }
    return result;
}
