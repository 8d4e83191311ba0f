/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.namespaces, the id mappings and timeOffsets: which namespaces are new, which are entered by
 * path, and in how many stages.
 *
 * A user namespace, or a pid namespace by path, needs a second stage: the first, with the caller's
 * privileges, joins control groups, opens the host's mounts and forks the second into the
 * namespaces. It has a memory of its own by then, so nothing of the caller's can be reached from
 * inside.
 */
#include <plan/compile_internal.h>

#include <linux/sched.h>
#include <string.h>

static const struct {
    enum oci_namespace_type type;
    uint64_t flag;
    const char *name;
} kinds[] = {
    {OCI_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS, "mount"},
    {OCI_NAMESPACE_TYPE_PID, CLONE_NEWPID, "pid"},
    {OCI_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET, "network"},
    {OCI_NAMESPACE_TYPE_UTS, CLONE_NEWUTS, "uts"},
    {OCI_NAMESPACE_TYPE_IPC, CLONE_NEWIPC, "ipc"},
    {OCI_NAMESPACE_TYPE_USER, CLONE_NEWUSER, "user"},
    {OCI_NAMESPACE_TYPE_CGROUP, CLONE_NEWCGROUP, "cgroup"},
    {OCI_NAMESPACE_TYPE_TIME, CLONE_NEWTIME, "time"},
};

const char *namespace_name(uint64_t flag)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].flag == flag)
            return kinds[i].name;
    }
    return "unknown";
}

static uint64_t namespace_flag(enum oci_namespace_type type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type == type)
            return kinds[i].flag;
    }
    return 0;
}

static int read_one(struct compiler *c, const struct oci_linux_namespace *ns, size_t index)
{
    struct namespaces *all = &c->namespaces;
    uint64_t flag = namespace_flag(ns->type);
    if ((all->fresh | all->joined) & flag) {
        fail_at(c->failure, "/linux/namespaces/%zu", index);
        return fail(c->failure, OCI_ERR_CONFIG, "a second %s namespace; each kind may stand once",
                    namespace_name(flag));
    }
    if (ns->path == NULL || ns->path[0] == 0) {
        all->fresh |= flag;
        return 0;
    }
    if (ns->path[0] != '/') {
        fail_at(c->failure, "/linux/namespaces/%zu/path", index);
        return fail(c->failure, OCI_ERR_CONFIG, "namespace path \"%s\" is not absolute", ns->path);
    }
    all->joined |= flag;
    all->join[all->join_count++] = (struct namespace_join){flag, ns->path, index};
    return 0;
}

static int needs(struct compiler *c, bool wanted, uint64_t flag, const char *place)
{
    if (!wanted || (c->namespaces.fresh & flag))
        return 0;
    fail_at(c->failure, "%s", place);
    return fail(c->failure, OCI_ERR_CONFIG, "%s needs a new %s namespace in /linux/namespaces",
                strrchr(place, '/') + 1, namespace_name(flag));
}

int read_namespaces(struct compiler *c)
{
    struct namespaces *all = &c->namespaces;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->linux_->namespaces_count; i++)
        r = read_one(c, &c->linux_->namespaces[i], i);
    if (r == 0)
        r = needs(c, c->linux_->uid_mappings_count > 0, CLONE_NEWUSER, "/linux/uidMappings");
    if (r == 0)
        r = needs(c, c->linux_->gid_mappings_count > 0, CLONE_NEWUSER, "/linux/gidMappings");
    if (r == 0)
        r = needs(c, c->linux_->time_offsets != NULL, CLONE_NEWTIME, "/linux/timeOffsets");
    all->two_stage = ((all->fresh | all->joined) & CLONE_NEWUSER) || (all->joined & CLONE_NEWPID);
    return r;
}

static int map_text(struct compiler *c, const struct oci_id_mapping *maps, size_t count,
                    const char *member, char **text)
{
    if (count == 0) {
        fail_at(c->failure, "/linux");
        return fail(c->failure, OCI_ERR_CONFIG, "a new user namespace needs %s", member);
    }
    _buffer_ struct buffer lines = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t in = (uint64_t)maps[i].container_id + maps[i].size;
        uint64_t out = (uint64_t)maps[i].host_id + maps[i].size;
        if (maps[i].size == 0 || in > UINT32_MAX || out > UINT32_MAX) {
            fail_at(c->failure, "/linux/%s/%zu", member, i);
            return fail(c->failure, OCI_ERR_ID_MAPPING,
                        "the range is empty or goes beyond the last id");
        }
        buffer_format(&lines, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
    }
    *text = buffer_take(&lines);
    return *text ? 0 : fail_memory(c->failure);
}

int compile_id_maps(struct compiler *c)
{
    if (!(c->namespaces.fresh & CLONE_NEWUSER))
        return 0;
    int r = map_text(c, c->linux_->uid_mappings, c->linux_->uid_mappings_count, "uidMappings",
                     &c->out->uid_map);
    if (r == 0)
        r = map_text(c, c->linux_->gid_mappings, c->linux_->gid_mappings_count, "gidMappings",
                     &c->out->gid_map);
    c->out->new_user = r == 0;
    return r;
}

static void offset_line(struct buffer *lines, const char *clock,
                        const struct oci_time_offset *offset)
{
    if (offset)
        buffer_format(lines, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

static int compile_time(struct compiler *c)
{
    if (!(c->namespaces.fresh & CLONE_NEWTIME))
        return 0;
    const struct oci_time_offsets *offsets = c->linux_->time_offsets;
    _buffer_ struct buffer lines = {0};
    if (offsets) {
        offset_line(&lines, "monotonic", offsets->monotonic);
        offset_line(&lines, "boottime", offsets->boottime);
    }
    if (buffer_failed(&lines))
        return fail_memory(c->failure);
    plan_from(&c->builder, OCI_ERR_NAMESPACE, offsets ? "/linux/timeOffsets" : "/linux/namespaces");
    PLAN_ADD(&c->builder, .code = PLAN_TIME_OFFSETS,
             .text0 = lines.length ? plan_text(&c->builder, lines.data) : 0);
    return 0;
}

static void compile_opens(struct compiler *c, int32_t *slots)
{
    struct namespaces *all = &c->namespaces;
    for (size_t i = 0; i < all->join_count; i++) {
        slots[i] = plan_slot(&c->builder);
        plan_from(&c->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu/path", all->join[i].index);
        PLAN_ADD(&c->builder, .code = PLAN_NS_OPEN, .slot0 = slots[i],
                 .text0 = plan_text(&c->builder, all->join[i].path), .number0 = all->join[i].flag);
    }
}

/* Namespaces by path.  One whose owner is the user namespace to be joined can be entered only after
 * it, one of the host's only before it: both are tried in turn. */
static void compile_joins(struct compiler *c, const int32_t *slots)
{
    struct namespaces *all = &c->namespaces;
    bool user = all->joined & CLONE_NEWUSER;
    for (int pass = user ? 0 : 2; pass < 3; pass++) {
        for (size_t i = 0; i < all->join_count; i++) {
            bool is_user = all->join[i].flag == CLONE_NEWUSER;
            if (is_user != (pass == 1))
                continue;
            plan_from(&c->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu", all->join[i].index);
            PLAN_ADD(&c->builder, .code = PLAN_NS_ENTER, .slot0 = slots[i],
                     .flags = pass == 0 ? PLAN_MAY_BE_DENIED : 0, .number0 = all->join[i].flag);
        }
    }
}

int compile_places(struct compiler *c)
{
    struct namespaces *all = &c->namespaces;
    struct plan_builder *b = &c->builder;
    plan_from(b, OCI_ERR_CGROUP, c->linux_->cgroups_path ? "/linux/cgroupsPath" : NULL);
    for (size_t i = 0; i < c->input->groups->count; i++)
        PLAN_ADD(b, .code = PLAN_CGROUP_JOIN, .slot0 = PLAN_SLOT_FIRST_GROUP + (int32_t)i);
    int failed = compile_oom_score(c, c->config->process);
    if (failed < 0)
        return failed;
    /* The cgroup namespace shows the group that the process is in when it is made, so it comes
     * after the join and cannot be one of clone's flags; the time namespace takes its offsets
     * before it is used. */
    uint64_t by_clone = all->fresh & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
    int32_t slots[MAX_NAMESPACES];
    compile_opens(c, slots);
    /* What needs the caller's rights on the host comes before a user namespace takes them away. */
    int r = compile_time(c);
    if (r == 0 && all->two_stage)
        r = compile_trees(c);
    if (r == 0 && has_user_namespace(c))
        r = compile_rlimits(c, c->config->process);
    compile_joins(c, slots);
    if (r == 0 && all->two_stage) {
        plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces");
        PLAN_ADD(b, .code = PLAN_FORK, .number0 = by_clone);
        plan_from(b, OCI_ERR_ID_MAPPING, "/linux/uidMappings");
        if (all->fresh & CLONE_NEWUSER)
            PLAN_ADD(b, .code = PLAN_SYNC, .number0 = PLAN_SYNC_MAPS);
        if (has_user_namespace(c))
            PLAN_ADD(b, .code = PLAN_NS_ROOT);
    }
    c->out->clone_flags = all->two_stage ? 0 : by_clone;
    c->out->two_stage = all->two_stage;
    c->out->private_pids = (all->fresh & CLONE_NEWPID) != 0;
    plan_from(b, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(b, .code = PLAN_SESSION);
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces");
    if (all->fresh & CLONE_NEWCGROUP)
        PLAN_ADD(b, .code = PLAN_NS_UNSHARE, .number0 = CLONE_NEWCGROUP);
    if (all->fresh & CLONE_NEWNET)
        PLAN_ADD(b, .code = PLAN_LOOPBACK);
    return r;
}
