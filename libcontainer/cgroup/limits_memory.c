/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.memory.  0 asks for nothing, -1 for no limit.
 */
#include <cgroup/limits.h>

static struct limit *add(struct limits *limits, const char *file, const char *place, int64_t value,
                         bool v2)
{
    struct limit *limit = v2 && value < 0
                              ? limit_add(limits, "memory", file, place, "max")
                              : limit_add(limits, "memory", file, place, "%lld", (long long)value);
    limit->v2 = v2;
    limit->flags = value < 0 ? LIMIT_QUIET : 0;
    return limit;
}

static int check(const struct limits *limits, const struct oci_linux_memory *memory,
                 struct failure *failure)
{
    const struct {
        bool given;
        int64_t value;
        const char *place;
    } sizes[] = {
        {memory->has_limit, memory->limit, "/memory/limit"},
        {memory->has_reservation, memory->reservation, "/memory/reservation"},
        {memory->has_swap, memory->swap, "/memory/swap"},
        {memory->has_kernel, memory->kernel, "/memory/kernel"},
        {memory->has_kernel_tcp, memory->kernel_tcp, "/memory/kernelTCP"},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sizes[i].given && sizes[i].value < -1)
            return limit_fail(limits, failure, OCI_ERR_CONFIG, sizes[i].place,
                              "%lld is no size: it is a number of bytes, or -1 for no limit",
                              (long long)sizes[i].value);
    }
    if (memory->has_swap && memory->has_limit && memory->swap > 0 &&
        (memory->limit > memory->swap || memory->limit < 0))
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/memory/swap",
                          "swap counts memory too: it needs a limit that is not above it");
    /* Engines write -1 as an unsigned number where none was asked for. */
    if (memory->has_swappiness && memory->swappiness > 100 && memory->swappiness != UINT64_MAX)
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/memory/swappiness",
                          "swappiness is from 0 to 100, not %llu",
                          (unsigned long long)memory->swappiness);
    return 0;
}

static int refuse(const struct limits *limits, const struct oci_linux_memory *memory, bool v2,
                  struct failure *failure)
{
    static const char missing[] = "control groups of version 2 cannot set it";
    if (memory->has_use_hierarchy && !memory->use_hierarchy)
        return limit_fail(
            limits, failure, OCI_ERR_UNSUPPORTED, "/memory/useHierarchy",
            "the kernel always counts the memory of child groups with their parent's");
    if (!v2)
        return 0;
    if (memory->has_kernel && memory->kernel > 0)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/memory/kernel", missing);
    if (memory->has_kernel_tcp && memory->kernel_tcp > 0)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/memory/kernelTCP", missing);
    if (memory->has_swappiness && memory->swappiness != UINT64_MAX)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/memory/swappiness", missing);
    if (memory->has_disable_oom_killer && memory->disable_oom_killer)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/memory/disableOOMKiller",
                          missing);
    return 0;
}

static void version_1(struct limits *limits, const struct oci_linux_memory *memory)
{
    bool limited = memory->has_limit && memory->limit != 0;
    bool swap = memory->has_swap && memory->swap != 0;
    if (limited)
        add(limits, "memory.limit_in_bytes", "/memory/limit", memory->limit, false)->knot =
            KNOT_MEMORY;
    if (swap) {
        struct limit *limit =
            add(limits, "memory.memsw.limit_in_bytes", "/memory/swap", memory->swap, false);
        limit->knot = KNOT_MEMORY;
    } else if (limited && memory->limit < 0) {
        /* Memory without a limit cannot be had while memory and swap together have one. */
        struct limit *limit =
            add(limits, "memory.memsw.limit_in_bytes", "/memory/limit", -1, false);
        limit->knot = KNOT_MEMORY;
    }
    if (memory->has_reservation && memory->reservation != 0)
        add(limits, "memory.soft_limit_in_bytes", "/memory/reservation", memory->reservation,
            false);
    if (memory->has_kernel && memory->kernel != 0)
        add(limits, "memory.kmem.limit_in_bytes", "/memory/kernel", memory->kernel, false)->flags =
            memory->kernel > 0 ? LIMIT_VERIFY : LIMIT_QUIET;
    if (memory->has_kernel_tcp && memory->kernel_tcp != 0)
        add(limits, "memory.kmem.tcp.limit_in_bytes", "/memory/kernelTCP", memory->kernel_tcp,
            false)
            ->flags = memory->kernel_tcp > 0 ? LIMIT_VERIFY : LIMIT_QUIET;
    if (memory->has_swappiness && memory->swappiness != UINT64_MAX)
        add(limits, "memory.swappiness", "/memory/swappiness", (int64_t)memory->swappiness, false);
    if (memory->has_disable_oom_killer)
        add(limits, "memory.oom_control", "/memory/disableOOMKiller", memory->disable_oom_killer,
            false)
            ->flags = memory->disable_oom_killer ? 0 : LIMIT_QUIET;
}

static int version_2(struct limits *limits, const struct oci_linux_memory *memory,
                     struct failure *failure)
{
    bool limited = memory->has_limit && memory->limit != 0;
    if (limited)
        add(limits, "memory.max", "/memory/limit", memory->limit, true);
    if (memory->has_reservation && memory->reservation != 0)
        add(limits, "memory.low", "/memory/reservation", memory->reservation, true);
    if (!memory->has_swap || memory->swap == 0)
        return 0;
    /* The configuration counts memory and swap together, version 2 swap alone. */
    int64_t limit = limited ? memory->limit : limits->memory_now;
    if (memory->swap > 0 && (limit < 0 || memory->swap < limit))
        return limit_fail(limits, failure, OCI_ERR_CONFIG, "/memory/swap",
                          "swap counts memory too: it needs a limit that is not above it");
    int64_t swap = memory->swap < 0 ? -1 : memory->swap - limit;
    /* A kernel without swap has no file for it, and keeps to both. */
    add(limits, "memory.swap.max", "/memory/swap", swap, true)->flags = swap <= 0 ? LIMIT_QUIET : 0;
    return 0;
}

int limits_memory(struct limits *limits, const struct oci_linux_memory *memory, bool v2,
                  struct failure *failure)
{
    if (memory == NULL)
        return 0;
    int r = check(limits, memory, failure);
    if (r == 0)
        r = refuse(limits, memory, v2, failure);
    if (r == 0 && v2)
        r = version_2(limits, memory, failure);
    else if (r == 0)
        version_1(limits, memory);
    return r;
}
