/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit kill`.
 */
#include "output.h"
#include "signals.h"
#include "util.h"

#include <signal.h>

struct settings {
    bool all;
};

static const struct args_option options[] = {
    {"all", 'a', ARGS_FLAG, offsetof(struct settings, all), NULL,
     "send it to every process of the container"},
};

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    int signal = SIGTERM;
    if (arguments->count > 1 && !signals_parse(arguments->items[1], &signal))
        return output_misuse(cli, &cli_kill, "unknown signal \"%s\"", arguments->items[1]);
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    container_error *error = NULL;
    if (container_kill(found, signal, settings->all ? CONTAINER_KILL_ALL : 0, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

const struct cli_command cli_kill = {
    .name = "kill",
    .purpose = "send a signal to a container",
    .arguments = "[options] ID [SIGNAL]",
    .about = "SIGNAL is a number or a name with or without SIG, such as 9, KILL, SIGKILL, RTMIN+3\n"
             "(default TERM). Options stand before ID.",
    .examples = "  ocikit kill web\n"
                "  ocikit kill --all web KILL\n",
    .exit_codes = "  0    the signal was sent\n"
                  "  1    the container does not exist or does not run\n"
                  "  2    a wrong call, or no such signal\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .most = 2,
    .stop_at_argument = true,
    .run = run,
};
