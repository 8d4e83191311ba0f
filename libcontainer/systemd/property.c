/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From limits, which are files of version 2 and their values, and from device rules to properties.
 */
#include <systemd/property.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

void properties_free(struct properties *properties)
{
    for (size_t i = 0; i < properties->count; i++) {
        struct property *property = &properties->list[i];
        for (char **text = property->texts; text && *text; text++)
            free(*text);
        free(property->texts);
        free(property->bytes);
        free(property->name);
    }
    free(properties->list);
    *properties = (struct properties){0};
}

struct property *property_next(struct properties *properties, const char *name,
                               enum property_type type)
{
    if (properties->count == properties->room) {
        size_t room = properties->room ? properties->room * 2 : 16;
        struct property *list = reallocarray(properties->list, room, sizeof(*list));
        properties->failed |= list == NULL;
        if (list == NULL)
            return NULL;
        properties->list = list;
        properties->room = room;
    }
    struct property *property = &properties->list[properties->count];
    *property = (struct property){.name = strdup(name), .type = type};
    properties->failed |= property->name == NULL;
    properties->count += property->name != NULL;
    return property->name ? property : NULL;
}

void property_add_text(struct properties *properties, struct property *property, const char *text,
                       size_t length)
{
    if (property == NULL)
        return;
    size_t count = 0;
    while (property->texts && property->texts[count])
        count++;
    char **texts = reallocarray(property->texts, count + 2, sizeof(*texts));
    if (texts) {
        property->texts = texts;
        texts[count] = strndup(text, length);
        texts[count + 1] = NULL;
    }
    properties->failed |= texts == NULL || texts[count] == NULL;
}

void property_number(struct properties *properties, const char *name, enum property_type type,
                     uint64_t number)
{
    struct property *property = property_next(properties, name, type);
    if (property)
        property->number = number;
}

void property_text(struct properties *properties, const char *name, const char *text)
{
    property_add_text(properties, property_next(properties, name, PROPERTY_TEXT), text,
                      strlen(text));
}

/* Files that hold one number, or "max". */
static const struct {
    const char *file, *property;
} numbers[] = {
    {"memory.max", "MemoryMax"},   {"memory.high", "MemoryHigh"},
    {"memory.low", "MemoryLow"},   {"memory.min", "MemoryMin"},
    {"memory.swap.max", "MemorySwapMax"}, {"pids.max", "TasksMax"},
    {"cpu.weight", "CPUWeight"},
};

static uint64_t number_or_max(const char *text)
{
    return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* "20000 50000", or "max 100000". */
static void add_bandwidth(struct properties *properties, const char *value)
{
    uint64_t quota = number_or_max(value), period = 100000;
    const char *blank = strchr(value, ' ');
    if (blank)
        period = strtoull(blank + 1, NULL, 10);
    if (period == 0)
        return;
    if (quota != UINT64_MAX)
        quota = quota > UINT64_MAX / 1000000 ? UINT64_MAX : quota * 1000000 / period;
    property_number(properties, "CPUQuotaPerSecUSec", PROPERTY_UINT64, quota);
    property_number(properties, "CPUQuotaPeriodUSec", PROPERTY_UINT64, period);
}

/* "0-3,7" as bits, the lowest first. */
static void add_bits(struct properties *properties, const char *name, const char *value)
{
    uint8_t bits[1024] = {0};
    size_t size = 0;
    for (const char *p = value; *p >= '0' && *p <= '9';) {
        char *end;
        unsigned long from = strtoul(p, &end, 10), to = from;
        if (*end == '-')
            to = strtoul(end + 1, &end, 10);
        /* The kernel has the last word on what is wrong. */
        if (to < from || to >= sizeof(bits) * 8)
            return;
        for (unsigned long bit = from; bit <= to; bit++)
            bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
        size = to / 8 + 1 > size ? to / 8 + 1 : size;
        p = end + strspn(end, ", ");
    }
    struct property *property = size ? property_next(properties, name, PROPERTY_BYTES) : NULL;
    if (property == NULL)
        return;
    property->bytes = malloc(size);
    property->size = size;
    properties->failed |= property->bytes == NULL;
    if (property->bytes)
        memcpy(property->bytes, bits, size);
}

/* "8:0 rbps=1048576", "8:0 wiops=max". */
static void add_throttle(struct properties *properties, const char *value)
{
    static const struct {
        const char *key, *property;
    } kinds[] = {
        {"rbps=", "IOReadBandwidthMax"},
        {"wbps=", "IOWriteBandwidthMax"},
        {"riops=", "IOReadIOPSMax"},
        {"wiops=", "IOWriteIOPSMax"},
    };
    unsigned major, minor;
    char path[48];
    if (sscanf(value, "%u:%u", &major, &minor) != 2)
        return;
    snprintf(path, sizeof(path), "/dev/block/%u:%u", major, minor);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *found = strstr(value, kinds[i].key);
        if (found == NULL || found == value || found[-1] != ' ')
            continue;
        struct property *property =
            property_next(properties, kinds[i].property, PROPERTY_DEVICE_BYTES);
        property_add_text(properties, property, path, strlen(path));
        if (property)
            property->number = number_or_max(found + strlen(kinds[i].key));
    }
}

static void add_limit(struct properties *properties, const struct limit *limit)
{
    const char *file = limit->file, *value = limit->value;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (strcmp(file, numbers[i].file) == 0)
            property_number(properties, numbers[i].property, PROPERTY_UINT64,
                            number_or_max(value));
    }
    if (strcmp(file, "cpu.max") == 0)
        add_bandwidth(properties, value);
    /* 0 is what systemd calls "idle". */
    else if (strcmp(file, "cpu.idle") == 0 && strcmp(value, "1") == 0)
        property_number(properties, "CPUWeight", PROPERTY_UINT64, 0);
    else if (strcmp(file, "cpuset.cpus") == 0)
        add_bits(properties, "AllowedCPUs", value);
    else if (strcmp(file, "cpuset.mems") == 0)
        add_bits(properties, "AllowedMemoryNodes", value);
    else if (strcmp(file, "io.weight") == 0 && strncmp(value, "default ", 8) == 0)
        property_number(properties, "IOWeight", PROPERTY_UINT64, number_or_max(value + 8));
    else if (strcmp(file, "io.max") == 0)
        add_throttle(properties, value);
}

int properties_of_limits(struct properties *properties, const struct limits *limits, bool late,
                         struct failure *failure)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct limit *limit = &limits->list[i];
        bool is_late = limit->flags & LIMIT_LATE;
        if (is_late == late && limit->file && limit->value)
            add_limit(properties, limit);
    }
    return properties->failed ? fail_memory(failure) : 0;
}

/* The name that /proc/devices has for a major number: "136 pts", below "Character devices:" or "Block devices:". */
static bool device_name(const char *list, char type, int64_t major, char name[64])
{
    const char *section = list ? strstr(list, type == 'b' ? "Block devices:" : "Character devices:")
                               : NULL;
    if (section == NULL)
        return false;
    for (const char *line = strchr(section, '\n'); line && line[1] && line[1] != '\n';
         line = strchr(line + 1, '\n')) {
        long number;
        if (sscanf(line + 1, "%ld %63s", &number, name) == 2 && number == major)
            return true;
    }
    return false;
}

static bool name_rule(const struct device_rule *rule, const char *proc_devices, char text[96])
{
    const char *kind = rule->type == 'b' ? "block" : "char";
    char name[64];
    if (rule->major == DEVICE_ANY && rule->minor == DEVICE_ANY)
        snprintf(text, 96, "%s-*", kind);
    else if (rule->major == DEVICE_ANY)
        return false;
    else if (rule->minor != DEVICE_ANY)
        snprintf(text, 96, "/dev/%s/%lld:%lld", kind, (long long)rule->major,
                 (long long)rule->minor);
    else if (device_name(proc_devices, rule->type, rule->major, name))
        snprintf(text, 96, "%s-%s", kind, name);
    else
        return false;
    return true;
}

/* Later rules may only allow more: a list of what is allowed has no order. */
static bool is_list(const struct device_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct device_rule *rule = &rules->list[i];
        bool all_denied = rule->type == 'a' && !rule->allow;
        if (i == 0 ? !all_denied : !rule->allow || rule->type == 'a')
            return false;
    }
    return rules->count > 0;
}

void properties_of_devices(struct properties *properties, const struct device_rules *rules,
                           const char *proc_devices)
{
    char text[96];
    if (!is_list(rules))
        return;
    for (size_t i = 1; i < rules->count; i++) {
        if (!name_rule(&rules->list[i], proc_devices, text))
            return;
    }
    property_text(properties, "DevicePolicy", "strict");
    struct property *property = property_next(properties, "DeviceAllow", PROPERTY_DEVICES);
    for (size_t i = 1; i < rules->count; i++) {
        unsigned access = rules->list[i].access;
        char letters[4] = "", *p = letters;
        if (access & DEVICE_READ)
            *p++ = 'r';
        if (access & DEVICE_WRITE)
            *p++ = 'w';
        if (access & DEVICE_MAKE)
            *p++ = 'm';
        *p = 0;
        name_rule(&rules->list[i], proc_devices, text);
        property_add_text(properties, property, text, strlen(text));
        property_add_text(properties, property, letters, strlen(letters));
    }
}
