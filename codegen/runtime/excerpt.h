/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a document with carets, for findings.
 */
#ifndef OCIKIT_RUNTIME_EXCERPT_H
#define OCIKIT_RUNTIME_EXCERPT_H

#include "line.h"

/* Add the line of text that holds offset, and carets below the size bytes from there on. */
void oci_excerpt(const char *text, size_t length, size_t offset, size_t size,
                 struct oci_line *line);

#endif
