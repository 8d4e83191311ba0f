/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of an exec, where they are not the container's own but groups below them, as its programs or
 * an engine made them.  Makes none.
 */
#include <api/internal.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* A path that stays below where it starts. */
static bool stays_below(const char *path)
{
    for (const char *p = path; *p; p += strcspn(p, "/")) {
        p += strspn(p, "/");
        size_t length = strcspn(p, "/");
        if (length == 2 && p[0] == '.' && p[1] == '.')
            return false;
    }
    return true;
}

/* Is one of names, which are separated by commas, the controller name of that length? */
static bool names(const char *list, const char *name, size_t length)
{
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        if (strcspn(list, ",") == length && strncmp(list, name, length) == 0)
            return true;
    }
    return false;
}

static int append(struct group *group, const char *path, struct failure *failure)
{
    char *longer = NULL;
    path += strspn(path, "/");
    if (asprintf(&longer, "%s/%s", strcmp(group->path, "/") == 0 ? "" : group->path, path) < 0)
        return fail_memory(failure);
    free(group->path);
    group->path = longer;
    return 0;
}

/* In the hierarchy of one controller, whose other controllers come along. */
static int choose_one(struct group_set *set, bool *chosen, const char *name, size_t length,
                      const char *path, struct failure *failure)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!names(set->groups[i].controllers, name, length))
            continue;
        if (chosen[i])
            return 0;
        chosen[i] = true;
        return append(&set->groups[i], path, failure);
    }
    return fail(failure, OCI_ERR_INVALID_ARGUMENT,
                "no control group of version 1 has the controller \"%.*s\"", (int)length, name);
}

static int choose_named(struct group_set *set, bool *chosen, const char *text, const char *path,
                        struct failure *failure)
{
    const char *p = text;
    int r;
    do {
        size_t length = strcspn(p, ",:");
        r = choose_one(set, chosen, p, length, path + 1, failure);
        p += length + 1;
    } while (r == 0 && p <= path);
    return r;
}

int groups_choose(struct group_set *set, const char *const *texts, struct failure *failure)
{
    const char *everywhere = NULL;
    _free_ bool *chosen = calloc(set->count + 1, sizeof(*chosen));
    if (chosen == NULL)
        return fail_memory(failure);
    int r = 0;
    for (size_t i = 0; r == 0 && texts && texts[i]; i++) {
        const char *colon = strchr(texts[i], ':'), *path = colon ? colon + 1 : texts[i];
        if (path[strspn(path, "/")] == 0 || !stays_below(path))
            r = fail(failure, OCI_ERR_INVALID_ARGUMENT,
                     "control group \"%s\" is no path below the container's own", texts[i]);
        else if (colon)
            r = choose_named(set, chosen, texts[i], colon, failure);
        else if (everywhere)
            r = fail(failure, OCI_ERR_INVALID_ARGUMENT,
                     "control groups \"%s\" and \"%s\" are both for every hierarchy", everywhere,
                     path);
        else
            everywhere = path;
    }
    for (size_t i = 0; r == 0 && everywhere && i < set->count; i++) {
        if (!chosen[i])
            r = append(&set->groups[i], everywhere, failure);
    }
    return r;
}

/* The path of a process in the hierarchy of version 2 behind the group's own; NULL where it is elsewhere, or memory
 * is out. */
static char *path_below(const struct group *group, pid_t pid)
{
    char name[32];
    _free_ char *text = NULL;
    size_t length = 0;
    snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
    if (oci_read_file(AT_FDCWD, name, 0, &text, &length, NULL) < 0)
        return NULL;
    char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL)
        return NULL;
    char *path = strchr(line, '/');
    size_t own = strcmp(group->path, "/") == 0 ? 0 : strlen(group->path);
    if (path == NULL || strncmp(path, group->path, own) != 0 || path[own] != '/')
        return NULL;
    path[strcspn(path, "\n")] = 0;
    return stays_below(path) ? strdup(path + own) : NULL;
}

int groups_follow(struct group *group, pid_t pid, struct failure *failure)
{
    char controllers[256];
    if (!group->v2 ||
        group_read(group->dir, "cgroup.subtree_control", controllers, sizeof(controllers)) <= 1)
        return 0;
    _free_ char *path = path_below(group, pid);
    if (path == NULL)
        return 0;
    int r = append(group, path, failure);
    close_fd(&group->dir);
    close_fd(&group->fd);
    return r == 0 ? group_enter(group, failure) : r;
}
