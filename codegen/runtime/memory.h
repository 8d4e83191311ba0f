/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the engine's memory comes from: one set of functions that is handed down to every part, so
 * that tests can make any single allocation fail.  Internal: never installed.  It owns no memory
 * itself.
 */
#ifndef OCIKIT_RUNTIME_MEMORY_H
#define OCIKIT_RUNTIME_MEMORY_H

#include <stddef.h>

struct oci_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*resize)(void *ctx, void *old, size_t size);
    void (*release)(void *ctx, void *old);
    void *ctx;
};

/* malloc, realloc and free. */
extern const struct oci_allocator oci_default_allocator;

static inline void *oci_memory_alloc(const struct oci_allocator *memory, size_t size)
{
    return memory->alloc(memory->ctx, size);
}

static inline void *oci_memory_resize(const struct oci_allocator *memory, void *old, size_t size)
{
    return memory->resize(memory->ctx, old, size);
}

static inline void oci_memory_release(const struct oci_allocator *memory, void *old)
{
    if (old != NULL)
        memory->release(memory->ctx, old);
}

#endif
