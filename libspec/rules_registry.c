/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on what registries answer.
 */
#include "rule.h"

#define LONGEST_TAG 128u

enum {
    ERROR_CODE,
    ERRORS_EMPTY,
    REPOSITORY_NAME,
    TAG_FORM,
    TOKEN_MISSING,
    TOKEN_TIME,
};

static const struct oci_rule rules[] = {
    [ERROR_CODE] = {"registry-error-code", ERROR, "registry-error", "spec.md#error-codes",
                    "codes are made of capitals and underscores"},
    [ERRORS_EMPTY] = {"registry-errors-empty", WARNING, "registry-error", "spec.md#error-codes",
                      "a refusal has at least one error"},
    [REPOSITORY_NAME] = {"registry-repository-name", ERROR, "repository-list",
                         "spec.md#pulling-manifests",
                         "names of repositories are in lower case, with separators between"},
    [TAG_FORM] = {"registry-tag-form", ERROR, "tag-list", "spec.md#pulling-manifests",
                  "a tag has at most 128 letters, digits and . _ -"},
    [TOKEN_MISSING] = {"registry-token-missing", ERROR, "registry-token",
                       "token.md#token-response-fields", "token or access_token is there"},
    [TOKEN_TIME] = {"registry-token-time", WARNING, "registry-token",
                    "token.md#token-response-fields", "issued_at is a time of RFC 3339"},
};

const struct oci_rule_set oci_registry_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What separates two runs of letters and digits: one dot, one or two underscores, or any number of
 * lines; 0 if it is none of these. */
static size_t separator(const char *text)
{
    if (*text == '-')
        return strspn(text, "-");
    if (*text == '.')
        return 1;
    if (*text == '_')
        return text[1] == '_' ? 2 : 1;
    return 0;
}

static bool is_repository(const char *name)
{
    for (;;) {
        size_t step;

        if (!is_lower(*name))
            return false;
        while (is_lower(*name))
            name++;
        if (*name == '\0')
            return true;
        step = *name == '/' ? 1 : separator(name);
        if (step == 0)
            return false;
        name += step;
    }
}

static bool is_tag(const char *tag)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = strlen(tag);

    return length > 0 && length <= LONGEST_TAG && tag[0] != '.' && tag[0] != '-' &&
           strspn(tag, letters) == length;
}

static void check_repository(struct oci_checking *checking, const char *pointer, const char *name)
{
    if (name != NULL && !is_repository(name))
        oci_rule_broken(
            checking, &rules[REPOSITORY_NAME], pointer,
            oci_rule_words(checking,
                           "%s is not the name of a repository, such as library/my-app: "
                           "lower-case letters and digits with one of . _ __ - / between",
                           oci_rule_quote(checking, name)));
}

void oci_rule_check_errors(struct oci_checking *checking, const void *root)
{
    const struct oci_registry_errors *document = root;

    if (document->errors != NULL && document->errors_count == 0)
        oci_rule_broken(checking, &rules[ERRORS_EMPTY], oci_rule_at(checking, "/errors"),
                        "there is no error in it");
    for (size_t i = 0; i < document->errors_count; i++) {
        const char *code = document->errors[i].code;

        if (code != NULL &&
            (code[0] == '\0' || code[strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != '\0'))
            oci_rule_broken(checking, &rules[ERROR_CODE],
                            oci_rule_at(checking, "/errors/%zu/code", i),
                            oci_rule_words(checking, "%s is not made of capitals and underscores",
                                           oci_rule_quote(checking, code)));
    }
}

void oci_rule_check_tags(struct oci_checking *checking, const void *root)
{
    const struct oci_tag_list *list = root;

    check_repository(checking, oci_rule_at(checking, "/name"), list->name);
    for (size_t i = 0; i < list->tags_count; i++) {
        if (list->tags[i] != NULL && !is_tag(list->tags[i]))
            oci_rule_broken(
                checking, &rules[TAG_FORM], oci_rule_at(checking, "/tags/%zu", i),
                oci_rule_words(checking,
                               "%s is not a tag: at most 128 letters, digits and . _ -, "
                               "the first no . or -",
                               oci_rule_quote(checking, list->tags[i])));
    }
}

void oci_rule_check_repositories(struct oci_checking *checking, const void *root)
{
    const struct oci_repository_list *list = root;

    for (size_t i = 0; i < list->repositories_count; i++)
        check_repository(checking, oci_rule_at(checking, "/repositories/%zu", i),
                         list->repositories[i]);
}

void oci_rule_check_token(struct oci_checking *checking, const void *root)
{
    const struct oci_registry_token *token = root;

    if (token->token == NULL && token->access_token == NULL)
        oci_rule_broken(checking, &rules[TOKEN_MISSING], oci_rule_at(checking, "/token"),
                        "there is neither token nor access_token");
    if (token->issued_at != NULL && !oci_rule_is_date_time(token->issued_at))
        oci_rule_broken(checking, &rules[TOKEN_TIME], oci_rule_at(checking, "/issued_at"),
                        oci_rule_words(checking, "%s is not a time such as 2026-01-31T12:00:00Z",
                                       oci_rule_quote(checking, token->issued_at)));
}
