/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From limits, which are files of version 2 and their values, and from device rules to properties.
 */
#include <systemd/property.h>

#include <errno.h>
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

/* A number as the kernel reads it, "max", or "512M": with the letters of sizes.  What is behind it has to begin with
 * one of ends; what is not so is for the kernel alone, and systemd is told nothing. */
static bool read_number(const char *text, const char *ends, uint64_t *number)
{
    static const char letters[] = "kKmMgGtTpPeE";
    char *end;
    if (strncmp(text, "max", 3) == 0) {
        *number = UINT64_MAX;
        return strchr(ends, text[3]) != NULL;
    }
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *number = strtoull(text, &end, 10);
    const char *letter = *end ? strchr(letters, *end) : NULL;
    if (letter) {
        unsigned shift = 10 * ((unsigned)(letter - letters) / 2 + 1);
        if (*number > UINT64_MAX >> shift)
            return false;
        *number <<= shift;
        end++;
    }
    return errno == 0 && strchr(ends, *end) != NULL;
}

/* systemd keeps whole per cent: rounded up, as a limit of 0 would be none. */
#define QUOTA_STEP 10000

/* "20000 50000", or "max 100000". */
static void add_bandwidth(struct properties *properties, const char *value)
{
    uint64_t quota, period = 100000;
    const char *blank = strchr(value, ' ');
    if (!read_number(value, " \n", &quota) || (blank && !read_number(blank + 1, "\n", &period)) ||
        period == 0)
        return;
    if (quota != UINT64_MAX && quota > UINT64_MAX / 1000000)
        return;
    if (quota != UINT64_MAX)
        quota = (quota * 1000000 / period + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
    property_number(properties, "CPUQuotaPerSecUSec", PROPERTY_UINT64, quota);
    property_number(properties, "CPUQuotaPeriodUSec", PROPERTY_UINT64, period);
}

/* "0-3,7" as bits, the lowest first. */
static void add_bits(struct properties *properties, const char *name, const char *value)
{
    uint8_t bits[1024] = {0};
    size_t size = 0;
    const char *p = value;
    while (*p >= '0' && *p <= '9') {
        char *end;
        unsigned long from = strtoul(p, &end, 10), to = from;
        if (*end == '-' && (end[1] < '0' || end[1] > '9'))
            return;
        if (*end == '-')
            to = strtoul(end + 1, &end, 10);
        /* The kernel has the last word on what is wrong. */
        if (to < from || to >= sizeof(bits) * 8)
            return;
        for (unsigned long bit = from; bit <= to; bit++)
            bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
        size = to / 8 + 1 > size ? to / 8 + 1 : size;
        p = end + strspn(end, ", \n");
    }
    /* It knows more forms than these, of which half would be another list. */
    if (*p)
        return;
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
        uint64_t number;
        if (!read_number(found + strlen(kinds[i].key), " \n", &number))
            continue;
        struct property *property =
            property_next(properties, kinds[i].property, PROPERTY_DEVICE_BYTES);
        property_add_text(properties, property, path, strlen(path));
        if (property)
            property->number = number;
    }
}

/* systemd refuses 0 for these: the least that it takes is what it would write by itself. */
static bool is_above_zero(const char *property)
{
    return strcmp(property, "TasksMax") == 0 || strcmp(property, "MemoryMax") == 0 ||
           strcmp(property, "MemoryHigh") == 0;
}

static void add_number(struct properties *properties, const char *property, const char *value)
{
    uint64_t number;
    if (!read_number(value, "\n", &number))
        return;
    if (number == 0 && is_above_zero(property))
        number = 1;
    property_number(properties, property, PROPERTY_UINT64, number);
}

static void add_limit(struct properties *properties, const struct limit *limit)
{
    const char *file = limit->file, *value = limit->value;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (strcmp(file, numbers[i].file) == 0)
            add_number(properties, numbers[i].property, value);
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
    else if (strcmp(file, "io.weight") == 0)
        add_number(properties, "IOWeight", value + (strncmp(value, "default ", 8) == 0 ? 8 : 0));
    else if (strcmp(file, "io.max") == 0)
        add_throttle(properties, value);
}

static const char *value_of(const struct limits *limits, const char *file)
{
    for (size_t i = 0; i < limits->count; i++) {
        if (limits->list[i].file && strcmp(limits->list[i].file, file) == 0)
            return limits->list[i].value;
    }
    return NULL;
}

/* Who is no longer idle has the usual weight, unless another is asked for. */
static void end_idleness(struct properties *properties, const struct limits *limits)
{
    const char *idle = value_of(limits, "cpu.idle");
    if (idle && strcmp(idle, "0") == 0 && value_of(limits, "cpu.weight") == NULL)
        property_number(properties, "CPUWeight", PROPERTY_UINT64, 100);
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
    if (!late)
        end_idleness(properties, limits);
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
    bool can_say = is_list(rules);
    for (size_t i = 1; can_say && i < rules->count; i++)
        can_say = name_rule(&rules->list[i], proc_devices, text);
    property_text(properties, "DevicePolicy", "strict");
    /* An empty list takes away what it was told before. */
    property_next(properties, "DeviceAllow", PROPERTY_DEVICES);
    struct property *property = property_next(properties, "DeviceAllow", PROPERTY_DEVICES);
    /* systemd 252 keeps the program of a list that it is told to have no more, outside of system.slice. */
    if (!can_say) {
        static const char *const all[] = {"char-*", "rwm", "block-*", "rwm"};
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
            property_add_text(properties, property, all[i], strlen(all[i]));
        return;
    }
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
