/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether, and where, two values differ.  Both are taken as canonical JSON, so that neither the
 * order of members nor the form of a struct that was filled by hand can make a difference.
 */
#include "json.h"
#include "parse.h"
#include "pointer.h"

#include <string.h>

#define BLOCK 2048u
#define FIRST_DIFFERENCES 8u

struct oci_differences {
    const struct oci_allocator *memory;
    struct oci_arena arena;
    struct oci_difference *items;
    size_t count;
    size_t capacity;
};

struct comparison {
    const struct oci_allocator *memory;
    struct oci_arena arena; /* of the trees */
    struct oci_scratch pointer;
    struct oci_differences *result;
};

int oci_equal_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *left, const void *right)
{
    char *one = NULL, *other = NULL;
    int result = oci_write_with_allocator(memory, type, left, OCI_WRITE_CANONICAL, &one, NULL);

    if (result == 0)
        result = oci_write_with_allocator(memory, type, right, OCI_WRITE_CANONICAL, &other, NULL);
    if (result == 0)
        result = strcmp(one, other) == 0;
    oci_memory_release(memory, one);
    oci_memory_release(memory, other);
    return result;
}

int oci_equal(const oci_type *type, const void *left, const void *right)
{
    return oci_equal_with_allocator(&oci_default_allocator, type, left, right);
}

static bool text_of(struct comparison *comparison, const struct oci_json *node, const char **text)
{
    struct oci_output output = {.memory = comparison->memory};

    *text = NULL;
    if (node == NULL)
        return true;
    oci_json_write(&output, node);
    if (output.result == 0)
        *text = oci_arena_text(&comparison->result->arena, output.text, output.length);
    oci_memory_release(comparison->memory, output.text);
    return *text != NULL;
}

static bool note(struct comparison *comparison, const struct oci_json *left,
                 const struct oci_json *right)
{
    struct oci_differences *result = comparison->result;
    struct oci_difference item;

    if (result->count == result->capacity) {
        size_t capacity = result->capacity > 0 ? result->capacity * 2 : FIRST_DIFFERENCES;
        struct oci_difference *items =
            oci_memory_resize(result->memory, result->items, capacity * sizeof(*items));

        if (items == NULL)
            return false;
        result->items = items;
        result->capacity = capacity;
    }
    item.pointer =
        oci_arena_text(&result->arena, comparison->pointer.data, comparison->pointer.length);
    if (item.pointer == NULL || !text_of(comparison, left, &item.left) ||
        !text_of(comparison, right, &item.right))
        return false;
    result->items[result->count++] = item;
    return true;
}

static bool is_same_scalar(const struct oci_json *left, const struct oci_json *right)
{
    if (left->kind != right->kind || oci_json_is_container(left))
        return false;
    if (left->kind == OCI_TOKEN_BOOL)
        return left->truth == right->truth;
    return left->kind == OCI_TOKEN_NULL ||
           (left->length == right->length && memcmp(left->text, right->text, left->length) == 0);
}

/* The next pair of children, of which one may be NULL.  Members are sorted by name in both. */
struct pair {
    struct oci_json *left;
    struct oci_json *right;
};

static struct pair choose(const struct pair *next)
{
    struct pair chosen = *next;

    if (next->left != NULL && next->right != NULL && next->left->name != NULL) {
        int order = strcmp(next->left->name, next->right->name);

        if (order < 0)
            chosen.right = NULL;
        else if (order > 0)
            chosen.left = NULL;
    }
    return chosen;
}

static bool push(struct comparison *comparison, const struct oci_json *child, size_t index)
{
    if (child->name != NULL)
        return oci_pointer_push(&comparison->pointer, child->name, child->name_length);
    return oci_pointer_push_index(&comparison->pointer, index);
}

/* Compare two containers of one kind, and those in them, without recursion.  The left one of each
 * pair that is open remembers its index and how long the pointer was before it. */
static int compare_trees(struct comparison *comparison, const struct pair *roots)
{
    struct pair open = *roots, next = {open.left->first, open.right->first};
    size_t index = 0, length = 0;

    for (;;) {
        struct pair child;

        while (next.left == NULL && next.right == NULL) {
            if (open.left == roots->left)
                return 0;
            next = (struct pair){open.left->next, open.right->next};
            index = open.left->index + 1;
            length = open.left->length;
            open = (struct pair){open.left->parent, open.right->parent};
            oci_pointer_cut(&comparison->pointer, length);
        }
        child = choose(&next);
        if (!push(comparison, child.left != NULL ? child.left : child.right, index))
            return OCI_ERR_NO_MEMORY;
        if (child.left != NULL && child.right != NULL && child.left->kind == child.right->kind &&
            oci_json_is_container(child.left)) {
            child.left->index = index;
            child.left->length = length;
            length = comparison->pointer.length;
            open = child;
            next = (struct pair){child.left->first, child.right->first};
            index = 0;
            continue;
        }
        if ((child.left == NULL || child.right == NULL ||
             !is_same_scalar(child.left, child.right)) &&
            !note(comparison, child.left, child.right))
            return comparison->result->arena.full ? OCI_ERR_TOO_LARGE : OCI_ERR_NO_MEMORY;
        if (child.left != NULL)
            next.left = child.left->next;
        if (child.right != NULL)
            next.right = child.right->next;
        index++;
        oci_pointer_cut(&comparison->pointer, length);
    }
}

static int read_value(struct comparison *comparison, const oci_type *type, const void *value,
                      struct oci_json **root)
{
    char *text = NULL;
    size_t length = 0;
    int result = oci_write_with_allocator(comparison->memory, type, value, OCI_WRITE_CANONICAL,
                                          &text, &length);

    if (result == 0)
        result = oci_json_read(comparison->memory, &comparison->arena, text, length,
                               &oci_reader_no_limits, NULL, NULL, root);
    oci_memory_release(comparison->memory, text);
    return result < 0 && result != OCI_ERR_NO_MEMORY ? OCI_ERR_INVALID_ARGUMENT : result;
}

int oci_diff_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                            const void *left, const void *right, oci_differences **differences)
{
    struct comparison comparison = {.memory = memory, .pointer = {.memory = memory}};
    struct pair roots = {NULL, NULL};
    int result;

    if (type == NULL || left == NULL || right == NULL || differences == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    oci_arena_init(&comparison.arena, memory, BLOCK, BLOCK);
    comparison.result = oci_memory_alloc(memory, sizeof(*comparison.result));
    if (comparison.result == NULL)
        return OCI_ERR_NO_MEMORY;
    *comparison.result = (struct oci_differences){.memory = memory};
    oci_arena_init(&comparison.result->arena, memory, BLOCK, BLOCK);
    comparison.result->arena.limit = OCI_DEFAULT_MEMORY;
    result = read_value(&comparison, type, left, &roots.left);
    if (result == 0)
        result = read_value(&comparison, type, right, &roots.right);
    if (result == 0)
        result = compare_trees(&comparison, &roots);
    oci_arena_free(&comparison.arena);
    oci_scratch_free(&comparison.pointer);
    if (result == 0)
        *differences = comparison.result->count > 0 ? comparison.result : NULL;
    if (result < 0 || comparison.result->count == 0)
        oci_differences_free(comparison.result);
    return result;
}

int oci_diff(const oci_type *type, const void *left, const void *right,
             oci_differences **differences)
{
    return oci_diff_with_allocator(&oci_default_allocator, type, left, right, differences);
}

size_t oci_differences_count(const oci_differences *differences)
{
    return differences != NULL ? differences->count : 0;
}

const struct oci_difference *oci_differences_get(const oci_differences *differences, size_t index)
{
    return differences != NULL && index < differences->count ? &differences->items[index] : NULL;
}

void oci_differences_free(oci_differences *differences)
{
    if (differences == NULL)
        return;
    oci_arena_free(&differences->arena);
    oci_memory_release(differences->memory, differences->items);
    oci_memory_release(differences->memory, differences);
}
