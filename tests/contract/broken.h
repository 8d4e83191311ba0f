/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program of one thread of calls says what went wrong.
 */
#ifndef BROKEN_H
#define BROKEN_H

#include <stdio.h>

#include <ocikit/container.h>

/* Of the last call that failed. */
static container_error *error;

static int broken(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, container_error_message(error));
    return 1;
}

#endif
