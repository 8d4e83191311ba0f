/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about access to devices: from the configuration to the files of version 1 or a program of version 2.
 *
 * The list says all there is to say: it begins with everything allowed, as in a new group.  Of the rules that
 * are about a device and a kind of access the last one counts.  A rule about all devices and every access makes
 * those before it void.  What no container works without is allowed at the end.
 */
#ifndef OCIKIT_DEVICE_RULES_H
#define OCIKIT_DEVICE_RULES_H

#include <linux/bpf.h>

#include <ocikit/spec.h>

#include <base/error.h>
#include <base/log.h>
#include <cgroup/group.h>

/* Bits as the kernel's programs see them. */
enum device_access { DEVICE_MAKE = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ALL = 7 };

#define DEVICE_ANY (-1)

struct device_rule {
    bool allow;
    char type; /* 'a', 'b', 'c' */
    int64_t major, minor;
    unsigned access;
    size_t index; /* in the configuration; of those added at the end the number of its rules */
};

struct device_rules {
    struct device_rule *list;
    size_t count;
};

void device_rules_free(struct device_rules *rules);
#define _device_rules_ __attribute__((cleanup(device_rules_free)))

/* Check and read the rules; none: an empty list.  prefix is where the resources are in their document. */
int device_rules_collect(const struct oci_linux_resources *resources, const char *prefix,
                         struct device_rules *rules, struct failure *failure);

/* device_program.c: the same as a program.  Pure.  *program is to be freed. */
int device_program(const struct device_rules *rules, struct bpf_insn **program, size_t *count);

/* Version 1: what holds for all devices, and exceptions from it. */
struct device_exceptions {
    bool allow_all;
    struct device_rule *list; /* those with no access left are void */
    size_t count, room;
};

/* Version 2: a program that was put on a group, and those that were taken off for it. */
struct device_programs {
    int dir, program;
    size_t count;
    int old[];
};

/* What a group had before; all zero: nothing was replaced. */
struct devices_before {
    const struct group *group;
    struct device_exceptions listed;
    struct device_programs *programs;
};

/* device_rules.c: the group that can enforce rules, or NULL. */
const struct group *devices_group(const struct group_set *set);
/* Bring what was replaced back; what cannot be is logged. */
void devices_bring_back(struct devices_before *before, const struct log *log);
void devices_before_free(struct devices_before *before);

/* device_attach.c: put a program on a group of version 2; replace: those that an earlier call put there are
 * taken off afterwards.  before may be NULL. */
int device_attach(const struct group *group, const struct device_rules *rules, const char *prefix,
                  bool replace, struct device_programs **before, const struct log *log,
                  struct failure *failure);
int device_programs_bring_back(const struct device_programs *before);
void device_programs_free(struct device_programs *programs);

/* devices_v1.c: write to a group's files.  update: it is in use; what stays allowed is so at any time, as long as
 * the group denies, or allows, all others before and after.  before may be NULL. */
int devices_v1_set(const struct group *group, const struct device_rules *rules, const char *prefix,
                   bool update, struct device_exceptions *before, const struct log *log,
                   struct failure *failure);
int devices_v1_bring_back(const struct group *group, const struct device_exceptions *before,
                          struct failure *failure);
void device_exceptions_free(struct device_exceptions *exceptions);

#endif
