/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a message bus, by libsystemd, which is loaded when it is first needed: a program that never asks
 * for systemd does not pay for it.  Used by one thread.
 */
#ifndef OCIKIT_SYSTEMD_BUS_H
#define OCIKIT_SYSTEMD_BUS_H

#include <systemd/sd-bus.h>

#include <base/error.h>

/* The functions of libsystemd that are used. */
#define BUS_FUNCTIONS(F)                                                                           \
    F(sd_bus_new)                                                                                  \
    F(sd_bus_set_address)                                                                          \
    F(sd_bus_set_bus_client)                                                                       \
    F(sd_bus_set_method_call_timeout)                                                              \
    F(sd_bus_start)                                                                                \
    F(sd_bus_is_ready)                                                                             \
    F(sd_bus_process)                                                                              \
    F(sd_bus_wait)                                                                                \
    F(sd_bus_call)                                                                                 \
    F(sd_bus_message_new_method_call)                                                              \
    F(sd_bus_message_append)                                                                       \
    F(sd_bus_message_append_array)                                                                 \
    F(sd_bus_message_open_container)                                                               \
    F(sd_bus_message_close_container)                                                              \
    F(sd_bus_get_property_string)                                                                  \
    F(sd_bus_error_free)                                                                           \
    F(sd_bus_error_has_name)                                                                       \
    F(sd_bus_message_unref)                                                                        \
    F(sd_bus_close_unref)

struct bus {
    void *library;
    sd_bus *connection;
    const char *address;
#define BUS_MEMBER(name) __typeof__(name) *name;
    BUS_FUNCTIONS(BUS_MEMBER)
#undef BUS_MEMBER
};

/* How long systemd may take for one thing that it is asked for. */
#define BUS_TIMEOUT_MS 10000

/* address: "unix:path=/run/dbus/system_bus_socket"; has to outlive the connection. */
int bus_open(struct bus *bus, const char *address, struct failure *failure);
/* Send message and take it; OCI_ERR_CGROUP with what the peer said.  doing: what was attempted, for people. */
int bus_call(struct bus *bus, sd_bus_message *message, const char *doing, struct failure *failure);
/* A property of systemd's object at path that is a text, to be freed. */
int bus_text(struct bus *bus, const char *path, const char *interface, const char *name,
             char **text, struct failure *failure);
void bus_close(struct bus *bus);
#define _bus_ __attribute__((cleanup(bus_close)))

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

#endif
