/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a list of limits.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <cgroup/changes.h>

static void free_change(struct change *change)
{
    free(change->old);
    free(change->other_old);
}

void changes_free(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free_change(&changes->list[i]);
    for (size_t i = 0; changes->dirs && i < changes->set->count; i++)
        close_fd(&changes->dirs[i]);
    free(changes->list);
    free(changes->dirs);
}

static int find_dir(struct changes *changes, const struct group *group, struct failure *failure)
{
    int *dir = &changes->dirs[group - changes->set->groups];
    if (*dir < 0)
        *dir = group_open(group, failure);
    return *dir;
}

static int lacks(const struct changes *changes, const struct limit *limit, struct failure *failure)
{
    if (limit->v2 && groups_version_2(changes->set) == NULL)
        return limit_fail(changes->limits, failure, OCI_ERR_UNSUPPORTED, limit->place,
                          "this host has no control groups of version 2, which %s is a file of",
                          limit->file);
    return limit_fail(changes->limits, failure, OCI_ERR_UNSUPPORTED, limit->place,
                      "this host has no %s controller%s", limit->controller,
                      limit->v2 ? "" : " of version 1");
}

/* Read a whole file of a group; NULL with errno set.  Some, such as a group's statistics, are long. */
static char *read_old(int dir, const char *file)
{
    _close_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t length;
    int error = 0;
    if (fd >= 0 && oci_read_fd(fd, 1 << 20, &text, &length, &error) == 0)
        return text;
    if (fd >= 0)
        errno = error ? error : EFBIG;
    return NULL;
}

/* What the kernel takes away with a value, though nobody asked for that: on version 1 a weight for all devices
 * those of single devices, and on both a turn of idle the shares. */
static const char *cleared_with(const char *file, bool v2)
{
    if (strcmp(file, "blkio.bfq.weight") == 0)
        return "blkio.bfq.weight_device";
    if (strcmp(file, "cpu.idle") == 0)
        return v2 ? "cpu.weight" : "cpu.shares";
    return strcmp(file, "blkio.weight") == 0 ? "blkio.weight_device" : NULL;
}

/* Find the group and file of a limit; 1 when there is nothing to do. */
static int resolve(struct changes *changes, const struct limit *limit, struct change *change,
                   struct failure *failure)
{
    bool quiet = limit->flags & LIMIT_QUIET;
    *change = (struct change){.limit = limit, .file = limit->file, .value = limit->value};
    change->group =
        limit->v2 ? groups_version_2(changes->set) : groups_with(changes->set, limit->controller);
    if (change->group == NULL)
        return quiet ? 1 : lacks(changes, limit, failure);
    change->dir = find_dir(changes, change->group, failure);
    if (change->dir < 0)
        return change->dir;
    if (limit->second_file && faccessat(change->dir, limit->file, F_OK, 0) < 0) {
        change->file = limit->second_file;
        change->value = limit->second_value;
    }
    if (quiet && faccessat(change->dir, change->file, F_OK, 0) < 0)
        return 1;
    if (!changes->careful && change->group->made > 0)
        return 0;
    change->other_file = cleared_with(change->file, change->group->v2);
    if (change->other_file)
        change->other_old = read_old(change->dir, change->other_file);
    change->old = read_old(change->dir, change->file);
    /* What cannot be read cannot be brought back: refused before anything is changed. */
    if (change->old == NULL && errno != ENOENT) {
        fail_at(failure, "%s%s", changes->limits->prefix, limit->place);
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "read %s%s/%s", change->group->mountpoint,
                          change->group->path, change->file);
    }
    return 0;
}

/* Kernels round sizes down to pages. */
static bool kept(const struct change *change)
{
    char text[64];
    if (group_read(change->dir, change->file, text, sizeof(text)) <= 0)
        return false;
    unsigned long long asked = strtoull(change->value, NULL, 10), got = strtoull(text, NULL, 10);
    return got <= asked && asked - got < 65536;
}

static int explain(const struct changes *changes, const struct change *change,
                   struct failure *failure)
{
    const struct limit *limit = change->limit;
    int error = failure->error;
    if (error == ENOENT)
        return limit_fail(changes->limits, failure, OCI_ERR_UNSUPPORTED, limit->place,
                          "this kernel has no %s for control group %s%s", change->file,
                          change->group->mountpoint, change->group->path);
    if (error == EOPNOTSUPP)
        failure->code = OCI_ERR_UNSUPPORTED;
    if (error == EBUSY && strncmp(change->file, "memory.", 7) == 0) {
        limit_fail(changes->limits, failure, OCI_ERR_CGROUP, limit->place,
                   "more memory is in use than %s bytes (%s)", change->value, change->file);
        failure->error = error;
    }
    return failure->code;
}

static int write_lines(const struct change *change, const char *file, const char *text)
{
    int r = 0;
    struct failure ignored = {0};
    for (const char *p = text; r == 0 && *p;) {
        size_t length = strcspn(p, "\n");
        _free_ char *line = length ? strndup(p, length) : strdup("\n");
        r = line ? group_write(change->group, change->dir, file, line, NULL, &ignored)
                 : OCI_ERR_NO_MEMORY;
        p += length + (p[length] == '\n');
    }
    return r;
}

/* Where the kernel cleared another file with this one, write that again.  not_shares: the group is an idle one,
 * which has none, or they are about to be set. */
static int keep_other(const struct change *change, bool not_shares)
{
    const char *text = change->other_old;
    if (text == NULL || (not_shares && strcmp(change->file, "cpu.idle") == 0))
        return 0;
    /* The first line is no device's. */
    if (strncmp(text, "default", 7) == 0) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return write_lines(change, change->other_file, text);
}

static bool bring_back(const struct change *change)
{
    /* Some come back with others: an idle group has the shares of one. */
    _free_ char *now = read_old(change->dir, change->file);
    if (now && strcmp(now, change->old) == 0)
        return keep_other(change, change->old[0] == '1') == 0;
    _free_ char *text = limit_restore_text(change->file, change->value, change->old);
    return text && write_lines(change, change->file, text) == 0 &&
           keep_other(change, change->old[0] == '1') == 0;
}

static int write_one(const struct changes *changes, struct change *change, struct failure *failure)
{
    const struct limit *limit = change->limit;
    char place[256];
    struct failure found = {0};
    snprintf(place, sizeof(place), "%s%s", changes->limits->prefix, limit->place);
    int r = group_write(change->group, change->dir, change->file, change->value, place, &found);
    if (r == 0 && limit->flags & LIMIT_VERIFY && !kept(change))
        return limit_fail(changes->limits, failure, OCI_ERR_UNSUPPORTED, limit->place,
                          "this kernel takes %s without keeping it: it has no such limit",
                          change->file);
    change->done = r == 0;
    if (r == 0 && keep_other(change, true) < 0)
        log_message(changes->limits->log, CONTAINER_LOG_WARNING,
                    "%s: the kernel has cleared %s too", place, change->other_file);
    if (r < 0) {
        explain(changes, change, &found);
        *failure = found;
    }
    return r < 0 ? failure->code : 0;
}

/* Values that bound each other: one that is refused is tried again after another was taken. */
static int write_knot(struct changes *changes, enum limit_knot knot, struct failure *failure)
{
    bool progress = true, left = true;
    struct failure found = {0};
    while (progress && left) {
        progress = left = false;
        for (size_t i = 0; i < changes->count; i++) {
            struct change *change = &changes->list[i];
            struct failure here = {0};
            if (change->done || change->limit->knot != knot)
                continue;
            int r = write_one(changes, change, &here);
            if (r < 0 && here.error != EINVAL) {
                *failure = here;
                return r;
            }
            if (r < 0 && !left)
                found = here;
            progress |= r == 0;
            left |= r < 0;
        }
    }
    if (!left)
        return 0;
    *failure = found;
    return found.code;
}

/* The last first, and again as long as something moves, for the same reason as above. */
void changes_roll_back(struct changes *changes)
{
    bool progress = true, left = true;
    while (progress && left) {
        progress = left = false;
        for (size_t i = changes->count; i-- > 0;) {
            struct change *change = &changes->list[i];
            if (!change->done || change->old == NULL)
                continue;
            change->done = !bring_back(change);
            progress |= !change->done;
            left |= change->done;
        }
    }
    for (size_t i = 0; left && i < changes->count; i++) {
        const struct change *change = &changes->list[i];
        if (change->done && change->old)
            log_message(changes->limits->log, CONTAINER_LOG_WARNING,
                        "%s%s/%s could not be set back after the failure",
                        change->group->mountpoint, change->group->path, change->file);
    }
}

int changes_write(struct changes *changes, struct failure *failure)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < changes->count; i++) {
        struct change *change = &changes->list[i];
        if (change->done)
            continue;
        r = change->limit->knot == KNOT_NONE ? write_one(changes, change, failure)
                                             : write_knot(changes, change->limit->knot, failure);
    }
    return r;
}

int changes_prepare(struct changes *changes, unsigned with, unsigned without,
                    struct failure *failure)
{
    const struct limits *limits = changes->limits;
    changes->dirs = calloc(changes->set->count + 1, sizeof(*changes->dirs));
    /* At once: what follows may fail, and 0 is an fd of the caller's. */
    for (size_t i = 0; changes->dirs && i < changes->set->count; i++)
        changes->dirs[i] = -1;
    changes->list = calloc(limits->count + 1, sizeof(*changes->list));
    if (changes->list == NULL || changes->dirs == NULL)
        return fail_memory(failure);
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit *limit = &limits->list[i];
        if ((limit->flags & with) != with || limit->flags & without)
            continue;
        int r = resolve(changes, limit, &changes->list[changes->count], failure);
        if (r < 0)
            return r;
        changes->count += r == 0;
    }
    return 0;
}
