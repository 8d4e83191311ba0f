/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules in the files of version 1.  The kernel keeps there what holds for all devices, and exceptions
 * from it; an exception goes away only by a rule about the very same devices.  So the rules are made into such
 * a list first, and then what the group has is changed into it.  What stays allowed is so at any time, but where the
 * group allows all devices before or after and not the other time: that turn takes all exceptions away.
 */
#include <cgroup/device_rules.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>

void device_exceptions_free(struct device_exceptions *e)
{
    free(e->list);
    *e = (struct device_exceptions){0};
}

#define _exceptions_ _cleanup_(device_exceptions_free)

static bool same_devices(const struct device_rule *a, const struct device_rule *b)
{
    return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool overlap(const struct device_rule *a, const struct device_rule *b)
{
    return (a->access & b->access) && a->type == b->type &&
           (a->major == DEVICE_ANY || b->major == DEVICE_ANY || a->major == b->major) &&
           (a->minor == DEVICE_ANY || b->minor == DEVICE_ANY || a->minor == b->minor);
}

static struct device_rule *find(const struct device_exceptions *e, const struct device_rule *rule)
{
    for (size_t i = 0; i < e->count; i++) {
        if (same_devices(&e->list[i], rule))
            return &e->list[i];
    }
    return NULL;
}

static int add(struct device_exceptions *e, const struct device_rule *rule)
{
    struct device_rule *known = find(e, rule);
    if (known) {
        known->access |= rule->access;
        known->index = rule->index;
        return 0;
    }
    if (e->count == e->room) {
        size_t room = e->room ? e->room * 2 : 16;
        struct device_rule *list = reallocarray(e->list, room, sizeof(*list));
        if (list == NULL)
            return OCI_ERR_NO_MEMORY;
        e->list = list;
        e->room = room;
    }
    e->list[e->count++] = *rule;
    return 0;
}

/* Take back exceptions; 1 where one of them is about more or fewer devices, which version 1 cannot do. */
static int take_back(struct device_exceptions *e, const struct device_rule *rule)
{
    bool partly = false;
    for (size_t i = 0; i < e->count; i++) {
        if (same_devices(&e->list[i], rule))
            e->list[i].access &= ~rule->access;
        else
            partly |= overlap(&e->list[i], rule);
    }
    return partly;
}

static int put(struct device_exceptions *e, const struct device_rule *rule)
{
    return rule->allow == e->allow_all ? take_back(e, rule) : add(e, rule);
}

static int put_any(struct device_exceptions *e, const struct device_rule *rule)
{
    struct device_rule both[2] = {*rule, *rule};
    if (rule->type != 'a')
        return put(e, rule);
    if (rule->major == DEVICE_ANY && rule->minor == DEVICE_ANY && rule->access == DEVICE_ALL) {
        e->allow_all = rule->allow;
        e->count = 0;
        return 0;
    }
    /* The kernel would take a rule about all types for one about all devices. */
    both[0].type = 'b';
    both[1].type = 'c';
    int r = put(e, &both[0]);
    return r == 0 ? put(e, &both[1]) : r;
}

static int wanted(const struct device_rules *rules, const char *prefix, struct device_exceptions *e,
                  struct failure *failure)
{
    size_t given = rules->list[rules->count - 1].index;
    e->allow_all = true;
    for (size_t i = 0; i < rules->count; i++) {
        const struct device_rule *rule = &rules->list[i];
        int r = put_any(e, rule);
        if (r < 0)
            return fail_memory(failure);
        /* That nodes may be made is a default, which a rule about fewer devices may take away. */
        if (r > 0 && !(rule->index == given && rule->access == DEVICE_MAKE)) {
            fail_at(failure, rule->index < given ? "%s/devices/%zu" : "%s/devices", prefix,
                    rule->index);
            return fail(failure, OCI_ERR_UNSUPPORTED,
                        "control groups of version 1 cannot have a device rule about a part of the "
                        "devices of an earlier one; begin with a rule that denies all, and allow");
        }
    }
    return 0;
}

static const char *access_text(unsigned access, char text[4])
{
    char *p = text;
    if (access & DEVICE_READ)
        *p++ = 'r';
    if (access & DEVICE_WRITE)
        *p++ = 'w';
    if (access & DEVICE_MAKE)
        *p++ = 'm';
    *p = 0;
    return text;
}

/* "c 1:* rwm" */
static void rule_text(const struct device_rule *rule, unsigned access, char text[64])
{
    char major[24] = "*", minor[24] = "*", letters[4];
    if (rule->major != DEVICE_ANY)
        snprintf(major, sizeof(major), "%lld", (long long)rule->major);
    if (rule->minor != DEVICE_ANY)
        snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
    snprintf(text, 64, "%c %s:%s %s", rule->type, major, minor, access_text(access, letters));
}

static int64_t read_number(const char *text)
{
    return text[0] == '*' ? DEVICE_ANY : strtoll(text, NULL, 10);
}

/* What the group has.  Exceptions of a group that allows all are not shown by the kernel. */
static int read_current(const struct group *group, int dir, struct device_exceptions *e,
                        struct failure *failure)
{
    _close_ int fd = openat(dir, "devices.list", O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t length;
    int error = 0, r = fd < 0 ? -1 : oci_read_fd(fd, 1 << 20, &text, &length, &error);
    if (r < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, fd < 0 ? errno : error, "read %s%s/devices.list",
                          group->mountpoint, group->path);
    for (const char *line = text; r == 0 && *line;) {
        char type, major[16], minor[16], access[8];
        if (sscanf(line, "%c %15[^:]:%15s %7s", &type, major, minor, access) != 4)
            break;
        struct device_rule rule = {.allow = true,
                                   .type = type,
                                   .major = read_number(major),
                                   .minor = read_number(minor),
                                   .access = (strchr(access, 'r') ? DEVICE_READ : 0u) |
                                             (strchr(access, 'w') ? DEVICE_WRITE : 0u) |
                                             (strchr(access, 'm') ? DEVICE_MAKE : 0u)};
        if (type == 'a')
            e->allow_all = true;
        else if (add(e, &rule) < 0)
            r = fail_memory(failure);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    oci_free(text);
    return r;
}

struct writing {
    const struct group *group;
    int dir;
    const char *prefix;
    size_t given; /* rules of the configuration; those behind them have no place there */
    const struct log *log;
};

static int write_rule(const struct writing *w, bool allow, const char *text, size_t index,
                      struct failure *failure)
{
    char place[128];
    snprintf(place, sizeof(place), index < w->given ? "%s/devices/%zu" : "%s/devices", w->prefix,
             index);
    return group_write(w->group, w->dir, allow ? "devices.allow" : "devices.deny", text, place,
                       failure);
}

static bool has_exceptions(const struct device_exceptions *e)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->list[i].access)
            return true;
    }
    return false;
}

/* Set what holds for all devices, without exceptions.  The kernel does not where groups are inside, as these go by
 * it.  Where all devices were allowed and are to be, more can be denied nevertheless. */
static int write_all(const struct writing *w, const struct device_exceptions *from,
                     const struct device_exceptions *to, struct failure *failure)
{
    struct failure found = {0};
    int r = write_rule(w, to->allow_all, "a", w->given, &found);
    if (r == 0)
        return 0;
    if (found.error == EINVAL && from->allow_all && to->allow_all && has_exceptions(to)) {
        log_message(w->log, CONTAINER_LOG_WARNING,
                    "%s/devices: control group %s%s has groups inside it; what earlier rules "
                    "denied stays denied",
                    w->prefix, w->group->mountpoint, w->group->path);
        return 0;
    }
    *failure = found;
    if (found.error != EINVAL)
        return r;
    fail_at(failure, "%s/devices", w->prefix);
    return fail_errno(failure, OCI_ERR_CGROUP, found.error,
                      "%s all devices%s in control group %s%s: version 1 cannot while it has "
                      "groups inside it; remove those first",
                      to->allow_all ? "allow" : "deny",
                      from->allow_all == to->allow_all ? " without exception" : "",
                      w->group->mountpoint, w->group->path);
}

static int change(const struct writing *w, const struct device_exceptions *from,
                  const struct device_exceptions *to, bool renew, struct failure *failure)
{
    bool same = from->allow_all == to->allow_all && !(renew && to->allow_all);
    int r = same ? 0 : write_all(w, from, to, failure);
    char text[64];
    for (size_t i = 0; r == 0 && i < to->count; i++) {
        const struct device_rule *had = same ? find(from, &to->list[i]) : NULL;
        unsigned missing = to->list[i].access & ~(had ? had->access : 0);
        if (missing == 0)
            continue;
        rule_text(&to->list[i], missing, text);
        r = write_rule(w, !to->allow_all, text, to->list[i].index, failure);
    }
    for (size_t i = 0; same && r == 0 && i < from->count; i++) {
        const struct device_rule *stays = find(to, &from->list[i]);
        unsigned over = from->list[i].access & ~(stays ? stays->access : 0);
        if (over == 0)
            continue;
        rule_text(&from->list[i], over, text);
        r = write_rule(w, to->allow_all, text, w->given, failure);
    }
    return r;
}

int devices_v1_set(const struct group *group, const struct device_rules *rules, const char *prefix,
                   bool update, struct device_exceptions *before, const struct log *log,
                   struct failure *failure)
{
    struct device_exceptions to _exceptions_ = {0}, from _exceptions_ = {0};
    struct device_exceptions now _exceptions_ = {0};
    struct failure ignored = {0};
    int r = wanted(rules, prefix, &to, failure);
    _close_ int dir = r < 0 ? -1 : group_open(group, failure);
    if (dir < 0)
        return r < 0 ? r : dir;
    struct writing writing = {group, dir, prefix, rules->list[rules->count - 1].index, log};
    r = read_current(group, dir, &from, failure);
    if (r == 0)
        r = change(&writing, &from, &to, update, failure);
    if (r < 0 && update && read_current(group, dir, &now, &ignored) == 0)
        change(&writing, &now, &from, false, &ignored);
    if (r == 0 && before) {
        *before = from;
        from = (struct device_exceptions){0};
    }
    return r;
}

int devices_v1_bring_back(const struct group *group, const struct device_exceptions *before,
                          struct failure *failure)
{
    struct device_exceptions now _exceptions_ = {0};
    _close_ int dir = group_open(group, failure);
    if (dir < 0)
        return dir;
    struct writing writing = {group, dir, "", 0, NULL};
    int r = read_current(group, dir, &now, failure);
    return r == 0 ? change(&writing, &now, before, true, failure) : r;
}
