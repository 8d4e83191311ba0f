/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the tables that both the builder and the writer ask.
 */
#ifndef OCIKIT_RUNTIME_TABLE_H
#define OCIKIT_RUNTIME_TABLE_H

#include <ocikit/desc.h>

#include <string.h>

/* In the order of an object's members, in place of a field's number: the next unknown member. */
#define OCI_ORDER_UNKNOWN 255u

/* Size of one element of an array or map, or of a field of shape one. */
static inline size_t oci_element_size(const struct oci_field *field)
{
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
        return sizeof(bool);
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return field->width;
    case OCI_KIND_ENUM:
        return sizeof(int);
    case OCI_KIND_OBJECT:
        return ((const struct oci_type *)field->of)->size;
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
        break;
    }
    return sizeof(char *);
}

/* Size of a map's value together with the gap before the next entry. */
static inline size_t oci_value_room(const struct oci_field *field)
{
    return (oci_element_size(field) + 7) & ~(size_t)7;
}

/* The number of the field with this name plus 1, or 0. */
static inline size_t oci_field_number(const struct oci_type *type, const char *name, size_t length)
{
    const struct oci_field *field;
    size_t number;

    if (type->slots == 0)
        return 0;
    number = type->index[oci_hash(name, length, type->seed) & (type->slots - 1)];
    if (number == 0)
        return 0;
    field = &type->fields[number - 1];
    return field->name_length == length && memcmp(field->name, name, length) == 0 ? number : 0;
}

#endif
