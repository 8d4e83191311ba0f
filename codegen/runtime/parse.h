/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public entry points with the allocator as a parameter, and those that only the engine uses.
 * Internal: in the static library only, so that tests can make every allocation fail in turn.
 */
#ifndef OCIKIT_RUNTIME_PARSE_H
#define OCIKIT_RUNTIME_PARSE_H

#include "arena.h"
#include "line.h"
#include <ocikit/desc.h>
#include "memory.h"

#include <ocikit/document.h>
#include <ocikit/value.h>

#define OCI_DEFAULT_DEPTH 64u
#define OCI_DEFAULT_BYTES (16u * 1024u * 1024u)
#define OCI_DEFAULT_VALUES 1000000u
#define OCI_DEFAULT_FINDINGS 100u
#define OCI_DEFAULT_STRING (1024u * 1024u)
#define OCI_DEFAULT_NUMBER 64u
#define OCI_DEFAULT_MEMORY (128u * 1024u * 1024u)

int oci_parse_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const char *text, size_t length,
                             const struct oci_parse_options *options, oci_document **document,
                             oci_report **report);
int oci_parse_file_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  int dirfd, const char *path,
                                  const struct oci_parse_options *options, oci_document **document,
                                  oci_report **report);
/* As oci_parse, but where the schema finds errors in values, *document receives what could be read
 * all the same: members that were refused are absent, required ones may be.  After a fault of the
 * text itself there is no document. */
int oci_parse_partial(const struct oci_allocator *memory, const oci_type *type, const char *text,
                      size_t length, const struct oci_parse_options *options,
                      oci_document **document, oci_report **report);

/* Build the struct of a type from its defaults: nothing is required, all memory is arena's. */
int oci_parse_defaults(const struct oci_allocator *memory, struct oci_arena *arena,
                       const oci_type *type, const char *text, void **root);

int oci_document_new_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                    oci_document **document);
int oci_parser_new_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  const struct oci_parse_options *options, oci_parser **parser);

int oci_write_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, unsigned flags, char **text, size_t *length);
int oci_merge_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, const char *patch, size_t length,
                             oci_document **merged, oci_report **report);
int oci_clone_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, oci_document **copy);
int oci_equal_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *left, const void *right);
int oci_diff_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                            const void *left, const void *right, oci_differences **differences);
int oci_get_json_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                const void *value, const char *pointer, unsigned flags, char **text,
                                size_t *length);
int oci_walk_with_allocator(
    const struct oci_allocator *memory, const oci_type *type, const void *value,
    int (*visit)(void *ctx, const char *pointer, const struct oci_value *value), void *ctx);
int oci_validate_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                const void *value, oci_report **report);
int oci_locate_with_allocator(const struct oci_allocator *memory, const char *text, size_t length,
                              const char *pointer, size_t *line, size_t *column);

/* Copy options, a struct that begins with its own size or NULL, from a caller that may have been
 * built against another header: what it lacks is 0, what is beyond known must be.  Returns 0,
 * OCI_ERR_INVALID_ARGUMENT or OCI_ERR_UNSUPPORTED. */
int oci_options_copy(void *complete, size_t known, const void *options);

/* Copy options with the defaults filled in.  Returns 0, OCI_ERR_INVALID_ARGUMENT or
 * OCI_ERR_UNSUPPORTED. */
int oci_options_complete(const struct oci_parse_options *options, const oci_type *type,
                         struct oci_parse_options *complete);

/* What went wrong in reading a file. */
struct oci_input_fault {
    int sys_errno;
    const char *doing; /* "opened", "read" */
    bool explained;    /* doing says why; the text of sys_errno would only distract */
};

/* Say why it could not be read: code is OCI_ERR_IO or OCI_ERR_TOO_LARGE. */
void oci_input_explain(int code, const struct oci_input_fault *fault, size_t max_bytes,
                       struct oci_line *statement);
int oci_input_fd(const struct oci_allocator *memory, int fd, size_t max_bytes, char **text,
                 size_t *length, struct oci_input_fault *fault);
int oci_input_file(const struct oci_allocator *memory, int dirfd, const char *path,
                   size_t max_bytes, char **text, size_t *length, struct oci_input_fault *fault);

#endif
