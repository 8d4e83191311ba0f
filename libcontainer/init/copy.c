/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a directory of the untrusted root into a new tmpfs that nobody sees yet: contents, modes, owners,
 * times, extended attributes, links, special files.  Every entry is opened by name in a directory held by fd,
 * never through a link; what is mounted in the directory is not entered.
 *
 * Bounds: the depth, the number of entries, and for contents the size of the tmpfs.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "init.h"

#define COPY_MAX_DEPTH 64
#define COPY_MAX_ENTRIES 1000000
#define COPY_NAME 256

/* The most that the kernel has of either. */
#define COPY_LIST 65536
#define COPY_VALUE 65536

/* Where the first of several names of one file is kept, until all were copied; with a number behind it where the
 * directory below has such a name itself. */
#define LINKS ".ocikit-copying"
#define LINKS_NAME 32

#define ST_NODEV 4 /* in f_flags */

/* The entry went while it was copied: not an error. */
#define GONE 1

struct entry {
    uint64_t ino;
    int64_t next; /* where the directory goes on behind it */
    unsigned short length;
    unsigned char type;
    char name[];
};

/* One directory at a time is read into this; after a directory below, it is read again from where it was. */
static char listing[4096] __attribute__((aligned(8)));
static char block[65536];
static char names[COPY_LIST], value[COPY_VALUE];

struct copy {
    struct init *init;
    int tree;  /* the copy's root */
    int links; /* the directory LINKS in it */
    unsigned renamed;
    char links_name[LINKS_NAME];
    uint64_t mount;
    unsigned entries;
};

struct place {
    int from, to; /* directories */
};

static int look(int fd, struct statx *st)
{
    return (int)SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, st);
}

/* The file itself for reading, now that it is known to be one that does nothing when it is opened. */
static int reopen(struct copy *copy, int fd, int flags)
{
    char path[32];
    fd_path(fd, path);
    return (int)SYS_4(openat, copy->init->slots[PLAN_SLOT_PROC], path, flags | O_CLOEXEC, 0);
}

/* Names that this filesystem, or this user, cannot have are left out. */
static bool left_out(long error)
{
    return error == -EOPNOTSUPP || error == -EPERM;
}

static bool is_gone(long error)
{
    return error == -ENOENT || error == -ESTALE;
}

static int copy_attributes(int from, int to)
{
    long size = SYS_3(flistxattr, from, names, sizeof(names));
    if (size < 0)
        return left_out(size) ? 0 : (int)size;
    for (long i = 0; i < size; i += (long)str_length(names + i) + 1) {
        long n = SYS_4(fgetxattr, from, names + i, value, sizeof(value));
        if (n == -ENODATA)
            continue; /* removed meanwhile */
        if (n < 0)
            return (int)n;
        long r = SYS_5(fsetxattr, to, names + i, value, n, 0);
        if (r < 0 && !left_out(r))
            return (int)r;
    }
    return 0;
}

/* The same of what cannot be opened, by name in the directories. */
static int copy_link_attributes(const struct place *at, const char *name)
{
    long r = SYS_1(fchdir, at->from);
    long size = r < 0 ? r : SYS_3(llistxattr, name, names, sizeof(names));
    if (size < 0)
        return left_out(size) || is_gone(size) ? 0 : (int)size;
    for (long i = 0; i < size; i += (long)str_length(names + i) + 1) {
        r = SYS_1(fchdir, at->from);
        long n = r < 0 ? r : SYS_4(lgetxattr, name, names + i, value, sizeof(value));
        if (n == -ENODATA || is_gone(n))
            continue;
        if (n < 0)
            r = SYS_1(fchdir, at->to);
        if (r == 0)
            r = SYS_5(lsetxattr, name, names + i, value, n, 0);
        if (r < 0 && !left_out(r))
            return (int)r;
    }
    return 0;
}

/* The entry, and why. */
static void note_unmapped(struct init *init, const char *entry)
{
    static const char why[] = ": its owner or group is not mapped in the user namespace";
    char text[PLAN_MESSAGE_TEXT];
    size_t n = 0;
    while (entry[n] && n < sizeof(text) - sizeof(why)) {
        text[n] = entry[n];
        n++;
    }
    __builtin_memcpy(text + n, why, sizeof(why));
    note(init, PLAN_DETAIL_NONE, 0, text);
}

/* Owner before mode, as a change of owner takes set-user-id away; times last.  name is in dir, empty for dir itself;
 * entry names it in a report. */
static int copy_owner(struct init *init, int dir, const char *name, const char *entry,
                      const struct statx *st, unsigned keep)
{
    uint32_t uid = keep & PLAN_KEEP_UID ? UINT32_MAX : st->stx_uid;
    uint32_t gid = keep & PLAN_KEEP_GID ? UINT32_MAX : st->stx_gid;
    int flags = AT_SYMLINK_NOFOLLOW | (name[0] ? 0 : AT_EMPTY_PATH);
    int r = (int)SYS_5(fchownat, dir, name, uid, gid, flags);
    if (r == -EINVAL)
        note_unmapped(init, entry);
    return r;
}

static int copy_times(int dir, const char *name, const struct statx *st)
{
    struct {
        int64_t seconds, nanoseconds;
    } times[2] = {{st->stx_atime.tv_sec, st->stx_atime.tv_nsec},
                  {st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec}};
    int flags = name ? AT_SYMLINK_NOFOLLOW : 0;
    return (int)SYS_4(utimensat, dir, name, times, flags);
}

/* From data to data: holes stay holes. */
static int copy_bytes(int from, int to, uint64_t size)
{
    for (uint64_t at = 0; at < size;) {
        long data = SYS_3(lseek, from, at, SEEK_DATA);
        if (data == -ENXIO)
            break;
        if (data < 0)
            return (int)data;
        at = (uint64_t)data;
        long n = SYS_4(pread64, from, block, sizeof(block), at);
        if (n <= 0)
            return n < 0 ? (int)n : 0;
        for (long done = 0; done < n;) {
            long r = SYS_4(pwrite64, to, block + done, n - done, at + (uint64_t)done);
            if (r < 0)
                return (int)r;
            done += r;
        }
        at += (uint64_t)n;
    }
    return (int)SYS_2(ftruncate, to, size);
}

static int copy_file(struct copy *copy, const struct place *at, const char *name, int fd,
                     const struct statx *st)
{
    _fd_ int from = reopen(copy, fd, O_RDONLY | O_NOATIME);
    if (from == -EPERM)
        from = reopen(copy, fd, O_RDONLY);
    if (from < 0)
        return is_gone(from) ? GONE : from;
    _fd_ int to = (int)SYS_4(openat, at->to, name,
                             O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
    if (to < 0)
        return to;
    int r = copy_bytes(from, to, st->stx_size);
    if (r == 0)
        r = copy_owner(copy->init, to, "", name, st, 0);
    if (r == 0)
        r = (int)SYS_2(fchmod, to, st->stx_mode & 07777);
    if (r == 0)
        r = copy_attributes(from, to);
    return r == 0 ? copy_times(to, NULL, st) : r;
}

static int copy_link(const struct place *at, const char *name, int fd)
{
    static char target[4096];
    long n = SYS_4(readlinkat, fd, "", target, sizeof(target) - 1);
    if (n < 0)
        return (int)n;
    target[n] = 0;
    return (int)SYS_3(symlinkat, target, at->to, name);
}

/* A device that the mount it is on keeps from being used: a tmpfs without nodev would not. */
static bool is_dead_device(int fd, const struct statx *st)
{
    struct statfs fs;
    if (!S_ISCHR(st->stx_mode) && !S_ISBLK(st->stx_mode))
        return false;
    return SYS_2(fstatfs, fd, &fs) < 0 || (fs.f_flags & ST_NODEV);
}

/* What is neither a file nor a directory. */
static int copy_other(struct copy *copy, const struct place *at, const char *name, int fd,
                      const struct statx *st)
{
    if (is_dead_device(fd, st))
        return GONE;
    uint32_t major = st->stx_rdev_major, minor = st->stx_rdev_minor;
    uint64_t device = (minor & 0xff) | major << 8 | (uint64_t)(minor & ~0xffu) << 12;
    bool link = S_ISLNK(st->stx_mode);
    int r =
        link ? copy_link(at, name, fd) : (int)SYS_4(mknodat, at->to, name, st->stx_mode, device);
    if (r == 0)
        r = copy_owner(copy->init, at->to, name, name, st, 0);
    /* The name is ours: nobody else sees this filesystem yet. */
    if (r == 0 && !link)
        r = (int)SYS_3(fchmodat, at->to, name, st->stx_mode & 07777);
    if (r == 0)
        r = copy_link_attributes(at, name);
    return r == 0 ? copy_times(at->to, name, st) : r;
}

/* Inode and device as a name. */
static void link_name(const struct statx *st, char name[40])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t parts[2] = {st->stx_ino, (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor};
    for (int i = 0; i < 32; i++)
        name[i] = digits[parts[i / 16] >> (4 * (i % 16)) & 15];
    name[32] = 0;
}

/* Another name of a file that was copied already.  1: it was; 0: it is the first one. */
static int copy_name(struct copy *copy, const struct place *at, const char *name,
                     const struct statx *st)
{
    char kept[40];
    link_name(st, kept);
    long r = SYS_5(linkat, copy->links, kept, at->to, name, 0);
    return r == 0 ? 1 : r == -ENOENT ? 0 : (int)r;
}

static int keep_name(struct copy *copy, const struct place *at, const char *name,
                     const struct statx *st)
{
    char kept[40];
    link_name(st, kept);
    return (int)SYS_5(linkat, at->to, name, copy->links, kept, 0);
}

static int copy_directory(struct copy *copy, const struct place *at, int depth);

static int copy_below(struct copy *copy, const struct place *at, const char *name, int fd,
                      const struct statx *st, int depth)
{
    if (depth >= COPY_MAX_DEPTH)
        return -ENAMETOOLONG;
    _fd_ int from = reopen(copy, fd, O_RDONLY | O_DIRECTORY);
    if (from < 0)
        return is_gone(from) ? 0 : from;
    long r = SYS_3(mkdirat, at->to, name, 0700);
    if (r < 0)
        return (int)r;
    _fd_ int to =
        (int)SYS_4(openat, at->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (to < 0)
        return to;
    struct place below = {from, to};
    /* The mount point of something else is made, and stays empty. */
    r = st->stx_mnt_id == copy->mount ? copy_directory(copy, &below, depth + 1) : 0;
    if (r == 0)
        r = copy_owner(copy->init, to, "", name, st, 0);
    if (r == 0)
        r = SYS_2(fchmod, to, st->stx_mode & 07777);
    if (r == 0)
        r = copy_attributes(from, to);
    return r == 0 ? copy_times(to, NULL, st) : (int)r;
}

static bool is_same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* LINKS and, from the second time on, how many names were tried before. */
static void next_links_name(struct copy *copy)
{
    char digits[12];
    size_t n = sizeof(LINKS) - 1, count = 0;
    __builtin_memcpy(copy->links_name, LINKS, sizeof(LINKS));
    for (unsigned left = copy->renamed++; left > 0; left /= 10)
        digits[count++] = (char)('0' + left % 10);
    while (count > 0)
        copy->links_name[n++] = digits[--count];
    copy->links_name[n] = 0;
}

/* The name is needed for what is copied.  Names that were copied already are passed by. */
static int rename_links(struct copy *copy)
{
    char before[LINKS_NAME];
    __builtin_memcpy(before, copy->links_name, sizeof(before));
    long r;
    do {
        next_links_name(copy);
        r = SYS_5(renameat2, copy->tree, before, copy->tree, copy->links_name, RENAME_NOREPLACE);
    } while (r == -EEXIST);
    return (int)r;
}

static int copy_entry(struct copy *copy, const struct place *at, const char *name, int depth)
{
    if (++copy->entries > COPY_MAX_ENTRIES)
        return -E2BIG;
    _fd_ int fd = (int)SYS_4(openat, at->from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    struct statx st;
    int r = fd < 0 ? fd : look(fd, &st);
    if (is_gone(r))
        return 0;
    if (r == 0 && at->to == copy->tree && is_same(name, copy->links_name))
        r = rename_links(copy);
    if (r < 0)
        return r;
    if (S_ISDIR(st.stx_mode))
        return copy_below(copy, at, name, fd, &st, depth);
    bool several = st.stx_nlink > 1;
    r = several ? copy_name(copy, at, name, &st) : 0;
    if (r != 0)
        return r < 0 ? r : 0;
    r = S_ISREG(st.stx_mode) ? copy_file(copy, at, name, fd, &st)
                             : copy_other(copy, at, name, fd, &st);
    if (r == GONE)
        return 0;
    return r == 0 && several ? keep_name(copy, at, name, &st) : r;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

static int copy_directory(struct copy *copy, const struct place *at, int depth)
{
    for (;;) {
        long n = SYS_3(getdents64, at->from, listing, sizeof(listing));
        if (n <= 0)
            return is_gone(n) ? 0 : (int)n; /* of a directory that is removed by now */
        for (long i = 0; i < n;) {
            const struct entry *entry = (const struct entry *)(listing + i);
            int64_t next = entry->next;
            i += entry->length;
            if (is_dots(entry->name))
                continue;
            char name[COPY_NAME];
            size_t length = str_length(entry->name);
            if (length >= sizeof(name))
                return -ENAMETOOLONG;
            bool directory = entry->type == 4 /* DT_DIR */ || entry->type == 0;
            __builtin_memcpy(name, entry->name, length + 1);
            int r = copy_entry(copy, at, name, depth);
            if (r < 0) {
                if (copy->init->report.text[0] == 0)
                    note(copy->init, PLAN_DETAIL_NONE, 0, name);
                return r;
            }
            if (!directory)
                continue;
            /* The listing is another directory's by now. */
            long back = SYS_3(lseek, at->from, next, SEEK_SET);
            if (back < 0)
                return (int)back;
            break;
        }
    }
}

/* The kept names go; nothing else was made there. */
static int forget_links(struct copy *copy)
{
    int links = copy->links;
    for (bool found = true; found;) {
        found = false;
        SYS_3(lseek, links, 0, SEEK_SET);
        long n = SYS_3(getdents64, links, listing, sizeof(listing));
        if (n < 0)
            return (int)n;
        for (long i = 0; i < n;) {
            const struct entry *entry = (const struct entry *)(listing + i);
            i += entry->length;
            if (is_dots(entry->name))
                continue;
            long r = SYS_3(unlinkat, links, entry->name, 0);
            if (r < 0)
                return (int)r;
            found = true;
        }
    }
    return (int)SYS_3(unlinkat, copy->tree, copy->links_name, AT_REMOVEDIR);
}

int copy_up(struct init *init, int below, int tree, unsigned keep)
{
    struct copy copy = {.init = init};
    struct statx st;
    int r = look(below, &st);
    if (r < 0)
        return r;
    copy.mount = st.stx_mnt_id;
    _fd_ int from = reopen(&copy, below, O_RDONLY | O_DIRECTORY);
    if (from < 0)
        return from;
    /* The mount's own fd is one that only names it. */
    _fd_ int to = (int)SYS_4(openat, tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (to < 0)
        return to;
    copy.tree = to;
    next_links_name(&copy);
    r = (int)SYS_3(mkdirat, to, copy.links_name, 0700);
    if (r < 0)
        return r;
    _fd_ int links = copy.links =
        (int)SYS_4(openat, to, copy.links_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (links < 0)
        return links;
    struct place at = {from, to};
    r = copy_directory(&copy, &at, 0);
    if (r == 0)
        r = forget_links(&copy);
    if (r == 0)
        r = copy_owner(init, to, "", "the directory", &st, keep);
    if (r == 0 && !(keep & PLAN_KEEP_MODE))
        r = (int)SYS_2(fchmod, to, st.stx_mode & 07777);
    if (r == 0)
        r = copy_attributes(from, to);
    if (r == 0)
        r = copy_times(to, NULL, &st);
    SYS_1(chdir, "/");
    return r;
}
