/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public entry points with the allocator as a parameter.  Internal: in the static library only,
 * so that tests can make every allocation fail in turn.
 */
#ifndef OCIKIT_RUNTIME_PARSE_H
#define OCIKIT_RUNTIME_PARSE_H

#include "memory.h"

#include <ocikit/document.h>

#define OCI_DEFAULT_DEPTH 64u
#define OCI_DEFAULT_BYTES (16u * 1024u * 1024u)
#define OCI_DEFAULT_VALUES 1000000u
#define OCI_DEFAULT_FINDINGS 100u
#define OCI_LONGEST_STRING (1024u * 1024u)
#define OCI_LONGEST_NUMBER 64u

int oci_parse_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const char *text, size_t length,
                             const struct oci_parse_options *options, oci_document **document,
                             oci_report **report);
int oci_parse_file_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  int dirfd, const char *path,
                                  const struct oci_parse_options *options, oci_document **document,
                                  oci_report **report);
int oci_write_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, unsigned flags, char **text, size_t *length);
int oci_locate_with_allocator(const struct oci_allocator *memory, const char *text, size_t length,
                              const char *pointer, size_t *line, size_t *column);

/* Copy options with the defaults filled in.  Returns 0, OCI_ERR_INVALID_ARGUMENT or
 * OCI_ERR_UNSUPPORTED. */
int oci_options_complete(const struct oci_parse_options *options,
                         struct oci_parse_options *complete);

/* What went wrong in reading a file. */
struct oci_input_fault {
    int sys_errno;
    const char *doing; /* "opened", "read" */
    bool explained;    /* doing says why; the text of sys_errno would only distract */
};

int oci_input_fd(const struct oci_allocator *memory, int fd, size_t max_bytes, char **text,
                 size_t *length, struct oci_input_fault *fault);
int oci_input_file(const struct oci_allocator *memory, int dirfd, const char *path,
                   size_t max_bytes, char **text, size_t *length, struct oci_input_fault *fault);

#endif
