/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staying with a process until it ends: signals are passed on, its terminal is relayed.
 */
#ifndef OCIKIT_CLI_SESSION_H
#define OCIKIT_CLI_SESSION_H

#include "cli.h"

/* The process: a container's first one, or one that exec made. */
struct session {
    int pidfd;             /* -1: it has ended already */
    int terminal;          /* -1: none */
    struct notify *notify; /* NULL: nobody is to be told that the program is ready */
    int signals;           /* from signals_hold_forwardable */
    void *target;
    int (*kill)(void *target, int signal, container_error **error);
    int (*wait)(void *target, struct container_exit *result, container_error **error);
};

/* Stay until the end.  The exit code that stands for how it ended, or failure after a report. */
int session_follow(struct cli *cli, const struct session *session, int failure);

#endif
