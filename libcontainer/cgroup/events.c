/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hearing that memory ran short in a container's groups: by an eventfd on version 1, by inotify on version 2.
 * Never waits.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <base/util.h>

#define V1_FILE "memory.oom_control"
#define V2_FILE "memory.events"

/* How many processes the kernel has ended; false when the group is gone. */
static bool read_kills(const struct oom_watch *watch, uint64_t *kills)
{
    char text[1024];
    if (group_read(watch->dir, watch->v2 ? V2_FILE : V1_FILE, text, sizeof(text)) <= 0)
        return false;
    *kills = 0;
    for (const char *line = text; line && *line;) {
        if (sscanf(line, "oom_kill %" SCNu64, kills) == 1)
            break;
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return true;
}

static int watch_v1(const struct group *group, struct oom_watch *watch, struct failure *failure)
{
    char line[64];
    watch->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch->fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make an eventfd");
    _close_ int control = openat(watch->dir, V1_FILE, O_RDONLY | O_CLOEXEC);
    if (control < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s%s/" V1_FILE, group->mountpoint,
                          group->path);
    snprintf(line, sizeof(line), "%d %d", watch->fd, control);
    return group_write(group, watch->dir, "cgroup.event_control", line, NULL, failure);
}

static int watch_v2(const struct group *group, struct oom_watch *watch, struct failure *failure)
{
    char path[64];
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make an inotify fd");
    _close_ int file = openat(watch->dir, V2_FILE, O_PATH | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "control group %s%s has no memory controller, which tells when memory is short",
                    group->mountpoint, group->path);
    snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", file);
    if (file < 0 || inotify_add_watch(watch->fd, path, IN_MODIFY | IN_DELETE_SELF) < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "watch %s%s/" V2_FILE, group->mountpoint,
                          group->path);
    return 0;
}

int groups_watch_oom(const struct group_set *set, struct oom_watch *watch, struct failure *failure)
{
    const struct group *group = groups_with(set, "memory");
    *watch = (struct oom_watch){.fd = -1, .dir = -1, .v2 = group == NULL};
    for (size_t i = 0; group == NULL && i < set->count; i++) {
        if (set->groups[i].v2)
            group = &set->groups[i];
    }
    if (group == NULL)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "this host has no memory controller, which tells when memory is short");
    watch->dir = group_open(group, failure);
    int r = watch->dir < 0 ? watch->dir : 0;
    if (r == 0)
        r = watch->v2 ? watch_v2(group, watch, failure) : watch_v1(group, watch, failure);
    if (r == 0 && !read_kills(watch, &watch->kills))
        r = fail(failure, OCI_ERR_CGROUP, "the memory events of control group %s%s cannot be read",
                 group->mountpoint, group->path);
    if (r < 0)
        oom_watch_close(watch);
    return r;
}

int oom_watch_take(struct oom_watch *watch)
{
    char data[4096];
    uint64_t kills;
    bool told = false;
    while (read(watch->fd, data, watch->v2 ? sizeof(data) : sizeof(uint64_t)) > 0)
        told = true;
    /* A removed group announces its end in the same way. */
    if (!read_kills(watch, &kills))
        return -1;
    bool more = kills != watch->kills;
    watch->kills = kills;
    /* Version 2 announces every change of the file, of which the most are not about this. */
    return told && (!watch->v2 || more) ? 1 : 0;
}

void oom_watch_close(struct oom_watch *watch)
{
    close_fd(&watch->fd);
    close_fd(&watch->dir);
    watch->fd = watch->dir = -1;
}
