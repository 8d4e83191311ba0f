/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents with arguments that every language has, as flat.h has it for containers.  Findings come as one piece of
 * memory: for each, the texts of its members in the order of packed_finding, each with a NUL behind it.
 *
 * Included by Go's wrapper alone: Python has tuples.
 */
#ifndef OCIKIT_FLAT_SPEC_H
#define OCIKIT_FLAT_SPEC_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ocikit/check.h>
#include <ocikit/value.h>

typedef int status;

struct packer {
    char *data;
    size_t length, room;
    bool failed;
};

static void pack(struct packer *packer, const char *text)
{
    size_t size = strlen(text ? text : "") + 1;
    if (packer->room - packer->length < size) {
        size_t room = (packer->length + size) * 2;
        char *data = realloc(packer->data, room);
        packer->failed |= data == NULL;
        if (data == NULL)
            return;
        packer->data = data;
        packer->room = room;
    }
    memcpy(packer->data + packer->length, text ? text : "", size);
    packer->length += size;
}

static void pack_number(struct packer *packer, size_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%zu", number);
    pack(packer, text);
}

static void pack_finding(struct packer *packer, const struct oci_finding *f)
{
    pack_number(packer, (size_t)-f->code);
    pack(packer, f->severity == OCI_SEVERITY_ERROR ? "1" : "");
    pack_number(packer, (size_t)f->sys_errno);
    pack_number(packer, f->line);
    pack_number(packer, f->column);
    pack_number(packer, f->offset);
    pack_number(packer, f->length);
    pack(packer, f->pointer);
    pack(packer, f->text);
    pack(packer, f->message);
    pack(packer, f->expected);
    pack(packer, f->found);
    pack(packer, f->suggestion);
    pack(packer, f->rule);
    pack(packer, f->section);
    pack(packer, f->excerpt);
}

/* Frees the report.  *findings, of *length bytes, is released with oci_free; NULL for none. */
static status packed(int code, oci_report *report, char **findings, size_t *length)
{
    struct packer packer = {0};
    for (size_t i = 0; i < oci_report_count(report); i++)
        pack_finding(&packer, oci_report_get(report, i));
    oci_report_free(report);
    if (packer.failed) {
        free(packer.data);
        return OCI_ERR_NO_MEMORY;
    }
    *findings = packer.data;
    *length = packer.length;
    return code;
}

static status flat_parse(const char *kind, const char *text, size_t text_length, const char *name,
                         int unknown, oci_document **made, char **findings, size_t *length)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    const struct oci_document_kind *known = oci_document_kind_find(kind);
    oci_report *report = NULL;
    if (known == NULL)
        return OCI_ERR_UNKNOWN_KIND;
    options.name = name && name[0] ? name : NULL;
    options.unknown = unknown;
    int code = oci_parse(known->type(), text, text_length, &options, made, &report);
    return packed(code, report, findings, length);
}

static status flat_check(const char *kind, const char *text, size_t text_length, const char *name,
                         int unknown, const char *ignore, size_t ignore_length, int startable,
                         char **findings, size_t *length)
{
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    struct oci_parse_options parsing = OCI_PARSE_OPTIONS_INIT;
    const struct oci_document_kind *known = kind[0] ? oci_document_kind_find(kind) : NULL;
    oci_report *report = NULL;
    size_t count = 0;
    if (kind[0] && known == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    for (size_t i = 0; i < ignore_length; i++)
        count += ignore[i] == 0;
    const char **rules = calloc(count + 1, sizeof(*rules));
    if (rules == NULL)
        return OCI_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++, ignore += strlen(ignore) + 1)
        rules[i] = ignore;
    parsing.name = name && name[0] ? name : NULL;
    parsing.unknown = unknown;
    options.parse = &parsing;
    options.ignore = rules;
    options.flags = startable ? OCI_CHECK_STARTABLE : 0;
    int code = oci_check(known, text, text_length, &options, &report);
    free(rules);
    return packed(code, report, findings, length);
}

static void *root_of(oci_document *document)
{
    return oci_document_root(document, oci_document_type(document));
}

/* pointer "" is the whole document. */
static status flat_get(oci_document *document, const char *pointer, unsigned style, char **text,
                       size_t *length)
{
    return oci_get_json(oci_document_type(document), root_of(document), pointer, style, text, length);
}

static status flat_set(oci_document *document, const char *pointer, const char *text,
                       size_t text_length, char **findings, size_t *length)
{
    oci_report *report = NULL;
    int code = oci_set(document, pointer, text, text_length, &report);
    return packed(code, report, findings, length);
}

static status flat_remove(oci_document *document, const char *pointer, char **findings, size_t *length)
{
    oci_report *report = NULL;
    int code = oci_remove(document, pointer, &report);
    return packed(code, report, findings, length);
}

/* For each difference the pointer, and left and right, "" where there is none. */
static status flat_diff(oci_document *left, oci_document *right, char **differences, size_t *length)
{
    oci_differences *found = NULL;
    struct packer packer = {0};
    if (oci_document_type(left) != oci_document_type(right))
        return OCI_ERR_INVALID_ARGUMENT;
    int code = oci_diff(oci_document_type(left), root_of(left), root_of(right), &found);
    for (size_t i = 0; i < oci_differences_count(found); i++) {
        const struct oci_difference *one = oci_differences_get(found, i);
        pack(&packer, one->pointer);
        pack(&packer, one->left);
        pack(&packer, one->right);
    }
    oci_differences_free(found);
    if (packer.failed) {
        free(packer.data);
        return OCI_ERR_NO_MEMORY;
    }
    *differences = packer.data;
    *length = packer.length;
    return code;
}

static const char *flat_detect(const char *text, size_t text_length)
{
    const struct oci_document_kind *kind = oci_document_kind_detect(text, text_length);
    return kind ? kind->name : "";
}

static const char *flat_kind_name(size_t index)
{
    return index < oci_document_kind_count() ? oci_document_kind_get(index)->name : "";
}

#endif
