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
#include <sys/syscall.h>

#include <base/clock.h>
#include <base/util.h>

static void nap(int ms)
{
    poll(NULL, 0, ms);
}

#define MAX_AT_ONCE 4096

static size_t read_pids(int dir, pid_t *pids, size_t room)
{
    int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        close_fd(&fd);
        return 0;
    }
    size_t count = 0;
    char line[32];
    while (count < room && fgets(line, sizeof(line), file)) {
        /* 0 is a process of a pid namespace that we cannot see into. */
        long pid = strtol(line, NULL, 10);
        if (pid > 0)
            pids[count++] = (pid_t)pid;
    }
    fclose(file);
    return count;
}

static bool is_listed(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (pids[i] == pid)
            return true;
    }
    return false;
}

/* Signal what the group lists.  A pid may become another's between reading and signalling: it counts only
 * if it is still listed after a pidfd of it was opened.  Returns how many were signalled. */
static int signal_listed(int dir, int signal)
{
    _free_ pid_t *before = malloc(2 * MAX_AT_ONCE * sizeof(*before));
    if (before == NULL)
        return 0;
    pid_t *after = before + MAX_AT_ONCE;
    size_t count = read_pids(dir, before, MAX_AT_ONCE);
    int found = 0;
    for (size_t i = 0; i < count; i += 64) {
        int pidfds[64];
        size_t batch = count - i < 64 ? count - i : 64;
        for (size_t j = 0; j < batch; j++)
            pidfds[j] = (int)syscall(SYS_pidfd_open, before[i + j], 0);
        size_t still = read_pids(dir, after, MAX_AT_ONCE);
        for (size_t j = 0; j < batch; j++) {
            if (pidfds[j] >= 0 && is_listed(after, still, before[i + j]) &&
                syscall(SYS_pidfd_send_signal, pidfds[j], signal, NULL, 0) == 0)
                found++;
            close_fd(&pidfds[j]);
        }
    }
    return found;
}

/* The group and those that the container made inside it; how deep they may lie is bounded. */
static int signal_tree(int dir, int signal, int depth)
{
    int found = signal_listed(dir, signal);
    int fd = depth > 16 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL) {
        close_fd(&fd);
        return found;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        _close_ int child =
            openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            found += signal_tree(child, signal, depth + 1);
    }
    closedir(entries);
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
    return signal_tree(dir, signal, 0);
}

int groups_signal(const struct group_set *set, int signal, struct failure *failure)
{
    /* Every process is in every hierarchy: one is enough, and a group that was not made for the
     * container may hold others.  Version 2 ends all at once. */
    for (int v2 = 1; v2 >= 0; v2--) {
        for (size_t i = 0; i < set->count; i++) {
            if (set->groups[i].made == 0 || set->groups[i].v2 != v2)
                continue;
            int found = signal_group(&set->groups[i], signal, failure);
            if (found != 0)
                return found;
        }
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
static int remove_last(const struct group *group, const char *path, bool kill)
{
    char name[256];
    _close_ int dir = open_above(group, path, name, sizeof(name));
    if (dir < 0)
        return dir == -ENOENT || dir == -ENAMETOOLONG ? 0 : dir;
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    int error = errno;
    if (kill && error == EBUSY) {
        _close_ int own = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (own >= 0) {
            signal_listed(own, SIGKILL);
            remove_children(own, 0);
        }
    }
    return -error;
}

/* Some milliseconds, or until the kernel says that the last process has left. */
static void await_empty(const struct group *group, int wait, int64_t deadline)
{
    struct failure ignored = {0};
    int64_t soon = monotonic_ms() + 100;
    _close_ int dir = group->v2 ? group_open(group, &ignored) : -1;
    /* Without processes it is a child group or another mount that is in the way, of which nothing is told. */
    if (dir < 0 || group_await_event(dir, "populated 0", soon < deadline ? soon : deadline))
        nap(dir < 0 ? wait : 1);
}

static int fail_remove(const struct group *group, int error, struct failure *failure)
{
    struct failure ignored = {0};
    pid_t pid;
    _close_ int dir = group_open(group, &ignored);
    if (error == EBUSY && dir >= 0 && read_pids(dir, &pid, 1) == 1) {
        fail(failure, OCI_ERR_CGROUP,
             "control group %s%s cannot be removed: process %d in it has not ended; delete again "
             "when it has",
             group->mountpoint, group->path, (int)pid);
        failure->error = error;
        return failure->code;
    }
    return fail_errno(failure, OCI_ERR_CGROUP, error, "remove control group %s%s",
                      group->mountpoint, group->path);
}

static int remove_group(const struct group *group, int64_t deadline, bool kill,
                        struct failure *failure)
{
    _free_ char *path = strdup(group->path);
    if (path == NULL)
        return fail_memory(failure);
    for (unsigned i = 0; i < group->made; i++) {
        int r, wait = 1;
        while ((r = remove_last(group, path, kill && i == 0)) == -EBUSY && i == 0 &&
               monotonic_ms() < deadline) {
            await_empty(group, wait, deadline);
            wait = wait < 32 ? wait * 2 : 32;
        }
        /* An outer component may be in use by another container: it is not ours alone. */
        if (r < 0 && i == 0)
            return fail_remove(group, -r, failure);
        if (r < 0)
            return 0;
        char *slash = strrchr(path, '/');
        while (slash > path && slash[-1] == '/')
            slash--;
        *slash = 0;
    }
    return 0;
}

int groups_remove(const struct group_set *set, int timeout_ms, bool kill, struct failure *failure)
{
    int64_t deadline = monotonic_ms() + timeout_ms;
    int result = 0;
    /* Version 2 first: it tells when the processes are gone, which are the same in all of them. */
    for (int v2 = 1; v2 >= 0; v2--) {
        for (size_t i = 0; i < set->count; i++) {
            const struct group *group = &set->groups[i];
            int r =
                group->made && group->v2 == v2 ? remove_group(group, deadline, kill, failure) : 0;
            if (r < 0)
                result = r;
        }
    }
    return result;
}
