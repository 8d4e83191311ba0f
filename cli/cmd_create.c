/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit create`.
 */
#include "launch.h"
#include "output.h"
#include "signals.h"
#include "util.h"

#include <errno.h>
#include <string.h>

static const struct args_option options[] = {LAUNCH_OPTIONS};

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct launch_settings *settings = data;
    if (launch_check_fds(cli, settings) != CLI_OK)
        return CLI_ERROR;
    _close_ int cancel = signals_hold_cancelling();
    if (cancel < 0)
        return output_error(cli, CLI_ERROR, NULL, "signals cannot be received: %s",
                            ERRNO_TEXT(errno));
    _container_ container *made = NULL;
    int code = launch_create(cli, settings, arguments->items[0], false, cancel, &made);
    return code == CLI_OK ? CLI_OK : CLI_ERROR;
}

const struct cli_command cli_create = {
    .name = "create",
    .purpose = "set up a container; its program waits for `start`",
    .arguments = "[options] ID",
    .about =
        "Namespaces, mounts, control group and hooks are done when this returns; the program in\n"
        "config.json does not run yet. If anything fails, nothing is left behind.\n"
        "The program inherits standard input, output and error of this command.",
    .examples =
        "  ocikit create --bundle /srv/web web\n"
        "  ocikit create -b /srv/web --pid-file /run/web.pid --console-socket /run/tty.sock web\n",
    .exit_codes = "  0    the container is created\n"
                  "  1    it is not; the reason is on standard error\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct launch_settings),
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
