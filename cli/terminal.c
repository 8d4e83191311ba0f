/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay between this command's terminal and the container's.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* More than a pty can hold: only a process that outlives the first one writes beyond it. */
enum { DRAIN_LIMIT = 1024 * 1024 };

enum { END_INTERVAL_MS = 500 };

void terminal_resize(int master)
{
    struct winsize size;
    for (int fd = 0; fd <= 2; fd++) {
        if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
            if (size.ws_row > 0 && size.ws_col > 0)
                ioctl(master, TIOCSWINSZ, &size);
            return;
        }
    }
}

/* A shell has put us into the background: its terminal is not ours to read or change. */
static bool is_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    return foreground >= 0 && foreground != getpgrp();
}

static int make_raw(struct terminal *terminal)
{
    if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
        return -1;
    struct termios raw = terminal->saved;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        return -1;
    terminal->is_raw = true;
    return 0;
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
        terminal->input.ended = true;
        return 0;
    }
    return make_raw(terminal);
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

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The pipe has ended and all that came from it is typed. */
static bool is_at_end(const struct terminal *terminal)
{
    const struct terminal_channel *input = &terminal->input;
    return input->ended && !input->discarded && !terminal->is_typed && input->start == input->end;
}

/* A pipe has ended, but a terminal has no end: type the character that means it, once for the line
 * that was begun and once for the end itself.  The kernel forgets it where the program changes the
 * terminal's mode, and a program that reads key by key takes it as a key: so it is typed again. */
static void type_end(struct terminal *terminal)
{
    struct termios mode;
    struct terminal_channel *input = &terminal->input;
    bool is_first = terminal->next_end == 0;
    terminal->next_end = now_ms() + END_INTERVAL_MS;
    if (tcgetattr(terminal->master, &mode) < 0 || mode.c_cc[VEOF] == _POSIX_VDISABLE)
        return;
    bool is_canonical = mode.c_lflag & ICANON;
    bool is_line_begun = is_first && input->end > 0 && input->data[input->end - 1] != '\n';
    if (is_first && !is_canonical)
        return;
    input->start = input->end = 0;
    input->data[input->end++] = (char)mode.c_cc[VEOF];
    if (is_line_begun)
        input->data[input->end++] = (char)mode.c_cc[VEOF];
}

int terminal_timeout(const struct terminal *terminal)
{
    if (!is_at_end(terminal))
        return -1;
    int64_t left = terminal->next_end - now_ms();
    return left > 0 ? (int)left : 0;
}

void terminal_move(struct terminal *terminal, const struct pollfd fds[TERMINAL_FDS])
{
    move(&terminal->input, &fds[0]);
    if (is_at_end(terminal) && now_ms() >= terminal->next_end)
        type_end(terminal);
    move(&terminal->output, &fds[1]);
}

static void drain(struct terminal_channel *output)
{
    size_t total = 0;
    for (;;) {
        while (output->start < output->end)
            empty(output);
        if (output->ended || total > DRAIN_LIMIT || !fill(output))
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
