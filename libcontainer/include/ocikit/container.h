/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Create, start, enter and remove OCI containers from inside any process.
 *
 * The contract with the calling process: no function here changes its working directory, umask,
 * signal mask or dispositions, resource limits, environment, subreaper flag or keyring; prints;
 * exits; forks it; or waits for children it did not make itself.  Every fd is close-on-exec.  Containers' first
 * processes, those of container_exec and the init that runs hooks are children of the caller, so their
 * ends raise SIGCHLD; a handler that
 * reaps with waitpid(-1) may take its status (OCI_ERR_STATUS_LOST, where the kernel is older
 * than 6.15).
 *
 * Results: 0 (or a count) on success, a negative enum oci_code on failure.  The last argument of
 * nearly every function receives an error object on failure; it may be NULL, and is left alone on
 * success. Outputs are written only on success.
 *
 * Options: every struct begins with its own size.  A library that is older than the caller's header
 * refuses members it does not know, unless they are 0, with OCI_ERR_UNSUPPORTED.
 *
 * Pointers must not be NULL unless that is allowed in so many words.  stdio and preserved fds are copied:
 * the caller may close its own after the call.  An operation waits up to 10 s for another one on the same
 * container, then gives OCI_ERR_BUSY; delete waits up to 10 s for processes and 5 s for control groups.
 *
 * Threads: a context may be shared by all threads.  A container or process handle is used by one
 * thread at a time, except that container_kill and container_process_kill may be called while another
 * thread uses the handle, if it does not free it; different handles, also of the same container, may be
 * used at once: operations on one container exclude each other by a lock in its state directory, also
 * between processes.
 *
 * All functions: since 0.1.
 */
#ifndef OCIKIT_CONTAINER_H
#define OCIKIT_CONTAINER_H

#include <sys/types.h>

#include <ocikit/errors.h>
#include <ocikit/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct container_context container_context;
typedef struct container container;
typedef struct container_process container_process;
typedef struct container_error container_error;

/* ---- errors ---- */

/* An error object answers these; each accepts NULL.  Strings belong to the error; "" where unknown.
 *
 *   code       enum oci_code, negative
 *   errno      the errno value behind it, or 0
 *   message    the whole text, one line: file, line and column, pointer, what is wrong
 *   operation  "create", "start", ...
 *   id         the container's
 *   pointer    the place in the document, such as "/mounts/3"
 *   file       the document that the pointer is of
 *   line, column  of that place, from 1; 0 where unknown */
OCI_API int container_error_code(const container_error *error);
OCI_API int container_error_errno(const container_error *error);
OCI_API const char *container_error_message(const container_error *error);
OCI_API const char *container_error_operation(const container_error *error);
OCI_API const char *container_error_id(const container_error *error);
OCI_API const char *container_error_pointer(const container_error *error);
OCI_API const char *container_error_file(const container_error *error);
OCI_API size_t container_error_line(const container_error *error);
OCI_API size_t container_error_column(const container_error *error);
OCI_API void container_error_free(container_error *error);

/* ---- context ---- */

enum container_log_level {
    CONTAINER_LOG_WARNING = 1, /* something in the configuration had no effect */
    CONTAINER_LOG_INFO = 2,
    CONTAINER_LOG_DEBUG = 3,
};

/* Called by the thread that runs the operation; must not call back into the library. */
typedef void (*container_log_function)(void *data, int level, const char *id, const char *message);

struct container_context_options {
    size_t size;
    const char *state_root;     /* absolute; made (0700) at the first create; default /run/ocikit */
    container_log_function log; /* NULL: silence */
    void *log_data;
    /* Absolute paths of the programs that map a user's subordinate ids, for callers that may not do so
     * themselves; default /usr/bin/newuidmap and /usr/bin/newgidmap. */
    const char *newuidmap, *newgidmap;
    /* The address of the message bus on which systemd is, such as "unix:path=/run/user/1000/bus", for
     * CONTAINER_SYSTEMD_CGROUP; default the system's, or for a caller that is not root that user's. */
    const char *systemd_bus;
};

#define CONTAINER_CONTEXT_OPTIONS_INIT                                                             \
    {                                                                                              \
        sizeof(struct container_context_options), NULL, NULL, NULL, NULL, NULL, NULL               \
    }

/* A context names the state directory and the log function; nothing is opened or made yet.
 * options may be NULL.  OCI_ERR_NO_MEMORY, OCI_ERR_INVALID_ARGUMENT, OCI_ERR_UNSUPPORTED. */
OCI_API int container_context_new(const struct container_context_options *options,
                                  container_context **context, container_error **error);
/* Free it after all its containers are closed.  A process of container_exec that still runs is the caller's to
 * collect from now on.  NULL is allowed. */
OCI_API void container_context_free(container_context *context);

/* ---- create and start ---- */

enum container_create_flags {
    CONTAINER_NO_NEW_KEYRING = 1, /* stay in the caller's session keyring */
    CONTAINER_NO_PIVOT = 2,       /* move the root mount instead of pivot_root (initramfs hosts) */
    CONTAINER_NOTIFY_SOCKET = 4,  /* give the program a socket to say that it is ready */
    /* Have systemd make the control group, as a scope.  Needs control groups of version 2 alone. */
    CONTAINER_SYSTEMD_CGROUP = 8,
};

/* Where the program finds that socket, and what its environment's NOTIFY_SOCKET says. */
#define CONTAINER_NOTIFY_FOLDER "/run/notify"
#define CONTAINER_NOTIFY_PATH CONTAINER_NOTIFY_FOLDER "/notify.sock"

struct container_create_options {
    size_t size;
    const char *bundle;      /* directory with config.json; relative to the working directory */
    const char *config;      /* JSON text to use in place of the bundle's config.json, or NULL */
    size_t config_length;    /* its length in bytes */
    int stdio[3];            /* the process's fds 0, 1, 2; -1: inherit the caller's */
    const int *preserve_fds; /* the caller's fds that become 3, 4, ... in the process */
    size_t preserve_fds_count;
    const char *console_socket; /* unix socket that is sent the terminal's fd, or NULL */
    const int *cancel_fd;       /* when this fd becomes readable the call gives up; NULL: never */
    unsigned flags;             /* enum container_create_flags */
    const char *pidfd_socket;   /* unix socket that is sent a pidfd of the first process, or NULL */
    const char *const
        *env; /* "NAME=value" additions to the configuration's, NULL-terminated; or NULL */
};

#define CONTAINER_CREATE_OPTIONS_INIT                                                              \
    {                                                                                              \
        sizeof(struct container_create_options), NULL, NULL, 0, {-1, -1, -1}, NULL, 0, NULL, NULL, \
            0, NULL, NULL                                                                          \
    }

/* Create a container: everything is set up and its first process waits to run the program.
 *
 *   id       1 to 1024 characters of [A-Za-z0-9_+.-], the first not "." or "-"
 *   options  bundle is required; when config is given, bundle is only the base for relative paths
 *   result   the handle (close with container_close); may be NULL
 *
 * On failure nothing is left behind.  Codes: all of those for documents (OCI_ERR_SYNTAX ...) and
 * for configurations (OCI_ERR_BUNDLE ... OCI_ERR_EXEC_NOT_EXECUTABLE), OCI_ERR_INVALID_ID,
 * OCI_ERR_EXISTS, OCI_ERR_BUSY, OCI_ERR_INIT_DIED, OCI_ERR_UNSUPPORTED, OCI_ERR_PERMISSION,
 * OCI_ERR_IO, OCI_ERR_CANCELLED, OCI_ERR_TIMEOUT, OCI_ERR_NO_MEMORY. */
OCI_API int container_create(container_context *context, const char *id,
                             const struct container_create_options *options, container **result,
                             container_error **error);

struct container_start_options {
    size_t size;
    const int *cancel_fd; /* when this fd becomes readable the start gives up; NULL: never */
};

#define CONTAINER_START_OPTIONS_INIT                                                               \
    {                                                                                              \
        sizeof(struct container_start_options), NULL                                               \
    }

/* Run the program of a created container; options may be NULL.  Returns once the program has replaced the waiting
 * process (so a program that cannot be executed is an error here, not a silent exit) and the
 * poststart hooks have run.  A process that is killed in the moment in which it becomes the program cannot be told
 * from a program that was killed at once: that is a success here, and its end is to be seen as any other, by the
 * container's status and container_wait.  Those hooks may use the container themselves: it is not in use by an operation by then.
 * A start that is cancelled ends a hook that is at work and kills the container, which is stopped then and still to
 * be deleted.
 * OCI_ERR_WRONG_STATE, OCI_ERR_INIT_DIED, OCI_ERR_EXEC_NOT_FOUND, OCI_ERR_EXEC_NOT_EXECUTABLE,
 * OCI_ERR_HOOK, OCI_ERR_BUSY, OCI_ERR_NOT_FOUND, OCI_ERR_CANCELLED, OCI_ERR_UNSUPPORTED. */
OCI_API int container_start(container *container, const struct container_start_options *options,
                            container_error **error);

/* Listen on the socket of a container that was created with CONTAINER_NOTIFY_SOCKET: *fd, the caller's to close,
 * receives the datagrams that its program sends (sd_notify(3): lines such as READY=1).  To be called before
 * container_start.  What arrives was written by the container: do not believe more
 * than that it is ready.  OCI_ERR_NOT_FOUND without the flag; OCI_ERR_BUSY, OCI_ERR_IO. */
OCI_API int container_notify_open(container *container, int *fd, container_error **error);

/* ---- looking ---- */

/* A handle on an existing container, also one that another process created.  OCI_ERR_NOT_FOUND,
 * OCI_ERR_INVALID_ID, OCI_ERR_STATE_CORRUPT. */
OCI_API int container_open(container_context *context, const char *id, container **result,
                           container_error **error);

/* Free the handle; the container lives on.  Its first process, where it is the caller's child, is still to be
 * collected when it has ended: by container_wait of another handle, or by the caller.  NULL is allowed. */
OCI_API void container_close(container *container);

OCI_API const char *container_id(const container *container);

/* The terminal of a container whose configuration asks for one and that was created through this
 * handle without a console_socket: an fd that belongs to the handle; -1 if there is none. */
OCI_API int container_terminal_fd(const container *container);

/* A pidfd of the first process: readable when it has ended.  Belongs to the handle; -1 if it had
 * already ended when the handle was made. */
OCI_API int container_pidfd(const container *container);

enum container_status {
    CONTAINER_CREATING = 1,
    CONTAINER_CREATED = 2,
    CONTAINER_RUNNING = 3,
    CONTAINER_STOPPED = 4,
    CONTAINER_PAUSED = 5, /* not an OCI status; the state document says "paused" as runc does */
};

/* A snapshot.  Strings live as long as the snapshot. */
typedef struct container_state container_state;
OCI_API int container_get_state(container *container, container_state **result,
                                container_error **error);
OCI_API void container_state_free(container_state *state);
OCI_API int container_state_status(const container_state *state); /* enum container_status */
OCI_API const char *container_state_status_text(const container_state *state);
OCI_API const char *container_state_id(const container_state *state);
OCI_API pid_t container_state_pid(const container_state *state); /* 0 when stopped */
OCI_API const char *container_state_bundle(const container_state *state);
OCI_API const char *container_state_rootfs(const container_state *state);
OCI_API const char *container_state_created(const container_state *state); /* RFC 3339 */
OCI_API uid_t container_state_owner(const container_state *state);
/* The OCI state document with runc's additions (rootfs, created, owner): JSON text that belongs to
 * the snapshot. */
OCI_API const char *container_state_json(const container_state *state);

/* The ids of all containers in the context's state directory, sorted; names[count] is NULL.  Free
 * with container_list_free. */
OCI_API int container_list(container_context *context, char ***names, size_t *count,
                           container_error **error);
OCI_API void container_list_free(char **names);

/* ---- waiting, signals, removal ---- */

/* How a process ended. */
struct container_exit {
    int code;   /* exit code, or -1 if a signal ended it */
    int signal; /* the signal, or 0 */
};

/* Wait until the first process has ended: at most timeout_ms milliseconds, -1 for ever, 0 not at
 * all. result may be NULL.  OCI_ERR_TIMEOUT; OCI_ERR_STATUS_LOST when it ended but its status was
 * taken by another waiter, or belongs to another parent and the kernel is older than 6.15. */
OCI_API int container_wait(container *container, int timeout_ms, struct container_exit *result,
                           container_error **error);

enum container_kill_flags {
    CONTAINER_KILL_ALL = 1, /* every process in the container's control group */
};

/* Send a signal to a created, running or paused container; also while another thread uses the handle, in
 * container_start for one.  A paused one takes SIGKILL at once and others
 * when it is resumed.  With CONTAINER_KILL_ALL a container that has stopped is no error.
 * OCI_ERR_NOT_RUNNING. */
OCI_API int container_kill(container *container, int signal, unsigned flags,
                           container_error **error);

/* The same by id.  The signal goes to the process that the record names, never to another one that got its
 * number.  OCI_ERR_NOT_FOUND, OCI_ERR_NOT_RUNNING. */
OCI_API int container_kill_id(container_context *context, const char *id, int signal,
                              unsigned flags, container_error **error);

enum container_delete_flags {
    CONTAINER_DELETE_FORCE = 1, /* kill it first if it runs */
};

/* Remove a stopped or created container: its processes, control groups and state; then run its
 * poststop hooks (a failure there is only logged).  May be repeated.  The handle stays valid for
 * container_close and, if the process was the caller's child, for container_wait.
 * OCI_ERR_WRONG_STATE when it runs, OCI_ERR_BUSY or OCI_ERR_CGROUP when something will not go. */
OCI_API int container_delete(container *container, unsigned flags, container_error **error);

/* The same by id; also removes what a killed create left behind.  With CONTAINER_DELETE_FORCE a
 * container that does not exist is no error. */
OCI_API int container_delete_id(container_context *context, const char *id, unsigned flags,
                                container_error **error);

/* ---- pausing ---- */

/* Stop all processes of a running container where they are, with the freezer of its control group: also those
 * of other containers, if they share the group.  Returns when all are frozen; waits 10 s at the most, and
 * then lets them run again.  OCI_ERR_NOT_RUNNING when it has stopped, OCI_ERR_WRONG_STATE when it is created
 * or paused already or the caller itself is in the group, OCI_ERR_TIMEOUT, OCI_ERR_UNSUPPORTED (no freezer),
 * OCI_ERR_BUSY. */
OCI_API int container_pause(container *container, container_error **error);

/* Let a paused container run again.  Waits for no other operation on the container, so that it also ends the
 * waiting of one.  OCI_ERR_WRONG_STATE when it is not paused, OCI_ERR_NOT_RUNNING, OCI_ERR_TIMEOUT when a
 * group around its own is frozen too. */
OCI_API int container_resume(container *container, container_error **error);

/* ---- looking inside ---- */

/* The pids, as the caller's pid namespace numbers them, of all processes in the container's control group and
 * in groups inside it, sorted; none when all have ended.  *pids is released with container_processes_free.
 * OCI_ERR_CGROUP. */
OCI_API int container_processes(container *container, pid_t **pids, size_t *count,
                                container_error **error);
OCI_API void container_processes_free(pid_t *pids);

/* What the container has used: the JSON object that runc's events command prints as "data", released with
 * container_text_free.  Members: cpu {usage {total, percpu, percpu_kernel, percpu_user, kernel, user} in
 * nanoseconds, throttling {periods, throttledPeriods, throttledTime}, psi}, cpuset, memory {cache, usage {limit,
 * usage, max, failcnt}, swap, kernel, kernelTCP, raw, psi} in bytes, pids {current, limit}, blkio {lists of
 * {major, minor, op, value}, psi}, hugetlb {SIZE {usage, max, failcnt}}, intel_rdt (empty), network_interfaces
 * (null).  What the host has no file for is absent; no limit is 2^64 - 1, or on version 1 the kernel's largest.
 * OCI_ERR_NOT_RUNNING. */
OCI_API int container_stats(container *container, char **json, container_error **error);

/* ---- events ---- */

enum container_event_kind {
    CONTAINER_EVENT_OOM = 1,  /* a limit of memory was reached and nothing could be freed */
    CONTAINER_EVENT_EXIT = 2, /* the first process has ended; container_wait tells how */
};

struct container_event {
    int kind; /* enum container_event_kind */
    unsigned long long
        oom_kills; /* of OOM: how many processes the kernel had ended for it by then, in all */
    unsigned long long reserved[6];
};

typedef struct container_events container_events;

/* Watch a container.  kinds is a set of enum container_event_kind.  OCI_ERR_UNSUPPORTED where the host has no
 * memory controller and OOM is asked for; OCI_ERR_INVALID_ARGUMENT, OCI_ERR_WRONG_STATE, OCI_ERR_CGROUP. The
 * result does not depend on the container's handle, belongs to one thread at a time, and is released with
 * container_events_close. */
OCI_API int container_events_open(container *container, unsigned kinds, container_events **result,
                                  container_error **error);

/* An fd for poll, select, epoll or any event loop: readable when container_events_next may have something. Belongs
 * to events; do not read from it. */
OCI_API int container_events_fd(const container_events *events);

/* Take the next event, without waiting: 1 and *event, or 0 when there is none now.  To be called until it gives 0
 * whenever the fd is readable.  Several shortages of memory may be told as one. */
OCI_API int container_events_next(container_events *events, struct container_event *event);
/* NULL is allowed. */
OCI_API void container_events_close(container_events *events);

/* ---- more processes ---- */

enum container_exec_flags {
    CONTAINER_EXEC_IGNORE_PAUSED = 1, /* in a paused container: wait until it is resumed */
};

struct container_exec_options {
    size_t size;
    const char *process; /* an OCI process object as JSON; or NULL to use the members below */
    size_t process_length;
    const char *process_name; /* what to call it in messages; default "process" */
    const char *const *argv;  /* NULL-terminated; required without process */
    const char *const
        *env;         /* "NAME=value" additions to the configuration's, NULL-terminated; or NULL */
    const char *cwd;  /* default: the configuration's */
    const char *user; /* "UID" or "UID:GID", numbers; default: the configuration's */
    const char *const
        *capabilities;     /* additions to the bounding, effective and permitted sets; or NULL */
    int terminal;          /* nonzero: give the process a terminal */
    int no_new_privileges; /* nonzero: set it, whatever the configuration says */
    int stdio[3];          /* as for create */
    const int *preserve_fds;
    size_t preserve_fds_count;
    const char *console_socket;
    const int *cancel_fd;
    int rows,
        columns; /* the terminal's size from the beginning, unless the process object has one; 0: unknown */
    const char *pidfd_socket; /* unix socket that is sent a pidfd of the process, or NULL */
    unsigned flags;           /* enum container_exec_flags */
    const unsigned *additional_gids; /* groups beside those of user or the configuration; or NULL */
    size_t additional_gids_count;
    const char *selinux_label, *apparmor_profile; /* default: the configuration's */
    /* Existing control groups below the container's to be in, NULL-terminated, or NULL: "PATH" in every hierarchy,
     * or "CONTROLLER[,CONTROLLER...]:PATH" in those of version 1 that have these; also with process. */
    const char *const *cgroups;
};

#define CONTAINER_EXEC_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(struct container_exec_options), NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0,  \
            {-1, -1, -1}, NULL, 0, NULL, NULL, 0, 0, NULL, 0, NULL, 0, NULL, NULL, NULL            \
    }

/* Run one more process in a running container.  Returns once its program runs.  A paused container is refused,
 * unless the flags say to wait for its being resumed. OCI_ERR_WRONG_STATE, OCI_ERR_CGROUP (a group of the options
 * does not exist), OCI_ERR_INVALID_ARGUMENT, OCI_ERR_EXEC_NOT_FOUND, OCI_ERR_EXEC_NOT_EXECUTABLE and the codes for documents and
 * configurations. */
OCI_API int container_exec(container *container, const struct container_exec_options *options,
                           container_process **result, container_error **error);

OCI_API pid_t container_process_pid(const container_process *process);
OCI_API int container_process_pidfd(const container_process *process); /* belongs to the handle */
OCI_API int
container_process_terminal_fd(const container_process *process); /* likewise; -1: none */
/* As container_wait. */
OCI_API int container_process_wait(container_process *process, int timeout_ms,
                                   struct container_exit *result, container_error **error);
OCI_API int container_process_kill(container_process *process, int signal, container_error **error);
/* Free the handle; the process lives on.  It stays the caller's child: in a container with a pid namespace
 * of its own the first process cannot end before an ended one is collected, which container_process_wait
 * does, and any later call that waits for, frees or deletes something of this context. */
OCI_API void container_process_free(container_process *process);
/* The same, but its end is the caller's to collect (or, when the caller ends, that of who adopts its
 * children, as engines do): no call of this context will.  Since 0.1. */
OCI_API void container_process_disown(container_process *process);

/* ---- limits ---- */

/* Change the limits of a container in any state but stopped: all that the document names, or, on failure,
 * nothing.  What it does not name stays.
 *
 *   resources  JSON of length bytes: the object that a configuration has at /linux/resources
 *
 * A 0 for a size, weight, share, quota or period and an empty list or string ask for nothing, as in a
 * configuration: what they are about stays, and the call succeeds.  -1 is no limit.  Device rules replace those
 * there are; container_update(3) says when that is at once.  Controllers of version 2 that were switched on along
 * the path of the group stay so when a limit is refused.
 *
 * Pointers in the error are inside the document.  The codes for documents, OCI_ERR_NOT_RUNNING, OCI_ERR_BUSY,
 * OCI_ERR_CONFIG, OCI_ERR_UNSUPPORTED (this kernel or host lacks it), OCI_ERR_CGROUP (the kernel refuses the
 * value), OCI_ERR_PERMISSION, OCI_ERR_NO_MEMORY.  Since 0.1. */
OCI_API int container_update(container *container, const char *resources, size_t length,
                             container_error **error);
/* The same for cache and memory bandwidth: schemata is JSON of what a configuration has at
 * /linux/intelRdt, of which l3CacheSchema, memBwSchema and schemata can be changed, in a container that has a
 * resctrl group of its own (otherwise OCI_ERR_UNSUPPORTED).  Also OCI_ERR_RESCTRL where the kernel refuses
 * it.  Since 0.1. */
OCI_API int container_update_rdt(container *container, const char *schemata, size_t length,
                                 container_error **error);

/* ---- mounts of a container that is there ---- */

/* How long one change may take, in ms, and how long where tmpcopyup copies: OCI_ERR_TIMEOUT beyond that.  What
 * is in the container, a filesystem that it serves for one, could hold the work up for ever otherwise. */
#define CONTAINER_MOUNT_TIMEOUT_MS 10000
#define CONTAINER_COPY_UP_TIMEOUT_MS 120000

/* Mount something in a created, running or paused container: mount_json is one mount object as in an OCI
 * configuration, of length bytes.  It is checked, and its destination looked up and made, as at a create; a
 * relative source of a bind mount starts at the container's bundle.  Nothing is recorded: the mount goes with the
 * container.  A process of this library's own enters the container for it, and is a child of the caller while it
 * does.  On failure nothing stays but directories made for the destination; after OCI_ERR_TIMEOUT, look.  As the
 * container may have put links anywhere, the option remount follows none, and changes no proc, sysfs or masked path;
 * and a mount that would cover a masked or read-only path of the configuration together with its mask is
 * OCI_ERR_CONFIG.  What tmpcopyup copies is charged to the container's memory group, but for a paused one of
 * version 2.
 *
 * The codes for documents and configurations, whose pointers are into mount_json; OCI_ERR_WRONG_STATE,
 * OCI_ERR_MOUNT, OCI_ERR_UNSUPPORTED, OCI_ERR_TIMEOUT.  Since 0.1. */
OCI_API int container_mount_add(container *container, const char *mount_json, size_t length,
                                container_error **error);

/* Unmount what is mounted at destination in a created, running or paused container: the topmost mount there,
 * whoever made it, and what is mounted in it.  Processes that use it keep what they have open.  The root, /proc,
 * what is mounted in /proc and masked paths stay, and no symbolic link is followed.  OCI_ERR_MOUNT where nothing is
 * mounted or a link leads there, OCI_ERR_CONFIG, OCI_ERR_WRONG_STATE, OCI_ERR_TIMEOUT.  Since 0.1. */
OCI_API int container_mount_remove(container *container, const char *destination,
                                   container_error **error);

/* ---- without a configuration ---- */

/* The configuration that `ocikit spec` writes: safe defaults to run sh, on a terminal, in "rootfs".  rootfs
 * and argv (each may be NULL) replace those parts; a program that is named gets no terminal.  *text is
 * released with container_text_free. */
OCI_API int container_default_config(const char *rootfs, const char *const *argv, char **text,
                                     container_error **error);

/* The same for a caller without privileges, as `ocikit spec --rootless` writes it: in a user namespace in which
 * root is the user uid and group gid of the host. */
OCI_API int container_rootless_config(const char *rootfs, const char *const *argv, uid_t uid,
                                      gid_t gid, char **text, container_error **error);

/* Run argv in a root filesystem with safe defaults (own namespaces, a small set of capabilities,
 * masked paths, no new privileges, no network but loopback), wait for it and remove every trace.  A caller
 * without privileges gets a user namespace as of container_rootless_config.
 * stdio as in the create options; may be NULL.  id may be NULL for one that is made up. */
OCI_API int container_run(container_context *context, const char *id, const char *rootfs,
                          const char *const *argv, const int stdio[3],
                          struct container_exit *result, container_error **error);

/* What container_create would do, step by step, as text for people; nothing is made or changed.
 * Needs no privileges.  *text is released with container_text_free. */
OCI_API int container_plan_text(container_context *context, const char *id,
                                const struct container_create_options *options, char **text,
                                container_error **error);

/* What this build and this kernel can do: the OCI features document as JSON, released with
 * container_text_free. */
OCI_API int container_features(char **json, container_error **error);

OCI_API void container_text_free(char *text);

/* The library's version, "0.1.0". */
OCI_API const char *container_version(void);

#ifdef __cplusplus
}
#endif

#endif
