/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of units.
 */
#include <systemd/unit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/buffer.h>
#include <base/util.h>

#define UNIT_NAME_MAX 255

static int refuse(struct failure *failure, const char *path, const char *why)
{
    fail_at(failure, "/linux/cgroupsPath");
    return fail(failure, OCI_ERR_CONFIG,
                "path \"%s\": %s; under systemd it is SLICE:PREFIX:NAME, such as "
                "\"system.slice:ocikit:web\"",
                path, why);
}

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr(":-_.\\", c) != NULL);
}

/* As systemd-escape does, which knows how to read it back. */
static void add_escaped(struct buffer *name, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (is_plain(text[i]))
            buffer_add(name, &text[i], 1);
        else
            buffer_format(name, "\\x%02x", (unsigned char)text[i]);
    }
}

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t size = strlen(end);
    return length > size && memcmp(text + length - size, end, size) == 0;
}

static bool is_slice(const char *text, size_t length)
{
    if (!ends_with(text, length, ".slice") || length > UNIT_NAME_MAX)
        return false;
    length -= strlen(".slice");
    for (size_t i = 0; i < length; i++) {
        if (!is_plain(text[i]))
            return false;
    }
    if (length == 1 && text[0] == '-')
        return true;
    bool before = true; /* a dash, or the beginning, stands before */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-' && before)
            return false;
        before = text[i] == '-';
    }
    return !before;
}

/* Names that could be files of a group, or are systemd's own, have an underscore before them as directories. */
static bool needs_underscore(const char *name, size_t length, const char *end)
{
    static const char *const taken[] = {"notify_on_release", "release_agent", "tasks"};
    static const char *const before_dot[] = {
        "cgroup", "cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids", "bpf-firewall", "bpf-devices",
        "bpf-foreign", "bpf-socket-bind", "bpf-restrict-network-interfaces"};
    if (name[0] == '_' || name[0] == '.')
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        if (strlen(taken[i]) == length && memcmp(name, taken[i], length) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(before_dot); i++) {
        size_t size = strlen(before_dot[i]);
        bool has_dot = length > size ? name[size] == '.' : length == size && end[0] == '.';
        if (has_dot && memcmp(name, before_dot[i], size) == 0)
            return true;
    }
    return false;
}

static void add_component(struct buffer *path, const char *name, size_t length, const char *end)
{
    buffer_format(path, "/%s%.*s%s", needs_underscore(name, length, end) ? "_" : "", (int)length, name, end);
}

/* "a-b.slice" lies in "a.slice"; "-.slice" is the root of them all. */
static void add_slice_path(struct buffer *path, const char *slice)
{
    size_t stem = strlen(slice) - strlen(".slice");
    if (slice[0] == '-')
        return;
    for (size_t i = 1; i <= stem; i++) {
        if (i == stem || slice[i] == '-')
            add_component(path, slice, i, ".slice");
    }
}

static int name_scope(struct unit *unit, const char *given, const char *prefix,
                      size_t prefix_length, const char *name, struct failure *failure)
{
    _buffer_ struct buffer text = {0};
    add_escaped(&text, prefix, prefix_length);
    if (prefix_length)
        buffer_text(&text, "-");
    add_escaped(&text, name, strlen(name));
    buffer_text(&text, ".scope");
    if (buffer_failed(&text))
        return fail_memory(failure);
    if (text.length > UNIT_NAME_MAX)
        return refuse(failure, given, "the name of the scope has more than 255 characters");
    unit->name = buffer_take(&text);
    return unit->name ? 0 : fail_memory(failure);
}

int unit_plan(const char *cgroups_path, const char *id, bool user, struct unit *unit,
              struct failure *failure)
{
    const char *given = cgroups_path && cgroups_path[0] ? cgroups_path : "::";
    *unit = (struct unit){0};
    const char *first = strchr(given, ':');
    const char *second = first ? strchr(first + 1, ':') : NULL;
    if (second == NULL || strchr(second + 1, ':'))
        return refuse(failure, given, "it has not three parts with a colon between them");
    size_t length = (size_t)(first - given);
    if (length && !is_slice(given, length))
        return refuse(failure, given, "its first part is not the name of a slice, which ends in .slice and before "
                      "that has letters, digits, : _ . \\ and single dashes between them");
    const char *name = second[1] ? second + 1 : id;
    if (ends_with(name, strlen(name), ".slice"))
        return refuse(failure, given, "a container is a scope, not a slice");
    unit->slice = length ? strndup(given, length) : strdup(user ? "user.slice" : "system.slice");
    bool bare = given[0] == ':' && given[1] == ':';
    const char *prefix = bare ? "ocikit" : first + 1;
    int r = unit->slice ? 0 : fail_memory(failure);
    if (r == 0)
        r = name_scope(unit, given, prefix, bare ? 6 : (size_t)(second - first - 1), name, failure);
    _buffer_ struct buffer path = {0};
    if (r == 0) {
        add_slice_path(&path, unit->slice);
        add_component(&path, unit->name, strlen(unit->name), "");
        unit->path = buffer_take(&path);
        r = unit->path ? 0 : fail_memory(failure);
    }
    if (r < 0)
        unit_free(unit);
    return r;
}

void unit_free(struct unit *unit)
{
    free(unit->name);
    free(unit->slice);
    free(unit->path);
    *unit = (struct unit){0};
}
