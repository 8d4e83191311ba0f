/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: their names, and receiving them as events.  Only commands that wait for something use
 * the latter; the mask of the whole process changes.
 */
#ifndef OCIKIT_CLI_SIGNALS_H
#define OCIKIT_CLI_SIGNALS_H

#include <stdbool.h>

/* Read "9", "KILL", "SIGKILL", "kill" or "RTMIN+3"; false if there is no such signal. */
bool signals_parse(const char *text, int *signal);

/* Hold back the signals that end a program, for an operation that can be cancelled.  The result is
 * an fd that becomes readable when one arrives; -1 with errno set. */
int signals_hold_cancelling(void);

/* Hold back every signal that can be passed on to another process, and those that would stop or end
 * a relay of terminal data.  The result is an fd to read struct signalfd_siginfo from, without
 * waiting. */
int signals_hold_forwardable(void);

#endif
