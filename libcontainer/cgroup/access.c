/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller without the host's privileges may do with control groups: nothing, or what was delegated to
 * it.  Looks only; makes and changes nothing.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/buffer.h>
#include <base/util.h>
#include <base/words.h>

/* Open the deepest directory of the path that exists.  *whole: it is the path itself. */
static int open_deepest(const struct group *group, bool *whole)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *rest = group->path;
    struct failure ignored = {0};
    int r = dir < 0 ? -1 : 1;
    while (r > 0)
        r = group_descend(group, &dir, &rest, &ignored);
    *whole = r == 0;
    return r == 0 || ignored.error == ENOENT ? take_fd(&dir) : -1;
}

static bool may_write(int dir, const char *name, int mode)
{
    return faccessat(dir, name, mode, AT_EACCESS) == 0;
}

/* Version 2 lets a process be moved only by who may write to the group that both places have in common. */
static bool may_move_here(const struct group *group)
{
    const char *own = group_own(group);
    size_t common = 0;
    for (size_t i = 0; own[i] && own[i] == group->path[i]; i++) {
        char next = group->path[i + 1];
        if ((own[i + 1] == '/' || own[i + 1] == 0) && (next == '/' || next == 0))
            common = i + 1;
    }
    _buffer_ struct buffer path = {0};
    buffer_format(&path, "%s%.*s/cgroup.procs", group->mountpoint, (int)common, group->path);
    return !path.failed && may_write(AT_FDCWD, path.data, W_OK);
}

static bool is_usable(const struct group *group)
{
    bool whole;
    _close_ int dir = open_deepest(group, &whole);
    if (dir < 0)
        return false;
    if (whole ? !may_write(dir, "cgroup.procs", W_OK) : !may_write(dir, ".", W_OK | X_OK))
        return false;
    return !group->v2 || may_move_here(group);
}

int groups_set_aside(struct group_set *set, const struct log *log, struct failure *failure)
{
    size_t total = set->count, kept = 0;
    _free_ struct group *sorted = calloc(total + 1, sizeof(*sorted));
    if (sorted == NULL)
        return fail_memory(failure);
    for (size_t i = 0; i < total; i++) {
        if (is_usable(&set->groups[i]))
            sorted[kept++] = set->groups[i];
        else
            sorted[total - ++set->denied] = set->groups[i];
    }
    memcpy(set->groups, sorted, total * sizeof(*sorted));
    set->count = kept;
    for (size_t i = kept; i < total; i++)
        log_message(
            log, CONTAINER_LOG_DEBUG,
            "control group %s%s is not this user's to make; the container stays in the caller's",
            set->groups[i].mountpoint, set->groups[i].path);
    return 0;
}

/* Is the controller in a hierarchy that was set aside, and in none that was kept? */
static const struct group *denied_group(const struct group_set *set, const char *controller)
{
    for (size_t i = 0; i < set->count + set->denied; i++) {
        const struct group *group = &set->groups[i];
        if (!group->v2 && words_have(group->controllers, ",", controller))
            return i < set->count ? NULL : group;
    }
    for (size_t i = set->count; i < set->count + set->denied; i++) {
        if (set->groups[i].v2)
            return &set->groups[i];
    }
    return NULL;
}

static bool asks_for_block_io(const struct oci_linux_block_io *io)
{
    return io && (io->weight || io->leaf_weight || io->weight_device_count ||
                  io->throttle_read_bps_device_count || io->throttle_write_bps_device_count ||
                  io->throttle_read_iops_device_count || io->throttle_write_iops_device_count);
}

struct request {
    bool asked;
    const char *controller;
    const char *place; /* below /linux/resources */
};

static int check_request(const struct group_set *set, const struct request *request,
                         struct failure *failure)
{
    const struct group *group = request->asked ? denied_group(set, request->controller) : NULL;
    if (group == NULL)
        return 0;
    fail_at(failure, "/linux/resources/%s", request->place);
    return fail(failure, OCI_ERR_PERMISSION,
                "the limit cannot be set: control group %s%s is not this user's to make; have one "
                "delegated "
                "to the user and name it in /linux/cgroupsPath, or leave the limit out",
                group->mountpoint, group->path);
}

/* 0 and -1 ask for nothing: there is no limit in the caller's group that is the container's. */
int groups_check_denied(const struct group_set *set, const struct oci_linux_resources *resources,
                        struct failure *failure)
{
    static const struct oci_linux_memory no_memory;
    static const struct oci_linux_cpu no_cpu;
    static const struct oci_linux_network no_network;
    if (resources == NULL || set->denied == 0)
        return 0;
    const struct oci_linux_memory *memory = resources->memory ? resources->memory : &no_memory;
    const struct oci_linux_cpu *cpu = resources->cpu ? resources->cpu : &no_cpu;
    const struct oci_linux_network *network = resources->network ? resources->network : &no_network;
    const struct request requests[] = {
        {memory->limit > 0, "memory", "memory/limit"},
        {memory->swap > 0, "memory", "memory/swap"},
        {memory->reservation > 0, "memory", "memory/reservation"},
        {memory->has_kernel && memory->kernel > 0, "memory", "memory/kernel"},
        {memory->has_kernel_tcp && memory->kernel_tcp > 0, "memory", "memory/kernelTCP"},
        {memory->has_swappiness, "memory", "memory/swappiness"},
        {memory->disable_oom_killer, "memory", "memory/disableOOMKiller"},
        {cpu->shares > 0, "cpu", "cpu/shares"},
        {cpu->quota > 0, "cpu", "cpu/quota"},
        {cpu->period > 0, "cpu", "cpu/period"},
        {cpu->has_burst && cpu->burst > 0, "cpu", "cpu/burst"},
        {cpu->has_realtime_period && cpu->realtime_period > 0, "cpu", "cpu/realtimePeriod"},
        {cpu->has_realtime_runtime && cpu->realtime_runtime > 0, "cpu", "cpu/realtimeRuntime"},
        {cpu->has_idle && cpu->idle != 0, "cpu", "cpu/idle"},
        {cpu->cpus && cpu->cpus[0], "cpuset", "cpu/cpus"},
        {cpu->mems && cpu->mems[0], "cpuset", "cpu/mems"},
        {resources->pids && resources->pids->limit > 0, "pids", "pids/limit"},
        {asks_for_block_io(resources->block_io), "blkio", "blockIO"},
        {resources->hugepage_limits_count > 0, "hugetlb", "hugepageLimits"},
        {network->has_class_id, "net_cls", "network/classID"},
        {network->priorities_count > 0, "net_prio", "network/priorities"},
        {resources->rdma_count > 0, "rdma", "rdma"},
        {resources->unified_count > 0, "", "unified"},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(requests); i++)
        r = check_request(set, &requests[i], failure);
    return r;
}

static void offer_cpu(const struct group_set *set, struct offered *offered)
{
    if (offered->resources.cpu == NULL)
        return;
    offered->cpu = *offered->resources.cpu;
    offered->resources.cpu = &offered->cpu;
    if (denied_group(set, "cpu")) {
        const char *cpus = offered->cpu.cpus, *mems = offered->cpu.mems;
        offered->cpu = (struct oci_linux_cpu){.cpus = cpus, .mems = mems};
    }
    if (denied_group(set, "cpuset"))
        offered->cpu.cpus = offered->cpu.mems = NULL;
}

const struct oci_linux_resources *groups_offered(const struct group_set *set,
                                                 const struct oci_linux_resources *resources,
                                                 bool with_devices, struct offered *offered)
{
    if (resources == NULL)
        return NULL;
    offered->resources = *resources;
    struct oci_linux_resources *all = &offered->resources;
    if (!with_devices)
        all->devices_count = 0;
    if (set->denied == 0)
        return all;
    if (denied_group(set, "memory"))
        all->memory = NULL;
    if (denied_group(set, "pids"))
        all->pids = NULL;
    if (denied_group(set, "blkio"))
        all->block_io = NULL;
    offer_cpu(set, offered);
    return all;
}
