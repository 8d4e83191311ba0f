/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting to unix sockets by path, also by paths that are longer than a socket address, and
 * never for longer than a few seconds.
 */
#ifndef OCIKIT_UNIX_SOCKET_H
#define OCIKIT_UNIX_SOCKET_H

/* A connected stream socket that does not block; a negative errno. */
int unix_connect(const char *path);

#endif
