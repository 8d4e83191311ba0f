/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The talk with an init from its start until it is ready:
 *
 *     library                          init
 *        | -- spawn(plan, fds) ---------> |  ops ...
 *        | <------- FORKED(pid, pidfd) -- |  (two-stage plans: the second stage goes on)
 *        | <------------- SYNC(MAPS) ---- |  (user namespaces)
 *        |  writes uid_map, gid_map       |
 *        | -- GO(pid) ------------------> |
 *        | <-- SYNC(NET_DEVICES, fd) ---- |  (network devices; and SCHEDULER)
 *        |  moves them there              |
 *        | -- GO(pid) ------------------> |
 *        | <------------ TERMINAL(fd) --- |
 *        | <------------ SYNC(HOOKS) ---- |
 *        |  runs prestart, createRuntime  |
 *        | -- GO(pid) ------------------> |
 *        | <----------- LISTENER(fd) ---- |  (filters that notify; also before exec)
 *        |  sends it to the listener      |
 *        | -- GO(pid) ------------------> |
 *        | <------------------ READY ---- |
 *        |  records the container         |
 *        | -- GO(pid) ------------------> |  waits for the start, or execs
 *
 * A builder (plan/compile_member.c) has a member, with a socket of its own:
 *
 *        | <----------- SYNC(MEMBER) ---- |                             member
 *        | -- spawn ------------------------------------------------------> |
 *        | <-------------------------------------------- FORKED(pid) ------ |
 *        | -- GO(the member's pid) -----> |  builds, gives its root to the member
 *        | <------------------ DONE ----- |
 *        | <-------------------------------------------------- READY ------ |
 *
 * At any point: ERROR(op, errno), or the end of the socket when the init was killed.  When this
 * process ends, the init reads the end of the socket and ends too.
 */
#ifndef OCIKIT_SESSION_H
#define OCIKIT_SESSION_H

#include <launch/id_maps.h>
#include <launch/spawn.h>
#include <plan/compile.h>

struct session {
    const struct compiled *compiled;
    const char *file; /* the configuration's name for messages */
    int cancel;       /* gives up when this becomes readable; -1: never */
    int timeout_ms;   /* for all of session_run; 0: none.  OCI_ERR_TIMEOUT */
    bool rouse;       /* others may stop the init: it is let go on */
    /* Run the hooks of PLAN_SYNC_HOOKS; may be NULL. */
    int (*hooks)(void *data, pid_t pid, struct failure *failure);
    /* Hand the fd of a filter's notifications to who listens for them. */
    int (*listener)(void *data, int fd, pid_t pid, struct failure *failure);
    /* Move the network devices; socket is of the container's network namespace. */
    int (*net_devices)(void *data, int socket, struct failure *failure);
    /* Take note of a killed process that does not end yet, to be collected later; NULL: it is waited for longer. */
    void (*leave)(void *data, int pidfd);
    void *data;
    struct id_mapper mapper; /* of a plan that makes a user namespace */
    /* Of a builder: who joins it at PLAN_SYNC_MEMBER; spawned with the builder's pidfd as PLAN_SLOT_JOIN. */
    struct session *member;
    struct spawn *member_spawn;
    pid_t told_pid;          /* what GO tells the init the container's pid is; -1: its own */
    int64_t deadline;        /* of timeout_ms */
    /* results */
    pid_t pid;
    int pidfd;   /* of the process that goes on */
    int stage;   /* pidfd of the first stage, until it was reaped; -1 */
    int control; /* our end of the socket */
    int terminal;
    int passed;       /* what came with the last SYNC, or -1 */
    uint32_t sync_op; /* the op that it came from */
    bool pid_known;   /* false until the second stage reported */
    bool ready;       /* READY or DONE was heard */
};

#define SESSION_INIT                                                                               \
    {                                                                                              \
        .cancel = -1, .told_pid = -1, .pidfd = -1, .stage = -1, .control = -1, .terminal = -1,     \
        .passed = -1                                                                               \
    }

/* Spawn and talk until READY (or DONE).  spawn is filled but for its slots 0 and 1. */
int session_run(struct session *session, struct spawn *spawn, struct failure *failure);
/* The same in two: until the process that goes on is known, and from there. */
int session_begin(struct session *session, struct spawn *spawn, struct failure *failure);
int session_finish(struct session *session, struct failure *failure);
/* pair.c: run a builder until it is done, with the member that joins it, and that until READY.  The builder's
 * process has ended when this returns. */
int session_run_pair(struct session *builder, struct spawn *builder_spawn, struct session *member,
                     struct spawn *member_spawn, struct failure *failure);
/*
 * The same for a plan that needs nothing of the caller's: spawned from init, with /dev/null as its three
 * standard fds, and ended before this returns.
 */
int session_run_errand(struct session *session, int init, struct failure *failure);
int session_begin_errand(struct session *session, int init, struct failure *failure);
/* Answer GO. */
int session_go(struct session *session, struct failure *failure);
/* After the last GO of an exec: wait until the program runs, or learn why not. */
int session_await_exec(struct session *session, struct failure *failure);
/* Read from a socket until RUNNING and the end of the socket (0), or an error report (1, in
 * *message).  delivery: who gets the fd of the filter's notifications, without which the program is
 * not to run; NULL: there is none.  pidfd: of the init, which others may stop.  cancel: gives up when that
 * becomes readable; -1: never. */
struct delivery {
    int (*listener)(void *data, int fd, pid_t pid, struct failure *failure);
    void *data;
    pid_t pid;
};
int await_running(int socket, int pidfd, int cancel, const struct delivery *delivery,
                  struct plan_message *message, struct failure *failure);
/* Kill and reap what is there, close everything. */
void session_abort(struct session *session);
/* Close what was not taken out. */
void session_close(struct session *session);

/* Receive one message, of which poll told, and up to one fd.  1; 0 at the end of the socket. */
int message_receive(int socket, struct plan_message *message, int *fd, struct failure *failure);
int message_send(int socket, uint32_t kind, int64_t number);

/* explain.c: a report in words. */
int explain(const struct compiled *compiled, const struct plan_message *message, const char *file,
            struct failure *failure);
/* The same for what happened after the start, where the plan is no longer there. */
int explain_start(const struct plan_message *message, const char *program, const char *file,
                  struct failure *failure);

#endif
