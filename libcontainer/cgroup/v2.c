/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 2: switching controllers on along the path of a group.  In steady state this only reads: the first
 * container's create switched them on.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <base/words.h>
#include <cgroup/limits.h>

static bool file_has_word(int dir, const char *file, const char *word)
{
    char text[1024];
    return group_read(dir, file, text, sizeof(text)) >= 0 && words_have(text, " \n", word);
}

bool group_offers(const struct group *group, const char *controller)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir >= 0 && file_has_word(dir, "cgroup.controllers", controller);
}

/* The group that a message is about: as much of the path as was walked. */
static int walked(const struct group *group, const char *rest)
{
    size_t length = (size_t)(rest - group->path);
    while (length > 0 && group->path[length - 1] == '/')
        length--;
    return (int)length;
}

/* Why a parent did not hand down a controller, in words that say what to do. */
static int explain(const struct group *group, const char *rest, const struct limits *limits,
                   const struct limit *limit, int error, struct failure *failure)
{
    int length = walked(group, rest);
    failure->error = error;
    if (error == EBUSY)
        return limit_fail(limits, failure, OCI_ERR_CGROUP, limit->place,
                          "the %s controller cannot be switched on below control group %s%.*s: it "
                          "has processes of its own, which version 2 does not allow in a group "
                          "that hands down controllers; move them, or choose another cgroupsPath",
                          limit->controller, group->mountpoint, length, group->path);
    if (error == EOPNOTSUPP)
        return limit_fail(limits, failure, OCI_ERR_CGROUP, limit->place,
                          "the %s controller cannot be switched on below control group %s%.*s, "
                          "which is a threaded one",
                          limit->controller, group->mountpoint, length, group->path);
    fail_at(failure, "%s%s", limits->prefix, limit->place);
    return fail_errno(failure, OCI_ERR_CGROUP, error,
                      "switch the %s controller on below control group %s%.*s", limit->controller,
                      group->mountpoint, length, group->path);
}

static int enable(const struct group *group, int dir, const char *rest, const struct limits *limits,
                  const struct limit *limit, struct failure *failure)
{
    if (file_has_word(dir, "cgroup.subtree_control", limit->controller))
        return 0;
    if (!file_has_word(dir, "cgroup.controllers", limit->controller))
        return limit->flags & LIMIT_QUIET
                   ? 0
                   : limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, limit->place,
                                "the %s controller is not available in control group %s%.*s",
                                limit->controller, group->mountpoint, walked(group, rest),
                                group->path);
    char word[80];
    struct failure found = {0};
    snprintf(word, sizeof(word), "+%s", limit->controller);
    int r = group_write(group, dir, "cgroup.subtree_control", word, NULL, &found);
    if (r == 0)
        return 0;
    if (limit->flags & LIMIT_QUIET)
        return 0;
    return explain(group, rest, limits, limit, found.error, failure);
}

int group_v2_enable(const struct group *group, const struct limits *limits, struct failure *failure)
{
    bool needed = false;
    for (size_t i = 0; i < limits->count; i++)
        needed |= limits->list[i].v2 && limits->list[i].controller[0];
    if (!needed)
        return 0;
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    /* The container's own group is a leaf: its parents hand the controllers down. */
    const char *rest = group->path;
    int r = 0;
    do {
        rest += strspn(rest, "/");
        for (size_t i = 0; *rest && r >= 0 && i < limits->count; i++) {
            const struct limit *limit = &limits->list[i];
            bool again = i > 0 && strcmp(limit->controller, limits->list[i - 1].controller) == 0;
            if (limit->v2 && limit->controller[0] && !(again && limits->list[i - 1].flags == 0))
                r = enable(group, dir, rest, limits, limit, failure);
        }
        if (r >= 0)
            r = group_descend(group, &dir, &rest, failure);
    } while (r > 0);
    return r;
}
