/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's findings in words, and the JSON pointer of where the builder stands.  Only runs
 * when there is something to say; decides nothing.
 */
#include "builder.h"

#include <stdio.h>
#include <string.h>

/* A pointer longer than this names the nearest container that fits: the names come from the
 * document, and every finding would hold a copy of them. */
#define LONGEST_POINTER 65536u

static size_t escaped_length(const char *name, size_t length)
{
    size_t total = length;

    for (size_t i = 0; i < length; i++)
        total += name[i] == '~' || name[i] == '/';
    return total;
}

static char *put_escaped(char *at, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '~' || name[i] == '/') {
            *at++ = '~';
            *at++ = name[i] == '~' ? '0' : '1';
        } else {
            *at++ = name[i];
        }
    }
    return at;
}

static bool is_array(const struct oci_frame *frame)
{
    return frame->kind == OCI_FRAME_ARRAY || frame->kind == OCI_FRAME_RAW_ARRAY;
}

/* The reference token that leads from a frame to its current member or item. */
static bool frame_step(const struct oci_frame *frame, char *number, size_t number_size,
                       const char **name, size_t *length)
{
    if (is_array(frame)) {
        *length = (size_t)snprintf(number, number_size, "%zu", frame->count);
        *name = number;
        return true;
    }
    *name = frame->key;
    *length = frame->key_length;
    return frame->has_key;
}

/* The pointer through the first depth frames, and then to name if it is not NULL. */
static const char *make_pointer(struct oci_builder *builder, size_t depth, const char *name,
                                size_t name_length)
{
    size_t total = 0, used = 0, length;
    char number[24];
    const char *step;
    char *pointer, *at;

    for (; used < depth; used++) {
        if (!frame_step(&builder->frames[used], number, sizeof(number), &step, &length))
            break;
        length = escaped_length(step, length) + 1;
        if (length > LONGEST_POINTER - total)
            break;
        total += length;
    }
    if (name != NULL) {
        length = escaped_length(name, name_length) + 1;
        if (used < depth || length > LONGEST_POINTER - total)
            name = NULL;
        else
            total += length;
    }
    at = pointer = oci_arena_bytes(&builder->report->arena, total + 1);
    if (pointer == NULL)
        return NULL;
    for (size_t i = 0; i < used; i++) {
        (void)frame_step(&builder->frames[i], number, sizeof(number), &step, &length);
        *at++ = '/';
        at = put_escaped(at, step, length);
    }
    if (name != NULL) {
        *at++ = '/';
        at = put_escaped(at, name, name_length);
    }
    *at = '\0';
    return pointer;
}

static int complain(struct oci_builder *builder, struct oci_draft *draft, size_t depth,
                    const char *name, size_t name_length)
{
    draft->placed = true;
    if (draft->severity == 0)
        draft->severity = OCI_SEVERITY_ERROR;
    draft->pointer = make_pointer(builder, depth, name, name_length);
    if (draft->pointer == NULL)
        return OCI_ERR_NO_MEMORY;
    return oci_report_add(builder->report, draft);
}

static void describe_token(const struct oci_token *token, struct oci_line *line)
{
    switch (token->kind) {
    case OCI_TOKEN_NULL:
        oci_line_addf(line, "null");
        break;
    case OCI_TOKEN_BOOL:
        oci_line_addf(line, "%s", token->truth ? "true" : "false");
        break;
    case OCI_TOKEN_NUMBER:
        oci_line_addf(line, "the number ");
        oci_line_foreign(line, token->text, token->length, OCI_CLIP_FOUND);
        break;
    case OCI_TOKEN_STRING:
        oci_line_addf(line, "the string ");
        oci_line_quote(line, token->text, token->length);
        break;
    case OCI_TOKEN_OBJECT:
        oci_line_addf(line, "an object");
        break;
    case OCI_TOKEN_ARRAY:
        oci_line_addf(line, "an array");
        break;
    }
}

int oci_complain_value(struct oci_builder *builder, int code, const char *expected,
                       const struct oci_token *token, const char *suggestion)
{
    struct oci_line found = {.length = 0};
    struct oci_draft draft = {
        .code = code, .offset = token->start, .expected = expected, .suggestion = suggestion};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    draft.length = token->end - token->start;
    describe_token(token, &found);
    draft.found = found.text;
    return complain(builder, &draft, builder->depth, NULL, 0);
}

static int complain_container(struct oci_builder *builder, const struct oci_field *field,
                              const struct oci_token *token)
{
    static const char *const plural[] = {
        [OCI_KIND_BOOL] = "true or false", [OCI_KIND_INT] = "integers",
        [OCI_KIND_UINT] = "integers",      [OCI_KIND_STRING] = "strings",
        [OCI_KIND_ENUM] = "strings",       [OCI_KIND_OBJECT] = "objects",
        [OCI_KIND_RAW] = "values",
    };
    struct oci_line expected = {.length = 0};

    if (field->shape == OCI_SHAPE_ARRAY)
        oci_line_addf(&expected, "an array of %s", plural[field->kind]);
    else
        oci_line_addf(&expected, "an object");
    return oci_complain_value(builder, OCI_ERR_TYPE, expected.text, token, NULL);
}

int oci_complain_type(struct oci_builder *builder, const struct oci_field *field, bool element,
                      const struct oci_token *token)
{
    if (field == NULL)
        return oci_complain_value(builder, OCI_ERR_TYPE, "an object", token, NULL);
    if (!element && field->shape != OCI_SHAPE_ONE)
        return complain_container(builder, field, token);
    /* For a token that a single value cannot be, storing it does nothing but say so. */
    return oci_scalar_store(builder, field, token, NULL);
}

/* Bytes of the member name, with its quotes, that stands at offset. */
static size_t name_size(const struct oci_builder *builder, size_t offset)
{
    size_t at = offset + 1;

    while (at < builder->length && builder->text[at] != '"')
        at += builder->text[at] == '\\' ? 2 : 1;
    return at < builder->length ? at + 1 - offset : 0;
}

int oci_complain_duplicate(struct oci_builder *builder, size_t depth, const char *name,
                           size_t length, size_t offset)
{
    struct oci_line found = {.length = 0}, statement = {.length = 0};
    struct oci_draft draft = {
        .code = OCI_ERR_DUPLICATE_KEY, .offset = offset, .expected = "every member once"};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    draft.length = name_size(builder, offset);
    oci_line_quote(&found, name, length);
    oci_line_addf(&found, " a second time");
    oci_line_addf(&statement, "the member ");
    oci_line_quote(&statement, name, length);
    oci_line_addf(&statement, " stands twice in this object");
    draft.found = found.text;
    draft.statement = statement.text;
    return complain(builder, &draft, depth - 1, name, length);
}

static const char *field_name_at(const void *list, size_t index)
{
    return ((const struct oci_type *)list)->fields[index].name;
}

int oci_complain_unknown(struct oci_builder *builder, const struct oci_frame *frame, size_t offset)
{
    struct oci_line found = {.length = 0}, statement = {.length = 0};
    struct oci_draft draft = {
        .code = OCI_ERR_UNKNOWN_MEMBER,
        .severity =
            builder->unknown == OCI_UNKNOWN_REFUSE ? OCI_SEVERITY_ERROR : OCI_SEVERITY_WARNING,
        .offset = offset,
        .expected = "a member that the schema names",
    };

    if (builder->unknown == OCI_UNKNOWN_SUGGEST) {
        draft.suggestion = oci_suggest(frame->key, frame->key_length, frame->type->field_count,
                                       field_name_at, frame->type);
        if (draft.suggestion == NULL)
            return 0;
    }
    if (oci_report_passes(builder->report, draft.severity))
        return 0;
    draft.length = name_size(builder, offset);
    if (draft.suggestion == NULL)
        draft.suggestion = oci_suggest(frame->key, frame->key_length, frame->type->field_count,
                                       field_name_at, frame->type);
    oci_line_addf(&found, "the member ");
    oci_line_quote(&found, frame->key, frame->key_length);
    oci_line_addf(&statement, "unknown member ");
    oci_line_quote(&statement, frame->key, frame->key_length);
    draft.found = found.text;
    draft.statement = statement.text;
    return complain(builder, &draft, builder->depth, NULL, 0);
}

int oci_complain_required(struct oci_builder *builder, const struct oci_field *field, size_t depth,
                          size_t offset, const char *instead)
{
    struct oci_line expected = {.length = 0}, statement = {.length = 0};
    struct oci_draft draft = {
        .code = OCI_ERR_REQUIRED, .offset = offset, .length = 1, .found = "an object without it"};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    oci_line_addf(&expected, "the member \"%s\"", field->name);
    oci_line_addf(&statement, "the required member \"%s\" is missing", field->name);
    if (instead != NULL) {
        oci_line_addf(&statement, "; there is ");
        oci_line_quote(&statement, instead, strlen(instead));
    }
    draft.expected = expected.text;
    draft.statement = statement.text;
    return complain(builder, &draft, depth, NULL, 0);
}

int oci_complain_too_few(struct oci_builder *builder, const struct oci_field *field, size_t depth,
                         size_t count, size_t offset)
{
    struct oci_line expected = {.length = 0}, found = {.length = 0};
    struct oci_draft draft = {.code = OCI_ERR_TOO_FEW, .offset = offset, .length = 1};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    oci_line_addf(&expected, "at least %u item%s", (unsigned)field->min_items,
                  field->min_items == 1 ? "" : "s");
    oci_line_addf(&found, "%zu", count);
    draft.expected = expected.text;
    draft.found = found.text;
    return complain(builder, &draft, depth, NULL, 0);
}

int oci_complain_fault(struct oci_builder *builder, const struct oci_fault *fault)
{
    struct oci_draft draft = {.code = fault->code,
                              .offset = fault->offset,
                              .length = fault->length,
                              .expected = fault->expected,
                              .found = fault->found,
                              .statement = fault->statement};
    struct oci_line statement = {.length = 0};
    size_t depth = builder->depth;

    if (depth > 0 && fault->at_end) {
        size_t line, column;

        oci_text_place(builder->text, builder->frames[depth - 1].start, &line, &column);
        oci_line_addf(&statement, "%s; the %s that is open begins at %zu:%zu", fault->statement,
                      is_array(&builder->frames[depth - 1]) ? "array" : "object", line, column);
        draft.statement = statement.text;
    }
    if (depth > 0 && !fault->at_value && !builder->frames[depth - 1].has_key)
        depth--;
    return complain(builder, &draft, depth, NULL, 0);
}
