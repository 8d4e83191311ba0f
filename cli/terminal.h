/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input and output of this command joined to the terminal of a container's process.
 */
#ifndef OCIKIT_CLI_TERMINAL_H
#define OCIKIT_CLI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

enum { TERMINAL_BUFFER = 8192, TERMINAL_FDS = 2 };

/* One direction.  It either waits for input or, with bytes in hand, for room. */
struct terminal_channel {
    int from, to;
    bool ended;     /* nothing more will come */
    bool discarded; /* nobody takes it: read on, so that the writer is not held up, and drop it */
    size_t start, end;
    char data[TERMINAL_BUFFER];
};

struct terminal {
    int master;
    bool is_raw;
    bool is_typed;      /* standard input is a terminal of its own */
    bool is_away;       /* which a shell has given to somebody else for now */
    bool is_line_begun; /* the pipe's last line, which is typed in, has no end yet */
    bool is_end_typed;  /* the end was due once before */
    bool has_saved;
    struct termios saved; /* what is to be restored: the mode that was found first */
    int64_t
        next; /* when the end of input is typed again, or our terminal looked for, in ms of the monotonic
                     clock */
    struct terminal_channel input, output;
};

/* Give the master the size of our own terminal; nothing happens when we have none. */
void terminal_resize(int master);

/* The size of our own terminal; false when we have none, or it has no size. */
bool terminal_size(int *rows, int *columns);

/* Begin: raw mode where standard input is a terminal.  0, or -1 with errno set. */
int terminal_begin(struct terminal *terminal, int master);

/* What to poll for. */
void terminal_want(const struct terminal *terminal, struct pollfd fds[TERMINAL_FDS]);

/* How long poll may wait, in milliseconds; -1: for ever. */
int terminal_timeout(const struct terminal *terminal);

/* Copy what poll has announced, and type what its timeout was for. */
void terminal_move(struct terminal *terminal, const struct pollfd fds[TERMINAL_FDS]);

/* We were continued, perhaps in the foreground again, after a shell has had the terminal. */
void terminal_continue(struct terminal *terminal);

/* Write out what the process left behind and restore the mode of our own terminal.  May be
 * repeated. */
void terminal_end(struct terminal *terminal);

#endif
