/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership helpers of the command: what a scope opened or allocated it also releases.
 */
#ifndef OCIKIT_CLI_UTIL_H
#define OCIKIT_CLI_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ocikit/container.h>
#include <ocikit/spec.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void free_pointer(void *p)
{
    free(*(void **)p);
}

static inline void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void close_file(FILE **p)
{
    if (*p)
        fclose(*p);
}

static inline void close_container(container **p)
{
    container_close(*p);
}

static inline void free_state(container_state **p)
{
    container_state_free(*p);
}

static inline void free_text(char **p)
{
    container_text_free(*p);
}

static inline void free_spec_text(char **p)
{
    oci_free(*p);
}

#define _free_ _cleanup_(free_pointer)
#define _close_ _cleanup_(close_fd)
#define _container_ _cleanup_(close_container)
#define _state_ _cleanup_(free_state)
#define _text_ _cleanup_(free_text)
#define _spec_text_ _cleanup_(free_spec_text)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
