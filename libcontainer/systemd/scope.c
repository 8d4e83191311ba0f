/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of systemd about a scope.
 */
#include <systemd/scope.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/clock.h>
#include <base/util.h>
#include <base/words.h>

/* The longest that a started unit may take until its process is where it belongs. */
#define START_TIMEOUT_MS 10000

int scope_base(struct bus *bus, char **base, struct failure *failure)
{
    int r = bus_text(bus, SYSTEMD_PATH, SYSTEMD_MANAGER, "ControlGroup", base, failure);
    if (r == 0 && strcmp(*base, "/") == 0)
        **base = 0;
    return r;
}

static int append_pairs(struct bus *bus, sd_bus_message *message, const struct property *property)
{
    bool devices = property->type == PROPERTY_DEVICES;
    int r = bus->sd_bus_message_open_container(message, 'v', devices ? "a(ss)" : "a(st)");
    if (r >= 0)
        r = bus->sd_bus_message_open_container(message, 'a', devices ? "(ss)" : "(st)");
    for (char **text = property->texts; r >= 0 && text && *text; text += devices ? 2 : 1) {
        if (devices)
            r = bus->sd_bus_message_append(message, "(ss)", text[0], text[1]);
        else
            r = bus->sd_bus_message_append(message, "(st)", text[0], property->number);
    }
    if (r >= 0)
        r = bus->sd_bus_message_close_container(message);
    return r < 0 ? r : bus->sd_bus_message_close_container(message);
}

static int append_texts(struct bus *bus, sd_bus_message *message, const struct property *property)
{
    int r = bus->sd_bus_message_open_container(message, 'v', "as");
    if (r >= 0)
        r = bus->sd_bus_message_open_container(message, 'a', "s");
    for (char **text = property->texts; r >= 0 && text && *text; text++)
        r = bus->sd_bus_message_append(message, "s", *text);
    if (r >= 0)
        r = bus->sd_bus_message_close_container(message);
    return r < 0 ? r : bus->sd_bus_message_close_container(message);
}

static int append_bytes(struct bus *bus, sd_bus_message *message, const struct property *property)
{
    int r = bus->sd_bus_message_open_container(message, 'v', "ay");
    if (r >= 0)
        r = bus->sd_bus_message_append_array(message, 'y', property->bytes, property->size);
    return r < 0 ? r : bus->sd_bus_message_close_container(message);
}

static int append_value(struct bus *bus, sd_bus_message *message, const struct property *property)
{
    uint64_t number = property->number;
    switch (property->type) {
    case PROPERTY_BYTES:
        return append_bytes(bus, message, property);
    case PROPERTY_TEXTS:
        return append_texts(bus, message, property);
    case PROPERTY_DEVICES:
    case PROPERTY_DEVICE_BYTES:
        return append_pairs(bus, message, property);
    case PROPERTY_PIDS:
        return bus->sd_bus_message_append(message, "v", "au", 1, (uint32_t)number);
    case PROPERTY_TEXT:
        return bus->sd_bus_message_append(message, "v", "s",
                                          property->texts ? property->texts[0] : "");
    case PROPERTY_BOOL:
        return bus->sd_bus_message_append(message, "v", "b", (int)number);
    case PROPERTY_UINT64:
        return bus->sd_bus_message_append(message, "v", "t", number);
    case PROPERTY_INT64:
        return bus->sd_bus_message_append(message, "v", "x", (int64_t)number);
    case PROPERTY_UINT32:
        return bus->sd_bus_message_append(message, "v", "u", (uint32_t)number);
    case PROPERTY_INT32:
        return bus->sd_bus_message_append(message, "v", "i", (int32_t)number);
    case PROPERTY_DOUBLE:
        return bus->sd_bus_message_append(message, "v", "d", property->real);
    }
    return -EINVAL;
}

static int append_list(struct bus *bus, sd_bus_message *message,
                       const struct properties *properties)
{
    int r = 0;
    for (size_t i = 0; r >= 0 && i < properties->count; i++) {
        r = bus->sd_bus_message_open_container(message, 'r', "sv");
        if (r >= 0)
            r = bus->sd_bus_message_append(message, "s", properties->list[i].name);
        if (r >= 0)
            r = append_value(bus, message, &properties->list[i]);
        if (r >= 0)
            r = bus->sd_bus_message_close_container(message);
    }
    return r;
}

static int new_call(struct bus *bus, const char *method, sd_bus_message **message)
{
    return bus->sd_bus_message_new_method_call(bus->connection, message, SYSTEMD_NAME, SYSTEMD_PATH,
                                               SYSTEMD_MANAGER, method);
}

/* What was built, or the reason why it could not be. */
static int send_call(struct bus *bus, int built, sd_bus_message *message, const char *doing,
                     struct failure *failure)
{
    if (built >= 0)
        return bus_call(bus, message, doing, failure);
    if (message)
        bus->sd_bus_message_unref(message);
    return fail_errno(failure, built == -ENOMEM ? OCI_ERR_NO_MEMORY : OCI_ERR_CGROUP, -built, "%s",
                      doing);
}

static void what_every_scope_has(struct properties *all, const struct unit *unit, const char *id,
                                 pid_t pid)
{
    static const char *const on[] = {"Delegate", "MemoryAccounting", "CPUAccounting",
                                     "IOAccounting", "TasksAccounting"};
    char text[300];
    snprintf(text, sizeof(text), "ocikit container %.250s", id);
    property_text(all, "Description", text);
    property_text(all, "Slice", unit->slice);
    /* A scope that failed, as after the memory limit ended a process, must not stay in the way of the next. */
    property_text(all, "CollectMode", "inactive-or-failed");
    property_number(all, "DefaultDependencies", PROPERTY_BOOL, 0);
    for (size_t i = 0; i < ARRAY_SIZE(on); i++)
        property_number(all, on[i], PROPERTY_BOOL, 1);
    property_number(all, "PIDs", PROPERTY_PIDS, (uint64_t)pid);
}

/* Is the process in the group at path, or below? */
static bool is_in(pid_t pid, const char *path)
{
    char file[32], line[4096 + 8];
    snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
    _close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : RETRY(read(fd, line, sizeof(line) - 1));
    if (n <= 0)
        return false;
    line[n] = 0;
    size_t length = strlen(path);
    for (char *p = line; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, "0::", 3) == 0)
            return strncmp(p + 3, path, length) == 0 && (p[3 + length] == '\n' || p[3 + length] == '/');
    }
    return false;
}

/* The answer to the call came when the job was queued. */
static int await_start(const struct unit *unit, const char *path, pid_t pid,
                       struct failure *failure)
{
    int64_t deadline = monotonic_ms() + START_TIMEOUT_MS;
    for (int wait = 1; !is_in(pid, path); wait = wait < 16 ? wait * 2 : 16) {
        if (monotonic_ms() >= deadline)
            return fail(failure, OCI_ERR_TIMEOUT,
                        "systemd did not start scope %s in %d ms; systemctl status %s may tell why",
                        unit->name, START_TIMEOUT_MS, unit->name);
        poll(NULL, 0, wait);
    }
    return 0;
}

/* systemd names a property that it does not take, but not one whose value it cannot read. */
static int blame_annotation(const struct properties *properties, struct failure *failure)
{
    const struct property *only = NULL;
    size_t count = 0;
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *one = &properties->list[i];
        if (one->annotation == NULL)
            continue;
        only = one;
        count++;
        if (words_have(failure->text, " ,.:'\"", one->name)) {
            fail_at_member(failure, "/annotations", one->annotation);
            return failure->code;
        }
    }
    if (failure->error != ENXIO || count == 0)
        return failure->code;
    if (count == 1)
        fail_at_member(failure, "/annotations", only->annotation);
    else
        fail_at(failure, "/annotations");
    return fail(failure, OCI_ERR_CONFIG,
                "systemd cannot read the value of %s: it wants one of another type, such as uint64 5, 'text' or "
                "['text', 'text']",
                count == 1 ? "this property" : "one of the properties " ANNOTATION_PROPERTY "*");
}

int scope_start(struct bus *bus, const struct unit *unit, const char *path, const char *id,
                pid_t pid, const struct properties *properties, bool *started,
                struct failure *failure)
{
    struct properties all _properties_ = {0};
    char doing[320];
    snprintf(doing, sizeof(doing), "start scope %s", unit->name);
    what_every_scope_has(&all, unit, id, pid);
    if (all.failed)
        return fail_memory(failure);
    sd_bus_message *message = NULL;
    int r = new_call(bus, "StartTransientUnit", &message);
    if (r >= 0)
        r = bus->sd_bus_message_append(message, "ss", unit->name, "fail");
    if (r >= 0)
        r = bus->sd_bus_message_open_container(message, 'a', "(sv)");
    if (r >= 0)
        r = append_list(bus, message, &all);
    /* After them, so that an annotation may change what is not the runtime's own. */
    if (r >= 0)
        r = append_list(bus, message, properties);
    if (r >= 0)
        r = bus->sd_bus_message_close_container(message);
    if (r >= 0)
        r = bus->sd_bus_message_append(message, "a(sa(sv))", 0);
    r = send_call(bus, r, message, doing, failure);
    *started = r == 0;
    if (r < 0)
        return blame_annotation(properties, failure);
    return await_start(unit, path, pid, failure);
}

int scope_set(struct bus *bus, const char *name, const struct properties *properties,
              struct failure *failure)
{
    if (properties->count == 0)
        return 0;
    char doing[320];
    snprintf(doing, sizeof(doing), "change scope %s", name);
    sd_bus_message *message = NULL;
    int r = new_call(bus, "SetUnitProperties", &message);
    if (r >= 0)
        r = bus->sd_bus_message_append(message, "sb", name, 1);
    if (r >= 0)
        r = bus->sd_bus_message_open_container(message, 'a', "(sv)");
    if (r >= 0)
        r = append_list(bus, message, properties);
    if (r >= 0)
        r = bus->sd_bus_message_close_container(message);
    r = send_call(bus, r, message, doing, failure);
    /* What the answer promises is done before the next question is answered. */
    _free_ char *base = NULL;
    return r == 0 ? scope_base(bus, &base, failure) : r;
}

int scope_stop(struct bus *bus, const char *name, struct failure *failure)
{
    char doing[320];
    snprintf(doing, sizeof(doing), "stop scope %s", name);
    sd_bus_message *message = NULL;
    int r = new_call(bus, "StopUnit", &message);
    if (r >= 0)
        r = bus->sd_bus_message_append(message, "ss", name, "replace");
    r = send_call(bus, r, message, doing, failure);
    /* No such unit: it ended with its last process. */
    return r < 0 && failure->error == ENOENT ? 0 : r;
}
