/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside an untrusted root, resolved to an fd.  Nothing below the root can lead outside: the
 * kernel confines openat2, and the walk used where something must be made (or openat2 is missing)
 * takes one component at a time without following links in the kernel, going back up only by fds it
 * holds.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "init.h"

#define WALK_MAX_DEPTH 128
#define WALK_MAX_LINKS 40
#define WALK_MAX_PATH 4096

struct walk {
    int fds[WALK_MAX_DEPTH]; /* fds[0] is the root and not ours */
    int depth;
    int links;
    unsigned flags;
    char rest[WALK_MAX_PATH]; /* what is still to be walked */
    const char *next;
};

static void walk_up(struct walk *walk, int depth)
{
    while (walk->depth > depth)
        SYS_1(close, walk->fds[walk->depth--]);
}

static void walk_end(struct walk *walk)
{
    walk_up(walk, 0);
}

/* Cut the next component out of the rest; NULL at the end.  *last tells whether more follow. */
static char *walk_component(struct walk *walk, bool *last)
{
    char *p = (char *)walk->next;
    while (*p == '/')
        p++;
    if (*p == 0)
        return NULL;
    char *start = p;
    while (*p != 0 && *p != '/')
        p++;
    char *end = p;
    while (*p == '/')
        p++;
    *last = *p == 0;
    walk->next = p;
    *end = 0;
    return start;
}

static int walk_make(struct walk *walk, int dir, const char *name, bool last)
{
    long r;
    if (last && (walk->flags & WALK_MAKE_FILE)) {
        r = SYS_4(openat, dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
        if (r >= 0)
            SYS_1(close, r);
    } else {
        r = SYS_3(mkdirat, dir, name, 0755);
    }
    return r < 0 && r != -EEXIST ? (int)r : 0;
}

/* Put a link's target in front of the rest. */
static int walk_link(struct walk *walk, int link)
{
    char target[WALK_MAX_PATH];
    if (walk->flags & WALK_REAL || ++walk->links > WALK_MAX_LINKS)
        return -ELOOP;
    long n = SYS_4(readlinkat, link, "", target, sizeof(target));
    if (n < 0)
        return (int)n;
    size_t rest = str_length(walk->next);
    if ((size_t)n + 1 + rest + 1 > sizeof(walk->rest))
        return -ENAMETOOLONG;
    /* The rest may lie in the same buffer: move it before the target is laid in front. */
    char saved[WALK_MAX_PATH];
    __builtin_memcpy(saved, walk->next, rest + 1);
    __builtin_memcpy(walk->rest, target, (size_t)n);
    walk->rest[n] = '/';
    __builtin_memcpy(walk->rest + n + 1, saved, rest + 1);
    walk->next = walk->rest;
    if (target[0] == '/')
        walk_up(walk, 0);
    return 0;
}

/* One component: returns 1 and *result when it was the last one, 0 to go on. */
static int walk_step(struct walk *walk, char *name, bool last, int *result)
{
    int dir = walk->fds[walk->depth];
    if (name[0] == '.' && name[1] == 0)
        return 0;
    if (name[0] == '.' && name[1] == '.' && name[2] == 0) {
        walk_up(walk, walk->depth > 0 ? walk->depth - 1 : 0);
        return 0;
    }
    long r = SYS_4(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (r == -ENOENT && (walk->flags & (WALK_MAKE_DIR | WALK_MAKE_FILE))) {
        r = walk_make(walk, dir, name, last);
        if (r == 0)
            r = SYS_4(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    }
    if (r < 0)
        return (int)r;
    _fd_ int fd = (int)r;
    struct statx st;
    r = SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
    if (r < 0)
        return (int)r;
    if (S_ISLNK(st.stx_mode))
        return walk_link(walk, fd);
    if (last) {
        *result = fd;
        fd = -1;
        return 1;
    }
    if (!S_ISDIR(st.stx_mode))
        return -ENOTDIR;
    if (walk->depth + 1 >= WALK_MAX_DEPTH)
        return -ENAMETOOLONG;
    walk->fds[++walk->depth] = fd;
    fd = -1;
    return 0;
}

static int walk_path(int root, const char *path, unsigned flags)
{
    struct walk walk;
    walk.fds[0] = root;
    walk.depth = 0;
    walk.links = 0;
    walk.flags = flags;
    size_t length = str_length(path);
    if (length >= sizeof(walk.rest))
        return -ENAMETOOLONG;
    __builtin_memcpy(walk.rest, path, length + 1);
    walk.next = walk.rest;
    int result = -1, r = 0;
    bool last = false;
    char *name;
    while (r == 0 && (name = walk_component(&walk, &last)) != NULL)
        r = walk_step(&walk, name, last, &result);
    /* A path that ends in ".." or is only "/" ends at a directory of the stack. */
    if (r == 0) {
        result = (int)SYS_3(fcntl, walk.fds[walk.depth], F_DUPFD_CLOEXEC, 0);
        r = result < 0 ? result : 1;
    }
    walk_end(&walk);
    return r < 0 ? r : result;
}

int resolve_in_root(struct init *init, int root, const char *path, unsigned flags)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve =
            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (flags & WALK_REAL ? RESOLVE_NO_SYMLINKS : 0),
    };
    /* EAGAIN: something was renamed meanwhile, and the kernel could not tell that ".." stayed
     * inside. */
    for (int tries = 0; tries < 16; tries++) {
        long r = SYS_4(openat2, root, path, &how, sizeof(how));
        if (r >= 0)
            return (int)r;
        if (r == -ENOENT && (flags & (WALK_MAKE_DIR | WALK_MAKE_FILE)))
            break;
        if (r == -ENOSYS || r == -EPERM)
            break;
        if (r != -EAGAIN)
            return (int)r;
    }
    return walk_path(root, path, flags);
}

int resolve_parent(struct init *init, int root, const char *path, char *name, size_t name_size)
{
    char dir[WALK_MAX_PATH];
    size_t length = str_length(path), end = length;
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    size_t size = end - start;
    if (size == 0 || (path[start] == '.' && (size == 1 || (size == 2 && path[start + 1] == '.'))))
        return -EINVAL;
    if (size >= name_size || start >= sizeof(dir))
        return -ENAMETOOLONG;
    __builtin_memcpy(name, path + start, size);
    name[size] = 0;
    __builtin_memcpy(dir, path, start);
    dir[start] = 0;
    if (start == 0) {
        dir[0] = '/';
        dir[1] = 0;
    }
    return resolve_in_root(init, root, dir, WALK_MAKE_DIR);
}
