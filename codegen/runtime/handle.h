/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a document handle holds.  Internal to the files that make documents.
 */
#ifndef OCIKIT_RUNTIME_HANDLE_H
#define OCIKIT_RUNTIME_HANDLE_H

#include "arena.h"
#include <ocikit/desc.h>

#include <ocikit/document.h>

struct oci_document {
    struct oci_arena arena;
    const struct oci_type *type;
    void *root;
    bool was_read; /* from a text, and so within limits */
    const struct oci_parse_options
        *options; /* those it was read with, complete, in the arena; NULL:
                                              * the defaults */
};

#endif
