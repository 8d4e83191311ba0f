/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks.  A hook gets the state document on its standard input, its own environment only, and a
 * process group of its own that is killed when its time is up.  What it prints is read and dropped
 * but for the last line, which goes into the report of a failure; neither a hook that never reads
 * nor one that prints without end nor a grandchild that keeps the pipe open can hold up the init.
 */
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "init.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct hook {
    int pid;
    int pidfd;
    int input;  /* our end of its standard input; -1 once all is written */
    int output; /* our end of its standard output and error */
    const char *parts[3];
    size_t done;      /* bytes of all parts that were written */
    int64_t deadline; /* in ms of the monotonic clock; 0: none */
    char line[PLAN_MESSAGE_TEXT];
    size_t line_length;
};

static int64_t now_ms(void)
{
    struct timespec t;
    SYS_2(clock_gettime, CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_hook(struct hook *hook)
{
    sys_close(&hook->pidfd);
    sys_close(&hook->input);
    sys_close(&hook->output);
}

static _Noreturn void run_hook(struct init *init, const struct plan_op *op, int parent, int input,
                               int output)
{
    SYS_2(setpgid, 0, 0);
    SYS_1(umask, init->umask);
    /* A hook must not go on alone when the init is killed. */
    SYS_5(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* A seccomp filter may refuse to say; a builder is in no pid namespace that its hooks see. */
    long now = SYS_1(getppid, 0);
    if (now > 0 && now != parent)
        SYS_1(exit_group, 127);
    long r = SYS_3(dup3, input, 0, 0);
    if (r >= 0)
        r = SYS_3(dup3, output, 1, 0);
    if (r >= 0)
        r = SYS_3(dup3, output, 2, 0);
    /* What is kept open for the program is not the hook's. */
    for (uint32_t fd = 3; r >= 0 && fd < init->header->keep_fds; fd++)
        SYS_1(close, fd);
    if (r >= 0)
        SYS_3(execve, op_text(init, op->text0), op_vector(init, op->text1),
              op_vector(init, op->text2));
    for (;;)
        SYS_1(exit_group, 127);
}

static int start_hook(struct init *init, const struct plan_op *op, struct hook *hook)
{
    int in[2], out[2];
    long r = SYS_2(pipe2, in, O_CLOEXEC);
    if (r < 0)
        return (int)r;
    _fd_ int in_read = in[0];
    hook->input = in[1];
    r = SYS_2(pipe2, out, O_CLOEXEC);
    if (r < 0)
        return (int)r;
    _fd_ int out_write = out[1];
    hook->output = out[0];
    int parent = (int)SYS_1(getpid, 0);
    r = make_child(0, SIGCHLD, &hook->pidfd);
    if (r == 0)
        run_hook(init, op, parent, in_read, out_write);
    if (r < 0)
        return (int)r;
    hook->pid = (int)r;
    SYS_3(fcntl, hook->input, F_SETFL, O_NONBLOCK);
    SYS_3(fcntl, hook->output, F_SETFL, O_NONBLOCK);
    return 0;
}

/* The state document in three parts: what stands before the pid, the pid, what stands after it. */
static void write_state(struct hook *hook)
{
    size_t skipped = 0;
    for (int i = 0; i < 3; i++) {
        size_t length = str_length(hook->parts[i]);
        while (hook->done < skipped + length) {
            size_t from = hook->done - skipped;
            long r = SYS_3(write, hook->input, hook->parts[i] + from, length - from);
            if (r == -EAGAIN || r == -EINTR)
                return;
            if (r < 0)
                goto end; /* it does not want to read on, which is its right */
            hook->done += (size_t)r;
        }
        skipped += length;
    }
end:
    sys_close(&hook->input);
}

static void read_output(struct hook *hook)
{
    char buffer[4096];
    /* Bounded, so that a hook that prints without end cannot keep us from its deadline. */
    for (int rounds = 0; rounds < 16; rounds++) {
        long n = SYS_3(read, hook->output, buffer, sizeof(buffer));
        if (n == 0)
            sys_close(&hook->output);
        if (n <= 0)
            return;
        for (long i = 0; i < n; i++) {
            if (buffer[i] == '\n' && i + 1 < n)
                hook->line_length = 0;
            else if (buffer[i] != '\n' && hook->line_length < sizeof(hook->line) - 1)
                hook->line[hook->line_length++] = buffer[i];
        }
    }
}

static int finish_hook(struct init *init, struct hook *hook)
{
    siginfo_t info;
    long r;
    do
        r = SYS_5(waitid, P_PIDFD, hook->pidfd, &info, WEXITED, NULL);
    while (r == -EINTR);
    if (r < 0)
        return (int)r;
    read_output(hook);
    hook->line[hook->line_length] = 0;
    if (info.si_code == CLD_EXITED && info.si_status == 0)
        return 0;
    note(init, info.si_code == CLD_EXITED ? PLAN_DETAIL_HOOK_EXIT : PLAN_DETAIL_HOOK_SIGNAL,
         info.si_status, hook->line);
    return -ECHILD;
}

static void end_hook(struct init *init, struct hook *hook)
{
    SYS_2(kill, -hook->pid, SIGKILL);
    SYS_4(pidfd_send_signal, hook->pidfd, SIGKILL, NULL, 0);
    finish_hook(init, hook);
}

static int watch_hook(struct init *init, struct hook *hook)
{
    /* Whoever waits for us: the library during a create, the starter during a start. */
    int leash = init->start_peer >= 0 ? init->start_peer : init->slots[PLAN_SLOT_CONTROL];
    for (;;) {
        struct pollfd fds[4] = {
            {hook->pidfd, POLLIN, 0},
            {hook->input, POLLOUT, 0},
            {hook->output, POLLIN, 0},
            {leash, 0, 0}, /* only its end is of interest */
        };
        struct timespec wait = {0, 0}, *limit = NULL;
        if (hook->deadline) {
            int64_t left = hook->deadline - now_ms();
            if (left <= 0)
                break;
            wait.tv_sec = left / 1000;
            wait.tv_nsec = left % 1000 * 1000000;
            limit = &wait;
        }
        long r = SYS_5(ppoll, fds, 4, limit, NULL, 8);
        if (r < 0 && r != -EINTR)
            return (int)r;
        if (r <= 0)
            continue;
        if (fds[1].revents)
            write_state(hook);
        if (fds[2].revents)
            read_output(hook);
        if (fds[0].revents)
            return finish_hook(init, hook);
        if (fds[3].revents & (POLLHUP | POLLERR)) {
            end_hook(init, hook);
            note(init, PLAN_DETAIL_PARENT_GONE, 0, NULL);
            return -EPIPE;
        }
    }
    end_hook(init, hook);
    note(init, PLAN_DETAIL_HOOK_TIMEOUT, 0, hook->line);
    return -ETIMEDOUT;
}

static void set_pipe_signal(void (*handler)(int))
{
    struct {
        void (*handler)(int);
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = {handler, 0, NULL, 0};
    SYS_4(rt_sigaction, SIGPIPE, &action, NULL, sizeof(action.mask));
}

static void print_number(int64_t number, char *text)
{
    char digits[24];
    int n = 0;
    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (n > 0)
        *text++ = digits[--n];
    *text = 0;
}

int op_hook(struct init *init, const struct plan_op *op)
{
    char pid[24];
    print_number(init->pid, pid);
    struct hook hook = {
        .pidfd = -1,
        .input = -1,
        .output = -1,
        .parts = {op_text(init, (uint32_t)op->number1), pid, op_text(init, (uint32_t)op->number2)},
        .deadline = op->number0 ? now_ms() + (int64_t)op->number0 : 0,
    };
    int r = start_hook(init, op, &hook);
    /* A hook may leave its input unread; the child, already there, keeps the default. */
    set_pipe_signal(SIG_IGN);
    if (r == 0)
        r = watch_hook(init, &hook);
    set_pipe_signal(SIG_DFL);
    close_hook(&hook);
    return r;
}
