/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading device rules, and choosing the hierarchy that enforces them.
 */
#include <cgroup/device_rules.h>

#include <stdio.h>
#include <string.h>

#include <base/util.h>

void device_rules_free(struct device_rules *rules)
{
    free(rules->list);
    *rules = (struct device_rules){0};
}

static int bad(struct failure *failure, const char *prefix, size_t index, const char *member,
               const char *text)
{
    fail_at(failure, "%s/devices/%zu/%s", prefix, index, member);
    return fail(failure, OCI_ERR_CONFIG, "%s", text);
}

/* What a device's number has room for.  Not more, as 4294967295 is what version 1 calls every device. */
#define MAX_MAJOR 0xfff
#define MAX_MINOR 0xfffff

static int bad_number(struct failure *failure, const char *prefix, size_t index, const char *member,
                      int max)
{
    fail_at(failure, "%s/devices/%zu/%s", prefix, index, member);
    return fail(failure, OCI_ERR_RANGE, "the %s number of a device is from 0 to %d, or -1 for all",
                member, max);
}

static int read_access(const char *text, unsigned *access)
{
    *access = 0;
    for (; *text; text++) {
        unsigned bit = *text == 'm'   ? DEVICE_MAKE
                       : *text == 'r' ? DEVICE_READ
                       : *text == 'w' ? DEVICE_WRITE
                                      : 0u;
        if (bit == 0)
            return -1;
        *access |= bit;
    }
    return 0;
}

static int read_rule(const struct oci_device_cgroup *from, size_t index, const char *prefix,
                     struct device_rule *rule, struct failure *failure)
{
    *rule = (struct device_rule){.allow = from->allow,
                                 .type = 'a',
                                 .major = DEVICE_ANY,
                                 .minor = DEVICE_ANY,
                                 .access = DEVICE_ALL,
                                 .index = index};
    if (from->type && from->type[0]) {
        if (strlen(from->type) != 1 || strchr("abc", from->type[0]) == NULL)
            return bad(failure, prefix, index, "type",
                       "the type of devices is a, b or c: all, block or character devices");
        rule->type = from->type[0];
    }
    if (from->has_major)
        rule->major = from->major;
    if (from->has_minor)
        rule->minor = from->minor;
    if (rule->major < DEVICE_ANY || rule->major > MAX_MAJOR)
        return bad_number(failure, prefix, index, "major", MAX_MAJOR);
    if (rule->minor < DEVICE_ANY || rule->minor > MAX_MINOR)
        return bad_number(failure, prefix, index, "minor", MAX_MINOR);
    if (from->access && from->access[0] && read_access(from->access, &rule->access) < 0)
        return bad(failure, prefix, index, "access",
                   "access is made of r, w and m: read, write and make");
    return 0;
}

static void add_always(struct device_rules *rules, size_t index)
{
    /* What every container has in /dev, and what it may make: without these a container does not
     * work.  The first two: nodes may be made, which opens nothing. */
    static const struct device_rule always[] = {
        {true, 'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MAKE, 0},
        {true, 'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MAKE, 0},
        {true, 'c', 1, 3, DEVICE_ALL, 0},
        {true, 'c', 1, 5, DEVICE_ALL, 0},
        {true, 'c', 1, 7, DEVICE_ALL, 0},
        {true, 'c', 1, 8, DEVICE_ALL, 0},
        {true, 'c', 1, 9, DEVICE_ALL, 0},
        {true, 'c', 5, 0, DEVICE_ALL, 0},
        {true, 'c', 5, 1, DEVICE_ALL, 0},
        {true, 'c', 5, 2, DEVICE_ALL, 0},
        {true, 'c', 136, DEVICE_ANY, DEVICE_ALL, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
        rules->list[rules->count] = always[i];
        rules->list[rules->count++].index = index;
    }
}

#define ALWAYS 11
/* Rules of version 1 are compared with each other. */
#define MAX_RULES 4096

int device_rules_collect(const struct oci_linux_resources *resources, const char *prefix,
                         struct device_rules *rules, struct failure *failure)
{
    size_t count = resources->devices_count;
    if (count == 0)
        return 0;
    if (count > MAX_RULES) {
        fail_at(failure, "%s/devices", prefix);
        return fail(failure, OCI_ERR_CONFIG, "there are more than %d device rules", MAX_RULES);
    }
    rules->list = calloc(count + ALWAYS, sizeof(*rules->list));
    if (rules->list == NULL)
        return fail_memory(failure);
    for (size_t i = 0; i < count; i++) {
        struct device_rule rule;
        int r = read_rule(&resources->devices[i], i, prefix, &rule, failure);
        if (r < 0)
            return r;
        /* All before it are void. */
        if (rule.type == 'a' && rule.major == DEVICE_ANY && rule.minor == DEVICE_ANY &&
            rule.access == DEVICE_ALL)
            rules->count = 0;
        rules->list[rules->count++] = rule;
    }
    add_always(rules, count);
    return 0;
}

const struct group *devices_group(const struct group_set *set)
{
    const struct group *group = groups_with(set, "devices");
    for (size_t i = 0; group == NULL && i < set->count; i++)
        group = set->groups[i].v2 ? &set->groups[i] : NULL;
    return group;
}

int groups_set_devices(const struct group_set *set, const struct device_rules *rules,
                       const char *prefix, bool update, struct devices_before *before,
                       const struct log *log, struct failure *failure)
{
    if (rules->count == 0)
        return 0;
    const struct group *group = devices_group(set);
    /* Every engine sets rules, and a host without control groups, such as another container, would have no
     * containers at all. */
    if (group == NULL) {
        log_message(log, CONTAINER_LOG_WARNING,
                    "%s/devices: this host has no control groups; not enforced", prefix);
        return 0;
    }
    bool in_use = update || group->made == 0;
    if (group->made > 0)
        before = NULL;
    int r = group->v2 ? device_attach(group, rules, prefix, in_use,
                                      before ? &before->programs : NULL, log, failure)
                      : devices_v1_set(group, rules, prefix, in_use,
                                       before ? &before->listed : NULL, log, failure);
    if (r == 0 && before)
        before->group = group;
    return r;
}

void devices_bring_back(struct devices_before *before, const struct log *log)
{
    const struct group *group = before->group;
    struct failure failure = {0};
    int r = 0;
    if (group && !group->v2)
        r = devices_v1_bring_back(group, &before->listed, &failure);
    else if (before->programs)
        r = device_programs_bring_back(before->programs);
    if (r < 0)
        log_message(log, CONTAINER_LOG_WARNING,
                    "the device rules of %s%s could not be set back after the failure",
                    group->mountpoint, group->path);
    before->group = NULL;
    devices_before_free(before);
}

void devices_before_free(struct devices_before *before)
{
    device_exceptions_free(&before->listed);
    device_programs_free(before->programs);
    *before = (struct devices_before){0};
}
