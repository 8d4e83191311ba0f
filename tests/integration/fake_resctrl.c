/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be preloaded that makes the folder FAKE_RESCTRL look like a resctrl filesystem: it
 * is mounted as one, what is made in it comes with the kernel's files, and goes with them.  For the
 * tests of the command on hosts whose processors have no such thing.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MAGIC 0x7655821
#define SCHEMATA "    L3:0=007ff\n    MB:0=100\n"

static const char *folder(void)
{
    const char *path = getenv("FAKE_RESCTRL");
    return path ? path : "/nowhere";
}

/* The path of name in a directory, if that is in the folder. */
static int inside(int dir, const char *name, char path[4096])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, path, 2048);
    if (n < 0)
        return 0;
    snprintf(path + n, 4096 - (size_t)n, "%s%s", name[0] ? "/" : "", name);
    return strncmp(path, folder(), strlen(folder())) == 0;
}

static FILE *mountinfo(void)
{
    static char line[4096];
    snprintf(line, sizeof line, "22 1 0:20 / %s rw,relatime shared:9 - resctrl resctrl rw\n",
             folder());
    return fmemopen(line, strlen(line), "r");
}

FILE *fopen64(const char *path, const char *mode);
FILE *fopen64(const char *path, const char *mode)
{
    if (!strcmp(path, "/proc/thread-self/mountinfo"))
        return mountinfo();
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    return fd < 0 ? NULL : fdopen(fd, mode);
}

int fstatfs64(int fd, struct statfs64 *fs)
{
    char path[4096];
    if (syscall(SYS_fstatfs, fd, fs) < 0)
        return -1;
    if (inside(fd, "", path))
        fs->f_type = MAGIC;
    return 0;
}

static void put(const char *path, const char *name, const char *text)
{
    char file[4200];
    snprintf(file, sizeof file, "%s/%s", path, name);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
    char path[4096], monitors[4200];
    if (syscall(SYS_mkdirat, dir, name, mode) < 0)
        return -1;
    if (!inside(dir, name, path))
        return 0;
    put(path, "tasks", "");
    if (!strstr(path, "/mon_groups/")) {
        put(path, "schemata", SCHEMATA);
        snprintf(monitors, sizeof monitors, "%s/mon_groups", path);
        syscall(SYS_mkdirat, AT_FDCWD, monitors, 0700);
    }
    return 0;
}

static int remove_one(const char *path, const struct stat64 *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, kind == FTW_DP ? AT_REMOVEDIR : 0);
}

int unlinkat(int dir, const char *name, int flags)
{
    char path[4096];
    if (!(flags & AT_REMOVEDIR) || !inside(dir, name, path))
        return (int)syscall(SYS_unlinkat, dir, name, flags);
    if (access(path, F_OK) < 0)
        return -1;
    return nftw64(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
