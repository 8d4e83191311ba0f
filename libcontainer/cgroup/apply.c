/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting the resources of a configuration: all of them or none.
 */
#include <cgroup/group.h>

#include <string.h>

#include <base/util.h>
#include <cgroup/changes.h>
#include <cgroup/device_rules.h>

/* Is a controller one of version 2 here? */
static bool on_version_2(const struct group_set *set, const char *v1, const char *v2)
{
    if (groups_unified(set))
        return true;
    const struct group *group = groups_version_2(set);
    return groups_with(set, v1) == NULL && group && group_offers(group, v2);
}

/* A number of a group's file; -1 for "max" or where there is none. */
static int64_t read_number(const struct group *group, const char *file)
{
    char text[64];
    struct failure ignored = {0};
    _close_ int dir = group_open(group, &ignored);
    if (dir < 0 || group_read(dir, file, text, sizeof(text)) <= 0 || text[0] < '0' || text[0] > '9')
        return -1;
    return (int64_t)strtoll(text, NULL, 10);
}

static int check_before_update(const struct group_set *set, const struct limits *limits,
                               const struct oci_linux_memory *memory, struct failure *failure)
{
    const struct group *group = groups_version_2(set);
    if (memory == NULL || !memory->check_before_update || !memory->has_limit ||
        memory->limit <= 0 || !group)
        return 0;
    int64_t used = read_number(group, "memory.current");
    if (used > memory->limit)
        return limit_fail(limits, failure, OCI_ERR_CGROUP, "/memory/limit",
                          "%lld bytes are in use, more than the limit of %lld", (long long)used,
                          (long long)memory->limit);
    return 0;
}

static int collect(const struct group_set *set, const struct oci_linux_resources *resources,
                   struct limits *limits, struct failure *failure)
{
    const struct group *group = groups_version_2(set);
    bool memory = on_version_2(set, "memory", "memory"), cpu = on_version_2(set, "cpu", "cpu");
    limits->memory_now = limits->quota_now = -1;
    if (memory && group && resources->memory && resources->memory->has_swap)
        limits->memory_now = read_number(group, "memory.max");
    if (cpu && group && resources->cpu && resources->cpu->has_period)
        limits->quota_now = read_number(group, "cpu.max");
    int r = limits_memory(limits, resources->memory, memory, failure);
    if (r == 0)
        r = limits_cpu(limits, resources->cpu, cpu, failure);
    if (r == 0)
        r = limits_cpuset(limits, resources->cpu, on_version_2(set, "cpuset", "cpuset"));
    if (r == 0 && resources->block_io)
        r = limits_block_io(limits, resources->block_io, on_version_2(set, "blkio", "io"), failure);
    if (r == 0 && resources->hugepage_limits_count)
        r = limits_hugepages(limits, resources, on_version_2(set, "hugetlb", "hugetlb"), failure);
    if (r == 0)
        r = limits_network(limits, resources->network, groups_unified(set), failure);
    if (r == 0 && resources->rdma_count)
        r = limits_rdma(limits, resources, on_version_2(set, "rdma", "rdma"), failure);
    if (r == 0 && resources->pids)
        r = limits_pids(limits, resources->pids, on_version_2(set, "pids", "pids"));
    if (r == 0)
        r = limits_unified(limits, resources, failure);
    if (r == 0 && memory)
        r = check_before_update(set, limits, resources->memory, failure);
    return r == 0 && limits->failed ? fail_memory(failure) : r;
}

enum part { PART_FIRST, PART_LATE, PART_ALL };

static int set_resources(const struct group_set *set, const struct oci_linux_resources *resources,
                         const char *prefix, enum part part, const struct log *log,
                         struct failure *failure)
{
    struct limits limits _limits_ = {.prefix = prefix, .log = log};
    struct device_rules rules _device_rules_ = {0};
    struct changes changes _cleanup_(changes_free) = {
        .set = set, .limits = &limits, .careful = part == PART_ALL};
    const struct group *group = groups_version_2(set);
    int r = collect(set, resources, &limits, failure);
    if (r == 0)
        r = device_rules_collect(resources, prefix, &rules, failure);
    if (r == 0 && group && part != PART_LATE)
        r = group_v2_enable(group, &limits, failure);
    if (r == 0)
        r = changes_prepare(&changes, part == PART_LATE ? LIMIT_LATE : 0,
                            part == PART_FIRST ? LIMIT_LATE : 0, failure);
    if (r < 0)
        return r;
    r = changes_write(&changes, failure);
    /* Last, as what they replace is not read again: they change as a whole or not at all. */
    if (r == 0 && part == PART_ALL)
        r = groups_set_devices(set, &rules, prefix, true, log, failure);
    if (r < 0)
        changes_roll_back(&changes);
    return r;
}

int groups_apply(const struct group_set *set, const struct oci_linux_resources *resources,
                 const struct log *log, struct failure *failure)
{
    return resources ? set_resources(set, resources, "/linux/resources", PART_FIRST, log, failure)
                     : 0;
}

int groups_apply_devices(const struct group_set *set, const struct oci_linux_resources *resources,
                         const struct log *log, struct failure *failure)
{
    struct device_rules rules _device_rules_ = {0};
    int r = resources ? device_rules_collect(resources, "/linux/resources", &rules, failure) : 0;
    return r == 0 ? groups_set_devices(set, &rules, "/linux/resources", false, log, failure) : r;
}

int groups_apply_pids(const struct group_set *set, const struct oci_linux_resources *resources,
                      struct failure *failure)
{
    struct oci_linux_resources pids = {0};
    if (resources == NULL || resources->pids == NULL)
        return 0;
    pids.pids = resources->pids;
    return set_resources(set, &pids, "/linux/resources", PART_LATE, NULL, failure);
}

int groups_update(const struct group_set *set, const struct oci_linux_resources *resources,
                  const struct log *log, struct failure *failure)
{
    return set_resources(set, resources, "", PART_ALL, log, failure);
}
