/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making groups.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <base/util.h>

/* Make the path's components one below the other.  -EAGAIN when one went away meanwhile. */
static int make_path(struct group *group, struct failure *failure)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    const char *rest = group->path;
    for (;;) {
        char name[256];
        const char *start = rest + strspn(rest, "/");
        size_t length = strcspn(start, "/");
        if (length == 0)
            return 0;
        snprintf(name, sizeof(name), "%.*s", (int)length, start);
        bool last = start[length + strspn(start + length, "/")] == 0;
        if (mkdirat(dir, name, 0755) < 0) {
            if (errno == ENOENT)
                return -EAGAIN;
            if (errno != EEXIST)
                return fail_errno(failure, OCI_ERR_CGROUP, errno, "make control group %s%s",
                                  group->mountpoint, group->path);
            /* It was not there a moment ago: whoever made it will also remove it. */
            if (last && group->made > 0) {
                group->made = 0;
                return fail(failure, OCI_ERR_CGROUP,
                            "control group %s%s is being made by somebody else", group->mountpoint,
                            group->path);
            }
        }
        int r = group_descend(group, &dir, &rest, failure);
        if (r < 0)
            return failure->error == ENOENT ? -EAGAIN : r;
    }
}

static int make_one(struct group *group, struct failure *failure)
{
    int r = -EAGAIN;
    for (int tries = 0; r == -EAGAIN && tries < 8; tries++)
        r = make_path(group, failure);
    if (r == -EAGAIN)
        r = fail(failure, OCI_ERR_BUSY, "control group %s%s goes away while it is made",
                 group->mountpoint, group->path);
    if (r == 0 && !group->v2)
        r = group_v1_prepare(group, failure);
    return r == 0 ? group_enter(group, failure) : r;
}

int groups_enter(struct group_set *set, struct failure *failure)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->count; i++)
        r = group_enter(&set->groups[i], failure);
    return r;
}

int groups_make(struct group_set *set, struct failure *failure)
{
    for (size_t i = 0; i < set->count; i++) {
        int r = make_one(&set->groups[i], failure);
        if (r < 0) {
            groups_disown(set, i + 1);
            return r;
        }
    }
    return 0;
}
