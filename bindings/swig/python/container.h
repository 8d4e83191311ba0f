/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime for Python: its errors, and log functions that are Python's.
 */
#ifndef OCIKIT_PYTHON_CONTAINER_H
#define OCIKIT_PYTHON_CONTAINER_H

#include "python/raise.h"

/* Frees the error. */
static void raise_container_error(int code, container_error *error)
{
    const char *message = error ? container_error_message(error) : oci_code_text(code);
    const char *pointer = container_error_pointer(error), *file = container_error_file(error);
    bool has_place = file[0] || pointer[0];
    raise_failure(code, message,
                  Py_BuildValue("{siszsssNsNsnsn}", "errno", container_error_errno(error), "pointer",
                                has_place ? pointer : NULL, "operation",
                                container_error_operation(error), "container_id",
                                shown(container_error_id(error)), "file", file_name(file), "line",
                                (Py_ssize_t)container_error_line(error), "column",
                                (Py_ssize_t)container_error_column(error)));
    container_error_free(error);
}

static int optional_string(PyObject *object, const char **text, const char *function)
{
    *text = object == Py_None ? NULL : string_argument(object, function);
    return object == Py_None || *text;
}

/* Runs in the thread of the operation, which has let the interpreter go. */
static void log_to_python(void *data, int level, const char *id, const char *message)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *kind, *value, *trace;
    PyErr_Fetch(&kind, &value, &trace);
    PyObject *result = PyObject_CallFunction(data, "izN", level, id, shown(message));
    if (result == NULL)
        PyErr_WriteUnraisable(data);
    Py_XDECREF(result);
    PyErr_Restore(kind, value, trace);
    PyGILState_Release(state);
}

/* log has to outlive the context. */
static PyObject *context_new(const char *state_root, PyObject *log, const char *newuidmap,
                             const char *newgidmap, const char *systemd_bus)
{
    container_context *context = NULL;
    container_error *error = NULL;
    int code = flat_context_new(state_root, log == Py_None ? NULL : log_to_python, log, newuidmap,
                                newgidmap, systemd_bus, &context, &error);
    if (code < 0) {
        raise_container_error(code, error);
        return NULL;
    }
    return SWIG_NewPointerObj(context, SWIG_TypeQuery("container_context *"), 0);
}

#endif
