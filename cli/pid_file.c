/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pid files: written beside their place and renamed.
 */
#include "pid_file.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The directory of path, opened; *name is the rest.  -1 with errno set. */
static int open_parent(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (slash == NULL)
        return open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _free_ char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return parent ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

static int write_new(int parent, const char *name, const char *text)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    _close_ int fd = openat(parent, name, flags, 0644);
    if (fd < 0)
        return -errno;
    ssize_t length = (ssize_t)strlen(text);
    ssize_t written = write(fd, text, (size_t)length);
    if (written == length)
        return 0;
    return written < 0 ? -errno : -ENOSPC;
}

int pid_file_write(const char *path, pid_t pid)
{
    const char *name;
    _close_ int parent = open_parent(path, &name);
    if (parent < 0)
        return -errno;
    if (name[0] == '\0')
        return -EISDIR;
    char temporary[NAME_MAX + 1], text[32];
    /* The pid of this process keeps two writers of one pid file apart. */
    int used = snprintf(temporary, sizeof(temporary), ".%s.%d", name, (int)getpid());
    if (used >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = write_new(parent, temporary, text);
    if (r == -EEXIST) {
        unlinkat(parent, temporary, 0);
        r = write_new(parent, temporary, text);
    }
    if (r == 0 && renameat(parent, temporary, parent, name) < 0)
        r = -errno;
    if (r < 0 && r != -EEXIST)
        unlinkat(parent, temporary, 0);
    return r;
}
