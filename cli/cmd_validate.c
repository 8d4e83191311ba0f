/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit validate`: every finding about documents, for people and for programs.
 */
#include "output.h"
#include "validate.h"

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
     "pass over a rule, one that --list-rules lists; may be given again"},
    {"strict", 0, ARGS_FLAG, offsetof(struct settings, strict), NULL,
     "unknown members are errors, and warnings fail too"},
    {"start", 0, ARGS_FLAG, offsetof(struct settings, start), NULL,
     "a configuration must be one that can be started: with a process and a program"},
    {"colour", 0, ARGS_TEXT, offsetof(struct settings, colour), "WHEN",
     "\"auto\", \"always\" or \"never\" (default auto: on a terminal)"},
    {"list-rules", 0, ARGS_FLAG, offsetof(struct settings, list_rules), NULL,
     "list all rules beyond the schemas, and stop"},
};

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
    const char *nearest = validate_nearest_kind(type);
    char names[512] = "";

    for (size_t i = 0; i < oci_document_kind_count(); i++) {
        size_t length = strlen(names);

        (void)snprintf(names + length, sizeof(names) - length, "%s%s", i > 0 ? ", " : "",
                       oci_document_kind_get(i)->name);
    }
    return output_misuse(cli, &cli_validate,
                         "\"%s\" is no kind of document%s%s%s; --type takes one of %s", type,
                         nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
                         nearest != NULL ? "\"?" : "", names);
}

static int misuse_ignore(struct cli *cli, const char *rule)
{
    const char *nearest = validate_nearest_rule(rule);

    if (nearest != NULL)
        return output_misuse(
            cli, &cli_validate,
            "there is no rule \"%s\"; did you mean \"%s\"? --list-rules lists them", rule, nearest);
    return output_misuse(cli, &cli_validate,
                         "there is no rule \"%s\"; --list-rules lists those that can be ignored",
                         rule);
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
        if (validate_rule_find(settings->ignore.items[i]) == NULL)
            return misuse_ignore(cli, settings->ignore.items[i]);
    }
    if (settings->type == NULL)
        return CLI_OK;
    validation->kind = oci_document_kind_find(settings->type);
    return validation->kind != NULL ? CLI_OK : misuse_type(cli, settings->type);
}

/* People want to know that there is no more. */
static void summarise(const struct validation *validation)
{
    char hidden[64] = "";

    if (validation->format != VALIDATE_TEXT || !isatty(STDOUT_FILENO))
        return;
    fflush(stdout);
    if (validation->hidden > 0)
        (void)snprintf(hidden, sizeof(hidden), ", and %zu more that are not shown,",
                       validation->hidden);
    fprintf(stderr, "%zu error%s and %zu warning%s%s in %zu document%s\n", validation->errors,
            validation->errors == 1 ? "" : "s", validation->warnings,
            validation->warnings == 1 ? "" : "s", hidden, validation->files,
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
        validate_list_rules(&validation);
        return output_flush(cli);
    }
    if (arguments->count == 0)
        return output_misuse(cli, &cli_validate, "a file or folder is needed");
    validate_begin(&validation);
    for (size_t i = 0; i < arguments->count; i++)
        validate_path(&validation, arguments->items[i]);
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
        "POINTER is a JSON pointer, with the line of the document and carets below it.  What can "
        "be\n"
        "ignored is what --list-rules lists; what a schema refuses cannot.",
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
