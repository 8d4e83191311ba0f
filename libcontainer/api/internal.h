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
#include <launch/net_devices.h>
#include <launch/session.h>
#include <resctrl/resctrl.h>
#include <state/store.h>
#include <terminal/console_socket.h>

/* How long an operation waits for another one on the same container. */
#define LOCK_TIMEOUT_MS 10000
/* What was killed gets so long to end. */
#define KILL_TIMEOUT_MS 10000

/* A process made by container_exec, for as long as it is this process's child.  Its end is collected by
 * whoever comes first: its own handle, or a delete, since the first process of a pid namespace cannot end
 * before it.  Guarded by the context's lock. */
struct child {
    struct child *next;
    int pidfd;
    bool ended; /* one attempt to collect it was made */
    bool has_status;
    bool has_handle;
    struct container_exit status;
};

struct container_context {
    char *state_root;
    char *newuidmap, *newgidmap;
    char *systemd_bus; /* or NULL */
    container_log_function log;
    void *log_data;
    pthread_mutex_t lock; /* of init */
    int init;             /* memfd of the init program; -1 until the first launch */
    struct child *children;
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
    container_context *context;
    char *id;
    struct tracked process;
    struct child *child;
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

/* Note a process of container_exec; NULL when memory is out. */
struct child *context_adopt(container_context *context, int pidfd);
/* Its handle goes away. */
void context_orphan(container_context *context, struct child *child);
/* It is somebody else's to collect. */
void context_disown(container_context *context, struct child *child);
void context_forget_children(container_context *context);
/* Collect every noted process that has ended; true when one still runs. */
bool context_collect(container_context *context);
/* Collect them until this process has ended, which may need that; false when the time is over, -1 for never. */
bool context_await_end(container_context *context, int pidfd, int timeout_ms);
/* The status, if it was collected. */
bool context_collected(container_context *context, struct child *child,
                       struct container_exit *status);

/* Have the status of one that has ended. */
int tracked_collect(struct tracked *process, struct failure *failure);
void tracked_close(struct tracked *process);

/* signal.c: container_kill for a container's folder in the state directory. */
int kill_by_record(int dir, const char *id, int signal, unsigned flags, struct failure *failure);

/* The three fds of a new process: those given, or the caller's own, or /dev/null for one that is
 * closed. *null is an fd to be closed afterwards, or -1.  To be called before any fd is opened, so
 * that one of ours cannot be taken for the caller's. */
int stdio_resolve(const int given[3], int result[3], int *null, struct failure *failure);
/* /dev/null for all three; *null as above. */
int stdio_replace(int result[3], int *null, struct failure *failure);

/* The record's groups as a set whose paths and counts are filled. */
int record_groups(const struct oci_record *record, struct group_set *set, struct failure *failure);
/* exec_groups.c: the paths become those of groups below, as texts (NULL-terminated, or NULL) of
 * container_exec_options say. */
int groups_choose(struct group_set *set, const char *const *texts, struct failure *failure);
/* A group of version 2, entered, takes no process once its own groups have controllers, as a service manager in the
 * container makes them: then it becomes that of the container's first process. */
int groups_follow(struct group *group, pid_t pid, struct failure *failure);
/* The other way: an array to be freed, whose strings are the set's; NULL when memory is out. */
struct oci_record_cgroup *groups_record(const struct group_set *set);

/* The record's resctrl group; *root is the filesystem's, or -1 where there is none (any more). */
int record_resctrl(const struct oci_record *record, struct resctrl_group *group, int *root,
                   struct failure *failure);
struct oci_record_resctrl resctrl_record(const struct resctrl_group *group);
/* Now, as records have it. */
void record_time(char text[40]);

/* The kinds of namespaces, CLONE_NEW*, in which the container with this first process is elsewhere than this
 * thread. */
int differing_namespaces(pid_t pid, int pidfd, uint64_t *mask, struct failure *failure);

/* Make one user namespace for each of the compiled id mappings, in the slots behind slot_count, which grows by
 * them.  Whatever the result, they are closed with close_id_maps. */
int make_id_maps(container_context *context, const struct compiled *compiled, struct spawn *spawn,
                 const char *file, int cancel, struct failure *failure);
void close_id_maps(const struct compiled *compiled, struct spawn *spawn);

/* A configuration with what the options of a create add; the loaded one and the options must outlive it. */
struct additions {
    struct oci_runtime_config config;
    struct oci_process process;
    const char **env;
    struct oci_mount *mounts;
    char *source;
};
/* root: the state directory where there is to be a notify socket, else NULL. */
int additions_make(struct additions *additions, const struct oci_runtime_config *config,
                   const char *const *env, const char *root, const char *id,
                   struct failure *failure);
void additions_free(struct additions *additions);
/* What the mount of the notify socket's folder shows; the socket itself is made when somebody listens. */
int notify_make_folder(int dir, struct failure *failure);

/* Are the fds that are to be preserved open? */
int check_preserved(const int *fds, size_t count, struct failure *failure);

/* What the container is doing.  *pidfd is set to one of its first process while that lives, else
 * -1. */
enum container_status container_find_status(int dir, const struct oci_record *record, int *pidfd);
/* Are the container's groups frozen? */
bool is_frozen(const struct oci_record *record);
const char *status_text(enum container_status status);

/* Run hooks outside of the container with the given status in their state document; cancel as in a
 * session. */
int run_host_hooks(container_context *context, const struct compile_input *input,
                   const struct hook_list *lists, size_t count, const char *status, pid_t pid,
                   const char *file, int cancel, struct failure *failure);

/* Send the fd of a filter's notifications to config's listener, with the state of the container
 * (whose first process is first) and of the process that the filter is for.  Bounded in time. */
struct listening {
    const struct oci_runtime_config *config;
    const char *id, *bundle, *status;
    pid_t first; /* 0: the process itself */
    int cancel;
};
int listener_send(const struct listening *listening, int fd, pid_t pid, struct failure *failure);

/* Undo a container: processes, groups, poststop hooks, folder.  The folder is locked by the caller.
 */
int destroy(container_context *context, const char *id, int root, int dir,
            const struct oci_record *record, int pidfd, struct failure *failure);

#endif
