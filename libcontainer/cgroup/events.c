/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what a group of version 2 says of itself, and freezing.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <base/clock.h>
#include <base/util.h>

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);
    for (const char *p = text; *p;) {
        size_t size = strcspn(p, "\n");
        if (size == length && memcmp(p, line, size) == 0)
            return true;
        p += size + (p[size] == '\n');
    }
    return false;
}

bool group_await_event(int dir, const char *line, int64_t deadline)
{
    char text[256];
    _close_ int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    for (;;) {
        ssize_t n = RETRY(pread(fd, text, sizeof(text) - 1, 0));
        if (n < 0)
            return false;
        text[n] = 0;
        if (has_line(text, line))
            return true;
        int64_t left = deadline - monotonic_ms();
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        /* The kernel may hold a notice back for some milliseconds, and a file that is none of the kernel's gives
         * none: it is looked at again now and then. */
        struct pollfd wait = {.fd = fd, .events = POLLPRI};
        poll(&wait, 1, (int)(left < 50 ? left : 50));
    }
}

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

void groups_thaw(const struct group_set *set)
{
    const char *file;
    struct failure ignored = {0};
    const struct group *group = freezer_of(set, &file);
    _close_ int dir = group ? group_open(group, &ignored) : -1;
    if (dir >= 0)
        group_write(group, dir, file, group->v2 ? "0" : "THAWED", NULL, &ignored);
}

/* Version 1 gives no notice: it is asked, and asked again to freeze what was made meanwhile. */
static bool await_state(const struct group *group, int dir, bool freeze, int64_t deadline)
{
    const char *state = freeze ? "FROZEN" : "THAWED";
    char text[16];
    struct failure ignored = {0};
    for (int wait = 1;; wait = wait < 16 ? wait * 2 : 16) {
        if (group_read(dir, "freezer.state", text, sizeof(text)) > 0 &&
            strncmp(text, state, strlen(state)) == 0)
            return true;
        if (monotonic_ms() >= deadline)
            return false;
        poll(NULL, 0, wait);
        if (freeze)
            group_write(group, dir, "freezer.state", state, NULL, &ignored);
    }
}

int groups_freeze(const struct group_set *set, bool freeze, int timeout_ms, struct failure *failure)
{
    const char *file;
    const struct group *group = freezer_of(set, &file);
    int64_t deadline = monotonic_ms() + timeout_ms;
    if (group == NULL)
        return fail(failure, OCI_ERR_UNSUPPORTED, "this host has no freezer for control groups");
    _close_ int dir = group_open(group, failure);
    if (dir < 0)
        return dir;
    const char *value = group->v2 ? (freeze ? "1" : "0") : (freeze ? "FROZEN" : "THAWED");
    int r = group_write(group, dir, file, value, NULL, failure);
    if (r < 0)
        return failure->error == ENOENT
                   ? fail(failure, OCI_ERR_UNSUPPORTED, "this kernel has no %s", file)
                   : r;
    bool so = group->v2 ? group_await_event(dir, freeze ? "frozen 1" : "frozen 0", deadline)
                        : await_state(group, dir, freeze, deadline);
    if (so)
        return 0;
    if (freeze)
        groups_thaw(set);
    return fail(failure, OCI_ERR_TIMEOUT, "control group %s%s did not %s within %d ms",
                group->mountpoint, group->path, freeze ? "freeze" : "thaw", timeout_ms);
}
