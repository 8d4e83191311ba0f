/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection: open, call, close.
 */
#include <systemd/bus.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/clock.h>
#include <base/util.h>

#define LIBRARY "libsystemd.so.0"

static int load(struct bus *bus, struct failure *failure)
{
    bus->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (bus->library == NULL)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "control groups by systemd need " LIBRARY " on this host, which cannot be "
                    "loaded: install libsystemd0");
#define BUS_LOAD(name)                                                                             \
    bus->name = (__typeof__(name) *)dlsym(bus->library, #name);                                    \
    if (bus->name == NULL)                                                                         \
        return fail(failure, OCI_ERR_UNSUPPORTED, LIBRARY " of this host has no " #name);
    BUS_FUNCTIONS(BUS_LOAD)
#undef BUS_LOAD
    return 0;
}

/* Others than these would start programs, or leave this host. */
static bool is_local(const char *address)
{
    for (const char *p = address; p; p = strchr(p, ';')) {
        p += *p == ';';
        if (*p && strncmp(p, "unix:", 5) != 0)
            return false;
    }
    return address[0] != 0;
}

/* libsystemd's own limit for the first words with a peer that says nothing is a minute and a half. */
static int await_ready(struct bus *bus)
{
    int64_t deadline = monotonic_ms() + BUS_TIMEOUT_MS;
    int r;
    while ((r = bus->sd_bus_is_ready(bus->connection)) == 0) {
        r = bus->sd_bus_process(bus->connection, NULL);
        int64_t left = deadline - monotonic_ms();
        if (r == 0 && left <= 0)
            return -ETIMEDOUT;
        if (r == 0)
            r = bus->sd_bus_wait(bus->connection, (uint64_t)left * 1000);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return r;
}

static int connect_to(struct bus *bus, struct failure *failure)
{
    if (!is_local(bus->address))
        return fail(failure, OCI_ERR_INVALID_ARGUMENT,
                    "the message bus \"%s\" is not an address that begins with unix:", bus->address);
    int r = bus->sd_bus_new(&bus->connection);
    if (r >= 0)
        r = bus->sd_bus_set_address(bus->connection, bus->address);
    if (r >= 0)
        r = bus->sd_bus_set_bus_client(bus->connection, 1);
    if (r >= 0)
        r = bus->sd_bus_set_method_call_timeout(bus->connection, BUS_TIMEOUT_MS * UINT64_C(1000));
    if (r >= 0)
        r = bus->sd_bus_start(bus->connection);
    if (r >= 0)
        r = await_ready(bus);
    return r < 0 ? fail_errno(failure, OCI_ERR_CGROUP, -r,
                              "connect to the message bus at %s, by which systemd is asked for "
                              "control groups (it has to run there, for a user without root as that user's own; "
                              "without --systemd-cgroup the groups are made without it)",
                              bus->address)
                 : 0;
}

int bus_open(struct bus *bus, const char *address, struct failure *failure)
{
    *bus = (struct bus){.address = address};
    int r = load(bus, failure);
    if (r == 0)
        r = connect_to(bus, failure);
    if (r < 0)
        bus_close(bus);
    return r;
}

static bool ends_with_stop(const char *text)
{
    return text[0] && text[strlen(text) - 1] == '.';
}

static int explain(struct bus *bus, int error, sd_bus_error *told, const char *doing,
                   struct failure *failure)
{
    const char *hint = "";
    if (bus->sd_bus_error_has_name(told, "org.freedesktop.systemd1.UnitExists"))
        hint = "; if it is another container's, delete that, otherwise stop it with systemctl stop";
    else if (bus->sd_bus_error_has_name(told, "org.freedesktop.systemd1.NoSuchUnit"))
        error = -ENOENT;
    else if (error == -EACCES || error == -EPERM)
        hint = "; a user's own manager is asked where the caller is not root";
    bool lost = error == -ECONNRESET || error == -ENOTCONN || error == -EPIPE ||
                error == -ETIMEDOUT || error == -ECONNREFUSED;
    /* Other errors of libsystemd's own are named after numbers. */
    bool answered =
        told->message && !lost && strncmp(told->name, "System.Error.", 13) != 0;
    int r = answered
                ? fail(failure, OCI_ERR_CGROUP, "%s: systemd says: %.*s%s", doing,
                       (int)(strlen(told->message) - ends_with_stop(told->message)), told->message, hint)
                : fail_errno(failure, OCI_ERR_CGROUP, -error, "%s, on the message bus at %s", doing,
                             bus->address);
    failure->error = -error;
    bus->sd_bus_error_free(told);
    return r;
}

int bus_call(struct bus *bus, sd_bus_message *message, const char *doing, struct failure *failure)
{
    sd_bus_error told = SD_BUS_ERROR_NULL;
    int r = bus->sd_bus_call(bus->connection, message, 0, &told, NULL);
    bus->sd_bus_message_unref(message);
    return r < 0 ? explain(bus, r, &told, doing, failure) : 0;
}

int bus_text(struct bus *bus, const char *path, const char *interface, const char *name,
             char **text, struct failure *failure)
{
    sd_bus_error told = SD_BUS_ERROR_NULL;
    int r = bus->sd_bus_get_property_string(bus->connection, SYSTEMD_NAME, path, interface, name,
                                            &told, text);
    return r < 0 ? explain(bus, r, &told, "ask systemd where its control groups are", failure) : 0;
}

void bus_close(struct bus *bus)
{
    if (bus->connection)
        bus->sd_bus_close_unref(bus->connection);
    if (bus->library)
        dlclose(bus->library);
    *bus = (struct bus){0};
}
