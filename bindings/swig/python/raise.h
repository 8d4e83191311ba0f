/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures as exceptions, and arguments that SWIG does not know.  Included by each module's wrapper, with an
 * error_factory of its own.
 */
#ifndef OCIKIT_PYTHON_RAISE_H
#define OCIKIT_PYTHON_RAISE_H

#include <Python.h>
#include <string.h>

static PyObject *error_factory; /* _errors.made */

static void set_error_factory(PyObject *function)
{
    Py_INCREF(function);
    Py_XSETREF(error_factory, function);
}

/* Set the exception that the factory makes of (code, message, **about).  Takes about over; NULL is a failure to
 * make it, whose exception stays. */
static void raise_failure(int code, const char *message, PyObject *about)
{
    if (about == NULL)
        return;
    PyObject *arguments = Py_BuildValue("(is)", code, message);
    PyObject *error = arguments ? PyObject_Call(error_factory, arguments, about) : NULL;
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(arguments);
    Py_DECREF(about);
}

static int text_argument(PyObject *object, Py_buffer *view, const char *function)
{
    if (PyUnicode_Check(object)) {
        Py_ssize_t length;
        const char *text = PyUnicode_AsUTF8AndSize(object, &length);
        return text && PyBuffer_FillInfo(view, object, (void *)text, length, 1, PyBUF_SIMPLE) == 0;
    }
    if (PyObject_CheckBuffer(object))
        return PyObject_GetBuffer(object, view, PyBUF_SIMPLE) == 0;
    PyErr_Format(PyExc_TypeError, "%s: str or bytes are needed, not %s", function,
                 Py_TYPE(object)->tp_name);
    return 0;
}

/* UTF-8 of a str that has no NUL in it, for as long as the object lives. */
static const char *string_argument(PyObject *object, const char *function)
{
    Py_ssize_t length;
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s: str is needed, not %s", function,
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    const char *text = PyUnicode_AsUTF8AndSize(object, &length);
    if (text && strlen(text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s: a NUL in a string", function);
        return NULL;
    }
    return text;
}

#endif
