/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers whose control group is systemd's to make: the scope's life beside the container's.
 *
 *     prepare   names, a connection, where the manager's groups are
 *     start     a process that does nothing, and the scope around it, with the limits
 *     (create)  the container's init joins the group
 *     settle    that process ends; the limits that are for a container that is ready
 *     update    limits again
 *     stop      at delete, and when a create fails
 */
#include <api/managed.h>

#ifdef HAVE_SYSTEMD

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

static char *default_address(const struct caller *caller)
{
    char text[64];
    if (!caller_is_rootless(caller))
        return strdup(SYSTEM_BUS);
    snprintf(text, sizeof(text), "unix:path=/run/user/%u/bus", caller->uid);
    return strdup(text);
}

int managed_prepare(struct managed *managed, const container_context *context,
                    const struct oci_runtime_config *config, const char *id,
                    const struct caller *caller, bool only_plan, struct failure *failure)
{
    const char *given = config->linux_ ? config->linux_->cgroups_path : NULL;
    int r = unit_plan(given, id, caller_is_rootless(caller), &managed->unit, failure);
    if (r == 0)
        r = properties_of_annotations(&managed->annotations, config, failure);
    if (r < 0)
        return r;
    managed->address =
        context->systemd_bus ? strdup(context->systemd_bus) : default_address(caller);
    if (managed->address == NULL)
        return fail_memory(failure);
    _free_ char *base = NULL;
    if (!only_plan) {
        r = bus_open(&managed->bus, managed->address, failure);
        if (r == 0)
            r = scope_base(&managed->bus, &base, failure);
    }
    if (r < 0)
        return r;
    if (asprintf(&managed->path, "%s%s", base ? base : "", managed->unit.path) < 0) {
        managed->path = NULL;
        return fail_memory(failure);
    }
    return 0;
}

char *managed_plan_text(const struct managed *managed, char *rest)
{
    char *whole = NULL;
    if (asprintf(&whole, "# systemd makes the scope \"%s\" in \"%s\", by the bus at %s\n%s",
                 managed->unit.name, managed->unit.slice, managed->address, rest) < 0)
        whole = NULL;
    free(rest);
    return whole;
}

int managed_check_place(const struct managed *managed, const struct group *group,
                        struct failure *failure)
{
    size_t length = strlen(managed->path) - strlen(managed->unit.path);
    const char *own = group_own(group);
    if (strncmp(own, managed->path, length) == 0 && (length == 0 || own[length] == '/' || own[length] == 0))
        return 0;
    return fail(failure, OCI_ERR_CGROUP,
                "the caller's control group %s is not below %.*s, that of its own systemd, so that it may "
                "move no process from there: start it with systemd-run --user --scope",
                group_own(group), (int)length, managed->path);
}

static int collect(const struct managed_limits *limits, bool late, struct properties *properties,
                   struct failure *failure)
{
    struct limits list _limits_ = {.prefix = limits->prefix, .log = limits->log};
    if (limits->resources == NULL)
        return 0;
    int r = groups_limits(limits->set, limits->resources, &list, failure);
    return r == 0 ? properties_of_limits(properties, &list, late, failure) : r;
}

static int collect_devices(const struct managed_limits *limits, struct properties *properties,
                           struct failure *failure)
{
    struct device_rules rules _device_rules_ = {0};
    int r = device_rules_collect(limits->resources, limits->prefix, &rules, failure);
    if (r < 0 || rules.count == 0)
        return r;
    char names[16384];
    _close_ int fd = open("/proc/devices", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : RETRY(read(fd, names, sizeof(names) - 1));
    names[n > 0 ? n : 0] = 0;
    properties_of_devices(properties, &rules, names);
    return properties->failed ? fail_memory(failure) : 0;
}

static int start_holder(struct managed *managed, container_context *context,
                        struct failure *failure)
{
    int init = context_init(context, failure);
    if (init < 0)
        return init;
    int r = compile_holder(&managed->holder_plan, failure);
    if (r < 0)
        return r;
    managed->holder.compiled = &managed->holder_plan;
    managed->holder.file = "";
    return session_begin_errand(&managed->holder, init, failure);
}

int managed_start(struct managed *managed, container_context *context, const char *id,
                  const struct managed_limits *limits, struct failure *failure)
{
    int r = collect(limits, false, &managed->annotations, failure);
    if (r == 0)
        r = start_holder(managed, context, failure);
    if (r < 0)
        return r;
    return scope_start(&managed->bus, &managed->unit, managed->path, id, managed->holder.pid,
                       &managed->annotations, &managed->started, failure);
}

void managed_release(struct managed *managed)
{
    session_abort(&managed->holder);
}

int managed_settle(struct managed *managed, const struct managed_limits *limits,
                   struct failure *failure)
{
    struct properties properties _properties_ = {0};
    managed_release(managed);
    int r = collect(limits, true, &properties, failure);
    if (r == 0 && limits->resources && !limits->hooks_may_add_devices)
        r = collect_devices(limits, &properties, failure);
    return r == 0 ? scope_set(&managed->bus, managed->unit.name, &properties, failure) : r;
}

int managed_update(const struct oci_record_systemd *record, const struct managed_limits *limits,
                   struct failure *failure)
{
    struct properties properties _properties_ = {0};
    struct bus bus _bus_ = {0};
    int r = collect(limits, false, &properties, failure);
    if (r == 0)
        r = collect(limits, true, &properties, failure);
    if (r == 0)
        r = collect_devices(limits, &properties, failure);
    if (r == 0 && properties.count)
        r = bus_open(&bus, record->address, failure);
    return r == 0 && properties.count ? scope_set(&bus, record->unit, &properties, failure) : r;
}

struct oci_record_systemd managed_record(const struct managed *managed)
{
    return (struct oci_record_systemd){.unit = managed->unit.name, .address = managed->address};
}

int managed_stop(const struct oci_record_systemd *record, struct failure *failure)
{
    struct bus bus _bus_ = {0};
    int r = bus_open(&bus, record->address, failure);
    return r == 0 ? scope_stop(&bus, record->unit, failure) : r;
}

void managed_free(struct managed *managed)
{
    session_abort(&managed->holder);
    compiled_free(&managed->holder_plan);
    properties_free(&managed->annotations);
    unit_free(&managed->unit);
    bus_close(&managed->bus);
    free(managed->address);
    free(managed->path);
    managed->address = managed->path = NULL;
}

#else

char *managed_plan_text(const struct managed *managed, char *rest)
{
    return rest;
}

int managed_check_place(const struct managed *managed, const struct group *group,
                        struct failure *failure)
{
    return 0;
}

static int lacking(struct failure *failure)
{
    return fail(failure, OCI_ERR_UNSUPPORTED,
                "this library was built without systemd: leave --systemd-cgroup out, or build it "
                "with libsystemd's headers");
}

int managed_prepare(struct managed *managed, const container_context *context,
                    const struct oci_runtime_config *config, const char *id,
                    const struct caller *caller, bool only_plan, struct failure *failure)
{
    return lacking(failure);
}

int managed_start(struct managed *managed, container_context *context, const char *id,
                  const struct managed_limits *limits, struct failure *failure)
{
    return lacking(failure);
}

int managed_settle(struct managed *managed, const struct managed_limits *limits,
                   struct failure *failure)
{
    return lacking(failure);
}

int managed_update(const struct oci_record_systemd *record, const struct managed_limits *limits,
                   struct failure *failure)
{
    return lacking(failure);
}

struct oci_record_systemd managed_record(const struct managed *managed)
{
    return (struct oci_record_systemd){0};
}

int managed_stop(const struct oci_record_systemd *record, struct failure *failure)
{
    return lacking(failure);
}

void managed_release(struct managed *managed)
{
}

void managed_free(struct managed *managed)
{
}

#endif
