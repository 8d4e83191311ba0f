/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One limit: where the configuration has it and what a group's file is to hold.
 */
#ifndef OCIKIT_LIMITS_H
#define OCIKIT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct limit {
    const char *controller;
    const char *file;
    const char *place; /* JSON pointer */
    char value[64];
};

#define MAX_LIMITS 32

struct limits {
    struct limit list[MAX_LIMITS];
    unsigned count;
};

void limit_add(struct limits *limits, const char *controller, const char *file, const char *place,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
