/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of rules share: the check that is going on, and how a rule says that it is broken.
 * Internal.  Rules look at structs only: members may be absent, also those that are required.
 */
#ifndef OCIKIT_LIBSPEC_RULE_H
#define OCIKIT_LIBSPEC_RULE_H

#include "line.h"
#include "report.h"

#include <ocikit/check.h>
#include <ocikit/spec.h>

#include <string.h>

#define POINTER_SIZE 1024u
#define ERROR OCI_SEVERITY_ERROR
#define WARNING OCI_SEVERITY_WARNING

/* What a configuration is for; a process that stands alone may be for any. */
enum oci_rule_platform { PLATFORM_ANY, PLATFORM_LINUX, PLATFORM_WINDOWS, PLATFORM_OTHER };

struct oci_checking {
    struct oci_report *report; /* findings have no place yet */
    const struct oci_check_options *options;
    size_t schema_findings; /* at the beginning of the report: those of the schema */
    size_t base;            /* length of what every pointer begins with */
    enum oci_rule_platform platform;
    char pointer[POINTER_SIZE];
    struct oci_line words;
    struct oci_line quoted;
    int result; /* OCI_ERR_NO_MEMORY when there was none */
};

/* The rules of one file. */
struct oci_rule_set {
    const struct oci_rule *rules;
    size_t count;
};

extern const struct oci_rule_set oci_process_rules, oci_config_rules, oci_linux_rules,
    oci_resource_rules, oci_seccomp_rules, oci_state_rules, oci_descriptor_rules, oci_image_rules,
    oci_image_config_rules, oci_registry_rules;

/* A finding: a rule, the JSON pointer (from at or at_key), and what is wrong. */
void oci_rule_broken(struct oci_checking *checking, const struct oci_rule *rule,
                     const char *pointer, const char *words);
/* The same in its parts; what is not known is NULL, and so may words be where expected and found say
 * it all. */
struct oci_breach {
    const char *words;
    const char *expected;
    const char *found;
    const char *suggestion;
};
void oci_rule_broken_so(struct oci_checking *checking, const struct oci_rule *rule,
                        const char *pointer, const struct oci_breach *breach);
/* A number, in decimal, that should be one from low to high. */
void oci_rule_out_of_range(struct oci_checking *checking, const struct oci_rule *rule,
                           const char *pointer, int64_t low, int64_t high, const char *found);
/* A text of the document that should be one of a list; the nearest of the list is suggested. */
void oci_rule_not_listed(struct oci_checking *checking, const struct oci_rule *rule,
                         const char *pointer, const char *text, const char *const *list,
                         const char *words);
/* The name of a list that a misspelt one most likely means, or NULL. */
const char *oci_rule_nearest(const char *text, const char *const *list);

/* The pointer that the format gives, behind the base. */
const char *oci_rule_at(struct oci_checking *checking, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same and one more step, a name that comes from the document. */
const char *oci_rule_at_key(struct oci_checking *checking, const char *parent, const char *key);
/* Words, and a text of the document in quotes to put into them. */
const char *oci_rule_words(struct oci_checking *checking, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *oci_rule_quote(struct oci_checking *checking, const char *text);
const char *oci_rule_quote_part(struct oci_checking *checking, const char *text, size_t length);

/* Let pointers begin with what the format gives behind the present base; returns the base to go
 * back to. */
size_t oci_rule_enter(struct oci_checking *checking, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void oci_rule_leave(struct oci_checking *checking, size_t base);

/* Forms of texts; NULL is of none. */
bool oci_rule_is_absolute(const char *path);
/* X:\... or \\SERVER\..., with slashes of either kind. */
bool oci_rule_is_absolute_windows(const char *path);
/* Absolute by the rules of the platform that the check is for. */
bool oci_rule_is_absolute_here(const struct oci_checking *checking, const char *path);
bool oci_rule_is_semver(const char *text);
/* Which of two such versions is the later: below, equal to or above 0. */
int oci_rule_compare_semver(const char *a, const char *b);
/* RFC 3339, as in 2015-10-31T22:22:56.015925234Z. */
bool oci_rule_is_date_time(const char *text);
/* The length of what a base64 text stands for, or -1. */
int64_t oci_rule_base64_length(const char *text);
bool oci_rule_is_one_of(const char *text, const char *const *list);
/* ALGORITHM:ENCODED with the encoding that a registered algorithm has; *digits receives how many
 * hexadecimal digits that has, 0 where it is not registered. */
bool oci_rule_is_digest(const char *text, size_t *digits);

int oci_check_with_allocator(const struct oci_allocator *memory,
                             const struct oci_document_kind *kind, const char *text, size_t length,
                             const struct oci_check_options *options, oci_report **report);

/* What one kind of document is checked by. */
void oci_rule_check_config(struct oci_checking *checking, const void *root);
void oci_rule_check_state(struct oci_checking *checking, const void *root);
void oci_rule_check_features(struct oci_checking *checking, const void *root);
void oci_rule_check_process(struct oci_checking *checking, const void *root);
void oci_rule_check_descriptor(struct oci_checking *checking, const void *root);
void oci_rule_check_index(struct oci_checking *checking, const void *root);
void oci_rule_check_manifest(struct oci_checking *checking, const void *root);
void oci_rule_check_image_config(struct oci_checking *checking, const void *root);
void oci_rule_check_errors(struct oci_checking *checking, const void *root);
void oci_rule_check_tags(struct oci_checking *checking, const void *root);
void oci_rule_check_repositories(struct oci_checking *checking, const void *root);
void oci_rule_check_token(struct oci_checking *checking, const void *root);
void oci_rule_check_docker_list(struct oci_checking *checking, const void *root);
void oci_rule_check_docker_manifest(struct oci_checking *checking, const void *root);
void oci_rule_check_docker_config(struct oci_checking *checking, const void *root);

/* Parts of a configuration. */
void oci_rule_check_linux(struct oci_checking *checking, const struct oci_runtime_config *config);
void oci_rule_check_resources(struct oci_checking *checking,
                              const struct oci_linux_resources *resources);
/* has_receiver: notifications go to whom an annotation names. */
void oci_rule_check_seccomp(struct oci_checking *checking, const struct oci_seccomp *seccomp,
                            bool has_receiver);
void oci_rule_check_id_mappings(struct oci_checking *checking, const char *name,
                                const struct oci_id_mapping *mappings, size_t count);
/* The annotation org.opencontainers.image.created, which configurations take over from images. */
void oci_rule_check_created(struct oci_checking *checking,
                            const struct oci_string_entry *annotations, size_t count);
void oci_rule_check_annotations(struct oci_checking *checking, const struct oci_rule *empty_key,
                                const struct oci_string_entry *annotations, size_t count);

#endif
