/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of version 1.  Only reads.
 */
#include <cgroup/stats.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <base/util.h>

/* cpuacct.usage_all has a header and then lines "processor user system". */
static void per_processor(struct buffer *json, const char *name, const char *text, int column)
{
    stats_name(json, name);
    buffer_text(json, "[");
    const char *line = strchr(text, '\n');
    for (line = line ? line + 1 : ""; *line;) {
        uint64_t user, system;
        if (sscanf(line, "%*u %" SCNu64 " %" SCNu64, &user, &system) != 2)
            break;
        stats_comma(json);
        buffer_format(json, "%" PRIu64, column == 1 ? user : system);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    buffer_text(json, "]");
}

static void each_usage(struct buffer *json, const char *text)
{
    stats_name(json, "percpu");
    buffer_text(json, "[");
    for (const char *p = text; *p >= '0' && *p <= '9';) {
        size_t length = strspn(p, "0123456789");
        stats_comma(json);
        buffer_add(json, p, length);
        p += length;
        p += strspn(p, " \n");
    }
    buffer_text(json, "]");
}

/* cpuacct.stat counts in clock ticks, its readers in nanoseconds. */
static void ticks(struct buffer *json, const char *name, const char *text, const char *key)
{
    uint64_t value;
    long a_second = sysconf(_SC_CLK_TCK);
    if (text && a_second > 0 && stats_find(text, key, &value))
        stats_number(json, name, value * (1000000000u / (uint64_t)a_second));
}

void stats_v1_usage(struct buffer *json, const struct stats_source *source)
{
    _free_ char *each = stats_read(source->cpuacct, "cpuacct.usage_percpu");
    _free_ char *all = stats_read(source->cpuacct, "cpuacct.usage_all");
    _free_ char *stat = stats_read(source->cpuacct, "cpuacct.stat");
    stats_file(json, "total", source->cpuacct, "cpuacct.usage");
    if (each)
        each_usage(json, each);
    if (all) {
        per_processor(json, "percpu_kernel", all, 2);
        per_processor(json, "percpu_user", all, 1);
    }
    ticks(json, "kernel", stat, "system");
    ticks(json, "user", stat, "user");
}

void stats_v1_throttling(struct buffer *json, const struct stats_source *source)
{
    static const char *const members[][2] = {{"periods", "nr_periods"},
                                             {"throttledPeriods", "nr_throttled"},
                                             {"throttledTime", "throttled_time"}};
    _free_ char *stat = stats_read(source->cpu, "cpu.stat");
    for (size_t i = 0; stat && i < ARRAY_SIZE(members); i++) {
        uint64_t value;
        if (stats_find(stat, members[i][1], &value))
            stats_number(json, members[i][0], value);
    }
}

void stats_v1_cpuset(struct buffer *json, const struct stats_source *source)
{
    static const char *const numbers[] = {
        "cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
        "memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
    };
    stats_list(json, "cpus", source->cpuset, "cpuset.cpus");
    stats_list(json, "mems", source->cpuset, "cpuset.mems");
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        char file[64];
        snprintf(file, sizeof(file), "cpuset.%s", numbers[i]);
        stats_file(json, numbers[i], source->cpuset, file);
    }
    /* The one that may be below 0. */
    _free_ char *level = stats_read(source->cpuset, "cpuset.sched_relax_domain_level");
    long long value;
    if (level && sscanf(level, "%lld", &value) == 1) {
        stats_name(json, "sched_relax_domain_level");
        buffer_format(json, "%lld", value);
    }
}

static void one_memory(struct buffer *json, const char *name, int dir, const char *prefix)
{
    static const char *const members[][2] = {{"limit", "limit_in_bytes"},
                                             {"usage", "usage_in_bytes"},
                                             {"max", "max_usage_in_bytes"},
                                             {"failcnt", "failcnt"}};
    char file[64];
    uint64_t value;
    snprintf(file, sizeof(file), "%s.usage_in_bytes", prefix);
    if (!stats_read_number(dir, file, &value))
        return;
    stats_open(json, name);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        snprintf(file, sizeof(file), "%s.%s", prefix, members[i][1]);
        stats_file(json, members[i][0], dir, file);
    }
    stats_close(json);
}

void stats_v1_memory(struct buffer *json, const struct stats_source *source)
{
    _free_ char *stat = stats_read(source->memory, "memory.stat");
    uint64_t cache;
    if (stat && stats_find(stat, "cache", &cache))
        stats_number(json, "cache", cache);
    one_memory(json, "usage", source->memory, "memory");
    one_memory(json, "swap", source->memory, "memory.memsw");
    one_memory(json, "kernel", source->memory, "memory.kmem");
    one_memory(json, "kernelTCP", source->memory, "memory.kmem.tcp");
    if (stat)
        stats_raw(json, "raw", stat);
}

/* A line "8:0 Read 4096", or "8:0 4096"; "Total 4096" is of no device. */
static bool device_line(struct buffer *json, const char *line)
{
    unsigned major, minor;
    uint64_t value;
    char operation[16] = "";
    if (sscanf(line, "%u:%u %15[A-Za-z] %" SCNu64, &major, &minor, operation, &value) != 4 &&
        sscanf(line, "%u:%u %" SCNu64, &major, &minor, &value) != 3)
        return false;
    stats_comma(json);
    buffer_format(json, "{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%" PRIu64 "}", major,
                  minor, operation, value);
    return true;
}

static bool device_list(struct buffer *json, const char *name, const char *text)
{
    _buffer_ struct buffer items = {0};
    bool any = false;
    buffer_text(&items, "[");
    for (const char *line = text; *line;) {
        any |= device_line(&items, line);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    buffer_text(&items, "]");
    if (!any)
        return false;
    stats_name(json, name);
    if (buffer_failed(&items))
        json->failed = true;
    else
        buffer_add(json, items.data, items.length);
    return true;
}

void stats_v1_blkio(struct buffer *json, const struct stats_source *source)
{
    static const char *const lists[][2] = {
        {"ioServiceBytesRecursive", "io_service_bytes_recursive"},
        {"ioServicedRecursive", "io_serviced_recursive"},
        {"ioQueueRecursive", "io_queued_recursive"},
        {"ioServiceTimeRecursive", "io_service_time_recursive"},
        {"ioWaitTimeRecursive", "io_wait_time_recursive"},
        {"ioMergedRecursive", "io_merged_recursive"},
        {"ioTimeRecursive", "time_recursive"},
        {"sectorsRecursive", "sectors_recursive"},
    };
    /* Which of them counts depends on the scheduler of the device. */
    static const char *const prefixes[] = {"blkio.bfq.", "blkio.", "blkio.throttle."};
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(prefixes); j++) {
            char file[64];
            snprintf(file, sizeof(file), "%s%s", prefixes[j], lists[i][1]);
            _free_ char *text = stats_read(source->blkio, file);
            if (text && device_list(json, lists[i][0], text))
                break;
        }
    }
}
