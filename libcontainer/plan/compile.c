/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler's products, each a list of its parts in order.
 */
#include <plan/compile.h>

#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>
#include <plan/mount_plan.h>

static uint32_t inherited_slots(const struct compile_input *input)
{
    return PLAN_SLOT_FIRST_GROUP + (input->groups ? (uint32_t)input->groups->count : 0);
}

int compiler_begin(struct compiler *c, const struct compile_input *input, struct compiled *out,
                   struct failure *failure)
{
    memset(c, 0, sizeof(*c));
    memset(out, 0, sizeof(*out));
    c->input = input;
    c->config = input->config;
    c->linux_ = input->config->linux_ ? input->config->linux_ : &c->no_linux;
    c->out = out;
    c->failure = failure;
    c->root_slot = c->null_slot = PLAN_SLOT_NONE;
    for (size_t i = 0; i < ARRAY_SIZE(c->device_slots); i++)
        c->device_slots[i] = PLAN_SLOT_NONE;
    c->joined_user_slot = PLAN_SLOT_NONE;
    plan_begin(&c->builder, inherited_slots(input));
    return 0;
}

int compiler_end(struct compiler *c, int r)
{
    if (r == 0)
        r = plan_finish(&c->builder, inherited_slots(c->input) + (uint32_t)c->out->id_map_count,
                        c->input->keep_fds, &c->out->plan, c->failure);
    plan_builder_free(&c->builder);
    free_mounts(c);
    if (r < 0)
        compiled_free(c->out);
    return r;
}

static int rootfs_path(struct compiler *c)
{
    _buffer_ struct buffer path = {0};
    if (c->config->root->path[0] != '/')
        buffer_format(&path, "%s/", c->input->bundle);
    buffer_text(&path, c->config->root->path);
    c->out->rootfs = buffer_take(&path);
    return c->out->rootfs ? 0 : fail_memory(c->failure);
}

#define HOOKS(c, member, text)                                                                     \
    (struct hook_list)                                                                             \
    {                                                                                              \
        text, (c)->config->hooks ? (c)->config->hooks->member : NULL,                              \
            (c)->config->hooks ? (c)->config->hooks->member##_count : 0                            \
    }

void compile_group_join(struct compiler *c, size_t index)
{
    const struct group *group = &c->input->groups->groups[index];
    _buffer_ struct buffer path = {0};
    buffer_format(&path, "%s%s", group->mountpoint, group->path);
    c->builder.data.failed |= path.failed;
    PLAN_ADD(&c->builder, .code = PLAN_CGROUP_JOIN, .slot0 = PLAN_SLOT_FIRST_GROUP + (int32_t)index,
             .text0 = path.failed ? 0 : plan_text(&c->builder, path.data));
}

void compile_group_joins(struct compiler *c, bool from_outside)
{
    c->out->born_in_group = groups_unified(c->input->groups) && !from_outside;
    if (c->out->born_in_group)
        return;
    for (size_t i = 0; i < c->input->groups->count; i++)
        compile_group_join(c, i);
}

/* What needs the caller's rights on the host comes before a user namespace takes them away. */
static int compile_places(struct compiler *c)
{
    plan_from(&c->builder, OCI_ERR_CGROUP, c->linux_->cgroups_path ? "/linux/cgroupsPath" : NULL);
    compile_group_joins(c, false);
    bool late = opens_trees_late(c);
    int r = compile_oom_score(c, c->config->process);
    compile_namespace_opens(c);
    if (r == 0 && !late)
        r = compile_time_namespace(c);
    if (r == 0 && c->namespaces.two_stage && !late)
        r = compile_trees(c);
    if (r == 0 && has_user_namespace(c))
        r = compile_privileged(c, c->config->process);
    compile_namespace_joins(c);
    compile_namespace_makes(c);
    /* Still as the caller, who may read where the namespace's root may not. */
    if (r == 0 && c->namespaces.two_stage && late)
        r = compile_trees(c);
    compile_namespace_root(c);
    if (r == 0 && late)
        r = compile_time_namespace(c);
    plan_from(&c->builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c->builder, .code = PLAN_SESSION);
    compile_namespace_arrival(c);
    return r == 0 ? compile_net_devices(c) : r;
}

/* Everything between the namespaces and the process: the root filesystem, and the hooks that run
 * when it is there but not yet entered. */
static int compile_root(struct compiler *c)
{
    const struct oci_process *process = c->config->process;
    int r = compile_mounts(c);
    if (r == 0)
        r = compile_masks(c);
    if (r == 0)
        r = compile_terminal(c, process, true);
    if (r < 0)
        return r;
    if (c->namespaces.fresh & CLONE_NEWNS) {
        plan_from(&c->builder, OCI_ERR_CWD, "/process/cwd");
        PLAN_ADD(&c->builder, .code = PLAN_MKDIR, .flags = PLAN_OPTIONAL, .number0 = 0755,
                 .text0 = plan_text(&c->builder, process->cwd));
    }
    struct hook_list prestart = HOOKS(c, prestart, "prestart");
    struct hook_list runtime = HOOKS(c, create_runtime, "createRuntime");
    struct hook_list inside = HOOKS(c, create_container, "createContainer");
    c->out->host_hooks = prestart.count || runtime.count;
    plan_from(&c->builder, OCI_ERR_HOOK, "/hooks");
    /* Hooks of the init need its pid, which the answer to this brings. */
    if (c->out->host_hooks || inside.count)
        PLAN_ADD(&c->builder, .code = PLAN_SYNC, .number0 = PLAN_SYNC_HOOKS);
    r = compile_hooks(c, &inside, "creating");
    return r == 0 ? compile_enter_root(c) : r;
}

/* A session keyring of its own: the caller's may hold secrets. */
void compile_keyring(struct compiler *c, const struct oci_process *process)
{
    if (c->input->flags & CONTAINER_NO_NEW_KEYRING)
        return;
    _buffer_ struct buffer name = {0};
    buffer_format(&name, "_ses.%s", c->input->id);
    compile_keyring_label(c, process);
    plan_from(&c->builder, OCI_ERR_IO, NULL);
    PLAN_ADD(&c->builder, .code = PLAN_KEYRING, .text0 = plan_text(&c->builder, name.data));
    c->builder.data.failed |= name.failed;
}

static bool has_own_mounts(const struct compiler *c)
{
    for (size_t i = 0; i < c->linux_->namespaces_count; i++) {
        const struct oci_linux_namespace *ns = &c->linux_->namespaces[i];
        if (ns->type == OCI_NAMESPACE_TYPE_MOUNT && (ns->path == NULL || ns->path[0] == 0))
            return true;
    }
    return false;
}

int compile_start(struct compiler *c)
{
    struct hook_list start = HOOKS(c, start_container, "startContainer");
    plan_from(&c->builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c->builder, .code = PLAN_WAIT_START);
    int r = compile_hooks(c, &start, "created");
    return r == 0 ? compile_program(c, c->config->process) : r;
}

/* Everything that can be wrong before the first op, and what the ops are made from. */
static int read_create(struct compiler *c)
{
    const struct oci_process *process = c->config->process;
    int r = read_namespaces(c);
    if (r == 0)
        r = check_supported(c);
    if (r == 0)
        r = check_process(c, process);
    if (r == 0)
        r = check_privileges(c);
    if (r == 0)
        r = compile_read_mounts(c);
    if (r == 0)
        r = compile_idmaps(c);
    if (r == 0)
        r = rootfs_path(c);
    if (r == 0)
        r = compile_id_maps(c);
    return r == 0 ? check_mapped_ids(c, process) : r;
}

int compile_create(const struct compile_input *input, struct compiled *compiled,
                   struct failure *failure)
{
    struct compiler c;
    int r = compiler_begin(&c, input, compiled, failure);
    if (r < 0)
        return r;
    r = read_create(&c);
    c.is_builder = r == 0 && needs_member(&c);
    if (r == 0 && c.is_builder)
        r = compile_member(&c);
    if (r == 0)
        r = compile_places(&c);
    if (r == 0 && c.is_builder)
        compile_meeting(&c);
    if (r == 0)
        compile_keyring(&c, input->config->process);
    if (r == 0)
        r = compile_kernel(&c);
    if (r == 0)
        r = compile_root(&c);
    if (r == 0 && c.is_builder) {
        compile_parting(&c);
        return compiler_end(&c, 0);
    }
    if (r == 0)
        r = compile_process(&c, input->config->process);
    if (r == 0)
        r = compile_start(&c);
    return compiler_end(&c, r);
}

/*
 * Into the pid namespace of a container whose processes may look into every process there (CAP_SYS_PTRACE
 * without a user namespace): /proc/PID/fd, cwd and root of the second stage lead nowhere but into the container.
 * So the host's procfs is closed and the root entered before the fork.  Labels need a procfs afterwards: one of
 * that pid namespace, without sys.  In a user namespace it may not be made, nor need it be: who has rights only
 * there cannot look into a process that was executed outside and is not dumpable.
 */
static void fork_inside(struct compiler *c, const struct oci_process *process, uint64_t namespaces)
{
    struct plan_builder *b = &c->builder;
    bool labels = wants_labels(process);
    plan_from(b, OCI_ERR_NAMESPACE, NULL);
    if (!labels || !(namespaces & CLONE_NEWUSER))
        PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = PLAN_SLOT_PROC);
    PLAN_ADD(b, .code = PLAN_FORK);
    c->out->two_stage = true;
    if (labels && !(namespaces & CLONE_NEWUSER))
        compile_label_procfs(c);
}

static void enter_container(struct compiler *c, const struct oci_process *process,
                            uint64_t namespaces)
{
    struct plan_builder *b = &c->builder;
    /* Only a new mount namespace brings its root along. */
    int32_t root = has_own_mounts(c) ? PLAN_SLOT_NONE : plan_slot(b);
    plan_from(b, OCI_ERR_ROOTFS, NULL);
    if (root >= 0) {
        char place[32];
        snprintf(place, sizeof(place), "%d/root", (int)c->input->join);
        PLAN_ADD(b, .code = PLAN_ROOT_OPEN, .slot0 = root, .text0 = plan_text(b, place));
    }
    plan_from(b, OCI_ERR_NAMESPACE, NULL);
    if (namespaces)
        PLAN_ADD(b, .code = PLAN_NS_ENTER_ALL, .slot0 = PLAN_SLOT_JOIN, .number0 = namespaces);
    plan_from(b, OCI_ERR_ROOTFS, NULL);
    if (root >= 0)
        PLAN_ADD(b, .code = PLAN_ROOT_CHROOT, .slot0 = root);
    if (namespaces & CLONE_NEWPID)
        fork_inside(c, process, namespaces);
}

int compile_exec(const struct compile_input *input, const struct oci_process *process,
                 uint64_t namespaces, struct compiled *compiled, struct failure *failure)
{
    struct compiler c;
    int r = compiler_begin(&c, input, compiled, failure);
    if (r < 0)
        return r;
    struct plan_builder *b = &c.builder;
    r = check_process(&c, process);
    if (r == 0)
        r = check_mapped_ids(&c, process);
    if (r == 0)
        r = compile_affinity(&c, process, false);
    plan_from(b, OCI_ERR_CGROUP, NULL);
    compile_group_joins(&c, wants_initial_affinity(process));
    if (r == 0)
        r = compile_affinity(&c, process, true);
    if (r == 0)
        r = compile_oom_score(&c, process);
    /* Limits that only the host's root may raise are raised before its rights are given up. */
    if (r == 0 && (namespaces & CLONE_NEWUSER)) {
        r = compile_privileged(&c, process);
        c.namespaces.fresh = CLONE_NEWUSER;
    }
    enter_container(&c, process, namespaces);
    if (namespaces & CLONE_NEWUSER)
        PLAN_ADD(b, .code = PLAN_NS_ROOT, .flags = keeps_groups(&c) ? PLAN_KEEP_GROUPS : 0);
    plan_from(b, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(b, .code = PLAN_SESSION);
    compile_keyring(&c, process);
    if (r == 0)
        r = compile_terminal(&c, process, false);
    if (r == 0)
        r = compile_process(&c, process);
    if (r == 0)
        r = compile_program(&c, process);
    return compiler_end(&c, r);
}

int compile_hooks_only(const struct compile_input *input, const struct hook_list *lists,
                       size_t list_count, const char *status, struct compiled *compiled,
                       struct failure *failure)
{
    struct compiler c;
    int r = compiler_begin(&c, input, compiled, failure);
    if (r < 0)
        return r;
    plan_from(&c.builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c.builder, .code = PLAN_SESSION);
    /* The answer brings the container's pid for the state document. */
    PLAN_ADD(&c.builder, .code = PLAN_SYNC, .number0 = PLAN_SYNC_HOOKS);
    for (size_t i = 0; r == 0 && i < list_count; i++)
        r = compile_hooks(&c, &lists[i], status);
    plan_from(&c.builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c.builder, .code = PLAN_EXIT);
    return compiler_end(&c, r);
}

void compiled_free(struct compiled *compiled)
{
    plan_free(&compiled->plan);
    free(compiled->uid_map);
    free(compiled->gid_map);
    free(compiled->rootfs);
    for (size_t i = 0; i < compiled->id_map_count; i++) {
        free(compiled->id_maps[i].uids);
        free(compiled->id_maps[i].gids);
    }
    free(compiled->id_maps);
    if (compiled->member)
        compiled_free(compiled->member);
    free(compiled->member);
    *compiled = (struct compiled){0};
}
