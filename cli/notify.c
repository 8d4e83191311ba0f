/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of sd_notify(3), of which one is passed on: READY=1.  The others could tell the manager what only
 * the runtime knows.
 */
#include "notify.h"
#include "clock.h"
#include "output.h"
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Others than the program may write too, and faster than they are read: so many, then the rest of the work. */
enum { AT_ONCE = 16 };

/* A manager that takes nothing for so long is not waited for. */
enum { TELL_MS = 10000 };

bool notify_is_wanted(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    return path && (path[0] == '/' || path[0] == '@') && path[1] &&
           strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

int notify_begin(struct cli *cli, container *made, struct notify *notify)
{
    container_error *error = NULL;
    _state_ container_state *state = NULL;
    if (!notify_is_wanted())
        return CLI_OK;
    int r = container_get_state(made, &state, &error);
    if (r == 0)
        r = container_notify_open(made, &notify->fd, &error);
    /* It was created without NOTIFY_SOCKET. */
    if (r == OCI_ERR_NOT_FOUND && state) {
        container_error_free(error);
        return CLI_OK;
    }
    if (r < 0)
        return output_failure(cli, CLI_ERROR, error);
    notify->pid = (int)container_state_pid(state);
    return CLI_OK;
}

/* Connected, as only then can be waited for room.  Nobody may be listening any more; that is the manager's affair. */
static int reach_manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    if (length == 0 || length >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Once; where the manager's queue is full the message stays due. */
static void tell(struct notify *notify)
{
    char message[64];
    int length = snprintf(message, sizeof(message), "MAINPID=%d\nREADY=1\n", notify->pid);
    if (send(notify->fd, message, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
        (errno != EAGAIN && errno != EINTR))
        notify_end(notify);
}

static bool says_ready(const char *text)
{
    for (const char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n");
        if (length == 7 && memcmp(line, "READY=1", 7) == 0)
            return true;
        line += length;
        line += *line == '\n';
    }
    return false;
}

static void become_ready(struct notify *notify)
{
    notify_end(notify);
    notify->fd = reach_manager();
    notify->is_ready = true;
    notify->deadline = now_ms() + TELL_MS;
    if (notify->fd >= 0)
        tell(notify);
}

void notify_want(const struct notify *notify, struct pollfd *fd)
{
    fd->fd = notify ? notify->fd : -1;
    fd->events = notify && notify->is_ready ? POLLOUT : POLLIN;
    fd->revents = 0;
}

void notify_pass(struct notify *notify)
{
    if (notify->is_ready) {
        tell(notify);
        return;
    }
    char text[4096];
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t length = recv(notify->fd, text, sizeof(text) - 1, MSG_DONTWAIT);
        if (length < 0)
            return;
        text[length] = 0;
        if (says_ready(text)) {
            become_ready(notify);
            return;
        }
    }
}

/* How long poll may wait for the manager, or for the program. */
static int timeout(const struct notify *notify)
{
    if (!notify->is_ready)
        return -1;
    int64_t left = notify->deadline - now_ms();
    return left > 0 ? (int)left : 0;
}

bool notify_await(struct notify *notify, int pidfd, int cancel)
{
    /* What has ended may have said it before. */
    bool has_ended = pidfd < 0;
    while (notify->fd >= 0) {
        struct pollfd fds[] = {{.fd = cancel, .events = POLLIN},
                               {.fd = has_ended ? -1 : pidfd, .events = POLLIN},
                               {.fd = -1}};
        notify_want(notify, &fds[2]);
        bool was_ready = notify->is_ready;
        int wait = has_ended && !was_ready ? 0 : timeout(notify);
        int count = poll(fds, 3, wait);
        if (count < 0 && errno == EINTR)
            continue;
        if (count > 0 && fds[0].revents)
            return false;
        if (count > 0 && fds[2].revents)
            notify_pass(notify);
        if (count <= 0 || (wait == 0 && notify->is_ready == was_ready))
            break;
        has_ended = has_ended || fds[1].revents;
    }
    return true;
}

void notify_end(struct notify *notify)
{
    close_fd(&notify->fd);
    notify->fd = -1;
}
