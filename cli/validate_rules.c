/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of rules that `ocikit validate` checks, the library's and those on image layouts.
 */
#include "json.h"
#include "suggest.h"
#include "validate.h"

#include <string.h>

const struct oci_rule *validate_rule_get(size_t index)
{
    size_t count = oci_rule_count();

    if (index < count)
        return oci_rule_get(index);
    return index - count < validate_layout_rule_count ? &validate_layout_rules[index - count]
                                                      : NULL;
}

const struct oci_rule *validate_rule_find(const char *name)
{
    const struct oci_rule *rule;

    for (size_t i = 0; (rule = validate_rule_get(i)) != NULL; i++) {
        if (strcmp(rule->name, name) == 0)
            return rule;
    }
    return NULL;
}

static const char *nearest(const char *typed, const char *(*name_at)(size_t index))
{
    size_t least = suggest_limit(typed) + 1;
    const char *best = NULL, *name;

    for (size_t i = 0; (name = name_at(i)) != NULL; i++) {
        size_t distance = suggest_distance(typed, name);

        if (distance < least) {
            least = distance;
            best = name;
        }
    }
    return best;
}

static const char *rule_name(size_t index)
{
    const struct oci_rule *rule = validate_rule_get(index);

    return rule != NULL ? rule->name : NULL;
}

static const char *kind_name(size_t index)
{
    const struct oci_document_kind *kind = oci_document_kind_get(index);

    return kind != NULL ? kind->name : NULL;
}

const char *validate_nearest_rule(const char *name)
{
    return nearest(name, rule_name);
}

const char *validate_nearest_kind(const char *name)
{
    return nearest(name, kind_name);
}

char *validate_rule_address(const struct oci_rule *rule)
{
    /* The beginning of a kind's name decides, in this order. */
    static const struct {
        const char *kind;
        const char *before;
        const char *file_end;
    } places[] = {
        {"registry-token", "https://distribution.github.io/distribution/spec/auth/", "/"},
        {"docker-", "https://distribution.github.io/distribution/spec/", "/"},
        {"image-", "https://github.com/opencontainers/image-spec/blob/v1.1.1/", ".md"},
        {"registry-", "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/", ".md"},
        {"tag-", "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/", ".md"},
        {"repository-", "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/", ".md"},
        {"", "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/", ".md"},
    };
    const char *heading = strchr(rule->section, '#');
    size_t file = heading != NULL ? (size_t)(heading - rule->section) - strlen(".md") : 0, i = 0;
    char *address = NULL;

    while (strncmp(rule->document, places[i].kind, strlen(places[i].kind)) != 0)
        i++;
    if (asprintf(&address, "%s%.*s%s%s", places[i].before, (int)file, rule->section,
                 places[i].file_end, heading != NULL ? heading : "") < 0)
        return NULL;
    return address;
}

static void print_member(const char *name, const char *value)
{
    printf(", \"%s\": ", name);
    json_string(stdout, value);
}

static void print_json_rule(const struct oci_rule *rule, bool is_first)
{
    _free_ char *address = validate_rule_address(rule);

    fputs(is_first ? "[\n    {\"name\": " : ",\n    {\"name\": ", stdout);
    json_string(stdout, rule->name);
    print_member("severity", rule->severity == OCI_SEVERITY_ERROR ? "error" : "warning");
    print_member("document", rule->document);
    print_member("summary", rule->summary);
    print_member("section", rule->section);
    print_member("address", address != NULL ? address : "");
    fputc('}', stdout);
}

void validate_list_rules(struct validation *validation)
{
    const struct oci_rule *rule;

    validate_begin(validation);
    for (size_t i = 0; (rule = validate_rule_get(i)) != NULL; i++) {
        switch (validation->format) {
        case VALIDATE_TEXT:
            printf("%-34s %-8s %-18s %s (%s)\n", rule->name,
                   rule->severity == OCI_SEVERITY_ERROR ? "error" : "warning", rule->document,
                   rule->summary, rule->section);
            break;
        case VALIDATE_JSON:
            print_json_rule(rule, i == 0);
            break;
        case VALIDATE_SARIF:
            validate_note_rule(validation, rule->name);
            break;
        }
    }
    if (validation->format == VALIDATE_JSON)
        puts("\n]");
    else
        validate_end(validation);
}
