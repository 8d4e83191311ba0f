/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of contract-host-state: pausing, looking inside, events, and the socket of readiness.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "host_state.h"

void test_paused(container *made)
{
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    static const char *const words[] = {"/bin/payload", "exit", "5", NULL};
    container_process *process = NULL;
    container_error *error = NULL;
    options.argv = words;
    CALL("container_resume(running)", container_resume(made, &error),
         result == OCI_ERR_WRONG_STATE);
    check_error("container_resume(running)", error);
    CALL("container_pause", container_pause(made, NULL), result == 0);
    test_state(made, CONTAINER_PAUSED);
    CALL("container_pause(again)", container_pause(made, NULL), result == OCI_ERR_WRONG_STATE);
    CALL("container_exec(paused)", container_exec(made, &options, &process, NULL),
         result == OCI_ERR_WRONG_STATE);
    options.flags = 1u << 31;
    CALL("container_exec(flags)", container_exec(made, &options, &process, NULL),
         result == OCI_ERR_UNSUPPORTED);
    CALL("container_resume", container_resume(made, NULL), result == 0);
}

void test_looking_inside(container *made)
{
    pid_t *pids = NULL;
    size_t count = 0;
    char *json = NULL;
    CALL("container_processes", container_processes(made, &pids, &count, NULL), result == 0);
    if (count != 1 || kill(pids[0], 0) < 0)
        fail("container_processes", "wrong number", (long)count);
    CALL("container_processes_free", (container_processes_free(pids), 0), result == 0);
    CALL("container_stats", container_stats(made, &json, NULL), result == 0);
    if (json == NULL || json[0] != '{')
        fail("container_stats", "no object", 0);
    CALL("container_text_free", (container_text_free(json), 0), result == 0);
    CALL("container_kill_id", container_kill_id(test.context, "two", 0, 0, NULL), result == 0);
    CALL("container_kill_id(unknown)", container_kill_id(test.context, "nobody", 9, 0, NULL),
         result == OCI_ERR_NOT_FOUND);
    CALL("container_kill_id(flags)", container_kill_id(test.context, "two", 9, 1u << 31, NULL),
         result == OCI_ERR_UNSUPPORTED);
}

container_events *begin_events(container *made)
{
    container_events *events = NULL;
    struct container_event event;
    CALL("container_events_open(none)", container_events_open(made, 0, &events, NULL),
         result == OCI_ERR_INVALID_ARGUMENT);
    CALL("container_events_open(unknown)", container_events_open(made, 1u << 31, &events, NULL),
         result == OCI_ERR_UNSUPPORTED);
    CALL("container_events_open", container_events_open(made, CONTAINER_EVENT_EXIT, &events, NULL),
         result == 0);
    CALL("container_events_fd", container_events_fd(events), result >= 0);
    CALL("container_events_next(nothing)", container_events_next(events, &event), result == 0);
    return events;
}

void end_events(container_events *events)
{
    struct container_event event = {0};
    struct pollfd fd = {.fd = container_events_fd(events), .events = POLLIN};
    if (poll(&fd, 1, 5000) != 1)
        fail("container_events_fd", "not readable at the end", 0);
    CALL("container_events_next", container_events_next(events, &event),
         result == 1 && event.kind == CONTAINER_EVENT_EXIT);
    CALL("container_events_next(again)", container_events_next(events, &event), result == 0);
    if (poll(&fd, 1, 0) != 0)
        fail("container_events_fd", "still readable", 0);
    CALL("container_events_close", (container_events_close(events), 0), result == 0);
}

/* A group that is removed makes the fds of version 1 readable as a shortage of memory does. */
container_events *begin_oom(container *made)
{
    container_events *events = NULL;
    CALL("container_events_open(oom)",
         container_events_open(made, CONTAINER_EVENT_OOM, &events, NULL),
         result == 0 || result == OCI_ERR_UNSUPPORTED);
    return events;
}

void end_oom(container_events *events)
{
    struct container_event event = {0};
    if (events == NULL)
        return;
    struct pollfd fd = {.fd = container_events_fd(events), .events = POLLIN};
    poll(&fd, 1, 1000);
    CALL("container_events_next(removed)", container_events_next(events, &event), result == 0);
    if (poll(&fd, 1, 0) != 0)
        fail("container_events_fd", "readable for a group that is gone", 0);
    CALL("container_events_close", (container_events_close(events), 0), result == 0);
}

/* Whatever the host's umask is, the program may write to the socket. */
void test_notify(void)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container *made = NULL;
    char path[4096];
    int fd = -1;
    static const char *const env[] = {"MORE=1", NULL};
    snprintf(path, sizeof path, "%s/ready", test.bundles);
    options.bundle = path;
    options.flags = CONTAINER_NOTIFY_SOCKET;
    options.env = env;
    test.handles++;
    CALL("container_create(notify)",
         container_create(test.context, "notify", &options, &made, NULL), result == 0);
    CALL("container_notify_open", container_notify_open(made, &fd, NULL), result == 0);
    CALL("container_start", container_start(made, NULL, NULL), result == 0);
    struct pollfd one = {.fd = fd, .events = POLLIN};
    if (poll(&one, 1, 5000) != 1)
        fail("container_notify_open", "the program said nothing", 0);
    close(fd);
    CALL("container_delete", container_delete(made, CONTAINER_DELETE_FORCE, NULL), result == 0);
    CALL("container_close", (container_close(made), 0), result == 0);
    test.handles--;
}
