/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One group's directory and files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <cgroup/group.h>

/* One component at a time: nothing in a path can lead out of the hierarchy. */
int group_open(const struct group *group, struct failure *failure)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    const char *rest = group->path;
    int r;
    while ((r = group_descend(group, &dir, &rest, failure)) > 0)
        ;
    return r < 0 ? r : take_fd(&dir);
}

int group_enter(struct group *group, struct failure *failure)
{
    group->dir = group_open(group, failure);
    if (group->dir < 0)
        return group->dir;
    group->fd = openat(group->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (group->fd < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s%s/cgroup.procs",
                          group->mountpoint, group->path);
    return 0;
}

int group_write(const struct group *group, int dir, const char *file, const char *value,
                const char *place, struct failure *failure)
{
    _close_ int fd = openat(dir, file, O_WRONLY | O_TRUNC | O_CLOEXEC);
    size_t length = strlen(value);
    if (fd >= 0 && write(fd, value, length) == (ssize_t)length)
        return 0;
    int error = errno;
    if (place)
        fail_at(failure, "%s", place);
    return fail_errno(failure, OCI_ERR_CGROUP, error, "write \"%s\" to %s%s/%s", value,
                      group->mountpoint, group->path, file);
}

ssize_t group_read(int dir, const char *file, char *text, size_t size)
{
    _close_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : RETRY(read(fd, text, size - 1));
    text[n > 0 ? n : 0] = 0;
    return n;
}

int group_descend(const struct group *group, int *dir, const char **path, struct failure *failure)
{
    *path += strspn(*path, "/");
    size_t length = strcspn(*path, "/");
    char name[256];
    if (length == 0)
        return 0;
    if (length >= sizeof(name)) {
        fail_at(failure, "/linux/cgroupsPath");
        return fail(failure, OCI_ERR_CGROUP, "a component of \"%s\" is too long", group->path);
    }
    memcpy(name, *path, length);
    name[length] = 0;
    *path += length;
    if (strcmp(name, "..") == 0)
        return fail(failure, OCI_ERR_CGROUP, "\"%s\" leads out of the hierarchy", group->path);
    int next = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open control group %s%s",
                          group->mountpoint, group->path);
    close(*dir);
    *dir = next;
    return 1;
}
