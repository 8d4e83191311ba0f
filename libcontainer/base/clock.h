/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time for deadlines: monotonic, so that setting the clock changes nothing.
 */
#ifndef OCIKIT_CLOCK_H
#define OCIKIT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
