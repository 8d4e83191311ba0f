/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a configuration to a plan.  Pure: nothing is opened, made or changed, so a plan can be
 * compiled and printed without privileges.  create and exec share everything but their first lines.
 *
 * The order of a create:
 *
 *     stage one, where the caller is    control groups, oom score, namespaces by path, time offsets
 *     (user namespaces)                 the host's trees are opened, limits, fork into stage two; a
 *                                       caller that may not copy the host's mounts opens them after it
 *     stage two, in the namespaces      session, keyring, loopback, names, kernel parameters
 *     root                              trees, private, attach, mounts, devices, masks, terminal,
 *                                       hooks, read-only, pivot
 *     process                           limits, privileges, filter, identity, directory, program
 *     ready, wait for start             hooks, filter, exec
 *
 * With a pid namespace by path all but the last two is one init's work, and those another's: compile_member.c.
 */
#ifndef OCIKIT_PLAN_COMPILE_H
#define OCIKIT_PLAN_COMPILE_H

#include <sys/types.h>

#include <ocikit/spec.h>

#include <base/caller.h>
#include <base/log.h>
#include <base/modules.h>
#include <cgroup/group.h>
#include <plan/builder.h>

/* The annotations of a configuration that change what is done.  This one, which podman writes for
 * --group-add keep-groups, leaves the caller's supplementary groups. */
#define ANNOTATION_KEEP_GROUPS "run.oci.keep_original_groups"

struct compile_input {
    const char *id;
    const char *bundle; /* absolute */
    const struct oci_runtime_config *config;
    const struct group_set *groups; /* where the process is to live */
    const struct log *log;
    const char *process_place; /* where the process object is in its document: "/process" or "" */
    unsigned flags;            /* enum container_create_flags */
    uint32_t keep_fds;
    uint64_t grantable;          /* capabilities that the caller can give */
    const struct caller *caller; /* NULL: the host's root */
    pid_t join;                  /* exec: the container's first process */
    unsigned modules;            /* enum host_modules */
};

/* An id mapping as the kernel reads it, with the places in the configuration that it is from. */
struct id_map {
    char *uids, *gids;
    char uid_place[48], gid_place[48];
};

struct compiled {
    struct plan plan;
    /* A second init becomes the process, and the plan above only builds its surroundings; or NULL. */
    struct compiled *member;
    bool born_in_group;   /* on one unified hierarchy clone puts the init into its group at once */
    uint64_t clone_flags; /* CLONE_NEW* of the first stage */
    bool two_stage;
    bool copies_up; /* an added mount takes as long as what it copies */
    bool new_user; /* the library writes these maps at PLAN_SYNC_MAPS */
    char *uid_map, *gid_map;
    bool terminal;
    bool listener_last;              /* a filter notifies, and is loaded right before exec */
    bool host_hooks;                 /* prestart or createRuntime: run at PLAN_SYNC_HOOKS */
    char *rootfs;                    /* absolute */
    struct plan_scheduler scheduler; /* what PLAN_SYNC_SCHEDULER asks for */
    /* One user namespace for each is passed in the last inherited slots. */
    struct id_map *id_maps;
    size_t id_map_count;
};

#define _compiled_ __attribute__((cleanup(compiled_free)))

int compile_create(const struct compile_input *input, struct compiled *compiled,
                   struct failure *failure);

/* A process of a running container.  input->config is the container's, process the new one's;
 * namespaces is the mask of CLONE_NEW* to enter through PLAN_SLOT_JOIN. */
int compile_exec(const struct compile_input *input, const struct oci_process *process,
                 uint64_t namespaces, struct compiled *compiled, struct failure *failure);

/* A plan that runs hooks and ends.  status is what the state document says.  A hook's place in the
 * configuration is /hooks/LIST/N. */
struct hook_list {
    const char *name; /* "poststop" */
    const struct oci_hook *hooks;
    size_t count;
};
int compile_hooks_only(const struct compile_input *input, const struct hook_list *lists,
                       size_t list_count, const char *status, struct compiled *compiled,
                       struct failure *failure);

/* A plan for the first process of a new user namespace with this mapping, which tells of itself at
 * PLAN_SYNC_HOOKS and ends. */
int compile_id_map_holder(const struct id_map *map, struct compiled *compiled,
                          struct failure *failure);

/* A plan for a process that only waits. */
int compile_holder(struct compiled *compiled, struct failure *failure);

/* Mount the only entry of input->config's mounts in a running container, or unmount what is mounted at
 * destination there; namespaces as for compile_exec. */
int compile_mount_add(const struct compile_input *input, uint64_t namespaces,
                      struct compiled *compiled, struct failure *failure);
int compile_mount_remove(const struct compile_input *input, const char *destination,
                         uint64_t namespaces, struct compiled *compiled, struct failure *failure);
/* compile_helper.c: a plan that runs one program of the host and ends.  argv ends with NULL. */
int compile_helper(const char *path, const char *const *argv, uint64_t timeout_ms,
                   struct compiled *compiled, struct failure *failure);

void compiled_free(struct compiled *compiled);

/* compile_kernel.c: "RLIMIT_NOFILE" for its number. */
const char *rlimit_name(uint64_t resource);

/* dump.c: the plan as text for people; NULL when memory is out.  To be freed. */
char *plan_dump(const struct compiled *compiled);

#endif
