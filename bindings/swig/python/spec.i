/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module ocikit._spec: documents as nodes, one level at a time; see _object.py, its only user.
 */
%include "python/common.i"

%{
#include "python/spec.h"
%}

%constant int WRITE_COMPACT = OCI_WRITE_COMPACT;
%constant int WRITE_PRETTY = OCI_WRITE_PRETTY;
%constant int WRITE_CANONICAL = OCI_WRITE_CANONICAL;
%constant int UNKNOWN_KEEP = OCI_UNKNOWN_KEEP;
%constant int UNKNOWN_WARN = OCI_UNKNOWN_WARN;
%constant int UNKNOWN_REFUSE = OCI_UNKNOWN_REFUSE;
%constant int UNKNOWN_SUGGEST = OCI_UNKNOWN_SUGGEST;

PyObject *types(void);
PyObject *kinds(void);
PyObject *rules(void);
PyObject *detect(const char *text, size_t length);
PyObject *parse(const oci_type *type, const char *text, size_t length, const char *text_or_none, int unknown);
PyObject *parse_file(const oci_type *type, PyObject *path, int unknown);
PyObject *members(PyObject *node);
PyObject *written(PyObject *node, unsigned style);
PyObject *findings(const oci_type *type, const char *text, size_t length);
PyObject *check(const char *text_or_none, const char *text, size_t length, PyObject *name, int unknown,
                PyObject *ignore, bool startable);
PyObject *diff(PyObject *left, PyObject *right);
