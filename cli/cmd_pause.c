/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit pause` and `ocikit resume`.
 */
#include "output.h"
#include "util.h"

static int pause_one(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    container_error *error = NULL;
    if (container_pause(found, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

static int resume_one(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    container_error *error = NULL;
    if (container_resume(found, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

const struct cli_command cli_pause = {
    .name = "pause",
    .purpose = "stop all processes of a container where they are",
    .arguments = "ID",
    .about =
        "The processes are frozen by the container's control group and use no processor until\n"
        "`resume`. A paused container can be killed and deleted. Returns once all are frozen;\n"
        "if that does not happen within 10 s, they run again and this is an error.",
    .examples = "  ocikit pause web\n"
                "  ocikit state web | jq -r .status      paused\n",
    .exit_codes = "  0    the container is paused\n"
                  "  1    it is not; the reason is on standard error\n"
                  "  2    a wrong call\n",
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = pause_one,
};

const struct cli_command cli_resume = {
    .name = "resume",
    .purpose = "let a paused container run again",
    .arguments = "ID",
    .about = "Signals that were sent to the paused container reach it now.",
    .examples = "  ocikit resume web\n",
    .exit_codes = "  0    the container runs\n"
                  "  1    it does not, or was not paused; the reason is on standard error\n"
                  "  2    a wrong call\n",
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = resume_one,
};
