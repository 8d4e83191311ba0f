/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's log function, carried along with the id that messages are about.
 */
#ifndef OCIKIT_LOG_H
#define OCIKIT_LOG_H

#include <ocikit/container.h>

struct log {
    container_log_function function;
    void *data;
    const char *id;
};

void log_message(const struct log *log, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
