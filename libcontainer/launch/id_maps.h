/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the id maps of a new user namespace: by hand where the kernel lets this caller, else by the
 * programs that hand out a user's subordinate ids.
 */
#ifndef OCIKIT_ID_MAPS_H
#define OCIKIT_ID_MAPS_H

#include <sys/types.h>

#include <base/caller.h>
#include <plan/compile.h>

struct id_mapper {
    const struct caller *caller;       /* NULL: the host's root */
    int init;                          /* memfd of the init program, which runs the helpers */
    const char *newuidmap, *newgidmap; /* absolute paths of the helpers */
    int cancel;
};

/* Write uid_map and gid_map of a process that waits for it. */
int id_maps_write(const struct id_mapper *mapper, pid_t pid, const struct compiled *compiled,
                  struct failure *failure);

#endif
