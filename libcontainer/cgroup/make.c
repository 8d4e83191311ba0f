/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making groups and setting their limits.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <base/util.h>

/* Make the path's components one below the other; counts those that are new from the first on. */
static int make_path(struct group *group, struct failure *failure)
{
    _close_ int dir = open(group->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    for (const char *p = group->path; *p;) {
        p += strspn(p, "/");
        size_t length = strcspn(p, "/");
        if (length == 0)
            break;
        char name[256];
        if (length >= sizeof(name)) {
            fail_at(failure, "/linux/cgroupsPath");
            return fail(failure, OCI_ERR_CGROUP, "a component of \"%s\" is too long", group->path);
        }
        memcpy(name, p, length);
        name[length] = 0;
        if (mkdirat(dir, name, 0755) == 0)
            group->made++;
        else if (errno != EEXIST)
            return fail_errno(failure, OCI_ERR_CGROUP, errno, "make control group %s%s",
                              group->mountpoint, group->path);
        int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return fail_errno(failure, OCI_ERR_CGROUP, errno, "open control group %s%s",
                              group->mountpoint, group->path);
        close(dir);
        dir = next;
        p += length;
    }
    return 0;
}

static int make_one(struct group *group, struct failure *failure)
{
    int r = make_path(group, failure);
    if (r == 0 && !group->v2)
        r = group_v1_prepare(group, failure);
    if (r < 0)
        return r;
    return group_enter(group, failure);
}

int groups_make(struct group_set *set, struct failure *failure)
{
    for (size_t i = 0; i < set->count; i++) {
        int r = make_one(&set->groups[i], failure);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Engines set many of these in passing, so that refusing them would refuse most containers; but
 * nobody should believe that they hold. */
static void warn_without_effect(const struct oci_linux_resources *r, const struct log *log)
{
    const struct oci_linux_memory *memory = r->memory;
    const struct oci_linux_cpu *cpu = r->cpu;
    const struct {
        bool given;
        const char *name;
    } parts[] = {
        {r->block_io != NULL, "blockIO"},
        {r->hugepage_limits_count > 0, "hugepageLimits"},
        {r->network != NULL, "network"},
        {r->rdma_count > 0, "rdma"},
        {r->unified_count > 0, "unified"},
        {memory && memory->has_kernel, "memory/kernel"},
        {memory && memory->has_kernel_tcp, "memory/kernelTCP"},
        {memory && memory->has_swappiness, "memory/swappiness"},
        {memory && memory->has_disable_oom_killer && memory->disable_oom_killer,
         "memory/disableOOMKiller"},
        {cpu && cpu->has_burst, "cpu/burst"},
        {cpu && cpu->has_realtime_period, "cpu/realtimePeriod"},
        {cpu && cpu->has_realtime_runtime, "cpu/realtimeRuntime"},
        {cpu && cpu->has_idle, "cpu/idle"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].given)
            log_message(log, CONTAINER_LOG_WARNING,
                        "/linux/resources/%s: this version does not set it", parts[i].name);
    }
}

int groups_apply(const struct group_set *set, const struct oci_linux_resources *resources,
                 const struct log *log, struct failure *failure)
{
    if (resources == NULL)
        return 0;
    warn_without_effect(resources, log);
    int r = 0;
    for (size_t i = 0; r == 0 && i < set->count; i++) {
        const struct group *group = &set->groups[i];
        if (!group->v2)
            r = group_v1_apply(group, resources, failure);
        else if (groups_unified(set))
            r = group_v2_prepare(group, resources, failure);
        if (r == 0 && groups_unified(set))
            r = group_v2_apply(group, resources, log, failure);
    }
    return r;
}
