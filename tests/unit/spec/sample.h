/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small type with every kind and shape that tables can have, and helpers for the tests of the
 * engine. The tables are filled by hand, so that the engine is tested without the generator.
 */
#ifndef OCIKIT_TESTS_SAMPLE_H
#define OCIKIT_TESTS_SAMPLE_H

#include <ocikit/desc.h>
#include "memory.h"
#include "parse.h"

#include <ocikit/document.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sample_leaf {
    const char *name;
    uint32_t id;
    bool has_id;
    struct oci_unknown_members unknown;
};

struct sample_size_entry {
    const char *key;
    uint64_t value;
};

struct sample_leaf_entry {
    const char *key;
    struct sample_leaf value;
};

struct sample {
    const char *version;
    bool b;
    bool has_b;
    int8_t i8;
    bool has_i8;
    int16_t i16;
    bool has_i16;
    int32_t i32;
    bool has_i32;
    int64_t i64;
    bool has_i64;
    uint8_t u8;
    bool has_u8;
    uint16_t u16;
    bool has_u16;
    uint32_t u32;
    bool has_u32;
    uint64_t u64;
    bool has_u64;
    uint16_t mode; /* 1 to 4095 */
    bool has_mode;
    int32_t score; /* -5 to 7 */
    bool has_score;
    const char *text;
    const char *word; /* ^a+$ */
    int color;        /* red, green, blue-green */
    struct sample_leaf *leaf;
    const char *raw;
    const char *raw_object;
    const uint32_t *numbers;
    size_t numbers_count;
    const char *const *strings; /* at least one */
    size_t strings_count;
    const int *colors;
    size_t colors_count;
    const struct sample_leaf *leaves;
    size_t leaves_count;
    const char *const *raws;
    size_t raws_count;
    const struct oci_string_entry *labels;
    size_t labels_count;
    const struct sample_size_entry *sizes;
    size_t sizes_count;
    const struct sample_leaf_entry *named;
    size_t named_count;
    const char *const *maybe; /* or null */
    size_t maybe_count;
    struct oci_unknown_members unknown;
};

const oci_type *sample_type(void);

/* A document that uses every field and has unknown members, in memory of the test. */
extern const char sample_text[];

/* Fails its nth allocation (from 1; 0 for never) and counts what is not released. */
struct counting_allocator {
    struct oci_allocator memory;
    size_t calls;
    size_t fail_at;
    size_t held;
};
void counting_allocator_init(struct counting_allocator *counting, size_t fail_at);

/* Parse text that must be good; the caller frees the document. */
struct sample *parse_good(const char *text, oci_document **document);
/* Parse text whose first error must be this; pointer and place are checked too. */
void expect_finding(const char *text, int code, const char *pointer, size_t line, size_t column);
void expect_message(const char *text, const char *message);

#endif
