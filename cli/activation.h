/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket activation: listening sockets that this command was given as fds 3 and up, for the container.
 */
#ifndef OCIKIT_CLI_ACTIVATION_H
#define OCIKIT_CLI_ACTIVATION_H

/* How many: LISTEN_FDS, if LISTEN_PID says that they are meant for this process. */
int activation_count(void);

struct activation {
    char count[32];
    char *names;
    const char *env[4]; /* NULL-terminated */
};

/* What the first process of the container, pid 1 there, is told of them. */
void activation_describe(struct activation *activation, int count);
void activation_free(struct activation *activation);

#endif
