/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container lives under systemd: names of its scope and slice.  Pure.
 */
#ifndef OCIKIT_SYSTEMD_UNIT_H
#define OCIKIT_SYSTEMD_UNIT_H

#include <stdbool.h>

#include <base/error.h>

struct unit {
    char *name;  /* "ocikit-a.scope" */
    char *slice; /* "machine-b.slice" */
    char *path;  /* of its group below the manager's: "/machine.slice/machine-b.slice/ocikit-a.scope" */
};

/* cgroups_path is "SLICE:PREFIX:NAME", of which each may be empty, or NULL.  user: a user's own manager.
 * OCI_ERR_CONFIG at /linux/cgroupsPath. */
int unit_plan(const char *cgroups_path, const char *id, bool user, struct unit *unit,
              struct failure *failure);
void unit_free(struct unit *unit);
#define _unit_ __attribute__((cleanup(unit_free)))

#endif
