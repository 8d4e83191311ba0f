/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating a container as `create` and `run` do.
 */
#include "launch.h"
#include "activation.h"
#include "notify.h"
#include "output.h"
#include "pid_file.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_PRESERVED = 3 };

int launch_exit_code(const container_error *error, int failure)
{
    switch (container_error_code(error)) {
    case OCI_ERR_EXEC_NOT_FOUND:
        return CLI_NOT_FOUND;
    case OCI_ERR_EXEC_NOT_EXECUTABLE:
        return CLI_NOT_EXECUTABLE;
    default:
        return failure;
    }
}

static int check_open(struct cli *cli, int count)
{
    for (int i = 0; i < count; i++) {
        if (fcntl(FIRST_PRESERVED + i, F_GETFD) >= 0)
            continue;
        output_error(cli, CLI_ERROR, NULL,
                     "%d file descriptors are to be passed on by --preserve-fds and LISTEN_FDS: "
                     "%d is not open",
                     count, FIRST_PRESERVED + i);
        return -1;
    }
    return 0;
}

/* More than there can be is refused, whatever the sum. */
static int count_preserved(const struct launch_settings *settings)
{
    int given = settings->preserve_fds < INT_MAX / 2 ? settings->preserve_fds : INT_MAX / 2;
    return activation_count() + given;
}

int launch_check_fds(struct cli *cli, const struct launch_settings *settings)
{
    return check_open(cli, count_preserved(settings)) < 0 ? CLI_ERROR : CLI_OK;
}

int launch_fds(struct cli *cli, int count, int **fds)
{
    if (count <= 0)
        return 0;
    if (check_open(cli, count) < 0)
        return -1;
    *fds = calloc((size_t)count, sizeof(**fds));
    if (*fds == NULL) {
        output_error(cli, CLI_ERROR, NULL, "out of memory");
        return -1;
    }
    for (int i = 0; i < count; i++)
        (*fds)[i] = FIRST_PRESERVED + i;
    return 0;
}

/* The text behind a line and a column, both from 1. */
static const char *text_at(const char *text, size_t line, size_t column)
{
    for (; line > 1; line--) {
        text = strchr(text, '\n');
        if (text == NULL)
            return "";
        text++;
    }
    return strlen(text) >= column ? text + column - 1 : "";
}

bool launch_is_true(const char *text, size_t length, const char *pointer)
{
    size_t line, column;
    if (oci_locate(text, length, pointer, &line, &column) < 0)
        return false;
    return strncmp(text_at(text, line, column), "true", 4) == 0;
}

/* A terminal that nobody holds would hang up as soon as this command ends.  Whatever else is wrong
 * with the bundle, the library tells. */
static int refuse_lost_terminal(struct cli *cli, const struct launch_settings *settings)
{
    _free_ char *path = NULL;
    if (asprintf(&path, "%s/config.json", settings->bundle ? settings->bundle : ".") < 0) {
        path = NULL;
        return CLI_OK;
    }
    _spec_text_ char *text = NULL;
    size_t length;
    if (oci_read_file(AT_FDCWD, path, 0, &text, &length, NULL) < 0)
        return CLI_OK;
    if (!launch_is_true(text, length, "/process/terminal"))
        return CLI_OK;
    return output_error(
        cli, CLI_ERROR, "give --console-socket PATH, or use `ocikit run` in the foreground",
        "%s: /process/terminal: a terminal needs a console socket that receives it", path);
}

static int write_pid_file(struct cli *cli, const char *path, container *made)
{
    container_error *error = NULL;
    _state_ container_state *state = NULL;
    if (container_get_state(made, &state, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    int r = pid_file_write(path, container_state_pid(state));
    if (r == 0)
        return CLI_OK;
    return output_error(cli, CLI_ERROR, NULL, "pid file %s cannot be written: %s", path,
                        ERRNO_TEXT(-r));
}

int launch_create(struct cli *cli, const struct launch_settings *settings, const char *id,
                  bool has_relay, int cancel, container **result)
{
    _free_ int *fds = NULL;
    int preserved = count_preserved(settings);
    _cleanup_(activation_free) struct activation activation;
    activation_describe(&activation, activation_count());
    if (launch_fds(cli, preserved, &fds) < 0 || cli_context(cli) < 0)
        return CLI_ERROR;
    if (!has_relay && settings->console_socket == NULL) {
        int code = refuse_lost_terminal(cli, settings);
        if (code != CLI_OK)
            return code;
    }
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    options.bundle = settings->bundle ? settings->bundle : ".";
    options.console_socket = settings->console_socket;
    options.preserve_fds = fds;
    options.preserve_fds_count = (size_t)preserved;
    options.pidfd_socket = settings->pidfd_socket;
    options.env = activation.env;
    options.cancel_fd = cancel >= 0 ? &cancel : NULL;
    options.flags = (settings->no_pivot ? CONTAINER_NO_PIVOT : 0u) |
                    (settings->no_new_keyring ? CONTAINER_NO_NEW_KEYRING : 0u) |
                    (cli->systemd_cgroup ? CONTAINER_SYSTEMD_CGROUP : 0u) |
                    (notify_is_wanted() ? CONTAINER_NOTIFY_SOCKET : 0u);
    _container_ container *made = NULL;
    container_error *error = NULL;
    if (container_create(cli->context, id, &options, &made, &error) < 0)
        return output_failure(cli, launch_exit_code(error, CLI_ERROR), error);
    if (settings->pid_file) {
        int code = write_pid_file(cli, settings->pid_file, made);
        if (code != CLI_OK) {
            container_delete(made, CONTAINER_DELETE_FORCE, NULL);
            return code;
        }
    }
    *result = made;
    made = NULL;
    return CLI_OK;
}
