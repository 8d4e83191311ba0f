/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay between this command's terminal and the container's.
 */
#include "terminal.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* More than a pty can hold: only a process that outlives the first one writes beyond it. */
enum { DRAIN_LIMIT = 1024 * 1024 };

enum { INTERVAL_MS = 500 };

/* How long nobody takes anything of the last output before the rest of it is dropped. */
enum { STALL_MS = 5000 };

static bool find_size(struct winsize *size)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (ioctl(fd, TIOCGWINSZ, size) == 0)
            return size->ws_row > 0 && size->ws_col > 0;
    }
    return false;
}

bool terminal_size(int *rows, int *columns)
{
    struct winsize size;
    if (!find_size(&size))
        return false;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return true;
}

void terminal_resize(int master)
{
    struct winsize size;
    if (find_size(&size))
        ioctl(master, TIOCSWINSZ, &size);
}

/* A shell has put us into the background: its terminal is not ours to read or change. */
static bool is_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground >= 0 && foreground != getpgrp();
}

static int make_raw(struct terminal *terminal)
{
    struct termios raw = terminal->saved;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        return -1;
    terminal->is_raw = true;
    return 0;
}

static void go_away(struct terminal *terminal)
{
    terminal->is_away = true;
    terminal->is_raw = false; /* whoever has it now sets the mode */
    terminal->input.ended = true;
    terminal->next = now_ms() + INTERVAL_MS;
}

/* The terminal is ours: what is typed goes to the container. */
static int come_back(struct terminal *terminal)
{
    if (!terminal->has_saved && tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
        return -1;
    terminal->has_saved = true;
    if (make_raw(terminal) < 0)
        return -1;
    terminal->is_away = terminal->input.ended = false;
    terminal_resize(terminal->master);
    return 0;
}

void terminal_continue(struct terminal *terminal)
{
    if (!terminal->is_typed)
        return;
    if (is_background())
        go_away(terminal);
    else if (terminal->is_away || terminal->is_raw)
        come_back(terminal);
}

int terminal_begin(struct terminal *terminal, int master)
{
    memset(terminal, 0, offsetof(struct terminal, input));
    terminal->master = master;
    terminal->input = (struct terminal_channel){.from = STDIN_FILENO, .to = master, .ended = false};
    terminal->output =
        (struct terminal_channel){.from = master, .to = STDOUT_FILENO, .ended = false};
    int flags = fcntl(master, F_GETFL);
    if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    terminal->is_typed = isatty(STDIN_FILENO);
    if (!terminal->is_typed)
        return 0;
    if (is_background()) {
        go_away(terminal);
        return 0;
    }
    return come_back(terminal);
}

static void want(const struct terminal_channel *channel, struct pollfd *fd)
{
    bool is_full = channel->start < channel->end;
    fd->fd = is_full ? channel->to : channel->ended ? -1 : channel->from;
    fd->events = is_full ? POLLOUT : POLLIN;
    fd->revents = 0;
}

void terminal_want(const struct terminal *terminal, struct pollfd fds[TERMINAL_FDS])
{
    want(&terminal->input, &fds[0]);
    want(&terminal->output, &fds[1]);
}

static bool is_temporary(int error)
{
    return error == EAGAIN || error == EINTR;
}

/* Read once into the empty buffer; false when there was nothing. */
static bool fill(struct terminal_channel *channel)
{
    ssize_t length = read(channel->from, channel->data, sizeof(channel->data));
    if (length < 0 && is_temporary(errno))
        return false;
    if (length <= 0) {
        channel->ended = true;
        return false;
    }
    channel->start = 0;
    channel->end = channel->discarded ? 0 : (size_t)length;
    return true;
}

/* Write once.  A piece that a pipe takes whole once it has announced room: more could block. */
static void empty(struct terminal_channel *channel)
{
    size_t length = channel->end - channel->start;
    if (length > PIPE_BUF)
        length = PIPE_BUF;
    ssize_t written = write(channel->to, channel->data + channel->start, length);
    if (written >= 0) {
        channel->start += (size_t)written;
    } else if (!is_temporary(errno)) {
        channel->discarded = true;
        channel->start = channel->end = 0;
    }
}

static void move(struct terminal_channel *channel, const struct pollfd *fd)
{
    if (fd->fd < 0 || fd->revents == 0)
        return;
    if (channel->start < channel->end)
        empty(channel);
    else
        fill(channel);
}

/* The pipe has ended and all that came from it is typed. */
static bool is_at_end(const struct terminal *terminal)
{
    const struct terminal_channel *input = &terminal->input;
    return input->ended && !input->discarded && !terminal->is_typed && input->start == input->end;
}

/* A pipe has ended, but a terminal has no end: type the character that means it, once for the line
 * that was begun and once for the end itself.  The kernel forgets it where the program changes the
 * terminal's mode, and a program that reads key by key, as shells do, takes it as a key that means
 * nothing within a line: there the line is ended first.  So it is typed again. */
static void type_end(struct terminal *terminal)
{
    struct termios mode;
    struct terminal_channel *input = &terminal->input;
    bool is_first = !terminal->is_end_typed;
    terminal->is_end_typed = true;
    terminal->next = now_ms() + INTERVAL_MS;
    if (tcgetattr(terminal->master, &mode) < 0 || mode.c_cc[VEOF] == _POSIX_VDISABLE)
        return;
    bool is_canonical = mode.c_lflag & ICANON;
    if (is_first && !is_canonical)
        return;
    input->start = input->end = 0;
    if (!is_canonical && terminal->is_line_begun) {
        terminal->is_line_begun = false;
        input->data[input->end++] = '\n';
        return;
    }
    input->data[input->end++] = (char)mode.c_cc[VEOF];
    if (is_canonical && terminal->is_line_begun && is_first)
        input->data[input->end++] = (char)mode.c_cc[VEOF];
}

/* Our terminal is gone, not only given away: so is the container's then.  The program hears of it as of any
 * hang-up.  Another file takes the number, which is not ours to close. */
static void hang_up(struct terminal *terminal)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    dup3(null, terminal->master, O_CLOEXEC);
    close(null);
    terminal->output.ended = terminal->input.discarded = true;
    terminal->output.start = terminal->output.end = terminal->input.start = terminal->input.end = 0;
    terminal->is_typed = false;
}

static void after_input(struct terminal *terminal)
{
    struct terminal_channel *input = &terminal->input;
    if (!terminal->is_typed && input->end > 0 && input->start == 0 && !input->ended)
        terminal->is_line_begun = input->data[input->end - 1] != '\n';
    if (!terminal->is_typed || !input->ended || terminal->is_away)
        return;
    if (is_background())
        go_away(terminal);
    else
        hang_up(terminal);
}

int terminal_timeout(const struct terminal *terminal)
{
    if (!is_at_end(terminal) && !terminal->is_away)
        return -1;
    int64_t left = terminal->next - now_ms();
    return left > 0 ? (int)left : 0;
}

void terminal_move(struct terminal *terminal, const struct pollfd fds[TERMINAL_FDS])
{
    move(&terminal->input, &fds[0]);
    after_input(terminal);
    if (is_at_end(terminal) && now_ms() >= terminal->next)
        type_end(terminal);
    if (terminal->is_away && now_ms() >= terminal->next) {
        terminal->next = now_ms() + INTERVAL_MS;
        if (tcgetpgrp(STDIN_FILENO) == getpgrp())
            come_back(terminal);
    }
    move(&terminal->output, &fds[1]);
}

/* Write out what is in hand.  Whoever reads may be slow, but not for ever: the container still has to be removed. */
static void flush(struct terminal_channel *output)
{
    int64_t deadline = now_ms() + STALL_MS;
    while (output->start < output->end) {
        size_t before = output->start;
        empty(output);
        if (output->start != before) {
            deadline = now_ms() + STALL_MS;
            continue;
        }
        int64_t left = deadline - now_ms();
        struct pollfd fd = {.fd = output->to, .events = POLLOUT};
        if (left <= 0 || poll(&fd, 1, (int)left) == 0) {
            output->discarded = true;
            output->start = output->end = 0;
        }
    }
}

static void drain(struct terminal_channel *output)
{
    size_t total = 0;
    for (;;) {
        flush(output);
        if (output->discarded || output->ended || total > DRAIN_LIMIT || !fill(output))
            return;
        total += output->end;
    }
}

void terminal_end(struct terminal *terminal)
{
    if (terminal->master >= 0)
        drain(&terminal->output);
    if (terminal->is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal->saved);
    terminal->is_raw = false;
    terminal->master = -1;
}
