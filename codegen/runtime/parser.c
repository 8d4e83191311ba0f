/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document that arrives in pieces: they are collected, within the limit, and parsed at the end,
 * so that the result cannot depend on where the text was cut.
 */
#include "parse.h"

#include <string.h>

#define FIRST_ROOM 4096u

struct oci_parser {
    const struct oci_allocator *memory;
    const oci_type *type;
    struct oci_parse_options options;
    char *name;
    char *text;
    size_t length;
    size_t room;
    int failure;
};

int oci_parser_new_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  const struct oci_parse_options *options, oci_parser **parser)
{
    struct oci_parser draft = {.memory = memory, .type = type}, *created;
    int result;

    if (type == NULL || parser == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = oci_options_complete(options, type, &draft.options);
    if (result < 0)
        return result;
    if (draft.options.name != NULL) {
        size_t size = strlen(draft.options.name) + 1;

        draft.name = oci_memory_alloc(memory, size);
        if (draft.name == NULL)
            return OCI_ERR_NO_MEMORY;
        draft.options.name = memcpy(draft.name, draft.options.name, size);
    }
    created = oci_memory_alloc(memory, sizeof(*created));
    if (created == NULL) {
        oci_memory_release(memory, draft.name);
        return OCI_ERR_NO_MEMORY;
    }
    *created = draft;
    *parser = created;
    return 0;
}

int oci_parser_new(const oci_type *type, const struct oci_parse_options *options,
                   oci_parser **parser)
{
    return oci_parser_new_with_allocator(&oci_default_allocator, type, options, parser);
}

/* One byte beyond the limit is kept: it makes the parse say that the text is too large. */
static int make_room(struct oci_parser *parser, size_t more)
{
    size_t wanted = parser->length + more, room = parser->room;
    char *text;

    if (wanted <= room)
        return 0;
    if (wanted > SIZE_MAX / 2)
        return OCI_ERR_NO_MEMORY;
    if (room == 0)
        room = FIRST_ROOM;
    while (room < wanted)
        room *= 2;
    text = oci_memory_resize(parser->memory, parser->text, room);
    if (text == NULL)
        return OCI_ERR_NO_MEMORY;
    parser->text = text;
    parser->room = room;
    return 0;
}

int oci_parser_feed(oci_parser *parser, const char *bytes, size_t length)
{
    size_t most;

    if (parser == NULL || (bytes == NULL && length > 0))
        return OCI_ERR_INVALID_ARGUMENT;
    if (parser->failure < 0 || length == 0)
        return parser->failure;
    most = parser->options.max_bytes - parser->length;
    if (length > most) {
        length = most + 1;
        parser->failure = OCI_ERR_TOO_LARGE;
    }
    if (make_room(parser, length) < 0) {
        parser->failure = OCI_ERR_NO_MEMORY;
        return parser->failure;
    }
    memcpy(parser->text + parser->length, bytes, length);
    parser->length += length;
    return parser->failure;
}

int oci_parser_finish(oci_parser *parser, oci_document **document, oci_report **report)
{
    int result;

    if (report != NULL)
        *report = NULL;
    if (parser == NULL || document == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    if (parser->failure == OCI_ERR_NO_MEMORY)
        result = OCI_ERR_NO_MEMORY;
    else
        result = oci_parse_with_allocator(parser->memory, parser->type, parser->text,
                                          parser->length, &parser->options, document, report);
    parser->length = 0;
    parser->failure = 0;
    return result;
}

void oci_parser_free(oci_parser *parser)
{
    if (parser == NULL)
        return;
    oci_memory_release(parser->memory, parser->text);
    oci_memory_release(parser->memory, parser->name);
    oci_memory_release(parser->memory, parser);
}
