/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container whose control group is made by a service manager: systemd.
 */
#ifndef OCIKIT_API_MANAGED_H
#define OCIKIT_API_MANAGED_H

#include <api/internal.h>

#ifdef HAVE_SYSTEMD
#include <systemd/scope.h>
#endif

struct managed {
    bool wanted, started;
    char *address; /* of the bus */
    char *path;    /* of the group, below the hierarchy's mount point */
#ifdef HAVE_SYSTEMD
    struct unit unit;
    struct bus bus;
    struct properties annotations; /* those, and the limits */
    struct compiled holder_plan;
    struct session holder;
#endif
};

#ifdef HAVE_SYSTEMD
#define MANAGED_INIT {.holder = SESSION_INIT}
#else
#define MANAGED_INIT {.wanted = false}
#endif

/* Limits of a configuration, with the place of its resources in their document. */
struct managed_limits {
    const struct group_set *set;
    const struct oci_linux_resources *resources; /* NULL: none */
    const char *prefix;
    const struct log *log;
    /* What a list of systemd's does not name it denies, whatever the runtime's own program allows. */
    bool hooks_may_add_devices;
};

/* Names, and a connection to the bus unless this is only for a plan. */
int managed_prepare(struct managed *managed, const container_context *context,
                    const struct oci_runtime_config *config, const char *id,
                    const struct caller *caller, bool only_plan, struct failure *failure);
/* Can a process of a caller without privileges go from where it is to the group?  Both have to be the user's. */
int managed_check_place(const struct managed *managed, const struct group *group,
                        struct failure *failure);
/* Make the group.  It lasts as long as something is in it, for which the holder's process is there until
 * managed_settle, which is for when the container's own is. */
int managed_start(struct managed *managed, container_context *context, const char *id,
                  const struct managed_limits *limits, struct failure *failure);
void managed_release(struct managed *managed); /* that process ends */
/* The text of a plan with what systemd will do before it.  Takes rest; NULL when memory is out. */
char *managed_plan_text(const struct managed *managed, char *rest);
int managed_settle(struct managed *managed, const struct managed_limits *limits,
                   struct failure *failure);
int managed_update(const struct oci_record_systemd *record, const struct managed_limits *limits,
                   struct failure *failure);
/* Its strings are managed's. */
struct oci_record_systemd managed_record(const struct managed *managed);
int managed_stop(const struct oci_record_systemd *record, struct failure *failure);
void managed_free(struct managed *managed);

#endif
