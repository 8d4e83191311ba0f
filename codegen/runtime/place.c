/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives JSON pointers, and findings that know only theirs, a place in a text: all of them in one
 * pass over it, so that many findings about a long text cost little more than one.  Keeps no tree,
 * knows no table and words nothing.
 *
 * The pointers are sorted by their bytes, so that those that lead into a container are neighbours,
 * and each member and item is looked for among them by halving.  While the text is read, every
 * container that some of them go on in has their range on a stack.
 */
#include "place.h"
#include "arena.h"
#include "parse.h"
#include "pointer.h"
#include "reader.h"

#include <stdlib.h>
#include <string.h>

struct range {
    size_t begin, end; /* of the places whose pointers go on in the container */
    size_t length;     /* of the pointer to it */
    size_t index;      /* of its next item */
    bool is_array;
};

struct placing {
    struct oci_place *places;
    size_t count;
    struct oci_scratch ranges;
    size_t depth;            /* how many of these there are */
    size_t open;             /* containers, of which the outermost ones have a range */
    struct oci_scratch step; /* the pointer to the next value, where it matters */
};

static int compare_places(const void *left, const void *right)
{
    return strcmp(((const struct oci_place *)left)->pointer,
                  ((const struct oci_place *)right)->pointer);
}

static struct range *top(const struct placing *placing)
{
    return (struct range *)placing->ranges.data + placing->depth - 1;
}

/* The first of the places from begin to end whose pointer, cut to length, is not before the step's
 * (after: is behind it). */
static size_t halve(const struct placing *placing, size_t begin, size_t end, size_t length,
                    bool after)
{
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        int order = strncmp(placing->places[middle].pointer, placing->step.data, length);

        if (order < 0 || (after && order == 0))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static void put(struct oci_place *place, const struct oci_token *token, bool exact)
{
    bool is_container = token->kind == OCI_TOKEN_OBJECT || token->kind == OCI_TOKEN_ARRAY;

    if (place->exact)
        return;
    place->found = true;
    place->exact = exact;
    place->offset = token->start;
    place->size = is_container ? 1 : token->end - token->start;
}

/* The value at the step begins: it is what the pointers that end here mean, and the nearest so far
 * for those that go on, whose range *inner becomes. */
static int reach(struct placing *placing, const struct oci_token *token, struct range *inner)
{
    const struct range whole = {.end = placing->count};
    const struct range *range = placing->depth > 0 ? top(placing) : &whole;
    size_t length = placing->step.length;

    /* With its NUL the step stands for those that end. */
    for (size_t i = halve(placing, range->begin, range->end, length + 1, false);
         i < range->end && strcmp(placing->places[i].pointer, placing->step.data) == 0; i++)
        put(&placing->places[i], token, true);
    if (!oci_pointer_push(&placing->step, "", 0))
        return OCI_ERR_NO_MEMORY;
    *inner = (struct range){.length = length, .is_array = token->kind == OCI_TOKEN_ARRAY};
    inner->begin = halve(placing, range->begin, range->end, length + 1, false);
    inner->end = halve(placing, inner->begin, range->end, length + 1, true);
    oci_pointer_cut(&placing->step, length);
    for (size_t i = inner->begin; i < inner->end; i++)
        put(&placing->places[i], token, false);
    return 0;
}

/* A value begins.  Returns 1 where pointers go on in it. */
static int begin_value(struct placing *placing, const struct oci_token *token, struct range *inner)
{
    int result;

    if (placing->open != placing->depth)
        return 0;
    if (placing->depth > 0 && top(placing)->is_array) {
        oci_pointer_cut(&placing->step, top(placing)->length);
        if (!oci_pointer_push_index(&placing->step, top(placing)->index++))
            return OCI_ERR_NO_MEMORY;
    }
    result = reach(placing, token, inner);
    return result < 0 ? result : inner->begin < inner->end;
}

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct range inner;
    int result = begin_value(ctx, token, &inner);

    return result < 0 ? result : 0;
}

static int on_key(void *ctx, const struct oci_token *token)
{
    struct placing *placing = ctx;

    if (placing->open != placing->depth)
        return 0;
    oci_pointer_cut(&placing->step, top(placing)->length);
    return oci_pointer_push(&placing->step, token->text, token->length) ? 0 : OCI_ERR_NO_MEMORY;
}

static int on_open(void *ctx, const struct oci_token *token)
{
    struct placing *placing = ctx;
    struct range inner;
    size_t at;
    int result = begin_value(placing, token, &inner);

    placing->open++;
    if (result <= 0)
        return result;
    if (!oci_scratch_push(&placing->ranges, sizeof(inner), &at))
        return OCI_ERR_NO_MEMORY;
    placing->depth++;
    *top(placing) = inner;
    return 0;
}

static int on_close(void *ctx, size_t end)
{
    struct placing *placing = ctx;

    (void)end;
    if (placing->open == placing->depth) {
        placing->depth--;
        placing->ranges.length -= sizeof(struct range);
    }
    placing->open--;
    return 0;
}

int oci_place_all(const struct oci_allocator *memory, const char *text, size_t length,
                  struct oci_place *places, size_t count)
{
    static const struct oci_reader_events events = {
        .scalar = on_scalar, .key = on_key, .open = on_open, .close = on_close};
    struct placing placing = {
        .places = places, .count = count, .ranges = {.memory = memory}, .step = {.memory = memory}};
    struct oci_reader_source source = {
        .text = text, .length = length, .memory = memory, .limits = oci_reader_no_limits};
    int result = OCI_ERR_NO_MEMORY;

    for (size_t i = 0; i < count; i++)
        places[i].found = places[i].exact = false;
    qsort(places, count, sizeof(*places), compare_places);
    if (oci_scratch_reserve(&placing.step, 1)) {
        oci_pointer_cut(&placing.step, 0);
        result = oci_read_json(&source, &events, &placing);
    }
    oci_scratch_free(&placing.ranges);
    oci_scratch_free(&placing.step);
    return result == 0 || result == OCI_ERR_NO_MEMORY ? result : OCI_ERR_NOT_FOUND;
}

int oci_locate_with_allocator(const struct oci_allocator *memory, const char *text, size_t length,
                              const char *pointer, size_t *line, size_t *column)
{
    struct oci_place place = {.pointer = pointer};
    int result;

    if (text == NULL || pointer == NULL || line == NULL || column == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = oci_place_all(memory, text, length, &place, 1);
    if (result == 0 && !place.exact)
        result = OCI_ERR_NOT_FOUND;
    if (result == 0)
        oci_text_place(text, place.offset, line, column);
    return result;
}

int oci_locate(const char *text, size_t length, const char *pointer, size_t *line, size_t *column)
{
    return oci_locate_with_allocator(&oci_default_allocator, text, length, pointer, line, column);
}

/* --- findings ----------------------------------------------------------------------------------
 */

static int compare_offsets(const void *left, const void *right)
{
    const struct oci_place *a = left, *b = right;

    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Place those findings of a report that have an entry in places. */
static int place_findings(struct oci_report *report, const char *text, size_t length,
                          struct oci_place *places, size_t count)
{
    int result = oci_place_all(report->memory, text, length, places, count);

    if (result == OCI_ERR_NO_MEMORY)
        return result;
    result = 0;
    qsort(places, count, sizeof(*places),
          compare_offsets); /* lines are counted on from place to place */
    for (size_t i = 0; i < count && result == 0; i++)
        result = oci_report_move(report, places[i].owner, places[i].found, places[i].offset,
                                 places[i].size);
    return result;
}

/* Where in its document a finding's pointer goes on behind prefix, or NULL. */
static const char *inside(const struct oci_finding *finding, const char *prefix,
                          size_t prefix_length)
{
    const char *rest = finding->pointer + prefix_length;

    return strncmp(finding->pointer, prefix, prefix_length) == 0 && (*rest == '\0' || *rest == '/')
               ? rest
               : NULL;
}

int oci_report_place(struct oci_report *report, const char *prefix, const char *text, size_t length,
                     bool only_new)
{
    size_t prefix_length = strlen(prefix), count = 0;
    struct oci_place *places =
        oci_memory_alloc(report->memory, (report->count + 1) * sizeof(*places));
    int result = places != NULL ? 0 : OCI_ERR_NO_MEMORY;

    report->text = text;
    report->length = length;
    for (size_t i = 0; i < report->count && result == 0; i++) {
        struct oci_finding *finding = &report->kept[i].finding;
        const char *rest = inside(finding, prefix, prefix_length);

        if (only_new && finding->line > 0)
            continue;
        if (rest != NULL)
            places[count++] = (struct oci_place){.pointer = rest, .owner = finding};
        else
            result = oci_report_move(report, finding, false, 0, 0);
    }
    if (result == 0)
        result = place_findings(report, text, length, places, count);
    oci_memory_release(report->memory, places);
    oci_report_finish(report);
    return result;
}
