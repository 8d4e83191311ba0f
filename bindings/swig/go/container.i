/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The package internal/container: the functions by their names in C.
 */
%include "go/common.i"

%{
#include "log.h"
%}

HANDLE(container_context)
HANDLE(container)
HANDLE(container_process)
HANDLE(container_events)
HANDLE(container_error)
%apply (const char *packed, size_t packed_length) {
    (const char *fds, size_t fds_length), (const char *env, size_t env_length), (const char *argv, size_t argv_length),
    (const char *process, size_t process_length), (const char *capabilities, size_t capabilities_length),
    (const char *cgroups, size_t cgroups_length)
};
/* "" is none. */
%typemap(in) const char *console_socket, const char *pidfd_socket, const char *cwd, const char *user,
             const char *selinux_label, const char *apparmor_profile {
    $1 = $input.n ? strndup($input.p, (size_t)$input.n) : NULL;
}
%typemap(freearg) const char *console_socket, const char *pidfd_socket, const char *cwd, const char *user,
                  const char *selinux_label, const char *apparmor_profile "free($1);"
%typemap(gotype) void *log_data "uintptr"
%typemap(imtype) void *log_data "uintptr"
%typemap(in) void *log_data "$1 = (void *)$input;"

status go_context_new(const char *state_root, void *log_data, const char *newuidmap, const char *newgidmap,
                      const char *systemd_bus, container_context **made, container_error **error);
int container_error_errno(const container_error *error);
text_handle container_error_message(const container_error *error);
text_handle container_error_operation(const container_error *error);
text_handle container_error_id(const container_error *error);
text_handle container_error_pointer(const container_error *error);
text_handle container_error_file(const container_error *error);
size_t container_error_line(const container_error *error);
size_t container_error_column(const container_error *error);
void container_error_free(container_error *error);
