/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a terminal to whoever listens on a console socket: one message with one byte and one fd,
 * as engines expect it.
 */
#include <terminal/console_socket.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <base/unix_socket.h>
#include <base/util.h>

int console_send(const char *path, int terminal, struct failure *failure)
{
    _close_ int fd = unix_connect(path);
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
