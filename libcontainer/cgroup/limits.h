/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the resources of a configuration ask for, as a list of files and what they are to hold.  Pure: the
 * limits_* functions open and change nothing; what they cannot know of the host stands in struct limits.
 */
#ifndef OCIKIT_LIMITS_H
#define OCIKIT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <ocikit/spec.h>

#include <base/error.h>
#include <base/log.h>

enum limit_flags {
    LIMIT_QUIET =
        1, /* asks for nothing new: where the host lacks the file, nothing is to be done */
    LIMIT_VERIFY = 2, /* kernels take the value without keeping it: it is read again */
    LIMIT_LATE = 4,   /* set once the container is set up, as the set-up may need more */
};

/* Values of one knot hold each other within bounds, so that the kernel may refuse one of them before
 * another was written. */
enum limit_knot {
    KNOT_NONE,
    KNOT_MEMORY,    /* memory, memory and swap */
    KNOT_BANDWIDTH, /* quota, period, burst */
    KNOT_REALTIME,
    KNOT_WEIGHT, /* shares, idle */
};

struct limit {
    char *controller; /* "" for a file that every group has */
    char *file;
    char *value;
    char *second_file; /* another one to take where the kernel does not have the first; or NULL */
    char *second_value;
    char *place; /* JSON pointer inside the resources */
    enum limit_knot knot;
    unsigned flags;
    bool v2;
};

struct limits {
    struct limit *list;
    size_t count, room;
    bool failed;        /* memory is out */
    const char *prefix; /* of every place: where the resources are in their document */
    const struct log *log;
    int64_t
        memory_now; /* version 2: the group's memory.max and the quota of its cpu.max; -1 for max */
    int64_t quota_now;
    struct limit spare; /* what limit_add gives when memory is out */
};

void limits_free(struct limits *limits);
#define _limits_ __attribute__((cleanup(limits_free)))

/* Add one; never NULL.  The caller may set knot, flags and v2 afterwards. */
struct limit *limit_add(struct limits *limits, const char *controller, const char *file,
                        const char *place, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* What to write where the kernel does not have the file. */
void limit_or(struct limits *limits, struct limit *limit, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Record a failure at a place inside the resources. */
int limit_fail(const struct limits *limits, struct failure *failure, int code, const char *place,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One noun each; v2: the controller is one of version 2. */
int limits_memory(struct limits *limits, const struct oci_linux_memory *memory, bool v2,
                  struct failure *failure);
int limits_cpu(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2,
               struct failure *failure);
int limits_cpuset(struct limits *limits, const struct oci_linux_cpu *cpu, bool v2);
int limits_block_io(struct limits *limits, const struct oci_linux_block_io *io, bool v2,
                    struct failure *failure);
int limits_hugepages(struct limits *limits, const struct oci_linux_resources *resources, bool v2,
                     struct failure *failure);
int limits_network(struct limits *limits, const struct oci_linux_network *network, bool unified,
                   struct failure *failure);
int limits_pids(struct limits *limits, const struct oci_linux_pids *pids, bool v2);
int limits_rdma(struct limits *limits, const struct oci_linux_resources *resources, bool v2,
                struct failure *failure);
int limits_unified(struct limits *limits, const struct oci_linux_resources *resources,
                   struct failure *failure);

/* restore.c: what to write to a file so that it holds again what it held, where written was written to it.
 * Lines are to be written one by one.  To be freed; NULL when memory is out. */
char *limit_restore_text(const char *file, const char *written, const char *old);

#endif
