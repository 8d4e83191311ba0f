/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module ocikit._container: the functions by their names in C, which raise what fails.  Handles are plain pointers,
 * whose life runtime.py looks after: its only user.
 */
%include "python/common.i"

%{
#include "python/container.h"
%}

/* Results come from the arguments; what fails raises. */
%typemap(out) status {
    $result = Py_None;
    Py_INCREF(Py_None);
}
%typemap(in, numinputs=0) container_error **error (container_error *failure = NULL) "$1 = &failure;"
%typemap(argout) container_error **error {
    if (result < 0) {
        Py_CLEAR(resultobj);
        raise_container_error(result, *$1);
        SWIG_fail;
    }
}

%define OUTPUT_HANDLE(type)
%typemap(in, numinputs=0) type **made (type *handle = NULL) "$1 = &handle;"
%typemap(argout) type **made {
    if (result >= 0)
        $result = SWIG_Python_AppendOutput($result, SWIG_NewPointerObj(*$1, $*1_descriptor, 0));
}
%enddef
OUTPUT_HANDLE(container_context)
OUTPUT_HANDLE(container)
OUTPUT_HANDLE(container_process)
OUTPUT_HANDLE(container_events)

%typemap(in, numinputs=0) int * (int number = 0) "$1 = &number;"
%typemap(argout) int * {
    if (result >= 0)
        $result = SWIG_Python_AppendOutput($result, PyLong_FromLong(*$1));
}
%typemap(in, numinputs=0) unsigned long long * (unsigned long long number = 0) "$1 = &number;"
%typemap(argout) unsigned long long * "$result = SWIG_Python_AppendOutput($result, PyLong_FromUnsignedLongLong(*$1));"

%typemap(in, numinputs=0) char **text (char *whole = NULL) "$1 = &whole;"
%typemap(argout) char **text {
    if (result >= 0) {
        $result = SWIG_Python_AppendOutput($result, PyUnicode_DecodeUTF8(*$1, (Py_ssize_t)strlen(*$1), "surrogateescape"));
        container_text_free(*$1);
    }
}

/* A str, or None. */
%typemap(in) const char * {
    if (!optional_string($input, (const char **)&$1, "$symname"))
        SWIG_fail;
}
%typemap(freearg) const char *, const char *id, const char *bundle, const char *destination ""
/* A str. */
%typemap(in) const char *id, const char *bundle, const char *destination {
    if (!($1 = (char *)string_argument($input, "$symname")))
        SWIG_fail;
}
/* Bytes, or None. */
%typemap(in) (const char *packed, size_t packed_length) (Py_buffer view = {0}) {
    if ($input != Py_None && !text_argument($input, &view, "$symname"))
        SWIG_fail;
    $1 = (char *)view.buf;
    $2 = (size_t)view.len;
}
%typemap(freearg) (const char *packed, size_t packed_length) "PyBuffer_Release(&view$argnum);"
%apply (const char *packed, size_t packed_length) {
    (const char *fds, size_t fds_length), (const char *env, size_t env_length), (const char *argv, size_t argv_length),
    (const char *process, size_t process_length), (const char *capabilities, size_t capabilities_length),
    (const char *cgroups, size_t cgroups_length)
};

/* Everything that waits, or may. */
%nothread;
%define BLOCKS(function)
%thread function;
%enddef
BLOCKS(flat_create)
BLOCKS(container_open)
BLOCKS(flat_start)
BLOCKS(container_notify_open)
BLOCKS(flat_state)
BLOCKS(flat_list)
BLOCKS(flat_wait)
BLOCKS(container_kill)
BLOCKS(container_delete)
BLOCKS(container_delete_id)
BLOCKS(container_pause)
BLOCKS(container_resume)
BLOCKS(flat_processes)
BLOCKS(container_stats)
BLOCKS(container_events_open)
BLOCKS(flat_exec)
BLOCKS(flat_process_wait)
BLOCKS(container_process_kill)
BLOCKS(container_process_free)
BLOCKS(container_context_free)
BLOCKS(container_update)
BLOCKS(container_update_rdt)
BLOCKS(container_mount_add)
BLOCKS(container_mount_remove)
BLOCKS(flat_plan)
BLOCKS(container_features)

PyObject *context_new(const char *state_root, PyObject *log, const char *newuidmap, const char *newgidmap,
                      const char *systemd_bus);
