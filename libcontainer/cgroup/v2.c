/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version 2: switching controllers on along the path, and the limits.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <cgroup/limits.h>

/* Version 1's 2..262144 onto version 2's 1..10000, so that 1024 becomes 100, as engines expect. */
static unsigned weight_of_shares(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2((double)shares);
    double weight = ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
    return weight < 1 ? 1 : weight > 10000 ? 10000 : (unsigned)weight;
}

static void number_or_max(struct limits *limits, const char *controller, const char *file,
                          const char *place, int64_t value)
{
    if (value < 0)
        limit_add(limits, controller, file, place, "max");
    else
        limit_add(limits, controller, file, place, "%lld", (long long)value);
}

static int memory_limits(struct limits *limits, const struct oci_linux_memory *memory,
                         struct failure *failure)
{
    if (memory->has_limit && memory->limit != 0)
        number_or_max(limits, "memory", "memory.max", "/linux/resources/memory/limit",
                      memory->limit);
    if (memory->has_reservation && memory->reservation != 0)
        number_or_max(limits, "memory", "memory.low", "/linux/resources/memory/reservation",
                      memory->reservation);
    if (!memory->has_swap || memory->swap == 0)
        return 0;
    /* The configuration counts memory and swap together, version 2 swap alone. */
    if (memory->swap > 0 &&
        (!memory->has_limit || memory->limit <= 0 || memory->swap < memory->limit)) {
        fail_at(failure, "/linux/resources/memory/swap");
        return fail(failure, OCI_ERR_CONFIG,
                    "swap counts memory too: it needs a limit that is not above it");
    }
    number_or_max(limits, "memory", "memory.swap.max", "/linux/resources/memory/swap",
                  memory->swap < 0 ? -1 : memory->swap - memory->limit);
    return 0;
}

static void cpu_limits(struct limits *limits, const struct oci_linux_cpu *cpu)
{
    if (cpu->has_shares && cpu->shares != 0)
        limit_add(limits, "cpu", "cpu.weight", "/linux/resources/cpu/shares", "%u",
                  weight_of_shares(cpu->shares));
    bool quota = cpu->has_quota && cpu->quota > 0;
    if (quota || (cpu->has_period && cpu->period != 0)) {
        unsigned long long period = cpu->has_period && cpu->period ? cpu->period : 100000;
        if (quota)
            limit_add(limits, "cpu", "cpu.max", "/linux/resources/cpu/quota", "%lld %llu",
                      (long long)cpu->quota, period);
        else
            limit_add(limits, "cpu", "cpu.max", "/linux/resources/cpu/period", "max %llu", period);
    }
    if (cpu->cpus && cpu->cpus[0])
        limit_add(limits, "cpuset", "cpuset.cpus", "/linux/resources/cpu/cpus", "%s", cpu->cpus);
    if (cpu->mems && cpu->mems[0])
        limit_add(limits, "cpuset", "cpuset.mems", "/linux/resources/cpu/mems", "%s", cpu->mems);
}

static int collect(const struct oci_linux_resources *resources, struct limits *limits,
                   struct failure *failure)
{
    limits->count = 0;
    if (resources->cpu)
        cpu_limits(limits, resources->cpu);
    if (resources->pids)
        number_or_max(limits, "pids", "pids.max", "/linux/resources/pids/limit",
                      resources->pids->limit);
    return resources->memory ? memory_limits(limits, resources->memory, failure) : 0;
}

static bool file_has_word(int dir, const char *file, const char *word)
{
    char text[1024];
    if (group_read(dir, file, text, sizeof(text)) < 0)
        return false;
    size_t length = strlen(word);
    for (const char *p = text; *p;) {
        size_t size = strcspn(p, " \n");
        if (size == length && memcmp(p, word, size) == 0)
            return true;
        p += size + (p[size] != 0);
    }
    return false;
}

/* In steady state this only reads: the controllers were switched on by the first container. */
static int enable(const struct group *group, int dir, const struct limit *limit,
                  struct failure *failure)
{
    if (file_has_word(dir, "cgroup.subtree_control", limit->controller))
        return 0;
    if (!file_has_word(dir, "cgroup.controllers", limit->controller)) {
        fail_at(failure, "%s", limit->place);
        return fail(failure, OCI_ERR_UNSUPPORTED, "the %s controller is not available in %s",
                    limit->controller, group->mountpoint);
    }
    char word[64];
    snprintf(word, sizeof(word), "+%s", limit->controller);
    return group_write(group, dir, "cgroup.subtree_control", word, limit->place, failure);
}

static int enable_all(const struct group *group, const struct limits *limits,
                      struct failure *failure)
{
    int r = 0;
    if (limits->count == 0)
        return 0;
    _close_ int dir = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "open %s", group->mountpoint);
    /* The container's own group is a leaf: its parents hand the controllers down. */
    const char *rest = group->path;
    do {
        rest += strspn(rest, "/");
        for (unsigned i = 0; *rest && r >= 0 && i < limits->count; i++)
            r = enable(group, dir, &limits->list[i], failure);
        if (r >= 0)
            r = group_descend(group, &dir, &rest, failure);
    } while (r > 0);
    return r;
}

int group_v2_apply(const struct group *group, const struct oci_linux_resources *resources,
                   const struct log *log, struct failure *failure)
{
    struct limits limits;
    int r = collect(resources, &limits, failure);
    if (r == 0)
        r = enable_all(group, &limits, failure);
    if (r < 0)
        return r;
    if (resources->devices_count)
        log_message(
            log, CONTAINER_LOG_WARNING,
            "/linux/resources/devices: device rules are not yet enforced on cgroup version 2");
    _close_ int dir = group_open(group, failure);
    if (dir < 0)
        return dir;
    for (unsigned i = 0; r == 0 && i < limits.count; i++) {
        /* Only switched on so far: groups_apply_pids sets it. */
        if (strcmp(limits.list[i].file, "pids.max") == 0)
            continue;
        r = group_write(group, dir, limits.list[i].file, limits.list[i].value, limits.list[i].place,
                        failure);
    }
    return r;
}
