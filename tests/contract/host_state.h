/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of contract-host-state share: the state of the test, and a call between two records of the
 * calling process.
 */
#ifndef OCIKIT_HOST_STATE_H
#define OCIKIT_HOST_STATE_H

#include <stdint.h>

#include <ocikit/container.h>

#include "host_record.h"

struct test {
    int report_fd;
    int failures, calls;
    int handles; /* handles that are open, whose fds may be */
    const char *bundles, *work;
    container_context *context;
};

extern struct test test;

void fail(const char *call, const char *text, long value);
void check_error(const char *call, container_error *error);
void test_state(container *made, int status);

/* host_operations.c */
void test_paused(container *made);
void test_looking_inside(container *made);
container_events *begin_events(container *made);
void end_events(container_events *events);
container_events *begin_oom(container *made);
void end_oom(container_events *events);
void test_notify(void);

/* Evaluate a call between two records.  The value must satisfy the condition on `result`. */
#define CALL(name, expression, condition)                                                          \
    do {                                                                                           \
        struct host_record *before = host_record_take();                                           \
        long result = (long)(intptr_t)(expression);                                                \
        struct host_record *after = host_record_take();                                            \
        test.failures +=                                                                           \
            host_record_compare(before, after, test.handles > 0, name, test.report_fd);            \
        host_record_free(before);                                                                  \
        host_record_free(after);                                                                   \
        test.calls++;                                                                              \
        if (!(condition))                                                                          \
            fail(name, "unexpected result, wanted " #condition, result);                           \
    } while (0)

#endif
