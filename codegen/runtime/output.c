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

#define FIRST_CAPACITY 1024u
#define INDENT 4u

static bool make_room(struct oci_output *output, size_t size)
{
    size_t capacity = output->capacity == 0 ? FIRST_CAPACITY : output->capacity;
    char *text;

    if (output->result < 0)
        return false;
    if (size <= output->capacity - output->length)
        return true;
    if (size > SIZE_MAX / 4 - output->length) {
        output->result = OCI_ERR_NO_MEMORY;
        return false;
    }
    while (capacity < output->length + size)
        capacity *= 2;
    text = oci_memory_resize(output->memory, output->text, capacity);
    if (text == NULL) {
        output->result = OCI_ERR_NO_MEMORY;
        return false;
    }
    output->text = text;
    output->capacity = capacity;
    return true;
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

void oci_output_open(struct oci_output *output, char bracket)
{
    oci_output_bytes(output, &bracket, 1);
    output->level++;
    output->begun = false;
}

void oci_output_close(struct oci_output *output, char bracket)
{
    output->level--;
    if (output->begun)
        new_line(output);
    oci_output_bytes(output, &bracket, 1);
    output->begun = true;
}

void oci_output_separate(struct oci_output *output)
{
    if (output->begun)
        oci_output_bytes(output, ",", 1);
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

void oci_output_string(struct oci_output *output, const char *text)
{
    size_t length = strlen(text), plain = 0, step;

    oci_output_bytes(output, "\"", 1);
    for (size_t at = 0; at < length && output->result == 0; at += step) {
        unsigned char c = (unsigned char)text[at];

        step = oci_utf8_sequence(text + at, length - at);
        if (step == 0) {
            output->result = OCI_ERR_INVALID_ARGUMENT;
            return;
        }
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        oci_output_bytes(output, text + plain, at - plain);
        escape(output, c);
        plain = at + 1;
    }
    oci_output_bytes(output, text + plain, length - plain);
    oci_output_bytes(output, "\"", 1);
}

void oci_output_name(struct oci_output *output, const char *name)
{
    oci_output_separate(output);
    oci_output_string(output, name);
    oci_output_bytes(output, ": ", output->pretty ? 2 : 1);
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

static int accept_fault(void *ctx, const struct oci_fault *fault)
{
    (void)ctx;
    (void)fault;
    return 0;
}

static int check_raw(const struct oci_output *output, const char *json, size_t length)
{
    static const struct oci_reader_events events = {accept_token, accept_token, accept_token,
                                                    accept_close, accept_fault};
    struct oci_reader_source source = {
        .text = json,
        .length = length,
        .memory = output->memory,
        .limits = {.depth = SIZE_MAX, .values = SIZE_MAX, .string = SIZE_MAX, .number = SIZE_MAX}};
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
        output->result = result;
        return;
    }
    while (at < length && output->result == 0)
        at = copy_piece(output, json, at, &after_colon);
    output->begun = true;
}
