/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects, arrays and maps while they are open: frames, and the elements that collect on the
 * scratch stack until their number is known and they move to the arena in one block of the exact
 * size.
 */
#include "builder.h"

#include <string.h>

#define FIRST_FRAMES 8u

/* What an empty array points to: it must not be NULL and is never read. */
static const uint64_t no_elements[1] = {0};

static size_t entry_stride(const struct oci_field *field)
{
    return sizeof(struct oci_map_head) + oci_value_room(field);
}

static int push_frame(struct oci_builder *builder, enum oci_frame_kind kind, size_t start,
                      struct oci_frame **frame)
{
    size_t base = builder->scratch.length;

    if (builder->depth == builder->frames_room) {
        size_t room = builder->frames_room == 0 ? FIRST_FRAMES : builder->frames_room * 2;
        struct oci_frame *frames = NULL;

        if (builder->frames == NULL || room <= builder->arena->limit / sizeof(*frames))
            frames = oci_memory_resize(builder->memory, builder->frames, room * sizeof(*frames));
        else
            builder->arena->full = true;
        if (frames == NULL)
            return OCI_ERR_NO_MEMORY;
        builder->frames = frames;
        builder->frames_room = room;
    }
    if (!oci_scratch_align(&builder->scratch))
        return OCI_ERR_NO_MEMORY;
    *frame = &builder->frames[builder->depth++];
    memset(*frame, 0, offsetof(struct oci_frame, order));
    (*frame)->kind = kind;
    (*frame)->start = start;
    (*frame)->base = base;
    (*frame)->items = builder->scratch.length;
    return 0;
}

static int push_raw(struct oci_builder *builder, const struct oci_token *token, bool keep)
{
    struct oci_frame *frame;
    int result = push_frame(
        builder, token->kind == OCI_TOKEN_OBJECT ? OCI_FRAME_RAW_OBJECT : OCI_FRAME_RAW_ARRAY,
        token->start, &frame);

    if (result == 0)
        frame->keep = keep;
    return result;
}

static int refuse(struct oci_builder *builder, const struct oci_field *field, bool element,
                  const struct oci_token *token)
{
    int result = oci_complain_type(builder, field, element, token);

    return result < 0 ? result : push_raw(builder, token, false);
}

/* An object whose struct has its own place in the arena. */
static int push_object(struct oci_builder *builder, const struct oci_type *type, size_t start,
                       void **object)
{
    struct oci_frame *frame;
    int result;

    *object = oci_arena_zeroed(builder->arena, type->size);
    if (*object == NULL)
        return OCI_ERR_NO_MEMORY;
    result = push_frame(builder, OCI_FRAME_OBJECT, start, &frame);
    if (result < 0)
        return result;
    frame->type = type;
    frame->object = *object;
    return 0;
}

static int push_list(struct oci_builder *builder, enum oci_frame_kind kind,
                     const struct oci_field *field, size_t start)
{
    struct oci_frame *frame;
    int result = push_frame(builder, kind, start, &frame);

    if (result < 0)
        return result;
    frame->field = field;
    frame->element_size = kind == OCI_FRAME_MAP ? oci_value_room(field) : oci_element_size(field);
    return 0;
}

static int open_member(struct oci_builder *builder, struct oci_frame *parent,
                       const struct oci_token *token)
{
    const struct oci_field *field = parent->field;
    bool is_object = token->kind == OCI_TOKEN_OBJECT;
    void *child;
    char *object;
    int result;

    if (field == NULL)
        return push_raw(builder, token, parent->keep);
    if (field->shape == OCI_SHAPE_ARRAY && !is_object)
        return push_list(builder, OCI_FRAME_ARRAY, field, token->start);
    if (field->shape == OCI_SHAPE_MAP && is_object)
        return push_list(builder, OCI_FRAME_MAP, field, token->start);
    if (field->shape != OCI_SHAPE_ONE)
        return refuse(builder, field, false, token);
    if (field->kind == OCI_KIND_RAW && (is_object || (field->flags & OCI_FIELD_RAW_OBJECT) == 0))
        return push_raw(builder, token, true);
    if (field->kind != OCI_KIND_OBJECT || !is_object)
        return refuse(builder, field, false, token);
    result = push_object(builder, field->of, token->start, &child);
    if (result < 0)
        return result;
    /* Pushing may have moved the frames and the scratch stack. */
    object = oci_frame_object(builder, &builder->frames[builder->depth - 2]);
    *(void **)(object + field->offset) = child;
    return 0;
}

static int open_element(struct oci_builder *builder, const struct oci_frame *parent,
                        const struct oci_token *token)
{
    const struct oci_field *field = parent->field;
    bool is_object = token->kind == OCI_TOKEN_OBJECT;
    struct oci_frame *frame;
    size_t element_at;
    char *element;
    int result;

    result = oci_container_element(builder, oci_top_frame(builder), &element);
    if (result < 0)
        return result;
    element_at = (size_t)(element - builder->scratch.data);
    if (field->kind == OCI_KIND_RAW && (is_object || (field->flags & OCI_FIELD_RAW_OBJECT) == 0))
        return push_raw(builder, token, true);
    if (field->kind != OCI_KIND_OBJECT || !is_object)
        return refuse(builder, field, true, token);
    result = push_frame(builder, OCI_FRAME_OBJECT, token->start, &frame);
    if (result < 0)
        return result;
    frame->type = field->of;
    frame->object_at = element_at;
    return 0;
}

int oci_container_open(struct oci_builder *builder, const struct oci_token *token)
{
    struct oci_frame *parent;

    if (builder->depth == 0) {
        if (token->kind != OCI_TOKEN_OBJECT)
            return refuse(builder, NULL, false, token);
        return push_object(builder, builder->type, token->start, &builder->root);
    }
    parent = &builder->frames[builder->depth - 1];
    switch (parent->kind) {
    case OCI_FRAME_OBJECT:
        return open_member(builder, parent, token);
    case OCI_FRAME_ARRAY:
    case OCI_FRAME_MAP:
        return open_element(builder, parent, token);
    case OCI_FRAME_RAW_OBJECT:
    case OCI_FRAME_RAW_ARRAY:
        break;
    }
    return push_raw(builder, token, false);
}

/* The parent of an array or map is always an object. */
static void set_list(struct oci_builder *builder, const struct oci_field *field, const void *items,
                     size_t count)
{
    char *object = oci_frame_object(builder, &builder->frames[builder->depth - 2]);

    *(const void **)(object + field->offset) = items;
    if (field->aux_offset != OCI_NO_OFFSET)
        *(size_t *)(object + field->aux_offset) = count;
}

static int close_array(struct oci_builder *builder, struct oci_frame *frame)
{
    const struct oci_field *field = frame->field;
    size_t size = frame->count * frame->element_size;
    const void *items = no_elements;

    if (size > 0) {
        void *copy = oci_arena_alloc(builder->arena, size);

        if (copy == NULL)
            return OCI_ERR_NO_MEMORY;
        items = memcpy(copy, builder->scratch.data + frame->items, size);
    }
    set_list(builder, field, items, frame->count);
    if (frame->count < field->min_items && !builder->lenient)
        return oci_complain_too_few(builder, field, builder->depth - 1, frame->count, frame->start);
    return 0;
}

static int close_map(struct oci_builder *builder, struct oci_frame *frame)
{
    const struct oci_field *field = frame->field;
    size_t stride = entry_stride(field), size = stride - offsetof(struct oci_map_head, key);
    const char *from;
    char *items;
    int result;

    if (frame->count == 0) {
        set_list(builder, field, no_elements, 0);
        return 0;
    }
    result = oci_map_check(builder, frame, stride, builder->depth);
    if (result < 0)
        return result;
    items = oci_arena_alloc(builder->arena, frame->count * size);
    if (items == NULL)
        return OCI_ERR_NO_MEMORY;
    from = builder->scratch.data + frame->items + offsetof(struct oci_map_head, key);
    for (size_t i = 0; i < frame->count; i++)
        memcpy(items + i * size, from + i * stride, size);
    set_list(builder, field, items, frame->count);
    return 0;
}

static int complain_missing(struct oci_builder *builder, const struct oci_frame *frame)
{
    const struct oci_type *type = frame->type;
    int result = 0;

    for (uint32_t i = 0; i < type->field_count && result == 0; i++) {
        if ((type->fields[i].flags & OCI_FIELD_REQUIRED) != 0 &&
            (frame->seen[i / 64] & (UINT64_C(1) << (i % 64))) == 0 &&
            !oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
            result =
                oci_complain_required(builder, &type->fields[i], builder->depth - 1, frame->start,
                                      oci_residual_like(builder, frame, &type->fields[i]));
    }
    return result;
}

static int close_object(struct oci_builder *builder, struct oci_frame *frame)
{
    int result = 0;

    if (frame->required < frame->type->required_count && !builder->lenient)
        result = complain_missing(builder, frame);
    if (result == 0 && frame->residuals > 0)
        result = oci_residual_check(builder, frame, builder->depth);
    if (result == 0 && (frame->residuals > 0 || frame->disordered))
        result = oci_residual_store(builder, frame);
    return result;
}

/* Hand the text of a raw container to the parent, which asked for it. */
static int keep_raw(struct oci_builder *builder, const struct oci_frame *frame, size_t end)
{
    struct oci_frame *parent = &builder->frames[builder->depth - 2];
    const char *json =
        oci_arena_text(builder->arena, builder->text + frame->start, end - frame->start);
    char *at;

    if (json == NULL)
        return OCI_ERR_NO_MEMORY;
    if (parent->kind == OCI_FRAME_OBJECT && parent->field == NULL) {
        oci_residual_set_text(builder, parent, json);
        return 0;
    }
    if (parent->kind == OCI_FRAME_OBJECT)
        at = oci_frame_object(builder, parent) + parent->field->offset;
    else if (parent->kind == OCI_FRAME_MAP)
        at = builder->scratch.data + parent->items + parent->count * entry_stride(parent->field) +
             sizeof(struct oci_map_head);
    else
        at = builder->scratch.data + parent->items + parent->count * sizeof(char *);
    *(const char **)at = json;
    return 0;
}

int oci_container_close(struct oci_builder *builder, size_t end)
{
    struct oci_frame *frame = &builder->frames[builder->depth - 1];
    int result = 0;

    switch (frame->kind) {
    case OCI_FRAME_OBJECT:
        result = close_object(builder, frame);
        break;
    case OCI_FRAME_ARRAY:
        result = close_array(builder, frame);
        break;
    case OCI_FRAME_MAP:
        result = close_map(builder, frame);
        break;
    case OCI_FRAME_RAW_OBJECT:
        result = oci_residual_check(builder, frame, builder->depth);
        break;
    case OCI_FRAME_RAW_ARRAY:
        break;
    }
    if (result == 0 && frame->keep && frame->kind >= OCI_FRAME_RAW_OBJECT)
        result = keep_raw(builder, frame, end);
    builder->scratch.length = frame->base;
    builder->depth--;
    oci_container_advance(builder);
    return result;
}
