/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings about one document: collecting them, their place in the text and their message.  The
 * report owns every string of its findings; it does not decide what is wrong.
 */
#ifndef OCIKIT_RUNTIME_REPORT_H
#define OCIKIT_RUNTIME_REPORT_H

#include "arena.h"

#include <ocikit/document.h>

struct oci_kept_finding {
    struct oci_finding finding;
    size_t sequence; /* keeps the sort by offset stable */
};

/* A place in a text whose line is known. */
struct oci_line_place {
    const char *text;
    size_t offset;
    size_t line;
    size_t start; /* offset of the line */
};

struct oci_report {
    const struct oci_allocator *memory;
    struct oci_arena arena;
    struct oci_kept_finding *kept;
    size_t count;
    size_t capacity;
    size_t total;
    size_t limit;
    bool has_error;
    const char *name; /* of the document; borrowed, as text is, until oci_report_finish */
    const char *text;
    size_t length;
    struct oci_line_place last;
};

/* A finding as its discoverer knows it.  Strings are copied, but pointer must come from the
 * report's arena (or be NULL, which stands for the document itself). */
struct oci_draft {
    int code;
    int severity;
    int sys_errno;
    bool placed; /* offset is a place in the text */
    size_t offset;
    size_t length; /* of the text that is meant; 0 where that is not known */
    const char *pointer;
    const char *expected;
    const char *found;
    const char *suggestion;
    const char *statement; /* what the message says; NULL for "expected ..., found ..." */
    const char *rule;      /* constant; NULL for the name of the code */
    const char *section;   /* constant; NULL for what the schema says */
};

void oci_report_init(struct oci_report *report, const struct oci_allocator *memory,
                     const char *name, size_t limit);
/* Whether a finding of this severity would be kept; if not, it only has to be counted. */
bool oci_report_wants(const struct oci_report *report, int severity);
/* Whether it would not be kept; then it is counted, and need not be worded. */
bool oci_report_passes(struct oci_report *report, int severity);
/* Returns 0 or OCI_ERR_NO_MEMORY. */
int oci_report_add(struct oci_report *report, const struct oci_draft *draft);
/* Say anew where in the text a finding is, or that it is nowhere; its place, excerpt and message
 * change.  Returns 0 or OCI_ERR_NO_MEMORY. */
int oci_report_move(struct oci_report *report, struct oci_finding *finding, bool placed,
                    size_t offset, size_t length);
/* Put the findings into the order of the document and forget the borrowed strings. */
void oci_report_finish(struct oci_report *report);
void oci_report_clear(struct oci_report *report);

/* Line and column, both from 1, of a byte of a text. */
void oci_text_place(const char *text, size_t offset, size_t *line, size_t *column);

/* Of the count names that name_at gives, the one that a misspelt name most likely means, or NULL.
 */
const char *oci_suggest(const char *name, size_t length, size_t count,
                        const char *(*name_at)(const void *list, size_t index), const void *list);

#endif
