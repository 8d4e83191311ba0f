/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures as exceptions, and arguments that SWIG does not know.  Included by each module's wrapper, with an
 * error_factory of its own.
 */
#ifndef OCIKIT_PYTHON_RAISE_H
#define OCIKIT_PYTHON_RAISE_H

#include <Python.h>
#include <string.h>

#include <ocikit/errors.h>

static PyObject *error_factory; /* _errors.made */

static void set_error_factory(PyObject *function)
{
    Py_INCREF(function);
    Py_XSETREF(error_factory, function);
}

/* A text that may have any bytes of the host's in it, to be shown. */
static PyObject *shown(const char *text)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "backslashreplace");
}

/* The same of a file's name, for os.open; None for NULL. */
static PyObject *file_name(const char *text)
{
    if (text == NULL)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "surrogateescape");
}

/* Set the exception that the factory makes of (code, message, **about).  Takes about over; NULL is a failure to
 * make it, whose exception stays. */
static void raise_failure(int code, const char *message, PyObject *about)
{
    if (about == NULL)
        return;
    PyObject *arguments = Py_BuildValue("(iN)", code, shown(message));
    PyObject *error = arguments ? PyObject_Call(error_factory, arguments, about) : NULL;
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(error);
    Py_XDECREF(arguments);
    Py_DECREF(about);
}

/* UTF-8 of a str, for as long as it lives. */
static const char *utf8_of(PyObject *object, Py_ssize_t *length, const char *function)
{
    const char *text = PyUnicode_AsUTF8AndSize(object, length);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        PyObject *message = PyUnicode_FromFormat("%s: half of a surrogate pair, which is no character", function);
        const char *plain = message ? PyUnicode_AsUTF8(message) : NULL;
        if (plain)
            raise_failure(OCI_ERR_ENCODING, plain, PyDict_New());
        Py_XDECREF(message);
    }
    return text;
}

static int text_argument(PyObject *object, Py_buffer *view, const char *function)
{
    if (PyUnicode_Check(object)) {
        Py_ssize_t length;
        const char *text = utf8_of(object, &length, function);
        return text && PyBuffer_FillInfo(view, object, (void *)text, length, 1, PyBUF_SIMPLE) == 0;
    }
    if (PyObject_CheckBuffer(object))
        return PyObject_GetBuffer(object, view, PyBUF_SIMPLE) == 0;
    PyErr_Format(PyExc_TypeError, "%s: str or bytes are needed, not %s", function,
                 Py_TYPE(object)->tp_name);
    return 0;
}

/* UTF-8 of a str, or bytes as they are, without a NUL, for as long as the object lives. */
static const char *string_argument(PyObject *object, const char *function)
{
    Py_ssize_t length;
    const char *text;
    if (PyBytes_Check(object)) {
        text = PyBytes_AS_STRING(object);
        length = PyBytes_GET_SIZE(object);
    } else if (PyUnicode_Check(object)) {
        text = utf8_of(object, &length, function);
    } else {
        PyErr_Format(PyExc_TypeError, "%s: str is needed, not %s", function,
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    if (text && strlen(text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s: a NUL in a string", function);
        return NULL;
    }
    return text;
}

#endif
