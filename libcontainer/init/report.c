/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the init says to the library and hears from it, and the small services every op uses:
 * vectors, slots and children.  Messages are datagrams of fixed size; the words for people are made by the
 * library.
 */
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "init.h"

char **op_vector(struct init *init, uint32_t offset)
{
    uint64_t *entry = (uint64_t *)(init->plan + offset);
    char **vector = (char **)entry;
    /* An entry below the plan's size is still an offset; a pointer never is (the first page is not
     * mapped there). */
    for (; *entry != 0; entry++) {
        if (*entry < init->header->size)
            *entry = (uint64_t)(uintptr_t)(init->plan + *entry);
    }
    return vector;
}

void slot_set(struct init *init, int32_t slot, int fd)
{
    forget_attributes(init->slots[slot]);
    sys_close(&init->slots[slot]);
    init->slots[slot] = fd;
}

long make_child(uint64_t flags, int exit_signal, int *pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = (uint64_t)exit_signal,
    };
    long pid = SYS_2(clone3, &args, sizeof(args));
    /* Old kernels, and sandboxes that cannot look into its structure. */
    if (pid == -ENOSYS)
        pid = SYS_5(clone, args.flags | (uint64_t)exit_signal, 0, pidfd, 0, 0);
    if (pid < 0)
        *pidfd = -1; /* a number that the kernel has taken back */
    return pid;
}

void fd_path(int fd, char path[32])
{
    static const char prefix[] = "self/fd/";
    char digits[12];
    size_t n = 0, at = sizeof(prefix) - 1;
    do
        digits[n++] = (char)('0' + fd % 10);
    while ((fd /= 10) > 0);
    __builtin_memcpy(path, prefix, at);
    while (n > 0)
        path[at++] = digits[--n];
    path[at] = 0;
}

void note(struct init *init, uint32_t detail, int64_t number, const char *text)
{
    init->report.detail = detail;
    init->report.number = number;
    size_t n = 0;
    for (; text && text[n] && n < PLAN_MESSAGE_TEXT - 1; n++)
        init->report.text[n] = text[n];
    init->report.text[n] = 0;
}

int send_message(struct init *init, int fd, struct plan_message *message, int passed_fd)
{
    struct iovec part = {message, sizeof(*message)};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed_fd >= 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_LEN(sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)CMSG_DATA(&control.header) = passed_fd;
    }
    message->op = init->current - init->first;
    message->code = init->ops[init->current].code;
    long r;
    do
        r = SYS_3(sendmsg, fd, &header, MSG_NOSIGNAL);
    while (r == -EINTR);
    return r < 0 ? (int)r : 0;
}

int send_kind(struct init *init, uint32_t kind, int64_t number, int passed_fd)
{
    struct plan_message message = {.kind = kind, .number = number};
    return send_message(init, init->slots[PLAN_SLOT_CONTROL], &message, passed_fd);
}

int receive_go(struct init *init, int fd)
{
    struct plan_message message;
    long r;
    do
        r = SYS_6(recvfrom, fd, &message, sizeof(message), 0, NULL, NULL);
    while (r == -EINTR);
    if (r < 0)
        return (int)r;
    if (r != sizeof(message) || message.kind != PLAN_MESSAGE_GO) {
        note(init, PLAN_DETAIL_PARENT_GONE, 0, NULL);
        return -EPIPE;
    }
    if (message.number > 0)
        init->pid = message.number;
    return 0;
}

int receive_fd(struct init *init, int socket)
{
    struct plan_message message;
    struct iovec part = {&message, sizeof(message)};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    long r;
    do
        r = SYS_3(recvmsg, socket, &header, MSG_CMSG_CLOEXEC);
    while (r == -EINTR);
    if (r < 0)
        return (int)r;
    if (r == 0) {
        note(init, PLAN_DETAIL_OTHER_GONE, 0, NULL);
        return -EPIPE;
    }
    if (header.msg_controllen < CMSG_LEN(sizeof(int)) || control.header.cmsg_type != SCM_RIGHTS ||
        (header.msg_flags & MSG_CTRUNC))
        return -EMFILE;
    return *(int *)CMSG_DATA(&control.header);
}

void report_error(struct init *init, int error)
{
    int fd = init->start_peer >= 0 ? init->start_peer : init->slots[PLAN_SLOT_CONTROL];
    init->report.kind = PLAN_MESSAGE_ERROR;
    init->report.error = error;
    if (fd >= 0)
        send_message(init, fd, &init->report, -1);
}
