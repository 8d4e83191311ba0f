/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short line of text of bounded length, for messages.  What comes from a document is clipped and
 * its control characters are escaped, so that a message can go to a terminal or a log as it is.
 */
#ifndef OCIKIT_RUNTIME_LINE_H
#define OCIKIT_RUNTIME_LINE_H

#include <stddef.h>

#define OCI_LINE_SIZE 1000u
#define OCI_CLIP_FOUND 40u

struct oci_line {
    size_t length;
    char text[OCI_LINE_SIZE];
};

void oci_line_addf(struct oci_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Add text that came from outside, at most clip bytes of it; "..." stands for the rest. */
void oci_line_foreign(struct oci_line *line, const char *text, size_t length, size_t clip);
/* The same in double quotes. */
void oci_line_quote(struct oci_line *line, const char *text, size_t length);

#endif
