/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting the resources of a configuration: all of them or none, and undoing it where a create fails.
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

int groups_limits(const struct group_set *set, const struct oci_linux_resources *resources,
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

/* What is set of one configuration, and what it replaces. */
struct group_settings {
    struct limits limits;
    struct changes first, late; /* of the same limits */
    struct device_rules rules;
    struct devices_before devices;
};

static void settings_clear(struct group_settings *settings)
{
    changes_free(&settings->first);
    changes_free(&settings->late);
    limits_free(&settings->limits);
    device_rules_free(&settings->rules);
    devices_before_free(&settings->devices);
}

/* Read everything, and what the groups hold; nothing is changed but that controllers are switched on.  split: those
 * that are set late are kept apart. */
static int prepare(const struct group_set *set, const struct oci_linux_resources *resources,
                   const char *prefix, bool split, const struct log *log,
                   struct group_settings *settings, struct failure *failure)
{
    const struct group *group = groups_version_2(set);
    settings->limits = (struct limits){.prefix = prefix, .log = log};
    settings->first = settings->late =
        (struct changes){.set = set, .limits = &settings->limits, .careful = !split};
    int r = groups_limits(set, resources, &settings->limits, failure);
    if (r == 0)
        r = device_rules_collect(resources, prefix, &settings->rules, failure);
    if (r == 0 && group)
        r = group_v2_enable(group, &settings->limits, failure);
    if (r == 0)
        r = changes_prepare(&settings->first, 0, split ? LIMIT_LATE : 0, failure);
    if (r == 0 && split)
        r = changes_prepare(&settings->late, LIMIT_LATE, 0, failure);
    return r;
}

static int write_or_undo(struct changes *changes, struct failure *failure)
{
    int r = changes_write(changes, failure);
    if (r < 0)
        changes_roll_back(changes);
    return r;
}

int groups_apply(const struct group_set *set, const struct oci_linux_resources *resources,
                 const struct log *log, struct group_settings **settings, struct failure *failure)
{
    if (resources == NULL)
        return 0;
    *settings = calloc(1, sizeof(**settings));
    if (*settings == NULL)
        return fail_memory(failure);
    int r = prepare(set, resources, "/linux/resources", true, log, *settings, failure);
    return r == 0 ? write_or_undo(&(*settings)->first, failure) : r;
}

int groups_apply_devices(struct group_settings *settings, bool early, struct failure *failure)
{
    const struct group *group = settings ? devices_group(settings->first.set) : NULL;
    if (settings == NULL || early != (group && group->made == 0))
        return 0;
    const struct limits *limits = &settings->limits;
    return groups_set_devices(settings->first.set, &settings->rules, limits->prefix, false,
                              &settings->devices, limits->log, failure);
}

int groups_apply_late(struct group_settings *settings, struct failure *failure)
{
    return settings ? write_or_undo(&settings->late, failure) : 0;
}

void groups_undo(struct group_settings *settings)
{
    if (settings == NULL)
        return;
    devices_bring_back(&settings->devices, settings->limits.log);
    changes_roll_back(&settings->late);
    changes_roll_back(&settings->first);
}

void groups_settings_free(struct group_settings *settings)
{
    if (settings)
        settings_clear(settings);
    free(settings);
}

int groups_update(const struct group_set *set, const struct oci_linux_resources *resources,
                  const struct log *log, int (*confirm)(void *data, struct failure *failure),
                  void *data, struct failure *failure)
{
    struct group_settings settings _cleanup_(settings_clear) = {0};
    int r = prepare(set, resources, "", false, log, &settings, failure);
    if (r == 0)
        r = changes_write(&settings.first, failure);
    if (r == 0 && confirm)
        r = confirm(data, failure);
    /* Last, as what they replace is not read again: they change as a whole or not at all. */
    if (r == 0)
        r = groups_set_devices(set, &settings.rules, "", true, NULL, log, failure);
    if (r < 0)
        changes_roll_back(&settings.first);
    return r;
}
