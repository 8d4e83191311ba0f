/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket activation.  Reads the environment, which the library never does.
 */
#include "activation.h"
#include "args.h"
#include "util.h"

#include <limits.h>
#include <stdio.h>

int activation_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    long number, count;
    if (pid == NULL || fds == NULL || !args_number(pid, 1, INT_MAX, &number) ||
        number != getpid() || !args_number(fds, 0, 1024, &count))
        return 0;
    return (int)count;
}

void activation_describe(struct activation *activation, int count)
{
    size_t used = 0;
    *activation = (struct activation){.names = NULL};
    if (count == 0)
        return;
    snprintf(activation->count, sizeof(activation->count), "LISTEN_FDS=%d", count);
    activation->env[used++] = activation->count;
    activation->env[used++] = "LISTEN_PID=1";
    const char *names = getenv("LISTEN_FDNAMES");
    if (names && asprintf(&activation->names, "LISTEN_FDNAMES=%s", names) >= 0)
        activation->env[used] = activation->names;
}

void activation_free(struct activation *activation)
{
    free(activation->names);
}
