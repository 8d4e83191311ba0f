/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties in annotations, with their values in GVariant's text form: booleans, numbers with or without a type
 * before them, texts in quotes, lists of texts.
 */
#include <systemd/property.h>

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* A text in quotes; NULL where it is none.  An escaped character stands for itself. */
static const char *read_text(const char *p, struct properties *properties,
                             struct property *property)
{
    char quote = *p++;
    if (quote != '\'' && quote != '"')
        return NULL;
    _free_ char *text = malloc(strlen(p) + 1);
    properties->failed |= text == NULL;
    size_t length = 0;
    for (; text && *p && *p != quote; p++) {
        if (*p == '\\' && p[1])
            p++;
        text[length++] = *p;
    }
    if (text == NULL || *p != quote)
        return NULL;
    property_add_text(properties, property, text, length);
    return p + 1;
}

static const char *read_texts(const char *p, struct properties *properties,
                              struct property *property)
{
    p = skip_blanks(p + 1);
    while (p && *p != ']') {
        p = read_text(p, properties, property);
        p = p ? skip_blanks(p) : NULL;
        if (p && *p == ',')
            p = skip_blanks(p + 1);
        else if (p && *p != ']')
            return NULL;
    }
    return p ? p + 1 : NULL;
}

/* With a point, whatever the program's locale has. */
static double read_double(const char *p, char **end)
{
    locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    *end = (char *)p;
    double number = plain ? strtod_l(p, end, plain) : 0;
    if (plain)
        freelocale(plain);
    return number;
}

/* Without a type a number is an int32, as GVariant has it. */
static const char *read_number(const char *p, struct property *property)
{
    static const struct {
        const char *word;
        enum property_type type;
    } types[] = {
        {"uint64", PROPERTY_UINT64}, {"int64", PROPERTY_INT64},   {"uint32", PROPERTY_UINT32},
        {"int32", PROPERTY_INT32},   {"double", PROPERTY_DOUBLE},
    };
    property->type = PROPERTY_INT32;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        size_t length = strlen(types[i].word);
        if (strncmp(p, types[i].word, length) == 0 && p[length] == ' ') {
            property->type = types[i].type;
            p = skip_blanks(p + length);
            break;
        }
    }
    char *end;
    errno = 0;
    bool below = *p == '-';
    if (property->type == PROPERTY_DOUBLE)
        property->real = read_double(p, &end);
    else if (below)
        property->number = (uint64_t)strtoll(p, &end, 0);
    else
        property->number = strtoull(p, &end, 0);
    int64_t number = (int64_t)property->number;
    bool bad = end == p || errno || strchr("0123456789-.", *p) == NULL;
    switch (property->type) {
    case PROPERTY_UINT64:
        bad |= below;
        break;
    case PROPERTY_INT64:
        bad |= !below && number < 0;
        break;
    case PROPERTY_UINT32:
        bad |= below || property->number > UINT32_MAX;
        break;
    case PROPERTY_INT32:
        bad |= number > INT32_MAX || number < INT32_MIN || (!below && number < 0);
        break;
    default:
        break;
    }
    return bad ? NULL : end;
}

static const char *read_value(const char *p, struct properties *properties,
                              struct property *property)
{
    bool yes = strncmp(p, "true", 4) == 0;
    if (yes || strncmp(p, "false", 5) == 0) {
        property->type = PROPERTY_BOOL;
        property->number = yes;
        return p + (yes ? 4 : 5);
    }
    if (*p == '\'' || *p == '"') {
        property->type = PROPERTY_TEXT;
        return read_text(p, properties, property);
    }
    if (*p == '[') {
        property->type = PROPERTY_TEXTS;
        return read_texts(p, properties, property);
    }
    return read_number(p, property);
}

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = strspn(name, letters);
    return length > 0 && name[length + strspn(name + length, "0123456789")] == 0;
}

/* What makes the scope the container's; the configuration's own members are for the rest. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {"PIDs", "PIDFDs", "Slice", "Delegate", "DevicePolicy", "DeviceAllow"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* "TimeoutStopSec" as systemd's files have it is "TimeoutStopUSec" on the bus, in microseconds; what is below 0 or too
 * much is systemd's infinity. */
static void turn_into_microseconds(struct properties *properties, struct property *property)
{
    size_t length = strlen(property->name);
    char *name = malloc(length + 2);
    properties->failed |= name == NULL;
    if (name == NULL)
        return;
    memcpy(name, property->name, length - 3);
    strcpy(name + length - 3, "USec");
    free(property->name);
    property->name = name;
    if (property->type == PROPERTY_DOUBLE)
        property->number =
            property->real >= 0 && property->real < 1e12 ? (uint64_t)(property->real * 1e6)
                                                         : UINT64_MAX;
    else
        property->number =
            property->number <= UINT64_MAX / 1000000 ? property->number * 1000000 : UINT64_MAX;
    property->type = PROPERTY_UINT64;
}

static bool is_in_seconds(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, "Sec") == 0 && name[length - 4] != 'U';
}

static bool is_number(const struct property *property)
{
    return property->type != PROPERTY_TEXT && property->type != PROPERTY_BOOL &&
           property->type != PROPERTY_TEXTS;
}

static int bad_annotation(struct failure *failure, const char *key, const char *problem)
{
    fail_at_member(failure, "/annotations", key);
    return fail(failure, OCI_ERR_CONFIG, "%s", problem);
}

int properties_of_annotations(struct properties *properties,
                              const struct oci_runtime_config *config, struct failure *failure)
{
    size_t prefix = strlen(ANNOTATION_PROPERTY);
    for (size_t i = 0; i < config->annotations_count; i++) {
        const char *key = config->annotations[i].key, *value = config->annotations[i].value;
        if (strncmp(key, ANNOTATION_PROPERTY, prefix) != 0)
            continue;
        if (!is_name(key + prefix))
            return bad_annotation(failure, key, "this is not the name of a property of systemd");
        if (is_ours(key + prefix))
            return bad_annotation(failure, key,
                                  "this property is the runtime's, and not to be given");
        struct property *property = property_next(properties, key + prefix, PROPERTY_TEXT);
        if (property == NULL)
            return fail_memory(failure);
        property->annotation = key;
        const char *end = read_value(skip_blanks(value), properties, property);
        if (properties->failed)
            return fail_memory(failure);
        if (end == NULL || *skip_blanks(end))
            return bad_annotation(failure, key,
                                  "the value is not a boolean, a number such as uint64 5, a "
                                  "text in quotes such as 'a b', or a list of texts such as ['a', 'b']");
        if (!is_in_seconds(property->name))
            continue;
        if (!is_number(property))
            return bad_annotation(failure, key,
                                  "a property whose name ends in Sec takes a number, of seconds");
        turn_into_microseconds(properties, property);
        if (properties->failed)
            return fail_memory(failure);
    }
    return 0;
}
