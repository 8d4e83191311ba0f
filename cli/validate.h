/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of `ocikit validate` share.
 */
#ifndef OCIKIT_CLI_VALIDATE_H
#define OCIKIT_CLI_VALIDATE_H

#include "util.h"

#include <ocikit/check.h>

#include <stdio.h>

enum validate_format { VALIDATE_TEXT, VALIDATE_JSON, VALIDATE_SARIF };

/* A file being checked, and the text that findings point into (NULL: it could not be read). */
struct validate_file {
    const char *name;
    const char *text;
    size_t length;
    const struct oci_document_kind
        *kind; /* that it is checked as; NULL: of none, or none is known */
};

struct validation {
    enum validate_format format;
    bool is_strict;
    bool has_colour;
    const struct oci_document_kind *kind; /* NULL: by the content */
    struct oci_check_options options;
    size_t files;
    size_t errors;
    size_t warnings;
    size_t hidden;           /* findings beyond those that are kept of one document */
    bool failed;             /* there was no memory for an output that is complete */
    const char **rules_seen; /* for the list of rules of SARIF; constants of the library or ours */
    size_t rules_count;
};

/* validate_layout.c: the rules on image layouts, which only whoever sees the files can check. */
extern const struct oci_rule validate_layout_rules[];
extern const size_t validate_layout_rule_count;

/* validate_rules.c: all rules, the library's and then ours; NULL past the end. */
const struct oci_rule *validate_rule_get(size_t index);
/* One of them by its name, or NULL. */
const struct oci_rule *validate_rule_find(const char *name);
/* The name of the rule or of the kind of document that a misspelt one most likely means, or NULL. */
const char *validate_nearest_rule(const char *name);
const char *validate_nearest_kind(const char *name);
/* Where the specification states a rule, in the form of an address; to be freed, NULL on want of
 * memory. */
char *validate_rule_address(const struct oci_rule *rule);
/* Print all of them. */
void validate_list_rules(struct validation *validation);

/* validate_report.c: begin and end the output, and one finding. */
void validate_begin(const struct validation *validation);
void validate_end(struct validation *validation);
void validate_print(struct validation *validation, const struct validate_file *file,
                    const struct oci_finding *finding);
/* A finding about a file as a whole: a rule that it breaks, or (NULL) that it cannot be read. */
void validate_print_own(struct validation *validation, const struct validate_file *file,
                        const struct oci_rule *rule, const char *text);
/* Print text that came from outside so that it cannot change how a terminal shows things. */
void validate_print_safe(FILE *to, const char *text);
/* Count a rule among those that SARIF lists. */
void validate_note_rule(struct validation *validation, const char *name);

/* validate_input.c: check what a path of the command line leads to. */
void validate_path(struct validation *validation, const char *name);
/* Check what can be read from fd until its end (or, where it is negative, complain about the errno
 * error) as a kind (NULL: the settings', or by the content), with a further check (NULL: none). */
void validate_fd(struct validation *validation, const char *name, int fd, int error,
                 const struct oci_document_kind *kind,
                 void (*more)(void *data, const oci_document *document, oci_checking *checking),
                 void *data);

/* validate_layout.c: check a folder, which is a bundle or an image layout. */
void validate_folder(struct validation *validation, int folder, const char *name);

#endif
