/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of `ocikit validate` as text, as JSON and as SARIF 2.1.0.  Nothing of a file's name or
 * text reaches a terminal that could change how it shows things.
 */
#include "json.h"
#include "validate.h"

#include <stdint.h>
#include <string.h>

#define RED "\033[31;1m"
#define YELLOW "\033[33;1m"
#define PLAIN "\033[0m"

static const char *severity_text(int severity)
{
    return severity == OCI_SEVERITY_WARNING ? "warning" : "error";
}

/* --- text -------------------------------------------------------------------------------------- */

/* The character at text and the length of its bytes; 0 where they are not UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xc0 ? 0
                    : text[0] < 0xe0 ? 2
                    : text[0] < 0xf0 ? 3
                                     : 4;

    *point = length > 1 ? text[0] & (0xffu >> (length + 1)) : text[0];
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *point = (*point << 6) | (text[i] & 0x3f);
    }
    if (*point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff))
        return 0;
    return length;
}

/* Controls, and marks that change the direction of a line or are not seen. */
static bool is_unsafe(uint32_t point)
{
    static const uint32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},      {0x61c, 0x61c},
                                         {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
                                         {0xfeff, 0xfeff}, {0xe0000, 0xe007f}};

    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    }
    return false;
}

void validate_print_safe(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        uint32_t point = 0;
        size_t length = decode(at, &point);

        if (length > 0 && !is_unsafe(point)) {
            fwrite(at, 1, length, to);
            at += length;
        } else {
            fprintf(to, "\\x%02x", *at++);
        }
    }
}

static void print_text(const struct validation *validation, const struct validate_file *file,
                       const struct oci_finding *finding)
{
    bool is_warning = finding->severity == OCI_SEVERITY_WARNING;

    validate_print_safe(stdout, file->name);
    if (finding->line > 0)
        printf(":%zu:%zu", finding->line, finding->column);
    if (validation->has_colour)
        printf(": %s%s" PLAIN ": ", is_warning ? YELLOW : RED, severity_text(finding->severity));
    else
        printf(": %s: ", severity_text(finding->severity));
    if (finding->pointer[0] != '\0') {
        validate_print_safe(stdout, finding->pointer);
        fputs(": ", stdout);
    }
    validate_print_safe(stdout, finding->text);
    printf(" [%s]\n", finding->rule);
    if (finding->excerpt != NULL)
        fputs(finding->excerpt, stdout);
}

/* --- JSON -------------------------------------------------------------------------------------- */

static void member(const char *name, const char *value)
{
    printf(", \"%s\": ", name);
    if (value != NULL)
        json_string(stdout, value);
    else
        fputs("null", stdout);
}

static void print_json(const struct validation *validation, const struct validate_file *file,
                       const struct oci_finding *finding)
{
    bool is_first = validation->errors + validation->warnings == 0;

    fputs(is_first ? "[\n    {\"file\": " : ",\n    {\"file\": ", stdout);
    json_string(stdout, file->name);
    printf(", \"line\": %zu, \"column\": %zu, \"offset\": %zu, \"length\": %zu", finding->line,
           finding->column, finding->offset, finding->length);
    member("kind", file->kind != NULL ? file->kind->name : NULL);
    member("severity", severity_text(finding->severity));
    member("code", oci_code_name(finding->code));
    member("rule", finding->rule);
    member("section", finding->section);
    member("pointer", finding->pointer);
    member("message", finding->text);
    member("expected", finding->expected);
    member("found", finding->found);
    member("suggestion", finding->suggestion);
    fputc('}', stdout);
}

/* --- SARIF ------------------------------------------------------------------------------------- */

/* A path as a URI reference: what is no letter, digit or mark of paths is escaped. */
static void print_uri(const char *path)
{
    if (strcmp(path, "-") == 0) {
        fputs("\"stdin:\"", stdout);
        return;
    }
    fputs(path[0] == '/' ? "\"file://" : "\"", stdout);
    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~/", c) != NULL)
            fputc(c, stdout);
        else
            printf("%%%02X", c);
    }
    fputc('"', stdout);
}

/* Characters, as SARIF counts columns, in bytes of a text. */
static size_t characters(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void print_region(const struct validate_file *file, const struct oci_finding *finding)
{
    const char *start = file->text + finding->offset;
    const char *line = start - (finding->column - 1);
    const char *end = memchr(start, '\n', finding->length);
    size_t length = end != NULL ? (size_t)(end - start) : finding->length;
    size_t column = characters(line, finding->column - 1) + 1;

    printf(", \"region\": {\"startLine\": %zu, \"startColumn\": %zu", finding->line, column);
    printf(", \"endColumn\": %zu", column + characters(start, length));
    printf(", \"byteOffset\": %zu, \"byteLength\": %zu}", finding->offset, finding->length);
}

static void print_sarif(const struct validation *validation, const struct validate_file *file,
                        const struct oci_finding *finding)
{
    bool is_first = validation->errors + validation->warnings == 0;

    printf("%s\n        {\"ruleId\": ", is_first ? "" : ",");
    json_string(stdout, finding->rule);
    printf(", \"level\": \"%s\", \"message\": {\"text\": ", severity_text(finding->severity));
    json_string(stdout, finding->text);
    fputs("},\n         \"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ",
          stdout);
    print_uri(file->name);
    fputc('}', stdout);
    if (finding->line > 0 && file->text != NULL)
        print_region(file, finding);
    fputs("}, \"logicalLocations\": [{\"fullyQualifiedName\": ", stdout);
    json_string(stdout, finding->pointer);
    fputs("}]}]}", stdout);
}

/* What the schemas say has no name of its own: there the code stands for the rule. */
static const char *describe_code(const char *name)
{
    for (int code = -1; code > -100; code--) {
        if (oci_code_name(code) != NULL && strcmp(oci_code_name(code), name) == 0)
            return oci_code_text(code);
    }
    return name;
}

static void print_sarif_rule(const char *name)
{
    const struct oci_rule *rule = validate_rule_find(name);
    _free_ char *address = rule != NULL ? validate_rule_address(rule) : NULL;

    fputs("{\"id\": ", stdout);
    json_string(stdout, name);
    fputs(", \"shortDescription\": {\"text\": ", stdout);
    json_string(stdout, rule != NULL ? rule->summary : describe_code(name));
    fputc('}', stdout);
    if (address != NULL) {
        fputs(", \"helpUri\": ", stdout);
        json_string(stdout, address);
    }
    if (rule != NULL) {
        fputs(", \"help\": {\"text\": ", stdout);
        json_string(stdout, rule->section);
        printf("}, \"defaultConfiguration\": {\"level\": \"%s\"}", severity_text(rule->severity));
    }
    fputc('}', stdout);
}

static void end_sarif(const struct validation *validation)
{
    fputs("\n      ],\n      \"columnKind\": \"unicodeCodePoints\",\n"
          "      \"tool\": {\"driver\": {\"name\": \"ocikit\", \"version\": ",
          stdout);
    json_string(stdout, container_version());
    fputs(", \"rules\": [", stdout);
    for (size_t i = 0; i < validation->rules_count; i++) {
        fputs(i > 0 ? ",\n        " : "\n        ", stdout);
        print_sarif_rule(validation->rules_seen[i]);
    }
    fputs("\n      ]}}\n    }\n  ]\n}\n", stdout);
}

/* --- all --------------------------------------------------------------------------------------- */

void validate_note_rule(struct validation *validation, const char *name)
{
    const char **rules;

    for (size_t i = 0; i < validation->rules_count; i++) {
        if (strcmp(validation->rules_seen[i], name) == 0)
            return;
    }
    rules = realloc(validation->rules_seen, (validation->rules_count + 1) * sizeof(*rules));
    if (rules == NULL) {
        validation->failed = true;
        return;
    }
    validation->rules_seen = rules;
    rules[validation->rules_count++] = name;
}

void validate_begin(const struct validation *validation)
{
    if (validation->format == VALIDATE_SARIF)
        fputs("{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
              "  \"version\": \"2.1.0\",\n  \"runs\": [\n    {\n      \"results\": [",
              stdout);
}

void validate_end(struct validation *validation)
{
    if (validation->format == VALIDATE_SARIF)
        end_sarif(validation);
    else if (validation->format == VALIDATE_JSON)
        puts(validation->errors + validation->warnings > 0 ? "\n]" : "[]");
    free(validation->rules_seen);
    validation->rules_seen = NULL;
}

void validate_print(struct validation *validation, const struct validate_file *file,
                    const struct oci_finding *finding)
{
    switch (validation->format) {
    case VALIDATE_TEXT:
        print_text(validation, file, finding);
        break;
    case VALIDATE_JSON:
        print_json(validation, file, finding);
        break;
    case VALIDATE_SARIF:
        validate_note_rule(validation, finding->rule);
        print_sarif(validation, file, finding);
        break;
    }
    if (finding->severity == OCI_SEVERITY_ERROR)
        validation->errors++;
    else
        validation->warnings++;
}

void validate_print_own(struct validation *validation, const struct validate_file *file,
                        const struct oci_rule *rule, const char *text)
{
    struct oci_finding finding = {.code = OCI_ERR_IO,
                                  .severity = OCI_SEVERITY_ERROR,
                                  .pointer = "",
                                  .text = text,
                                  .rule = oci_code_name(OCI_ERR_IO)};

    if (rule != NULL) {
        finding.code = OCI_ERR_RULE;
        finding.severity = rule->severity;
        finding.rule = rule->name;
        finding.section = rule->section;
    }
    validate_print(validation, file, &finding);
}
