/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values: strict integers, strings with patterns, enums.  Must not use the C library's
 * number readers, which take signs, blanks and other bases and wrap around.
 */
#include "builder.h"

#include <inttypes.h>
#include <string.h>

enum number_form {
    NUMBER_INTEGER,
    NUMBER_TOO_BIG,     /* an integer beyond 64 bits */
    NUMBER_NOT_INTEGER, /* a fraction, an exponent or -0 */
};

static enum number_form read_integer(const char *text, size_t length, bool *negative,
                                     uint64_t *magnitude)
{
    uint64_t value = 0;
    bool big = false;

    *negative = length > 0 && text[0] == '-';
    for (size_t i = *negative ? 1 : 0; i < length; i++) {
        unsigned digit = (unsigned)(text[i] - '0');

        if (digit > 9)
            return NUMBER_NOT_INTEGER;
        if (value > (UINT64_MAX - digit) / 10)
            big = true;
        value = value * 10 + digit;
    }
    if (*negative && value == 0 && !big)
        return NUMBER_NOT_INTEGER;
    *magnitude = value;
    return big ? NUMBER_TOO_BIG : NUMBER_INTEGER;
}

static __attribute__((noinline, cold)) int complain_integer(struct oci_builder *builder,
                                                            const struct oci_field *field, int code,
                                                            const struct oci_token *token)
{
    struct oci_line expected = {.length = 0};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    if (field->kind == OCI_KIND_INT)
        oci_line_addf(&expected, "an integer from %" PRId64 " to %" PRIu64, field->min, field->max);
    else
        oci_line_addf(&expected, "an integer from %" PRIu64 " to %" PRIu64, (uint64_t)field->min,
                      field->max);
    return oci_complain_value(builder, code, expected.text, token, NULL);
}

static void store_bits(char *at, uint8_t width, uint64_t value)
{
    switch (width) {
    case 1:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(uint64_t *)at = value;
        break;
    }
}

static uint64_t width_limit(uint8_t width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

static bool fits_signed(const struct oci_field *field, bool negative, uint64_t magnitude)
{
    uint64_t limit = width_limit(field->width) / 2;

    if (!negative)
        return magnitude <= limit && magnitude <= field->max &&
               (field->min <= 0 || magnitude >= (uint64_t)field->min);
    return magnitude <= limit + 1 && field->min < 0 &&
           magnitude <= (uint64_t)(-(field->min + 1)) + 1;
}

static bool fits_unsigned(const struct oci_field *field, bool negative, uint64_t magnitude)
{
    return !negative && magnitude <= width_limit(field->width) && magnitude <= field->max &&
           magnitude >= (uint64_t)field->min;
}

static int store_integer(struct oci_builder *builder, const struct oci_field *field,
                         const struct oci_token *token, char *at)
{
    uint64_t magnitude = 0;
    bool negative, fits;
    enum number_form form;

    if (token->kind != OCI_TOKEN_NUMBER)
        return complain_integer(builder, field, OCI_ERR_TYPE, token);
    form = read_integer(token->text, token->length, &negative, &magnitude);
    if (form == NUMBER_NOT_INTEGER)
        return complain_integer(builder, field, OCI_ERR_TYPE, token);
    fits = form == NUMBER_INTEGER &&
           (field->kind == OCI_KIND_INT ? fits_signed(field, negative, magnitude)
                                        : fits_unsigned(field, negative, magnitude));
    if (!fits)
        return complain_integer(builder, field, OCI_ERR_RANGE, token);
    store_bits(at, field->width, negative ? 0 - magnitude : magnitude);
    return OCI_STORED;
}

bool oci_pattern_matches(const struct oci_pattern *pattern, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    unsigned state = pattern->start;

    while (at < end && state != 0) {
        const uint16_t *row = pattern->next + (size_t)state * pattern->class_count;
        unsigned next = row[pattern->classes[*at++]];

        /* Most patterns stay in a state for long; then no step has to wait for the one before. */
        if (next == state) {
            while (end - at >= 4 && ((row[pattern->classes[at[0]]] ^ state) |
                                     (row[pattern->classes[at[1]]] ^ state) |
                                     (row[pattern->classes[at[2]]] ^ state) |
                                     (row[pattern->classes[at[3]]] ^ state)) == 0)
                at += 4;
            while (at < end && row[pattern->classes[*at]] == state)
                at++;
        }
        state = next;
    }
    return state != 0 && pattern->accept[state] != 0;
}

static __attribute__((noinline, cold)) int refuse_pattern(struct oci_builder *builder,
                                                          const struct oci_pattern *pattern,
                                                          const struct oci_token *token)
{
    struct oci_line expected = {.length = 0};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    oci_line_addf(&expected, "a string that matches ");
    oci_line_foreign(&expected, pattern->text, strlen(pattern->text), 200);
    return oci_complain_value(builder, OCI_ERR_PATTERN, expected.text, token, NULL);
}

static int store_checked(struct oci_builder *builder, const struct oci_pattern *pattern,
                         const struct oci_token *token, char *at)
{
    struct oci_accepted *accepted =
        &builder->accepted[((uintptr_t)pattern / sizeof(*pattern)) % OCI_ACCEPTED_ROOM];

    if (accepted->pattern != pattern || accepted->length != token->length ||
        memcmp(accepted->text, token->text, token->length) != 0) {
        const char *copy;

        if (!oci_pattern_matches(pattern, token->text, token->length))
            return refuse_pattern(builder, pattern, token);
        copy = oci_arena_text(builder->arena, token->text, token->length);
        if (copy == NULL)
            return OCI_ERR_NO_MEMORY;
        *accepted = (struct oci_accepted){pattern, copy, token->length};
    }
    *(const char **)at = accepted->text;
    return OCI_STORED;
}

static int store_string(struct oci_builder *builder, const struct oci_field *field,
                        const struct oci_token *token, char *at)
{
    char *copy;

    if (token->kind != OCI_TOKEN_STRING)
        return oci_complain_value(builder, OCI_ERR_TYPE, "a string", token, NULL);
    if (field->pattern != NULL)
        return store_checked(builder, field->pattern, token, at);
    copy = oci_arena_text(builder->arena, token->text, token->length);
    if (copy == NULL)
        return OCI_ERR_NO_MEMORY;
    *(const char **)at = copy;
    return OCI_STORED;
}

static const char *enum_text_at(const void *list, size_t index)
{
    return ((const struct oci_enum *)list)->values[index].text;
}

static void describe_enum(const struct oci_enum *of, struct oci_line *line)
{
    oci_line_addf(line, "one of ");
    for (uint32_t i = 0; i < of->count; i++) {
        if (line->length > 300) {
            oci_line_addf(line, " and %u more", (unsigned)(of->count - i));
            return;
        }
        oci_line_addf(line, "%s\"%s\"", i > 0 ? ", " : "", of->values[i].text);
    }
}

static __attribute__((noinline, cold)) int
refuse_enum(struct oci_builder *builder, const struct oci_enum *of, const struct oci_token *token)
{
    struct oci_line expected = {.length = 0};

    if (oci_report_passes(builder->report, OCI_SEVERITY_ERROR))
        return 0;
    describe_enum(of, &expected);
    if (token->kind != OCI_TOKEN_STRING)
        return oci_complain_value(builder, OCI_ERR_TYPE, expected.text, token, NULL);
    return oci_complain_value(builder, OCI_ERR_ENUM, expected.text, token,
                              oci_suggest(token->text, token->length, of->count, enum_text_at, of));
}

static int store_enum(struct oci_builder *builder, const struct oci_field *field,
                      const struct oci_token *token, char *at)
{
    const struct oci_enum *of = field->of;

    if (token->kind == OCI_TOKEN_STRING) {
        for (uint32_t i = 0; i < of->count; i++) {
            if (of->values[i].length == token->length &&
                memcmp(of->values[i].text, token->text, token->length) == 0) {
                store_bits(at, 4, i + 1);
                return OCI_STORED;
            }
        }
    }
    return refuse_enum(builder, of, token);
}

static int store_raw(struct oci_builder *builder, const struct oci_field *field,
                     const struct oci_token *token, char *at)
{
    if ((field->flags & OCI_FIELD_RAW_OBJECT) != 0)
        return oci_complain_value(builder, OCI_ERR_TYPE, "an object", token, NULL);
    *(const char **)at =
        oci_arena_text(builder->arena, builder->text + token->start, token->end - token->start);
    return *(const char **)at != NULL ? OCI_STORED : OCI_ERR_NO_MEMORY;
}

int oci_scalar_store(struct oci_builder *builder, const struct oci_field *field,
                     const struct oci_token *token, char *at)
{
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
        if (token->kind != OCI_TOKEN_BOOL)
            return oci_complain_value(builder, OCI_ERR_TYPE, "true or false", token, NULL);
        *(bool *)at = token->truth;
        return OCI_STORED;
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return store_integer(builder, field, token, at);
    case OCI_KIND_STRING:
        return store_string(builder, field, token, at);
    case OCI_KIND_ENUM:
        return store_enum(builder, field, token, at);
    case OCI_KIND_RAW:
        return store_raw(builder, field, token, at);
    case OCI_KIND_OBJECT:
        break;
    }
    return oci_complain_value(builder, OCI_ERR_TYPE, "an object", token, NULL);
}
