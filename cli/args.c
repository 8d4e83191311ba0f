/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option parser.
 */
#include "args.h"
#include "suggest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word of argv taken apart. */
struct word {
    const char *name;
    size_t length;
    const char *value; /* after '=', or NULL */
};

struct reader {
    const struct args_request *request;
    struct args_outcome *outcome;
    char **argv;
    size_t argc;
    size_t next;
};

static const struct args_option help_option = {
    .name = "help", .letter = 'h', .kind = ARGS_FLAG, .help = "show this help"};

bool args_number(const char *text, long least, long most, long *number)
{
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    errno = 0;
    long value = strtol(text, NULL, 10);
    if (errno != 0 || value < least || value > most)
        return false;
    *number = value;
    return true;
}

static struct word take_apart(const char *text)
{
    const char *name = text + (text[1] == '-' ? 2 : 1);
    const char *equals = strchr(name, '=');
    return (struct word){
        .name = name,
        .length = equals ? (size_t)(equals - name) : strlen(name),
        .value = equals ? equals + 1 : NULL,
    };
}

static bool is_named(const struct args_option *option, const struct word *word)
{
    if (option->kind == ARGS_OTHER)
        return false;
    if (word->length == 1 && word->name[0] == option->letter)
        return true;
    return strlen(option->name) == word->length &&
           memcmp(option->name, word->name, word->length) == 0;
}

static const struct args_option *find(const struct args_table *table, const struct word *word)
{
    for (size_t i = 0; i < table->count; i++) {
        if (is_named(&table->options[i], word))
            return &table->options[i];
    }
    return is_named(&help_option, word) ? &help_option : NULL;
}

/* The option that takes words such as "-9". */
static const struct args_option *find_other(const struct args_table *table, const char *text)
{
    for (size_t i = 0; i < table->count && text[1] != '-'; i++) {
        if (table->options[i].kind == ARGS_OTHER)
            return &table->options[i];
    }
    return NULL;
}

static enum args_result unknown(struct reader *reader, const char *text, const struct word *word)
{
    const struct args_table *table = &reader->request->table;
    char typed[64];
    snprintf(typed, sizeof(typed), "%.*s", (int)word->length, word->name);
    const char *nearest = NULL;
    size_t least = suggest_limit(typed) + 1;
    for (size_t i = 0; i < table->count; i++) {
        size_t distance = suggest_distance(typed, table->options[i].name);
        if (distance < least && table->options[i].kind != ARGS_OTHER) {
            least = distance;
            nearest = table->options[i].name;
        }
    }
    const char *dashes = word->length == 1 ? "-" : "--";
    if (nearest)
        snprintf(reader->outcome->problem, sizeof(reader->outcome->problem),
                 "unknown option %s%s; did you mean --%s?", dashes, typed, nearest);
    else if (text[1] != '-' && word->length > 1)
        snprintf(reader->outcome->problem, sizeof(reader->outcome->problem),
                 "unknown option -%s; short options are not combined: give each its own dash",
                 typed);
    else
        snprintf(reader->outcome->problem, sizeof(reader->outcome->problem), "unknown option %s%s",
                 dashes, typed);
    return ARGS_MISUSE;
}

static enum args_result wrong_value(struct reader *reader, const struct args_option *option,
                                    const char *wanted, const char *value)
{
    snprintf(reader->outcome->problem, sizeof(reader->outcome->problem),
             "--%s takes %s, not \"%.80s\"", option->name, wanted, value);
    return ARGS_MISUSE;
}

static bool truth(const char *text, bool *value)
{
    /* Every other one means no. */
    static const char *const words[] = {"true", "false", "1", "0", "t",    "f",
                                        "TRUE", "FALSE", "T", "F", "True", "False"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i % 2 == 0;
            return true;
        }
    }
    return false;
}

static bool list_add(struct args_list *list, const char *item)
{
    const char **grown = reallocarray(list->items, list->count + 2, sizeof(*grown));
    if (grown == NULL)
        return false;
    list->items = grown;
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
    return true;
}

static enum args_result store(struct reader *reader, const struct args_option *option,
                              const char *value)
{
    char *member = (char *)reader->request->settings + option->offset;
    long number;
    switch (option->kind) {
    case ARGS_FLAG:
        if (!truth(value, (bool *)member))
            return wrong_value(reader, option, "true or false", value);
        return ARGS_OK;
    case ARGS_TEXT:
    case ARGS_OTHER:
        memcpy(member, &value, sizeof(value));
        return ARGS_OK;
    case ARGS_NUMBER:
        if (!args_number(value, 0, INT_MAX, &number))
            return wrong_value(reader, option, "a number", value);
        *(int *)member = (int)number;
        return ARGS_OK;
    case ARGS_LIST:
        return list_add((struct args_list *)member, value) ? ARGS_OK : ARGS_MEMORY;
    }
    return ARGS_MISUSE;
}

static enum args_result read_help(struct reader *reader, const char *value)
{
    bool wanted;
    if (!truth(value, &wanted))
        return wrong_value(reader, &help_option, "true or false", value);
    return wanted ? ARGS_HELP : ARGS_OK;
}

static enum args_result read_option(struct reader *reader, const char *text)
{
    struct word word = take_apart(text);
    const struct args_option *option = find(&reader->request->table, &word);
    if (option == NULL) {
        option = find_other(&reader->request->table, text);
        return option ? store(reader, option, text + 1) : unknown(reader, text, &word);
    }
    const char *value = word.value;
    if (value == NULL && option->kind == ARGS_FLAG)
        value = "true";
    if (value == NULL) {
        if (reader->next == reader->argc) {
            /* Callers probe for options with this very text. */
            snprintf(reader->outcome->problem, sizeof(reader->outcome->problem),
                     "flag needs an argument: --%s", option->name);
            return ARGS_MISUSE;
        }
        value = reader->argv[reader->next++];
    }
    return option == &help_option ? read_help(reader, value) : store(reader, option, value);
}

static bool is_option(const char *text)
{
    return text[0] == '-' && text[1] != '\0';
}

enum args_result args_parse(const struct args_request *request, int argc, char **argv,
                            struct args_outcome *outcome)
{
    struct reader reader = {
        .request = request, .outcome = outcome, .argv = argv, .argc = (size_t)argc};
    size_t kept = 0; /* arguments met so far, gathered at the front of argv */
    outcome->problem[0] = '\0';
    while (reader.next < reader.argc) {
        char *text = argv[reader.next++];
        if (!is_option(text)) {
            if (request->stop_at_argument) {
                reader.next--;
                break;
            }
            argv[kept++] = text;
            continue;
        }
        if (strcmp(text, "--") == 0)
            break;
        enum args_result result = read_option(&reader, text);
        if (result != ARGS_OK)
            return result;
    }
    while (reader.next < reader.argc)
        argv[kept++] = argv[reader.next++];
    if (kept < reader.argc)
        argv[kept] = NULL;
    outcome->count = kept;
    return ARGS_OK;
}

void args_release(const struct args_table *table, void *settings)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct args_option *option = &table->options[i];
        if (option->kind == ARGS_LIST) {
            struct args_list *list = (struct args_list *)((char *)settings + option->offset);
            free(list->items);
            *list = (struct args_list){NULL, 0};
        }
    }
}
