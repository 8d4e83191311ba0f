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
    struct oci_parse_options options; /* it was read with; complete, or of size 0 where it was not
                                       * read.  The name is the arena's */
};

#endif
