/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a struct tree, however it was filled, is one that could have been parsed.  The findings
 * are those of a parse as far as they can be; must not change the tree.
 */
#include "builder.h"
#include "json.h"
#include "parse.h"
#include "pointer.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct validation {
    const struct oci_allocator *memory;
    struct oci_report *report;
    struct oci_scratch pointer;
};

static int check_struct(struct validation *validation, const struct oci_type *type,
                        const char *object);

static int report_finding(struct validation *validation, int code, int severity,
                          const char *expected, const char *found, const char *statement)
{
    struct oci_draft draft = {.code = code,
                              .severity = severity,
                              .expected = expected,
                              .found = found,
                              .statement = statement};

    if (oci_report_passes(validation->report, severity))
        return 0;
    if (validation->pointer.length > 0) {
        draft.pointer = oci_arena_text(&validation->report->arena, validation->pointer.data,
                                       validation->pointer.length);
        if (draft.pointer == NULL)
            return OCI_ERR_NO_MEMORY;
    }
    return oci_report_add(validation->report, &draft);
}

static int complain(struct validation *validation, int code, const char *expected,
                    const char *found, const char *statement)
{
    return report_finding(validation, code, OCI_SEVERITY_ERROR, expected, found, statement);
}

static int complain_missing(struct validation *validation, const struct oci_field *field)
{
    struct oci_line statement = {.length = 0};

    oci_line_addf(&statement, "the required member \"%s\" is missing", field->name);
    return complain(validation, OCI_ERR_REQUIRED, "the member", "an object without it",
                    statement.text);
}

static int check_utf8(struct validation *validation, const char *text)
{
    size_t length = strlen(text), step;

    for (size_t at = 0; at < length; at += step) {
        step = oci_utf8_sequence(text + at, length - at);
        if (step == 0)
            return complain(validation, OCI_ERR_ENCODING, "text in UTF-8",
                            "a byte that does not belong there", NULL);
    }
    return 0;
}

static int check_string(struct validation *validation, const struct oci_field *field,
                        const char *text)
{
    struct oci_line expected = {.length = 0}, found = {.length = 0};

    if (text == NULL)
        return complain(validation, OCI_ERR_TYPE, "a string", "NULL", NULL);
    if (field->pattern == NULL || field->shape == OCI_SHAPE_MAP ||
        oci_pattern_matches(field->pattern, text, strlen(text)))
        return check_utf8(validation, text);
    oci_line_addf(&expected, "a string that matches ");
    oci_line_foreign(&expected, field->pattern->text, strlen(field->pattern->text), 200);
    oci_line_addf(&found, "the string ");
    oci_line_quote(&found, text, strlen(text));
    return complain(validation, OCI_ERR_PATTERN, expected.text, found.text, NULL);
}

static int check_json(struct validation *validation, const char *text, bool is_object)
{
    struct oci_json *root = NULL;
    struct oci_arena arena;
    int result;

    if (text == NULL)
        return complain(validation, OCI_ERR_TYPE, "JSON text", "NULL", NULL);
    oci_arena_init(&arena, validation->memory, 1024, 4096);
    result = oci_json_read(validation->memory, &arena, text, strlen(text), &oci_reader_no_limits,
                           NULL, NULL, &root);
    if (result == 0 && is_object && root->kind != OCI_TOKEN_OBJECT)
        result = complain(validation, OCI_ERR_TYPE, "an object", "another JSON value", NULL);
    else if (result < 0 && result != OCI_ERR_NO_MEMORY)
        result = complain(validation, result, "JSON text", oci_code_text(result), NULL);
    oci_arena_free(&arena);
    return result;
}

static int check_number(struct validation *validation, const struct oci_field *field,
                        const char *at)
{
    struct oci_line expected = {.length = 0}, found = {.length = 0};

    if (field->kind == OCI_KIND_INT) {
        int64_t value = oci_load_signed(at, field->width);

        if (value >= field->min && (value < 0 || (uint64_t)value <= field->max))
            return 0;
        oci_line_addf(&expected, "an integer from %" PRId64 " to %" PRIu64, field->min, field->max);
        oci_line_addf(&found, "the number %" PRId64, value);
    } else {
        uint64_t value = oci_load_unsigned(at, field->width);

        if (value >= (uint64_t)field->min && value <= field->max)
            return 0;
        oci_line_addf(&expected, "an integer from %" PRId64 " to %" PRIu64, field->min, field->max);
        oci_line_addf(&found, "the number %" PRIu64, value);
    }
    return complain(validation, OCI_ERR_RANGE, expected.text, found.text, NULL);
}

static int check_enum(struct validation *validation, const struct oci_enum *of, const char *at)
{
    uint32_t value = (uint32_t)oci_load_unsigned(at, 4);
    struct oci_line expected = {.length = 0}, found = {.length = 0};

    if (value > 0 && value <= of->count)
        return 0;
    oci_line_addf(&expected, "a value of enum %s", of->name);
    oci_line_addf(&found, "the number %u", (unsigned)value);
    return complain(validation, OCI_ERR_ENUM, expected.text, found.text, NULL);
}

/* One value; objects lie in place. */
static int check_element(struct validation *validation, const struct oci_field *field,
                         const char *at)
{
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
        break;
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return check_number(validation, field, at);
    case OCI_KIND_STRING:
        return check_string(validation, field, *(const char *const *)at);
    case OCI_KIND_ENUM:
        return check_enum(validation, field->of, at);
    case OCI_KIND_RAW:
        return check_json(validation, *(const char *const *)at,
                          (field->flags & OCI_FIELD_RAW_OBJECT) != 0);
    case OCI_KIND_OBJECT:
        return check_struct(validation, field->of, at);
    }
    return 0;
}

static int check_array(struct validation *validation, const struct oci_field *field,
                       const char *items, size_t count)
{
    size_t length = validation->pointer.length, size = oci_element_size(field);
    struct oci_line expected = {.length = 0}, found = {.length = 0};
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        if (!oci_pointer_push_index(&validation->pointer, i))
            return OCI_ERR_NO_MEMORY;
        result = check_element(validation, field, items + i * size);
        oci_pointer_cut(&validation->pointer, length);
    }
    if (result < 0 || count >= field->min_items)
        return result;
    oci_line_addf(&expected, "at least %u item%s", (unsigned)field->min_items,
                  field->min_items == 1 ? "" : "s");
    oci_line_addf(&found, "%zu", count);
    return complain(validation, OCI_ERR_TOO_FEW, expected.text, found.text, NULL);
}

static int compare_keys(const void *left, const void *right)
{
    return strcmp(**(const char *const *const *)left, **(const char *const *const *)right);
}

/* Names that stand twice among count entries of a size, each of which begins with its name. */
static int check_names(struct validation *validation, const char *entries, size_t count,
                       size_t stride)
{
    const char *const **sorted;
    int result = 0;

    if (oci_entries_are_sorted(entries, count, stride))
        return 0;
    sorted = oci_memory_alloc(validation->memory, (count + 1) * sizeof(*sorted));
    if (sorted == NULL)
        return OCI_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (const char *const *)(entries + i * stride);
        if (*sorted[i] == NULL) {
            oci_memory_release(validation->memory, sorted);
            return complain(validation, OCI_ERR_TYPE, "a name", "NULL", NULL);
        }
    }
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    for (size_t i = 1; i < count && result == 0; i++) {
        struct oci_line statement = {.length = 0};

        if (compare_keys(&sorted[i - 1], &sorted[i]) != 0)
            continue;
        oci_line_addf(&statement, "the member ");
        oci_line_quote(&statement, *sorted[i], strlen(*sorted[i]));
        oci_line_addf(&statement, " stands twice in this object");
        result = complain(validation, OCI_ERR_DUPLICATE_KEY, "every member once", "a second one",
                          statement.text);
    }
    oci_memory_release(validation->memory, sorted);
    return result;
}

static int check_map(struct validation *validation, const struct oci_field *field,
                     const char *entries, size_t count)
{
    size_t length = validation->pointer.length, stride = sizeof(char *) + oci_value_room(field);
    int result = check_names(validation, entries, count, stride);

    for (size_t i = 0; i < count && result == 0; i++) {
        const char *key = *(const char *const *)(entries + i * stride);

        if (key == NULL)
            continue;
        if (!oci_pointer_push(&validation->pointer, key, strlen(key)))
            return OCI_ERR_NO_MEMORY;
        result = check_utf8(validation, key);
        if (result == 0)
            result = check_element(validation, field, entries + i * stride + sizeof(char *));
        oci_pointer_cut(&validation->pointer, length);
    }
    return result;
}

static int check_field(struct validation *validation, const struct oci_field *field,
                       const char *object)
{
    const char *at = object + field->offset;
    size_t length = validation->pointer.length, count = oci_list_count(field, object);
    int result;

    if (!oci_pointer_push(&validation->pointer, field->name, field->name_length))
        return OCI_ERR_NO_MEMORY;
    if (!oci_is_present(field, object))
        result = complain(validation, OCI_ERR_TYPE, "a list", "NULL with a count", NULL);
    else if (field->shape == OCI_SHAPE_ARRAY)
        result = check_array(validation, field, *(const char *const *)at, count);
    else if (field->shape == OCI_SHAPE_MAP)
        result = check_map(validation, field, *(const char *const *)at, count);
    else if (field->kind == OCI_KIND_OBJECT)
        result = check_struct(validation, field->of, *(const char *const *)at);
    else
        result = check_element(validation, field, at);
    oci_pointer_cut(&validation->pointer, length);
    return result;
}

/* A member whose name the schema knows may only be the null of one that is absent. */
static int check_unknown_member(struct validation *validation, const struct oci_type *type,
                                const struct oci_unknown_member *member)
{
    size_t length = validation->pointer.length,
           number = oci_field_number(type, member->name, strlen(member->name));
    int result;

    if (!oci_pointer_push(&validation->pointer, member->name, strlen(member->name)))
        return OCI_ERR_NO_MEMORY;
    if (number != 0 && ((type->fields[number - 1].flags & OCI_FIELD_NULLABLE) == 0 ||
                        member->json == NULL || strcmp(member->json, "null") != 0))
        result = complain(validation, OCI_ERR_DUPLICATE_KEY, "a name that the schema does not have",
                          "one that it has", NULL);
    else
        result = check_utf8(validation, member->name);
    if (result == 0)
        result = check_json(validation, member->json, false);
    oci_pointer_cut(&validation->pointer, length);
    return result;
}

static int check_unknown(struct validation *validation, const struct oci_type *type,
                         const struct oci_unknown_members *unknown)
{
    int result;

    if (unknown->count == 0)
        return 0;
    if (unknown->items == NULL)
        return complain(validation, OCI_ERR_TYPE, "unknown members", "NULL with a count", NULL);
    result = check_names(validation, (const char *)unknown->items, unknown->count,
                         sizeof(*unknown->items));
    for (size_t i = 0; i < unknown->count && result == 0; i++) {
        if (unknown->items[i].name != NULL)
            result = check_unknown_member(validation, type, &unknown->items[i]);
    }
    return result;
}

/* A value without its presence bit is not written, which C99 initialisers make easy to get wrong.
 */
static int check_bit(struct validation *validation, const struct oci_field *field,
                     const char *object)
{
    static const char zeros[8];
    size_t width = oci_element_size(field), length = validation->pointer.length;
    struct oci_line statement = {.length = 0};
    int result;

    if (field->shape != OCI_SHAPE_ONE || field->aux_offset == OCI_NO_OFFSET ||
        width > sizeof(zeros) || memcmp(object + field->offset, zeros, width) == 0)
        return 0;
    if (!oci_pointer_push(&validation->pointer, field->name, field->name_length))
        return OCI_ERR_NO_MEMORY;
    oci_line_addf(&statement, "a value that will not be written: its member has_... is false");
    result = report_finding(validation, OCI_ERR_REQUIRED, OCI_SEVERITY_WARNING, NULL, NULL,
                            statement.text);
    oci_pointer_cut(&validation->pointer, length);
    return result;
}

static int check_struct(struct validation *validation, const struct oci_type *type,
                        const char *object)
{
    int result = 0;

    for (uint32_t i = 0; i < type->field_count && result == 0; i++) {
        const struct oci_field *field = &type->fields[i];

        if (oci_is_present(field, object) || oci_list_count(field, object) > 0)
            result = check_field(validation, field, object);
        else if ((field->flags & OCI_FIELD_REQUIRED) != 0 &&
                 !oci_stands_as_null(type, field, object))
            result = complain_missing(validation, field);
        else
            result = check_bit(validation, field, object);
    }
    return result < 0 ? result : check_unknown(validation, type, oci_unknown_of(type, object));
}

int oci_validate_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                const void *value, oci_report **report)
{
    struct validation validation = {.memory = memory, .pointer = {.memory = memory}};
    struct oci_report *made;
    int result;

    if (report != NULL)
        *report = NULL;
    if (type == NULL || value == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    made = oci_memory_alloc(memory, sizeof(*made));
    if (made == NULL)
        return OCI_ERR_NO_MEMORY;
    oci_report_init(made, memory, NULL, OCI_DEFAULT_FINDINGS);
    validation.report = made;
    result = check_struct(&validation, type, value);
    oci_scratch_free(&validation.pointer);
    oci_report_finish(made);
    if (result == 0 && oci_report_first_error(made) != NULL)
        result = oci_report_first_error(made)->code;
    if (report != NULL && result != OCI_ERR_NO_MEMORY && oci_report_count(made) > 0)
        *report = made;
    else
        oci_report_free(made);
    return result;
}

int oci_validate(const oci_type *type, const void *value, oci_report **report)
{
    return oci_validate_with_allocator(&oci_default_allocator, type, value, report);
}
