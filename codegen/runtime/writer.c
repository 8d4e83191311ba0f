/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a struct tree to JSON text, in the order of the schema.  Recursion goes as deep as the
 * schema, never as deep as the data.  Must refuse what could not be read back: two members of one
 * name, an enum that has no text, a string that is not UTF-8.
 */
#include "output.h"
#include "parse.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_object(struct oci_output *output, const struct oci_type *type,
                         const char *object);

static void refuse(struct oci_output *output)
{
    if (output->result == 0)
        output->result = OCI_ERR_INVALID_ARGUMENT;
}

static int64_t load_signed(const char *at, uint8_t width)
{
    switch (width) {
    case 1:
        return *(const int8_t *)at;
    case 2:
        return *(const int16_t *)at;
    case 4:
        return *(const int32_t *)at;
    default:
        return *(const int64_t *)at;
    }
}

static uint64_t load_unsigned(const char *at, uint8_t width)
{
    switch (width) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void write_number(struct oci_output *output, const struct oci_field *field, const char *at)
{
    char text[24];
    int length;

    if (field->kind == OCI_KIND_INT)
        length = snprintf(text, sizeof(text), "%" PRId64, load_signed(at, field->width));
    else
        length = snprintf(text, sizeof(text), "%" PRIu64, load_unsigned(at, field->width));
    oci_output_bytes(output, text, (size_t)length);
}

static void write_enum(struct oci_output *output, const struct oci_enum *of, const char *at)
{
    uint32_t value = (uint32_t)load_unsigned(at, 4);

    if (value == 0 || value > of->count)
        refuse(output);
    else
        oci_output_string(output, of->values[value - 1].text);
}

static void write_text(struct oci_output *output, const struct oci_field *field, const char *text)
{
    if (text == NULL) {
        refuse(output);
    } else if (field->kind == OCI_KIND_RAW) {
        if ((field->flags & OCI_FIELD_RAW_OBJECT) != 0 && text[strspn(text, " \t\r\n")] != '{')
            refuse(output);
        oci_output_raw(output, text);
    } else {
        oci_output_string(output, text);
    }
}

/* One value; objects lie in place. */
static void write_element(struct oci_output *output, const struct oci_field *field, const char *at)
{
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
        if (*(const bool *)at)
            oci_output_bytes(output, "true", 4);
        else
            oci_output_bytes(output, "false", 5);
        break;
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        write_number(output, field, at);
        break;
    case OCI_KIND_ENUM:
        write_enum(output, field->of, at);
        break;
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
        write_text(output, field, *(const char *const *)at);
        break;
    case OCI_KIND_OBJECT:
        write_object(output, field->of, at);
        break;
    }
}

static int compare_entries(const void *left, const void *right)
{
    const char *const *a = *(const char *const *const *)left;
    const char *const *b = *(const char *const *const *)right;

    return strcmp(*a, *b);
}

/* Pointers to count entries, each of which begins with its name, sorted by name; NULL on failure.
 */
static const char **sort_entries(struct oci_output *output, const char *entries, size_t count,
                                 size_t stride)
{
    const char **sorted = oci_memory_alloc(output->memory, (count + 1) * sizeof(*sorted));

    if (sorted == NULL) {
        output->result = OCI_ERR_NO_MEMORY;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = entries + i * stride;
        if (*(const char *const *)sorted[i] == NULL)
            refuse(output);
    }
    if (output->result == 0)
        qsort(sorted, count, sizeof(*sorted), compare_entries);
    for (size_t i = 1; i < count && output->result == 0; i++) {
        if (compare_entries(&sorted[i - 1], &sorted[i]) == 0)
            refuse(output);
    }
    if (output->result == 0)
        return sorted;
    oci_memory_release(output->memory, sorted);
    return NULL;
}

static void write_map(struct oci_output *output, const struct oci_field *field, const char *entries,
                      size_t count)
{
    size_t stride = sizeof(char *) + oci_value_room(field);
    const char **sorted = sort_entries(output, entries, count, stride);

    if (sorted == NULL)
        return;
    oci_output_open(output, '{');
    for (size_t i = 0; i < count && output->result == 0; i++) {
        oci_output_name(output, *(const char *const *)sorted[i]);
        write_element(output, field, sorted[i] + sizeof(char *));
    }
    oci_output_close(output, '}');
    oci_memory_release(output->memory, sorted);
}

static void write_array(struct oci_output *output, const struct oci_field *field, const char *items,
                        size_t count)
{
    size_t size = oci_element_size(field);

    oci_output_open(output, '[');
    for (size_t i = 0; i < count && output->result == 0; i++) {
        oci_output_separate(output);
        write_element(output, field, items + i * size);
    }
    oci_output_close(output, ']');
}

static bool is_present(const struct oci_field *field, const char *object)
{
    const char *at = object + field->offset;

    if (field->shape != OCI_SHAPE_ONE)
        return *(const void *const *)at != NULL;
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return field->aux_offset == OCI_NO_OFFSET || *(const bool *)(object + field->aux_offset);
    case OCI_KIND_ENUM:
        return load_unsigned(at, 4) != 0;
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
    case OCI_KIND_OBJECT:
        break;
    }
    return *(const void *const *)at != NULL;
}

static size_t list_count(const struct oci_field *field, const char *object)
{
    if (field->shape == OCI_SHAPE_ONE || field->aux_offset == OCI_NO_OFFSET)
        return 0;
    return *(const size_t *)(object + field->aux_offset);
}

static void write_field(struct oci_output *output, const struct oci_field *field,
                        const char *object)
{
    const char *at = object + field->offset;
    size_t count = list_count(field, object);

    if (!is_present(field, object)) {
        if ((field->flags & OCI_FIELD_REQUIRED) != 0 || count > 0)
            refuse(output);
        return;
    }
    oci_output_name(output, field->name);
    if (field->shape == OCI_SHAPE_ARRAY)
        write_array(output, field, *(const char *const *)at, count);
    else if (field->shape == OCI_SHAPE_MAP)
        write_map(output, field, *(const char *const *)at, count);
    else if (field->kind == OCI_KIND_OBJECT)
        write_object(output, field->of, *(const char *const *)at);
    else
        write_element(output, field, at);
}

static void write_unknown(struct oci_output *output, const struct oci_type *type,
                          const struct oci_unknown_members *unknown)
{
    const char **sorted;

    if (unknown->count == 0)
        return;
    if (unknown->items == NULL) {
        refuse(output);
        return;
    }
    sorted =
        sort_entries(output, (const char *)unknown->items, unknown->count, sizeof(*unknown->items));
    if (sorted == NULL)
        return;
    oci_memory_release(output->memory, sorted);
    for (size_t i = 0; i < unknown->count && output->result == 0; i++) {
        const struct oci_unknown_member *member = &unknown->items[i];

        if (member->json == NULL ||
            oci_field_number(type, member->name, strlen(member->name)) != 0) {
            refuse(output);
            return;
        }
        oci_output_name(output, member->name);
        oci_output_raw(output, member->json);
    }
}

static void write_object(struct oci_output *output, const struct oci_type *type, const char *object)
{
    oci_output_open(output, '{');
    for (uint32_t i = 0; i < type->field_count && output->result == 0; i++)
        write_field(output, &type->fields[i], object);
    if (output->result == 0 && type->unknown_offset != OCI_NO_OFFSET)
        write_unknown(output, type, (const void *)(object + type->unknown_offset));
    oci_output_close(output, '}');
}

int oci_write_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, unsigned flags, char **text, size_t *length)
{
    struct oci_output output = {.memory = memory, .pretty = (flags & OCI_WRITE_PRETTY) != 0};

    if (type == NULL || value == NULL || text == NULL || (flags & ~(unsigned)OCI_WRITE_PRETTY) != 0)
        return OCI_ERR_INVALID_ARGUMENT;
    write_object(&output, type, value);
    oci_output_bytes(&output, "\n", output.pretty ? 1 : 0);
    oci_output_bytes(&output, "", 1);
    if (output.result < 0) {
        oci_memory_release(memory, output.text);
        return output.result;
    }
    *text = output.text;
    if (length != NULL)
        *length = output.length - 1;
    return 0;
}

int oci_write(const oci_type *type, const void *value, unsigned flags, char **text, size_t *length)
{
    return oci_write_with_allocator(&oci_default_allocator, type, value, flags, text, length);
}
