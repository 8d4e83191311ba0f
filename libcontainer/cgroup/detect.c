/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hierarchies are mounted, where this process is in each, and where the container's groups
 * go. Reads /proc/self/mountinfo and /proc/self/cgroup; makes nothing.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/buffer.h>
#include <base/util.h>
#include <base/words.h>

static int read_text(const char *path, char **text, struct failure *failure)
{
    size_t length;
    int error = 0;
    _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open %s", path);
    /* A host may have very many mounts. */
    int r = oci_read_fd(fd, 64 << 20, text, &length, &error);
    return r < 0 ? fail_errno(failure, OCI_ERR_IO, error, "read %s", path) : 0;
}

/* mountinfo writes blanks and backslashes as octal escapes. */
static char *unescape(const char *text, size_t length)
{
    char *copy = malloc(length + 1), *to = copy;
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 3 < length) {
            *to++ =
                (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
            i += 3;
        } else {
            *to++ = text[i];
        }
    }
    *to = 0;
    return copy;
}

struct field {
    const char *text;
    size_t length;
};

/* The fields of a mountinfo line that matter: root, mount point, filesystem type, super options. */
static bool split_mount(const char *line, struct field *root, struct field *point,
                        struct field *type, struct field *super)
{
    struct field fields[64];
    size_t count = 0, dash = 0;
    for (const char *p = line; *p && *p != '\n' && count < 64;) {
        size_t length = strcspn(p, " \n");
        if (length == 1 && *p == '-' && dash == 0 && count >= 6)
            dash = count;
        fields[count++] = (struct field){p, length};
        p += length;
        if (*p == ' ')
            p++;
    }
    if (dash == 0 || dash + 3 >= count)
        return false;
    *root = fields[3];
    *point = fields[4];
    *type = fields[dash + 1];
    *super = fields[dash + 3];
    return true;
}

static bool equals(const struct field *field, const char *text)
{
    return strlen(text) == field->length && memcmp(field->text, text, field->length) == 0;
}

/* Does a comma separated list hold a word? */
static bool list_has(const char *list, size_t length, const char *word, size_t word_length)
{
    for (size_t i = 0; i < length;) {
        const char *end = memchr(list + i, ',', length - i);
        size_t n = end ? (size_t)(end - list) - i : length - i;
        if (n == word_length && memcmp(list + i, word, n) == 0)
            return true;
        i += n + 1;
    }
    return false;
}

/* Does a mount's super options name every controller of a line of /proc/self/cgroup? */
static bool same_hierarchy(const struct field *super, const char *controllers)
{
    for (const char *p = controllers; *p;) {
        size_t length = strcspn(p, ",");
        if (!list_has(super->text, super->length, p, length))
            return false;
        p += length + (p[length] == ',');
    }
    return true;
}

static int find_mount(const char *mounts, struct group *group)
{
    for (const char *line = mounts; *line;) {
        struct field root, point, type, super;
        bool whole = split_mount(line, &root, &point, &type, &super);
        if (whole && equals(&root, "/") && equals(&type, group->v2 ? "cgroup2" : "cgroup") &&
            (group->v2 || same_hierarchy(&super, group->controllers))) {
            group->mountpoint = unescape(point.text, point.length);
            return group->mountpoint ? 0 : OCI_ERR_NO_MEMORY;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return OCI_ERR_NOT_FOUND;
}

/* A line of /proc/self/cgroup: "5:cpu,cpuacct:/path". */
static int read_line(const char *line, size_t length, struct group *group)
{
    *group = (struct group){.fd = -1, .dir = -1};
    const char *first = memchr(line, ':', length);
    const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - line)) : NULL;
    if (second == NULL)
        return OCI_ERR_NOT_FOUND;
    group->v2 = second == first + 1;
    group->controllers = strndup(first + 1, (size_t)(second - first - 1));
    group->own = strndup(second + 1, length - (size_t)(second + 1 - line));
    return group->controllers && group->own ? 0 : OCI_ERR_NO_MEMORY;
}

static void group_free(struct group *group)
{
    close_fd(&group->fd);
    close_fd(&group->dir);
    free(group->controllers);
    free(group->mountpoint);
    free(group->own);
    free(group->path);
}

static bool below(const char *path)
{
    /* A process outside the cgroup namespace's root is shown as "/..". */
    return strncmp(path, "/..", 3) != 0;
}

/* Absolute paths count from the hierarchy's root; others, and the default, from where the caller
 * is, so that the caller's own limits hold for its containers too.  On version 2 a group that has
 * processes may have no children with controllers: there the caller's neighbour is taken. */
/* "//a///b" is "/a/b". */
static void squeeze_slashes(struct buffer *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < path->length; i++) {
        if (path->data[i] != '/' || kept == 0 || path->data[kept - 1] != '/')
            path->data[kept++] = path->data[i];
    }
    path->length = kept;
}

static int place_group(struct group *group, const char *cgroups_path, const char *id)
{
    _buffer_ struct buffer path = {0};
    bool given = cgroups_path && cgroups_path[0];
    if (!given || cgroups_path[0] != '/') {
        size_t length = below(group->own) ? strlen(group->own) : 0;
        if (group->v2)
            while (length > 0 && group->own[--length] != '/')
                ;
        while (length > 0 && group->own[length - 1] == '/')
            length--;
        buffer_add(&path, group->own, length);
        buffer_text(&path, "/");
    }
    buffer_text(&path, given ? cgroups_path : id);
    if (buffer_failed(&path))
        return OCI_ERR_NO_MEMORY;
    squeeze_slashes(&path);
    path.data[path.length] = 0;
    while (path.length > 1 && path.data[path.length - 1] == '/')
        path.data[--path.length] = 0;
    group->path = buffer_take(&path);
    return group->path ? 0 : OCI_ERR_NO_MEMORY;
}

static int check_path(const char *path, struct failure *failure)
{
    for (const char *p = path; p && *p;) {
        size_t length = strcspn(p, "/");
        bool dots = p[0] == '.' && (length == 1 || (length == 2 && p[1] == '.'));
        if (length > 255) {
            fail_at(failure, "/linux/cgroupsPath");
            return fail(failure, OCI_ERR_CONFIG,
                        "a component of the path is longer than 255 bytes");
        }
        if (dots || strpbrk(path, "\n")) {
            fail_at(failure, "/linux/cgroupsPath");
            return fail(failure, OCI_ERR_CONFIG,
                        "path \"%s\" has a component . or .., or more than one line", path);
        }
        p += length + (p[length] == '/');
    }
    if (path && path[0] && strspn(path, "/.") == strlen(path)) {
        fail_at(failure, "/linux/cgroupsPath");
        return fail(failure, OCI_ERR_CONFIG, "path \"%s\" is the root of the hierarchy", path);
    }
    return 0;
}

int groups_plan(const char *cgroups_path, const char *id, struct group_set *set,
                struct failure *failure)
{
    *set = (struct group_set){0};
    _free_ char *lines = NULL, *mounts = NULL;
    int r = check_path(cgroups_path, failure);
    if (r == 0)
        r = read_text("/proc/thread-self/cgroup", &lines, failure);
    if (r == 0)
        r = read_text("/proc/thread-self/mountinfo", &mounts, failure);
    size_t room = 1;
    for (const char *p = lines; r == 0 && *p; p++)
        room += *p == '\n';
    if (r == 0 && (set->groups = calloc(room, sizeof(*set->groups))) == NULL)
        r = fail_memory(failure);
    for (const char *line = lines; r == 0 && *line;) {
        size_t length = strcspn(line, "\n");
        struct group group;
        int found = read_line(line, length, &group);
        if (found == 0)
            found = find_mount(mounts, &group);
        if (found == 0)
            found = place_group(&group, cgroups_path, id);
        if (found == 0)
            set->groups[set->count++] = group;
        else
            group_free(&group);
        if (found == OCI_ERR_NO_MEMORY)
            r = fail_memory(failure);
        line += length + (line[length] == '\n');
    }
    if (r < 0)
        groups_free(set);
    return r;
}

static int count_missing(struct group *group, struct failure *failure)
{
    const char *rest = group->path;
    group->made = 0;
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    struct failure found = {0};
    int r;
    while ((r = group_descend(group, &dir, &rest, &found)) > 0)
        ;
    if (r == 0)
        return 0;
    /* Only what is not there is missing; what cannot be looked at may be somebody's. */
    if (found.error != ENOENT) {
        *failure = found;
        return r;
    }
    /* group_descend took the component that it did not find from the path, too. */
    for (group->made = 1; *rest; rest += strcspn(rest, "/")) {
        rest += strspn(rest, "/");
        group->made += *rest != 0;
    }
    return 0;
}

int groups_note_missing(struct group_set *set, struct failure *failure)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->count; i++)
        r = count_missing(&set->groups[i], failure);
    if (r < 0)
        groups_disown(set, 0);
    return r;
}

void groups_disown(struct group_set *set, size_t first)
{
    for (size_t i = first; i < set->count; i++)
        set->groups[i].made = 0;
}

const char *group_own(const struct group *group)
{
    return group->own && below(group->own) && group->own[1] ? group->own : "";
}

bool groups_unified(const struct group_set *set)
{
    return set->count == 1 && set->groups[0].v2;
}

const struct group *groups_version_2(const struct group_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->groups[i].v2)
            return &set->groups[i];
    }
    return NULL;
}

const struct group *groups_with(const struct group_set *set, const char *controller)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct group *group = &set->groups[i];
        if (!group->v2 && words_have(group->controllers, ",", controller))
            return group;
    }
    return NULL;
}

void groups_close(struct group_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        close_fd(&set->groups[i].fd);
        close_fd(&set->groups[i].dir);
        set->groups[i].fd = set->groups[i].dir = -1;
    }
}

void groups_free(struct group_set *set)
{
    for (size_t i = 0; i < set->count + set->denied; i++)
        group_free(&set->groups[i]);
    free(set->groups);
    *set = (struct group_set){0};
}
