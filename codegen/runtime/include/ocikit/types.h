/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What generated headers and the document interface share: the export mark and the few structs
 * that every generated type may hold.  Nothing here needs a library but libc.
 *
 * The shapes of generated structs; ocikit-spec(3) has more of it, and an example:
 *
 *   bool x; uint32_t x;            required; always written
 *   bool has_x; uint32_t x;        optional: not written where has_x is false, so set both
 *   const char *x;                 a string, or JSON text; NULL is absent
 *   enum oci_NAME x;               0, OCI_NAME_UNSET, is absent
 *   struct oci_NAME *x;            an object; NULL is absent
 *   ELEMENT *x; size_t x_count;    an array with its objects in place; NULL is absent, any other
 *                                  pointer with a count of 0 is the empty array
 *   struct oci_string_entry *x;    a map (or struct oci_NAME_entry, of objects) and its count:
 *   size_t x_count;                entries sorted by key once read, and always so when written
 *   ... unknown_members;           at the end of each: what the schema does not name
 *
 * Names are those of JSON in lower case with underscores; what is a word of C, C++ or Python, or a
 * predefined macro, has an underscore at the end (linux_).  Strings, arrays and structs of a
 * document belong to the document.  A struct may also be filled by hand, with C99 initialisers.
 */
#ifndef OCIKIT_TYPES_H
#define OCIKIT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define OCI_API __attribute__((visibility("default")))
#else
#define OCI_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The description of one generated struct: what its members are called in JSON and where they lie.
 * Constant, shared, valid for as long as the library is loaded.  Since 0.1. */
typedef struct oci_type oci_type;

/* One entry of a map from names to strings.  Maps are arrays sorted by key (byte order); one that
 * is filled by hand may have any order, and is written sorted.  A key may stand once. */
struct oci_string_entry {
    const char *key;
    const char *value;
};

/* A member that the schema does not name, or one that it names whose value is null where the schema
 * allows that: kept as it was read, and written back. */
struct oci_unknown_member {
    const char *name; /* unescaped */
    const char *json; /* its value as JSON text */
};

/* What a struct keeps of its document beyond the members above it.  In a struct filled by hand all
 * of it may be 0. */
struct oci_unknown_members {
    struct oci_unknown_member *items;
    size_t count;
    const uint8_t *order; /* how the members followed each other in the text: numbers of members of
                           * the schema from 1, 255 for the next of items, 0 at the end; NULL for
                           * the schema's order.  What it does not name is written last. */
};

#ifdef __cplusplus
}
#endif

#endif
