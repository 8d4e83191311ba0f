/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on parsed or hand-filled structs of any generated type: copy, compare, change by JSON
 * pointer, merge, walk.
 *
 * Everywhere, type describes value, a struct such as struct oci_runtime_config, and is what
 * oci_runtime_config_type() returns.  A JSON pointer is RFC 6901: "" is value itself, "/mounts/0"
 * its first mount; in oci_set "-" stands for the item after the last.  Pointers also lead into
 * members that the schema does not name.  The typed functions are declared by <ocikit/spec.h>:
 * include it too.
 *
 * Changes keep the order of members, new ones stand last; entries of maps (annotations, sysctl) are
 * always sorted by key.
 *
 * Values are compared as JSON: neither the order of members, white space and escapes nor the way a
 * struct was filled count.  Absent, empty and null differ, and so do numbers that are written
 * differently in members that the schema does not name (1.0 and 1).
 *
 * Threads: functions that take a const value may run at once; those that take a document change it.
 * All are since 0.1.
 */
#ifndef OCIKIT_VALUE_H
#define OCIKIT_VALUE_H

#include <ocikit/document.h>

#ifdef __cplusplus
extern "C" {
#endif

enum oci_value_kind {
    OCI_VALUE_BOOL = 1, /* truth */
    OCI_VALUE_INT,      /* integer */
    OCI_VALUE_UINT,     /* natural */
    OCI_VALUE_STRING,   /* text */
    OCI_VALUE_ENUM,     /* text as in JSON, natural as in C */
    OCI_VALUE_OBJECT,   /* at, of type */
    OCI_VALUE_ARRAY,    /* at and count, in elements; type where they are structs */
    OCI_VALUE_MAP,      /* the same, in entries */
    OCI_VALUE_JSON,     /* text is JSON: a member that the schema does not name, or describes no
                         * further */
};

/* One value of a struct tree, by reference: valid until the value is changed or freed. */
struct oci_value {
    int kind;             /* enum oci_value_kind */
    const oci_type *type; /* of an OBJECT, or of the structs of an ARRAY or MAP; otherwise NULL */
    const void *at;       /* the struct, the first element or entry, or the C member */
    size_t count;         /* of an ARRAY or MAP */
    bool truth;
    int64_t integer;
    uint64_t natural;
    const char *text;
};

/* Check a struct that was filled by hand, as far as the schema says: required members, bounds,
 * enums, patterns, counts, UTF-8, map keys that stand twice; a value whose has_... is false, and
 * which so would not be written, is a warning.  Findings have pointers and no lines.  Returns 0 or
 * the code of the first error, as oci_parse does; *report (may be NULL) as there. */
OCI_API int oci_validate(const oci_type *type, const void *value, oci_report **report);

/* Copy a whole struct tree into a new document, to be freed with oci_document_free.  Returns 0,
 * OCI_ERR_INVALID_ARGUMENT or OCI_ERR_NO_MEMORY. */
OCI_API int oci_clone(const oci_type *type, const void *value, oci_document **copy);

/* Whether two structs stand for the same JSON value.  Returns 1, 0, OCI_ERR_INVALID_ARGUMENT where
 * one of them could not be written, or OCI_ERR_NO_MEMORY. */
OCI_API int oci_equal(const oci_type *type, const void *left, const void *right);

/* Where two structs differ: the smallest values that do, also inside members that the schema does
 * not name.  Arrays are compared item by item. */
struct oci_difference {
    const char *pointer;
    const char *left;  /* compact JSON, or NULL where there is none */
    const char *right;
};

typedef struct oci_differences oci_differences;

/* *differences is NULL where there are none; free with oci_differences_free.  Members are compared
 * in the order of the bytes of their names, items by index.  Returns 0, OCI_ERR_INVALID_ARGUMENT,
 * OCI_ERR_TOO_LARGE (the list would take more than 128 MiB) or OCI_ERR_NO_MEMORY.  The accessors
 * take NULL; oci_differences_get returns NULL past the end. */
OCI_API int oci_diff(const oci_type *type, const void *left, const void *right,
                     oci_differences **differences);
OCI_API size_t oci_differences_count(const oci_differences *differences);
OCI_API const struct oci_difference *oci_differences_get(const oci_differences *differences,
                                                         size_t index);
OCI_API void oci_differences_free(oci_differences *differences);

/* Find the value at a pointer.  Returns 0, OCI_ERR_NOT_FOUND where there is none (an absent
 * optional member), OCI_ERR_INVALID_ARGUMENT (also for what is no JSON pointer), or
 * OCI_ERR_UNSUPPORTED for a value inside of one that the schema does not describe: that has no
 * address, use oci_get_json. */
OCI_API int oci_get(const oci_type *type, const void *value, const char *pointer,
                    struct oci_value *found);

/* The same as JSON text, at any depth; release with oci_free.  flags as for oci_write.  Also
 * OCI_ERR_NO_MEMORY. */
OCI_API int oci_get_json(const oci_type *type, const void *value, const char *pointer,
                         unsigned flags, char **text, size_t *length);

/* Put the JSON text in json at a pointer of the document, in place of what was there.  The last
 * step of the pointer may be new (a member, a map's key, "-" or the count of an array); those
 * before must exist.  The new value must be what the schema wants there: the changed document is
 * checked as if it had been read.  Its structs are made anew: after success, get the root again;
 * nothing that pointed into the document is valid any more, and what oci_document_alloc gave is
 * gone.  On failure nothing has changed.  The cost is that of writing and reading the document.
 *
 * The options that the document was parsed with (limits, unknown members, name) hold for the new
 * value and the changed document; one that was not parsed has no limits.
 *
 * Returns 0, a code of oci_parse (*report, may be NULL, says what and where: pointers are the
 * document's, lines are json's), OCI_ERR_NOT_FOUND, OCI_ERR_INVALID_ARGUMENT (no JSON pointer, or a
 * struct that could not be written) or OCI_ERR_NO_MEMORY.  The report says which step of a pointer
 * leads nowhere.  *report may be NULL for the last two: say finding != NULL ? finding->message :
 * oci_code_text(r), with that of oci_report_first_error(). */
OCI_API int oci_set(oci_document *document, const char *pointer, const char *json, size_t length,
                    oci_report **report);

/* Remove a member, an array's item or a map's entry.  Returns 0, OCI_ERR_NOT_FOUND,
 * OCI_ERR_REQUIRED (the schema requires it; also for ""), OCI_ERR_TOO_FEW, OCI_ERR_INVALID_ARGUMENT
 * or OCI_ERR_NO_MEMORY; *report (may be NULL) as for oci_set, with pointers of the document.  As
 * with oci_set, all pointers into the document end with success, and nothing has changed on
 * failure. */
OCI_API int oci_remove(oci_document *document, const char *pointer, oci_report **report);

/* Apply a JSON merge patch (RFC 7396) to value, giving a new document; value is not changed, and
 * has no options: the patch is read with the defaults of oci_parse, the new document without
 * limits. Returns 0, a code of oci_parse (for the patch's text, or where the result would break the
 * schema; *report, may be NULL, says what and where, with pointers of the patch),
 * OCI_ERR_INVALID_ARGUMENT or OCI_ERR_NO_MEMORY; for these two *report is NULL. */
OCI_API int oci_merge(const oci_type *type, const void *value, const char *patch, size_t length,
                      oci_document **merged, oci_report **report);

/* What a visitor returns; a negative value ends the walk, whose result it becomes. */
enum oci_walk {
    OCI_WALK_ON = 0,
    OCI_WALK_OVER = 1, /* do not visit what is inside this value */
};

/* Visit value and everything in it, parents before children, members in the schema's order and
 * those that it does not name after them.  pointer is valid during the call.  Returns 0, the
 * visitor's negative result, OCI_ERR_INVALID_ARGUMENT or OCI_ERR_NO_MEMORY. */
OCI_API int oci_walk(const oci_type *type, const void *value,
                     int (*visit)(void *ctx, const char *pointer, const struct oci_value *value),
                     void *ctx);

#ifdef __cplusplus
}
#endif

#endif
