/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that knows yajl.  Feeds it the whole text at once and turns its callbacks into
 * tokens with their places; counts depth and values.
 *
 * yajl does not check what its allocation functions return.  Its memory is therefore kept in a list
 * of ours, and when there is none left we jump out of yajl, back to the entry, and free the list.
 */
#include "reader.h"
#include "syntax.h"
#include "text.h"

#include <ocikit/errors.h>

#include <setjmp.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define FIRST_LEVELS 64u

struct piece {
    struct piece *previous;
    struct piece *next;
};

/* What has been read last. */
enum after {
    AFTER_NOTHING,
    AFTER_OPEN,
    AFTER_KEY,
    AFTER_VALUE,
};

const struct oci_reader_limits oci_reader_no_limits = {
    .depth = SIZE_MAX, .values = SIZE_MAX, .string = SIZE_MAX, .number = SIZE_MAX};

struct reader {
    const struct oci_reader_source *source;
    const struct oci_reader_events *events;
    void *ctx;
    yajl_handle yajl;
    struct piece pieces; /* head of the ring of what yajl holds */
    jmp_buf no_memory;
    int result;
    enum after after;
    size_t fed;      /* bytes of the text that yajl gets to see */
    size_t last_end; /* of the last token */
    struct oci_token
        token; /* the one at hand: in one place, since only few of its members change */
    size_t depth;
    size_t values;
    bool finishing; /* the text has been fed; yajl's own count of bytes has begun anew */
    char *levels;   /* '{' or '[' for each open container */
    size_t levels_room;
    char first_levels[FIRST_LEVELS];
};

static void *piece_link(struct reader *reader, struct piece *piece)
{
    piece->previous = &reader->pieces;
    piece->next = reader->pieces.next;
    piece->next->previous = piece;
    reader->pieces.next = piece;
    return piece + 1;
}

static void piece_unlink(struct piece *piece)
{
    piece->previous->next = piece->next;
    piece->next->previous = piece->previous;
}

static void *yajl_take(void *ctx, size_t size)
{
    struct reader *reader = ctx;
    struct piece *piece = NULL;

    if (size <= SIZE_MAX - sizeof(*piece))
        piece = oci_memory_alloc(reader->source->memory, sizeof(*piece) + size);
    if (piece == NULL)
        longjmp(reader->no_memory, 1);
    return piece_link(reader, piece);
}

static void *yajl_retake(void *ctx, void *old, size_t size)
{
    struct reader *reader = ctx;
    struct piece *piece, *moved = NULL;

    if (old == NULL)
        return yajl_take(ctx, size);
    piece = (struct piece *)old - 1;
    piece_unlink(piece);
    if (size <= SIZE_MAX - sizeof(*piece))
        moved = oci_memory_resize(reader->source->memory, piece, sizeof(*piece) + size);
    if (moved == NULL) {
        (void)piece_link(reader, piece);
        longjmp(reader->no_memory, 1);
    }
    return piece_link(reader, moved);
}

static void yajl_give(void *ctx, void *old)
{
    struct reader *reader = ctx;
    struct piece *piece;

    if (old == NULL)
        return;
    piece = (struct piece *)old - 1;
    piece_unlink(piece);
    oci_memory_release(reader->source->memory, piece);
}

static void release_pieces(struct reader *reader)
{
    while (reader->pieces.next != &reader->pieces)
        yajl_give(reader, reader->pieces.next + 1);
}

/* End the reading with a fault.  Returns what a yajl callback returns to stop. */
static int stop(struct reader *reader, const struct oci_fault *fault)
{
    int result = reader->events->fault != NULL ? reader->events->fault(reader->ctx, fault) : 0;

    reader->result = result < 0 ? result : fault->code;
    return 0;
}

static __attribute__((noinline, cold)) int stop_for_limit(struct reader *reader, int code,
                                                          size_t offset, const char *what,
                                                          size_t limit, const char *unit)
{
    struct oci_line expected = {.length = 0};

    oci_line_addf(&expected, "at most %zu %s", limit, unit);
    return stop(reader, &(struct oci_fault){.code = code,
                                            .offset = offset,
                                            .at_value = true,
                                            .expected = expected.text,
                                            .found = what});
}

static enum oci_expectation expectation(const struct reader *reader)
{
    bool in_object = reader->depth > 0 && reader->levels[reader->depth - 1] == '{';

    switch (reader->after) {
    case AFTER_NOTHING:
        break;
    case AFTER_OPEN:
        return in_object ? OCI_EXPECT_FIRST_NAME : OCI_EXPECT_FIRST_ITEM;
    case AFTER_KEY:
        return OCI_EXPECT_COLON;
    case AFTER_VALUE:
        if (reader->depth == 0)
            return OCI_EXPECT_END_OF_DOCUMENT;
        return in_object ? OCI_EXPECT_MORE_MEMBERS : OCI_EXPECT_MORE_ITEMS;
    }
    return OCI_EXPECT_START;
}

static __attribute__((noinline, cold)) int stop_for_syntax(struct reader *reader)
{
    const struct oci_reader_source *source = reader->source;
    struct oci_syntax_fault fault;

    oci_syntax_explain(source->text, source->length, reader->last_end, expectation(reader), &fault);
    return stop(reader, &(struct oci_fault){
                            .code = OCI_ERR_SYNTAX,
                            .offset = fault.offset,
                            .at_value = fault.expectation == OCI_EXPECT_COLON ||
                                        fault.expectation == OCI_EXPECT_MEMBER_VALUE ||
                                        fault.expectation == OCI_EXPECT_FIRST_ITEM ||
                                        fault.expectation == OCI_EXPECT_ITEM,
                            .at_end = fault.at_end,
                            .expected = fault.expected.text,
                            .found = fault.found.text,
                            .statement = fault.statement.length > 0 ? fault.statement.text : NULL});
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t skip_to_token(const struct oci_reader_source *source, size_t at)
{
    while (at < source->length &&
           (is_space(source->text[at]) || source->text[at] == ',' || source->text[at] == ':'))
        at++;
    return at;
}

/* Find the place of the token that yajl has just read, whose text is in the document: size is its
 * length there. */
static inline void place_in_input(struct reader *reader, const char *text, size_t length,
                                  bool is_string)
{
    struct oci_token *token = &reader->token;

    token->end = (size_t)(text - reader->source->text) + length + is_string;
    token->start = token->end - length - 2u * is_string;
    reader->last_end = token->end;
}

/* The same for a token of a known size, or of one that only looking for its beginning can tell (0).
 */
static inline void place(struct reader *reader, size_t size)
{
    struct oci_token *token = &reader->token;

    token->end = reader->finishing ? reader->fed : yajl_get_bytes_consumed(reader->yajl);
    token->start = size > 0 ? token->end - size : skip_to_token(reader->source, reader->last_end);
    reader->last_end = token->end;
}

static int pass(struct reader *reader, int result)
{
    if (result < 0)
        reader->result = result;
    return result == 0;
}

static __attribute__((noinline, cold)) int too_many_values(struct reader *reader)
{
    return stop_for_limit(reader, OCI_ERR_TOO_LARGE, reader->token.start, "more",
                          reader->source->limits.values, "values");
}

static inline int scalar(struct reader *reader, enum oci_token_kind kind)
{
    reader->token.kind = kind;
    if (++reader->values > reader->source->limits.values)
        return too_many_values(reader);
    reader->after = AFTER_VALUE;
    return pass(reader, reader->events->scalar(reader->ctx, &reader->token));
}

static int on_null(void *ctx)
{
    struct reader *reader = ctx;

    place(reader, 4);
    return scalar(reader, OCI_TOKEN_NULL);
}

static int on_boolean(void *ctx, int truth)
{
    struct reader *reader = ctx;

    place(reader, truth ? 4 : 5);
    reader->token.truth = truth != 0;
    return scalar(reader, OCI_TOKEN_BOOL);
}

/* Take the text of a token, and find its place. */
static inline void take_text(struct reader *reader, const char *text, size_t length, bool is_string)
{
    struct oci_token *token = &reader->token;
    uintptr_t offset = (uintptr_t)text - (uintptr_t)reader->source->text;

    token->text = text;
    token->length = length;
    token->in_input = offset < reader->source->length;
    if (token->in_input)
        place_in_input(reader, text, length, is_string);
    else
        place(reader, is_string ? 0 : length);
}

static __attribute__((noinline, cold)) int too_long(struct reader *reader, size_t limit,
                                                    const char *what, const char *unit)
{
    return stop_for_limit(reader, OCI_ERR_TOO_LARGE, reader->token.start, what, limit, unit);
}

static int on_number(void *ctx, const char *text, size_t length)
{
    struct reader *reader = ctx;

    take_text(reader, text, length, false);
    if (length > reader->source->limits.number)
        return too_long(reader, reader->source->limits.number, "a longer number",
                        "characters in a number");
    return scalar(reader, OCI_TOKEN_NUMBER);
}

static int on_string(void *ctx, const unsigned char *text, size_t length)
{
    struct reader *reader = ctx;

    take_text(reader, (const char *)text, length, true);
    if (length > reader->source->limits.string)
        return too_long(reader, reader->source->limits.string, "a longer string",
                        "bytes in a string");
    return scalar(reader, OCI_TOKEN_STRING);
}

static int on_key(void *ctx, const unsigned char *text, size_t length)
{
    struct reader *reader = ctx;

    take_text(reader, (const char *)text, length, true);
    if (length > reader->source->limits.string)
        return too_long(reader, reader->source->limits.string, "a longer string",
                        "bytes in a string");
    reader->token.kind = OCI_TOKEN_STRING;
    reader->after = AFTER_KEY;
    return pass(reader, reader->events->key(reader->ctx, &reader->token));
}

static bool push_level(struct reader *reader, char level)
{
    const struct oci_allocator *memory = reader->source->memory;

    if (reader->depth == reader->levels_room) {
        size_t room = reader->levels_room * 2;
        char *levels = oci_memory_alloc(memory, room);

        if (levels == NULL)
            return false;
        memcpy(levels, reader->levels, reader->depth);
        if (reader->levels != reader->first_levels)
            oci_memory_release(memory, reader->levels);
        reader->levels = levels;
        reader->levels_room = room;
    }
    reader->levels[reader->depth++] = level;
    return true;
}

static int on_open(struct reader *reader, enum oci_token_kind kind)
{
    size_t limit = reader->source->limits.depth;

    place(reader, 1);
    reader->token.kind = kind;
    if (reader->depth == limit)
        return stop_for_limit(reader, OCI_ERR_DEPTH, reader->token.start, "a deeper one", limit,
                              "levels of arrays and objects");
    if (++reader->values > reader->source->limits.values)
        return too_many_values(reader);
    if (!push_level(reader, kind == OCI_TOKEN_OBJECT ? '{' : '['))
        return pass(reader, OCI_ERR_NO_MEMORY);
    reader->after = AFTER_OPEN;
    return pass(reader, reader->events->open(reader->ctx, &reader->token));
}

static int on_open_object(void *ctx)
{
    return on_open(ctx, OCI_TOKEN_OBJECT);
}

static int on_open_array(void *ctx)
{
    return on_open(ctx, OCI_TOKEN_ARRAY);
}

static int on_close(void *ctx)
{
    struct reader *reader = ctx;

    place(reader, 1);
    reader->depth--;
    reader->after = AFTER_VALUE;
    return pass(reader, reader->events->close(reader->ctx, reader->token.end));
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_open_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_open_array,
    .yajl_end_array = on_close,
};

static bool ends_in_space(const struct reader *reader)
{
    const struct oci_reader_source *source = reader->source;

    for (size_t at = reader->last_end; at < source->length; at++) {
        if (!is_space(source->text[at]))
            return false;
    }
    return true;
}

/* yajl takes a vertical tab and a form feed for white space; in JSON they may stand nowhere.  A
 * text is therefore fed only as far as to the first: if yajl finds no earlier fault, that is it.
 * After the value it also lets a string pass that does not end, as it is no token yet. */
static void feed(struct reader *reader)
{
    const struct oci_reader_source *source = reader->source;
    yajl_status status;

    status = yajl_parse(reader->yajl, (const unsigned char *)source->text, reader->fed);
    if (status == yajl_status_ok && reader->fed == source->length) {
        reader->finishing = true;
        status = yajl_complete_parse(reader->yajl);
    }
    if (status == yajl_status_error ||
        (status == yajl_status_ok && (reader->fed < source->length || !ends_in_space(reader))))
        (void)stop_for_syntax(reader);
}

/* The frame that a failed allocation of yajl's comes back to: it may hold no changed locals. */
static void run(struct reader *reader, yajl_alloc_funcs *functions)
{
    if (setjmp(reader->no_memory) != 0) {
        reader->result = OCI_ERR_NO_MEMORY;
        return;
    }
    reader->yajl = yajl_alloc(&callbacks, functions, reader);
    if (reader->yajl == NULL) {
        reader->result = OCI_ERR_NO_MEMORY;
        return;
    }
    /* The text has been checked already, more strictly than yajl would. */
    (void)yajl_config(reader->yajl, yajl_dont_validate_strings, 1);
    feed(reader);
}

static bool check_text(struct reader *reader)
{
    struct oci_text_fault fault;

    if (oci_text_scan(reader->source->text, reader->source->length, &fault, &reader->fed))
        return true;
    (void)stop(reader, &(struct oci_fault){.code = OCI_ERR_ENCODING,
                                           .offset = fault.offset,
                                           .expected = fault.expected,
                                           .found = fault.found});
    return false;
}

int oci_read_json(const struct oci_reader_source *source, const struct oci_reader_events *events,
                  void *ctx)
{
    struct reader reader;
    yajl_alloc_funcs functions = {
        .malloc = yajl_take, .realloc = yajl_retake, .free = yajl_give, .ctx = &reader};

    memset(&reader, 0, offsetof(struct reader, first_levels));
    reader.source = source;
    reader.events = events;
    reader.ctx = ctx;
    reader.pieces.previous = reader.pieces.next = &reader.pieces;
    reader.levels = reader.first_levels;
    reader.levels_room = FIRST_LEVELS;
    if (check_text(&reader))
        run(&reader, &functions);
    release_pieces(&reader);
    if (reader.levels != reader.first_levels)
        oci_memory_release(source->memory, reader.levels);
    return reader.result;
}
