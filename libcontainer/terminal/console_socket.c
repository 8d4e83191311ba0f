/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a terminal to whoever listens on a console socket: one message with one byte and one fd,
 * as engines expect it.
 */
#include <terminal/console_socket.h>

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

static int connect_to(const char *path)
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

int console_send(const char *path, int terminal, struct failure *failure)
{
    _close_ int fd = connect_to(path);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_TERMINAL, -fd, "connect to console socket %s", path);
    char byte = ' ';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &terminal, sizeof(terminal));
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.room),
    };
    if (RETRY(sendmsg(fd, &header, MSG_NOSIGNAL)) != 1)
        return fail_errno(failure, OCI_ERR_TERMINAL, errno,
                          "send the terminal to console socket %s", path);
    return 0;
}
