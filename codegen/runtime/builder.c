/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's events: where the next value belongs, and members by name.  Opening and closing of
 * containers is in container.c.  A finding does not stop the building: the value is passed over,
 * and the document is not handed out in the end.
 */
#include "builder.h"

#include <string.h>

static struct oci_frame *top_frame(struct oci_builder *builder)
{
    return builder->depth > 0 ? &builder->frames[builder->depth - 1] : NULL;
}

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

static int scalar_member(struct oci_builder *builder, struct oci_frame *frame,
                         const struct oci_token *token)
{
    const struct oci_field *field = frame->field;
    char *object = oci_frame_object(builder, frame);
    const char *json;

    if (field == NULL) {
        if (!frame->keep)
            return 0;
        if (keep_text(builder, token, &json) < 0)
            return OCI_ERR_NO_MEMORY;
        oci_residual_set_text(builder, frame, json);
        return 0;
    }
    if (field->shape != OCI_SHAPE_ONE)
        return oci_complain_type(builder, field, false, token);
    mark_present(field, object);
    return oci_scalar_store(builder, field, token, object + field->offset);
}

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct oci_builder *builder = ctx;
    struct oci_frame *frame = top_frame(builder);
    int result = 0;
    char *at;

    if (frame == NULL)
        return oci_complain_type(builder, NULL, false, token);
    if (frame->kind == OCI_FRAME_OBJECT) {
        result = scalar_member(builder, frame, token);
    } else if (frame->kind == OCI_FRAME_ARRAY || frame->kind == OCI_FRAME_MAP) {
        result = oci_container_element(builder, &at);
        if (result == 0)
            result = oci_scalar_store(builder, frame->field, token, at);
    }
    oci_container_advance(builder);
    return result;
}

/* The name in memory that outlives the event: the document's text where it stands there as it is.
 */
static const char *lasting_name(struct oci_builder *builder, const struct oci_token *token)
{
    return token->in_input ? token->text
                           : oci_arena_text(builder->arena, token->text, token->length);
}

static int unknown_member(struct oci_builder *builder, struct oci_frame *frame,
                          const struct oci_token *token)
{
    int result;

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

static int object_member(struct oci_builder *builder, struct oci_frame *frame,
                         const struct oci_token *token)
{
    size_t number = oci_field_number(frame->type, token->text, token->length);
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
    struct oci_frame *frame = top_frame(builder);

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
