/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's events: where the next value belongs, and members by name.  Opening and closing of
 * containers is in container.c.  A finding does not stop the building: the value is passed over,
 * and the document is not handed out in the end.
 */
#include "builder.h"

#include <string.h>

static int keep_text(struct oci_builder *builder, const struct oci_token *token, const char **text)
{
    *text = oci_arena_text(builder->arena, builder->text + token->start, token->end - token->start);
    return *text != NULL ? 0 : OCI_ERR_NO_MEMORY;
}

static void mark_present(const struct oci_field *field, char *object)
{
    if (field->shape == OCI_SHAPE_ONE && field->aux_offset != OCI_NO_OFFSET)
        *(bool *)(object + field->aux_offset) = true;
}

/* The most frequent value by far, without the way through all kinds. */
static inline bool is_plain_string(const struct oci_field *field, const struct oci_token *token)
{
    return field->kind == OCI_KIND_STRING && token->kind == OCI_TOKEN_STRING &&
           field->pattern == NULL;
}

static int scalar_member(struct oci_builder *builder, struct oci_frame *frame,
                         const struct oci_token *token)
{
    const struct oci_field *field = frame->field;
    const char *json;
    char *object;
    int result;

    if (field == NULL) {
        if (!frame->keep)
            return 0;
        if (keep_text(builder, token, &json) < 0)
            return OCI_ERR_NO_MEMORY;
        oci_residual_set_text(builder, frame, json);
        return 0;
    }
    if (token->kind == OCI_TOKEN_NULL && (field->flags & OCI_FIELD_NULLABLE) != 0)
        return oci_residual_add_null(builder, frame);
    if (field->shape != OCI_SHAPE_ONE)
        return oci_complain_type(builder, field, false, token);
    object = oci_frame_object(builder, frame);
    if (is_plain_string(field, token)) {
        json = oci_arena_text(builder->arena, token->text, token->length);
        *(const char **)(object + field->offset) = json;
        return json != NULL ? 0 : OCI_ERR_NO_MEMORY;
    }
    result = oci_scalar_store(builder, field, token, object + field->offset);
    if (result == OCI_STORED)
        mark_present(field, object);
    return result < 0 ? result : 0;
}

static int scalar_element(struct oci_builder *builder, struct oci_frame *frame,
                          const struct oci_token *token)
{
    int result;
    char *at;

    if (is_plain_string(frame->field, token)) {
        const char *text = oci_arena_text(builder->arena, token->text, token->length);

        if (text == NULL || !oci_scratch_reserve(&builder->scratch, sizeof(text)))
            return OCI_ERR_NO_MEMORY;
        *(const char **)(builder->scratch.data + builder->scratch.length) = text;
        builder->scratch.length += sizeof(text);
        return 0;
    }
    result = oci_container_element(builder, frame, &at);
    if (result < 0)
        return result;
    result = oci_scalar_store(builder, frame->field, token, at);
    return result < 0 ? result : 0;
}

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct oci_builder *builder = ctx;
    struct oci_frame *frame;
    int result = 0;

    if (builder->depth == 0)
        return oci_complain_type(builder, NULL, false, token);
    frame = oci_top_frame(builder);
    if (frame->kind == OCI_FRAME_OBJECT)
        result = scalar_member(builder, frame, token);
    else if (frame->kind == OCI_FRAME_ARRAY || frame->kind == OCI_FRAME_MAP)
        result = scalar_element(builder, frame, token);
    frame->count++;
    frame->has_key = false;
    return result;
}

/* The name in memory that outlives the event: the document's text where it stands there as it is.
 */
static const char *lasting_name(struct oci_builder *builder, const struct oci_token *token)
{
    return token->in_input ? token->text
                           : oci_arena_text(builder->arena, token->text, token->length);
}

static inline void note_order(struct oci_frame *frame, uint8_t number)
{
    if (number < frame->last)
        frame->disordered = true;
    frame->last = number;
    if (frame->ordered < OCI_ORDER_ROOM)
        frame->order[frame->ordered++] = number;
}

static int unknown_member(struct oci_builder *builder, struct oci_frame *frame,
                          const struct oci_token *token)
{
    int result;

    note_order(frame, OCI_ORDER_UNKNOWN);
    frame->field = NULL;
    frame->keep = true;
    frame->key = oci_arena_text(builder->arena, token->text, token->length);
    frame->key_length = token->length;
    if (frame->key == NULL)
        return OCI_ERR_NO_MEMORY;
    if (builder->unknown != OCI_UNKNOWN_KEEP) {
        result = oci_complain_unknown(builder, frame, token->start);
        if (result < 0)
            return result;
    }
    return oci_residual_add(builder, frame, frame->key, frame->key_length, token->start);
}

/* Objects of one type tend to have their members in one order: the member that came after this one
 * before is looked at first. */
static inline size_t member_number(struct oci_builder *builder, const struct oci_frame *frame,
                                   const struct oci_token *token)
{
    const struct oci_type *type = frame->type;
    uint8_t *next =
        &builder->next_member[((uintptr_t)type / sizeof(*type) + frame->last) % OCI_NEXT_ROOM];
    size_t number = *next;

    if (number > 0 && number <= type->field_count &&
        type->fields[number - 1].name_length == token->length &&
        oci_same_short(type->fields[number - 1].name, token->text, token->length))
        return number;
    number = oci_field_number(type, token->text, token->length);
    *next = (uint8_t)number;
    return number;
}

static int object_member(struct oci_builder *builder, struct oci_frame *frame,
                         const struct oci_token *token)
{
    size_t number = member_number(builder, frame, token);
    uint64_t bit;

    if (number == 0)
        return unknown_member(builder, frame, token);
    number--;
    frame->field = &frame->type->fields[number];
    frame->key = frame->field->name;
    frame->key_length = frame->field->name_length;
    bit = UINT64_C(1) << (number % 64);
    if ((frame->seen[number / 64] & bit) != 0) {
        frame->field = NULL;
        frame->keep = false;
        return oci_complain_duplicate(builder, builder->depth, frame->key, frame->key_length,
                                      token->start);
    }
    frame->seen[number / 64] |= bit;
    frame->required += frame->field->flags & OCI_FIELD_REQUIRED;
    note_order(frame, (uint8_t)(number + 1));
    return 0;
}

static int map_entry(struct oci_builder *builder, struct oci_frame *frame,
                     const struct oci_token *token)
{
    struct oci_map_head *head;
    size_t at;

    frame->key = oci_arena_text(builder->arena, token->text, token->length);
    frame->key_length = token->length;
    if (frame->key == NULL || !oci_scratch_push(&builder->scratch, sizeof(*head), &at))
        return OCI_ERR_NO_MEMORY;
    head = (struct oci_map_head *)(builder->scratch.data + at);
    *head = (struct oci_map_head){.offset = token->start, .key = frame->key};
    return 0;
}

static int on_key(void *ctx, const struct oci_token *token)
{
    struct oci_builder *builder = ctx;
    struct oci_frame *frame = oci_top_frame(builder);

    frame->has_key = true;
    if (frame->kind == OCI_FRAME_OBJECT)
        return object_member(builder, frame, token);
    if (frame->kind == OCI_FRAME_MAP)
        return map_entry(builder, frame, token);
    frame->key = lasting_name(builder, token);
    frame->key_length = token->length;
    if (frame->key == NULL)
        return OCI_ERR_NO_MEMORY;
    return oci_residual_add(builder, frame, frame->key, frame->key_length, token->start);
}

static int on_open(void *ctx, const struct oci_token *token)
{
    return oci_container_open(ctx, token);
}

static int on_close(void *ctx, size_t end)
{
    return oci_container_close(ctx, end);
}

static int on_fault(void *ctx, const struct oci_fault *fault)
{
    return oci_complain_fault(ctx, fault);
}

const struct oci_reader_events oci_builder_events = {
    .scalar = on_scalar,
    .key = on_key,
    .open = on_open,
    .close = on_close,
    .fault = on_fault,
};

void oci_builder_free(struct oci_builder *builder)
{
    oci_scratch_free(&builder->scratch);
    oci_memory_release(builder->memory, builder->frames);
    builder->frames = NULL;
}
