/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that read statistics share: the directories they read from and the JSON they write.
 */
#ifndef OCIKIT_STATS_H
#define OCIKIT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <base/buffer.h>

/* Directories of the container's groups; -1 where the host has no such hierarchy. */
struct stats_source {
    int cpu, cpuacct, cpuset, memory, pids, blkio, hugetlb; /* version 1 */
    int v2;
};

/* The start and end of an object, and numbers; commas come by themselves. */
void stats_open(struct buffer *json, const char *name);
void stats_name(struct buffer *json, const char *name);
void stats_comma(struct buffer *json);
void stats_close(struct buffer *json);
void stats_number(struct buffer *json, const char *name, uint64_t value);
/* The same of a file that holds one number or "max"; nothing where it cannot be read. */
void stats_file(struct buffer *json, const char *name, int dir, const char *file);
/* Every "key value" line of a text as a member of an object. */
void stats_raw(struct buffer *json, const char *name, const char *text);
/* A pressure file of version 2; nothing where there is none. */
void stats_pressure(struct buffer *json, int dir, const char *file);
/* "0-3,5" as an array. */
void stats_list(struct buffer *json, const char *name, int dir, const char *file);

/* A whole file to be freed; NULL where it cannot be read. */
char *stats_read(int dir, const char *file);
/* "max" is the largest number. */
bool stats_read_number(int dir, const char *file, uint64_t *value);
/* The value of a line "key value". */
bool stats_find(const char *text, const char *key, uint64_t *value);

/* The members of each object. */
void stats_v1_usage(struct buffer *json, const struct stats_source *source);
void stats_v1_throttling(struct buffer *json, const struct stats_source *source);
void stats_v1_cpuset(struct buffer *json, const struct stats_source *source);
void stats_v1_memory(struct buffer *json, const struct stats_source *source);
void stats_v1_blkio(struct buffer *json, const struct stats_source *source);
void stats_v2_usage(struct buffer *json, const struct stats_source *source);
void stats_v2_throttling(struct buffer *json, const struct stats_source *source);
void stats_v2_memory(struct buffer *json, const struct stats_source *source);
void stats_v2_blkio(struct buffer *json, const struct stats_source *source);

#endif
