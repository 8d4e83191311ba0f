/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the value at a JSON pointer stands in a text, for findings that know only the pointer.
 */
#ifndef OCIKIT_RUNTIME_PLACE_H
#define OCIKIT_RUNTIME_PLACE_H

#include "memory.h"
#include "report.h"

/* Find the value at a pointer or, where there is none, the nearest around it (then *exact is false):
 * its offset, and its length if it is no object or array (then 1).  Returns 0, OCI_ERR_NOT_FOUND
 * where the text is not JSON, or OCI_ERR_NO_MEMORY. */
int oci_place_find(const struct oci_allocator *memory, const char *text, size_t length,
                   const char *pointer, bool *exact, size_t *offset, size_t *size);

/* Give every finding whose pointer begins with prefix the place that the rest of the pointer has in
 * the text, or that of the nearest value around it; the others lose theirs.  Returns 0 or
 * OCI_ERR_NO_MEMORY. */
int oci_report_place(struct oci_report *report, const char *prefix, const char *text,
                     size_t length);

/* Give every finding that has no place yet that of its pointer, and sort them by place. */
int oci_report_place_new(struct oci_report *report, const char *text, size_t length);

#endif
