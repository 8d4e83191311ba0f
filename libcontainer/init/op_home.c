/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HOME for a process whose environment has none, from the container's own /etc/passwd.  The file is
 * the image's and may be anything: only a regular file is read, up to a bound, and what cannot be
 * used is passed over for the default, "/".
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "init.h"

#define MAX_PASSWD (1 << 20)

/* The state of reading one line: NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL */
struct line {
    int field;
    uint64_t uid;
    bool good; /* so far: the uid is a number, the home of printable characters */
    char home[1000];
    size_t length;
};

static void begin(struct line *line)
{
    line->field = 0;
    line->uid = 0;
    line->good = true;
    line->length = 0;
}

static void take(struct line *line, char c)
{
    if (c == ':') {
        line->field++;
    } else if (line->field == 2) {
        line->good &= c >= '0' && c <= '9' && line->uid <= UINT32_MAX;
        line->uid = line->uid * 10 + (uint64_t)(c - '0');
    } else if (line->field == 5) {
        line->good &=
            (unsigned char)c >= 0x20 && c != 0x7f && line->length < sizeof(line->home) - 1;
        if (line->good)
            line->home[line->length++] = c;
    }
}

static bool matches(const struct line *line, uint64_t uid)
{
    return line->good && line->field >= 5 && line->uid == uid && line->length > 0 &&
           line->home[0] == '/';
}

static bool search(int fd, uint64_t uid, struct line *line)
{
    char buffer[4096];
    begin(line);
    for (size_t total = 0; total < MAX_PASSWD;) {
        long n = SYS_3(read, fd, buffer, sizeof(buffer));
        if (n <= 0)
            return n == 0 && matches(line, uid);
        total += (size_t)n;
        for (long i = 0; i < n; i++) {
            if (buffer[i] != '\n') {
                take(line, buffer[i]);
                continue;
            }
            if (matches(line, uid))
                return true;
            begin(line);
        }
    }
    return false;
}

int op_home(struct init *init, const struct plan_op *op)
{
    char *value = (char *)init->plan + op->text0 + sizeof("HOME=") - 1;
    value[0] = '/';
    value[1] = 0;
    _fd_ int fd = (int)SYS_4(openat, AT_FDCWD, "/etc/passwd",
                             O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    struct statx st;
    if (fd < 0 || SYS_5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0 || !S_ISREG(st.stx_mode))
        return 0;
    struct line line;
    if (!search(fd, op->number0, &line) || line.length + sizeof("HOME=") > op->number1)
        return 0;
    __builtin_memcpy(value, line.home, line.length);
    value[line.length] = 0;
    return 0;
}
