/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse FILE KIND ROUNDS: what reading and writing one document costs, beside yajl with callbacks that
 * do nothing on the same bytes.  Prints one JSON object: nanoseconds of each round, the memory that a
 * parsed document holds, sizes.  The three are measured in turn within each round.
 */
#include "parse.h"

#include <ocikit/check.h>

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#define BYTES_A_ROUND 4000000u

static int nothing(void *ctx)
{
    (void)ctx;
    return 1;
}

static int no_boolean(void *ctx, int truth)
{
    (void)ctx;
    (void)truth;
    return 1;
}

static int no_number(void *ctx, const char *text, size_t length)
{
    (void)ctx;
    (void)text;
    (void)length;
    return 1;
}

static int no_string(void *ctx, const unsigned char *text, size_t length)
{
    (void)ctx;
    (void)text;
    (void)length;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = nothing,
    .yajl_boolean = no_boolean,
    .yajl_number = no_number,
    .yajl_string = no_string,
    .yajl_start_map = nothing,
    .yajl_map_key = no_string,
    .yajl_end_map = nothing,
    .yajl_start_array = nothing,
    .yajl_end_array = nothing,
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time); /* others may want the processor */
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void yajl_only(const char *text, size_t length)
{
    yajl_handle handle = yajl_alloc(&callbacks, NULL, NULL);

    if (yajl_parse(handle, (const unsigned char *)text, length) != yajl_status_ok ||
        yajl_complete_parse(handle) != yajl_status_ok)
        abort();
    yajl_free(handle);
}

static oci_document *parse(const oci_type *type, const char *text, size_t length)
{
    oci_document *document = NULL;
    oci_report *report = NULL;

    if (oci_parse(type, text, length, NULL, &document, &report) != 0) {
        fprintf(stderr, "%s\n", oci_report_first_error(report)->message);
        exit(1);
    }
    return document;
}

static void write_text(const oci_type *type, const oci_document *document)
{
    char *text = NULL;

    if (oci_write(type, oci_document_root(document, type), OCI_WRITE_COMPACT, &text, NULL) != 0)
        abort();
    oci_free(text);
}

/* Nanoseconds of one of the three, the mean of as many as make up a round's bytes. */
static double measure(int what, const oci_type *type, const char *text, size_t length)
{
    size_t times = BYTES_A_ROUND / length + 1;
    oci_document *document = parse(type, text, length);
    double begun = now();

    for (size_t i = 0; i < times; i++) {
        if (what == 0)
            yajl_only(text, length);
        else if (what == 1)
            oci_document_free(parse(type, text, length));
        else
            write_text(type, document);
    }
    begun = (now() - begun) / (double)times;
    oci_document_free(document);
    return begun;
}

/* The C library's, with a count of what is held, and what each piece costs the C library itself. */
static void *counted_alloc(void *ctx, size_t size)
{
    void *memory = malloc(size);

    *(size_t *)ctx += malloc_usable_size(memory) + sizeof(size_t);
    return memory;
}

static void counted_release(void *ctx, void *old)
{
    if (old != NULL)
        *(size_t *)ctx -= malloc_usable_size(old) + sizeof(size_t);
    free(old);
}

static void *counted_resize(void *ctx, void *old, size_t size)
{
    if (old != NULL)
        *(size_t *)ctx -= malloc_usable_size(old) + sizeof(size_t);
    old = realloc(old, size);
    *(size_t *)ctx += malloc_usable_size(old) + sizeof(size_t);
    return old;
}

static size_t measure_held(const oci_type *type, const char *text, size_t length)
{
    size_t held = 0, result;
    const struct oci_allocator memory = {counted_alloc, counted_resize, counted_release, &held};
    oci_document *document = NULL;

    if (oci_parse_with_allocator(&memory, type, text, length, NULL, &document, NULL) != 0)
        abort();
    result = held;
    oci_document_free(document);
    return result;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"yajl", "parse", "write"};
    const struct oci_document_kind *kind = argc == 4 ? oci_document_kind_find(argv[2]) : NULL;
    char *text = NULL;
    size_t length = 0, held;

    if (kind == NULL || oci_read_file(AT_FDCWD, argv[1], 0, &text, &length, NULL) < 0)
        return 2;
    held = measure_held(kind->type(), text, length);
    printf("{\"bytes\": %zu, \"held\": %zu, \"rounds\": [", length, held);
    for (int round = 0; round < atoi(argv[3]); round++) {
        printf("%s{", round > 0 ? ", " : "");
        for (int what = 0; what < 3; what++)
            printf("%s\"%s\": %.0f", what > 0 ? ", " : "", names[what],
                   measure(what, kind->type(), text, length));
        printf("}");
    }
    printf("]}\n");
    oci_free(text);
    return 0;
}
