/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help texts.
 */
#include "help.h"

#include <string.h>

static const char program_text[] =
    "ocikit - create, start, enter and remove OCI containers\n"
    "\n"
    "Usage: ocikit [global options] COMMAND [options] [arguments]\n"
    "       ocikit help COMMAND\n"
    "\n"
    "A bundle is a directory with config.json and a root filesystem. `run` does everything in\n"
    "one step; engines use `create`, `start`, `kill` and `delete`.\n"
    "\n"
    "Root is not needed: `spec --rootless` writes a configuration with a user namespace. A user "
    "has\n"
    "the ids of /etc/subuid and /etc/subgid, control groups that were delegated, and no limits\n"
    "without them.\n";

static const char program_examples[] =
    "Examples:\n"
    "  ocikit spec --bundle /srv/web         write a configuration to start from\n"
    "  ocikit run --bundle /srv/web web      run it and wait for its end\n"
    "  ocikit spec --rootless                the same for a user without privileges\n"
    "\n"
    "Exit codes:\n"
    "  0    success\n"
    "  1    an operation failed; the reason is on standard error\n"
    "  2    a wrong call: unknown command or option, missing or superfluous argument\n"
    "  `run` and `exec` have more: see their help\n";

static void print_option(FILE *file, const struct args_option *option)
{
    char left[64];
    int used = option->letter ? snprintf(left, sizeof(left), "-%c, ", option->letter)
                              : snprintf(left, sizeof(left), "    ");
    const char *dashes = option->kind == ARGS_OTHER ? "-" : "--";
    snprintf(left + used, sizeof(left) - (size_t)used, "%s%s%s%s", dashes, option->name,
             option->value_name && option->name[0] ? " " : "",
             option->value_name ? option->value_name : "");
    fprintf(file, "  %-28s %s\n", left, option->help);
}

static void print_options(FILE *file, const char *title, const struct args_table *table)
{
    static const struct args_option help = {
        .name = "help", .letter = 'h', .help = "show this help"};
    fprintf(file, "\n%s:\n", title);
    for (size_t i = 0; i < table->count; i++)
        print_option(file, &table->options[i]);
    print_option(file, &help);
}

static void print_program(FILE *file)
{
    fputs(program_text, file);
    fputs("\nCommands:\n", file);
    for (const struct cli_command *const *command = cli_commands; *command; command++)
        fprintf(file, "  %-10s %s\n", (*command)->name, (*command)->purpose);
    fprintf(file, "  %-10s %s\n", "help", "explain a command");
    print_options(file, "Global options", &cli_global_options);
    fputc('\n', file);
    fputs(program_examples, file);
}

void help_print(FILE *file, const struct cli_command *command)
{
    if (command == NULL) {
        print_program(file);
        return;
    }
    fprintf(file, "ocikit %s - %s\n\nUsage: ocikit [global options] %s %s\n", command->name,
            command->purpose, command->name, command->arguments);
    if (command->about)
        fprintf(file, "\n%s\n", command->about);
    print_options(file, "Options", &command->options);
    fprintf(file, "\nExamples:\n%s\nExit codes:\n%s", command->examples, command->exit_codes);
}

void help_usage(FILE *file, const struct cli_command *command)
{
    if (command)
        fprintf(file,
                "usage: ocikit [global options] %s %s\n"
                "  `ocikit help %s` tells more\n",
                command->name, command->arguments, command->name);
    else
        fputs("usage: ocikit [global options] COMMAND [options] [arguments]\n"
              "  `ocikit help` tells more\n",
              file);
}
