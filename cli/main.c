/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `ocikit`: global options and the table of commands.  Does nothing else before the
 * command is known, as time to start is what callers wait for.
 */
#include "cli.h"
#include "help.h"
#include "output.h"
#include "suggest.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef OCIKIT_COMMIT
#define OCIKIT_COMMIT "unknown"
#endif

static const struct args_option global_options[] = {
    {"root", 0, ARGS_TEXT, offsetof(struct cli, root), "DIR",
     "state directory (default /run/ocikit, for users $XDG_RUNTIME_DIR/ocikit)"},
    {"log", 0, ARGS_TEXT, offsetof(struct cli, log), "FILE",
     "append errors and warnings to FILE (default: none)"},
    {"log-format", 0, ARGS_TEXT, offsetof(struct cli, log_format), "FORMAT",
     "\"text\" or \"json\" (default text)"},
    {"debug", 0, ARGS_FLAG, offsetof(struct cli, debug), NULL, "log every step"},
    {"systemd-cgroup", 0, ARGS_FLAG, offsetof(struct cli, systemd_cgroup), NULL,
     "let systemd make the control groups: cgroupsPath is SLICE:PREFIX:NAME"},
    {"rootless", 0, ARGS_TEXT, offsetof(struct cli, rootless), "VALUE",
     "\"true\", \"false\" or \"auto\": for callers of other runtimes; no effect"},
    {"version", 'v', ARGS_FLAG, offsetof(struct cli, version), NULL, "show versions"},
};

const struct args_table cli_global_options = {global_options, ARRAY_SIZE(global_options)};

const struct cli_command *const cli_commands[] = {
    &cli_run,  &cli_create, &cli_start,    &cli_exec,     &cli_kill,   &cli_delete, &cli_state,
    &cli_list, &cli_ps,     &cli_events,   &cli_pause,    &cli_resume, &cli_update, &cli_mounts,
    &cli_spec, &cli_plan,   &cli_validate, &cli_features, NULL,
};

/* Files that are opened later must not take the numbers 0 to 2, which the container inherits; so
 * these are not close-on-exec. */
static int fill_standard_fds(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
            return -1;
    }
    return 0;
}

static const struct cli_command *find_command(const char *name)
{
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
    }
    return NULL;
}

/* Engines ask `checkpoint --help` and `restore --lsm-mount-context` what they can rely on: the answer must not
 * look like that of a runtime that has them. */
static bool is_missing(const char *name)
{
    return strcmp(name, "checkpoint") == 0 || strcmp(name, "restore") == 0;
}

static int missing_command(struct cli *cli, const char *name)
{
    return output_error(cli, CLI_ERROR, "`ocikit pause` stops a container without saving it",
                        "%s: checkpoint and restore are not supported by this runtime", name);
}

static int unknown_command(struct cli *cli, const char *name)
{
    const char *nearest = NULL;
    size_t least = suggest_limit(name) + 1;
    for (const struct cli_command *const *command = cli_commands; *command; command++) {
        size_t distance = suggest_distance(name, (*command)->name);
        if (distance < least) {
            least = distance;
            nearest = (*command)->name;
        }
    }
    if (nearest)
        return output_misuse(cli, NULL, "unknown command \"%s\"; did you mean %s?", name, nearest);
    return output_misuse(cli, NULL, "unknown command \"%s\"", name);
}

static int print_help(struct cli *cli, const struct cli_command *command)
{
    help_print(stdout, command);
    return output_flush(cli);
}

static int print_version(struct cli *cli)
{
    printf("ocikit version %s\ncommit: %s\nspec: 1.3.0\n", container_version(), OCIKIT_COMMIT);
    return output_flush(cli);
}

/* `ocikit help [COMMAND]`. */
static int command_help(struct cli *cli, int argc, char **argv)
{
    if (argc == 0 || strcmp(argv[0], "help") == 0 || argv[0][0] == '-')
        return print_help(cli, NULL);
    if (is_missing(argv[0]))
        return missing_command(cli, argv[0]);
    const struct cli_command *command = find_command(argv[0]);
    return command ? print_help(cli, command) : unknown_command(cli, argv[0]);
}

static bool is_null(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev == makedev(1, 3);
}

/* containerd opens /dev/null for reading only and gives it as output; a program that writes there
 * would fail. */
static void make_null_writable(void)
{
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY || !is_null(fd))
            continue;
        _close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0 && is_null(null))
            dup2(null, fd);
    }
}

static int check_globals(struct cli *cli)
{
    const char *format = cli->log_format;
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        cli->log_format = NULL;
        return output_misuse(cli, NULL, "--log-format takes text or json, not \"%s\"", format);
    }
    const char *rootless = cli->rootless;
    if (rootless && strcmp(rootless, "auto") != 0 && strcmp(rootless, "true") != 0 &&
        strcmp(rootless, "false") != 0)
        return output_misuse(cli, NULL, "--rootless takes true, false or auto, not \"%s\"",
                             rootless);
    if (cli->root && cli->root[0] == '\0')
        return output_misuse(cli, NULL, "--root names no directory");
    return CLI_OK;
}

static int check_count(struct cli *cli, const struct cli_command *command,
                       const struct cli_arguments *arguments)
{
    if (arguments->count < command->least)
        return output_misuse(cli, command, "%s needs %s", command->name, command->needs);
    if (command->no_arguments && arguments->count > 0)
        return output_misuse(cli, command, "%s takes no argument, but was given \"%s\"",
                             command->name, arguments->items[0]);
    if (command->most > 0 && arguments->count > command->most)
        return output_misuse(cli, command, "unexpected argument \"%s\"",
                             arguments->items[command->most]);
    return CLI_OK;
}

static int run_command(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
    _free_ void *settings = calloc(1, command->settings_size ? command->settings_size : 1);
    if (settings == NULL)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    struct args_request request = {command->options, settings, command->stop_at_argument};
    struct args_outcome outcome;
    int code;
    switch (args_parse(&request, argc, argv, &outcome)) {
    case ARGS_HELP:
        code = print_help(cli, command);
        break;
    case ARGS_MISUSE:
        code = output_misuse(cli, command, "%s", outcome.problem);
        break;
    case ARGS_MEMORY:
        code = output_error(cli, CLI_ERROR, NULL, "out of memory");
        break;
    default: {
        struct cli_arguments arguments = {argv, outcome.count};
        code = check_globals(cli);
        if (code == CLI_OK)
            code = check_count(cli, command, &arguments);
        if (code == CLI_OK)
            code = command->run(cli, settings, &arguments);
    }
    }
    args_release(&command->options, settings);
    return code;
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
    struct args_request request = {cli_global_options, cli, true};
    struct args_outcome outcome;
    switch (args_parse(&request, argc, argv, &outcome)) {
    case ARGS_HELP:
        return print_help(cli, NULL);
    case ARGS_MISUSE:
        return output_misuse(cli, NULL, "%s", outcome.problem);
    case ARGS_MEMORY:
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    case ARGS_OK:
        break;
    }
    if (cli->version)
        return print_version(cli);
    if (outcome.count == 0)
        return output_misuse(cli, NULL, "no command given");
    cli->command = argv[0];
    if (strcmp(argv[0], "help") == 0)
        return command_help(cli, (int)outcome.count - 1, argv + 1);
    const struct cli_command *command = find_command(argv[0]);
    if (command == NULL)
        return is_missing(argv[0]) ? missing_command(cli, argv[0]) : unknown_command(cli, argv[0]);
    return run_command(cli, command, (int)outcome.count - 1, argv + 1);
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    if (fill_standard_fds() < 0)
        return CLI_ERROR;
    make_null_writable();
    int code = argc > 0 ? dispatch(&cli, argc - 1, argv + 1) : CLI_MISUSE;
    output_finish(&cli);
    container_context_free(cli.context);
    free(cli.later);
    free(cli.root_path);
    return code;
}
