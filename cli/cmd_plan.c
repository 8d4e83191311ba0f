/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit plan`: what `create` would do.
 */
#include "output.h"
#include "util.h"

struct settings {
    const char *bundle;
};

static const struct args_option options[] = {
    {"bundle", 'b', ARGS_TEXT, offsetof(struct settings, bundle), "DIR",
     "directory with config.json (default \".\")"},
};

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    if (cli_context(cli) < 0)
        return CLI_ERROR;
    struct container_create_options create = CONTAINER_CREATE_OPTIONS_INIT;
    create.bundle = settings->bundle ? settings->bundle : ".";
    create.flags = cli->systemd_cgroup ? CONTAINER_SYSTEMD_CGROUP : 0;
    const char *id = arguments->count > 0 ? arguments->items[0] : "plan";
    _text_ char *text = NULL;
    container_error *error = NULL;
    if (container_plan_text(cli->context, id, &create, &text, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return output_document(cli, text);
}

const struct cli_command cli_plan = {
    .name = "plan",
    .purpose = "show what `create` would do, step by step",
    .arguments = "[options] [ID]",
    .about = "Nothing is made or changed, and no privileges are needed. ID is the name that the "
             "plan is\n"
             "made for (default \"plan\").",
    .examples = "  ocikit plan --bundle /srv/web\n"
                "  ocikit plan -b /srv/web web | less\n",
    .exit_codes =
        "  0    the plan was printed\n"
        "  1    the configuration cannot be carried out; the reason is on standard error\n"
        "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .most = 1,
    .run = run,
};
