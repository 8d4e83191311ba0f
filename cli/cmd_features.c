/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit features`.
 */
#include "output.h"
#include "util.h"

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    (void)arguments;
    _text_ char *json = NULL;
    container_error *error = NULL;
    if (container_features(&json, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return output_document(cli, json);
}

const struct cli_command cli_features = {
    .name = "features",
    .purpose = "print what this build and kernel support, as JSON",
    .arguments = "",
    .about = "The document follows the OCI features structure: versions, hooks, mount options,\n"
             "namespaces, capabilities, cgroup and seccomp.",
    .examples = "  ocikit features\n"
                "  ocikit features | jq .linux.namespaces\n",
    .exit_codes = "  0    the document was printed\n"
                  "  1    it cannot be made\n"
                  "  2    a wrong call\n",
    .no_arguments = true,
    .run = run,
};
