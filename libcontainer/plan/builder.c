/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a plan.
 */
#include <plan/builder.h>

#include <stdlib.h>
#include <string.h>

#include <plan/verify.h>

void plan_begin(struct plan_builder *builder, uint32_t inherited)
{
    *builder = (struct plan_builder){
        .slot_count = inherited,
        .origin = {PLAN_NO_POINTER, OCI_ERR_INTERNAL},
    };
    /* Offset 0 means "none" also while offsets are relative. */
    buffer_add(&builder->data, "\0\0\0\0\0\0\0", 8);
}

void plan_from(struct plan_builder *builder, int code, const char *format, ...)
{
    builder->origin = (struct plan_origin){PLAN_NO_POINTER, code};
    if (format == NULL)
        return;
    builder->origin.pointer = (uint32_t)builder->pointers.length;
    va_list list;
    va_start(list, format);
    buffer_format_list(&builder->pointers, format, list);
    va_end(list);
    buffer_add(&builder->pointers, "", 1);
}

void plan_add(struct plan_builder *builder, const struct plan_op *op)
{
    buffer_add(&builder->ops, op, sizeof(*op));
    buffer_add(&builder->origins, &builder->origin, sizeof(builder->origin));
}

uint32_t plan_text(struct plan_builder *builder, const char *text)
{
    if (text == NULL)
        return 0;
    uint32_t offset = (uint32_t)builder->data.length;
    buffer_add(&builder->data, text, strlen(text) + 1);
    return offset;
}

uint32_t plan_blob(struct plan_builder *builder, const void *data, size_t size)
{
    if (size == 0)
        return 0;
    buffer_align(&builder->data, 8);
    uint32_t offset = (uint32_t)builder->data.length;
    buffer_add(&builder->data, data, size);
    return offset;
}

uint32_t plan_vector(struct plan_builder *builder, const char *const *texts, size_t count)
{
    buffer_align(&builder->data, 8);
    uint32_t vector = (uint32_t)builder->data.length;
    uint64_t zero = 0;
    for (size_t i = 0; i <= count; i++)
        buffer_add(&builder->data, &zero, sizeof(zero));
    for (size_t i = 0; i < count; i++) {
        uint64_t offset = plan_text(builder, texts[i]);
        if (!buffer_failed(&builder->data))
            memcpy(builder->data.data + vector + i * 8, &offset, sizeof(offset));
    }
    buffer_add(&builder->vectors, &vector, sizeof(vector));
    return vector;
}

int32_t plan_slot(struct plan_builder *builder)
{
    return (int32_t)builder->slot_count++;
}

static void shift(uint32_t *offset, uint32_t base)
{
    if (*offset)
        *offset += base;
}

/* Offsets so far count from the data area; in the plan they count from its start. */
static void place(struct plan_builder *builder, unsigned char *bytes, uint32_t base)
{
    struct plan_op *ops = (struct plan_op *)(bytes + sizeof(struct plan_header));
    size_t count = builder->ops.length / sizeof(*ops);
    for (size_t i = 0; i < count; i++) {
        shift(&ops[i].text0, base);
        shift(&ops[i].text1, base);
        shift(&ops[i].text2, base);
        if (ops[i].code == PLAN_HOOK) {
            ops[i].number1 += base;
            ops[i].number2 += base;
        }
    }
    const uint32_t *vectors = (const uint32_t *)builder->vectors.data;
    for (size_t i = 0; i < builder->vectors.length / sizeof(*vectors); i++) {
        uint64_t *entry = (uint64_t *)(bytes + base + vectors[i]);
        for (; *entry; entry++)
            *entry += base;
    }
}

int plan_finish(struct plan_builder *builder, uint32_t inherited, uint32_t keep_fds,
                struct plan *plan, struct failure *failure)
{
    if (buffer_failed(&builder->ops) || buffer_failed(&builder->data) ||
        buffer_failed(&builder->vectors) || buffer_failed(&builder->origins) ||
        buffer_failed(&builder->pointers))
        return fail_memory(failure);
    size_t base = sizeof(struct plan_header) + builder->ops.length;
    size_t size = base + builder->data.length;
    if (size > PLAN_MAX_SIZE)
        return fail(failure, OCI_ERR_TOO_LARGE,
                    "the configuration needs a plan of %zu bytes; the limit is %u", size,
                    PLAN_MAX_SIZE);
    if (builder->slot_count > PLAN_MAX_SLOTS)
        return fail(failure, OCI_ERR_TOO_LARGE,
                    "the configuration needs %u mounts and files open at once; the limit is %u",
                    builder->slot_count, PLAN_MAX_SLOTS);
    unsigned char *bytes = calloc(1, size);
    if (bytes == NULL)
        return fail_memory(failure);
    struct plan_header header = {
        .magic = PLAN_MAGIC,
        .size = (uint32_t)size,
        .op_count = (uint32_t)(builder->ops.length / sizeof(struct plan_op)),
        .slot_count = builder->slot_count,
        .inherited_slots = inherited,
        .keep_fds = keep_fds,
    };
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), builder->ops.data, builder->ops.length);
    memcpy(bytes + base, builder->data.data, builder->data.length);
    place(builder, bytes, (uint32_t)base);
    uint32_t bad = plan_verify(bytes, size);
    if (bad) {
        free(bytes);
        return fail(failure, OCI_ERR_INTERNAL, "the plan's operation %u is malformed", bad - 1);
    }
    *plan = (struct plan){bytes, size, (struct plan_origin *)buffer_take(&builder->origins),
                          buffer_take(&builder->pointers)};
    return 0;
}

void plan_builder_free(struct plan_builder *builder)
{
    buffer_free(&builder->ops);
    buffer_free(&builder->data);
    buffer_free(&builder->vectors);
    buffer_free(&builder->origins);
    buffer_free(&builder->pointers);
}

void plan_free(struct plan *plan)
{
    free(plan->bytes);
    free(plan->origins);
    free(plan->pointers);
    *plan = (struct plan){0};
}

const struct plan_header *plan_head(const struct plan *plan)
{
    return (const struct plan_header *)plan->bytes;
}

const struct plan_op *plan_ops(const struct plan *plan)
{
    return (const struct plan_op *)(plan->bytes + sizeof(struct plan_header));
}

const char *plan_pointer(const struct plan *plan, uint32_t index)
{
    if (index >= plan_head(plan)->op_count || plan->origins[index].pointer == PLAN_NO_POINTER)
        return NULL;
    return plan->pointers + plan->origins[index].pointer;
}

int plan_error_code(const struct plan *plan, uint32_t index)
{
    return index < plan_head(plan)->op_count ? plan->origins[index].code : OCI_ERR_INTERNAL;
}

const char *plan_string(const struct plan *plan, uint32_t offset)
{
    return offset ? (const char *)plan->bytes + offset : NULL;
}
