/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that change: by JSON pointer, or by a merge patch.  A change is made on a tree of the
 * document's JSON, whose text is then parsed like any other: so nothing can come to stand in a struct
 * that the schema refuses, and a change that fails has changed nothing.
 */
#include "handle.h"
#include "json.h"
#include "parse.h"
#include "place.h"
#include "pointer.h"

#include <ocikit/value.h>

#include <string.h>

#define TREE_BLOCK 4096u

struct change {
    const struct oci_allocator *memory;
    struct oci_arena arena; /* of the trees */
    struct oci_json *target;
    struct oci_report *report; /* of what is wrong with the text that was given */
};

static int begin(struct change *change, const struct oci_allocator *memory, const oci_type *type,
                 const void *value)
{
    char *text = NULL;
    size_t length = 0;
    int result;

    *change = (struct change){.memory = memory};
    oci_arena_init(&change->arena, memory, TREE_BLOCK, TREE_BLOCK);
    result = oci_write_with_allocator(memory, type, value, OCI_WRITE_COMPACT, &text, &length);
    if (result == 0)
        result = oci_json_read(memory, &change->arena, text, length, &oci_json_no_limits, NULL,
                               NULL, &change->target);
    oci_memory_release(memory, text);
    return result;
}

static void end(struct change *change)
{
    oci_arena_free(&change->arena);
    oci_report_free(change->report);
}

/* Write the tree and parse what was written.  The text is what the caller gave, at the place prefix
 * of the document: findings are placed there. */
static int rebuild(struct change *change, const oci_type *type, const char *prefix,
                   const char *text, size_t length, oci_document **made, oci_report **report)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    struct oci_output output = {.memory = change->memory};
    int result;

    options.max_depth = UINT32_MAX;
    options.max_bytes = options.max_values = options.max_string = SIZE_MAX;
    options.max_number = options.max_memory = SIZE_MAX;
    oci_json_write(&output, change->target);
    result = output.result;
    if (result == 0)
        result = oci_parse_with_allocator(change->memory, type, output.text, output.length,
                                          &options, made, report);
    oci_memory_release(change->memory, output.text);
    if (result < 0 && report != NULL && *report != NULL &&
        oci_report_place(*report, prefix, text, length) < 0) {
        oci_report_free(*report);
        *report = NULL;
        result = OCI_ERR_NO_MEMORY;
    }
    return result;
}

struct given {
    struct oci_report *report;
    const char *pointer;
};

static int note_fault(void *ctx, const struct oci_fault *fault)
{
    const struct given *given = ctx;

    return oci_report_add(given->report, &(struct oci_draft){.code = fault->code,
                                                             .severity = OCI_SEVERITY_ERROR,
                                                             .placed = true,
                                                             .offset = fault->offset,
                                                             .length = fault->length,
                                                             .pointer = given->pointer,
                                                             .expected = fault->expected,
                                                             .found = fault->found,
                                                             .statement = fault->statement});
}

/* Read the JSON text that the caller gave, within the default limits. */
static int read_given(struct change *change, const char *pointer, const char *text, size_t length,
                      struct oci_json **given_root)
{
    static const struct oci_reader_limits limits = {.depth = OCI_DEFAULT_DEPTH,
                                                    .values = OCI_DEFAULT_VALUES,
                                                    .string = OCI_DEFAULT_STRING,
                                                    .number = OCI_DEFAULT_NUMBER};
    struct given given = {.pointer = pointer};
    int result;

    change->report = oci_memory_alloc(change->memory, sizeof(*change->report));
    if (change->report == NULL)
        return OCI_ERR_NO_MEMORY;
    oci_report_init(change->report, change->memory, NULL, OCI_DEFAULT_FINDINGS);
    change->report->text = text;
    change->report->length = length;
    given.report = change->report;
    given.pointer = oci_arena_text(&change->report->arena, pointer, strlen(pointer));
    if (given.pointer == NULL)
        return OCI_ERR_NO_MEMORY;
    result = oci_json_read(change->memory, &change->arena, text, length, &limits, note_fault,
                           &given, given_root);
    oci_report_finish(change->report);
    return result;
}

/* Hand out the report on the given text, which end would otherwise free. */
static void give_report(struct change *change, int result, oci_report **report)
{
    if (result == OCI_ERR_NO_MEMORY || report == NULL || *report != NULL ||
        oci_report_count(change->report) == 0)
        return;
    *report = change->report;
    change->report = NULL;
}

/* Follow a pointer to the container of its last step, which is left in name. */
static int find_container(struct change *change, const char *pointer, struct oci_json **container,
                          const char **name, size_t *length)
{
    struct oci_json *node = change->target;
    size_t index;

    while (node != NULL) {
        if (!oci_pointer_step(&change->arena, &pointer, name, length))
            return OCI_ERR_NO_MEMORY;
        if (node->kind != OCI_TOKEN_OBJECT && node->kind != OCI_TOKEN_ARRAY)
            return OCI_ERR_NOT_FOUND;
        if (*pointer == '\0') {
            *container = node;
            return 0;
        }
        if (node->kind == OCI_TOKEN_OBJECT)
            node = oci_json_member(node, *name, *length);
        else
            node = oci_pointer_index(*name, *length, &index) ? oci_json_item(node, index) : NULL;
    }
    return OCI_ERR_NOT_FOUND;
}

static int put(struct change *change, const char *pointer, struct oci_json *value)
{
    struct oci_json *container = NULL, *old;
    const char *name = NULL;
    size_t length = 0, index = 0;
    int result;

    if (*pointer == '\0') {
        change->target = value;
        return 0;
    }
    result = find_container(change, pointer, &container, &name, &length);
    if (result < 0)
        return result;
    if (container->kind == OCI_TOKEN_OBJECT) {
        old = oci_json_member(container, name, length);
        value->name = name;
        value->name_length = length;
    } else {
        if (strcmp(name, "-") == 0)
            index = container->count;
        else if (!oci_pointer_index(name, length, &index) || index > container->count)
            return OCI_ERR_NOT_FOUND;
        old = oci_json_item(container, index);
    }
    if (old != NULL)
        oci_json_replace(old, value);
    else
        oci_json_append(container, value);
    return 0;
}

/* Let document hold what made holds. */
static void adopt(oci_document *document, oci_document *made)
{
    struct oci_document old = *document;

    *document = *made;
    *made = old;
    oci_document_free(made);
}

int oci_set(oci_document *document, const char *pointer, const char *json, size_t length,
            oci_report **report)
{
    struct oci_json *value = NULL;
    oci_document *made = NULL;
    struct change change;
    int result;

    if (report != NULL)
        *report = NULL;
    if (document == NULL || pointer == NULL || json == NULL || !oci_pointer_is_valid(pointer))
        return OCI_ERR_INVALID_ARGUMENT;
    result = begin(&change, document->arena.memory, document->type, document->root);
    if (result == 0) {
        result = read_given(&change, pointer, json, length, &value);
        if (result == 0)
            result = put(&change, pointer, value);
        if (result == 0)
            result = rebuild(&change, document->type, pointer, json, length, &made, report);
        give_report(&change, result, report);
    }
    if (result == 0)
        adopt(document, made);
    end(&change);
    return result;
}

/* Find the value at a pointer. */
static int find(struct change *change, const char *pointer, struct oci_json **node)
{
    struct oci_json *container = NULL;
    const char *name = NULL;
    size_t length = 0, index = 0;
    int result;

    *node = change->target;
    if (*pointer == '\0')
        return 0;
    result = find_container(change, pointer, &container, &name, &length);
    if (result < 0)
        return result;
    if (container->kind == OCI_TOKEN_OBJECT)
        *node = oci_json_member(container, name, length);
    else
        *node = oci_pointer_index(name, length, &index) ? oci_json_item(container, index) : NULL;
    return *node != NULL ? 0 : OCI_ERR_NOT_FOUND;
}

static int take_out(struct change *change, const char *pointer)
{
    struct oci_json *old = NULL;
    int result = find(change, pointer, &old);

    if (result == 0)
        oci_json_detach(old);
    return result;
}

int oci_get_json_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                const void *value, const char *pointer, unsigned flags, char **text,
                                size_t *length)
{
    struct oci_output output = {.memory = memory, .pretty = flags == OCI_WRITE_PRETTY};
    struct oci_json *node = NULL;
    struct change change;
    int result;

    if (type == NULL || value == NULL || pointer == NULL || text == NULL ||
        flags > OCI_WRITE_CANONICAL || !oci_pointer_is_valid(pointer))
        return OCI_ERR_INVALID_ARGUMENT;
    result = begin(&change, memory, type, value);
    if (result == 0)
        result = find(&change, pointer, &node);
    if (result == 0 && flags == OCI_WRITE_CANONICAL && !oci_json_sort(&change.arena, node))
        result = OCI_ERR_NO_MEMORY;
    if (result == 0) {
        oci_json_write(&output, node);
        oci_output_bytes(&output, "\n", output.pretty ? 1 : 0);
        oci_output_bytes(&output, "", 1);
        result = output.result;
    }
    end(&change);
    if (result < 0) {
        oci_memory_release(memory, output.text);
        return result;
    }
    *text = output.text;
    if (length != NULL)
        *length = output.length - 1;
    return 0;
}

int oci_get_json(const oci_type *type, const void *value, const char *pointer, unsigned flags,
                 char **text, size_t *length)
{
    return oci_get_json_with_allocator(&oci_default_allocator, type, value, pointer, flags, text,
                                       length);
}

int oci_remove(oci_document *document, const char *pointer)
{
    oci_document *made = NULL;
    struct change change;
    int result;

    if (document == NULL || pointer == NULL || !oci_pointer_is_valid(pointer))
        return OCI_ERR_INVALID_ARGUMENT;
    if (*pointer == '\0')
        return OCI_ERR_REQUIRED;
    result = begin(&change, document->arena.memory, document->type, document->root);
    if (result == 0)
        result = take_out(&change, pointer);
    if (result == 0)
        result = rebuild(&change, document->type, "", "", 0, &made, NULL);
    if (result == 0)
        adopt(document, made);
    end(&change);
    return result;
}

/* Apply one member of a patch to an object; *deeper is the object in it that the patch goes on in. */
static int merge_member(struct change *change, struct oci_json *target, struct oci_json *patch,
                        struct oci_json **deeper)
{
    struct oci_json *old = oci_json_member(target, patch->name, patch->name_length);

    *deeper = NULL;
    if (patch->kind == OCI_TOKEN_NULL) {
        if (old != NULL)
            oci_json_detach(old);
        return 0;
    }
    if (patch->kind == OCI_TOKEN_OBJECT) {
        if (old == NULL || old->kind != OCI_TOKEN_OBJECT) {
            struct oci_json *fresh = oci_arena_zeroed(&change->arena, sizeof(*fresh));

            if (fresh == NULL)
                return OCI_ERR_NO_MEMORY;
            fresh->kind = OCI_TOKEN_OBJECT;
            /* Nothing of the patch can be in it yet: no name stands twice there. */
            if (!oci_json_index(&change->arena, fresh))
                return OCI_ERR_NO_MEMORY;
            fresh->name = patch->name;
            fresh->name_length = patch->name_length;
            if (old != NULL)
                oci_json_replace(old, fresh);
            else
                oci_json_append(target, fresh);
            old = fresh;
        }
        *deeper = old;
        return 0;
    }
    oci_json_detach(patch);
    if (old != NULL)
        oci_json_replace(old, patch);
    else
        oci_json_append(target, patch);
    return 0;
}

/* Two objects at a time, deeper ones when they are met: the patch leads, the target follows. */
static int merge_objects(struct change *change, struct oci_json *target, struct oci_json *patch)
{
    struct oci_json *top = patch, *child = patch->first;

    for (;;) {
        struct oci_json *next, *deeper;
        int result;

        while (child == NULL) {
            if (patch == top)
                return 0;
            child = patch->next;
            patch = patch->parent;
            target = target->parent;
        }
        next = child->next;
        result = merge_member(change, target, child, &deeper);
        if (result < 0)
            return result;
        if (deeper == NULL) {
            child = next;
        } else {
            target = deeper;
            patch = child;
            child = child->first;
        }
    }
}

int oci_merge_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const void *value, const char *patch, size_t length,
                             oci_document **merged, oci_report **report)
{
    struct oci_json *root = NULL;
    struct change change;
    int result;

    if (report != NULL)
        *report = NULL;
    if (type == NULL || value == NULL || patch == NULL || merged == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = begin(&change, memory, type, value);
    if (result == 0) {
        result = read_given(&change, "", patch, length, &root);
        if (result == 0 && root->kind == OCI_TOKEN_OBJECT)
            result = merge_objects(&change, change.target, root);
        else if (result == 0)
            change.target = root;
        if (result == 0)
            result = rebuild(&change, type, "", patch, length, merged, report);
        give_report(&change, result, report);
    }
    end(&change);
    return result;
}

int oci_merge(const oci_type *type, const void *value, const char *patch, size_t length,
              oci_document **merged, oci_report **report)
{
    return oci_merge_with_allocator(&oci_default_allocator, type, value, patch, length, merged,
                                    report);
}
