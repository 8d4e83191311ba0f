/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default allocator: the C library's.  Nothing else in the engine may call malloc or free.
 */
#include "memory.h"

#include <stdlib.h>

static void *default_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void *default_resize(void *ctx, void *old, size_t size)
{
    (void)ctx;
    return realloc(old, size);
}

static void default_release(void *ctx, void *old)
{
    (void)ctx;
    free(old);
}

const struct oci_allocator oci_default_allocator = {
    .alloc = default_alloc,
    .resize = default_resize,
    .release = default_release,
    .ctx = NULL,
};
