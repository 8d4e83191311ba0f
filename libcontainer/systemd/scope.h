/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's scope: made, changed and stopped by systemd.
 *
 *     cgroupsPath --unit.c, pure--> names --+
 *     annotations --annotation.c, pure------+--> StartTransientUnit(first process) --> the group is there
 *     limits, devices --property.c, pure----+--> SetUnitProperties
 *
 * systemd makes a scope around a process only, so a process that does nothing is started for that and ends when the
 * container's own is in it (api/scope.c).  The same limits are then written to the group's files, as without systemd;
 * what systemd has as properties it would write again by itself.
 */
#ifndef OCIKIT_SYSTEMD_SCOPE_H
#define OCIKIT_SYSTEMD_SCOPE_H

#include <sys/types.h>

#include <systemd/bus.h>
#include <systemd/property.h>
#include <systemd/unit.h>

/* The manager's own group: "" for the root, "/user.slice/user-1000.slice/user@1000.service"; to be freed. */
int scope_base(struct bus *bus, char **base, struct failure *failure);
/* Start unit around pid with these properties; returns when pid is in its group, which is at path.  *started: systemd
 * took it on, so that it has to be stopped also on failure. */
int scope_start(struct bus *bus, const struct unit *unit, const char *path, const char *id,
                pid_t pid, const struct properties *properties, bool *started,
                struct failure *failure);
/* Change properties of a unit; none: nothing is done. */
int scope_set(struct bus *bus, const char *name, const struct properties *properties,
              struct failure *failure);
/* Stop a unit; one that is gone is no failure. */
int scope_stop(struct bus *bus, const char *name, struct failure *failure);

#endif
