/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a terminal to whoever listens on a console socket, and a pidfd likewise.
 */
#ifndef OCIKIT_CONSOLE_SOCKET_H
#define OCIKIT_CONSOLE_SOCKET_H

#include <base/error.h>

/* Send the terminal's fd to the unix socket at path, which may be longer than a socket's address holds. */
int console_send(const char *path, int terminal, struct failure *failure);

/* The same with a pidfd, for a pidfd socket. */
int pidfd_send(const char *path, int pidfd, struct failure *failure);

#endif
