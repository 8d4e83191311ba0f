/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the place in a JSON text that a JSON pointer names, without any table.  Keeps no tree: it
 * walks the tokens and follows the pointer as far as they lead along it.
 */
#include "parse.h"
#include "place.h"
#include "reader.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct search {
    const char *rest; /* of the pointer, from the '/' of the reference token looked for */
    size_t depth;     /* containers open */
    size_t on_path;   /* of these, the outermost that the pointer goes through */
    bool in_object;   /* the innermost container on the path is an object */
    bool key_matches; /* the next value is the one */
    uint64_t index;   /* of the next item, in an array */
    bool found;
    size_t offset; /* of the last value on the path */
    size_t size;
};

static size_t step_length(const char *rest)
{
    return strcspn(rest + 1, "/") + 1;
}

/* Whether the reference token at rest, unescaped, is the given name. */
static bool names(const char *rest, const char *name, size_t length)
{
    const char *at = rest + 1, *end = rest + step_length(rest);
    size_t i = 0;

    for (; at < end; at++, i++) {
        char c = *at;

        if (c == '~') {
            at++;
            if (at == end || (*at != '0' && *at != '1'))
                return false;
            c = *at == '0' ? '~' : '/';
        }
        if (i == length || name[i] != c)
            return false;
    }
    return i == length;
}

static bool names_index(const char *rest, uint64_t index)
{
    char number[24];
    int length = snprintf(number, sizeof(number), "%llu", (unsigned long long)index);

    return names(rest, number, (size_t)length);
}

/* Whether a value that begins now lies on the path; if so, the search moves on to it. */
static bool step_onto(struct search *search, const struct oci_token *token)
{
    if (search->found || search->on_path != search->depth)
        return false;
    if (search->depth > 0) {
        bool matches =
            search->in_object ? search->key_matches : names_index(search->rest, search->index);

        search->index++;
        search->key_matches = false;
        if (!matches)
            return false;
        search->rest += step_length(search->rest);
    }
    search->found = *search->rest == '\0';
    search->offset = token->start;
    search->size = token->kind == OCI_TOKEN_OBJECT || token->kind == OCI_TOKEN_ARRAY
                       ? 1
                       : token->end - token->start;
    return true;
}

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct search *search = ctx;

    /* A scalar on the path with more of the pointer to go: nothing else can match. */
    if (step_onto(search, token) && !search->found)
        search->on_path = SIZE_MAX;
    return 0;
}

static int on_key(void *ctx, const struct oci_token *token)
{
    struct search *search = ctx;

    if (!search->found && search->on_path == search->depth)
        search->key_matches = names(search->rest, token->text, token->length);
    return 0;
}

static int on_open(void *ctx, const struct oci_token *token)
{
    struct search *search = ctx;

    if (step_onto(search, token)) {
        search->on_path++;
        search->in_object = token->kind == OCI_TOKEN_OBJECT;
        search->index = 0;
    }
    search->depth++;
    return 0;
}

static int on_close(void *ctx, size_t end)
{
    struct search *search = ctx;

    (void)end;
    if (search->on_path == search->depth && !search->found)
        search->on_path = SIZE_MAX;
    search->depth--;
    return 0;
}

static int on_fault(void *ctx, const struct oci_fault *fault)
{
    (void)ctx;
    (void)fault;
    return 0;
}

static const struct oci_reader_events events = {
    .scalar = on_scalar, .key = on_key, .open = on_open, .close = on_close, .fault = on_fault};

int oci_place_find(const struct oci_allocator *memory, const char *text, size_t length,
                   const char *pointer, bool *exact, size_t *offset, size_t *size)
{
    struct search search = {.rest = pointer};
    struct oci_reader_source source = {
        .text = text,
        .length = length,
        .memory = memory,
        .limits = {.depth = SIZE_MAX, .values = SIZE_MAX, .string = SIZE_MAX, .number = SIZE_MAX}};
    int result;

    if (*pointer != '\0' && *pointer != '/')
        return OCI_ERR_NOT_FOUND;
    result = oci_read_json(&source, &events, &search);
    if (result == OCI_ERR_NO_MEMORY)
        return result;
    if (result < 0)
        return OCI_ERR_NOT_FOUND;
    *exact = search.found;
    *offset = search.offset;
    *size = search.size;
    return 0;
}

int oci_locate_with_allocator(const struct oci_allocator *memory, const char *text, size_t length,
                              const char *pointer, size_t *line, size_t *column)
{
    size_t offset, size;
    bool exact;
    int result;

    if (text == NULL || pointer == NULL || line == NULL || column == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = oci_place_find(memory, text, length, pointer, &exact, &offset, &size);
    if (result == 0 && !exact)
        result = OCI_ERR_NOT_FOUND;
    if (result == 0)
        oci_text_place(text, offset, line, column);
    return result;
}

int oci_locate(const char *text, size_t length, const char *pointer, size_t *line, size_t *column)
{
    return oci_locate_with_allocator(&oci_default_allocator, text, length, pointer, line, column);
}
