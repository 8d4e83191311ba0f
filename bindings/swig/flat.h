/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of <ocikit/container.h> that take structs or arrays, with arguments that every language has: numbers
 * and pieces of memory.  A list of texts is packed: each with a NUL behind it, one after the other; a list of fds
 * likewise is the ints as they are in memory.  A packed list of length 0 whose pointer is NULL is absent.
 *
 * Included by the wrappers alone.
 */
#ifndef OCIKIT_FLAT_H
#define OCIKIT_FLAT_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ocikit/container.h>

typedef int status;

static void flat_free(void *pointer)
{
    free(*(void **)pointer);
}
#define FLAT_FREE __attribute__((cleanup(flat_free)))

/* *list is NULL for an absent one.  Texts stay where they are. */
static bool flat_texts(const char *packed, size_t length, const char ***list)
{
    size_t count = 0;
    *list = NULL;
    if (packed == NULL)
        return true;
    for (size_t i = 0; i < length; i++)
        count += packed[i] == 0;
    *list = calloc(count + 1, sizeof(**list));
    for (size_t i = 0; *list && i < count; i++) {
        (*list)[i] = packed;
        packed += strlen(packed) + 1;
    }
    return *list != NULL;
}

static bool flat_fds(const char *packed, size_t length, int **list)
{
    *list = length ? malloc(length) : NULL;
    if (*list)
        memcpy(*list, packed, length);
    return length == 0 || *list;
}

static status flat_context_new(const char *state_root, container_log_function log, void *log_data,
                               const char *newuidmap, const char *newgidmap,
                               const char *systemd_bus, container_context **made,
                               container_error **error)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    options.state_root = state_root;
    options.log = log;
    options.log_data = log_data;
    options.newuidmap = newuidmap;
    options.newgidmap = newgidmap;
    options.systemd_bus = systemd_bus;
    return container_context_new(&options, made, error);
}

static status flat_create(container_context *context, const char *id, const char *bundle,
                          const char *config, size_t config_length, int in, int out, int err,
                          const char *fds, size_t fds_length, const char *console_socket,
                          int cancel_fd, unsigned flags, const char *pidfd_socket, const char *env,
                          size_t env_length, container **made, container_error **error)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    FLAT_FREE const char **variables = NULL;
    FLAT_FREE int *preserved = NULL;
    if (!flat_texts(env, env_length, &variables) || !flat_fds(fds, fds_length, &preserved))
        return OCI_ERR_NO_MEMORY;
    options.bundle = bundle;
    options.config = config;
    options.config_length = config_length;
    options.stdio[0] = in;
    options.stdio[1] = out;
    options.stdio[2] = err;
    options.preserve_fds = preserved;
    options.preserve_fds_count = fds_length / sizeof(int);
    options.console_socket = console_socket;
    options.cancel_fd = cancel_fd >= 0 ? &cancel_fd : NULL;
    options.flags = flags;
    options.pidfd_socket = pidfd_socket;
    options.env = variables;
    return container_create(context, id, &options, made, error);
}

/* The state document. */
static status flat_state(container *container, char **text, container_error **error)
{
    container_state *state = NULL;
    int r = container_get_state(container, &state, error);
    if (r < 0)
        return r;
    char *copy = strdup(container_state_json(state));
    container_state_free(state);
    if (copy == NULL)
        return OCI_ERR_NO_MEMORY;
    *text = copy;
    return 0;
}

/* The ids, each with a newline behind it. */
static status flat_list(container_context *context, char **text, container_error **error)
{
    char **names = NULL;
    size_t count = 0, length = 1;
    int r = container_list(context, &names, &count, error);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        length += strlen(names[i]) + 1;
    char *all = malloc(length), *end = all;
    for (size_t i = 0; all && i < count; i++)
        end = stpcpy(stpcpy(end, names[i]), "\n");
    container_list_free(names);
    if (all == NULL)
        return OCI_ERR_NO_MEMORY;
    *end = 0;
    *text = all;
    return 0;
}

/* The pids in decimal, each with a newline behind it. */
static status flat_processes(container *container, char **text, container_error **error)
{
    pid_t *pids = NULL;
    size_t count = 0;
    int r = container_processes(container, &pids, &count, error);
    if (r < 0)
        return r;
    char *all = malloc(count * 12 + 1), *end = all;
    for (size_t i = 0; all && i < count; i++)
        end += sprintf(end, "%d\n", (int)pids[i]);
    container_processes_free(pids);
    if (all == NULL)
        return OCI_ERR_NO_MEMORY;
    *end = 0;
    *text = all;
    return 0;
}

static status flat_wait(container *container, int timeout_ms, int *code, int *signal,
                        container_error **error)
{
    struct container_exit end = {0, 0};
    int r = container_wait(container, timeout_ms, &end, error);
    *code = end.code;
    *signal = end.signal;
    return r;
}

static status flat_process_wait(container_process *process, int timeout_ms, int *code, int *signal,
                                container_error **error)
{
    struct container_exit end = {0, 0};
    int r = container_process_wait(process, timeout_ms, &end, error);
    *code = end.code;
    *signal = end.signal;
    return r;
}

static status flat_start(container *container, int cancel_fd, container_error **error)
{
    struct container_start_options options = CONTAINER_START_OPTIONS_INIT;
    options.cancel_fd = cancel_fd >= 0 ? &cancel_fd : NULL;
    return container_start(container, &options, error);
}

/* The kind of the next event, or 0. */
static int flat_events_next(container_events *events, unsigned long long *oom_kills)
{
    struct container_event event = {0};
    int r = container_events_next(events, &event);
    *oom_kills = event.oom_kills;
    return r > 0 ? event.kind : r;
}

static status flat_exec(container *container, const char *process, size_t process_length,
                        const char *argv, size_t argv_length, const char *env, size_t env_length,
                        const char *cwd, const char *user, const char *capabilities,
                        size_t capabilities_length, int terminal, int no_new_privileges, int in,
                        int out, int err, const char *fds, size_t fds_length,
                        const char *console_socket, int cancel_fd, int rows, int columns,
                        unsigned flags, const char *selinux_label, const char *apparmor_profile,
                        const char *cgroups, size_t cgroups_length, container_process **made,
                        container_error **error)
{
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    FLAT_FREE const char **arguments = NULL, **variables = NULL, **allowed = NULL, **groups = NULL;
    FLAT_FREE int *preserved = NULL;
    if (!flat_texts(argv, argv_length, &arguments) || !flat_texts(env, env_length, &variables) ||
        !flat_texts(capabilities, capabilities_length, &allowed) ||
        !flat_texts(cgroups, cgroups_length, &groups) || !flat_fds(fds, fds_length, &preserved))
        return OCI_ERR_NO_MEMORY;
    options.process = process;
    options.process_length = process_length;
    options.argv = arguments;
    options.env = variables;
    options.cwd = cwd;
    options.user = user;
    options.capabilities = allowed;
    options.terminal = terminal;
    options.no_new_privileges = no_new_privileges;
    options.stdio[0] = in;
    options.stdio[1] = out;
    options.stdio[2] = err;
    options.preserve_fds = preserved;
    options.preserve_fds_count = fds_length / sizeof(int);
    options.console_socket = console_socket;
    options.cancel_fd = cancel_fd >= 0 ? &cancel_fd : NULL;
    options.rows = rows;
    options.columns = columns;
    options.flags = flags;
    options.selinux_label = selinux_label;
    options.apparmor_profile = apparmor_profile;
    options.cgroups = groups;
    return container_exec(container, &options, made, error);
}

static status flat_default_config(const char *rootfs, const char *argv, size_t argv_length,
                                  char **text, container_error **error)
{
    FLAT_FREE const char **arguments = NULL;
    if (!flat_texts(argv, argv_length, &arguments))
        return OCI_ERR_NO_MEMORY;
    return container_default_config(rootfs, arguments, text, error);
}

static status flat_rootless_config(const char *rootfs, const char *argv, size_t argv_length,
                                   unsigned uid, unsigned gid, char **text, container_error **error)
{
    FLAT_FREE const char **arguments = NULL;
    if (!flat_texts(argv, argv_length, &arguments))
        return OCI_ERR_NO_MEMORY;
    return container_rootless_config(rootfs, arguments, uid, gid, text, error);
}

static status flat_plan(container_context *context, const char *id, const char *bundle,
                        const char *config, size_t config_length, unsigned flags, char **text,
                        container_error **error)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    options.bundle = bundle;
    options.config = config;
    options.config_length = config_length;
    options.flags = flags;
    return container_plan_text(context, id, &options, text, error);
}

#endif
