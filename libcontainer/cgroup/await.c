/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what a group of version 2 says of itself.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include <base/clock.h>
#include <base/util.h>
#include <base/words.h>

bool group_await_event(int dir, const char *line, int64_t deadline)
{
    char text[256];
    _close_ int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    for (;;) {
        ssize_t n = RETRY(pread(fd, text, sizeof(text) - 1, 0));
        if (n < 0)
            return false;
        text[n] = 0;
        if (words_have(text, "\n", line))
            return true;
        int64_t left = deadline - monotonic_ms();
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        /* The kernel may hold a notice back for some milliseconds, and a file that is none of the kernel's gives
         * none: it is looked at again now and then. */
        struct pollfd wait = {.fd = fd, .events = POLLPRI};
        poll(&wait, 1, (int)(left < 50 ? left : 50));
    }
}
