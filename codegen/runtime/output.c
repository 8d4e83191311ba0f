/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text being written.  Knows the layout of JSON and nothing of tables.
 */
#include "output.h"
#include "parse.h"
#include "reader.h"
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 2048u
#define INDENT 4u

static __attribute__((noinline)) bool grow(struct oci_output *output, size_t size)
{
    size_t capacity = output->capacity == 0 ? FIRST_CAPACITY : output->capacity;
    char *text;

    if (output->result < 0)
        return false;
    if (size > SIZE_MAX / 4 - output->length) {
        oci_output_fail(output, OCI_ERR_NO_MEMORY);
        return false;
    }
    while (capacity < output->length + size)
        capacity *= 2;
    text = oci_memory_resize(output->memory, output->text, capacity);
    if (text == NULL) {
        oci_output_fail(output, OCI_ERR_NO_MEMORY);
        return false;
    }
    output->text = text;
    output->capacity = capacity;
    return true;
}

/* After a failure there is no room left, whatever the buffer holds. */
static inline bool make_room(struct oci_output *output, size_t size)
{
    return size <= output->capacity - output->length || grow(output, size);
}

void oci_output_bytes(struct oci_output *output, const char *bytes, size_t length)
{
    if (length == 0 || !make_room(output, length))
        return;
    memcpy(output->text + output->length, bytes, length);
    output->length += length;
}

static void new_line(struct oci_output *output)
{
    size_t blanks = (size_t)output->level * INDENT;

    if (!output->pretty || !make_room(output, blanks + 1))
        return;
    output->text[output->length] = '\n';
    memset(output->text + output->length + 1, ' ', blanks);
    output->length += blanks + 1;
}

static inline void put(struct oci_output *output, char c)
{
    if (make_room(output, 1))
        output->text[output->length++] = c;
}

void oci_output_open(struct oci_output *output, char bracket)
{
    put(output, bracket);
    output->level++;
    output->begun = false;
}

void oci_output_close(struct oci_output *output, char bracket)
{
    output->level--;
    if (output->begun)
        new_line(output);
    put(output, bracket);
    output->begun = true;
}

void oci_output_separate(struct oci_output *output)
{
    if (output->begun)
        put(output, ',');
    new_line(output);
    output->begun = true;
}

static void escape(struct oci_output *output, unsigned char c)
{
    static const char short_forms[][2] = {{'"', '"'},  {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'},
                                          {'\n', 'n'}, {'\r', 'r'},  {'\t', 't'}};
    char text[8];

    for (size_t i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]); i++) {
        if ((unsigned char)short_forms[i][0] == c) {
            text[0] = '\\';
            text[1] = short_forms[i][1];
            oci_output_bytes(output, text, 2);
            return;
        }
    }
    (void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)c);
    oci_output_bytes(output, text, 6);
}

/* What a string holds besides bytes that may stand as they are. */
static size_t put_special(struct oci_output *output, const char *text, size_t length)
{
    size_t step = 1;

    if ((unsigned char)*text < 0x80) {
        escape(output, (unsigned char)*text);
        return step;
    }
    step = oci_utf8_sequence(text, length);
    if (step == 0)
        oci_output_fail(output, OCI_ERR_INVALID_ARGUMENT);
    else
        oci_output_bytes(output, text, step);
    return step;
}

void oci_output_text(struct oci_output *output, const char *text, size_t length)
{
    put(output, '"');
    for (size_t at = 0; at < length && output->result == 0;) {
        size_t plain = oci_text_plain(text + at, length - at);

        oci_output_bytes(output, text + at, plain);
        at += plain;
        if (at < length)
            at += put_special(output, text + at, length - at);
    }
    put(output, '"');
}

void oci_output_string(struct oci_output *output, const char *text)
{
    oci_output_text(output, text, strlen(text));
}

void oci_output_name(struct oci_output *output, const char *name, size_t length)
{
    oci_output_separate(output);
    oci_output_text(output, name, length);
    put(output, ':');
    if (output->pretty)
        put(output, ' ');
}

void oci_output_number(struct oci_output *output, uint64_t magnitude, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        digits[--at] = '-';
    oci_output_bytes(output, digits + at, sizeof(digits) - at);
}

void oci_output_fail(struct oci_output *output, int code)
{
    if (output->result == 0)
        output->result = code;
    output->capacity = output->length;
}

static int accept_token(void *ctx, const struct oci_token *token)
{
    (void)ctx;
    (void)token;
    return 0;
}

static int accept_close(void *ctx, size_t end)
{
    (void)ctx;
    (void)end;
    return 0;
}

static int check_raw(const struct oci_output *output, const char *json, size_t length)
{
    static const struct oci_reader_events events = {accept_token, accept_token, accept_token,
                                                    accept_close, NULL};
    struct oci_reader_source source = {
        .text = json, .length = length, .memory = output->memory, .limits = oci_reader_no_limits};
    int result = oci_read_json(&source, &events, NULL);

    return result == 0 || result == OCI_ERR_NO_MEMORY ? result : OCI_ERR_INVALID_ARGUMENT;
}

static size_t string_end(const char *json, size_t at)
{
    for (at++; json[at] != '"'; at++) {
        if (json[at] == '\\')
            at++;
    }
    return at + 1;
}

static size_t plain_end(const char *json, size_t at)
{
    return at + strcspn(json + at, " \t\r\n,:[]{}\"");
}

/* One piece of text that is known to be JSON; returns where the next begins. */
static size_t copy_piece(struct oci_output *output, const char *json, size_t at, bool *after_colon)
{
    char c = json[at];
    size_t end;

    if (strchr(" \t\r\n,", c) != NULL)
        return at + 1;
    if (c == ':') {
        oci_output_bytes(output, ": ", output->pretty ? 2 : 1);
        *after_colon = true;
        return at + 1;
    }
    if (c == '}' || c == ']') {
        oci_output_close(output, c);
        return at + 1;
    }
    if (!*after_colon)
        oci_output_separate(output);
    *after_colon = false;
    if (c == '{' || c == '[') {
        oci_output_open(output, c);
        return at + 1;
    }
    end = c == '"' ? string_end(json, at) : plain_end(json, at);
    oci_output_bytes(output, json + at, end - at);
    return end;
}

void oci_output_raw(struct oci_output *output, const char *json)
{
    size_t length = strlen(json), at = 0;
    bool after_colon = true;
    int result;

    if (output->result < 0)
        return;
    result = check_raw(output, json, length);
    if (result < 0) {
        oci_output_fail(output, result);
        return;
    }
    while (at < length && output->result == 0)
        at = copy_piece(output, json, at, &after_colon);
    output->begun = true;
}
