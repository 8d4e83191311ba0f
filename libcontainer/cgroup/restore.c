/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What brings a file of a group back to what it held.  Pure.
 */
#include <cgroup/limits.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

/* Files with a line for each device or interface, of which a write changes one, and what stands for a line that
 * is not there. */
static const struct {
    const char *file;
    const char *none;
} keyed[] = {
    {"blkio.throttle.read_bps_device", "0"},
    {"blkio.throttle.write_bps_device", "0"},
    {"blkio.throttle.read_iops_device", "0"},
    {"blkio.throttle.write_iops_device", "0"},
    {"blkio.weight_device", "0"},
    {"blkio.bfq.weight_device", "default"},
    {"blkio.leaf_weight_device", "0"},
    {"io.max", "rbps=max wbps=max riops=max wiops=max"},
    {"io.weight", "default"},
    {"io.bfq.weight", "default"},
    {"io.latency", "target=0"},
    {"rdma.max", "hca_handle=max hca_object=max"},
    {"net_prio.ifpriomap", "0"},
};

static const char *find_none(const char *file)
{
    for (size_t i = 0; i < ARRAY_SIZE(keyed); i++) {
        if (strcmp(keyed[i].file, file) == 0)
            return keyed[i].none;
    }
    return NULL;
}

/* The line that begins with a word; its length, or 0. */
static size_t find_line(const char *text, const char *word, size_t length, const char **line)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        if (size > length && memcmp(text, word, length) == 0 && text[length] == ' ') {
            *line = text;
            return size;
        }
        text += size + (text[size] == '\n');
    }
    return 0;
}

static char *restore_keyed(const char *written, const char *old, const char *none)
{
    char *text = NULL;
    const char *line = NULL;
    size_t length = strcspn(written, " ");
    /* A number alone is a weight for all devices, which may have taken away those of single ones. */
    if (memchr(written, ':', length) == NULL && written[length] == 0)
        return strdup(old);
    size_t size = find_line(old, written, length, &line);
    if (size > 0)
        return strndup(line, size);
    return asprintf(&text, "%.*s %s", (int)length, written, none) < 0 ? NULL : text;
}

char *limit_restore_text(const char *file, const char *written, const char *old)
{
    const char *line = NULL, *none = find_none(file);
    if (none)
        return restore_keyed(written, old, none);
    if (strcmp(file, "memory.oom_control") == 0) {
        size_t name = strlen("oom_kill_disable");
        size_t size = find_line(old, "oom_kill_disable", name, &line);
        return size ? strndup(line + name + 1, size - name - 1) : strdup("0");
    }
    size_t length = strlen(old);
    while (length > 0 && old[length - 1] == '\n')
        length--;
    /* Nothing is written as an empty line: a write of no bytes is none. */
    return length ? strndup(old, length) : strdup("\n");
}
