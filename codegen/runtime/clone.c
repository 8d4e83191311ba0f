/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of struct trees.  Recursion goes as deep as the schema, never as deep as the data.
 */
#include "handle.h"
#include "parse.h"
#include "table.h"

#include <string.h>

#define FIRST_BLOCK 1024u
#define NEXT_BLOCK 4096u

static bool clone_struct(struct oci_arena *arena, const struct oci_type *type, char *copy);

/* False only when there is no memory: what was NULL stays so. */
static bool clone_text(struct oci_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = oci_arena_text(arena, *text, strlen(*text));
    return *text != NULL;
}

/* at holds a copy of the bytes of a value: let it own what it points to. */
static bool clone_element(struct oci_arena *arena, const struct oci_field *field, char *at)
{
    switch ((enum oci_kind)field->kind) {
    case OCI_KIND_STRING:
    case OCI_KIND_RAW:
        return clone_text(arena, (const char **)at);
    case OCI_KIND_OBJECT:
        return clone_struct(arena, field->of, at);
    case OCI_KIND_BOOL:
    case OCI_KIND_INT:
    case OCI_KIND_UINT:
    case OCI_KIND_ENUM:
        break;
    }
    return true;
}

static void *clone_bytes(struct oci_arena *arena, const void *bytes, size_t size)
{
    void *copy = oci_arena_alloc(arena, size > 0 ? size : 1);

    return copy != NULL ? memcpy(copy, bytes, size) : NULL;
}

static bool clone_list(struct oci_arena *arena, const struct oci_field *field, char *object)
{
    char **list = (char **)(object + field->offset);
    size_t count = oci_list_count(field, object), head = 0, stride = oci_element_size(field);

    if (*list == NULL)
        return true;
    if (field->shape == OCI_SHAPE_MAP) {
        head = sizeof(char *);
        stride = head + oci_value_room(field);
    }
    *list = clone_bytes(arena, *list, count * stride);
    if (*list == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        char *element = *list + i * stride;

        if (head > 0 && !clone_text(arena, (const char **)element))
            return false;
        if (!clone_element(arena, field, element + head))
            return false;
    }
    return true;
}

static bool clone_unknown(struct oci_arena *arena, struct oci_unknown_members *unknown)
{
    if (unknown->order != NULL) {
        const char *order = (const char *)unknown->order;

        unknown->order = (const uint8_t *)oci_arena_text(arena, order, strlen(order));
        if (unknown->order == NULL)
            return false;
    }
    if (unknown->items == NULL)
        return true;
    unknown->items = clone_bytes(arena, unknown->items, unknown->count * sizeof(*unknown->items));
    if (unknown->items == NULL)
        return false;
    for (size_t i = 0; i < unknown->count; i++) {
        if (!clone_text(arena, &unknown->items[i].name) ||
            !clone_text(arena, &unknown->items[i].json))
            return false;
    }
    return true;
}

/* copy holds the bytes of a struct: let it own what it points to. */
static bool clone_struct(struct oci_arena *arena, const struct oci_type *type, char *copy)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct oci_field *field = &type->fields[i];
        char **child = (char **)(copy + field->offset);

        if (field->shape != OCI_SHAPE_ONE) {
            if (!clone_list(arena, field, copy))
                return false;
        } else if (field->kind != OCI_KIND_OBJECT) {
            if (!clone_element(arena, field, copy + field->offset))
                return false;
        } else if (*child != NULL) {
            *child = clone_bytes(arena, *child, ((const struct oci_type *)field->of)->size);
            if (*child == NULL || !clone_struct(arena, field->of, *child))
                return false;
        }
    }
    return type->unknown_offset == OCI_NO_OFFSET ||
           clone_unknown(arena, (void *)(copy + type->unknown_offset));
}

int oci_clone_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, oci_document **copy)
{
    struct oci_document *made;

    if (type == NULL || value == NULL || copy == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    made = oci_memory_alloc(memory, sizeof(*made));
    if (made == NULL)
        return OCI_ERR_NO_MEMORY;
    *made = (struct oci_document){.type = type};
    oci_arena_init(&made->arena, memory, FIRST_BLOCK, NEXT_BLOCK);
    made->root = clone_bytes(&made->arena, value, type->size);
    if (made->root == NULL || !clone_struct(&made->arena, type, made->root)) {
        oci_document_free(made);
        return OCI_ERR_NO_MEMORY;
    }
    *copy = made;
    return 0;
}

int oci_clone(const oci_type *type, const void *value, oci_document **copy)
{
    return oci_clone_with_allocator(&oci_default_allocator, type, value, copy);
}
