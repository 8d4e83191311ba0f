/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of `run` and `exec` in the foreground.
 */
#include "session.h"
#include "notify.h"
#include "output.h"
#include "terminal.h"
#include "util.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

enum { SIGNALS, PROCESS, NOTIFY, RELAY, FDS = RELAY + TERMINAL_FDS };

static void pass_signals(const struct session *session, struct terminal *terminal)
{
    struct signalfd_siginfo event;
    while (read(session->signals, &event, sizeof(event)) == sizeof(event)) {
        if (event.ssi_signo == SIGWINCH) {
            if (session->terminal >= 0)
                terminal_resize(session->terminal);
            continue;
        }
        if (event.ssi_signo == SIGCONT && terminal)
            terminal_continue(terminal);
        /* Where the process has just ended there is nobody left to tell. */
        session->kill(session->target, (int)event.ssi_signo, NULL);
    }
}

/* Poll until the process has ended; -1 with errno set. */
static int loop(const struct session *session, struct terminal *terminal)
{
    struct pollfd fds[FDS] = {
        [SIGNALS] = {.fd = session->signals, .events = POLLIN},
        [PROCESS] = {.fd = session->pidfd, .events = POLLIN},
    };
    nfds_t count = session->terminal >= 0 ? FDS : RELAY;
    while (session->pidfd >= 0) {
        if (count == FDS)
            terminal_want(terminal, fds + RELAY);
        notify_want(session->notify, &fds[NOTIFY]);
        if (poll(fds, count, count == FDS ? terminal_timeout(terminal) : -1) < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (fds[SIGNALS].revents)
            pass_signals(session, terminal);
        if (count == FDS)
            terminal_move(terminal, fds + RELAY);
        if (fds[NOTIFY].revents)
            notify_pass(session->notify);
        if (fds[PROCESS].revents)
            return 0;
    }
    return 0;
}

static int relay(const struct session *session)
{
    if (session->terminal < 0)
        return loop(session, NULL);
    struct terminal terminal;
    int r = terminal_begin(&terminal, session->terminal);
    if (r == 0)
        r = loop(session, &terminal);
    int error = errno;
    terminal_end(&terminal);
    errno = error;
    return r;
}

int session_follow(struct cli *cli, const struct session *session, int failure)
{
    if (relay(session) < 0)
        return output_error(cli, failure, NULL, "waiting for the process failed: %s",
                            ERRNO_TEXT(errno));
    struct container_exit result;
    container_error *error = NULL;
    if (session->wait(session->target, &result, &error) < 0)
        return output_failure(cli, failure, error);
    return result.signal ? CLI_SIGNAL + result.signal : result.code;
}
