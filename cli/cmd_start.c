/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit start`.
 */
#include "notify.h"
#include "output.h"
#include "util.h"

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    _cleanup_(notify_end) struct notify notify = NOTIFY_INIT;
    int code = notify_begin(cli, found, &notify);
    if (code != CLI_OK)
        return code;
    container_error *error = NULL;
    if (container_start(found, NULL, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    /* The signals that end a program end this one. */
    notify_await(&notify, container_pidfd(found), -1);
    return CLI_OK;
}

const struct cli_command cli_start = {
    .name = "start",
    .purpose = "run the program of a created container",
    .arguments = "ID",
    .about =
        "Returns once the program runs and the poststart hooks have ended. A program that cannot\n"
        "be executed is an error here. With NOTIFY_SOCKET in the environment, also waits until "
        "the\n"
        "program has said that it is ready, and passes that on.",
    .examples = "  ocikit start web\n"
                "  ocikit --root /run/mine start web\n",
    .exit_codes = "  0    the program runs\n"
                  "  1    it does not; the reason is on standard error\n"
                  "  2    a wrong call\n",
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
