/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the global options to the library's context.
 */
#include "cli.h"
#include "output.h"
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The state directory: --root, made absolute; or the default of this user.  NULL with errno set. */
static char *state_root(const struct cli *cli)
{
    char *path = NULL;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (cli->root == NULL && geteuid() != 0 && runtime && runtime[0] == '/')
        return asprintf(&path, "%s/ocikit", runtime) < 0 ? NULL : path;
    if (cli->root == NULL)
        return strdup("/run/ocikit");
    if (cli->root[0] == '/')
        return strdup(cli->root);
    _free_ char *here = getcwd(NULL, 0);
    if (here == NULL)
        return NULL;
    return asprintf(&path, "%s/%s", here, cli->root) < 0 ? NULL : path;
}

int cli_context(struct cli *cli)
{
    if (cli->context)
        return 0;
    cli->root_path = state_root(cli);
    if (cli->root_path == NULL) {
        output_error(cli, CLI_ERROR, NULL, "the state directory cannot be named: %s",
                     ERRNO_TEXT(errno));
        return OCI_ERR_IO;
    }
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    options.state_root = cli->root_path;
    options.log = output_log;
    options.log_data = cli;
    container_error *error = NULL;
    int r = container_context_new(&options, &cli->context, &error);
    if (r < 0)
        output_failure(cli, CLI_ERROR, error);
    return r;
}

int cli_open(struct cli *cli, const char *id, container **result)
{
    int r = cli_context(cli);
    if (r < 0)
        return r;
    container_error *error = NULL;
    r = container_open(cli->context, id, result, &error);
    if (r < 0)
        output_failure(cli, CLI_ERROR, error);
    return r;
}
