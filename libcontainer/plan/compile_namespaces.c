/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.namespaces, the id mappings and timeOffsets: which namespaces are new, which are entered by
 * path, and in how many stages.
 *
 * A user namespace needs a second stage: the first, with the caller's privileges, joins control groups, opens the
 * host's mounts and forks the second into the namespaces. It has a memory of its own by then, so nothing of the
 * caller's can be reached from inside.  A builder (compile_member.c) enters them itself.
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

static int check_offset(struct compiler *c, const char *clock, const struct oci_time_offset *offset)
{
    if (offset == NULL || offset->nanosecs < 1000000000u)
        return 0;
    fail_at(c->failure, "/linux/timeOffsets/%s/nanosecs", clock);
    return fail(c->failure, OCI_ERR_RANGE, "%u nanoseconds are a second or more", offset->nanosecs);
}

static void offset_line(struct buffer *lines, const char *clock,
                        const struct oci_time_offset *offset)
{
    if (offset)
        buffer_format(lines, "%s %lld %u\n", clock, (long long)offset->secs, offset->nanosecs);
}

int compile_time_namespace(struct compiler *c)
{
    if (!(c->namespaces.fresh & CLONE_NEWTIME))
        return 0;
    const struct oci_time_offsets *offsets = c->linux_->time_offsets;
    int r = offsets ? check_offset(c, "monotonic", offsets->monotonic) : 0;
    if (r == 0 && offsets)
        r = check_offset(c, "boottime", offsets->boottime);
    if (r < 0)
        return r;
    _buffer_ struct buffer lines = {0};
    if (offsets) {
        offset_line(&lines, "monotonic", offsets->monotonic);
        offset_line(&lines, "boottime", offsets->boottime);
    }
    if (buffer_failed(&lines))
        return fail_memory(c->failure);
    plan_from(&c->builder, OCI_ERR_NAMESPACE, offsets ? "/linux/timeOffsets" : "/linux/namespaces");
    PLAN_ADD(&c->builder, .code = PLAN_TIME_OFFSETS, .flags = visible_flag(c),
             .text0 = lines.length ? plan_text(&c->builder, lines.data) : 0);
    return 0;
}

/* Where the caller's own namespace is, if the configuration changes what a joined one keeps. */
static uint32_t own_namespace(struct compiler *c, uint64_t flag)
{
    if (!(changed_namespaces(c) & flag))
        return 0;
    return plan_text(&c->builder, flag == CLONE_NEWUTS   ? "thread-self/ns/uts"
                                  : flag == CLONE_NEWNET ? "thread-self/ns/net"
                                  : flag == CLONE_NEWIPC ? "thread-self/ns/ipc"
                                                         : "thread-self/ns/user");
}

/* The files are opened before anything is entered: what follows may no longer see them. */
void compile_namespace_opens(struct compiler *c)
{
    struct namespaces *all = &c->namespaces;
    for (size_t i = 0; i < all->join_count; i++) {
        struct namespace_join *join = &all->join[i];
        join->slot = plan_slot(&c->builder);
        plan_from(&c->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu/path", join->index);
        PLAN_ADD(&c->builder, .code = PLAN_NS_OPEN, .slot0 = join->slot,
                 .text0 = plan_text(&c->builder, join->path), .text1 = own_namespace(c, join->flag),
                 .number0 = join->flag);
        if (join->flag == CLONE_NEWPID)
            PLAN_ADD(&c->builder, .code = PLAN_GIVE, .slot0 = join->slot, .flags = PLAN_KEEP_SLOT);
    }
}

/* Namespaces by path.  One whose owner is the user namespace to be joined can be entered only after
 * it, one of the host's only before it: both are tried in turn. */
void compile_namespace_joins(struct compiler *c)
{
    struct namespaces *all = &c->namespaces;
    bool user = all->joined & CLONE_NEWUSER;
    for (int pass = user ? 0 : 2; pass < 3; pass++) {
        for (size_t i = 0; i < all->join_count; i++) {
            const struct namespace_join *join = &all->join[i];
            if ((join->flag == CLONE_NEWUSER) != (pass == 1))
                continue;
            plan_from(&c->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu", join->index);
            PLAN_ADD(&c->builder, .code = PLAN_NS_ENTER, .slot0 = join->slot,
                     .flags = pass == 0 ? PLAN_MAY_BE_DENIED : 0, .number0 = join->flag);
        }
    }
}

/* The cgroup namespace shows the group that the process is in when it is made, so it comes after
 * the join and cannot be one of clone's flags; the time namespace takes its offsets before it is
 * used. */
static uint64_t made_by_clone(const struct compiler *c)
{
    return c->namespaces.fresh & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
}

void compile_namespace_makes(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    c->out->two_stage = c->namespaces.two_stage && !c->is_builder;
    c->out->clone_flags = c->namespaces.two_stage ? 0 : made_by_clone(c);
    if (!c->namespaces.two_stage)
        return;
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces");
    if (!c->is_builder)
        PLAN_ADD(b, .code = PLAN_FORK, .number0 = made_by_clone(c));
    else if (made_by_clone(c))
        PLAN_ADD(b, .code = PLAN_NS_UNSHARE, .number0 = made_by_clone(c));
}

void compile_namespace_root(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    if (!c->namespaces.two_stage)
        return;
    plan_from(b, OCI_ERR_ID_MAPPING, "/linux/uidMappings");
    if (c->namespaces.fresh & CLONE_NEWUSER)
        PLAN_ADD(b, .code = PLAN_SYNC, .flags = visible_flag(c), .number0 = PLAN_SYNC_MAPS);
    if (has_user_namespace(c))
        PLAN_ADD(b, .code = PLAN_NS_ROOT, .flags = keeps_groups(c) ? PLAN_KEEP_GROUPS : 0);
}

void compile_namespace_arrival(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces");
    if (c->namespaces.fresh & CLONE_NEWCGROUP)
        PLAN_ADD(b, .code = PLAN_NS_UNSHARE, .number0 = CLONE_NEWCGROUP);
    if (c->namespaces.fresh & CLONE_NEWNET)
        PLAN_ADD(b, .code = PLAN_LOOPBACK);
}
