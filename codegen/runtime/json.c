/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON trees: reading, writing, sorting and linking.  Knows neither tables nor JSON pointers.
 */
#include "json.h"
#include "line.h"

#include <ocikit/errors.h>

#include <stdlib.h>
#include <string.h>

struct reading {
    struct oci_arena *arena;
    struct oci_json *root;
    struct oci_json *open; /* the innermost container */
    const char *name;      /* of the next member */
    size_t name_length;
    size_t name_offset;
    int (*fault)(void *ctx, const struct oci_fault *fault);
    void *ctx;
};

void oci_json_append(struct oci_json *parent, struct oci_json *child)
{
    child->parent = parent;
    child->next = NULL;
    child->previous = parent->last;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

void oci_json_detach(struct oci_json *child)
{
    struct oci_json *parent = child->parent;

    if (parent == NULL)
        return;
    if (child->previous != NULL)
        child->previous->next = child->next;
    else
        parent->first = child->next;
    if (child->next != NULL)
        child->next->previous = child->previous;
    else
        parent->last = child->previous;
    parent->count--;
    child->parent = child->next = child->previous = NULL;
}

void oci_json_replace(struct oci_json *old, struct oci_json *child)
{
    struct oci_json *parent = old->parent;

    child->name = old->name;
    child->name_length = old->name_length;
    child->parent = parent;
    child->next = old->next;
    child->previous = old->previous;
    if (child->previous != NULL)
        child->previous->next = child;
    else
        parent->first = child;
    if (child->next != NULL)
        child->next->previous = child;
    else
        parent->last = child;
    old->parent = old->next = old->previous = NULL;
}

static struct oci_json *add(struct reading *reading, const struct oci_token *token)
{
    struct oci_json *node = oci_arena_zeroed(reading->arena, sizeof(*node));

    if (node == NULL)
        return NULL;
    node->kind = token->kind;
    node->offset = reading->name != NULL ? reading->name_offset : token->start;
    node->name = reading->name;
    node->name_length = reading->name_length;
    reading->name = NULL;
    if (reading->open != NULL)
        oci_json_append(reading->open, node);
    else
        reading->root = node;
    return node;
}

static int on_scalar(void *ctx, const struct oci_token *token)
{
    struct reading *reading = ctx;
    struct oci_json *node = add(reading, token);

    if (node == NULL)
        return OCI_ERR_NO_MEMORY;
    node->truth = token->truth;
    if (token->kind == OCI_TOKEN_STRING || token->kind == OCI_TOKEN_NUMBER) {
        node->text = oci_arena_text(reading->arena, token->text, token->length);
        node->length = token->length;
        if (node->text == NULL)
            return OCI_ERR_NO_MEMORY;
    }
    return 0;
}

static int on_key(void *ctx, const struct oci_token *token)
{
    struct reading *reading = ctx;

    reading->name = oci_arena_text(reading->arena, token->text, token->length);
    reading->name_length = token->length;
    reading->name_offset = token->start;
    return reading->name != NULL ? 0 : OCI_ERR_NO_MEMORY;
}

static int on_open(void *ctx, const struct oci_token *token)
{
    struct reading *reading = ctx;
    struct oci_json *node = add(reading, token);

    if (node == NULL)
        return OCI_ERR_NO_MEMORY;
    reading->open = node;
    return 0;
}

static int compare_names(const struct oci_json *a, const struct oci_json *b)
{
    return strcmp(a->name, b->name);
}

/* Equal names in the order in which they stand. */
static int compare_members(const void *left, const void *right)
{
    const struct oci_json *a = *(struct oci_json *const *)left;
    const struct oci_json *b = *(struct oci_json *const *)right;
    int order = compare_names(a, b);

    if (order != 0)
        return order;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

bool oci_json_index(struct oci_arena *arena, struct oci_json *object)
{
    size_t i = 0;

    object->sorted = oci_arena_alloc(arena, (object->count + 1) * sizeof(struct oci_json *));
    if (object->sorted == NULL)
        return false;
    for (struct oci_json *child = object->first; child != NULL; child = child->next)
        object->sorted[i++] = child;
    object->sorted_count = i;
    qsort(object->sorted, i, sizeof(struct oci_json *), compare_members);
    return true;
}

static int refuse_duplicate(struct reading *reading, const struct oci_json *member)
{
    struct oci_line found = {.length = 0};
    struct oci_fault fault = {.code = OCI_ERR_DUPLICATE_KEY,
                              .offset = member->offset,
                              .expected = "every member once",
                              .found = found.text};

    oci_line_quote(&found, member->name, member->name_length);
    oci_line_addf(&found, " a second time");
    if (reading->fault != NULL && reading->fault(reading->ctx, &fault) < 0)
        return OCI_ERR_NO_MEMORY;
    return OCI_ERR_DUPLICATE_KEY;
}

static int on_close(void *ctx, size_t end)
{
    struct reading *reading = ctx;
    struct oci_json *node = reading->open;

    (void)end;
    reading->open = node->parent;
    if (node->kind != OCI_TOKEN_OBJECT || node->count < 2)
        return 0;
    if (!oci_json_index(reading->arena, node))
        return OCI_ERR_NO_MEMORY;
    for (size_t i = 1; i < node->sorted_count; i++) {
        if (compare_names(node->sorted[i - 1], node->sorted[i]) == 0)
            return refuse_duplicate(reading, node->sorted[i]);
    }
    return 0;
}

static int on_fault(void *ctx, const struct oci_fault *fault)
{
    struct reading *reading = ctx;

    return reading->fault != NULL ? reading->fault(reading->ctx, fault) : 0;
}

int oci_json_read(const struct oci_allocator *memory, struct oci_arena *arena, const char *text,
                  size_t length, const struct oci_reader_limits *limits,
                  int (*fault)(void *ctx, const struct oci_fault *fault), void *ctx,
                  struct oci_json **root)
{
    static const struct oci_reader_events events = {
        .scalar = on_scalar, .key = on_key, .open = on_open, .close = on_close, .fault = on_fault};
    struct oci_reader_source source = {
        .text = text, .length = length, .memory = memory, .limits = *limits};
    struct reading reading = {.arena = arena, .fault = fault, .ctx = ctx};
    int result = oci_read_json(&source, &events, &reading);

    if (result == 0)
        *root = reading.root;
    return result;
}

struct oci_json *oci_json_next(const struct oci_json *root, const struct oci_json *node)
{
    if (node->first != NULL)
        return node->first;
    while (node != root) {
        if (node->next != NULL)
            return node->next;
        node = node->parent;
    }
    return NULL;
}

static bool sort_members(struct oci_arena *arena, struct oci_json *object)
{
    if (object->count < 2)
        return true;
    if (!oci_json_index(arena, object))
        return false;
    object->first = object->last = NULL;
    object->count = 0;
    for (size_t i = 0; i < object->sorted_count; i++)
        oci_json_append(object, object->sorted[i]);
    return true;
}

bool oci_json_sort(struct oci_arena *arena, struct oci_json *root)
{
    for (struct oci_json *node = root; node != NULL; node = oci_json_next(root, node)) {
        if (node->kind == OCI_TOKEN_OBJECT && !sort_members(arena, node))
            return false;
    }
    return true;
}

static void write_scalar(struct oci_output *output, const struct oci_json *node)
{
    switch (node->kind) {
    case OCI_TOKEN_NULL:
        oci_output_bytes(output, "null", 4);
        break;
    case OCI_TOKEN_BOOL:
        oci_output_bytes(output, node->truth ? "true" : "false", node->truth ? 4 : 5);
        break;
    case OCI_TOKEN_NUMBER:
        oci_output_bytes(output, node->text, node->length);
        break;
    case OCI_TOKEN_STRING:
        oci_output_text(output, node->text, node->length);
        break;
    case OCI_TOKEN_OBJECT:
    case OCI_TOKEN_ARRAY:
        oci_output_open(output, node->kind == OCI_TOKEN_OBJECT ? '{' : '[');
        break;
    }
}

void oci_json_write(struct oci_output *output, const struct oci_json *root)
{
    const struct oci_json *node = root;

    while (node != NULL && output->result == 0) {
        if (node != root && node->parent->kind == OCI_TOKEN_OBJECT)
            oci_output_name(output, node->name, node->name_length);
        else if (node != root)
            oci_output_separate(output);
        write_scalar(output, node);
        if (node->first != NULL) {
            node = node->first;
            continue;
        }
        if (oci_json_is_container(node))
            oci_output_close(output, node->kind == OCI_TOKEN_OBJECT ? '}' : ']');
        while (node != root && node->next == NULL) {
            node = node->parent;
            oci_output_close(output, node->kind == OCI_TOKEN_OBJECT ? '}' : ']');
        }
        node = node != root ? node->next : NULL;
    }
}

static struct oci_json *find_sorted(const struct oci_json *object, const char *name)
{
    size_t low = 0, high = object->sorted_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(object->sorted[middle]->name, name);

        if (order == 0)
            return object->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct oci_json *oci_json_member(const struct oci_json *object, const char *name, size_t length)
{
    if (object->sorted != NULL)
        return find_sorted(object, name);
    for (struct oci_json *child = object->first; child != NULL; child = child->next) {
        if (child->name_length == length && memcmp(child->name, name, length) == 0)
            return child;
    }
    return NULL;
}

struct oci_json *oci_json_item(const struct oci_json *array, size_t index)
{
    struct oci_json *child = array->first;

    while (child != NULL && index-- > 0)
        child = child->next;
    return child;
}
