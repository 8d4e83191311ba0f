/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON text to tokens with their place in the text.  This interface is all that the rest of
 * the engine knows of the JSON parser; the parser's own types stay in reader.c.
 */
#ifndef OCIKIT_RUNTIME_READER_H
#define OCIKIT_RUNTIME_READER_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

enum oci_token_kind {
    OCI_TOKEN_NULL = 1,
    OCI_TOKEN_BOOL,
    OCI_TOKEN_NUMBER,
    OCI_TOKEN_STRING,
    OCI_TOKEN_OBJECT, /* its opening; as a value of any kind it begins here */
    OCI_TOKEN_ARRAY,
};

struct oci_token {
    enum oci_token_kind kind;
    bool truth;       /* of a BOOL */
    bool in_input;    /* text points into the document, not into a buffer that will be reused */
    const char *text; /* the digits of a NUMBER, the unescaped content of a STRING or key */
    size_t length;
    size_t start; /* offsets of the token in the document */
    size_t end;
};

/* What ends the reading of a document. */
struct oci_fault {
    int code;
    size_t offset;
    size_t length; /* of what is meant; 0 where that is not known */
    bool at_value; /* it is about the member or item that comes next, not its container */
    bool at_end;   /* the text ends too early; statement says where */
    const char *expected;
    const char *found;
    const char *statement; /* NULL where "expected ..., found ..." says it */
};

/* Each returns 0, or a negative code that ends the reading and becomes its result.  fault may be
 * NULL. */
struct oci_reader_events {
    int (*scalar)(void *ctx, const struct oci_token *token);
    int (*key)(void *ctx, const struct oci_token *token);
    int (*open)(void *ctx, const struct oci_token *token);
    int (*close)(void *ctx, size_t end);
    int (*fault)(void *ctx, const struct oci_fault *fault);
};

struct oci_reader_limits {
    size_t depth;
    size_t values;
    size_t string; /* bytes of one string or key */
    size_t number; /* characters of one number */
};

/* For a text that has been accepted before. */
extern const struct oci_reader_limits oci_reader_no_limits;

struct oci_reader_source {
    const char *text;
    size_t length;
    const struct oci_allocator *memory;
    struct oci_reader_limits limits;
};

/* Returns 0; the result of an event; or the fault's code where the fault event returned 0.
 * OCI_ERR_NO_MEMORY has no fault. */
int oci_read_json(const struct oci_reader_source *source, const struct oci_reader_events *events,
                  void *ctx);

#endif
