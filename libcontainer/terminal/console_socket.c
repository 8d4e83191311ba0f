/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a terminal to whoever listens on a console socket, and a pidfd likewise: one message with one byte
 * and one fd, as engines expect it.
 */
#include <terminal/console_socket.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <base/unix_socket.h>
#include <base/util.h>

static int send_fd(const char *path, int sent, int code, const char *what, const char *kind,
                   struct failure *failure)
{
    _close_ int fd = unix_connect(path);
    if (fd < 0)
        return fail_errno(failure, code, -fd, "connect to %s socket %s", kind, path);
    char byte = ' ';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &sent, sizeof(sent));
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.room),
    };
    if (RETRY(sendmsg(fd, &header, MSG_NOSIGNAL)) != 1)
        return fail_errno(failure, code, errno, "send the %s to %s socket %s", what, kind, path);
    return 0;
}

int console_send(const char *path, int terminal, struct failure *failure)
{
    return send_fd(path, terminal, OCI_ERR_TERMINAL, "terminal", "console", failure);
}

int pidfd_send(const char *path, int pidfd, struct failure *failure)
{
    return send_fd(path, pidfd, OCI_ERR_IO, "pidfd", "pidfd", failure);
}
