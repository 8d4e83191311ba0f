/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The package internal/document.
 */
%include "go/common.i"

%{
#include "flat_spec.h"
%}

HANDLE(oci_document)
%apply (const char *packed, size_t packed_length) {
    (const char *text, size_t text_length), (const char *ignore, size_t ignore_length)
};

status flat_parse(const char *kind, const char *text, size_t text_length, const char *name, int unknown,
                  oci_document **made, char **findings, size_t *length);
status flat_check(const char *kind, const char *text, size_t text_length, const char *name, int unknown,
                  const char *ignore, size_t ignore_length, int startable, char **findings, size_t *length);
status flat_get(oci_document *document, const char *pointer, unsigned style, char **text, size_t *length);
status flat_set(oci_document *document, const char *pointer, const char *text, size_t text_length, char **findings,
                size_t *length);
status flat_remove(oci_document *document, const char *pointer, char **findings, size_t *length);
status flat_diff(oci_document *left, oci_document *right, char **findings, size_t *length);
text_handle flat_detect(const char *text, size_t text_length);
text_handle flat_kind_name(size_t index);
void oci_document_free(oci_document *document);
text_handle oci_code_name(int code);
text_handle oci_code_text(int code);
