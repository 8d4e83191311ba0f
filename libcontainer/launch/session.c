/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's side of the talk with an init.
 */
#include <launch/session.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <base/clock.h>
#include <base/process.h>
#include <base/util.h>

static int open_proc(struct failure *failure)
{
    _close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct statfs fs;
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open /proc");
    if (fs.f_type != PROC_SUPER_MAGIC)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "/proc is not a procfs: containers need one on the host");
    return take_fd(&fd);
}

/* An init that says nothing for so long may have been stopped; one that was is looked at often, as who stops it
 * may do so again and again. */
#define QUIET_MS 100
#define STOPPED_MS 1

static int explain_end(struct session *session, struct failure *failure);

/* A process of the container may send SIGSTOP to an init in its pid namespace.  How long to wait now. */
static int rouse(struct session *session)
{
    siginfo_t info = {0};
    /* A builder may wait for its member. */
    if (session->member)
        return rouse(session->member);
    if (!session->rouse || session->pidfd < 0)
        return QUIET_MS;
    bool stopped =
        waitid((idtype_t)P_PIDFD, (id_t)session->pidfd, &info, WSTOPPED | WNOHANG) == 0 &&
        info.si_pid != 0;
    syscall(SYS_pidfd_send_signal, session->pidfd, SIGCONT, NULL, 0);
    return stopped ? STOPPED_MS : QUIET_MS;
}

/* The next look at the init, and no later than the deadline. */
static int poll_timeout(const struct session *session, int quiet)
{
    int64_t left = session->deadline ? session->deadline - monotonic_ms() : INT32_MAX;
    if (left < 0)
        return 0;
    if (session->rouse && quiet < left)
        return quiet;
    return session->deadline ? (int)left : -1;
}

/* Wait until the init has said something.  While only the first stage is known, its end without a word is the end
 * of the matter: the second, should there be one, holds the socket too and would wait for ever. */
static int await_word(struct session *session, struct failure *failure)
{
    struct pollfd fds[3] = {{session->control, POLLIN, 0},
                            {session->cancel, POLLIN, 0},
                            {session->pid_known ? -1 : session->pidfd, POLLIN, 0}};
    for (int quiet = QUIET_MS;;) {
        int r = poll(fds, 3, poll_timeout(session, quiet));
        if (r < 0 && errno != EINTR)
            return fail_errno(failure, OCI_ERR_IO, errno, "wait for the init");
        if (r < 0)
            continue;
        if (session->cancel >= 0 && fds[1].revents)
            return fail(failure, OCI_ERR_CANCELLED, "cancelled by the caller");
        /* What it said before it ended lies in the socket. */
        if (fds[0].revents)
            return 0;
        if (fds[2].revents && poll(fds, 1, 0) == 0)
            return explain_end(session, failure);
        if (session->deadline && monotonic_ms() >= session->deadline)
            return fail(failure, OCI_ERR_TIMEOUT,
                        "the init did not end its work in %d ms; a process or a filesystem of the "
                        "container may hold it up",
                        session->timeout_ms);
        if (r == 0)
            quiet = rouse(session);
    }
}

/* 1, or 0 at the end of the socket. */
int message_receive(int socket, struct plan_message *message, int *fd, struct failure *failure)
{
    struct iovec part = {message, sizeof(*message)};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n = RETRY(recvmsg(socket, &header, MSG_CMSG_CLOEXEC));
    *fd = -1;
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return 0;
    if (n < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "hear from the init");
    struct cmsghdr *part_header = CMSG_FIRSTHDR(&header);
    if (part_header && part_header->cmsg_level == SOL_SOCKET &&
        part_header->cmsg_type == SCM_RIGHTS && part_header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(part_header), sizeof(*fd));
    /* Without it the message would say something else. */
    if (header.msg_flags & MSG_CTRUNC) {
        close_fd(fd);
        *fd = -1;
        return fail(failure, OCI_ERR_IO,
                    "an fd that the init sent was lost: this process may have no more open files");
    }
    if (n == (ssize_t)sizeof(*message)) {
        message->text[PLAN_MESSAGE_TEXT - 1] = 0;
        return 1;
    }
    close_fd(fd);
    *fd = -1;
    return fail(failure, OCI_ERR_INTERNAL, "the init sent a message of %zd bytes", n);
}

int message_send(int socket, uint32_t kind, int64_t number)
{
    struct plan_message message = {.kind = kind, .number = number};
    return RETRY(send(socket, &message, sizeof(message), MSG_NOSIGNAL)) < 0 ? -errno : 0;
}

int session_go(struct session *session, struct failure *failure)
{
    pid_t pid = session->told_pid >= 0 ? session->told_pid : session->pid;
    int r = message_send(session->control, PLAN_MESSAGE_GO, pid);
    if (r == -EPIPE || r == -ECONNRESET)
        return explain_end(session, failure);
    return r == 0 ? 0 : fail_errno(failure, OCI_ERR_IO, -r, "talk to the container's init");
}

static int set_scheduler(struct session *session, struct failure *failure)
{
    if (syscall(SYS_sched_setattr, session->pid, &session->compiled->scheduler, 0) == 0)
        return 0;
    struct plan_message message = {.op = session->sync_op, .code = PLAN_SCHEDULER, .error = errno};
    return explain(session->compiled, &message, session->file, failure);
}

static int pass_on(struct session *session, int64_t point, struct failure *failure)
{
    bool devices = point == PLAN_SYNC_NET_DEVICES;
    if (session->passed < 0)
        return fail(failure, OCI_ERR_INTERNAL, "the init sent no fd for sync %d", (int)point);
    if (devices && session->net_devices)
        return session->net_devices(session->data, session->passed, failure);
    if (!devices && session->listener)
        return session->listener(session->data, session->passed, session->pid, failure);
    return fail(failure, OCI_ERR_INTERNAL,
                devices ? "nobody moves the network devices" : "nobody listens to the filter");
}

static int begin_member(struct session *session, struct failure *failure)
{
    if (session->member == NULL)
        return fail(failure, OCI_ERR_INTERNAL, "the init waits for another one");
    session->member_spawn->slots[PLAN_SLOT_JOIN] = session->pidfd;
    int r = session_begin(session->member, session->member_spawn, failure);
    /* The builder must hear the member's end. */
    close(take_fd(&session->member_spawn->slots[PLAN_SLOT_LINK]));
    session->told_pid = session->member->pid;
    /* Whose namespaces cannot be entered may have ended. */
    if (r < 0 && r != OCI_ERR_CANCELLED && process_await_end(session->pidfd, 100)) {
        *failure = (struct failure){0};
        return explain_end(session, failure);
    }
    return r;
}

static int answer_sync(struct session *session, int64_t point, struct failure *failure)
{
    int r = 0;
    if (point == PLAN_SYNC_MAPS)
        r = id_maps_write(&session->mapper, session->pid, session->compiled, failure);
    else if (point == PLAN_SYNC_SCHEDULER)
        r = set_scheduler(session, failure);
    else if (point == PLAN_SYNC_NET_DEVICES || point == PLAN_SYNC_LISTENER)
        r = pass_on(session, point, failure);
    else if (point == PLAN_SYNC_MEMBER)
        r = begin_member(session, failure);
    else if (point == PLAN_SYNC_HOOKS && session->hooks)
        r = session->hooks(session->data,
                           session->told_pid >= 0 ? session->told_pid : session->pid, failure);
    return r == 0 ? session_go(session, failure) : r;
}

/* Why did the socket end?  By a signal, most likely: the seccomp filter, the memory limit,
 * somebody. */
static int explain_end(struct session *session, struct failure *failure)
{
    struct container_exit status = {-1, 0};
    struct failure ignored = {0};
    if (session->pidfd >= 0)
        process_wait(session->pidfd, 1000, &status, &ignored);
    if (status.signal)
        return fail(
            failure, OCI_ERR_INIT_DIED, "the container's init was ended by signal %d (%s)%s",
            status.signal, sigabbrev_np(status.signal) ? sigabbrev_np(status.signal) : "?",
            status.signal == SIGKILL  ? "; the memory limit may be too low"
            : status.signal == SIGSYS ? "; the seccomp filter forbids what every start needs"
                                      : "");
    return fail(failure, OCI_ERR_INIT_DIED,
                "the container's init ended with status %d before it was ready", status.code);
}

static int take_forked(struct session *session, const struct plan_message *message, int *fd,
                       struct failure *failure)
{
    if (*fd < 0 || session->stage >= 0 || session->pid_known)
        return fail(failure, OCI_ERR_INTERNAL,
                    "the init's report of its second stage makes no sense");
    session->stage = session->pidfd;
    session->pidfd = take_fd(fd);
    session->pid = (pid_t)message->number;
    session->pid_known = true;
    return 0;
}

/* One message.  Returns 1 when the init is ready. */
static int handle(struct session *session, const struct plan_message *message, int *fd,
                  int64_t *waiting, struct failure *failure)
{
    switch (message->kind) {
    case PLAN_MESSAGE_FORKED:
        return take_forked(session, message, fd, failure);
    case PLAN_MESSAGE_SYNC:
        *waiting = message->number;
        session->sync_op = message->op;
        close_fd(&session->passed);
        session->passed = take_fd(fd);
        return 0;
    case PLAN_MESSAGE_LISTENER:
        *waiting = PLAN_SYNC_LISTENER;
        close_fd(&session->passed);
        session->passed = take_fd(fd);
        return 0;
    case PLAN_MESSAGE_TERMINAL:
        close_fd(&session->terminal);
        session->terminal = take_fd(fd);
        return 0;
    case PLAN_MESSAGE_READY:
    case PLAN_MESSAGE_DONE:
        return 1;
    case PLAN_MESSAGE_ERROR:
        /* What ended the other one is what went wrong. */
        if (message->detail == PLAN_DETAIL_OTHER_GONE && session->member)
            return session_finish(session->member, failure);
        return explain(session->compiled, message, session->file, failure);
    default:
        return fail(failure, OCI_ERR_INTERNAL, "the init sent a message of unknown kind %u",
                    message->kind);
    }
}

/* Until the init is ready, or (meet) no longer than until the process that goes on is known. */
static int talk(struct session *session, bool meet, struct failure *failure)
{
    int64_t waiting = 0;
    while (!session->pid_known || !(session->ready || meet)) {
        struct plan_message message;
        _close_ int fd = -1;
        int r = await_word(session, failure);
        if (r < 0)
            return r;
        r = message_receive(session->control, &message, &fd, failure);
        if (r == 0)
            return explain_end(session, failure);
        if (r > 0)
            r = handle(session, &message, &fd, &waiting, failure);
        if (r < 0)
            return r;
        session->ready |= r > 0;
        /* The second stage may be heard before the first has told its pid. */
        if (!session->pid_known || !waiting)
            continue;
        r = answer_sync(session, waiting, failure);
        waiting = 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int session_begin(struct session *session, struct spawn *spawn_request, struct failure *failure)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make a socket for the init");
    session->control = pair[0];
    _close_ int theirs = pair[1];
    _close_ int proc = open_proc(failure);
    if (proc < 0)
        return proc;
    session->deadline = session->timeout_ms ? monotonic_ms() + session->timeout_ms : 0;
    spawn_request->slots[PLAN_SLOT_CONTROL] = theirs;
    spawn_request->slots[PLAN_SLOT_PROC] = proc;
    int r = spawn(spawn_request, &session->pid, &session->pidfd, failure);
    if (r < 0)
        return r;
    session->pid_known = !session->compiled->two_stage;
    /* Our copy of the init's end must go, or its end would never be heard. */
    close(take_fd(&theirs));
    return talk(session, true, failure);
}

int session_finish(struct session *session, struct failure *failure)
{
    int r = talk(session, false, failure);
    if (session->stage >= 0) {
        process_await_end(session->stage, -1);
        process_reap(session->stage);
        close(take_fd(&session->stage));
    }
    return r;
}

int session_run(struct session *session, struct spawn *request, struct failure *failure)
{
    int r = session_begin(session, request, failure);
    return r == 0 ? session_finish(session, failure) : r;
}

int session_begin_errand(struct session *session, int init, struct failure *failure)
{
    _close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open /dev/null");
    const int stdio[3] = {null, null, null};
    struct spawn request = {
        .init = init,
        .plan = &session->compiled->plan,
        .flags = session->compiled->clone_flags,
        .cgroup = -1,
        .stdio = stdio,
        .slot_count = PLAN_SLOT_FIRST_GROUP,
    };
    for (size_t i = 0; i < request.slot_count; i++)
        request.slots[i] = -1;
    return session_begin(session, &request, failure);
}

int session_run_errand(struct session *session, int init, struct failure *failure)
{
    int r = session_begin_errand(session, init, failure);
    if (r == 0)
        r = session_finish(session, failure);
    session_abort(session);
    return r;
}

static int deliver(int socket, const struct delivery *delivery, int fd, struct failure *failure)
{
    if (fd < 0 || delivery == NULL)
        return fail(failure, OCI_ERR_INTERNAL, "nobody listens to the filter");
    int r = delivery->listener(delivery->data, fd, delivery->pid, failure);
    if (r < 0)
        return r;
    r = message_send(socket, PLAN_MESSAGE_GO, delivery->pid);
    return r < 0 ? fail_errno(failure, OCI_ERR_INIT_DIED, -r, "the container's init ended") : 0;
}

static int await_program(struct session *session, const struct delivery *delivery,
                         struct plan_message *message, struct failure *failure)
{
    bool delivered = delivery == NULL;
    for (bool running = false;;) {
        _close_ int fd = -1;
        int r = await_word(session, failure);
        if (r == 0)
            r = message_receive(session->control, message, &fd, failure);
        if (r > 0 && message->kind == PLAN_MESSAGE_LISTENER) {
            r = deliver(session->control, delivery, fd, failure);
            delivered = true;
            if (r == 0)
                continue;
        }
        if (r < 0)
            return r;
        if (r > 0 && message->kind == PLAN_MESSAGE_ERROR)
            return 1;
        if (r == 0 && running && delivered)
            return 0;
        if (r == 0)
            return fail(failure, OCI_ERR_INIT_DIED,
                        "the init ended before the program ran; a seccomp filter or a limit may "
                        "forbid what it does");
        running |= message->kind == PLAN_MESSAGE_RUNNING;
    }
}

int await_running(int socket, int pidfd, int cancel, const struct delivery *delivery,
                  struct plan_message *message, struct failure *failure)
{
    struct session session = SESSION_INIT;
    session.control = socket;
    session.pidfd = pidfd;
    session.cancel = cancel;
    session.rouse = true;
    session.pid_known = true;
    return await_program(&session, delivery, message, failure);
}

int session_await_exec(struct session *session, struct failure *failure)
{
    struct plan_message message;
    const struct delivery delivery = {session->listener, session->data, session->pid};
    int r = await_program(session, session->compiled->listener_last ? &delivery : NULL, &message,
                          failure);
    if (r <= 0)
        return r;
    return explain(session->compiled, &message, session->file, failure);
}

/* How long a killed process may take to end.  In a frozen group it does not, until that is thawed. */
static int patience_ms(const struct session *session)
{
    return session->leave ? 1000 : 10000;
}

static void end_process(struct session *session, int *pidfd)
{
    if (*pidfd < 0)
        return;
    /* It reads the end of the socket and ends by itself, and takes a hook at work with it. */
    bool ended = process_await_end(*pidfd, 500);
    if (!ended) {
        syscall(SYS_pidfd_send_signal, *pidfd, SIGKILL, NULL, 0);
        ended = process_await_end(*pidfd, patience_ms(session));
    }
    if (ended)
        process_reap(*pidfd);
    else if (session->leave)
        session->leave(session->data, *pidfd);
    close(take_fd(pidfd));
}

/* A second stage may exist that was not heard of yet: it is our child, to be ended and reaped like the
 * first.  Its report is in the socket once the first stage has ended. */
static void find_second_stage(struct session *session)
{
    if (session->pidfd < 0 || session->pid_known)
        return;
    if (!process_await_end(session->pidfd, 100))
        syscall(SYS_pidfd_send_signal, session->pidfd, SIGKILL, NULL, 0);
    process_await_end(session->pidfd, patience_ms(session));
    struct pollfd poll_fd = {session->control, POLLIN, 0};
    while (!session->pid_known && poll(&poll_fd, 1, 0) > 0) {
        struct plan_message message;
        struct failure ignored = {0};
        _close_ int fd = -1;
        if (message_receive(session->control, &message, &fd, &ignored) <= 0)
            return;
        if (message.kind == PLAN_MESSAGE_FORKED)
            take_forked(session, &message, &fd, &ignored);
    }
}

void session_abort(struct session *session)
{
    if (session->control >= 0)
        find_second_stage(session);
    close_fd(&session->control);
    session->control = -1;
    end_process(session, &session->stage);
    end_process(session, &session->pidfd);
    session_close(session);
}

void session_close(struct session *session)
{
    close_fd(&session->control);
    close_fd(&session->pidfd);
    close_fd(&session->stage);
    close_fd(&session->terminal);
    close_fd(&session->passed);
    session->passed = -1;
    session->control = session->pidfd = session->stage = session->terminal = -1;
}
