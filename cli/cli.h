/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command shares: the global options, the table entry of a command, and its exit codes.
 */
#ifndef OCIKIT_CLI_CLI_H
#define OCIKIT_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "args.h"

#include <ocikit/container.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_ERROR = 1,
    CLI_MISUSE = 2,
    CLI_NOT_EXECUTABLE = 126,
    CLI_NOT_FOUND = 127,
    CLI_SIGNAL = 128, /* plus the signal that ended a program */
    CLI_EXEC_ERROR = 255,
};

/* The global options and what they lead to. */
struct cli {
    const char *root;
    const char *log;
    const char *log_format;
    const char *rootless; /* "true", "false" or "auto"; accepted for callers of other runtimes */
    bool debug;
    bool systemd_cgroup;
    bool version;

    const char *command;
    bool failed; /* an error was reported */
    char *later; /* warnings for the log file, which must wait until it is known that nothing failed
                  */
    char *root_path;
    container_context *context;
};

/* Arguments of a command, options taken out; NULL-terminated. */
struct cli_arguments {
    char **items;
    size_t count;
};

struct cli_command {
    const char *name;
    const char *purpose;   /* one line */
    const char *arguments; /* "[options] ID" */
    const char *about;     /* a paragraph or more for the help text; may be NULL */
    const char *examples;
    const char *exit_codes;
    struct args_table options;
    size_t settings_size;
    const char *needs;  /* what the least arguments are, in words: "a container id" */
    size_t least, most; /* how many arguments; most 0: any number */
    bool stop_at_argument;
    bool no_arguments; /* takes none at all */
    int (*run)(struct cli *cli, void *settings, const struct cli_arguments *arguments);
};

extern const struct args_table cli_global_options;
extern const struct cli_command *const cli_commands[]; /* ends with NULL */

extern const struct cli_command cli_create, cli_delete, cli_events, cli_exec, cli_features,
    cli_kill, cli_list, cli_mounts, cli_pause, cli_plan, cli_ps, cli_resume, cli_run, cli_spec,
    cli_start, cli_state, cli_update, cli_validate;

/* The context for the state directory of the global options, made at the first call.  0, or a
 * negative code after the error was reported. */
int cli_context(struct cli *cli);

/* Open the container of that id.  0, or a negative code after the error was reported. */
int cli_open(struct cli *cli, const char *id, container **result);

#endif
