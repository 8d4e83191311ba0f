/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that the tables do not know, and names that stand twice.  Names are sorted rather than
 * compared pair by pair, so that a document cannot buy quadratic time.
 */
#include "builder.h"

#include <stdlib.h>
#include <string.h>

/* Among more members than this nobody looks for a misspelling. */
#define MOST_COMPARED 256u

static struct oci_residual *residual_at(struct oci_builder *builder, const struct oci_frame *frame,
                                        size_t index)
{
    return (struct oci_residual *)(builder->scratch.data + frame->items) + index;
}

int oci_residual_add(struct oci_builder *builder, struct oci_frame *frame, const char *name,
                     size_t length, size_t offset)
{
    struct oci_residual *residual;
    size_t at;

    if (!oci_scratch_push(&builder->scratch, sizeof(*residual), &at))
        return OCI_ERR_NO_MEMORY;
    residual = (struct oci_residual *)(builder->scratch.data + at);
    *residual = (struct oci_residual){.name = name, .length = length, .offset = offset};
    frame->residuals++;
    return 0;
}

int oci_residual_add_null(struct oci_builder *builder, struct oci_frame *frame)
{
    const struct oci_field *field = frame->field;
    size_t number = frame->ordered;
    int result;

    if (frame->type->unknown_offset == OCI_NO_OFFSET)
        return 0;
    result = oci_residual_add(builder, frame, field->name, field->name_length, frame->start);
    if (result < 0)
        return result;
    oci_residual_set_text(builder, frame, "null");
    if (number > 0 && number < OCI_ORDER_ROOM)
        frame->order[number - 1] = OCI_ORDER_UNKNOWN;
    frame->last = OCI_ORDER_UNKNOWN;
    return 0;
}

void oci_residual_set_text(struct oci_builder *builder, struct oci_frame *frame, const char *json)
{
    residual_at(builder, frame, frame->residuals - 1)->json = json;
}

struct names {
    struct oci_builder *builder;
    const struct oci_frame *frame;
};

static const char *name_at(const void *list, size_t index)
{
    const struct names *names = list;

    return residual_at(names->builder, names->frame, index)->name;
}

const char *oci_residual_like(struct oci_builder *builder, const struct oci_frame *frame,
                              const struct oci_field *field)
{
    const struct names names = {builder, frame};

    if (frame->residuals > MOST_COMPARED)
        return NULL;
    return oci_suggest(field->name, field->name_length, frame->residuals, name_at, &names);
}

static int compare_names(const struct oci_residual *a, const struct oci_residual *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter > 0 ? memcmp(a->name, b->name, shorter) : 0;

    if (order != 0)
        return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

static int compare_residuals(const void *left, const void *right)
{
    const struct oci_residual *a = *(struct oci_residual *const *)left;
    const struct oci_residual *b = *(struct oci_residual *const *)right;
    int order = compare_names(a, b);

    if (order != 0)
        return order;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int oci_residual_check(struct oci_builder *builder, struct oci_frame *frame, size_t depth)
{
    size_t count = frame->residuals, height = builder->scratch.length;
    struct oci_residual **sorted;
    int result = 0;

    if (count < 2)
        return 0;
    if (!oci_scratch_reserve(&builder->scratch, count * sizeof(struct oci_residual *)))
        return OCI_ERR_NO_MEMORY;
    sorted = (struct oci_residual **)(builder->scratch.data + height);
    for (size_t i = 0; i < count; i++)
        sorted[i] = residual_at(builder, frame, i);
    qsort(sorted, count, sizeof(struct oci_residual *), compare_residuals);
    for (size_t i = 1; i < count && result == 0; i++) {
        if (compare_names(sorted[i - 1], sorted[i]) == 0)
            result = oci_complain_duplicate(builder, depth, sorted[i]->name, sorted[i]->length,
                                            sorted[i]->offset);
    }
    return result;
}

static int store_order(struct oci_builder *builder, const struct oci_frame *frame,
                       struct oci_unknown_members *unknown)
{
    char *order;

    if (!frame->disordered)
        return 0;
    order = oci_arena_text(builder->arena, (const char *)frame->order, frame->ordered);
    unknown->order = (const uint8_t *)order;
    return order != NULL ? 0 : OCI_ERR_NO_MEMORY;
}

int oci_residual_store(struct oci_builder *builder, struct oci_frame *frame)
{
    struct oci_unknown_members *unknown =
        (void *)(oci_frame_object(builder, frame) + frame->type->unknown_offset);
    struct oci_unknown_member *items;

    if (frame->type->unknown_offset == OCI_NO_OFFSET)
        return 0;
    if (frame->residuals > 0) {
        items = oci_arena_alloc(builder->arena, frame->residuals * sizeof(*items));
        if (items == NULL)
            return OCI_ERR_NO_MEMORY;
        for (size_t i = 0; i < frame->residuals; i++) {
            const struct oci_residual *residual = residual_at(builder, frame, i);

            items[i] = (struct oci_unknown_member){.name = residual->name, .json = residual->json};
        }
        unknown->items = items;
        unknown->count = frame->residuals;
    }
    return store_order(builder, frame, unknown);
}

static int compare_entries(const void *left, const void *right)
{
    const struct oci_map_head *a = left, *b = right;
    int order = strcmp(a->key, b->key);

    if (order != 0)
        return order;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int oci_map_check(struct oci_builder *builder, struct oci_frame *frame, size_t stride, size_t depth)
{
    char *items = builder->scratch.data + frame->items;
    int result = 0;

    for (size_t i = 1; i < frame->count; i++) {
        if (compare_entries(items + (i - 1) * stride, items + i * stride) > 0) {
            qsort(items, frame->count, stride, compare_entries);
            break;
        }
    }
    for (size_t i = 1; i < frame->count && result == 0; i++) {
        const struct oci_map_head *a = (const void *)(items + (i - 1) * stride);
        const struct oci_map_head *b = (const void *)(items + i * stride);

        if (strcmp(a->key, b->key) == 0)
            result = oci_complain_duplicate(builder, depth, b->key, strlen(b->key), b->offset);
    }
    return result;
}
