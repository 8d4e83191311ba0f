/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager that a container's program is ready: what the program writes to a socket of ours
 * becomes a message to the manager's, which names the program as the main process.
 */
#ifndef OCIKIT_CLI_NOTIFY_H
#define OCIKIT_CLI_NOTIFY_H

#include "cli.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct notify {
    int fd; /* the program's messages, or the manager's socket; -1: there is nothing to do */
    int pid;
    bool
        is_ready; /* the program has said so, and fd leads to the manager, who is still to be told */
    int64_t deadline; /* until when that is tried, in ms of the monotonic clock */
};

#define NOTIFY_INIT                                                                                \
    {                                                                                              \
        -1, 0, false, 0                                                                            \
    }

/* Does NOTIFY_SOCKET name a socket? */
bool notify_is_wanted(void);

/* Listen, before the start, if that is wanted and the container has the socket.  CLI_OK, or the exit code after a
 * report. */
int notify_begin(struct cli *cli, container *made, struct notify *notify);

/* What to poll for; notify may be NULL. */
void notify_want(const struct notify *notify, struct pollfd *fd);

/* When poll has announced it: take some of what was written there; once the program is ready, tell the manager and
 * close.  Never waits. */
void notify_pass(struct notify *notify);

/* Wait until the program is ready or has ended.  False: cancel (-1: none) became readable before. */
bool notify_await(struct notify *notify, int pidfd, int cancel);

void notify_end(struct notify *notify);

#endif
