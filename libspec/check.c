/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the rules on a document: the way in, the findings, and the catalogues of rules and kinds.
 * The rules themselves are in the files named after what they are about.
 */
#include "parse.h"
#include "place.h"
#include "rule.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of a text of the document that are shown: a media type, or the beginning of a digest. */
#define LONGEST_QUOTE 80u

struct kind {
    struct oci_document_kind kind;
    void (*check)(struct oci_checking *checking, const void *root);
    bool is_open; /* the specification lets others add members, which readers must ignore */
};

static const struct kind kinds[] = {
    {{"runtime-config", "runtime configuration", "application/vnd.oci.runtime.config.v1+json",
      oci_runtime_config_type},
     oci_rule_check_config},
    {{"runtime-state", "state of a container", NULL, oci_runtime_state_type},
     oci_rule_check_state,
     true},
    {{"runtime-features", "features of a runtime", NULL, oci_runtime_features_type},
     oci_rule_check_features},
    {{"process", "process of a container", NULL, oci_process_type}, oci_rule_check_process},
    {{"image-descriptor", "descriptor", "application/vnd.oci.descriptor.v1+json",
      oci_descriptor_type},
     oci_rule_check_descriptor,
     true},
    {{"image-index", "image index", "application/vnd.oci.image.index.v1+json",
      oci_image_index_type},
     oci_rule_check_index,
     true},
    {{"image-manifest", "image manifest", "application/vnd.oci.image.manifest.v1+json",
      oci_image_manifest_type},
     oci_rule_check_manifest,
     true},
    {{"image-config", "image configuration", "application/vnd.oci.image.config.v1+json",
      oci_image_config_type},
     oci_rule_check_image_config,
     true},
    {{"image-layout", "mark of an image layout", "application/vnd.oci.layout.header.v1+json",
      oci_image_layout_type},
     NULL,
     true},
    {{"registry-error", "errors of a registry", NULL, oci_registry_errors_type},
     oci_rule_check_errors},
    {{"tag-list", "tags of a repository", NULL, oci_tag_list_type}, oci_rule_check_tags},
    {{"repository-list", "repositories of a registry", NULL, oci_repository_list_type},
     oci_rule_check_repositories},
    {{"registry-token", "token of a registry", NULL, oci_registry_token_type},
     oci_rule_check_token},
    {{"docker-manifest-list", "Docker manifest list",
      "application/vnd.docker.distribution.manifest.list.v2+json", oci_docker_manifest_list_type},
     oci_rule_check_docker_list,
     true},
    {{"docker-manifest", "Docker image manifest",
      "application/vnd.docker.distribution.manifest.v2+json", oci_docker_manifest_type},
     oci_rule_check_docker_manifest,
     true},
    {{"docker-config", "Docker image configuration",
      "application/vnd.docker.container.image.v1+json", oci_docker_config_type},
     oci_rule_check_docker_config,
     true},
};

static const struct oci_rule_set *const rule_sets[] = {
    &oci_config_rules,       &oci_process_rules,  &oci_linux_rules,      &oci_resource_rules,
    &oci_seccomp_rules,      &oci_state_rules,    &oci_descriptor_rules, &oci_image_rules,
    &oci_image_config_rules, &oci_registry_rules,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- catalogues --------------------------------------------------------------------------------
 */

size_t oci_rule_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT(rule_sets); i++)
        count += rule_sets[i]->count;
    return count;
}

const struct oci_rule *oci_rule_get(size_t index)
{
    for (size_t i = 0; i < COUNT(rule_sets); i++) {
        if (index < rule_sets[i]->count)
            return &rule_sets[i]->rules[index];
        index -= rule_sets[i]->count;
    }
    return NULL;
}

const struct oci_rule *oci_rule_find(const char *name)
{
    const struct oci_rule *rule;

    for (size_t i = 0; name != NULL && (rule = oci_rule_get(i)) != NULL; i++) {
        if (strcmp(rule->name, name) == 0)
            return rule;
    }
    return NULL;
}

size_t oci_document_kind_count(void)
{
    return COUNT(kinds);
}

const struct oci_document_kind *oci_document_kind_get(size_t index)
{
    return index < COUNT(kinds) ? &kinds[index].kind : NULL;
}

const struct oci_document_kind *oci_document_kind_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind.name, name) == 0)
            return &kinds[i].kind;
    }
    return NULL;
}

/* --- what rules call ---------------------------------------------------------------------------
 */

const char *oci_rule_at(struct oci_checking *checking, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(checking->pointer + checking->base, POINTER_SIZE - checking->base, format,
                    arguments);
    va_end(arguments);
    return checking->pointer;
}

size_t oci_rule_enter(struct oci_checking *checking, const char *format, ...)
{
    size_t before = checking->base;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(checking->pointer + before, POINTER_SIZE - before, format, arguments);
    va_end(arguments);
    checking->base = strlen(checking->pointer);
    return before;
}

void oci_rule_leave(struct oci_checking *checking, size_t base)
{
    checking->base = base;
    checking->pointer[base] = '\0';
}

/* A key that has no room is left out: the pointer then names the map. */
const char *oci_rule_at_key(struct oci_checking *checking, const char *parent, const char *key)
{
    const char *pointer = oci_rule_at(checking, "%s", parent);
    char *to = checking->pointer + strlen(pointer), *end = checking->pointer + POINTER_SIZE - 3;
    char *start = to;

    *to++ = '/';
    for (; *key != '\0' && to < end; key++) {
        if (*key == '~' || *key == '/') {
            *to++ = '~';
            *to++ = *key == '~' ? '0' : '1';
        } else {
            *to++ = *key;
        }
    }
    *to = '\0';
    if (*key != '\0')
        *start = '\0';
    return pointer;
}

const char *oci_rule_words(struct oci_checking *checking, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(checking->words.text, sizeof(checking->words.text), format, arguments);
    va_end(arguments);
    return checking->words.text;
}

const char *oci_rule_quote_part(struct oci_checking *checking, const char *text, size_t length)
{
    checking->quoted.length = 0;
    oci_line_addf(&checking->quoted, "\"");
    oci_line_foreign(&checking->quoted, text, length, LONGEST_QUOTE);
    oci_line_addf(&checking->quoted, "\"");
    return checking->quoted.text;
}

const char *oci_rule_quote(struct oci_checking *checking, const char *text)
{
    return oci_rule_quote_part(checking, text, strlen(text));
}

/* Whether one pointer leads to the other's value, or into it. */
static bool is_around(const char *outer, const char *inner)
{
    size_t length = strlen(outer);

    return strncmp(outer, inner, length) == 0 && (inner[length] == '\0' || inner[length] == '/');
}

/* What the schema has refused is not there for rules to look at, so they would speak of its
 * absence. */
static bool is_known(const struct oci_checking *checking, const char *pointer)
{
    for (size_t i = 0; i < checking->schema_findings; i++) {
        const struct oci_finding *finding = oci_report_get(checking->report, i);

        if (finding->severity == ERROR && finding->code != OCI_ERR_UNKNOWN_MEMBER &&
            finding->pointer[0] != '\0' &&
            (is_around(finding->pointer, pointer) || is_around(pointer, finding->pointer)))
            return true;
    }
    return false;
}

void oci_rule_broken_so(struct oci_checking *checking, const struct oci_rule *rule,
                        const char *pointer, const struct oci_breach *breach)
{
    const char *const *ignore = checking->options->ignore;
    struct oci_draft draft = {.code = OCI_ERR_RULE,
                              .severity = rule->severity,
                              .statement = breach->words,
                              .expected = breach->expected,
                              .found = breach->found,
                              .suggestion = breach->suggestion,
                              .rule = rule->name,
                              .section = rule->section};

    if (checking->result < 0 || (ignore != NULL && oci_rule_is_one_of(rule->name, ignore)) ||
        is_known(checking, pointer))
        return;
    if (oci_report_wants(checking->report, rule->severity)) {
        draft.pointer = oci_arena_text(&checking->report->arena, pointer, strlen(pointer));
        if (draft.pointer == NULL) {
            checking->result = OCI_ERR_NO_MEMORY;
            return;
        }
    }
    checking->result = oci_report_add(checking->report, &draft);
}

void oci_rule_broken(struct oci_checking *checking, const struct oci_rule *rule,
                     const char *pointer, const char *text)
{
    oci_rule_broken_so(checking, rule, pointer, &(struct oci_breach){.words = text});
}

void oci_check_broken(oci_checking *checking, const struct oci_rule *rule, const char *pointer,
                      const char *text)
{
    oci_rule_broken(checking, rule, pointer, text);
}

void oci_rule_out_of_range(struct oci_checking *checking, const struct oci_rule *rule,
                           const char *pointer, int64_t low, int64_t high, const char *found)
{
    char expected[80];

    (void)snprintf(expected, sizeof(expected), "an integer from %lld to %lld", (long long)low,
                   (long long)high);
    oci_rule_broken_so(checking, rule, pointer,
                       &(struct oci_breach){.expected = expected, .found = found});
}

static const char *listed_at(const void *list, size_t index)
{
    return ((const char *const *)list)[index];
}

const char *oci_rule_nearest(const char *text, const char *const *list)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    return oci_suggest(text, strlen(text), count, listed_at, list);
}

void oci_rule_not_listed(struct oci_checking *checking, const struct oci_rule *rule,
                         const char *pointer, const char *text, const char *const *list,
                         const char *words)
{
    struct oci_breach breach = {.suggestion = oci_rule_nearest(text, list),
                                .found = oci_rule_quote(checking, text)};

    breach.words = oci_rule_words(checking, "%s %s", breach.found, words);
    oci_rule_broken_so(checking, rule, pointer, &breach);
}

/* --- checking ----------------------------------------------------------------------------------
 */

static int complete_options(const struct oci_check_options *options,
                            struct oci_check_options *complete)
{
    int result = oci_options_copy(complete, sizeof(*complete), options);

    if (result < 0)
        return result;
    return (complete->flags & ~(unsigned)OCI_CHECK_STARTABLE) == 0 ? 0 : OCI_ERR_UNSUPPORTED;
}

static const struct kind *kind_of_type(const oci_type *type)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (kinds[i].kind.type() == type)
            return &kinds[i];
    }
    return NULL;
}

static struct oci_report *new_report(const struct oci_allocator *memory,
                                     const struct oci_check_options *options)
{
    struct oci_report *report = oci_memory_alloc(memory, sizeof(*report));
    size_t limit = options->parse != NULL ? options->parse->max_findings : 0;

    if (report != NULL)
        oci_report_init(report, memory, NULL, limit > 0 ? limit : OCI_DEFAULT_FINDINGS);
    return report;
}

static int run_rules(const struct kind *kind, const void *root, const oci_document *document,
                     const struct oci_check_options *options, struct oci_report *report)
{
    struct oci_checking checking = {.report = report, .options = options};

    checking.schema_findings = oci_report_count(report);
    checking.pointer[0] = '\0';
    if (kind->check != NULL)
        kind->check(&checking, root);
    oci_rule_leave(&checking, 0);
    if (options->more != NULL && document != NULL)
        options->more(options->data, document, &checking);
    return checking.result;
}

/* Hand out the report if there is something in it; the result is that of the first error. */
static int finish(struct oci_report *made, int result, oci_report **report)
{
    const struct oci_finding *error = oci_report_first_error(made);

    if (result != OCI_ERR_NO_MEMORY && error != NULL)
        result = error->code;
    if (report != NULL && result != OCI_ERR_NO_MEMORY && oci_report_count(made) > 0)
        *report = made;
    else
        oci_report_free(made);
    return result;
}

/* A text that is of no kind: what is wrong with its JSON, or that it is of none. */
static int check_unknown(const struct oci_allocator *memory, const char *text, size_t length,
                         const struct oci_check_options *options, oci_report **report)
{
    struct oci_draft draft = {.code = OCI_ERR_UNKNOWN_KIND,
                              .severity = ERROR,
                              .statement =
                                  "none of the kinds of documents that are known; if it is "
                                  "one, say which"};
    struct oci_report *made = NULL;
    oci_document *document = NULL;
    int result = oci_parse_partial(memory, oci_runtime_config_type(), text, length, options->parse,
                                   &document, &made);

    if (document == NULL)
        return made != NULL ? finish(made, result, report) : result;
    oci_document_free(document);
    oci_report_free(made);
    made = new_report(memory, options);
    if (made == NULL)
        return OCI_ERR_NO_MEMORY;
    made->name = options->parse != NULL ? options->parse->name : NULL;
    result = oci_report_add(made, &draft);
    oci_report_finish(made);
    return finish(made, result < 0 ? result : OCI_ERR_UNKNOWN_KIND, report);
}

/* Where readers must ignore what they do not know, a warning is due only about what looks like a
 * mistake. */
static int parse_as(const struct oci_allocator *memory, const struct kind *kind, const char *text,
                    size_t length, const struct oci_check_options *options, oci_document **document,
                    struct oci_report **report)
{
    struct oci_parse_options parse;
    const struct oci_parse_options *chosen = options->parse;

    if (kind->is_open && chosen != NULL && chosen->size == sizeof(parse) &&
        chosen->unknown == OCI_UNKNOWN_WARN) {
        parse = *chosen;
        parse.unknown = OCI_UNKNOWN_SUGGEST;
        chosen = &parse;
    }
    return oci_parse_partial(memory, kind->kind.type(), text, length, chosen, document, report);
}

int oci_check_with_allocator(const struct oci_allocator *memory,
                             const struct oci_document_kind *kind, const char *text, size_t length,
                             const struct oci_check_options *options, oci_report **report)
{
    struct oci_check_options complete;
    struct oci_report *made = NULL;
    oci_document *document = NULL;
    const struct kind *known;
    int result;

    if (report != NULL)
        *report = NULL;
    if ((text == NULL && length > 0) || (kind != NULL && kind_of_type(kind->type()) == NULL))
        return OCI_ERR_INVALID_ARGUMENT;
    result = complete_options(options, &complete);
    if (result < 0)
        return result;
    if (kind == NULL)
        kind = oci_document_kind_detect(text, length);
    if (kind == NULL)
        return check_unknown(memory, text, length, &complete, report);
    known = kind_of_type(kind->type());
    result = parse_as(memory, known, text, length, &complete, &document, &made);
    if (document != NULL) {
        if (made == NULL)
            made = new_report(memory, &complete);
        if (made == NULL) {
            oci_document_free(document);
            return OCI_ERR_NO_MEMORY;
        }
        made->name = complete.parse != NULL ? complete.parse->name : NULL;
        result =
            run_rules(known, oci_document_root(document, kind->type()), document, &complete, made);
        if (result == 0)
            result = oci_report_place(made, "", text, length, true);
        oci_document_free(document);
    }
    return made != NULL ? finish(made, result, report) : result;
}

/* Why a file could not be read, as a report of one finding. */
static int complain_input(const struct oci_allocator *memory,
                          const struct oci_check_options *options, int code,
                          const struct oci_input_fault *fault, oci_report **report)
{
    struct oci_report *made = new_report(memory, options);
    struct oci_line statement = {.length = 0};
    struct oci_draft draft = {.code = code,
                              .severity = ERROR,
                              .sys_errno = fault->sys_errno,
                              .statement = statement.text};
    int result;

    if (made == NULL)
        return OCI_ERR_NO_MEMORY;
    made->name = options->parse->name;
    oci_input_explain(code, fault, OCI_DEFAULT_BYTES, &statement);
    result = oci_report_add(made, &draft);
    oci_report_finish(made);
    return finish(made, result < 0 ? result : code, report);
}

int oci_check_file(const struct oci_document_kind *kind, int dirfd, const char *path,
                   const struct oci_check_options *options, oci_report **report)
{
    const struct oci_allocator *memory = &oci_default_allocator;
    struct oci_input_fault fault = {.sys_errno = 0};
    struct oci_check_options complete;
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    size_t length = 0;
    char *text = NULL;
    int result;

    if (report != NULL)
        *report = NULL;
    if (path == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = complete_options(options, &complete);
    if (result < 0)
        return result;
    if (complete.parse == NULL || complete.parse->name == NULL) {
        if (complete.parse != NULL && complete.parse->size <= sizeof(parse))
            memcpy(&parse, complete.parse, complete.parse->size);
        parse.size = sizeof(parse);
        parse.name = path;
        complete.parse = &parse;
    }
    result = oci_input_file(memory, dirfd, path, OCI_DEFAULT_BYTES, &text, &length, &fault);
    if (result == 0)
        result = oci_check_with_allocator(memory, kind, text, length, &complete, report);
    else if (result != OCI_ERR_NO_MEMORY)
        result = complain_input(memory, &complete, result, &fault, report);
    oci_memory_release(memory, text);
    return result;
}

int oci_check(const struct oci_document_kind *kind, const char *text, size_t length,
              const struct oci_check_options *options, oci_report **report)
{
    return oci_check_with_allocator(&oci_default_allocator, kind, text, length, options, report);
}

int oci_check_value(const oci_type *type, const void *value,
                    const struct oci_check_options *options, oci_report **report)
{
    const struct kind *kind = kind_of_type(type);
    struct oci_check_options complete;
    struct oci_report *made;
    int result;

    if (report != NULL)
        *report = NULL;
    if (kind == NULL || value == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = complete_options(options, &complete);
    if (result < 0)
        return result;
    made = new_report(&oci_default_allocator, &complete);
    if (made == NULL)
        return OCI_ERR_NO_MEMORY;
    return finish(made, run_rules(kind, value, NULL, &complete, made), report);
}
