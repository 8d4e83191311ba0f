/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocikit-container for other languages: its functions as they are where they have only numbers, texts and handles,
 * and those of flat.h for the rest.  What one language needs of its own is in a folder of its name, first.
 *
 * status is what functions return that may fail; they have an error as their last argument.
 */
#ifdef SWIGPYTHON
%module _container
#endif
#ifdef SWIGGO
%module container
#endif

%{
#include <ocikit/container.h>
#include "flat.h"
%}

#ifdef SWIGPYTHON
%include "python/container.i"
#endif
#ifdef SWIGGO
%include "go/container.i"
#endif

%constant int NO_NEW_KEYRING = CONTAINER_NO_NEW_KEYRING;
%constant int NO_PIVOT = CONTAINER_NO_PIVOT;
%constant int NOTIFY_SOCKET = CONTAINER_NOTIFY_SOCKET;
%constant int SYSTEMD_CGROUP = CONTAINER_SYSTEMD_CGROUP;
%constant int KILL_ALL = CONTAINER_KILL_ALL;
%constant int DELETE_FORCE = CONTAINER_DELETE_FORCE;
%constant int EVENT_OOM = CONTAINER_EVENT_OOM;
%constant int EVENT_EXIT = CONTAINER_EVENT_EXIT;
%constant int EXEC_IGNORE_PAUSED = CONTAINER_EXEC_IGNORE_PAUSED;

#ifdef SWIGPYTHON
%constant const char *VERSION = OCIKIT_VERSION;
const char *container_version(void);
#else
text_handle container_version(void);
text_handle oci_code_name(int code);
text_handle oci_code_text(int code);
#endif

void container_context_free(container_context *context);
status flat_create(container_context *context, const char *id, const char *bundle, const char *packed,
                   size_t packed_length, int in, int out, int err, const char *fds, size_t fds_length,
                   const char *console_socket, int cancel_fd, unsigned flags, const char *pidfd_socket,
                   const char *env, size_t env_length, container **made, container_error **error);
status container_open(container_context *context, const char *id, container **made, container_error **error);
void container_close(container *container);
int container_terminal_fd(const container *container);
int container_pidfd(const container *container);
status flat_start(container *container, int cancel_fd, container_error **error);
status container_notify_open(container *container, int *fd, container_error **error);
status flat_state(container *container, char **text, container_error **error);
status flat_list(container_context *context, char **text, container_error **error);
status flat_wait(container *container, int timeout_ms, int *code, int *signal, container_error **error);
status container_kill(container *container, int signal, unsigned flags, container_error **error);
status container_delete(container *container, unsigned flags, container_error **error);
status container_delete_id(container_context *context, const char *id, unsigned flags, container_error **error);
status container_pause(container *container, container_error **error);
status container_resume(container *container, container_error **error);
status flat_processes(container *container, char **text, container_error **error);
status container_stats(container *container, char **text, container_error **error);
status container_events_open(container *container, unsigned kinds, container_events **made, container_error **error);
int container_events_fd(const container_events *events);
int flat_events_next(container_events *events, unsigned long long *oom_kills);
void container_events_close(container_events *events);
status flat_exec(container *container, const char *process, size_t process_length, const char *argv,
                 size_t argv_length, const char *env, size_t env_length, const char *cwd, const char *user,
                 const char *capabilities, size_t capabilities_length, int terminal, int no_new_privileges, int in,
                 int out, int err, const char *fds, size_t fds_length, const char *console_socket, int cancel_fd,
                 int rows, int columns, unsigned flags, const char *selinux_label, const char *apparmor_profile,
                 const char *cgroups, size_t cgroups_length, container_process **made, container_error **error);
int container_process_pid(const container_process *process);
int container_process_pidfd(const container_process *process);
int container_process_terminal_fd(const container_process *process);
status flat_process_wait(container_process *process, int timeout_ms, int *code, int *signal,
                         container_error **error);
status container_process_kill(container_process *process, int signal, container_error **error);
void container_process_free(container_process *process);
status container_update(container *container, const char *packed, size_t packed_length, container_error **error);
status container_update_rdt(container *container, const char *packed, size_t packed_length, container_error **error);
status container_mount_add(container *container, const char *packed, size_t packed_length, container_error **error);
status container_mount_remove(container *container, const char *destination, container_error **error);
status flat_default_config(const char *rootfs, const char *argv, size_t argv_length, char **text,
                           container_error **error);
status flat_rootless_config(const char *rootfs, const char *argv, size_t argv_length, unsigned uid, unsigned gid,
                            char **text, container_error **error);
status flat_plan(container_context *context, const char *id, const char *bundle, const char *packed,
                 size_t packed_length, unsigned flags, char **text, container_error **error);
status container_features(char **text, container_error **error);
