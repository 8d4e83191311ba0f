/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings about documents as rows for Python, and as exceptions.
 */
#ifndef OCIKIT_PYTHON_FINDINGS_H
#define OCIKIT_PYTHON_FINDINGS_H

#include <ocikit/document.h>

#include "python/raise.h"

static PyObject *finding_row(const struct oci_finding *f)
{
    return Py_BuildValue("(iOsnnnnsNzzzzzsi)", f->code,
                         f->severity == OCI_SEVERITY_ERROR ? Py_True : Py_False, f->pointer,
                         (Py_ssize_t)f->line, (Py_ssize_t)f->column, (Py_ssize_t)f->offset,
                         (Py_ssize_t)f->length, f->text, shown(f->message), f->expected, f->found,
                         f->suggestion, f->rule, f->section, f->excerpt ? f->excerpt : "",
                         f->sys_errno);
}

static PyObject *finding_rows(const oci_report *report)
{
    PyObject *rows = PyList_New(0);
    for (size_t i = 0; rows && i < oci_report_count(report); i++) {
        PyObject *row = finding_row(oci_report_get(report, i));
        if (row == NULL || PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

/* Raise what the report begins with: of an operation on a file, or on what is called so, or NULL.  Frees the report. */
static PyObject *raise_report(int code, oci_report *report, const char *operation, const char *file)
{
    const struct oci_finding *first = oci_report_first_error(report);
    PyObject *rows = finding_rows(report);
    PyObject *about = NULL;
    if (rows && first)
        about = Py_BuildValue("{sssNsisnsnszsO}", "operation", operation, "file",
                              file_name(file ? file : ""), "errno", first->sys_errno, "line",
                              (Py_ssize_t)first->line, "column", (Py_ssize_t)first->column,
                              "pointer", first->pointer, "findings", rows);
    else if (rows)
        about = Py_BuildValue("{sssN}", "operation", operation, "file", file_name(file ? file : ""));
    raise_failure(code, first ? first->message : oci_code_text(code), about);
    Py_XDECREF(rows);
    oci_report_free(report);
    return NULL;
}

static PyObject *rows_of(int code, oci_report *report, const char *file)
{
    if (code == OCI_ERR_NO_MEMORY || code == OCI_ERR_INVALID_ARGUMENT || code == OCI_ERR_UNSUPPORTED)
        return raise_report(code, report, "check", file);
    PyObject *rows = finding_rows(report);
    oci_report_free(report);
    return rows;
}

#endif
