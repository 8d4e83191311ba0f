/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that change: by JSON pointer, or by a merge patch.  A change is made on a tree of the
 * document's JSON, whose text is then parsed like any other: so nothing can come to stand in a
 * struct that the schema refuses, and a change that fails has changed nothing.
 */
#include "handle.h"
#include "json.h"
#include "line.h"
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
    bool was_read; /* the document that changes: its limits hold for what is put into it, too */
    struct oci_parse_options options; /* for the changed document */
    struct oci_report *report; /* of what is wrong with the text that was given, or the pointer */
};

/* A value may have been filled by hand beyond what is read by default: no limits. */
static const struct oci_parse_options no_limits = {.size = sizeof(struct oci_parse_options),
                                                   .max_depth = UINT32_MAX,
                                                   .max_bytes = SIZE_MAX,
                                                   .max_values = SIZE_MAX,
                                                   .max_string = SIZE_MAX,
                                                   .max_number = SIZE_MAX,
                                                   .max_memory = SIZE_MAX};

/* A finding about the change itself.  Its pointer is the first length bytes of one. */
static int complain(struct change *change, int code, const char *pointer, size_t length,
                    const char *statement)
{
    struct oci_draft draft = {.code = code, .severity = OCI_SEVERITY_ERROR, .statement = statement};
    int result;

    draft.pointer = oci_arena_text(&change->report->arena, pointer, length);
    if (draft.pointer == NULL)
        return OCI_ERR_NO_MEMORY;
    change->report->name = change->options.name;
    result = oci_report_add(change->report, &draft);
    oci_report_finish(change->report);
    return result < 0 ? result : code;
}

/* document: the one that value belongs to and is changed, or NULL. */
static int begin(struct change *change, const struct oci_allocator *memory, const oci_type *type,
                 const void *value, const oci_document *document)
{
    char *text = NULL;
    size_t length = 0;
    int result;

    *change = (struct change){.memory = memory, .was_read = document != NULL && document->was_read};
    if (!change->was_read)
        change->options = no_limits;
    else if (document->options != NULL)
        change->options = *document->options;
    else
        change->options.size = sizeof(change->options);
    oci_arena_init(&change->arena, memory, TREE_BLOCK, TREE_BLOCK);
    change->report = oci_memory_alloc(memory, sizeof(*change->report));
    if (change->report == NULL)
        return OCI_ERR_NO_MEMORY;
    oci_report_init(change->report, memory, change->options.name, OCI_DEFAULT_FINDINGS);
    result = oci_write_with_allocator(memory, type, value, OCI_WRITE_COMPACT, &text, &length);
    if (result == 0)
        result = oci_json_read(memory, &change->arena, text, length, &oci_reader_no_limits, NULL,
                               NULL, &change->target);
    oci_memory_release(memory, text);
    if (result == 0 || result == OCI_ERR_NO_MEMORY)
        return result;
    return complain(change, OCI_ERR_INVALID_ARGUMENT, "", 0,
                    "the struct cannot be written as it stands; oci_validate says why");
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
    struct oci_output output = {.memory = change->memory};
    int result;

    oci_json_write(&output, change->target);
    result = output.result;
    if (result == 0)
        result = oci_parse_with_allocator(change->memory, type, output.text, output.length,
                                          &change->options, made, report);
    oci_memory_release(change->memory, output.text);
    if (report == NULL || *report == NULL)
        return result;
    (*report)->name = change->options.name;
    if (oci_report_place(*report, prefix, text, length, false) == 0)
        return result;
    oci_report_free(*report);
    *report = NULL;
    if (result == 0) {
        oci_document_free(*made);
        *made = NULL;
    }
    return OCI_ERR_NO_MEMORY;
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

static size_t choose(const struct change *change, size_t limit, size_t usual)
{
    return change->was_read && limit != 0 ? limit : usual;
}

/* Read the JSON text that the caller gave, within the limits of its document. */
static int read_given(struct change *change, const char *pointer, const char *text, size_t length,
                      struct oci_json **given_root)
{
    const struct oci_parse_options *options = &change->options;
    const struct oci_reader_limits limits = {
        .depth = choose(change, options->max_depth, OCI_DEFAULT_DEPTH),
        .values = choose(change, options->max_values, OCI_DEFAULT_VALUES),
        .string = choose(change, options->max_string, OCI_DEFAULT_STRING),
        .number = choose(change, options->max_number, OCI_DEFAULT_NUMBER)};
    struct given given = {.pointer = pointer};
    int result;

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

static int check_pointer(struct change *change, const char *pointer)
{
    struct oci_line statement = {.length = 0};

    if (oci_pointer_is_valid(pointer))
        return 0;
    oci_line_quote(&statement, pointer, strlen(pointer));
    oci_line_addf(&statement, " is no JSON pointer: %s",
                  pointer[0] != '/' ? "it does not begin with /" : "~ stands only in ~0 and ~1");
    return complain(change, OCI_ERR_INVALID_ARGUMENT, "", 0, statement.text);
}

/* The first step of a pointer that leads nowhere. */
static int complain_missing(struct change *change, const char *pointer, const char *rest,
                            const struct oci_json *container)
{
    struct oci_line statement = {.length = 0};

    if (container != NULL && container->kind == OCI_TOKEN_ARRAY)
        oci_line_addf(&statement, "does not exist: the array has %zu item%s", container->count,
                      container->count == 1 ? "" : "s");
    else if (container != NULL && container->kind == OCI_TOKEN_OBJECT)
        oci_line_addf(&statement, "does not exist");
    else
        oci_line_addf(&statement, "does not exist: what is before it has no parts");
    return complain(change, OCI_ERR_NOT_FOUND, pointer, (size_t)(rest - pointer), statement.text);
}

/* Hand out the report on the given text, which end would otherwise free. */
static void give_report(struct change *change, int result, oci_report **report)
{
    if (result == OCI_ERR_NO_MEMORY || report == NULL || *report != NULL ||
        change->report == NULL || oci_report_count(change->report) == 0)
        return;
    *report = change->report;
    change->report = NULL;
}

static struct oci_json *part(struct oci_json *node, const char *name, size_t length)
{
    size_t index;

    if (node->kind == OCI_TOKEN_OBJECT)
        return oci_json_member(node, name, length);
    return oci_pointer_index(name, length, &index) ? oci_json_item(node, index) : NULL;
}

/* Follow a pointer to the container of its last step, which is left in name. */
static int find_container(struct change *change, const char *pointer, struct oci_json **container,
                          const char **name, size_t *length)
{
    struct oci_json *node = change->target, *next = node;
    const char *rest = pointer;

    while (next != NULL) {
        node = next;
        if (!oci_pointer_step(&change->arena, &rest, name, length))
            return OCI_ERR_NO_MEMORY;
        if (node->kind != OCI_TOKEN_OBJECT && node->kind != OCI_TOKEN_ARRAY)
            break;
        if (*rest == '\0') {
            *container = node;
            return 0;
        }
        next = part(node, *name, *length);
    }
    return complain_missing(change, pointer, rest, node);
}

/* Where a value is to be put: in a container, in place of an old one or at the end. */
struct target {
    struct oci_json *container; /* NULL: it becomes the document */
    struct oci_json *old;
    const char *name;
    size_t length;
    const char *pointer; /* to it, once it is there: the step "-" has become an index */
};

static int find_target(struct change *change, const char *pointer, struct target *target)
{
    size_t index = 0, begin;
    struct oci_line last = {.length = 0};
    char *actual;
    int result;

    *target = (struct target){.pointer = pointer};
    if (*pointer == '\0')
        return 0;
    result = find_container(change, pointer, &target->container, &target->name, &target->length);
    if (result < 0)
        return result;
    target->old = part(target->container, target->name, target->length);
    if (target->container->kind == OCI_TOKEN_OBJECT || target->old != NULL)
        return 0;
    if (strcmp(target->name, "-") != 0 &&
        (!oci_pointer_index(target->name, target->length, &index) ||
         index != target->container->count))
        return complain_missing(change, pointer, pointer + strlen(pointer), target->container);
    begin = (size_t)(strrchr(pointer, '/') - pointer) + 1;
    oci_line_addf(&last, "%zu", target->container->count);
    actual = oci_arena_bytes(&change->arena, begin + last.length + 1);
    if (actual == NULL)
        return OCI_ERR_NO_MEMORY;
    memcpy(actual, pointer, begin);
    memcpy(actual + begin, last.text, last.length + 1);
    target->pointer = actual;
    return 0;
}

static void put(struct change *change, const struct target *target, struct oci_json *value)
{
    if (target->container == NULL) {
        change->target = value;
        return;
    }
    if (target->container->kind == OCI_TOKEN_OBJECT) {
        value->name = target->name;
        value->name_length = target->length;
    }
    if (target->old != NULL)
        oci_json_replace(target->old, value);
    else
        oci_json_append(target->container, value);
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
    struct target target;
    oci_document *made = NULL;
    struct change change;
    int result;

    if (report != NULL)
        *report = NULL;
    if (document == NULL || pointer == NULL || json == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = begin(&change, document->arena.memory, document->type, document->root, document);
    if (result == 0) {
        result = check_pointer(&change, pointer);
        if (result == 0)
            result = find_target(&change, pointer, &target);
        if (result == 0)
            result = read_given(&change, target.pointer, json, length, &value);
        if (result == 0)
            put(&change, &target, value);
        if (result == 0)
            result = rebuild(&change, document->type, target.pointer, json, length, &made, report);
    }
    give_report(&change, result, report);
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
    size_t length = 0;
    int result;

    *node = change->target;
    if (*pointer == '\0')
        return 0;
    result = find_container(change, pointer, &container, &name, &length);
    if (result < 0)
        return result;
    *node = part(container, name, length);
    return *node != NULL ? 0
                         : complain_missing(change, pointer, pointer + strlen(pointer), container);
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
    result = begin(&change, memory, type, value, NULL);
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

int oci_remove(oci_document *document, const char *pointer, oci_report **report)
{
    oci_document *made = NULL;
    struct change change;
    int result;

    if (report != NULL)
        *report = NULL;
    if (document == NULL || pointer == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    result = begin(&change, document->arena.memory, document->type, document->root, document);
    if (result == 0)
        result = check_pointer(&change, pointer);
    if (result == 0 && *pointer == '\0')
        result =
            complain(&change, OCI_ERR_REQUIRED, "", 0, "the document itself cannot be removed");
    if (result == 0)
        result = take_out(&change, pointer);
    if (result == 0)
        result = rebuild(&change, document->type, pointer, "", 0, &made, report);
    give_report(&change, result, report);
    if (result == 0)
        adopt(document, made);
    end(&change);
    return result;
}

/* Apply one member of a patch to an object; *deeper is the object in it that the patch goes on in.
 */
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
    result = begin(&change, memory, type, value, NULL);
    if (result == 0) {
        result = read_given(&change, "", patch, length, &root);
        if (result == 0 && root->kind == OCI_TOKEN_OBJECT)
            result = merge_objects(&change, change.target, root);
        else if (result == 0)
            change.target = root;
        if (result == 0)
            result = rebuild(&change, type, "", patch, length, merged, report);
    }
    give_report(&change, result, report);
    end(&change);
    return result;
}

int oci_merge(const oci_type *type, const void *value, const char *patch, size_t length,
              oci_document **merged, oci_report **report)
{
    return oci_merge_with_allocator(&oci_default_allocator, type, value, patch, length, merged,
                                    report);
}
