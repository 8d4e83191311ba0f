/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `create` and `run` have in common, and `exec` in part: options, inherited fds, pid files.
 */
#ifndef OCIKIT_CLI_LAUNCH_H
#define OCIKIT_CLI_LAUNCH_H

#include "cli.h"

struct launch_settings {
    const char *bundle;
    const char *console_socket;
    const char *pid_file;
    const char *pidfd_socket;
    bool no_pivot;
    bool no_new_keyring;
    int preserve_fds;
    bool detach;       /* of run */
    bool keep;         /* of run */
    bool no_subreaper; /* of run; nothing depends on it */
};

#define LAUNCH_OPTIONS                                                                             \
    {"bundle",  'b',                                                                               \
     ARGS_TEXT, offsetof(struct launch_settings, bundle),                                          \
     "DIR",     "directory with config.json (default \".\")"},                                     \
        {"console-socket", 0,                                                                      \
         ARGS_TEXT,        offsetof(struct launch_settings, console_socket),                       \
         "PATH",           "unix socket that is sent the terminal"},                               \
        {"pid-file", 0,                                                                            \
         ARGS_TEXT,  offsetof(struct launch_settings, pid_file),                                   \
         "FILE",     "write the process id to FILE"},                                              \
        {"pidfd-socket", 0,                                                                        \
         ARGS_TEXT,      offsetof(struct launch_settings, pidfd_socket),                           \
         "PATH",         "unix socket that is sent a pidfd of the first process"},                 \
        {"no-pivot", 0,                                                                            \
         ARGS_FLAG,  offsetof(struct launch_settings, no_pivot),                                   \
         NULL,       "move the root mount, for hosts that run from an initramfs"},                 \
        {"no-new-keyring",                                                                         \
         0,                                                                                        \
         ARGS_FLAG,                                                                                \
         offsetof(struct launch_settings, no_new_keyring),                                         \
         NULL,                                                                                     \
         "stay in the caller's session keyring"},                                                  \
    {                                                                                              \
        "preserve-fds", 0, ARGS_NUMBER, offsetof(struct launch_settings, preserve_fds), "N",       \
            "pass on the fds 3 to 3+N-1 (default 0)"                                               \
    }

/* The exit code of `run` and `exec` for a failure: failure, unless it is about the program's file.
 */
int launch_exit_code(const container_error *error, int failure);

/* Are all fds that are to be passed on open?  To be asked before this command opens any of its own, which would
 * take their numbers.  CLI_OK, or CLI_ERROR after a report. */
int launch_check_fds(struct cli *cli, const struct launch_settings *settings);

/* The numbers 3 to 3+count-1, all of which must be open.  0, or -1 after a report. */
int launch_fds(struct cli *cli, int count, int **fds);

/* Whether text (JSON) has true at a pointer. */
bool launch_is_true(const char *text, size_t length, const char *pointer);

/* Create the container and write its pid file; on failure nothing is left.  has_relay: a terminal
 * would be relayed by this command.  CLI_OK, or the exit code after a report. */
int launch_create(struct cli *cli, const struct launch_settings *settings, const char *id,
                  bool has_relay, int cancel, container **result);

#endif
