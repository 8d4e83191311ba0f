/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler's files share.  Each compile_X adds the ops of one part of the configuration
 * and returns 0 or a code with the failure filled in.
 */
#ifndef OCIKIT_PLAN_COMPILE_INTERNAL_H
#define OCIKIT_PLAN_COMPILE_INTERNAL_H

#include <linux/sched.h>

#include <plan/compile.h>

#define MAX_NAMESPACES 8

struct namespace_join {
    uint64_t flag;
    const char *path;
    size_t index; /* in linux.namespaces */
    int32_t slot;
};

struct namespaces {
    uint64_t fresh;  /* CLONE_NEW* of new ones */
    uint64_t joined; /* of those named by path */
    struct namespace_join join[MAX_NAMESPACES];
    size_t join_count;
    bool two_stage;
};

struct compiler {
    const struct compile_input *input;
    const struct oci_runtime_config *config;
    struct oci_linux no_linux; /* in place of an absent section */
    const struct oci_linux *linux_;
    struct plan_builder builder;
    struct namespaces namespaces;
    struct compiled *out;
    struct failure *failure;
    int32_t root_slot;
    int32_t null_slot;         /* tree of the host's /dev/null, for masked files */
    struct mount_plan *mounts; /* one per entry of mounts[], see mount_plan.h */
    bool dev_is_bound;         /* a /dev from elsewhere, which is not ours to add to */
    bool is_builder;           /* another init is the container's process, see compile_member.c */
    int32_t joined_user_slot;  /* the user namespace by path, for id mappings; or -1 */
    int32_t device_slots[64];  /* trees of the host's nodes, where nodes cannot be made */
};

/* compile.c: the first and the last step of every product */
int compiler_begin(struct compiler *c, const struct compile_input *input, struct compiled *out,
                   struct failure *failure);
int compiler_end(struct compiler *c, int r);

/* The init puts itself into a group of the input. */
void compile_group_join(struct compiler *c, size_t index);
void compile_group_joins(struct compiler *c, bool from_outside);
void compile_keyring(struct compiler *c, const struct oci_process *process);
int compile_start(struct compiler *c); /* after PLAN_READY: the start, its hooks, the program */

/* compile_member.c */
bool needs_member(const struct compiler *c);
/* c's process as a plan of its own, in c->out->member. */
int compile_member(struct compiler *c);
void compile_meeting(struct compiler *c); /* of the builder: where its member may come */
void compile_parting(struct compiler *c); /* and where it has done its work */

/* compile_namespaces.c */
const char *namespace_name(uint64_t flag);
int read_namespaces(struct compiler *c);
int compile_id_maps(struct compiler *c);
void compile_namespace_opens(struct compiler *c);
int compile_time_namespace(struct compiler *c);
void compile_namespace_joins(struct compiler *c);
void compile_namespace_makes(struct compiler *c);   /* the second stage, where there is one */
void compile_namespace_root(struct compiler *c);    /* the maps, and the root that they give */
void compile_namespace_arrival(struct compiler *c); /* what is done first inside */

/* compile_idmap.c */
/* Which mounts have which id mapping; takes the inherited slots for them, so it comes before any other slot. */
int compile_idmaps(struct compiler *c);
/* Open what the mappings come from. */
void compile_idmap_opens(struct compiler *c);
/* Give the tree of mounts[index] its mapping, if it is to have one. */
void compile_idmap(struct compiler *c, size_t index);

/* compile_mounts.c */
int compile_trees(struct compiler *c);
int compile_mount_trees(struct compiler *c); /* those of mounts[] alone */
/* Attach mounts[index]; and, after all of them, turn read-only what waited for the others. */
int compile_mount(struct compiler *c, size_t index);
void compile_late_read_only(struct compiler *c);
int compile_mounts(struct compiler *c);

/* Begin the filesystems that mounts[] of a builder has of its member, and give them away. */
void compile_given_filesystems(struct compiler *builder, struct compiler *member);

bool mount_is_bind(const struct oci_mount *mount);
/* A new procfs shows the pid namespace of who makes it. */
bool mount_shows_processes(const struct oci_mount *mount);
/* A destination without ".", ".." and empty components; NULL when memory is out. */
char *clean_path(const char *path);

/* compile_devices.c */
int compile_device_trees(struct compiler *c);
int compile_devices(struct compiler *c);

/* compile_rootfs.c */
int compile_masks(struct compiler *c);
int compile_enter_root(struct compiler *c);

/* compile_kernel.c */
/* The kinds of namespaces that hold what hostname, domainname and sysctl change. */
uint64_t changed_namespaces(const struct compiler *c);
int compile_kernel(struct compiler *c); /* names, sysctl */
int compile_rlimits(struct compiler *c, const struct oci_process *process);
int compile_oom_score(struct compiler *c, const struct oci_process *process);

/* compile_scheduling.c */
int compile_scheduler(struct compiler *c, const struct oci_process *process);
int compile_io_priority(struct compiler *c, const struct oci_process *process);
int check_affinity(struct compiler *c, const struct oci_process *process);
bool wants_initial_affinity(const struct oci_process *process);
/* Before (final: after) the control groups are joined. */
int compile_affinity(struct compiler *c, const struct oci_process *process, bool final);
int compile_memory_policy(struct compiler *c);
int compile_personality(struct compiler *c);

/* compile_net.c */
int compile_net_devices(struct compiler *c);

/* compile_label.c */
bool wants_labels(const struct oci_process *process);
/* In place of the host's: one of the pid namespace that the init has entered, with its processes only. */
void compile_label_procfs(struct compiler *c);
int compile_labels(struct compiler *c, const struct oci_process *process);
void compile_keyring_label(struct compiler *c, const struct oci_process *process);
const char *mount_label(const struct compiler *c); /* or NULL */

/* compile_process.c */
/* What only the caller's rights can give: before they are given up for a user namespace's, or at
 * the beginning of compile_process. */
int compile_privileged(struct compiler *c, const struct oci_process *process);
int compile_terminal(struct compiler *c, const struct oci_process *process, bool console_node);
/* Identity, privileges, directory, program, up to PLAN_READY. */
int compile_process(struct compiler *c, const struct oci_process *process);
/* The filter where it goes last, and exec. */
int compile_program(struct compiler *c, const struct oci_process *process);

/* compile_hooks.c */
int compile_hooks(struct compiler *c, const struct hook_list *list, const char *status);

/* compile_rootless.c */
/* Is the caller without privileges over the mounts that it sees?  They are opened inside its own user
 * namespace then. */
bool opens_trees_late(const struct compiler *c);
/* Is everything done in a user namespace, the container's or one that the caller is in already? */
bool is_restricted(const struct compiler *c);
/* Where there are no privileges and no user namespace that would give some. */
int check_privileges(struct compiler *c);
/* Are the process's ids in the mappings of the user namespace that is made for it? */
int check_mapped_ids(struct compiler *c, const struct oci_process *process);
/* Ids in options of a devpts, such as "gid=5", that the user namespace does not have are left out. */
void drop_unmapped_options(struct compiler *c, size_t index, const char **data, size_t *count);
/* What a user namespace may not have of its own, and where the host has it; NULL: nothing to fall back on. */
const char *filesystem_fallback(const struct compiler *c, const char *type);
/* PLAN_VISIBLE where the process has no right to its own files under proc otherwise. */
uint16_t visible_flag(const struct compiler *c);

/* compile_check.c */
int check_supported(struct compiler *c);
int check_process(struct compiler *c, const struct oci_process *process);

/* compile_process.c */
bool keeps_groups(const struct compiler *c);

static inline bool has_user_namespace(const struct compiler *c)
{
    return (c->namespaces.fresh | c->namespaces.joined) & CLONE_NEWUSER;
}

static inline const char *process_place(const struct compiler *c)
{
    return c->input->process_place;
}

#endif
