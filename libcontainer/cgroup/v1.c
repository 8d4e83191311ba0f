/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 1: what a new group needs before a process may enter, and its limits.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <cgroup/limits.h>

static bool has_controller(const struct group *group, const char *name)
{
    struct group_set one = {(struct group *)group, 1};
    return groups_with(&one, name) != NULL;
}

/* A new cpuset has no processors and no memory, and takes no process: it is given its parent's,
 * from the first component that lacks them. */
static int fill_cpuset(const struct group *group, const char *file, struct failure *failure)
{
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    char above[4096];
    if (group_read(dir, file, above, sizeof(above)) < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "read %s/%s", group->mountpoint, file);
    const char *rest = group->path;
    int r;
    while ((r = group_descend(group, &dir, &rest, failure)) > 0) {
        char own[4096];
        ssize_t n = group_read(dir, file, own, sizeof(own));
        if (n < 0)
            return fail_errno(failure, OCI_ERR_CGROUP, errno, "read %s of %s%s", file,
                              group->mountpoint, group->path);
        if (own[0] == '\n' || own[0] == 0) {
            r = group_write(group, dir, file, above, NULL, failure);
            if (r < 0)
                return r;
        } else {
            memcpy(above, own, (size_t)n + 1);
        }
    }
    return r;
}

int group_v1_prepare(const struct group *group, struct failure *failure)
{
    if (!has_controller(group, "cpuset"))
        return 0;
    int r = fill_cpuset(group, "cpuset.cpus", failure);
    return r == 0 ? fill_cpuset(group, "cpuset.mems", failure) : r;
}

/* "a *:* rwm", or -1 for everything of a kind. */
static int device_rule(const struct oci_device_cgroup *rule, char *text, size_t size)
{
    char type = rule->type && rule->type[0] ? rule->type[0] : 'a';
    const char *access = rule->access && rule->access[0] ? rule->access : "rwm";
    char major[24] = "*", minor[24] = "*";
    if (rule->has_major && rule->major >= 0)
        snprintf(major, sizeof(major), "%lld", (long long)rule->major);
    if (rule->has_minor && rule->minor >= 0)
        snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
    return snprintf(text, size, "%c %s:%s %s", type, major, minor, access);
}

static int apply_devices(const struct group *group, int dir,
                         const struct oci_linux_resources *resources, struct failure *failure)
{
    /* What every container has in /dev, and what it may make: without these a container does not
     * work. */
    static const char *const always[] = {
        "c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",   "c 1:8 rwm",
        "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm",
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < resources->devices_count; i++) {
        char rule[128], place[64];
        snprintf(place, sizeof(place), "/linux/resources/devices/%zu", i);
        device_rule(&resources->devices[i], rule, sizeof(rule));
        /* The kernel knows "all devices" only as a lone "a". */
        bool all = rule[0] == 'a';
        r = group_write(group, dir, resources->devices[i].allow ? "devices.allow" : "devices.deny",
                        all ? "a" : rule, place, failure);
    }
    for (size_t i = 0; r == 0 && resources->devices_count && i < ARRAY_SIZE(always); i++)
        r = group_write(group, dir, "devices.allow", always[i], "/linux/resources/devices",
                        failure);
    return r;
}

static void memory_limits(struct limits *limits, const struct oci_linux_memory *memory)
{
    if (memory->has_limit && memory->limit != 0)
        limit_add(limits, "memory", "memory.limit_in_bytes", "/linux/resources/memory/limit",
                  "%lld", (long long)memory->limit);
    if (memory->has_swap && memory->swap != 0)
        limit_add(limits, "memory", "memory.memsw.limit_in_bytes", "/linux/resources/memory/swap",
                  "%lld", (long long)memory->swap);
    if (memory->has_reservation && memory->reservation != 0)
        limit_add(limits, "memory", "memory.soft_limit_in_bytes",
                  "/linux/resources/memory/reservation", "%lld", (long long)memory->reservation);
}

static void cpu_limits(struct limits *limits, const struct oci_linux_cpu *cpu)
{
    if (cpu->has_shares && cpu->shares != 0)
        limit_add(limits, "cpu", "cpu.shares", "/linux/resources/cpu/shares", "%llu",
                  (unsigned long long)cpu->shares);
    /* The period first: a quota above the old period's maximum would be refused. */
    if (cpu->has_period && cpu->period != 0)
        limit_add(limits, "cpu", "cpu.cfs_period_us", "/linux/resources/cpu/period", "%llu",
                  (unsigned long long)cpu->period);
    if (cpu->has_quota && cpu->quota != 0)
        limit_add(limits, "cpu", "cpu.cfs_quota_us", "/linux/resources/cpu/quota", "%lld",
                  (long long)cpu->quota);
    if (cpu->cpus && cpu->cpus[0])
        limit_add(limits, "cpuset", "cpuset.cpus", "/linux/resources/cpu/cpus", "%s", cpu->cpus);
    if (cpu->mems && cpu->mems[0])
        limit_add(limits, "cpuset", "cpuset.mems", "/linux/resources/cpu/mems", "%s", cpu->mems);
}

static int apply_limit(const struct group_set *set, const struct limit *limit,
                       struct failure *failure)
{
    const struct group *group = groups_with(set, limit->controller);
    if (group == NULL) {
        fail_at(failure, "%s", limit->place);
        return fail(failure, OCI_ERR_UNSUPPORTED, "this host has no %s controller of version 1",
                    limit->controller);
    }
    _close_ int dir = group_open(group, failure);
    return dir < 0 ? dir
                   : group_write(group, dir, limit->file, limit->value, limit->place, failure);
}

int groups_v1_apply(const struct group_set *set, const struct oci_linux_resources *resources,
                    const struct log *log, struct failure *failure)
{
    struct limits limits = {.count = 0};
    if (resources->memory)
        memory_limits(&limits, resources->memory);
    if (resources->cpu)
        cpu_limits(&limits, resources->cpu);
    const struct group *devices = groups_with(set, "devices");
    int r = 0;
    if (devices) {
        _close_ int dir = group_open(devices, failure);
        r = dir < 0 ? dir : apply_devices(devices, dir, resources, failure);
    } else if (resources->devices_count) {
        log_message(log, CONTAINER_LOG_WARNING,
                    "/linux/resources/devices: this host has no devices controller; not enforced");
    }
    for (unsigned i = 0; r == 0 && i < limits.count; i++)
        r = apply_limit(set, &limits.list[i], failure);
    return r;
}
