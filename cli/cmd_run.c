/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit run`: create, start and, in the foreground, stay until the end and remove.
 */
#include "launch.h"
#include "notify.h"
#include "output.h"
#include "session.h"
#include "signals.h"
#include "terminal.h"
#include "util.h"

#include <errno.h>
#include <string.h>

static const struct args_option options[] = {
    LAUNCH_OPTIONS,
    {"detach", 'd', ARGS_FLAG, offsetof(struct launch_settings, detach), NULL,
     "return as soon as the program runs"},
    {"keep", 0, ARGS_FLAG, offsetof(struct launch_settings, keep), NULL,
     "do not remove the container after its end"},
    {"no-subreaper", 0, ARGS_FLAG, offsetof(struct launch_settings, no_subreaper), NULL,
     "accepted for callers of other runtimes: this command adopts no processes"},
};

static int kill_container(void *target, int signal, container_error **error)
{
    return container_kill(target, signal, 0, error);
}

static int wait_container(void *target, struct container_exit *result, container_error **error)
{
    return container_wait(target, -1, result, error);
}

static int start(struct cli *cli, container *made)
{
    container_error *error = NULL;
    if (container_start(made, NULL, &error) == 0)
        return CLI_OK;
    int code = output_failure(cli, launch_exit_code(error, CLI_ERROR), error);
    container_delete(made, CONTAINER_DELETE_FORCE, NULL);
    return code;
}

static int follow(struct cli *cli, const struct launch_settings *settings, container *made,
                  struct notify *notify, int signals)
{
    struct session session = {
        .pidfd = container_pidfd(made),
        .terminal = container_terminal_fd(made),
        .notify = notify,
        .signals = signals,
        .target = made,
        .kill = kill_container,
        .wait = wait_container,
    };
    int code = session_follow(cli, &session, CLI_ERROR);
    if (settings->keep)
        return code;
    container_error *error = NULL;
    /* By force: it also has to go when waiting for it failed. */
    if (container_delete(made, CONTAINER_DELETE_FORCE, &error) < 0) {
        int failure = output_failure(cli, CLI_ERROR, error);
        return code == CLI_OK ? failure : code;
    }
    return code;
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct launch_settings *settings = data;
    if (launch_check_fds(cli, settings) != CLI_OK)
        return CLI_ERROR;
    _close_ int cancel = signals_hold_cancelling();
    _close_ int signals = settings->detach ? -1 : signals_hold_forwardable();
    if (cancel < 0 || (!settings->detach && signals < 0))
        return output_error(cli, CLI_ERROR, NULL, "signals cannot be received: %s",
                            ERRNO_TEXT(errno));
    _container_ container *made = NULL;
    int code = launch_create(cli, settings, arguments->items[0], !settings->detach, cancel, &made);
    if (code != CLI_OK)
        return code;
    if (container_terminal_fd(made) >= 0)
        terminal_resize(container_terminal_fd(made));
    _cleanup_(notify_end) struct notify notify = NOTIFY_INIT;
    code = notify_begin(cli, made, &notify);
    if (code != CLI_OK)
        container_delete(made, CONTAINER_DELETE_FORCE, NULL);
    else
        code = start(cli, made);
    if (code != CLI_OK)
        return code;
    if (settings->detach) {
        if (notify_await(&notify, container_pidfd(made), cancel))
            return CLI_OK;
        return output_error(cli, CLI_ERROR,
                            "the container runs: `ocikit delete --force ID` ends it",
                            "a signal came before the program had said that it is ready");
    }
    return follow(cli, settings, made, &notify, signals);
}

const struct cli_command cli_run = {
    .name = "run",
    .purpose = "create and start a container, and stay until its end",
    .arguments = "[options] ID",
    .about = "In the foreground, signals are passed on to the program, a terminal that config.json "
             "asks\n"
             "for is joined to this one, and the container is removed when the program has ended.",
    .examples = "  ocikit run --bundle /srv/web web\n"
                "  ocikit run --detach --bundle /srv/web --pid-file /run/web.pid web\n",
    .exit_codes = "  0 to 255  the program's own code, or 128 plus the signal that ended it\n"
                  "  0    with --detach: the program runs\n"
                  "  1    the runtime failed; the reason is on standard error\n"
                  "  2    a wrong call\n"
                  "  126  the program cannot be executed\n"
                  "  127  the program does not exist\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct launch_settings),
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
