/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether bytes are text that a document may hold.  Looks at bytes only; JSON's grammar is for the
 * reader.
 */
#ifndef OCIKIT_RUNTIME_TEXT_H
#define OCIKIT_RUNTIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What oci_text_scan found. */
struct oci_text_fault {
    size_t offset;
    const char *expected;
    const char *found;
};

/* Whether JSON text is strict UTF-8 without a byte order mark, NUL, an escaped NUL or half of an
 * escaped surrogate pair; otherwise *fault says what and where.  *odd_space tells of a vertical tab
 * or form feed: never allowed as such, but where it stands only the reader can tell. */
bool oci_text_scan(const char *text, size_t length, struct oci_text_fault *fault, bool *odd_space);

/* Bytes of the well-formed UTF-8 sequence at text (1 to 4), or 0.  length is at least 1. */
size_t oci_utf8_sequence(const char *text, size_t length);

#endif
