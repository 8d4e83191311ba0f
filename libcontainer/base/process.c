/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes by pidfd.
 */
#include <base/process.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <base/clock.h>
#include <base/util.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* The kernel keeps a process's exit status on its pidfd from 6.15 on, also after it was waited for.
 */
struct pidfd_info_with_exit {
    uint64_t mask, cgroupid;
    uint32_t pid, tgid, ppid;
    uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
#define GET_INFO _IOWR(0xff, 11, struct pidfd_info_with_exit)
#define INFO_EXIT (UINT64_C(1) << 3)

uint64_t process_start_time(pid_t pid, bool *gone)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    *gone = true;
    _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : RETRY(read(fd, text, sizeof(text) - 1));
    if (n <= 0)
        return 0;
    text[n] = 0;
    /* The program's name may hold anything, blanks and brackets too: the last bracket ends it. */
    char *p = strrchr(text, ')');
    if (p == NULL || p[1] == 0)
        return 0;
    p += 2;
    *gone = *p == 'Z' || *p == 'X';
    for (int field = 3; field < 22 && p; field++) {
        p = strchr(p, ' ');
        p = p ? p + 1 : NULL;
    }
    return p ? strtoull(p, NULL, 10) : 0;
}

int process_open(pid_t pid, uint64_t start_time)
{
    if (pid <= 0)
        return -1;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return -1;
    /* The pidfd names whoever has the pid now; if that is still the one we know, it stays so. */
    bool gone;
    if (process_start_time(pid, &gone) != start_time || gone) {
        close(pidfd);
        return -1;
    }
    return pidfd;
}

bool process_ended(int pidfd)
{
    return process_await_end(pidfd, 0);
}

bool process_await_end(int pidfd, int timeout_ms)
{
    int64_t deadline = timeout_ms > 0 ? monotonic_ms() + timeout_ms : 0;
    for (;;) {
        struct pollfd poll_fd = {pidfd, POLLIN, 0};
        int r = poll(&poll_fd, 1, timeout_ms);
        if (r > 0)
            return true;
        if (r == 0)
            return false;
        if (errno != EINTR)
            return true;
        if (timeout_ms > 0) {
            int64_t left = deadline - monotonic_ms();
            timeout_ms = left > 0 ? (int)left : 0;
        }
    }
}

static void decode(int status, struct container_exit *result)
{
    *result = WIFSIGNALED(status) ? (struct container_exit){-1, WTERMSIG(status)}
                                  : (struct container_exit){WEXITSTATUS(status), 0};
}

static bool stored_status(int pidfd, struct container_exit *result)
{
    struct pidfd_info_with_exit info = {.mask = INFO_EXIT};
    if (ioctl(pidfd, GET_INFO, &info) < 0 || !(info.mask & INFO_EXIT))
        return false;
    decode(info.exit_code, result);
    return true;
}

/* The status is kept once the parent has collected it, which may be a moment after the end. */
static bool await_stored_status(int pidfd, struct container_exit *result)
{
    for (int tries = 0; tries < 100; tries++) {
        if (stored_status(pidfd, result))
            return true;
        struct pollfd poll_fd = {pidfd, 0, 0};
        if (poll(&poll_fd, 1, 10) > 0 && (poll_fd.revents & POLLHUP))
            return stored_status(pidfd, result);
    }
    return false;
}

int process_wait(int pidfd, int timeout_ms, struct container_exit *result, struct failure *failure)
{
    if (!process_await_end(pidfd, timeout_ms))
        return fail(failure, OCI_ERR_TIMEOUT, "the process still runs after %d ms", timeout_ms);
    siginfo_t info = {0};
    if (RETRY(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | __WALL)) == 0 &&
        info.si_pid != 0) {
        *result = info.si_code == CLD_EXITED ? (struct container_exit){info.si_status, 0}
                                             : (struct container_exit){-1, info.si_status};
        return 0;
    }
    if (await_stored_status(pidfd, result))
        return 0;
    return fail(failure, OCI_ERR_STATUS_LOST,
                "the process has ended, but its exit status went to another parent or waiter");
}

void process_reap(int pidfd)
{
    siginfo_t info;
    RETRY(waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | __WALL));
}
