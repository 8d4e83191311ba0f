/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the values at JSON pointers stand in a text, for findings that know only their pointers.
 */
#ifndef OCIKIT_RUNTIME_PLACE_H
#define OCIKIT_RUNTIME_PLACE_H

#include "memory.h"
#include "report.h"

struct oci_place {
    const char *pointer;
    struct oci_finding *owner; /* for whoever made the list, which is sorted */
    bool found;                /* the value, or */
    bool exact;                /* if this is not set, the nearest one around it */
    size_t offset;
    size_t size; /* 1 for an object or array */
};

/* Find the places of all pointers in one pass over the text; places are put in another order.
 * Returns 0, OCI_ERR_NOT_FOUND where the text is not JSON, or OCI_ERR_NO_MEMORY. */
int oci_place_all(const struct oci_allocator *memory, const char *text, size_t length,
                  struct oci_place *places, size_t count);

/* Give every finding whose pointer begins with prefix the place that the rest of the pointer has in
 * the text, or that of the nearest value around it; the others lose theirs.  only_new: findings
 * that have a place keep it.  Then sort all by place.  Returns 0 or OCI_ERR_NO_MEMORY. */
int oci_report_place(struct oci_report *report, const char *prefix, const char *text, size_t length,
                     bool only_new);

#endif
