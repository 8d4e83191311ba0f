/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of schemata files: lines such as "L3:0=7f0;1=1f".  Knows no files.
 */
#include <resctrl/resctrl.h>

#include <string.h>

#include <base/buffer.h>

/* The lines of l3CacheSchema; memBwSchema stands in for those about bandwidth. */
static void add_cache_lines(struct buffer *text, const struct oci_intel_rdt *config)
{
    bool replaced = config->mem_bw_schema && config->mem_bw_schema[0];
    for (const char *p = config->l3_cache_schema; p && *p;) {
        size_t length = strcspn(p, "\n");
        if (length && !(replaced && strncmp(p, "MB:", 3) == 0)) {
            buffer_add(text, p, length);
            buffer_text(text, "\n");
        }
        p += length + (p[length] == '\n');
    }
    if (replaced)
        buffer_format(text, "%s\n", config->mem_bw_schema);
}

char *schemata_text(const struct oci_intel_rdt *config, bool all)
{
    struct buffer text = {0};
    buffer_add(&text, "", 0);
    add_cache_lines(&text, config);
    for (size_t i = 0; all && i < config->schemata_count; i++)
        buffer_format(&text, "%s\n", config->schemata[i]);
    if (!buffer_failed(&text) && text.data == NULL)
        return strdup("");
    return buffer_take(&text);
}

/* The kernel pads its numbers with zeros. */
static void trim(const char **value, size_t *length)
{
    while (*length && **value == ' ') {
        ++*value;
        --*length;
    }
    while (*length && (*value)[*length - 1] == ' ')
        --*length;
    while (*length > 1 && **value == '0') {
        ++*value;
        --*length;
    }
}

static bool same_value(const char *a, size_t a_length, const char *b, size_t b_length)
{
    trim(&a, &a_length);
    trim(&b, &b_length);
    return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

/* The value of a domain in a line's list "0=7f0;1=1f". */
static bool list_has(const char *list, size_t size, const char *domain, size_t domain_length,
                     const char *value, size_t value_length)
{
    for (const char *p = list, *end = list + size; p < end;) {
        size_t length = strcspn(p, ";\n");
        length = length < (size_t)(end - p) ? length : (size_t)(end - p);
        const char *equals = memchr(p, '=', length);
        if (equals && same_value(p, (size_t)(equals - p), domain, domain_length))
            return same_value(equals + 1, length - (size_t)(equals + 1 - p), value, value_length);
        p += length + 1;
    }
    return false;
}

/* The list of the line with this name. */
static const char *find_list(const char *text, const char *name, size_t name_length, size_t *size)
{
    for (const char *p = text; *p;) {
        p += strspn(p, " ");
        size_t length = strcspn(p, "\n");
        if (length > name_length && strncmp(p, name, name_length) == 0 && p[name_length] == ':') {
            *size = length - name_length - 1;
            return p + name_length + 1;
        }
        p += length + (p[length] == '\n');
    }
    return NULL;
}

static bool line_holds(const char *current, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    size_t size = 0;
    const char *list = colon ? find_list(current, line, (size_t)(colon - line), &size) : NULL;
    if (list == NULL)
        return false;
    for (const char *p = colon + 1, *end = line + length; p < end;) {
        size_t part = strcspn(p, ";\n");
        part = part < (size_t)(end - p) ? part : (size_t)(end - p);
        const char *equals = memchr(p, '=', part);
        if (equals == NULL || !list_has(list, size, p, (size_t)(equals - p), equals + 1,
                                        part - (size_t)(equals + 1 - p)))
            return false;
        p += part + 1;
    }
    return true;
}

bool schemata_holds(const char *current, const char *wanted, const char **line, size_t *length)
{
    for (const char *p = wanted; *p;) {
        size_t n = strcspn(p, "\n");
        if (n && !line_holds(current, p, n)) {
            *line = p;
            *length = n;
            return false;
        }
        p += n + (p[n] == '\n');
    }
    return true;
}
