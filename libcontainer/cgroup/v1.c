/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 1: what a new group needs before a process may enter.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <base/util.h>

static bool has_controller(const struct group *group, const char *name)
{
    struct group_set one = {(struct group *)group, 1};
    return groups_with(&one, name) != NULL;
}

/* A new cpuset has no processors and no memory, and takes no process: it is given its parent's,
 * from the first component that lacks them. */
static int fill_cpuset(const struct group *group, const char *file, struct failure *failure)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    char above[4096];
    if (group_read(dir, file, above, sizeof(above)) < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "read %s/%s", group->mountpoint, file);
    const char *rest = group->path;
    int r;
    while ((r = group_descend(group, &dir, &rest, failure)) > 0) {
        char own[4096];
        ssize_t n = group_read(dir, file, own, sizeof(own));
        if (n < 0)
            return fail_errno(failure, OCI_ERR_CGROUP, errno, "read %s of %s%s", file,
                              group->mountpoint, group->path);
        if (own[0] == '\n' || own[0] == 0) {
            r = group_write(group, dir, file, above, NULL, failure);
            if (r < 0)
                return r;
        } else {
            memcpy(above, own, (size_t)n + 1);
        }
    }
    return r;
}

int group_v1_prepare(const struct group *group, struct failure *failure)
{
    if (!has_controller(group, "cpuset"))
        return 0;
    int r = fill_cpuset(group, "cpuset.cpus", failure);
    return r == 0 ? fill_cpuset(group, "cpuset.mems", failure) : r;
}
