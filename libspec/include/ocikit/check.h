/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with an OCI document beyond its form: the rules that the specifications state in
 * prose, each with a name, a severity and the section that states it.  And which document a text
 * is.
 *
 * Nothing here looks at the machine: the same document has the same findings everywhere, but for
 * what the caller says of the kernel in the options.  Any thread; all functions are since 0.1.
 * Types and typed functions of documents are declared by <ocikit/spec.h>: include it too.
 */
#ifndef OCIKIT_CHECK_H
#define OCIKIT_CHECK_H

#include <ocikit/document.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One rule.  Names are stable: programs may match and people may look them up. */
struct oci_rule {
    const char *name;     /* "process-cwd-absolute" */
    int severity;         /* enum oci_severity */
    const char *document; /* kind of document: "runtime-config", as in oci_document_kind */
    const char *section;  /* "config.md#process": file and heading of the specification */
    const char *summary;  /* one line, lower case, no full stop */
};

OCI_API size_t oci_rule_count(void);
/* In the order of documents and names; NULL past the end.  Constant. */
OCI_API const struct oci_rule *oci_rule_get(size_t index);
/* The rule of that name, or NULL. */
OCI_API const struct oci_rule *oci_rule_find(const char *name);

/* The documents that this library knows. */
struct oci_document_kind {
    const char *name;       /* "image-manifest": what `ocikit validate --type` takes */
    const char *title;      /* "image manifest" */
    const char *media_type; /* "application/vnd.oci.image.manifest.v1+json", or NULL */
    const oci_type *(*type)(void);
};

OCI_API size_t oci_document_kind_count(void);
OCI_API const struct oci_document_kind *oci_document_kind_get(size_t index);
OCI_API const struct oci_document_kind *oci_document_kind_find(const char *name);

/* Which document a JSON text is, by its members and media type; NULL if it is none that is known,
 * or not JSON up to the members that tell.  Text that is cut short or broken further on is still
 * recognised.  On want of memory NULL. */
OCI_API const struct oci_document_kind *oci_document_kind_detect(const char *text, size_t length);

/* A check that is going on. */
typedef struct oci_checking oci_checking;

/* How to check.  Set size (or use the initialiser); members left 0 take their default. */
struct oci_check_options {
    size_t size;                           /* sizeof(struct oci_check_options) */
    const struct oci_parse_options *parse; /* NULL for the defaults */
    const char *const *ignore;             /* rules to pass over; NULL-terminated, or NULL */
    int last_capability; /* the kernel's, as /proc/sys/kernel/cap_last_cap says, to warn of names
                          * that it does not know; 0: all names that this library knows are good */
    unsigned flags;      /* enum oci_check_flags */
    /* A check of the caller's own, or NULL: called once, after the rules, with what could be read of
     * the document (members that the schema refused are absent, required ones may be), unless it is
     * no JSON.  It calls oci_check_broken and must not keep its arguments. */
    void (*more)(void *data, const oci_document *document, oci_checking *checking);
    void *data; /* for more */
};

enum oci_check_flags {
    OCI_CHECK_STARTABLE = 1, /* a configuration that is to be started: process must be there */
};

#define OCI_CHECK_OPTIONS_INIT                                                                     \
    {                                                                                              \
        sizeof(struct oci_check_options), NULL, NULL, 0, 0, NULL, NULL                                      \
    }

/* Parse a text and check all rules on it.  kind says what it is; NULL: it is found out as by
 * oci_document_kind_detect, and a text that is none that is known has a finding that says so.
 *
 * *report (may be NULL) receives all findings, those of the schema and those of the rules, in the
 * order of the text; NULL where there are none.  Rules are checked on all that could be read, also
 * where the schema finds errors; text that is not JSON has findings of the schema alone.  Members
 * that the schema does not name are not mentioned unless options->parse->unknown says so.  The
 * excerpt of a finding without a place in the text is "", never NULL.
 *
 * Returns 0 (also with warnings) or the code of the first error: those of oci_parse, OCI_ERR_RULE
 * for a rule, OCI_ERR_UNKNOWN_KIND for a text of no known kind. */
OCI_API int oci_check(const struct oci_document_kind *kind, const char *text, size_t length,
                      const struct oci_check_options *options, oci_report **report);

/* The same for a regular file: path is taken relative to dirfd (AT_FDCWD for the working
 * directory), and names the document where the options do not.  What cannot be read is a finding
 * too, with OCI_ERR_IO or OCI_ERR_TOO_LARGE. */
OCI_API int oci_check_file(const struct oci_document_kind *kind, int dirfd, const char *path,
                           const struct oci_check_options *options, oci_report **report);

/* For options.more: a rule is broken at a JSON pointer of the document; text says how, in words as
 * those of the library's findings, and is copied.  rule must live as long as the report.  The finding
 * gets its place among the others, unless the rule is ignored or the schema has refused the value. */
OCI_API void oci_check_broken(oci_checking *checking, const struct oci_rule *rule,
                              const char *pointer, const char *text);

/* The rules alone, on a struct: findings have pointers, no lines, and an excerpt of "". */
OCI_API int oci_check_value(const oci_type *type, const void *value,
                            const struct oci_check_options *options, oci_report **report);

#ifdef __cplusplus
}
#endif

#endif
