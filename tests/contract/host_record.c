/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the record as one text of "name value" lines, so that comparing is comparing lines.
 *
 * Owns the list of what is recorded; it must not change any of it, nor keep an fd open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host_record.h"

enum { TEXT_SIZE = 256 * 1024 };

struct host_record {
    size_t length;
    char text[TEXT_SIZE];
};

extern char **environ;

__attribute__((format(printf, 2, 3))) static void add(struct host_record *record,
                                                      const char *format, ...)
{
    va_list arguments;
    size_t room = TEXT_SIZE - record->length;
    va_start(arguments, format);
    int length = vsnprintf(record->text + record->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        abort();
    record->length += (size_t)length;
}

static void add_signals(struct host_record *record)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0)
            add(record, "signal-%d %p flags %#x\n", number, (void *)action.sa_handler,
                (unsigned)action.sa_flags);
    }
}

static void add_limits(struct host_record *record)
{
    for (int resource = 0; resource < (int)RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)resource, &limit) == 0)
            add(record, "rlimit-%d %llu %llu\n", resource, (unsigned long long)limit.rlim_cur,
                (unsigned long long)limit.rlim_max);
    }
}

static void add_file(struct host_record *record, const char *name, const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (length < 0)
        length = snprintf(text, sizeof text, "error %d", errno);
    text[length] = '\0';
    for (char *at = text; *at; at++) {
        if (*at == '\n')
            *at = '|';
    }
    add(record, "%s %s\n", name, text);
}

/* The lines of a status file that must not change: credentials, masks, threads. */
static void add_status(struct host_record *record, const char *thread, const char *path)
{
    static const char *const wanted[] = {
        "Uid:",     "Gid:",    "Groups:",  "SigBlk:", "SigIgn:",     "SigCgt:",
        "CapInh:",  "CapPrm:", "CapEff:",  "CapBnd:", "CapAmb:",     "NoNewPrivs:",
        "Seccomp:", "Umask:",  "Threads:", "NStgid:", "CoreDumping:"};
    char line[512];
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            if (!strncmp(line, wanted[i], strlen(wanted[i])))
                add(record, "thread-%s %s", thread, line);
        }
    }
    fclose(file);
}

static int by_number(const struct dirent **left, const struct dirent **right)
{
    return atoi((*left)->d_name) - atoi((*right)->d_name);
}

static int is_number(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static void add_threads(struct host_record *record)
{
    struct dirent **names = NULL;
    int count = scandir("/proc/self/task", &names, is_number, by_number);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "/proc/self/task/%s/status", names[i]->d_name);
        add_status(record, names[i]->d_name, path);
        free(names[i]);
    }
    free(names);
    add(record, "threads %d\n", count);
}

static void add_fds(struct host_record *record)
{
    for (int fd = 0; fd < 4096; fd++) {
        char path[64], target[512];
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0)
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        add(record, "fd-%d %s flags %d status %#x\n", fd, target, flags, fcntl(fd, F_GETFL));
    }
}

static void add_namespaces(struct host_record *record)
{
    static const char *const names[] = {
        "mnt", "pid",  "pid_for_children", "net",  "ipc",
        "uts", "user", "cgroup",           "time", "time_for_children"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        struct stat info;
        snprintf(path, sizeof path, "/proc/thread-self/ns/%s", names[i]);
        if (stat(path, &info) == 0)
            add(record, "ns-%s %llu\n", names[i], (unsigned long long)info.st_ino);
    }
}

static void add_process(struct host_record *record)
{
    int subreaper = -1;
    char directory[4096];
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0);
    add(record, "subreaper %d\ndumpable %d\nsecurebits %d\nkeepcaps %d\n", subreaper,
        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), prctl(PR_GET_SECUREBITS, 0, 0, 0, 0),
        prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
    add(record, "pdeathsig-thp %d\ntimerslack %d\n", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0),
        prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
    add(record, "keyring %ld\n", syscall(SYS_keyctl, 0, -3, 0));
    add(record, "cwd %s\n", getcwd(directory, sizeof directory) ? directory : "gone");
    add(record, "session %d group %d nice %d\n", getsid(0), getpgrp(),
        getpriority(PRIO_PROCESS, 0));
    unsigned long nodes[64] = {0};
    int mode = -1;
    syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, NULL, 0);
    add(record, "mempolicy %d %lx\n", mode, nodes[0]);
    unsigned long processors[16] = {0};
    syscall(SYS_sched_getaffinity, 0, sizeof processors, processors);
    add(record, "affinity %lx scheduler %ld\n", processors[0], syscall(SYS_sched_getscheduler, 0));
    for (char **entry = environ; *entry; entry++)
        add(record, "env-%p %s\n", (void *)entry, *entry);
}

struct host_record *host_record_take(void)
{
    struct host_record *record = malloc(sizeof *record);
    if (!record)
        abort();
    record->length = 0;
    record->text[0] = '\0';
    add_process(record);
    add_signals(record);
    add_limits(record);
    add_threads(record);
    add_fds(record);
    add_namespaces(record);
    add_file(record, "cgroup", "/proc/self/cgroup");
    add_file(record, "oom", "/proc/self/oom_score_adj");
    add_file(record, "comm", "/proc/self/comm");
    add_file(record, "filter", "/proc/self/coredump_filter");
    return record;
}

void host_record_free(struct host_record *record)
{
    free(record);
}

/* The lines of one text that the other lacks; the texts are small and differences rare. */
static int missing_lines(const char *text, const char *other, const char *sign, int handles_open,
                         const char *call, int report_fd)
{
    int count = 0;
    for (const char *line = text; *line;) {
        const char *end = strchr(line, '\n');
        size_t length = (size_t)(end ? end + 1 - line : (long)strlen(line));
        char *copy = strndup(line, length);
        if (!copy)
            abort();
        const char *at = strstr(other, copy);
        int handle = handles_open && !strncmp(copy, "fd-", 3) && strstr(copy, " flags 1 ");
        if (!handle && (!at || (at != other && at[-1] != '\n'))) {
            dprintf(report_fd, "%s: %s %s", call, sign, copy);
            count++;
        }
        free(copy);
        line += length;
    }
    return count;
}

int host_record_compare(const struct host_record *before, const struct host_record *after,
                        int handles_open, const char *call, int report_fd)
{
    if (before->length == after->length && !memcmp(before->text, after->text, before->length))
        return 0;
    return missing_lines(before->text, after->text, "lost", handles_open, call, report_fd) +
           missing_lines(after->text, before->text, "gained", handles_open, call, report_fd);
}
