/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the tables that ocigen emits and the engine that reads them.  For generated
 * code only: programs use <ocikit/document.h>.  emit_c_tables.py and the engine change together,
 * and with them the version, which generated code checks.
 */
#ifndef OCIKIT_DESC_H
#define OCIKIT_DESC_H

#include <ocikit/types.h>

#define OCI_DESC_VERSION 1

enum oci_kind {
    OCI_KIND_BOOL = 1, /* bool, 1 byte */
    OCI_KIND_INT,      /* int8_t .. int64_t by width */
    OCI_KIND_UINT,     /* uint8_t .. uint64_t by width */
    OCI_KIND_STRING,   /* const char * */
    OCI_KIND_ENUM,     /* enum, 4 bytes; 0 is "unset", value i+1 stands for values[i] */
    OCI_KIND_OBJECT, /* a pointer to a struct for OCI_SHAPE_ONE; structs in place in arrays, maps */
    OCI_KIND_RAW,    /* any JSON value of the schema's type, kept as text: const char * */
};

enum oci_shape {
    OCI_SHAPE_ONE = 0,
    OCI_SHAPE_ARRAY, /* ELEMENT *x; size_t x_count: NULL is absent, non-NULL with count 0 is empty
                      */
    OCI_SHAPE_MAP,   /* struct { const char *key; ELEMENT value; } *x; size_t x_count; sorted by key
                      */
};

#define OCI_NO_OFFSET 0xffffffffu
#define OCI_FIELD_REQUIRED 1u
#define OCI_FIELD_RAW_OBJECT 2u /* OCI_KIND_RAW that must be a JSON object */
#define OCI_FIELD_NULLABLE                                                                         \
    4u /* null is allowed: it leaves the member absent and is kept among the
                                 * unknown members */

/* A pattern compiled to a deterministic automaton over byte classes: state = next[state *
 * class_count
 * + classes[byte]]; state 0 is dead; a string matches when it ends in a state with accept != 0. */
struct oci_pattern {
    const char *text;       /* the pattern as the schema has it, for messages */
    const uint8_t *classes; /* 256 entries */
    const uint16_t *next;   /* state_count * class_count entries */
    const uint8_t *accept;  /* state_count entries */
    uint16_t class_count;
    uint16_t state_count;
    uint16_t start;
};

struct oci_enum_text {
    const char *text;
    uint32_t length;
};

struct oci_enum {
    const char *name; /* "oci_seccomp_action" */
    const struct oci_enum_text *values;
    uint32_t count;
};

struct oci_field {
    const char *name; /* as in JSON */
    uint32_t name_length;
    uint32_t offset;     /* of the C member */
    uint32_t aux_offset; /* of bool has_x (optional bool, int, uint), of size_t x_count (array,
                            map), or OCI_NO_OFFSET */
    uint8_t kind;        /* enum oci_kind, of the element for arrays and maps */
    uint8_t shape;       /* enum oci_shape */
    uint8_t width;       /* bytes of an int, uint or enum */
    uint8_t flags;
    const void *of; /* struct oci_type (object), struct oci_enum (enum), or NULL */
    const struct oci_pattern *pattern; /* for strings, or NULL */
    int64_t min;                       /* for int; for uint the minimum as a non-negative value */
    uint64_t max;                      /* for uint; for int the maximum as a non-negative value */
    uint32_t min_items;                /* for arrays */
};

/* Member names are found by a perfect hash: slot = oci_hash(name, length, seed) & (slots - 1),
 * where index[slot] is the field's number plus 1, or 0.  slots is a power of two. */
struct oci_type {
    const char *name;
    const struct oci_field *fields;
    const uint8_t *index;
    uint32_t field_count;    /* at most 254 */
    uint32_t required_count; /* of these, how many are required */
    uint32_t size;           /* of the C struct */
    uint32_t unknown_offset;
    uint32_t seed;
    uint32_t slots;
    uint32_t max_bytes; /* of a document's text by default; 0: the engine's own default */
    const char
        *defaults; /* JSON text of an object with the members that a new struct has: those with
                           * a default, and required structs, arrays and maps; NULL for none */
};

/* FNV-1a from a seed; ocigen/emit_c_tables.py has the same in Python. */
static inline uint32_t oci_hash(const char *name, size_t length, uint32_t seed)
{
    uint32_t h = seed;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h ^ (h >> 15);
}

#endif
