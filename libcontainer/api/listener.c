/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener of a seccomp filter: one connection, one message with the fd and the state of the
 * process.  The program runs only once the listener has read it.
 */
#include <api/internal.h>

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <base/clock.h>
#include <base/unix_socket.h>

#define LISTENER_TIMEOUT_MS 10000

static int fail_listener(const struct listening *l, int error, const char *doing,
                         struct failure *failure)
{
    fail_at(failure, "/linux/seccomp/listenerPath");
    return fail_errno(failure, error == ETIMEDOUT ? OCI_ERR_TIMEOUT : OCI_ERR_SECCOMP, error,
                      "%s seccomp listener %s", doing, l->config->linux_->seccomp->listener_path);
}

static int state_text(const struct listening *l, pid_t pid, char **text, struct failure *failure)
{
    struct oci_runtime_state state = {
        .oci_version = l->config->oci_version,
        .id = l->id,
        .has_pid = true,
        .pid = l->first ? l->first : pid,
        .status = l->status,
        .bundle = l->bundle,
        .annotations = l->config->annotations,
        .annotations_count = l->config->annotations_count,
    };
    int r = oci_write(oci_runtime_state_type(), &state, OCI_WRITE_COMPACT, text, NULL);
    return r < 0 ? fail(failure, r, "the state document cannot be written: %s", oci_code_text(r))
                 : 0;
}

static int document(const struct listening *l, pid_t pid, struct buffer *out,
                    struct failure *failure)
{
    const char *metadata = l->config->linux_->seccomp->listener_metadata;
    char *state = NULL;
    int r = state_text(l, pid, &state, failure);
    if (r < 0)
        return r;
    buffer_text(out, "{\"ociVersion\":\"");
    buffer_json(out, l->config->oci_version);
    buffer_format(out, "\",\"fds\":[\"seccompFd\"],\"pid\":%d,", (int)pid);
    if (metadata) {
        buffer_text(out, "\"metadata\":\"");
        buffer_json(out, metadata);
        buffer_text(out, "\",");
    }
    buffer_text(out, "\"state\":");
    buffer_text(out, state);
    buffer_text(out, "}");
    oci_free(state);
    return buffer_failed(out) ? fail_memory(failure) : 0;
}

/* 0, or an error number: EPIPE when the other side has ended the connection. */
static int await(int socket, short events, int cancel, int64_t deadline)
{
    struct pollfd fds[2] = {{socket, events, 0}, {cancel, POLLIN, 0}};
    int64_t left = deadline - monotonic_ms();
    int most = events ? LISTENER_TIMEOUT_MS : 10;
    if (left <= 0)
        return ETIMEDOUT;
    if (poll(fds, 2, left < most ? (int)left : most) < 0) {
        if (errno != EINTR)
            return errno;
        return 0;
    }
    if (cancel >= 0 && fds[1].revents)
        return ECANCELED;
    return fds[0].revents & (POLLHUP | POLLERR) ? EPIPE : 0;
}

/* The fd goes with the first bytes; 0, or an error number. */
static int send_all(int socket, const struct buffer *text, int fd, int cancel, int64_t deadline)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    for (size_t done = 0; done < text->length;) {
        struct iovec part = {text->data + done, text->length - done};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
        if (done == 0) {
            header.msg_control = &control;
            header.msg_controllen = sizeof(control.room);
        }
        ssize_t n = RETRY(sendmsg(socket, &header, MSG_NOSIGNAL));
        if (n < 0 && errno != EAGAIN)
            return errno;
        done += n > 0 ? (size_t)n : 0;
        int error = n < 0 ? await(socket, POLLOUT, cancel, deadline) : 0;
        if (error)
            return error;
    }
    return 0;
}

/* Until the other side has read everything; one that ends the connection before leaves an error
 * behind, or bytes that nobody will read. */
static int await_read(int socket, int cancel, int64_t deadline)
{
    for (int ended = 0;;) {
        int unread = 0, error = 0;
        socklen_t size = sizeof(error);
        if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            return errno;
        if (error)
            return error;
        if (ioctl(socket, SIOCOUTQ, &unread) < 0)
            return errno;
        if (unread == 0 || ended)
            return unread ? ended : 0;
        error = await(socket, 0, cancel, deadline);
        /* It may have read all before. */
        if (error == EPIPE)
            ended = error;
        else if (error)
            return error;
    }
}

int listener_send(const struct listening *listening, int fd, pid_t pid, struct failure *failure)
{
    int64_t deadline = monotonic_ms() + LISTENER_TIMEOUT_MS;
    _buffer_ struct buffer text = {0};
    int r = document(listening, pid, &text, failure);
    if (r < 0)
        return r;
    _close_ int socket = unix_connect(listening->config->linux_->seccomp->listener_path);
    if (socket < 0)
        return fail_listener(listening, -socket, "connect to", failure);
    int error = send_all(socket, &text, fd, listening->cancel, deadline);
    if (error == 0)
        error = await_read(socket, listening->cancel, deadline);
    if (error == ECANCELED)
        return fail(failure, OCI_ERR_CANCELLED, "cancelled by the caller");
    return error ? fail_listener(listening, error, "hand the filter's fd to", failure) : 0;
}
