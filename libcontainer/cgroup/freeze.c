/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing a container's processes and letting them run again.  Waits, within a bound, until the kernel
 * says that it is done; signals and removes nothing.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <base/clock.h>
#include <base/util.h>

/* Version 1 has a controller for it, version 2 a file of every group. */
static const struct group *freezer_of(const struct group_set *set, const char **file)
{
    const struct group *group = groups_with(set, "freezer");
    *file = group ? "freezer.state" : "cgroup.freeze";
    for (size_t i = 0; group == NULL && i < set->count; i++) {
        if (set->groups[i].v2)
            group = &set->groups[i];
    }
    return group;
}

bool groups_frozen(const struct group_set *set)
{
    char text[16];
    const char *file;
    struct failure ignored = {0};
    const struct group *group = freezer_of(set, &file);
    _close_ int dir = group ? group_open(group, &ignored) : -1;
    if (dir < 0 || group_read(dir, file, text, sizeof(text)) <= 0)
        return false;
    return strncmp(text, "FR", 2) == 0 || text[0] == '1';
}

bool groups_killable_frozen(const struct group_set *set)
{
    const char *file;
    const struct group *group = freezer_of(set, &file);
    return group == NULL || group->v2;
}

void groups_thaw(const struct group_set *set)
{
    const char *file;
    struct failure ignored = {0};
    const struct group *group = freezer_of(set, &file);
    _close_ int dir = group ? group_open(group, &ignored) : -1;
    if (dir >= 0)
        group_write(group, dir, file, group->v2 ? "0" : "THAWED", NULL, &ignored);
}

/* What the group's processes do, as opposed to what was asked for. */
enum reached { MOVING, FROZEN, THAWED };

static enum reached look(const struct group *group, int dir)
{
    char text[1024];
    if (group_read(dir, group->v2 ? "cgroup.events" : "freezer.state", text, sizeof(text)) <= 0)
        return MOVING;
    if (!group->v2)
        return strncmp(text, "FROZEN", 6) == 0   ? FROZEN
               : strncmp(text, "THAWED", 6) == 0 ? THAWED
                                                 : MOVING;
    const char *line = strstr(text, "frozen ");
    return line == NULL ? MOVING : line[7] == '1' ? FROZEN : THAWED;
}

/* Is the group itself to be frozen?  On version 1 its state also tells of groups around it. */
static bool is_asked(const struct group *group, int dir)
{
    char text[16];
    if (group_read(dir, group->v2 ? "cgroup.freeze" : "freezer.self_freezing", text, sizeof(text)) >
        0)
        return text[0] == '1';
    return group_read(dir, "freezer.state", text, sizeof(text)) > 0 && strncmp(text, "FR", 2) == 0;
}

enum awaited { REACHED, TOO_LATE, OVERTAKEN };

/* The kernel announces a change of cgroup.events; freezer.state has to be read again and again, which is
 * also what makes the kernel look.  Somebody may ask for the opposite meanwhile. */
static enum awaited await(const struct group *group, int dir, enum reached wanted, int timeout_ms)
{
    int64_t deadline = monotonic_ms() + timeout_ms;
    _close_ int events = group->v2 ? openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC) : -1;
    int wait = 1;
    for (;;) {
        char text[1024];
        /* Only what was read before can be announced as changed. */
        if (events >= 0 && pread(events, text, sizeof(text), 0) < 0)
            return TOO_LATE;
        if (look(group, dir) == wanted)
            return REACHED;
        if (is_asked(group, dir) != (wanted == FROZEN))
            return OVERTAKEN;
        int64_t left = deadline - monotonic_ms();
        if (left <= 0)
            return TOO_LATE;
        struct pollfd change = {.fd = events, .events = POLLPRI};
        poll(&change, events >= 0 ? 1 : 0, left < wait ? (int)left : wait);
        wait = events >= 0 ? 100 : wait < 16 ? wait * 2 : 16;
    }
}

static int open_freezer(const struct group_set *set, const struct group **group, const char **file,
                        struct failure *failure)
{
    if (set->count == 0)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "the container has no control group, by which it could be frozen");
    *group = freezer_of(set, file);
    if (*group == NULL)
        return fail(
            failure, OCI_ERR_UNSUPPORTED,
            "this host has neither the freezer controller of cgroup version 1 nor version 2");
    return group_open(*group, failure);
}

static int write_state(const struct group *group, int dir, const char *file, const char *value,
                       struct failure *failure)
{
    int r = group_write(group, dir, file, value, NULL, failure);
    if (r < 0 && failure->error == ENOENT)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "control group %s%s has no %s; freezing needs linux 5.2 on cgroup version 2",
                    group->mountpoint, group->path, file);
    return r;
}

int groups_freeze(const struct group_set *set, int timeout_ms, struct failure *failure)
{
    const struct group *group;
    const char *file;
    _close_ int dir = open_freezer(set, &group, &file, failure);
    if (dir < 0)
        return dir;
    int r = write_state(group, dir, file, group->v2 ? "1" : "FROZEN", failure);
    if (r < 0)
        return r;
    enum awaited end = await(group, dir, FROZEN, timeout_ms);
    if (end == REACHED)
        return 0;
    if (end == OVERTAKEN)
        return fail(failure, OCI_ERR_BUSY,
                    "control group %s%s was let run by somebody else while it was being frozen",
                    group->mountpoint, group->path);
    groups_thaw(set);
    return fail(
        failure, OCI_ERR_TIMEOUT,
        "the processes of control group %s%s are not all frozen after %d ms; they run again",
        group->mountpoint, group->path, timeout_ms);
}

int groups_resume(const struct group_set *set, int timeout_ms, struct failure *failure)
{
    const struct group *group;
    const char *file;
    _close_ int dir = open_freezer(set, &group, &file, failure);
    if (dir < 0)
        return dir;
    int r = write_state(group, dir, file, group->v2 ? "0" : "THAWED", failure);
    if (r < 0)
        return r;
    /* Overtaken: it ran, and was frozen again. */
    if (await(group, dir, THAWED, timeout_ms) != TOO_LATE)
        return 0;
    return fail(failure, OCI_ERR_TIMEOUT,
                "control group %s%s is still frozen after %d ms: a group around it is frozen too",
                group->mountpoint, group->path, timeout_ms);
}
