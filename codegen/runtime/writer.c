/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a struct tree to JSON text, in the order of the text that it came from or else of the
 * schema.  Recursion goes as deep as the schema, never as deep as the data.  Must refuse what could
 * not be read back: two members of one name, an enum that has no text, a string that is not UTF-8.
 */
#include "json.h"
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
    oci_output_fail(output, OCI_ERR_INVALID_ARGUMENT);
}

static void write_number(struct oci_output *output, const struct oci_field *field, const char *at)
{
    if (field->kind == OCI_KIND_INT) {
        int64_t value = oci_load_signed(at, field->width);

        oci_output_number(output, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
    } else {
        oci_output_number(output, oci_load_unsigned(at, field->width), false);
    }
}

static void write_enum(struct oci_output *output, const struct oci_enum *of, const char *at)
{
    uint32_t value = (uint32_t)oci_load_unsigned(at, 4);

    if (value == 0 || value > of->count)
        refuse(output);
    else
        oci_output_text(output, of->values[value - 1].text, of->values[value - 1].length);
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
        oci_output_fail(output, OCI_ERR_NO_MEMORY);
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
    const char **sorted = NULL;

    if (!oci_entries_are_sorted(entries, count, stride)) {
        sorted = sort_entries(output, entries, count, stride);
        if (sorted == NULL)
            return;
    }
    oci_output_open(output, '{');
    for (size_t i = 0; i < count && output->result == 0; i++) {
        const char *entry = sorted != NULL ? sorted[i] : entries + i * stride;
        const char *key = *(const char *const *)entry;

        oci_output_name(output, key, strlen(key));
        write_element(output, field, entry + sizeof(char *));
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

static void write_field(struct oci_output *output, const struct oci_type *type, uint32_t number,
                        const char *object)
{
    const struct oci_field *field = &type->fields[number];
    const char *at = object + field->offset;

    if (!oci_is_present(field, object)) {
        if (oci_list_count(field, object) > 0 ||
            ((field->flags & OCI_FIELD_REQUIRED) != 0 && !oci_stands_as_null(type, field, object)))
            refuse(output);
        return;
    }
    oci_output_name(output, field->name, field->name_length);
    if (field->shape == OCI_SHAPE_ARRAY)
        write_array(output, field, *(const char *const *)at, oci_list_count(field, object));
    else if (field->shape == OCI_SHAPE_MAP)
        write_map(output, field, *(const char *const *)at, oci_list_count(field, object));
    else if (field->kind == OCI_KIND_OBJECT)
        write_object(output, field->of, *(const char *const *)at);
    else
        write_element(output, field, at);
}

/* A member whose name the schema knows can only be the null of an absent one. */
static void write_null(struct oci_output *output, const struct oci_field *field,
                       const struct oci_unknown_member *member, const char *object)
{
    if ((field->flags & OCI_FIELD_NULLABLE) == 0 || strcmp(member->json, "null") != 0) {
        refuse(output);
    } else if (!oci_is_present(field, object)) {
        oci_output_name(output, field->name, field->name_length);
        oci_output_bytes(output, "null", 4);
    }
}

static void write_unknown(struct oci_output *output, const struct oci_type *type,
                          const struct oci_unknown_member *member, const char *object)
{
    size_t length = strlen(member->name), number = oci_field_number(type, member->name, length);

    if (member->json == NULL) {
        refuse(output);
    } else if (number != 0) {
        write_null(output, &type->fields[number - 1], member, object);
    } else {
        oci_output_name(output, member->name, length);
        oci_output_raw(output, member->json);
    }
}

/* Members that could not be read back: without a name, or with a name that stands twice. */
static void check_unknown(struct oci_output *output, const struct oci_unknown_members *unknown)
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
    oci_memory_release(output->memory, sorted);
}

/* In the order of the document that the struct came from; what came later stands last. */
static void write_members(struct oci_output *output, const struct oci_type *type,
                          const char *object)
{
    const struct oci_unknown_members *unknown = oci_unknown_of(type, object);
    const uint8_t *order = unknown->order;
    uint64_t written[4] = {0};
    size_t next = 0;

    check_unknown(output, unknown);
    for (; order != NULL && *order != 0 && output->result == 0; order++) {
        uint32_t number = *order - 1u;

        if (*order == OCI_ORDER_UNKNOWN) {
            if (next < unknown->count)
                write_unknown(output, type, &unknown->items[next++], object);
        } else if (number < type->field_count &&
                   (written[number / 64] & (UINT64_C(1) << (number % 64))) == 0) {
            written[number / 64] |= UINT64_C(1) << (number % 64);
            write_field(output, type, number, object);
        }
    }
    for (uint32_t i = 0; i < type->field_count && output->result == 0; i++) {
        if ((written[i / 64] & (UINT64_C(1) << (i % 64))) == 0)
            write_field(output, type, i, object);
    }
    while (next < unknown->count && output->result == 0)
        write_unknown(output, type, &unknown->items[next++], object);
}

static void write_object(struct oci_output *output, const struct oci_type *type, const char *object)
{
    oci_output_open(output, '{');
    write_members(output, type, object);
    oci_output_close(output, '}');
}

/* Write as it stands, then sort: what is kept as text needs both anyway. */
static int make_canonical(struct oci_output *output)
{
    char *text = NULL;
    size_t length = 0;
    int result =
        oci_json_canonical(output->memory, output->text, output->length - 1, &text, &length);

    if (result < 0) /* a name that stands twice in text that was hung in by hand */
        return result == OCI_ERR_NO_MEMORY ? result : OCI_ERR_INVALID_ARGUMENT;
    oci_memory_release(output->memory, output->text);
    output->text = text;
    output->length = length + 1;
    return 0;
}

int oci_write_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, unsigned flags, char **text, size_t *length)
{
    struct oci_output output = {.memory = memory, .pretty = flags == OCI_WRITE_PRETTY};

    if (type == NULL || value == NULL || text == NULL || flags > OCI_WRITE_CANONICAL)
        return OCI_ERR_INVALID_ARGUMENT;
    write_object(&output, type, value);
    oci_output_bytes(&output, "\n", output.pretty ? 1 : 0);
    oci_output_bytes(&output, "", 1);
    if (output.result == 0 && flags == OCI_WRITE_CANONICAL)
        output.result = make_canonical(&output);
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
