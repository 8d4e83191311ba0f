/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's groups have used, as JSON of the shape that engines read from runc's events.  A member
 * that the host has no file for is left out; nothing is made up or changed.
 */
#include <cgroup/stats.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>
#include <cgroup/group.h>

/* Files of groups are made by the kernel; those with a line for each processor are the longest. */
#define LONGEST_FILE (1 << 20)

char *stats_read(int dir, const char *file)
{
    char *text;
    size_t length;
    _close_ int fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || oci_read_fd(fd, LONGEST_FILE, &text, &length, NULL) < 0)
        return NULL;
    char *copy = strndup(text, length);
    oci_free(text);
    return copy;
}

static bool number_of(const char *text, uint64_t *value)
{
    char *end;
    if (strncmp(text, "max", 3) == 0) {
        *value = UINT64_MAX;
        return true;
    }
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0;
}

bool stats_read_number(int dir, const char *file, uint64_t *value)
{
    char text[64];
    return dir >= 0 && group_read(dir, file, text, sizeof(text)) > 0 && number_of(text, value);
}

bool stats_find(const char *text, const char *key, uint64_t *value)
{
    size_t length = strlen(key);
    for (const char *line = text; line && *line;) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return number_of(line + length + 1, value);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return false;
}

void stats_comma(struct buffer *json)
{
    char last = json->length ? json->data[json->length - 1] : '{';
    if (last != '{' && last != '[')
        buffer_text(json, ",");
}

void stats_name(struct buffer *json, const char *name)
{
    stats_comma(json);
    buffer_text(json, "\"");
    buffer_json(json, name);
    buffer_text(json, "\":");
}

void stats_open(struct buffer *json, const char *name)
{
    stats_name(json, name);
    buffer_text(json, "{");
}

void stats_close(struct buffer *json)
{
    buffer_text(json, "}");
}

void stats_number(struct buffer *json, const char *name, uint64_t value)
{
    stats_name(json, name);
    buffer_format(json, "%" PRIu64, value);
}

void stats_file(struct buffer *json, const char *name, int dir, const char *file)
{
    uint64_t value;
    if (stats_read_number(dir, file, &value))
        stats_number(json, name, value);
}

void stats_raw(struct buffer *json, const char *name, const char *text)
{
    stats_open(json, name);
    for (const char *line = text; line && *line;) {
        char key[64];
        uint64_t value;
        size_t length = strcspn(line, " \n");
        if (line[length] == ' ' && length < sizeof(key) && number_of(line + length + 1, &value)) {
            memcpy(key, line, length);
            key[length] = 0;
            stats_number(json, key, value);
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    stats_close(json);
}

/* "avg10=0.00": what stands behind the sign is a number of JSON already, if it is what the kernel writes. */
static void pressure_line(struct buffer *json, const char *line)
{
    size_t end = strcspn(line, "\n"), at = strcspn(line, " \n");
    stats_comma(json);
    buffer_format(json, "\"%.*s\":{", (int)at, line);
    while (at < end) {
        at += strspn(line + at, " ");
        size_t word = strcspn(line + at, " \n"), name = strcspn(line + at, "= \n");
        size_t value = name < word ? word - name - 1 : 0;
        if (value > 0 && strspn(line + at + name + 1, "0123456789.") == value) {
            stats_comma(json);
            buffer_format(json, "\"%.*s\":%.*s", (int)name, line + at, (int)value,
                          line + at + name + 1);
        }
        at += word;
    }
    buffer_text(json, "}");
}

void stats_pressure(struct buffer *json, int dir, const char *file)
{
    _free_ char *text = stats_read(dir, file);
    if (text == NULL || text[0] == 0)
        return;
    stats_open(json, "psi");
    for (const char *line = text; *line;) {
        if (strncmp(line, "some ", 5) == 0 || strncmp(line, "full ", 5) == 0)
            pressure_line(json, line);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    stats_close(json);
}

void stats_list(struct buffer *json, const char *name, int dir, const char *file)
{
    _free_ char *text = stats_read(dir, file);
    if (text == NULL)
        return;
    stats_name(json, name);
    buffer_text(json, "[");
    for (const char *p = text; *p >= '0' && *p <= '9';) {
        char *end;
        unsigned long first = strtoul(p, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long i = first; i <= last && i < 65536; i++) {
            stats_comma(json);
            buffer_format(json, "%lu", i);
        }
        p = *end == ',' ? end + 1 : end;
    }
    buffer_text(json, "]");
}

static void pids(struct buffer *json, const struct stats_source *source)
{
    int dir = source->pids >= 0 ? source->pids : source->v2;
    uint64_t limit;
    stats_file(json, "current", dir, "pids.current");
    /* As runc: no limit is no member. */
    if (stats_read_number(dir, "pids.max", &limit) && limit != UINT64_MAX)
        stats_number(json, "limit", limit);
}

static void huge_size(struct buffer *json, int dir, const char *size, bool v2)
{
    const char *const names[] = {"usage", "max", "failcnt"};
    const char *const v1_files[] = {"usage_in_bytes", "max_usage_in_bytes", "failcnt"};
    char file[128];
    stats_open(json, size);
    if (v2) {
        uint64_t failures;
        snprintf(file, sizeof(file), "hugetlb.%s.current", size);
        stats_file(json, "usage", dir, file);
        snprintf(file, sizeof(file), "hugetlb.%s.events", size);
        _free_ char *events = stats_read(dir, file);
        if (events && stats_find(events, "max", &failures))
            stats_number(json, "failcnt", failures);
    }
    for (size_t i = 0; !v2 && i < ARRAY_SIZE(names); i++) {
        snprintf(file, sizeof(file), "hugetlb.%s.%s", size, v1_files[i]);
        stats_file(json, names[i], dir, file);
    }
    stats_close(json);
}

/* The sizes are known by the names of the files: "hugetlb.2MB.current". */
static void huge_pages(struct buffer *json, const struct stats_source *source)
{
    bool v2 = source->hugetlb < 0;
    int from = v2 ? source->v2 : source->hugetlb;
    int fd = from < 0 ? -1 : openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        close_fd(&fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char size[32];
        const char *rest = entry->d_name + 8;
        if (strncmp(entry->d_name, "hugetlb.", 8) != 0)
            continue;
        size_t length = strcspn(rest, ".");
        if (length >= sizeof(size) ||
            strcmp(rest + length, v2 ? ".current" : ".usage_in_bytes") != 0)
            continue;
        memcpy(size, rest, length);
        size[length] = 0;
        huge_size(json, fd, size, v2);
    }
    closedir(dir);
}

static void write_all(struct buffer *json, const struct stats_source *source)
{
    buffer_text(json, "{");
    stats_open(json, "cpu");
    stats_open(json, "usage");
    source->cpuacct >= 0 ? stats_v1_usage(json, source) : stats_v2_usage(json, source);
    stats_close(json);
    stats_open(json, "throttling");
    source->cpu >= 0 ? stats_v1_throttling(json, source) : stats_v2_throttling(json, source);
    stats_close(json);
    stats_pressure(json, source->v2, "cpu.pressure");
    stats_close(json);

    stats_open(json, "cpuset");
    if (source->cpuset >= 0)
        stats_v1_cpuset(json, source);
    stats_list(json, "cpus", source->cpuset >= 0 ? -1 : source->v2, "cpuset.cpus.effective");
    stats_list(json, "mems", source->cpuset >= 0 ? -1 : source->v2, "cpuset.mems.effective");
    stats_close(json);

    stats_open(json, "memory");
    source->memory >= 0 ? stats_v1_memory(json, source) : stats_v2_memory(json, source);
    stats_pressure(json, source->v2, "memory.pressure");
    stats_close(json);

    stats_open(json, "pids");
    pids(json, source);
    stats_close(json);

    stats_open(json, "blkio");
    source->blkio >= 0 ? stats_v1_blkio(json, source) : stats_v2_blkio(json, source);
    stats_pressure(json, source->v2, "io.pressure");
    stats_close(json);

    stats_open(json, "hugetlb");
    huge_pages(json, source);
    stats_close(json);
    /* Neither is counted; readers of runc's output expect the members. */
    stats_open(json, "intel_rdt");
    stats_close(json);
    stats_name(json, "network_interfaces");
    buffer_text(json, "null}");
}

static int open_controller(const struct group_set *set, const char *controller)
{
    struct failure ignored = {0};
    const struct group *group = groups_with(set, controller);
    return group ? group_open(group, &ignored) : -1;
}

static int open_v2(const struct group_set *set)
{
    struct failure ignored = {0};
    for (size_t i = 0; i < set->count; i++) {
        if (set->groups[i].v2)
            return group_open(&set->groups[i], &ignored);
    }
    return -1;
}

static void source_close(const struct stats_source *source)
{
    const int fds[] = {source->cpu,  source->cpuacct, source->cpuset,  source->memory,
                       source->pids, source->blkio,   source->hugetlb, source->v2};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close_fd(&fds[i]);
}

int groups_stats(const struct group_set *set, char **json, struct failure *failure)
{
    if (set->count == 0)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "the container has no control group, which would count what it uses");
    _cleanup_(source_close) struct stats_source source = {
        .cpu = open_controller(set, "cpu"),
        .cpuacct = open_controller(set, "cpuacct"),
        .cpuset = open_controller(set, "cpuset"),
        .memory = open_controller(set, "memory"),
        .pids = open_controller(set, "pids"),
        .blkio = open_controller(set, "blkio"),
        .hugetlb = open_controller(set, "hugetlb"),
        .v2 = open_v2(set),
    };
    _buffer_ struct buffer text = {0};
    write_all(&text, &source);
    char *result = buffer_take(&text);
    if (result == NULL)
        return fail_memory(failure);
    *json = result;
    return 0;
}
