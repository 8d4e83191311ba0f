/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to hold memory while and after a document is read: the arena, whose blocks never move
 * and are freed together, and the scratch stack, which moves as it grows and so is named by offset
 * only. Neither knows what it holds.
 */
#ifndef OCIKIT_RUNTIME_ARENA_H
#define OCIKIT_RUNTIME_ARENA_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct oci_arena_block {
    struct oci_arena_block *next;
};

/* Structs are taken from the low end of the free space and strings from the high end, so that no
 * byte is lost to alignment between them. */
struct oci_arena {
    const struct oci_allocator *memory;
    struct oci_arena_block *blocks;
    char *low;
    char *high;
    size_t next_size; /* of the next block, without its head */
    size_t step;      /* of the blocks after that */
    size_t taken;     /* bytes of all blocks */
    size_t limit;     /* most that may be taken; as much as there is where not set */
    bool full;        /* something was refused because of the limit */
};

/* first and step are sizes in bytes; no memory is taken yet. */
void oci_arena_init(struct oci_arena *arena, const struct oci_allocator *memory, size_t first,
                    size_t step);
/* Memory aligned to 8 bytes; NULL when there is none.  Not zeroed. */
void *oci_arena_alloc(struct oci_arena *arena, size_t size);
void *oci_arena_zeroed(struct oci_arena *arena, size_t size);
/* oci_arena_bytes where the current block has no room. */
char *oci_arena_more_bytes(struct oci_arena *arena, size_t length);
void oci_arena_free(struct oci_arena *arena);

struct oci_scratch {
    size_t limit; /* most that may be taken; 0: as much as there is */
    bool full;    /* something was refused because of it */
    const struct oci_allocator *memory;
    char *data;
    size_t length;
    size_t capacity;
};

/* oci_scratch_reserve where the buffer is too small. */
bool oci_scratch_grow(struct oci_scratch *scratch, size_t size);
/* Advance to a multiple of 8. */
bool oci_scratch_align(struct oci_scratch *scratch);
void oci_scratch_free(struct oci_scratch *scratch);

/* What every token of a document goes through is inline. */

/* Room for length bytes of any alignment. */
static inline char *oci_arena_bytes(struct oci_arena *arena, size_t length)
{
    if (arena->low == NULL || (size_t)(arena->high - arena->low) < length)
        return oci_arena_more_bytes(arena, length);
    arena->high -= length;
    return arena->high;
}

/* memcpy for what is short most of the time: two copies that may overlap, without a call. */
static inline void oci_copy_short(char *to, const char *from, size_t length)
{
    if (length > 16) {
        memcpy(to, from, length);
    } else if (length >= 8) {
        uint64_t first, last;

        memcpy(&first, from, 8);
        memcpy(&last, from + length - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + length - 8, &last, 8);
    } else if (length >= 4) {
        uint32_t first, last;

        memcpy(&first, from, 4);
        memcpy(&last, from + length - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + length - 4, &last, 4);
    } else {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i];
    }
}

/* A copy that ends in NUL. */
static inline char *oci_arena_text(struct oci_arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? oci_arena_bytes(arena, length + 1) : NULL;

    if (copy == NULL)
        return NULL;
    oci_copy_short(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Make room for size more bytes without taking them. */
static inline bool oci_scratch_reserve(struct oci_scratch *scratch, size_t size)
{
    return size <= scratch->capacity - scratch->length || oci_scratch_grow(scratch, size);
}

/* Take size zeroed bytes; *offset says where they begin. */
static inline bool oci_scratch_push(struct oci_scratch *scratch, size_t size, size_t *offset)
{
    if (!oci_scratch_reserve(scratch, size))
        return false;
    memset(scratch->data + scratch->length, 0, size);
    *offset = scratch->length;
    scratch->length += size;
    return true;
}

#endif
