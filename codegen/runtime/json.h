/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value as a tree, for what no table describes: values that are changed, merged or compared
 * as JSON.  Nothing here recurses: a tree may be as deep as its text.
 */
#ifndef OCIKIT_RUNTIME_JSON_H
#define OCIKIT_RUNTIME_JSON_H

#include "arena.h"
#include "output.h"
#include "reader.h"

struct oci_json {
    enum oci_token_kind kind;
    bool truth;       /* of a BOOL */
    const char *text; /* of a STRING, unescaped, or the digits of a NUMBER; ends in NUL */
    size_t length;    /* of the text; free for whoever walks a container */
    size_t offset;    /* in the text that was read: of the value, or the name of a member */
    const char *name; /* as a member of an object, otherwise NULL; ends in NUL */
    size_t name_length;
    size_t count; /* of an OBJECT's or ARRAY's children */
    struct oci_json *parent;
    struct oci_json *first;
    struct oci_json *last;
    struct oci_json *next;
    struct oci_json *previous;
    size_t index;             /* among its siblings, for whoever walks and notes it */
    struct oci_json **sorted; /* an OBJECT's members by name, if somebody asked for it */
    size_t sorted_count;
};

static inline bool oci_json_is_container(const struct oci_json *node)
{
    return node->kind == OCI_TOKEN_OBJECT || node->kind == OCI_TOKEN_ARRAY;
}

/* Read a text into a tree in arena; members that stand twice are a fault.  fault, if it is not
 * NULL, is told of what is wrong with the text, and returns 0 or OCI_ERR_NO_MEMORY.  Returns 0 or a
 * code; *root only on success. */
int oci_json_read(const struct oci_allocator *memory, struct oci_arena *arena, const char *text,
                  size_t length, const struct oci_reader_limits *limits,
                  int (*fault)(void *ctx, const struct oci_fault *fault), void *ctx,
                  struct oci_json **root);

/* Sort the members of every object in the tree by the bytes of their names.  scratch memory is
 * taken from arena; false when there is none. */
bool oci_json_sort(struct oci_arena *arena, struct oci_json *root);

void oci_json_write(struct oci_output *output, const struct oci_json *root);

/* Make lookups in an object quick, as long as no member is looked up that came or went afterwards.
 * False when there is no memory. */
bool oci_json_index(struct oci_arena *arena, struct oci_json *object);

/* Write a text, which is JSON, anew: without blanks, members sorted, strings in their shortest
 * form. The result ends in NUL and is released with oci_memory_release.  Returns 0 or a code. */
int oci_json_canonical(const struct oci_allocator *memory, const char *text, size_t length,
                       char **canonical, size_t *canonical_length);

/* The child with this name or index, or NULL. */
struct oci_json *oci_json_member(const struct oci_json *object, const char *name, size_t length);
struct oci_json *oci_json_item(const struct oci_json *array, size_t index);

/* Take a child out of its parent, or put it in: at the end, or in the place of another. */
void oci_json_detach(struct oci_json *child);
void oci_json_append(struct oci_json *parent, struct oci_json *child);
void oci_json_replace(struct oci_json *old, struct oci_json *child);

/* The value after node in a walk of the tree under root, parents first; NULL at the end. */
struct oci_json *oci_json_next(const struct oci_json *root, const struct oci_json *node);

#endif
