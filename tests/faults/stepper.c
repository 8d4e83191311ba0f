/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one command under ptrace and does one bad thing to it at one exact system call: kills a
 * process, or lets the call fail.  Judges nothing: what happened is in the report, a line each.
 *
 *     stepper REPORT TIMEOUT none COMMAND...               only count
 *     stepper REPORT TIMEOUT kill:WHO:AT:VICTIM COMMAND...
 *     stepper REPORT TIMEOUT fail:NUMBER:AT:ERRNO COMMAND...
 *
 * WHO and VICTIM are c (the command's own process) or i (its children, as long as they run the
 * init); AT counts the calls from 1.  The process stands at the entry of call AT then: the calls
 * before it are done, and it is not.  A report has "c CALL" or "i CALL" for every call seen, "done"
 * when the fault happened, and "exit CODE", "signal NUMBER" or "timeout" as its last line.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS                                                                                    \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |       \
     PTRACE_O_TRACECLONE)

static struct {
    FILE *report;
    pid_t command;
    char who, victim;   /* of a kill; 0 without one */
    long call, error;   /* of a failing call; -1 without one */
    long at, seen;      /* the counted calls */
    pid_t failing;      /* stands between the entry and the exit of the call that fails */
    bool running, done; /* the command has been executed; the fault has happened */
} step = {.call = -1};

static volatile sig_atomic_t timed_out;

static void on_alarm(int signal)
{
    (void)signal;
    timed_out = 1;
    kill(step.command, SIGKILL);
}

static void die(const char *what)
{
    fprintf(stderr, "stepper: %s: %s\n", what, strerror(errno));
    if (step.command > 0)
        kill(step.command, SIGKILL);
    exit(99);
}

static void parse_fault(const char *text)
{
    if (sscanf(text, "kill:%c:%ld:%c", &step.who, &step.at, &step.victim) != 3 &&
        sscanf(text, "fail:%ld:%ld:%ld", &step.call, &step.at, &step.error) != 3 &&
        strcmp(text, "none") != 0) {
        errno = EINVAL;
        die(text);
    }
}

/* The command waits for the tracer before it executes. */
static void spawn(char **argv)
{
    int gate[2];
    char byte = 0;
    if (pipe2(gate, O_CLOEXEC) < 0 || (step.command = fork()) < 0)
        die("fork");
    if (step.command == 0) {
        if (read(gate[0], &byte, 1) == 1)
            execv(argv[0], argv);
        _exit(98);
    }
    if (ptrace(PTRACE_SEIZE, step.command, NULL, OPTIONS) < 0 || write(gate[1], &byte, 1) != 1)
        die("trace the command");
    close(gate[0]);
    close(gate[1]);
}

static void kill_now(pid_t pid)
{
    kill(step.victim == 'c' ? step.command : pid, SIGKILL);
    step.done = true;
}

/* Call -1 does nothing; the wanted result is put in when it returns. */
static void replace_call(pid_t pid, bool entry)
{
#if defined(__x86_64__)
    if (ptrace(PTRACE_POKEUSER, pid, 8L * (entry ? ORIG_RAX : RAX), entry ? -1L : -step.error) < 0)
        die("change a system call");
    step.failing = entry ? pid : 0;
    step.done = true;
#else
    (void)entry;
    errno = ENOSYS;
    die("change a system call");
#endif
}

static void on_call(pid_t pid)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
        return; /* it was killed meanwhile */
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && step.failing == pid)
        replace_call(pid, false);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !step.running)
        return;
    char who = pid == step.command ? 'c' : 'i';
    fprintf(step.report, "%c %ld\n", who, (long)info.entry.nr);
    if (step.done)
        return;
    if (step.victim && who == step.who && ++step.seen == step.at)
        kill_now(pid);
    else if (who == 'c' && (long)info.entry.nr == step.call && ++step.seen == step.at)
        replace_call(pid, true);
}

/* The init is executed from memory; whatever else a child executes is none of ours. */
static bool runs_init(pid_t pid)
{
    char path[64], target[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    return readlink(path, target, sizeof(target) - 1) > 0 && strncmp(target, "/memfd:", 7) == 0;
}

/* One stop of one process, which goes on afterwards.  When the command dies at a call of the init,
 * the init stands until the death is complete. */
static void on_stop(pid_t pid, int status)
{
    int event = status >> 16, signal = WSTOPSIG(status), forwarded = 0;
    if (signal == (SIGTRAP | 0x80)) {
        on_call(pid);
    } else if (event == PTRACE_EVENT_EXEC) {
        step.running = true;
        if (pid != step.command && !runs_init(pid)) {
            ptrace(PTRACE_DETACH, pid, NULL, 0);
            return;
        }
    } else if (event == 0) {
        forwarded = signal;
    }
    if (step.done && step.victim == 'c')
        return;
    ptrace(PTRACE_SYSCALL, pid, NULL, (long)forwarded);
}

/* Until the command has ended.  Children that are still traced then are let go by our own end. */
static int follow(void)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            die("wait");
        if (WIFSTOPPED(status))
            on_stop(pid, status);
        else if (pid == step.command)
            return status;
    }
}

int main(int argc, char **argv)
{
    if (argc < 5 || (step.report = fopen(argv[1], "we")) == NULL) {
        fprintf(stderr, "usage: stepper REPORT TIMEOUT FAULT COMMAND...\n");
        return 99;
    }
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    parse_fault(argv[3]);
    spawn(argv + 4);
    alarm((unsigned)atoi(argv[2]));
    int status = follow();
    if (step.done)
        fprintf(step.report, "done\n");
    if (timed_out)
        fprintf(step.report, "timeout\n");
    else if (WIFSIGNALED(status))
        fprintf(step.report, "signal %d\n", WTERMSIG(status));
    else
        fprintf(step.report, "exit %d\n", WEXITSTATUS(status));
    return fclose(step.report) == 0 ? 0 : 99;
}
