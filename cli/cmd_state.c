/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit state`.
 */
#include "output.h"
#include "util.h"

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    _state_ container_state *state = NULL;
    container_error *error = NULL;
    if (container_get_state(found, &state, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return output_document(cli, container_state_json(state));
}

const struct cli_command cli_state = {
    .name = "state",
    .purpose = "print the state of a container as JSON",
    .arguments = "ID",
    .about =
        "The document has ociVersion, id, status (creating, created, running, paused, stopped), "
        "pid,\n"
        "bundle, annotations, and besides them rootfs, created and owner.",
    .examples = "  ocikit state web\n"
                "  ocikit state web | jq -r .status\n",
    .exit_codes = "  0    the state was printed\n"
                  "  1    there is no such container, or its record cannot be read\n"
                  "  2    a wrong call\n",
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
