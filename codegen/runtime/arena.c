/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena and the scratch stack.  They own their blocks and know nothing of JSON.
 */
#include "arena.h"

#include <stdint.h>
#include <string.h>

#define ALIGNMENT 8u
#define SCRATCH_FIRST 1024u

void oci_arena_init(struct oci_arena *arena, const struct oci_allocator *memory, size_t first,
                    size_t step)
{
    *arena =
        (struct oci_arena){.memory = memory, .next_size = first, .step = step, .limit = SIZE_MAX};
}

static struct oci_arena_block *add_block(struct oci_arena *arena, size_t size)
{
    struct oci_arena_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    if (sizeof(*block) + size > arena->limit - arena->taken) {
        arena->full = true;
        return NULL;
    }
    block = oci_memory_alloc(arena->memory, sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    arena->taken += sizeof(*block) + size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

/* A large piece gets a block of its own, so that the rest of the current block is not given up. */
static char *grow(struct oci_arena *arena, size_t size, bool *own_block)
{
    struct oci_arena_block *block;
    size_t room = arena->next_size, left = arena->limit - arena->taken;

    /* Near the limit only what is asked for is taken. */
    *own_block = size > room / 4 || left < sizeof(*block) + room;
    block = add_block(arena, *own_block ? size : room);
    if (block == NULL)
        return NULL;
    if (!*own_block) {
        arena->low = (char *)(block + 1);
        arena->high = arena->low + room;
        arena->next_size = arena->step;
    }
    return (char *)(block + 1);
}

void *oci_arena_alloc(struct oci_arena *arena, size_t size)
{
    bool own_block = false;
    char *at;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if ((size_t)(arena->high - arena->low) < size || arena->low == NULL) {
        at = grow(arena, size, &own_block);
        if (at == NULL || own_block)
            return at;
    }
    at = arena->low;
    arena->low += size;
    return at;
}

void *oci_arena_zeroed(struct oci_arena *arena, size_t size)
{
    void *at = oci_arena_alloc(arena, size);

    if (at != NULL)
        memset(at, 0, size);
    return at;
}

char *oci_arena_more_bytes(struct oci_arena *arena, size_t length)
{
    bool own_block = false;
    char *at = grow(arena, length, &own_block);

    if (at == NULL || own_block)
        return at;
    arena->high -= length;
    return arena->high;
}

void oci_arena_free(struct oci_arena *arena)
{
    struct oci_arena_block *block = arena->blocks;

    while (block != NULL) {
        struct oci_arena_block *next = block->next;

        oci_memory_release(arena->memory, block);
        block = next;
    }
    arena->blocks = NULL;
    arena->low = NULL;
    arena->high = NULL;
}

bool oci_scratch_grow(struct oci_scratch *scratch, size_t size)
{
    size_t wanted, capacity;
    char *data;

    if (size > SIZE_MAX / 4 - scratch->length)
        return false;
    wanted = scratch->length + size;
    capacity = scratch->capacity == 0 ? SCRATCH_FIRST : scratch->capacity;
    while (capacity < wanted)
        capacity *= 2;
    if (scratch->limit > 0 && capacity > scratch->limit && capacity > SCRATCH_FIRST) {
        scratch->full = true;
        return false;
    }
    data = oci_memory_resize(scratch->memory, scratch->data, capacity);
    if (data == NULL)
        return false;
    scratch->data = data;
    scratch->capacity = capacity;
    return true;
}

bool oci_scratch_align(struct oci_scratch *scratch)
{
    size_t missing = (ALIGNMENT - scratch->length % ALIGNMENT) % ALIGNMENT;
    size_t ignored;

    return missing == 0 || oci_scratch_push(scratch, missing, &ignored);
}

void oci_scratch_free(struct oci_scratch *scratch)
{
    oci_memory_release(scratch->memory, scratch->data);
    scratch->data = NULL;
    scratch->length = 0;
    scratch->capacity = 0;
}
