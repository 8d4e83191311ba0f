/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both Python modules need: who may import them, where exceptions come from, text and buffers.
 */
%begin %{
#define PY_SSIZE_T_CLEAN
%}

%{
#include "python/raise.h"
%}

%init %{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError,
                        "ocikit works in the main interpreter only, not in sub-interpreters");
        return NULL;
    }
%}

/* Bytes of a str (as UTF-8) or of anything that has a buffer. */
%typemap(in) (const char *text, size_t length) (Py_buffer view = {0}) {
    if (!text_argument($input, &view, "$symname"))
        SWIG_fail;
    $1 = (char *)view.buf;
    $2 = (size_t)view.len;
}
%typemap(freearg) (const char *text, size_t length) "PyBuffer_Release(&view$argnum);"

%typemap(in, numinputs=1) const char *text_or_none {
    if ($input == Py_None)
        $1 = NULL;
    else if (!($1 = (char *)string_argument($input, "$symname")))
        SWIG_fail;
}
%typemap(in) const char *string {
    if (!($1 = (char *)string_argument($input, "$symname")))
        SWIG_fail;
}

/* Who makes the exceptions: called with the code and message, and what else is known by name. */
void set_error_factory(PyObject *function);
