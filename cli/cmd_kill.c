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
    const char *signal; /* of "-9" or "-KILL" */
};

static const struct args_option options[] = {
    {"all", 'a', ARGS_FLAG, offsetof(struct settings, all), NULL,
     "send it to every process of the container; one that has stopped is no error"},
    {"", 0, ARGS_OTHER, offsetof(struct settings, signal), "SIGNAL",
     "the same as SIGNAL behind ID: -9, -KILL"},
};

/* CLI_OK, or CLI_MISUSE after the report. */
static int choose_signal(struct cli *cli, const struct settings *settings,
                         const struct cli_arguments *arguments, int *signal)
{
    const char *behind = arguments->count > 1 ? arguments->items[1] : NULL;
    if (settings->signal && behind)
        return output_misuse(cli, &cli_kill, "two signals are given: -%s and \"%s\"",
                             settings->signal, behind);
    if (settings->signal && !signals_parse(settings->signal, signal))
        return output_misuse(cli, &cli_kill, "unknown option or signal -%s", settings->signal);
    if (behind && !signals_parse(behind[0] == '-' ? behind + 1 : behind, signal))
        return output_misuse(cli, &cli_kill, "unknown signal \"%s\"", behind);
    return CLI_OK;
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    int signal = SIGTERM;
    int code = choose_signal(cli, settings, arguments, &signal);
    if (code != CLI_OK)
        return code;
    if (cli_context(cli) < 0)
        return CLI_ERROR;
    container_error *error = NULL;
    unsigned flags = settings->all ? CONTAINER_KILL_ALL : 0;
    if (container_kill_id(cli->context, arguments->items[0], signal, flags, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

const struct cli_command cli_kill = {
    .name = "kill",
    .purpose = "send a signal to a container",
    .arguments = "[options] ID [SIGNAL]",
    .about =
        "SIGNAL is a number or a name with or without SIG, such as 9, KILL, SIGKILL, RTMIN+3\n"
        "(default TERM); 0 sends nothing and only asks whether the container runs. Options stand\n"
        "before ID.",
    .examples = "  ocikit kill web\n"
                "  ocikit kill --all web KILL\n"
                "  ocikit kill -9 web\n",
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
