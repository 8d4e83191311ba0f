/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of version 2, under the names that version 1 gave them.  Only reads.
 */
#include <cgroup/stats.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>

/* Version 2 counts in microseconds, readers expect nanoseconds. */
static void microseconds(struct buffer *json, const char *name, const char *text, const char *key)
{
    uint64_t value;
    if (stats_find(text, key, &value))
        stats_number(json, name, value * 1000);
}

void stats_v2_usage(struct buffer *json, const struct stats_source *source)
{
    _free_ char *stat = stats_read(source->v2, "cpu.stat");
    if (stat == NULL)
        return;
    microseconds(json, "total", stat, "usage_usec");
    microseconds(json, "kernel", stat, "system_usec");
    microseconds(json, "user", stat, "user_usec");
}

void stats_v2_throttling(struct buffer *json, const struct stats_source *source)
{
    _free_ char *stat = stats_read(source->v2, "cpu.stat");
    uint64_t value;
    if (stat == NULL)
        return;
    if (stats_find(stat, "nr_periods", &value))
        stats_number(json, "periods", value);
    if (stats_find(stat, "nr_throttled", &value))
        stats_number(json, "throttledPeriods", value);
    microseconds(json, "throttledTime", stat, "throttled_usec");
}

struct memory {
    bool known;
    uint64_t usage, limit;
};

static struct memory read_memory(int dir, const char *usage, const char *limit)
{
    struct memory memory = {.limit = UINT64_MAX};
    memory.known = stats_read_number(dir, usage, &memory.usage) &&
                   stats_read_number(dir, limit, &memory.limit);
    return memory;
}

static void write_memory(struct buffer *json, const char *name, const struct memory *memory,
                         int dir, const char *prefix)
{
    char file[64];
    uint64_t failures;
    stats_open(json, name);
    stats_number(json, "limit", memory->limit);
    stats_number(json, "usage", memory->usage);
    snprintf(file, sizeof(file), "%s.peak", prefix);
    stats_file(json, "max", dir, file);
    snprintf(file, sizeof(file), "%s.events", prefix);
    _free_ char *events = stats_read(dir, file);
    if (events && stats_find(events, "max", &failures))
        stats_number(json, "failcnt", failures);
    stats_close(json);
}

void stats_v2_memory(struct buffer *json, const struct stats_source *source)
{
    _free_ char *stat = stats_read(source->v2, "memory.stat");
    uint64_t cache;
    if (stat && stats_find(stat, "file", &cache))
        stats_number(json, "cache", cache);
    struct memory memory = read_memory(source->v2, "memory.current", "memory.max");
    struct memory swap = read_memory(source->v2, "memory.swap.current", "memory.swap.max");
    if (memory.known)
        write_memory(json, "usage", &memory, source->v2, "memory");
    /* Readers know version 1, which counts memory and swap together; the peaks cannot be added. */
    if (memory.known && swap.known) {
        bool unlimited = memory.limit == UINT64_MAX || swap.limit == UINT64_MAX;
        stats_open(json, "swap");
        stats_number(json, "limit", unlimited ? UINT64_MAX : memory.limit + swap.limit);
        stats_number(json, "usage", memory.usage + swap.usage);
        stats_close(json);
    }
    if (stat)
        stats_raw(json, "raw", stat);
}

/* A line of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6". */
static void device_line(struct buffer *json, const char *line, const char *key,
                        const char *operation)
{
    unsigned major, minor;
    uint64_t value;
    size_t end = strcspn(line, "\n"), length = strlen(key);
    if (sscanf(line, "%u:%u ", &major, &minor) != 2)
        return;
    for (size_t at = strcspn(line, " \n"); at < end; at += strcspn(line + at, " \n")) {
        at += strspn(line + at, " ");
        if (strncmp(line + at, key, length) != 0 || line[at + length] != '=' ||
            sscanf(line + at + length + 1, "%" SCNu64, &value) != 1)
            continue;
        stats_comma(json);
        buffer_format(json, "{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%" PRIu64 "}",
                      major, minor, operation, value);
    }
}

void stats_v2_blkio(struct buffer *json, const struct stats_source *source)
{
    static const struct {
        const char *name, *keys[3];
    } lists[] = {
        {"ioServiceBytesRecursive", {"rbytes", "wbytes", "dbytes"}},
        {"ioServicedRecursive", {"rios", "wios", "dios"}},
    };
    static const char *const operations[] = {"Read", "Write", "Discard"};
    _free_ char *stat = stats_read(source->v2, "io.stat");
    if (stat == NULL || stat[0] == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        stats_name(json, lists[i].name);
        buffer_text(json, "[");
        for (const char *line = stat; *line;) {
            for (size_t j = 0; j < ARRAY_SIZE(operations); j++)
                device_line(json, line, lists[i].keys[j], operations[j]);
            line += strcspn(line, "\n");
            line += *line == '\n';
        }
        buffer_text(json, "]");
    }
}
