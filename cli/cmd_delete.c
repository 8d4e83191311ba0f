/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit delete`.
 */
#include "output.h"
#include "util.h"

struct settings {
    bool force;
};

static const struct args_option options[] = {
    {"force", 'f', ARGS_FLAG, offsetof(struct settings, force), NULL,
     "kill it first if it runs; one that does not exist is no error"},
};

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    if (cli_context(cli) < 0)
        return CLI_ERROR;
    unsigned flags = settings->force ? CONTAINER_DELETE_FORCE : 0;
    int code = CLI_OK;
    for (size_t i = 0; i < arguments->count; i++) {
        container_error *error = NULL;
        if (container_delete_id(cli->context, arguments->items[i], flags, &error) < 0)
            code = output_failure(cli, CLI_ERROR, error);
    }
    return code;
}

const struct cli_command cli_delete = {
    .name = "delete",
    .purpose = "remove containers that do not run",
    .arguments = "[options] ID...",
    .about = "Removes what is left of a created or stopped container: processes, control groups, "
             "state.\n"
             "May be repeated. A failure for one container does not stop the others.",
    .examples = "  ocikit delete web\n"
                "  ocikit delete --force web db\n",
    .exit_codes = "  0    all are removed\n"
                  "  1    at least one is not; the reasons are on standard error\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .run = run,
};
