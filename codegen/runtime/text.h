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
 * escaped surrogate pair; otherwise *fault says what and where.  *sound receives the offset of the
 * first vertical tab or form feed, or length: they are never allowed as such, but what is wrong
 * with them only the reader can tell. */
bool oci_text_scan(const char *text, size_t length, struct oci_text_fault *fault, size_t *sound);

/* Bytes of the well-formed UTF-8 sequence at text (1 to 4), or 0.  length is at least 1. */
size_t oci_utf8_sequence(const char *text, size_t length);
/* The code point of such a sequence of step bytes. */
unsigned long oci_utf8_decode(const char *text, size_t step);

/* How many bytes at the beginning of text can stand in a JSON string as they are, without being
 * part of a longer UTF-8 sequence: printing ASCII but quotes and backslashes. */
size_t oci_text_plain(const char *text, size_t length);

#endif
