/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting to unix sockets.
 */
#include <base/unix_socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <base/util.h>

#define CONNECT_TIMEOUT_MS 5000

/* A socket's address holds 107 bytes, paths of engines are often longer: the last component is
 * named in its directory's fd. */
static int address_of(const char *path, int *dir, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (slash) {
        _free_ char *folder = strndup(path, (size_t)(slash - path) + 1);
        if (folder == NULL)
            return -ENOMEM;
        *dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    } else {
        *dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (*dir < 0)
        return -errno;
    int n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/thread-self/fd/%d/%s",
                     *dir, name);
    return n < (int)sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

int unix_connect(const char *path)
{
    struct sockaddr_un address;
    _close_ int dir = -1;
    int r = address_of(path, &dir, &address);
    if (r < 0)
        return r;
    _close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* EAGAIN: its backlog is full. */
    for (int waited = 0; connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0;
         waited += 50) {
        if ((errno != EAGAIN && errno != EINTR) || waited >= CONNECT_TIMEOUT_MS)
            return -errno;
        poll(NULL, 0, 50);
    }
    return take_fd(&fd);
}
