/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read, check and write OCI documents as C structs.
 *
 * A document is parsed into one struct tree that lives in one arena; freeing the document frees the
 * whole tree.  Every finding about a document (not only the first) is kept in a report with its
 * code, JSON pointer, line and column.
 *
 * The structs and their typed functions (oci_runtime_config_type(), oci_runtime_config_root()) are
 * declared by <ocikit/spec.h>, which includes this header; <ocikit/types.h> tells their shapes.
 * Members that the schema does not name are kept, and so is the order of members; but entries of
 * maps (annotations, sysctl) are always sorted by key.
 *
 * Threads: there is no global state.  Different documents and reports may be used from different
 * threads at once; one document or report may be read by many threads, or changed by one.
 */
#ifndef OCIKIT_DOCUMENT_H
#define OCIKIT_DOCUMENT_H

#include <ocikit/errors.h>
#include <ocikit/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A parsed document: the struct tree and the arena that holds it. */
typedef struct oci_document oci_document;

/* Everything found out about one document. */
typedef struct oci_report oci_report;

enum oci_severity {
    OCI_SEVERITY_ERROR = 1,
    OCI_SEVERITY_WARNING = 2,
};

/* What to do about members that the schema does not name (the specs tell readers to ignore them).
 */
enum oci_unknown_mode {
    OCI_UNKNOWN_KEEP = 0,   /* keep them and write them back */
    OCI_UNKNOWN_WARN = 1,   /* the same, with a warning each */
    OCI_UNKNOWN_REFUSE = 2, /* an error each */
    OCI_UNKNOWN_SUGGEST = 3, /* keep them, with a warning for each whose name is nearly a known one */
};

/* One finding.  All strings belong to the report; expected, found, suggestion and section may be
 * NULL, the others are not. */
struct oci_finding {
    int code;               /* enum oci_code, negative */
    int severity;           /* enum oci_severity */
    int sys_errno;          /* errno of the system call that failed, or 0 */
    size_t offset;          /* bytes from the start of the document */
    size_t line;            /* from 1; 0 when the finding has no place in the text */
    size_t column;          /* from 1, counted in bytes */
    const char *pointer;    /* RFC 6901; "" is the document itself */
    const char *expected;   /* "an integer from 0 to 255" */
    const char *found;      /* "the string \"12\"" */
    const char *suggestion; /* "readonly", for a misspelt member or value */
    const char *text;    /* what is wrong, in words made of the above; lower case, no full stop */
    const char *message; /* the whole line: "NAME:LINE:COLUMN: error: /pointer: text", or "warning";
                          * what is not known is left out */
    size_t length;       /* bytes of the text that it is about, from offset on; 0: unknown */
    const char *rule;    /* name of the rule that was broken, such as "process-cwd-absolute" (see
                          * <ocikit/check.h>), or of the code where it is the schema's */
    const char *section; /* of the specification: "config.md#process"; NULL for the schema's */
    const char *excerpt; /* the line of the text and a line of carets below it, each with its end of
                          * line; "" when the finding has no place in the text */
};

/* How to parse.  Set size (or use the initialiser); members left 0 take their default. */
struct oci_parse_options {
    size_t size;         /* sizeof(struct oci_parse_options) */
    const char *name;    /* what to call the document in messages, such as a file name */
    int unknown;         /* enum oci_unknown_mode */
    uint32_t max_depth;  /* nesting of arrays and objects; default 64 */
    size_t max_bytes;    /* size of the document; default 16 MiB, 4 MiB for image manifests */
    size_t max_values;   /* values of any kind in the document; default 1,000,000 */
    size_t max_findings; /* findings kept in the report; default 100 */
    size_t max_string;   /* bytes of one string or member name; default 1 MiB */
    size_t max_number;   /* characters of one number; default 64 */
    size_t max_memory;   /* bytes that its structs and strings may take; default 128 MiB */
};

#define OCI_PARSE_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(struct oci_parse_options), NULL, 0, 0, 0, 0, 0, 0, 0, 0                             \
    }

enum oci_write_flags {
    OCI_WRITE_COMPACT = 0,   /* one line without blanks */
    OCI_WRITE_PRETTY = 1,    /* four spaces a level, a newline at the end */
    OCI_WRITE_CANONICAL = 2, /* compact; members of every object in the order of the bytes of their
                              * names, every string in its shortest form: equal documents give equal
                              * bytes, for digests.  Not with OCI_WRITE_PRETTY. */
};

/* Parse length bytes of JSON text as a document of the given type.
 *
 *   type     what the document is: oci_runtime_config_type(), oci_runtime_state_type(), ...
 *   text     need not end in NUL; not kept
 *   options  NULL for the defaults
 *   document receives the document on success (free with oci_document_free); untouched on failure
 *   report   may be NULL; otherwise receives the findings, or NULL where there are none.
 *            A success may come with warnings.  Free with oci_report_free.  Also NULL after
 *            OCI_ERR_NO_MEMORY, OCI_ERR_INVALID_ARGUMENT and OCI_ERR_UNSUPPORTED: a program that
 *            says what is wrong falls back on oci_code_text()
 *
 * The document remembers the options, for what oci_set reads later.
 *
 * Returns 0, or the code of the first error: one of OCI_ERR_SYNTAX, OCI_ERR_ENCODING,
 * OCI_ERR_DUPLICATE_KEY, OCI_ERR_TYPE, OCI_ERR_RANGE, OCI_ERR_ENUM, OCI_ERR_PATTERN,
 * OCI_ERR_REQUIRED, OCI_ERR_TOO_FEW, OCI_ERR_UNKNOWN_MEMBER, OCI_ERR_DEPTH, OCI_ERR_TOO_LARGE,
 * OCI_ERR_NO_MEMORY, OCI_ERR_INVALID_ARGUMENT, OCI_ERR_UNSUPPORTED (options from a newer header).
 * Any thread.  Since 0.1. */
OCI_API int oci_parse(const oci_type *type, const char *text, size_t length,
                      const struct oci_parse_options *options, oci_document **document,
                      oci_report **report);

/* The same for what can be read from fd (a file, pipe, socket or device) until its end.  fd stays
 * open. Also OCI_ERR_IO.  Since 0.1. */
OCI_API int oci_parse_fd(const oci_type *type, int fd, const struct oci_parse_options *options,
                         oci_document **document, oci_report **report);

/* The same for a file: path is taken relative to dirfd (AT_FDCWD of <fcntl.h> for the working
 * directory; strict C99 has it with _POSIX_C_SOURCE 200809L).  Only a regular file is read; a FIFO
 * or device is OCI_ERR_IO.  Since 0.1. */
OCI_API int oci_parse_file(const oci_type *type, int dirfd, const char *path,
                           const struct oci_parse_options *options, oci_document **document,
                           oci_report **report);

/* A document that arrives in pieces: the result is that of oci_parse on all of them together,
 * whatever their sizes. */
typedef struct oci_parser oci_parser;

/* Begin.  type and options as for oci_parse; options and its name are copied.  Returns 0,
 * OCI_ERR_INVALID_ARGUMENT, OCI_ERR_UNSUPPORTED or OCI_ERR_NO_MEMORY.  Since 0.1. */
OCI_API int oci_parser_new(const oci_type *type, const struct oci_parse_options *options,
                           oci_parser **parser);

/* Take the next length bytes; they are not kept by reference.  Returns 0, OCI_ERR_TOO_LARGE once
 * there are more than max_bytes, OCI_ERR_NO_MEMORY or OCI_ERR_INVALID_ARGUMENT; one of
 * the first two stays, and oci_parser_finish reports it.  Since 0.1. */
OCI_API int oci_parser_feed(oci_parser *parser, const char *bytes, size_t length);

/* End of the document: as oci_parse.  The parser is then empty and may be fed with another document
 * of the same type.  Since 0.1. */
OCI_API int oci_parser_finish(oci_parser *parser, oci_document **document, oci_report **report);

/* NULL is allowed.  Since 0.1. */
OCI_API void oci_parser_free(oci_parser *parser);

/* Read a whole regular file (or, by fd, whatever has an end) within max_bytes (0: 16 MiB) into
 * *text, NUL-terminated, to be released with oci_free.  Returns 0, OCI_ERR_IO with *sys_errno set
 * (may be NULL), OCI_ERR_TOO_LARGE or OCI_ERR_NO_MEMORY.  Since 0.1. */
OCI_API int oci_read_file(int dirfd, const char *path, size_t max_bytes, char **text,
                          size_t *length, int *sys_errno);
OCI_API int oci_read_fd(int fd, size_t max_bytes, char **text, size_t *length, int *sys_errno);

/* The struct of the document, which is of its type; NULL if document is NULL or not of this type.
 * It belongs to the document.  Generated headers have a typed form: oci_runtime_config_root(). */
OCI_API void *oci_document_root(const oci_document *document, const oci_type *type);
OCI_API const oci_type *oci_document_type(const oci_document *document);

/* Free the document and every struct and string in it.  NULL is allowed. */
OCI_API void oci_document_free(oci_document *document);

/* Make a document that no text was read for: its struct has the schema's defaults, empty structs
 * and lists where they are required, and nothing else.  Defaults are those of this struct and of
 * the structs in it that are required; others have none, however they are made.  Returns 0,
 * OCI_ERR_INVALID_ARGUMENT or OCI_ERR_NO_MEMORY.  Any thread.  Since 0.1. */
OCI_API int oci_document_new(const oci_type *type, oci_document **document);

/* Memory that lives as long as the document, to hang structs, arrays and strings of one's own into
 * its tree: size zeroed bytes, aligned for any member (a struct there has no defaults: all is 0,
 * what is required must be set); a copy of text.  NULL when there is none.  A change of the
 * document: one thread.  Since 0.1. */
OCI_API void *oci_document_alloc(oci_document *document, size_t size);
OCI_API char *oci_document_text(oci_document *document, const char *text);

/* Write value, a struct of the given type (parsed, or filled by hand), as JSON.  Members come in
 * the order of the text that the struct was read from, or else of the schema; entries of maps are
 * sorted by key.
 *
 *   flags   enum oci_write_flags
 *   text    receives a NUL-terminated string, to be released with oci_free
 *   length  may be NULL; receives its length without the NUL
 *
 * Returns 0, OCI_ERR_INVALID_ARGUMENT (an enum out of range, a NULL where a value must be, text
 * that is not UTF-8) or OCI_ERR_NO_MEMORY.  Any thread.  Since 0.1. */
OCI_API int oci_write(const oci_type *type, const void *value, unsigned flags, char **text,
                      size_t *length);

/* Release what this library handed out as text.  NULL is allowed. */
OCI_API void oci_free(void *text);

/* The findings, in the order of the document.  oci_report_get returns NULL past the end; its result
 * belongs to the report.  A NULL report has no findings. */
OCI_API size_t oci_report_count(const oci_report *report);
OCI_API const struct oci_finding *oci_report_get(const oci_report *report, size_t index);
/* How many findings there were, also those beyond max_findings that were not kept. */
OCI_API size_t oci_report_total(const oci_report *report);
/* The first finding of severity error, or NULL. */
OCI_API const struct oci_finding *oci_report_first_error(const oci_report *report);
OCI_API void oci_report_free(oci_report *report);

/* Find where in a JSON text the value at a JSON pointer begins.  Returns 0, or OCI_ERR_NOT_FOUND
 * where the text has no such value (or is not JSON); then line and column are untouched.  Since
 * 0.1. */
OCI_API int oci_locate(const char *text, size_t length, const char *pointer, size_t *line,
                       size_t *column);

/* The name of a type as in its C struct, without "struct ": "oci_process". */
OCI_API const char *oci_type_name(const oci_type *type);

/* Generated headers also have the text of every enum's values, such as oci_seccomp_action_text():
 * "SCMP_ACT_ERRNO", or NULL for a number that is none. */

#ifdef __cplusplus
}
#endif

#endif
