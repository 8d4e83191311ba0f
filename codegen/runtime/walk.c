/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visits the values of a struct tree, and finds one by its JSON pointer.  Recursion goes as deep as
 * the schema.  Must not look into values that are kept as text.
 */
#include "parse.h"
#include "pointer.h"
#include "table.h"

#include <string.h>

struct walk {
    int (*visit)(void *ctx, const char *pointer, const struct oci_value *value);
    void *ctx;
    struct oci_scratch pointer;
};

static int walk_struct(struct walk *walk, const struct oci_type *type, const char *object);

/* One value at a place; objects lie there themselves. */
static void describe_element(const struct oci_field *field, const char *at, struct oci_value *value)
{
    const struct oci_enum *of = field->of;

    *value = (struct oci_value){.at = at};
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_BOOL:
        value->kind = OCI_VALUE_BOOL;
        value->truth = *(const bool *)at;
        break;
    case OCI_KIND_INT:
        value->kind = OCI_VALUE_INT;
        value->integer = oci_load_signed(at, field->width);
        break;
    case OCI_KIND_UINT:
        value->kind = OCI_VALUE_UINT;
        value->natural = oci_load_unsigned(at, field->width);
        break;
    case OCI_KIND_ENUM:
        value->kind = OCI_VALUE_ENUM;
        value->natural = oci_load_unsigned(at, 4);
        if (value->natural > 0 && value->natural <= of->count)
            value->text = of->values[value->natural - 1].text;
        break;
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
        value->kind = field->kind == OCI_KIND_RAW ? OCI_VALUE_JSON : OCI_VALUE_STRING;
        value->text = *(const char *const *)at;
        break;
    case OCI_KIND_OBJECT:
        value->kind = OCI_VALUE_OBJECT;
        value->type = field->of;
        break;
    }
}

static void describe_field(const struct oci_field *field, const char *object,
                           struct oci_value *value)
{
    const char *at = object + field->offset;

    if (field->shape == OCI_SHAPE_ONE) {
        describe_element(field, field->kind == OCI_KIND_OBJECT ? *(const char *const *)at : at,
                         value);
        return;
    }
    *value =
        (struct oci_value){.kind = field->shape == OCI_SHAPE_MAP ? OCI_VALUE_MAP : OCI_VALUE_ARRAY,
                           .type = field->kind == OCI_KIND_OBJECT ? field->of : NULL,
                           .at = *(const char *const *)at,
                           .count = oci_list_count(field, object)};
}

/* Where an element of a list lies, behind its key if it has one. */
static const char *element_at(const struct oci_field *field, const char *list, size_t index)
{
    if (field->shape == OCI_SHAPE_MAP)
        return list + index * (sizeof(char *) + oci_value_room(field)) + sizeof(char *);
    return list + index * oci_element_size(field);
}

static const char *key_at(const struct oci_field *field, const char *list, size_t index)
{
    return *(const char *const *)(element_at(field, list, index) - sizeof(char *));
}

/* --- walking -----------------------------------------------------------------------------------
 */

static int visit(struct walk *walk, const struct oci_value *value)
{
    return walk->visit(walk->ctx, walk->pointer.length > 0 ? walk->pointer.data : "", value);
}

static int walk_list(struct walk *walk, const struct oci_field *field, const struct oci_value *list)
{
    size_t length = walk->pointer.length;

    for (size_t i = 0; i < list->count; i++) {
        struct oci_value value;
        int result;

        if (field->shape == OCI_SHAPE_MAP) {
            const char *key = key_at(field, list->at, i);

            if (key == NULL)
                return OCI_ERR_INVALID_ARGUMENT;
            if (!oci_pointer_push(&walk->pointer, key, strlen(key)))
                return OCI_ERR_NO_MEMORY;
        } else if (!oci_pointer_push_index(&walk->pointer, i)) {
            return OCI_ERR_NO_MEMORY;
        }
        describe_element(field, element_at(field, list->at, i), &value);
        result = visit(walk, &value);
        if (result == OCI_WALK_ON && value.kind == OCI_VALUE_OBJECT)
            result = walk_struct(walk, value.type, value.at);
        if (result < 0)
            return result;
        oci_pointer_cut(&walk->pointer, length);
    }
    return 0;
}

static int walk_field(struct walk *walk, const struct oci_field *field, const char *object)
{
    size_t length = walk->pointer.length;
    struct oci_value value;
    int result;

    if (!oci_pointer_push(&walk->pointer, field->name, field->name_length))
        return OCI_ERR_NO_MEMORY;
    describe_field(field, object, &value);
    result = visit(walk, &value);
    if (result == OCI_WALK_ON && field->shape != OCI_SHAPE_ONE)
        result = walk_list(walk, field, &value);
    else if (result == OCI_WALK_ON && value.kind == OCI_VALUE_OBJECT)
        result = walk_struct(walk, value.type, value.at);
    oci_pointer_cut(&walk->pointer, length);
    return result < 0 ? result : 0;
}

/* A null that somebody has given a value since is not there any more. */
static bool is_replaced(const struct oci_type *type, const struct oci_unknown_member *member,
                        const char *object)
{
    size_t number = oci_field_number(type, member->name, strlen(member->name));

    return number != 0 && oci_is_present(&type->fields[number - 1], object);
}

static int walk_unknown(struct walk *walk, const struct oci_type *type, const char *object)
{
    const struct oci_unknown_members *unknown = oci_unknown_of(type, object);
    size_t length = walk->pointer.length;

    if (unknown->count > 0 && unknown->items == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    for (size_t i = 0; i < unknown->count; i++) {
        const struct oci_unknown_member *member = &unknown->items[i];
        struct oci_value value = {
            .kind = OCI_VALUE_JSON, .at = &member->json, .text = member->json};
        int result;

        if (member->name == NULL || member->json == NULL)
            return OCI_ERR_INVALID_ARGUMENT;
        if (is_replaced(type, member, object))
            continue;
        if (!oci_pointer_push(&walk->pointer, member->name, strlen(member->name)))
            return OCI_ERR_NO_MEMORY;
        result = visit(walk, &value);
        if (result < 0)
            return result;
        oci_pointer_cut(&walk->pointer, length);
    }
    return 0;
}

static int walk_struct(struct walk *walk, const struct oci_type *type, const char *object)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        int result = 0;

        if (oci_is_present(&type->fields[i], object))
            result = walk_field(walk, &type->fields[i], object);
        if (result < 0)
            return result;
    }
    return walk_unknown(walk, type, object);
}

int oci_walk_with_allocator(
    const struct oci_allocator *memory, const oci_type *type, const void *value,
    int (*visitor)(void *ctx, const char *pointer, const struct oci_value *value), void *ctx)
{
    struct oci_value root = {.kind = OCI_VALUE_OBJECT, .type = type, .at = value};
    struct walk walk = {.visit = visitor, .ctx = ctx, .pointer = {.memory = memory}};
    int result;

    if (type == NULL || value == NULL || visitor == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = visit(&walk, &root);
    if (result == OCI_WALK_ON)
        result = walk_struct(&walk, type, value);
    oci_scratch_free(&walk.pointer);
    return result < 0 ? result : 0;
}

int oci_walk(const oci_type *type, const void *value,
             int (*visitor)(void *ctx, const char *pointer, const struct oci_value *value),
             void *ctx)
{
    return oci_walk_with_allocator(&oci_default_allocator, type, value, visitor, ctx);
}

/* --- finding -----------------------------------------------------------------------------------
 */

/* Whether the first step of a pointer, which is valid, is this name; if so, *rest is what follows.
 */
static bool takes_step(const char *pointer, const char *name, const char **rest)
{
    const char *at = pointer + 1;

    for (; *name != '\0'; name++, at++) {
        char c = *at;

        if (c == '~')
            c = *++at == '0' ? '~' : '/';
        else if (c == '/')
            return false;
        if (c != *name)
            return false;
    }
    *rest = at;
    return *at == '\0' || *at == '/';
}

static int find_in_list(const struct oci_field *field, const struct oci_value *list,
                        const char *pointer, struct oci_value *found, const char **rest)
{
    size_t length = strcspn(pointer + 1, "/"), index;

    if (field->shape == OCI_SHAPE_ARRAY) {
        if (!oci_pointer_index(pointer + 1, length, &index) || index >= list->count)
            return OCI_ERR_NOT_FOUND;
        describe_element(field, element_at(field, list->at, index), found);
        *rest = pointer + 1 + length;
        return 0;
    }
    for (index = 0; index < list->count; index++) {
        const char *key = key_at(field, list->at, index);

        if (key != NULL && takes_step(pointer, key, rest)) {
            describe_element(field, element_at(field, list->at, index), found);
            return 0;
        }
    }
    return OCI_ERR_NOT_FOUND;
}

static int find_unknown(const struct oci_unknown_members *unknown, const char *pointer,
                        struct oci_value *found, const char **rest)
{
    for (size_t i = 0; unknown->items != NULL && i < unknown->count; i++) {
        const struct oci_unknown_member *member = &unknown->items[i];

        if (member->name != NULL && member->json != NULL &&
            takes_step(pointer, member->name, rest)) {
            *found = (struct oci_value){
                .kind = OCI_VALUE_JSON, .at = &member->json, .text = member->json};
            return 0;
        }
    }
    return OCI_ERR_NOT_FOUND;
}

/* One step, or two through a list, into the struct that *found is. */
static int find_member(struct oci_value *found, const char **pointer)
{
    const struct oci_type *type = found->type;
    const char *object = found->at, *rest = NULL;

    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct oci_field *field = &type->fields[i];

        if (!takes_step(*pointer, field->name, &rest) || !oci_is_present(field, object))
            continue;
        *pointer = rest;
        describe_field(field, object, found);
        if (field->shape == OCI_SHAPE_ONE || *rest == '\0')
            return 0;
        return find_in_list(field, &(struct oci_value){.at = found->at, .count = found->count},
                            rest, found, pointer);
    }
    return find_unknown(oci_unknown_of(type, object), *pointer, found, pointer);
}

int oci_get(const oci_type *type, const void *value, const char *pointer, struct oci_value *found)
{
    struct oci_value here = {.kind = OCI_VALUE_OBJECT, .type = type, .at = value};

    if (type == NULL || value == NULL || pointer == NULL || found == NULL ||
        !oci_pointer_is_valid(pointer))
        return OCI_ERR_INVALID_ARGUMENT;
    while (*pointer != '\0') {
        int result = here.kind == OCI_VALUE_OBJECT && here.at != NULL ? find_member(&here, &pointer)
                                                                      : OCI_ERR_NOT_FOUND;

        if (here.kind == OCI_VALUE_JSON && *pointer != '\0')
            return OCI_ERR_UNSUPPORTED;
        if (result < 0)
            return result;
    }
    *found = here;
    return 0;
}
