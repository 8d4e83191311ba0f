/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal names and signal file descriptors.
 */
#include "signals.h"
#include "args.h"
#include "util.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>

struct alias {
    const char *name;
    int signal;
};

static const struct alias aliases[] = {
    {"IOT", SIGABRT},
    {"IO", SIGIO},
    {"CLD", SIGCHLD},
};

/* "RTMIN", "RTMIN+3", "RTMAX-1". */
static bool parse_real_time(const char *name, int *signal)
{
    bool from_least = strncasecmp(name, "RTMIN", 5) == 0;
    if (!from_least && strncasecmp(name, "RTMAX", 5) != 0)
        return false;
    long distance = 0;
    const char *rest = name + 5;
    if (rest[0] != '\0') {
        if (rest[0] != (from_least ? '+' : '-'))
            return false;
        if (!args_number(rest + 1, 0, SIGRTMAX - SIGRTMIN, &distance))
            return false;
    }
    *signal = from_least ? SIGRTMIN + (int)distance : SIGRTMAX - (int)distance;
    return true;
}

static bool parse_name(const char *name, int *result)
{
    for (int number = 1; number < 32; number++) {
        const char *known = sigabbrev_np(number);
        if (known && strcasecmp(known, name) == 0) {
            *result = number;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (strcasecmp(aliases[i].name, name) == 0) {
            *result = aliases[i].signal;
            return true;
        }
    }
    return false;
}

bool signals_parse(const char *text, int *signal)
{
    long number;
    if (args_number(text, 0, SIGRTMAX, &number)) {
        *signal = (int)number;
        return true;
    }
    const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    return parse_real_time(name, signal) || parse_name(name, signal);
}

/* What the caller of this program chose to ignore (nohup does) stays ignored. */
static void add(sigset_t *set, int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

int signals_hold_cancelling(void)
{
    sigset_t set;
    sigemptyset(&set);
    add(&set, SIGINT);
    add(&set, SIGTERM);
    add(&set, SIGHUP);
    add(&set, SIGQUIT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool is_forwardable(int number)
{
    static const int mine[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,  SIGFPE,
                               SIGILL,  SIGTRAP, SIGSYS,  SIGPIPE, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < ARRAY_SIZE(mine); i++) {
        if (mine[i] == number)
            return false;
    }
    return true;
}

int signals_hold_forwardable(void)
{
    sigset_t set, blocked;
    sigemptyset(&set);
    for (int number = 1; number <= SIGRTMAX; number++) {
        if (is_forwardable(number))
            add(&set, number);
    }
    blocked = set;
    sigaddset(&blocked, SIGPIPE);
    sigaddset(&blocked, SIGTTIN);
    sigaddset(&blocked, SIGTTOU);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
