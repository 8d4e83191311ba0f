/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: groups of the resctrl filesystem.  Functions that take root work below that
 * directory, by fd; none of them decides what becomes of the container.
 */
#ifndef OCIKIT_RESCTRL_H
#define OCIKIT_RESCTRL_H

#include <stdbool.h>
#include <sys/types.h>

#include <ocikit/spec.h>

#include <base/error.h>

struct resctrl_group {
    char *mountpoint;
    char *name;    /* below it; "." for the group that every process begins in */
    char *monitor; /* name of a monitoring group in it, or NULL */
    bool made;     /* the group was not there before, and goes with the container */
};

#define _resctrl_ __attribute__((cleanup(resctrl_free)))

/* What the configuration names; nothing is looked at. */
int resctrl_plan(const struct oci_intel_rdt *config, const char *id, struct resctrl_group *group,
                 struct failure *failure);
/* Where the filesystem is mounted, into group->mountpoint.  OCI_ERR_UNSUPPORTED. */
int resctrl_find(struct resctrl_group *group, struct failure *failure);
/* Its root as an fd; OCI_ERR_NOT_FOUND where it is not mounted there any more. */
int resctrl_open(const struct resctrl_group *group, struct failure *failure);
/* Will making the group make it?  Sets made. */
int resctrl_look(int root, const struct oci_intel_rdt *config, struct resctrl_group *group,
                 struct failure *failure);
/* Make it, or hold one that is there against the configuration.  A failure has undone itself. */
int resctrl_make(int root, const struct oci_intel_rdt *config, struct resctrl_group *group,
                 struct failure *failure);
/* Change the schemata of a group that is there: all that config names, or nothing. */
int resctrl_update(int root, const struct oci_intel_rdt *config, const struct resctrl_group *group,
                   struct failure *failure);
int resctrl_join(int root, const struct resctrl_group *group, pid_t pid, struct failure *failure);
/* May be repeated. */
int resctrl_remove(int root, const struct resctrl_group *group, struct failure *failure);
void resctrl_free(struct resctrl_group *group);

/* schemata.c: the lines of the configuration.  all: also those of schemata, not only the two older
 * members' lines.  NULL when memory is out. */
char *schemata_text(const struct oci_intel_rdt *config, bool all);
/* Is every domain of wanted set so in current?  *line is the first line of wanted that is not. */
bool schemata_holds(const char *current, const char *wanted, const char **line, size_t *length);

#endif
