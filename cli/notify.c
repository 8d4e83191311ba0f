/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of sd_notify(3), of which one is passed on: READY=1.  The others could tell the manager what only
 * the runtime knows.
 */
#include "notify.h"
#include "output.h"
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

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

/* Nobody may be listening any more; that is the manager's affair. */
static void tell(const char *message)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    if (length == 0 || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    _close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
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

void notify_pass(struct notify *notify)
{
    char text[4096], message[64];
    ssize_t length;
    while ((length = recv(notify->fd, text, sizeof(text) - 1, MSG_DONTWAIT)) >= 0) {
        text[length] = 0;
        if (!says_ready(text))
            continue;
        snprintf(message, sizeof(message), "MAINPID=%d\nREADY=1\n", notify->pid);
        tell(message);
        notify_end(notify);
        return;
    }
}

void notify_await(struct notify *notify, int pidfd)
{
    while (notify->fd >= 0) {
        struct pollfd fds[] = {{.fd = notify->fd, .events = POLLIN},
                               {.fd = pidfd, .events = POLLIN}};
        if (poll(fds, 2, pidfd < 0 ? 0 : -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            notify_pass(notify);
        else if (fds[1].revents || pidfd < 0)
            return;
    }
}

void notify_end(struct notify *notify)
{
    close_fd(&notify->fd);
    notify->fd = -1;
}
