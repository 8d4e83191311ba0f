/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit exec`: one more process in a running container.
 */
#include "launch.h"
#include "output.h"
#include "pid_file.h"
#include "session.h"
#include "signals.h"
#include "terminal.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct settings {
    const char *process;
    const char *cwd;
    struct args_list env;
    bool tty;
    const char *user;
    bool detach;
    const char *pid_file;
    const char *console_socket;
    bool no_new_privs;
    struct args_list capabilities;
    int preserve_fds;
    const char *pidfd_socket;
    bool ignore_paused;
    struct args_list gids;
    const char *process_label;
    const char *apparmor;
    struct args_list cgroups;
};

static const struct args_option options[] = {
    {"process", 'p', ARGS_TEXT, offsetof(struct settings, process), "FILE",
     "an OCI process object as JSON, in place of COMMAND; \"-\": standard input"},
    {"cwd", 0, ARGS_TEXT, offsetof(struct settings, cwd), "DIR",
     "working directory (default: the configuration's)"},
    {"env", 'e', ARGS_LIST, offsetof(struct settings, env), "NAME=VALUE",
     "add to the environment; may be repeated"},
    {"tty", 't', ARGS_FLAG, offsetof(struct settings, tty), NULL, "give it a terminal"},
    {"user", 'u', ARGS_TEXT, offsetof(struct settings, user), "UID[:GID]",
     "user and group, as numbers (default: the configuration's)"},
    {"additional-gids", 'g', ARGS_LIST, offsetof(struct settings, gids), "GID",
     "one more group, or several with commas between; may be repeated"},
    {"detach", 'd', ARGS_FLAG, offsetof(struct settings, detach), NULL,
     "return as soon as the program runs"},
    {"pid-file", 0, ARGS_TEXT, offsetof(struct settings, pid_file), "FILE",
     "write the process id to FILE"},
    {"console-socket", 0, ARGS_TEXT, offsetof(struct settings, console_socket), "PATH",
     "unix socket that is sent the terminal"},
    {"no-new-privs", 0, ARGS_FLAG, offsetof(struct settings, no_new_privs), NULL,
     "the program cannot gain privileges"},
    {"process-label", 0, ARGS_TEXT, offsetof(struct settings, process_label), "LABEL",
     "SELinux label (default: the configuration's)"},
    {"apparmor", 0, ARGS_TEXT, offsetof(struct settings, apparmor), "PROFILE",
     "AppArmor profile (default: the configuration's)"},
    {"cap", 'c', ARGS_LIST, offsetof(struct settings, capabilities), "NAME",
     "add a capability; may be repeated"},
    {"preserve-fds", 0, ARGS_NUMBER, offsetof(struct settings, preserve_fds), "N",
     "pass on the fds 3 to 3+N-1 (default 0)"},
    {"pidfd-socket", 0, ARGS_TEXT, offsetof(struct settings, pidfd_socket), "PATH",
     "unix socket that is sent a pidfd of the process"},
    {"ignore-paused", 0, ARGS_FLAG, offsetof(struct settings, ignore_paused), NULL,
     "in a paused container, wait until it is resumed"},
    {"cgroup", 0, ARGS_LIST, offsetof(struct settings, cgroups), "[CONTROLLER:]PATH",
     "run in an existing control group below the container's; may be repeated"},
};

/* What one call holds. */
struct call {
    struct cli *cli;
    const struct settings *settings;
    container *container;
    container_process *process;
    char *json; /* of --process */
    size_t json_length;
    int *fds;
    unsigned *gids;
    size_t gids_count;
    int cancel, signals;
};

static void end_call(struct call *call)
{
    /* A detached process is collected by whoever adopts it, an engine's reaper, which wants its status. */
    if (call->settings->detach)
        container_process_disown(call->process);
    else
        container_process_free(call->process);
    container_close(call->container);
    oci_free(call->json);
    free(call->fds);
    free(call->gids);
    close_fd(&call->cancel);
    close_fd(&call->signals);
}

static int kill_process(void *target, int signal, container_error **error)
{
    return container_process_kill(target, signal, error);
}

static int wait_process(void *target, struct container_exit *result, container_error **error)
{
    return container_process_wait(target, -1, result, error);
}

static int read_process(struct call *call)
{
    const char *path = call->settings->process;
    int error = 0, r;
    if (strcmp(path, "-") == 0) {
        r = oci_read_fd(STDIN_FILENO, 0, &call->json, &call->json_length, &error);
    } else {
        /* Callers may name a pipe. */
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            return output_error(call->cli, CLI_EXEC_ERROR, NULL,
                                "process file %s cannot be opened: %s", path, ERRNO_TEXT(errno));
        r = oci_read_fd(fd, 0, &call->json, &call->json_length, &error);
    }
    if (r == 0)
        return CLI_OK;
    return output_error(call->cli, CLI_EXEC_ERROR, NULL, "process file %s cannot be read: %s", path,
                        error ? ERRNO_TEXT(error) : oci_code_text(r));
}

/* Numbers with commas between, of every --additional-gids. */
static int read_gids(struct call *call)
{
    const struct args_list *texts = &call->settings->gids;
    size_t room = 1;
    for (size_t i = 0; i < texts->count; i++)
        room += strlen(texts->items[i]);
    call->gids = calloc(room, sizeof(*call->gids));
    if (call->gids == NULL)
        return output_error(call->cli, CLI_EXEC_ERROR, NULL, "out of memory");
    for (size_t i = 0; i < texts->count; i++) {
        const char *p = texts->items[i];
        do {
            char *end;
            unsigned long value = strtoul(p, &end, 10);
            if (p[0] < '0' || p[0] > '9' || (*end && *end != ',') || value >= UINT32_MAX)
                return output_misuse(call->cli, &cli_exec,
                                     "--additional-gids: \"%s\" is no list of numbers of groups",
                                     texts->items[i]);
            call->gids[call->gids_count++] = (unsigned)value;
            p = *end ? end + 1 : NULL;
        } while (p);
    }
    return CLI_OK;
}

/* All that can be wrong before the container is touched. */
static int prepare(struct call *call, const struct cli_arguments *arguments)
{
    const struct settings *settings = call->settings;
    struct cli *cli = call->cli;
    if (settings->process == NULL && arguments->count < 2)
        return output_misuse(cli, &cli_exec, "exec needs a command, or --process FILE");
    if (settings->process && arguments->count > 1)
        return output_misuse(cli, &cli_exec, "--process FILE takes the place of the command \"%s\"",
                             arguments->items[1]);
    int code = settings->process ? read_process(call) : read_gids(call);
    if (code != CLI_OK)
        return code;
    bool terminal = settings->process ? launch_is_true(call->json, call->json_length, "/terminal")
                                      : settings->tty;
    if (terminal && settings->detach && settings->console_socket == NULL)
        return output_error(cli, CLI_EXEC_ERROR,
                            "give --console-socket PATH, or leave --detach out",
                            "a terminal of a detached process needs a console socket that "
                            "receives it");
    if (launch_fds(cli, settings->preserve_fds, &call->fds) < 0)
        return CLI_EXEC_ERROR;
    call->cancel = signals_hold_cancelling();
    call->signals = settings->detach ? -1 : signals_hold_forwardable();
    if (call->cancel < 0 || (!settings->detach && call->signals < 0))
        return output_error(cli, CLI_EXEC_ERROR, NULL, "signals cannot be received: %s",
                            ERRNO_TEXT(errno));
    return CLI_OK;
}

static int report_failure(struct call *call, container_error *error)
{
    _state_ container_state *state = NULL;
    _free_ char *hint = NULL;
    int code = launch_exit_code(error, CLI_EXEC_ERROR);
    if (container_error_code(error) == OCI_ERR_WRONG_STATE &&
        container_get_state(call->container, &state, NULL) == 0 &&
        container_state_status(state) == CONTAINER_CREATED &&
        asprintf(&hint, "start it first: `ocikit start %s`", container_id(call->container)) < 0)
        hint = NULL;
    if (state && container_state_status(state) == CONTAINER_PAUSED &&
        asprintf(&hint, "`ocikit resume %s` lets it run; --ignore-paused waits for that",
                 container_id(call->container)) < 0)
        hint = NULL;
    return output_failure_hint(call->cli, code, error, hint);
}

static int begin(struct call *call, const struct cli_arguments *arguments)
{
    const struct settings *settings = call->settings;
    struct container_exec_options exec = CONTAINER_EXEC_OPTIONS_INIT;
    if (settings->process) {
        exec.process = call->json;
        exec.process_length = call->json_length;
        exec.process_name = settings->process;
    } else {
        exec.argv = (const char *const *)(arguments->items + 1);
        exec.env = settings->env.items;
        exec.cwd = settings->cwd;
        exec.user = settings->user;
        exec.capabilities = settings->capabilities.items;
        exec.terminal = settings->tty;
        exec.additional_gids = call->gids;
        exec.additional_gids_count = call->gids_count;
        exec.selinux_label = settings->process_label;
        exec.apparmor_profile = settings->apparmor;
    }
    exec.cgroups = settings->cgroups.items;
    exec.no_new_privileges = settings->no_new_privs;
    exec.preserve_fds = call->fds;
    exec.preserve_fds_count = (size_t)settings->preserve_fds;
    exec.console_socket = settings->console_socket;
    exec.cancel_fd = &call->cancel;
    if (!settings->detach)
        terminal_size(&exec.rows, &exec.columns);
    exec.pidfd_socket = settings->pidfd_socket;
    exec.flags = settings->ignore_paused ? CONTAINER_EXEC_IGNORE_PAUSED : 0;
    container_error *error = NULL;
    if (container_exec(call->container, &exec, &call->process, &error) < 0)
        return report_failure(call, error);
    return CLI_OK;
}

static int write_pid_file(struct call *call)
{
    const char *path = call->settings->pid_file;
    if (path == NULL)
        return CLI_OK;
    int r = pid_file_write(path, container_process_pid(call->process));
    if (r == 0)
        return CLI_OK;
    container_process_kill(call->process, SIGKILL, NULL);
    container_process_wait(call->process, -1, NULL, NULL);
    return output_error(call->cli, CLI_EXEC_ERROR, NULL, "pid file %s cannot be written: %s", path,
                        ERRNO_TEXT(-r));
}

static int follow(struct call *call)
{
    struct session session = {
        .pidfd = container_process_pidfd(call->process),
        .terminal = container_process_terminal_fd(call->process),
        .signals = call->signals,
        .target = call->process,
        .kill = kill_process,
        .wait = wait_process,
    };
    /* It may have changed since the process was made. */
    if (session.terminal >= 0)
        terminal_resize(session.terminal);
    return session_follow(call->cli, &session, CLI_EXEC_ERROR);
}

static int run(struct cli *cli, void *data, const struct cli_arguments *given)
{
    _cleanup_(end_call) struct call call = {
        .cli = cli, .settings = data, .cancel = -1, .signals = -1};
    struct cli_arguments arguments = *given;
    if (arguments.count > 1 && strcmp(arguments.items[1], "--") == 0) {
        arguments.items[1] = arguments.items[0];
        arguments.items++;
        arguments.count--;
    }
    int code = prepare(&call, &arguments);
    if (code != CLI_OK)
        return code;
    if (cli_open(cli, arguments.items[0], &call.container) < 0)
        return CLI_EXEC_ERROR;
    code = begin(&call, &arguments);
    if (code == CLI_OK)
        code = write_pid_file(&call);
    if (code != CLI_OK || call.settings->detach)
        return code;
    return follow(&call);
}

const struct cli_command cli_exec = {
    .name = "exec",
    .purpose = "run one more process in a running container",
    .arguments = "[options] ID COMMAND [ARGUMENT...]",
    .about = "Options stand before ID; what follows ID belongs to the command. In the foreground, "
             "signals\n"
             "are passed on and the terminal of --tty is joined to this one.",
    .examples = "  ocikit exec --tty web sh\n"
                "  ocikit exec --detach --process process.json --pid-file /run/job.pid web\n"
                "  ocikit exec --cgroup memory:batch --additional-gids 5,6 web job\n",
    .exit_codes = "  0 to 255  the program's own code, or 128 plus the signal that ended it\n"
                  "  0    with --detach: the program runs\n"
                  "  2    a wrong call\n"
                  "  126  the program cannot be executed\n"
                  "  127  the program does not exist\n"
                  "  255  the runtime failed; the reason is on standard error\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .stop_at_argument = true,
    .run = run,
};
