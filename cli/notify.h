/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager that a container's program is ready: what the program writes to a socket of ours
 * becomes a message to the manager's, which names the program as the main process.
 */
#ifndef OCIKIT_CLI_NOTIFY_H
#define OCIKIT_CLI_NOTIFY_H

#include "cli.h"

struct notify {
    int fd; /* the program's messages; -1: none are expected, or it has said what is passed on */
    int pid;
};

#define NOTIFY_INIT                                                                                \
    {                                                                                              \
        -1, 0                                                                                      \
    }

/* Does NOTIFY_SOCKET name a socket? */
bool notify_is_wanted(void);

/* Listen, before the start, if that is wanted and the container has the socket.  CLI_OK, or the exit code after a
 * report. */
int notify_begin(struct cli *cli, container *made, struct notify *notify);

/* Take what the program has written; once it is ready, tell the manager and close. */
void notify_pass(struct notify *notify);

/* Wait until the program is ready or has ended. */
void notify_await(struct notify *notify, int pidfd);

void notify_end(struct notify *notify);

#endif
