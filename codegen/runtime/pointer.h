/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON pointers (RFC 6901), step by step.
 */
#ifndef OCIKIT_RUNTIME_POINTER_H
#define OCIKIT_RUNTIME_POINTER_H

#include "arena.h"

/* Whether text is a JSON pointer: empty or begun by '/', and every '~' followed by 0 or 1. */
bool oci_pointer_is_valid(const char *text);

/* Take the first step of *pointer, which is valid and not empty, unescaped into *name; *pointer
 * then names the rest.  False when there is no memory. */
bool oci_pointer_step(struct oci_arena *arena, const char **pointer, const char **name,
                      size_t *length);

/* The index that a step stands for: digits without needless zeros.  False if it is none. */
bool oci_pointer_index(const char *name, size_t length, size_t *index);

/* Add a step to a pointer that is being made on a scratch stack, which always ends in NUL; its
 * length on the stack is that of the text without the NUL. */
bool oci_pointer_push(struct oci_scratch *scratch, const char *name, size_t length);
bool oci_pointer_push_index(struct oci_scratch *scratch, size_t index);
/* Take back what was added since the pointer had this length. */
void oci_pointer_cut(struct oci_scratch *scratch, size_t length);

#endif
