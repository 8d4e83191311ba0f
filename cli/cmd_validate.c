/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit validate`: every finding about documents, for people and for programs.
 */
#include "json.h"
#include "output.h"
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct settings {
    const char *type;
    const char *format;
    bool strict;
};

static const struct args_option options[] = {
    {"type", 't', ARGS_TEXT, offsetof(struct settings, type), "TYPE",
     "runtime-config, runtime-state or runtime-features (default: seen by the content)"},
    {"format", 'f', ARGS_TEXT, offsetof(struct settings, format), "FORMAT",
     "\"text\" or \"json\" (default text)"},
    {"strict", 0, ARGS_FLAG, offsetof(struct settings, strict), NULL,
     "members that the schema does not name are errors, not warnings"},
};

struct document_type {
    const char *name;
    const oci_type *(*type)(void);
};

enum { CONFIG, STATE, FEATURES };

static const struct document_type types[] = {
    [CONFIG] = {"runtime-config", oci_runtime_config_type},
    [STATE] = {"runtime-state", oci_runtime_state_type},
    [FEATURES] = {"runtime-features", oci_runtime_features_type},
};

struct check {
    bool is_json;
    bool is_strict;
    const struct document_type *type; /* NULL: by the content */
    size_t printed;
    bool has_error;
};

static void free_report(oci_report **report)
{
    oci_report_free(*report);
}

static bool has_member(const char *text, size_t length, const char *pointer)
{
    size_t line, column;
    return oci_locate(text, length, pointer, &line, &column) == 0;
}

static const struct document_type *guess(const char *text, size_t length)
{
    if (has_member(text, length, "/ociVersionMin"))
        return &types[FEATURES];
    if (has_member(text, length, "/status") && has_member(text, length, "/id"))
        return &types[STATE];
    return &types[CONFIG];
}

static const char *severity_text(int severity)
{
    return severity == OCI_SEVERITY_WARNING ? "warning" : "error";
}

static void print_json(struct check *check, const char *name, const struct oci_finding *finding)
{
    fputs(check->printed == 0 ? "[\n" : ",\n", stdout);
    fputs("    {\"file\": ", stdout);
    json_string(stdout, name);
    printf(", \"line\": %zu, \"column\": %zu, \"severity\": \"%s\", \"code\": ", finding->line,
           finding->column, severity_text(finding->severity));
    json_string(stdout, oci_code_name(finding->code));
    fputs(", \"pointer\": ", stdout);
    json_string(stdout, finding->pointer);
    fputs(", \"message\": ", stdout);
    json_string(stdout, finding->text);
    fputc('}', stdout);
}

static void print_text(const char *name, const struct oci_finding *finding)
{
    fputs(name, stdout);
    if (finding->line > 0)
        printf(":%zu:%zu", finding->line, finding->column);
    printf(": %s: ", severity_text(finding->severity));
    if (finding->pointer[0])
        printf("%s: ", finding->pointer);
    puts(finding->text);
}

static void print(struct check *check, const char *name, const struct oci_finding *finding)
{
    if (check->is_json)
        print_json(check, name, finding);
    else
        print_text(name, finding);
    check->printed++;
    if (finding->severity == OCI_SEVERITY_ERROR)
        check->has_error = true;
}

static void print_failure(struct check *check, const char *name, int code, int error)
{
    char message[160];
    snprintf(message, sizeof(message), "cannot be read: %s",
             error ? ERRNO_TEXT(error) : oci_code_text(code));
    struct oci_finding finding = {
        .code = code,
        .severity = OCI_SEVERITY_ERROR,
        .sys_errno = error,
        .pointer = "",
        .text = message,
    };
    print(check, name, &finding);
}

static void check_text(struct check *check, const char *name, const char *text, size_t length)
{
    const struct document_type *type = check->type ? check->type : guess(text, length);
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    parse.name = name;
    parse.unknown = check->is_strict ? OCI_UNKNOWN_REFUSE : OCI_UNKNOWN_WARN;
    oci_document *document = NULL;
    _cleanup_(free_report) oci_report *report = NULL;
    int r = oci_parse(type->type(), text, length, &parse, &document, &report);
    if (r == 0)
        oci_document_free(document);
    size_t count = oci_report_count(report);
    for (size_t i = 0; i < count; i++)
        print(check, name, oci_report_get(report, i));
    if (r < 0 && oci_report_first_error(report) == NULL)
        print_failure(check, name, r, 0);
}

static void check_file(struct check *check, const char *name)
{
    _spec_text_ char *text = NULL;
    size_t length = 0;
    int error = 0;
    int r = strcmp(name, "-") == 0 ? oci_read_fd(STDIN_FILENO, 0, &text, &length, &error)
                                   : oci_read_file(AT_FDCWD, name, 0, &text, &length, &error);
    if (r < 0)
        print_failure(check, name, r, error);
    else
        check_text(check, name, text, length);
}

/* Fill check from the settings; CLI_OK or CLI_MISUSE after a report. */
static int choose(struct cli *cli, const struct settings *settings, struct check *check)
{
    check->is_strict = settings->strict;
    check->is_json = settings->format && strcmp(settings->format, "json") == 0;
    if (settings->format && !check->is_json && strcmp(settings->format, "text") != 0)
        return output_misuse(cli, &cli_validate, "--format takes text or json, not \"%s\"",
                             settings->format);
    if (settings->type == NULL)
        return CLI_OK;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(types[i].name, settings->type) == 0)
            check->type = &types[i];
    }
    if (check->type)
        return CLI_OK;
    return output_misuse(cli, &cli_validate,
                         "--type takes runtime-config, runtime-state or runtime-features, "
                         "not \"%s\"",
                         settings->type);
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    struct check check = {0};
    int code = choose(cli, data, &check);
    if (code != CLI_OK)
        return code;
    for (size_t i = 0; i < arguments->count; i++)
        check_file(&check, arguments->items[i]);
    if (check.is_json)
        puts(check.printed ? "\n]" : "[]");
    code = output_flush(cli);
    return code == CLI_OK && check.has_error ? CLI_ERROR : code;
}

const struct cli_command cli_validate = {
    .name = "validate",
    .purpose = "check OCI documents and show every finding with its place",
    .arguments = "[options] FILE...",
    .about = "FILE \"-\" is standard input. A finding is printed to standard output as\n"
             "FILE:LINE:COLUMN: SEVERITY: POINTER: MESSAGE, where POINTER is a JSON pointer.",
    .examples = "  ocikit validate /srv/web/config.json\n"
                "  ocikit state web | ocikit validate --format json --type runtime-state -\n",
    .exit_codes = "  0    no errors; there may be warnings\n"
                  "  1    at least one error, or a file that cannot be read\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a file",
    .least = 1,
    .run = run,
};
