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

/* device_attach.c: put a program on a group of version 2; replace: those that an earlier call put there are
 * taken off afterwards. */
int device_attach(const struct group *group, const struct device_rules *rules, const char *prefix,
                  bool replace, const struct log *log, struct failure *failure);

/* devices_v1.c: write to a group's files.  update: it is in use, and what stays allowed is so at any time. */
int devices_v1_set(const struct group *group, const struct device_rules *rules, const char *prefix,
                   bool update, struct failure *failure);

#endif
