/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents for Python.  A node is a capsule: a struct of a document, and what keeps the document alive.  The structs
 * are never changed, so that any number of threads may read them.
 */
#ifndef OCIKIT_PYTHON_SPEC_H
#define OCIKIT_PYTHON_SPEC_H

#include <fcntl.h>

#include <ocikit/check.h>
#include <ocikit/desc.h>
#include <ocikit/value.h>

#include "python/findings.h"

#define NODE_NAME "ocikit.node"

struct node {
    const oci_type *type;
    const void *at;
    oci_document *document; /* of the root's node; the others have */
    PyObject *root;         /* that capsule */
};

static void node_free(PyObject *capsule)
{
    struct node *node = PyCapsule_GetPointer(capsule, NODE_NAME);
    oci_document_free(node->document);
    Py_XDECREF(node->root);
    PyMem_Free(node);
}

static struct node *node_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, NODE_NAME);
}

/* Takes document over, also on failure. */
static PyObject *node_new(const oci_type *type, const void *at, oci_document *document,
                          PyObject *root)
{
    struct node *node = PyMem_Malloc(sizeof(*node));
    PyObject *capsule = NULL;
    if (node) {
        *node = (struct node){type, at, document, root};
        capsule = PyCapsule_New(node, NODE_NAME, node_free);
    } else {
        PyErr_NoMemory();
    }
    if (capsule == NULL) {
        PyMem_Free(node);
        oci_document_free(document);
        return NULL;
    }
    Py_XINCREF(root);
    return capsule;
}

static PyObject *parsed(int code, const oci_type *type, oci_document *document, oci_report *report,
                        const char *operation, const char *file)
{
    if (code < 0)
        return raise_report(code, report, operation, file);
    oci_report_free(report);
    return node_new(type, oci_document_root(document, type), document, NULL);
}

static PyObject *parse(const oci_type *type, const char *text, size_t length, const char *name,
                       int unknown)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;
    options.name = name;
    options.unknown = unknown;
    int code = oci_parse(type, text, length, &options, &document, &report);
    return parsed(code, type, document, report, "parse", name);
}

/* path as os.fspath takes it. */
static PyObject *parse_file(const oci_type *type, PyObject *path, int unknown)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;
    PyObject *bytes = NULL;
    int code;
    if (!PyUnicode_FSConverter(path, &bytes))
        return NULL;
    options.unknown = unknown;
    Py_BEGIN_ALLOW_THREADS
    code = oci_parse_file(type, AT_FDCWD, PyBytes_AS_STRING(bytes), &options, &document, &report);
    Py_END_ALLOW_THREADS
    PyObject *node = parsed(code, type, document, report, "read", PyBytes_AS_STRING(bytes));
    Py_DECREF(bytes);
    return node;
}

/* ---- values ---- */

static size_t element_size(const struct oci_field *field)
{
    switch (field->kind) {
    case OCI_KIND_BOOL:
        return sizeof(bool);
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return field->width;
    case OCI_KIND_ENUM:
        return sizeof(int);
    case OCI_KIND_OBJECT:
        return ((const oci_type *)field->of)->size;
    default:
        return sizeof(char *);
    }
}

static PyObject *number(const struct oci_field *field, const char *at)
{
    bool sign = field->kind == OCI_KIND_INT;
    switch (field->width) {
    case 1:
        return PyLong_FromLong(sign ? *(const int8_t *)at : *(const uint8_t *)at);
    case 2:
        return PyLong_FromLong(sign ? *(const int16_t *)at : *(const uint16_t *)at);
    case 4:
        return PyLong_FromLongLong(sign ? *(const int32_t *)at : (long long)*(const uint32_t *)at);
    default:
        return sign ? PyLong_FromLongLong(*(const int64_t *)at)
                    : PyLong_FromUnsignedLongLong(*(const uint64_t *)at);
    }
}

/* One value: bool, int, str, the text of raw JSON, or the node of a struct. */
static PyObject *value_of(const struct oci_field *field, const char *at, PyObject *root)
{
    switch (field->kind) {
    case OCI_KIND_BOOL:
        return PyBool_FromLong(*(const bool *)at);
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return number(field, at);
    case OCI_KIND_ENUM: {
        const struct oci_enum *of = field->of;
        const struct oci_enum_text *text = &of->values[*(const unsigned *)at - 1];
        return PyUnicode_FromStringAndSize(text->text, (Py_ssize_t)text->length);
    }
    case OCI_KIND_OBJECT:
        return node_new(field->of, field->shape == OCI_SHAPE_ONE ? *(void *const *)at : at, NULL, root);
    default:
        return PyUnicode_FromString(*(const char *const *)at);
    }
}

static PyObject *list_of(const struct oci_field *field, const char *items, size_t count,
                         PyObject *root)
{
    size_t stride = element_size(field);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *value = value_of(field, items + i * stride, root);
        if (value)
            PyList_SET_ITEM(list, (Py_ssize_t)i, value);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *map_of(const struct oci_field *field, const char *entries, size_t count,
                        PyObject *root)
{
    size_t stride = sizeof(char *) + ((element_size(field) + 7) & ~(size_t)7);
    PyObject *map = PyDict_New();
    for (size_t i = 0; map && i < count; i++) {
        const char *entry = entries + i * stride;
        PyObject *value = value_of(field, entry + sizeof(char *), root);
        if (value == NULL || PyDict_SetItemString(map, *(const char *const *)entry, value) < 0)
            Py_CLEAR(map);
        Py_XDECREF(value);
    }
    return map;
}

static bool is_present(const struct oci_field *field, const char *object)
{
    const char *at = object + field->offset;
    if (field->shape == OCI_SHAPE_ONE) {
        switch (field->kind) {
        case OCI_KIND_BOOL:
        case OCI_KIND_INT:
        case OCI_KIND_UINT:
            return field->aux_offset == OCI_NO_OFFSET || *(const bool *)(object + field->aux_offset);
        case OCI_KIND_ENUM:
            return *(const unsigned *)at != 0;
        }
    }
    return *(const void *const *)at != NULL;
}

static bool add(PyObject *members, const char *name, PyObject *value)
{
    bool added = value && PyDict_SetItemString(members, name, value) == 0;
    Py_XDECREF(value);
    return added;
}

static bool add_field(PyObject *members, const struct oci_field *field, const char *object,
                      PyObject *root)
{
    if (!is_present(field, object))
        return true;
    const char *at = object + field->offset;
    size_t count = field->shape == OCI_SHAPE_ONE ? 0 : *(const size_t *)(object + field->aux_offset);
    return add(members, field->name,
               field->shape == OCI_SHAPE_ARRAY ? list_of(field, *(const char *const *)at, count, root)
               : field->shape == OCI_SHAPE_MAP ? map_of(field, *(const char *const *)at, count, root)
                                               : value_of(field, at, root));
}

/* Names to values in the order of the text.  What the schema does not name is a tuple of its JSON text. */
static PyObject *members(PyObject *capsule)
{
    struct node *node = node_of(capsule);
    if (node == NULL)
        return NULL;
    PyObject *root = node->root ? node->root : capsule;
    const char *object = node->at;
    const struct oci_unknown_members *unknown = (const void *)(object + node->type->unknown_offset);
    PyObject *found = PyDict_New();
    bool good = found != NULL;
    size_t next = 0;
    for (const uint8_t *order = unknown->order; good && order && *order; order++) {
        if (*order != 255)
            good = add_field(found, &node->type->fields[*order - 1], object, root);
        else if (next < unknown->count) {
            const struct oci_unknown_member *one = &unknown->items[next++];
            good = add(found, one->name, Py_BuildValue("(s)", one->json));
        }
    }
    for (uint32_t i = 0; good && unknown->order == NULL && i < node->type->field_count; i++)
        good = add_field(found, &node->type->fields[i], object, root);
    for (; good && next < unknown->count; next++)
        good = add(found, unknown->items[next].name, Py_BuildValue("(s)", unknown->items[next].json));
    if (!good)
        Py_CLEAR(found);
    return found;
}

static PyObject *written(PyObject *capsule, unsigned style)
{
    struct node *node = node_of(capsule);
    char *text = NULL;
    size_t length = 0;
    if (node == NULL)
        return NULL;
    int code = oci_write(node->type, node->at, style, &text, &length);
    if (code < 0)
        return raise_report(code, NULL, "write", NULL);
    PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, NULL);
    oci_free(text);
    return result;
}

/* ---- what is wrong, what differs ---- */

static PyObject *findings(const oci_type *type, const char *text, size_t length)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    int code = oci_parse(type, text, length, NULL, &document, &report);
    oci_document_free(document);
    return rows_of(code, report, NULL);
}

/* The names of a list of str, NULL-terminated, for as long as the list lives. */
static const char **names_of(PyObject *list)
{
    if (!PyList_Check(list)) {
        PyErr_Format(PyExc_TypeError, "ignore: a list is needed, not %s", Py_TYPE(list)->tp_name);
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(list);
    const char **names = count < 0 ? NULL : PyMem_Calloc((size_t)count + 1, sizeof(*names));
    for (Py_ssize_t i = 0; names && i < count; i++) {
        names[i] = string_argument(PyList_GET_ITEM(list, i), "ignore");
        if (names[i] == NULL) {
            PyMem_Free(names);
            return NULL;
        }
    }
    if (names == NULL && !PyErr_Occurred())
        PyErr_NoMemory();
    return names;
}

static PyObject *check(const char *kind, const char *text, size_t length, PyObject *name,
                       int unknown, PyObject *ignore, bool startable)
{
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    struct oci_parse_options parsing = OCI_PARSE_OPTIONS_INIT;
    oci_report *report = NULL;
    const struct oci_document_kind *known = kind ? oci_document_kind_find(kind) : NULL;
    if (kind && known == NULL)
        return PyErr_Format(PyExc_ValueError, "check: there are no documents of kind '%s'", kind);
    if (name != Py_None && (parsing.name = string_argument(name, "check")) == NULL)
        return NULL;
    const char **rules = names_of(ignore);
    if (rules == NULL)
        return NULL;
    parsing.unknown = unknown;
    options.parse = &parsing;
    options.ignore = rules;
    options.flags = startable ? OCI_CHECK_STARTABLE : 0;
    int code = oci_check(known, text, length, &options, &report);
    PyMem_Free(rules);
    return rows_of(code, report, parsing.name);
}

static PyObject *difference_rows(const oci_differences *differences)
{
    PyObject *rows = PyList_New(0);
    for (size_t i = 0; rows && i < oci_differences_count(differences); i++) {
        const struct oci_difference *one = oci_differences_get(differences, i);
        PyObject *row = Py_BuildValue("(szz)", one->pointer, one->left, one->right);
        if (row == NULL || PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

/* Two nodes of one type. */
static PyObject *diff(PyObject *left, PyObject *right)
{
    struct node *one = node_of(left), *other = one ? node_of(right) : NULL;
    oci_differences *differences = NULL;
    if (other == NULL)
        return NULL;
    if (one->type != other->type)
        return PyErr_Format(PyExc_TypeError, "diff: a %s and a %s", one->type->name, other->type->name);
    int code = oci_diff(one->type, one->at, other->at, &differences);
    if (code < 0)
        return raise_report(code, NULL, "diff", NULL);
    PyObject *rows = difference_rows(differences);
    oci_differences_free(differences);
    return rows;
}

/* ---- what there is ---- */

static swig_type_info *type_info(void)
{
    return SWIG_TypeQuery("oci_type *");
}

/* A type and all that it is made of. */
static bool add_types(PyObject *found, const oci_type *type)
{
    if (PyDict_GetItemString(found, type->name))
        return true;
    if (!add(found, type->name, SWIG_NewPointerObj((void *)type, type_info(), 0)))
        return false;
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].kind == OCI_KIND_OBJECT && !add_types(found, type->fields[i].of))
            return false;
    }
    return true;
}


/* Names to types. */
static PyObject *types(void)
{
    PyObject *found = PyDict_New();
    bool good = found != NULL;
    for (size_t i = 0; good && i < oci_document_kind_count(); i++)
        good = add_types(found, oci_document_kind_get(i)->type());
    if (!good)
        Py_CLEAR(found);
    return found;
}

/* The kinds of documents: (name, title, media type, name of the type). */
static PyObject *kinds(void)
{
    PyObject *rows = PyList_New(0);
    for (size_t i = 0; rows && i < oci_document_kind_count(); i++) {
        const struct oci_document_kind *kind = oci_document_kind_get(i);
        PyObject *row = Py_BuildValue("(sszs)", kind->name, kind->title, kind->media_type,
                                      kind->type()->name);
        if (row == NULL || PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

/* The rules: (name, is an error, kind of document, section, summary). */
static PyObject *rules(void)
{
    PyObject *rows = PyList_New(0);
    for (size_t i = 0; rows && i < oci_rule_count(); i++) {
        const struct oci_rule *rule = oci_rule_get(i);
        PyObject *row = Py_BuildValue("(sOsss)", rule->name,
                                      rule->severity == OCI_SEVERITY_ERROR ? Py_True : Py_False,
                                      rule->document, rule->section, rule->summary);
        if (row == NULL || PyList_Append(rows, row) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    return rows;
}

static PyObject *detect(const char *text, size_t length)
{
    const struct oci_document_kind *kind = oci_document_kind_detect(text, length);
    return Py_BuildValue("z", kind ? kind->name : NULL);
}

#endif
