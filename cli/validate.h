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
    bool failed;             /* there was no memory for an output that is complete */
    const char **rules_seen; /* for the list of rules of SARIF; constants of the library or ours */
    size_t rules_count;
};

/* The rules on image layouts, which only whoever sees the files can check. */
extern const struct oci_rule validate_layout_rules[];
extern const size_t validate_layout_rule_count;

/* A rule of the library or of ours by its name, or NULL. */
const struct oci_rule *validate_find_rule(const char *name);

/* validate_report.c: begin and end the output, and one finding. */
void validate_begin(const struct validation *validation);
void validate_end(struct validation *validation);
void validate_print(struct validation *validation, const struct validate_file *file,
                    const struct oci_finding *finding);
/* A finding that is made here: what is wrong with the file, or with the value at a pointer. */
void validate_print_own(struct validation *validation, const struct validate_file *file,
                        const struct oci_rule *rule, const char *pointer, const char *text);

/* cmd_validate.c: check a text as a kind (NULL: the settings', or by the content). */
void validate_text(struct validation *validation, const struct validate_file *file,
                   const struct oci_document_kind *kind);

/* validate_layout.c: check a folder, which is a bundle or an image layout. */
void validate_folder(struct validation *validation, int folder, const char *name);

#endif
