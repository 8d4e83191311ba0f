/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handles behind the public interface, and what its files share.
 */
#ifndef OCIKIT_API_INTERNAL_H
#define OCIKIT_API_INTERNAL_H

#include <pthread.h>

#include <base/process.h>
#include <base/util.h>
#include <cgroup/group.h>
#include <config/load.h>
#include <launch/session.h>
#include <state/store.h>
#include <terminal/console_socket.h>

/* How long an operation waits for another one on the same container. */
#define LOCK_TIMEOUT_MS 10000

struct container_context {
    char *state_root;
    container_log_function log;
    void *log_data;
    pthread_mutex_t lock; /* of init */
    int init;             /* memfd of the init program; -1 until the first launch */
};

/* A process that this handle may wait for. */
struct tracked {
    int pidfd;
    pid_t pid;
    int terminal;
    bool has_status;
    struct container_exit status;
};

struct container {
    container_context *context;
    char *id;
    int dir; /* the container's folder; names this container even if another one takes the id */
    struct tracked process;
};

struct container_process {
    char *id;
    struct tracked process;
};

static inline struct log context_log(const container_context *context, const char *id)
{
    return (struct log){context->log, context->log_data, id};
}

/* The init program, made once. */
int context_init(container_context *context, struct failure *failure);

/* A new handle; takes nothing of dir, pidfd and terminal on failure. */
container *handle_new(container_context *context, const char *id, int dir, pid_t pid, int pidfd,
                      int terminal);

int tracked_wait(struct tracked *process, int timeout_ms, struct container_exit *result,
                 struct failure *failure);
void tracked_close(struct tracked *process);

/* The three fds of a new process: those given, or the caller's own, or /dev/null for one that is
 * closed. *null is an fd to be closed afterwards, or -1.  To be called before any fd is opened, so
 * that one of ours cannot be taken for the caller's. */
int stdio_resolve(const int given[3], int result[3], int *null, struct failure *failure);

/* The record's groups as a set whose paths and counts are filled. */
int record_groups(const struct oci_record *record, struct group_set *set, struct failure *failure);

/* What the container is doing.  *pidfd is set to one of its first process while that lives, else
 * -1. */
enum container_status container_find_status(int dir, const struct oci_record *record, int *pidfd);
const char *status_text(enum container_status status);

/* Run hooks outside of the container with the given status in their state document; cancel as in a
 * session. */
int run_host_hooks(container_context *context, const struct compile_input *input,
                   const struct hook_list *lists, size_t count, const char *status, pid_t pid,
                   const char *file, int cancel, struct failure *failure);

/* Undo a container: processes, groups, poststop hooks, folder.  The folder is locked by the caller.
 */
int destroy(container_context *context, const char *id, int root, int dir,
            const struct oci_record *record, int pidfd, struct failure *failure);

#endif
