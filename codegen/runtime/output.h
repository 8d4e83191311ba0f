/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text being written: one growing buffer, commas and indentation.  Internal to the writer.
 */
#ifndef OCIKIT_RUNTIME_OUTPUT_H
#define OCIKIT_RUNTIME_OUTPUT_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

struct oci_output {
    const struct oci_allocator *memory;
    char *text;
    size_t length;
    size_t capacity;
    unsigned level;
    bool pretty;
    bool begun; /* the open container has something in it */
    int result; /* the first failure */
};

void oci_output_bytes(struct oci_output *output, const char *bytes, size_t length);
void oci_output_open(struct oci_output *output, char bracket);
void oci_output_close(struct oci_output *output, char bracket);
/* Before each item: the comma and the new line. */
void oci_output_separate(struct oci_output *output);
/* A string with its quotes; fails if it is not UTF-8. */
void oci_output_string(struct oci_output *output, const char *text);
void oci_output_text(struct oci_output *output, const char *text, size_t length);
/* Before each member: its name. */
void oci_output_name(struct oci_output *output, const char *name, size_t length);
void oci_output_number(struct oci_output *output, uint64_t magnitude, bool negative);
/* Nothing is added after the first failure, whose code is kept. */
void oci_output_fail(struct oci_output *output, int code);
/* JSON text from elsewhere, laid out anew; fails if it is not one JSON value. */
void oci_output_raw(struct oci_output *output, const char *json);

#endif
