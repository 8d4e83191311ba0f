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

static inline int64_t oci_load_signed(const char *at, uint8_t width)
{
    switch (width) {
    case 1:
        return *(const int8_t *)at;
    case 2:
        return *(const int16_t *)at;
    case 4:
        return *(const int32_t *)at;
    default:
        return *(const int64_t *)at;
    }
}

static inline uint64_t oci_load_unsigned(const char *at, uint8_t width)
{
    switch (width) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static inline bool oci_is_present(const struct oci_field *field, const char *object)
{
    const char *at = object + field->offset;

    if (field->shape != OCI_SHAPE_ONE)
        return *(const void *const *)at != NULL;
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
        return field->aux_offset == OCI_NO_OFFSET || *(const bool *)(object + field->aux_offset);
    case OCI_KIND_ENUM:
        return oci_load_unsigned(at, 4) != 0;
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
    case OCI_KIND_OBJECT:
        break;
    }
    return *(const void *const *)at != NULL;
}

static inline size_t oci_list_count(const struct oci_field *field, const char *object)
{
    if (field->shape == OCI_SHAPE_ONE || field->aux_offset == OCI_NO_OFFSET)
        return 0;
    return *(const size_t *)(object + field->aux_offset);
}

static inline const struct oci_unknown_members *oci_unknown_of(const struct oci_type *type,
                                                               const char *object)
{
    static const struct oci_unknown_members none = {.count = 0};

    return type->unknown_offset == OCI_NO_OFFSET ? &none
                                                 : (const void *)(object + type->unknown_offset);
}

/* Whether the names of entries are there and rise, so that none stands twice. */
static inline bool oci_entries_are_sorted(const char *entries, size_t count, size_t stride)
{
    const char *last = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *key = *(const char *const *)(entries + i * stride);

        if (key == NULL || (last != NULL && strcmp(last, key) >= 0))
            return false;
        last = key;
    }
    return true;
}

/* Whether a member that is absent from the struct stands as null among those kept as text. */
static inline bool oci_stands_as_null(const struct oci_type *type, const struct oci_field *field,
                                      const char *object)
{
    const struct oci_unknown_members *unknown = oci_unknown_of(type, object);

    if ((field->flags & OCI_FIELD_NULLABLE) == 0 || unknown->items == NULL)
        return false;
    for (size_t i = 0; i < unknown->count; i++) {
        if (unknown->items[i].name != NULL && strcmp(unknown->items[i].name, field->name) == 0)
            return true;
    }
    return false;
}

/* Whether two short texts of one length are the same: names are short, and a call costs more. */
static inline bool oci_same_short(const char *left, const char *right, size_t length)
{
    if (length >= 8 && length <= 16) {
        uint64_t a, b, c, d;

        memcpy(&a, left, 8);
        memcpy(&b, right, 8);
        memcpy(&c, left + length - 8, 8);
        memcpy(&d, right + length - 8, 8);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    if (length >= 4 && length < 8) {
        uint32_t a, b, c, d;

        memcpy(&a, left, 4);
        memcpy(&b, right, 4);
        memcpy(&c, left + length - 4, 4);
        memcpy(&d, right + length - 4, 4);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    return memcmp(left, right, length) == 0;
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
    return field->name_length == length && oci_same_short(field->name, name, length) ? number : 0;
}

#endif
