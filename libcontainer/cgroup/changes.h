/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of limits on its way into the files of groups.  What each file held is read first where the group is not
 * the container's alone or in use, so that it can be written again when a later one is refused.
 */
#ifndef OCIKIT_CHANGES_H
#define OCIKIT_CHANGES_H

#include <cgroup/group.h>
#include <cgroup/limits.h>

/* One limit on its way. */
struct change {
    const struct limit *limit;
    const struct group *group;
    int dir; /* borrowed */
    const char *file, *value;
    char *old;              /* what the file held, where that matters */
    const char *other_file; /* one that the kernel clears with this one, and what it held */
    char *other_old;
    bool done;
};

struct changes {
    const struct group_set *set;
    const struct limits *limits;
    struct change *list;
    size_t count;
    int *dirs; /* of the set's groups, opened as needed */
    bool careful;
};

/* Find the groups and files of those limits that have all flags of with and none of without, and read what they
 * hold; nothing is changed. */
int changes_prepare(struct changes *changes, unsigned with, unsigned without,
                    struct failure *failure);
/* Write them, up to the first that the kernel refuses. */
int changes_write(struct changes *changes, struct failure *failure);
/* Undo what was written. */
void changes_roll_back(struct changes *changes);
void changes_free(struct changes *changes);

#endif
