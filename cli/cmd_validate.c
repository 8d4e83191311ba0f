/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit validate`: every finding about documents, for people and for programs.
 */
#include "output.h"
#include "validate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct settings {
    const char *type;
    const char *format;
    const char *colour;
    struct args_list ignore;
    bool strict;
    bool start;
    bool list_rules;
};

static const struct args_option options[] = {
    {"type", 't', ARGS_TEXT, offsetof(struct settings, type), "TYPE",
     "what the documents are, such as runtime-config (default: seen by the content)"},
    {"format", 'f', ARGS_TEXT, offsetof(struct settings, format), "FORMAT",
     "\"text\", \"json\" or \"sarif\" (default text)"},
    {"ignore", 0, ARGS_LIST, offsetof(struct settings, ignore), "RULE",
     "pass over a rule, named as in brackets; may be given again"},
    {"strict", 0, ARGS_FLAG, offsetof(struct settings, strict), NULL,
     "unknown members are errors, and warnings fail too"},
    {"start", 0, ARGS_FLAG, offsetof(struct settings, start), NULL,
     "a configuration must be one that can be started: with a process"},
    {"colour", 0, ARGS_TEXT, offsetof(struct settings, colour), "WHEN",
     "\"auto\", \"always\" or \"never\" (default auto: on a terminal)"},
    {"list-rules", 0, ARGS_FLAG, offsetof(struct settings, list_rules), NULL,
     "list all rules beyond the schemas, and stop"},
};

static void free_report(oci_report **report)
{
    oci_report_free(*report);
}

const struct oci_rule *validate_find_rule(const char *name)
{
    for (size_t i = 0; i < validate_layout_rule_count; i++) {
        if (strcmp(validate_layout_rules[i].name, name) == 0)
            return &validate_layout_rules[i];
    }
    return oci_rule_find(name);
}

static void print_rule(const struct oci_rule *rule)
{
    printf("%-34s %-8s %-18s %s (%s)\n", rule->name,
           rule->severity == OCI_SEVERITY_ERROR ? "error" : "warning", rule->document,
           rule->summary, rule->section);
}

static void list_rules(void)
{
    for (size_t i = 0; i < oci_rule_count(); i++)
        print_rule(oci_rule_get(i));
    for (size_t i = 0; i < validate_layout_rule_count; i++)
        print_rule(&validate_layout_rules[i]);
}

void validate_text(struct validation *validation, const struct validate_file *file,
                   const struct oci_document_kind *kind)
{
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    struct oci_check_options check = validation->options;
    _cleanup_(free_report) oci_report *report = NULL;
    int result;

    validation->files++;
    if (kind == NULL)
        kind = validation->kind;
    if (kind == NULL)
        kind = oci_document_kind_detect(file->text, file->length);
    /* What is no document at all is best told by the reader of some. */
    if (kind == NULL)
        kind = oci_document_kind_find("runtime-config");
    parse.unknown = validation->is_strict ? OCI_UNKNOWN_REFUSE : OCI_UNKNOWN_WARN;
    check.parse = &parse;
    result = oci_check(kind, file->text, file->length, &check, &report);
    for (size_t i = 0; i < oci_report_count(report); i++)
        validate_print(validation, file, oci_report_get(report, i));
    if (result < 0 && oci_report_first_error(report) == NULL)
        validate_print_own(validation, file, NULL, "", oci_code_text(result));
}

static void print_failure(struct validation *validation, const char *name, int code, int error)
{
    struct validate_file file = {.name = name};
    char message[160];

    (void)snprintf(message, sizeof(message), "cannot be read: %s",
                   error != 0 ? ERRNO_TEXT(error) : oci_code_text(code));
    validation->files++;
    validate_print_own(validation, &file, NULL, "", message);
}

static void check_path(struct validation *validation, const char *name)
{
    struct validate_file file = {.name = name};
    _close_ int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _spec_text_ char *text = NULL;
    int error = 0, result;

    if (folder >= 0) {
        validate_folder(validation, folder, name);
        return;
    }
    result = strcmp(name, "-") == 0 ? oci_read_fd(STDIN_FILENO, 0, &text, &file.length, &error)
                                    : oci_read_file(AT_FDCWD, name, 0, &text, &file.length, &error);
    file.text = text;
    if (result < 0)
        print_failure(validation, name, result, error);
    else
        validate_text(validation, &file, NULL);
}

/* The kernel's last capability; 0 where it does not say. */
static int last_capability(void)
{
    _spec_text_ char *text = NULL;
    size_t length;

    if (oci_read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 64, &text, &length, NULL) < 0)
        return 0;
    return atoi(text);
}

static int choose_format(struct cli *cli, const char *format, struct validation *validation)
{
    static const char *const names[] = {
        [VALIDATE_TEXT] = "text", [VALIDATE_JSON] = "json", [VALIDATE_SARIF] = "sarif"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (format == NULL || strcmp(format, names[i]) == 0) {
            validation->format = (enum validate_format)i;
            return CLI_OK;
        }
    }
    return output_misuse(cli, &cli_validate, "--format takes text, json or sarif, not \"%s\"",
                         format);
}

static int choose_colour(struct cli *cli, const char *when, struct validation *validation)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

    if (when == NULL || strcmp(when, "auto") == 0)
        validation->has_colour = isatty(STDOUT_FILENO) && (no_colour == NULL || !*no_colour) &&
                                 term != NULL && strcmp(term, "dumb") != 0;
    else if (strcmp(when, "always") == 0)
        validation->has_colour = true;
    else if (strcmp(when, "never") != 0)
        return output_misuse(cli, &cli_validate, "--colour takes auto, always or never, not \"%s\"",
                             when);
    return CLI_OK;
}

static int misuse_type(struct cli *cli, const char *type)
{
    char names[512] = "";

    for (size_t i = 0; i < oci_document_kind_count(); i++) {
        size_t length = strlen(names);

        (void)snprintf(names + length, sizeof(names) - length, "%s%s", i > 0 ? ", " : "",
                       oci_document_kind_get(i)->name);
    }
    return output_misuse(cli, &cli_validate, "--type takes one of %s, not \"%s\"", names, type);
}

/* Fill validation from the settings; CLI_OK or CLI_MISUSE after a report. */
static int choose(struct cli *cli, const struct settings *settings, struct validation *validation)
{
    int code = choose_format(cli, settings->format, validation);

    if (code == CLI_OK)
        code = choose_colour(cli, settings->colour, validation);
    if (code != CLI_OK)
        return code;
    validation->is_strict = settings->strict;
    validation->options = (struct oci_check_options)OCI_CHECK_OPTIONS_INIT;
    validation->options.ignore = settings->ignore.items;
    validation->options.flags = settings->start ? OCI_CHECK_STARTABLE : 0;
    validation->options.last_capability = last_capability();
    for (size_t i = 0; i < settings->ignore.count; i++) {
        if (validate_find_rule(settings->ignore.items[i]) == NULL)
            return output_misuse(cli, &cli_validate,
                                 "there is no rule \"%s\"; --list-rules lists them",
                                 settings->ignore.items[i]);
    }
    if (settings->type == NULL)
        return CLI_OK;
    validation->kind = oci_document_kind_find(settings->type);
    return validation->kind != NULL ? CLI_OK : misuse_type(cli, settings->type);
}

/* People want to know that there is no more. */
static void summarise(const struct validation *validation)
{
    if (validation->format != VALIDATE_TEXT || !isatty(STDOUT_FILENO))
        return;
    fflush(stdout);
    fprintf(stderr, "%zu error%s and %zu warning%s in %zu document%s\n", validation->errors,
            validation->errors == 1 ? "" : "s", validation->warnings,
            validation->warnings == 1 ? "" : "s", validation->files,
            validation->files == 1 ? "" : "s");
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    struct validation validation = {.format = VALIDATE_TEXT};
    int code = choose(cli, settings, &validation);

    if (code != CLI_OK)
        return code;
    if (settings->list_rules) {
        list_rules();
        return output_flush(cli);
    }
    if (arguments->count == 0)
        return output_misuse(cli, &cli_validate, "a file or folder is needed");
    validate_begin(&validation);
    for (size_t i = 0; i < arguments->count; i++)
        check_path(&validation, arguments->items[i]);
    validate_end(&validation);
    summarise(&validation);
    code = output_flush(cli);
    if (code == CLI_OK && validation.failed)
        return output_error(cli, CLI_ERROR, NULL, "the output is not complete: out of memory");
    if (validation.errors > 0 || (validation.is_strict && validation.warnings > 0))
        return code == CLI_OK ? CLI_ERROR : code;
    return code;
}

const struct cli_command cli_validate = {
    .name = "validate",
    .purpose = "check OCI documents and show every finding with its place",
    .arguments = "[options] PATH...",
    .about =
        "PATH is a document, \"-\" for standard input, a bundle, or an image layout, whose\n"
        "documents are all checked.  What a document is, is seen by its content.  A finding is\n"
        "printed to standard output as FILE:LINE:COLUMN: SEVERITY: POINTER: MESSAGE [RULE], where\n"
        "POINTER is a JSON pointer, with the line of the document and carets below it.",
    .examples = "  ocikit validate /srv/web/config.json\n"
                "  ocikit validate --format sarif my-image-layout >findings.sarif\n"
                "  ocikit state web | ocikit validate --type runtime-state -\n",
    .exit_codes = "  0    no errors; there may be warnings\n"
                  "  1    at least one error (with --strict: or warning), or what cannot be read\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a file or folder",
    .least = 0,
    .run = run,
};
