/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document: the handle that owns a struct tree and its memory, parsed or made anew.
 */
#include "handle.h"
#include "parse.h"

#include <string.h>

#define NEW_BLOCK 1024u

int oci_document_new_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                    oci_document **document)
{
    static const char nothing[] = "{}";
    struct oci_document draft = {.type = type}, *created;
    const char *defaults;
    int result;

    if (type == NULL || document == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    oci_arena_init(&draft.arena, memory, NEW_BLOCK, NEW_BLOCK);
    created = oci_arena_alloc(&draft.arena, sizeof(*created));
    if (created == NULL)
        return OCI_ERR_NO_MEMORY;
    defaults = type->defaults != NULL ? type->defaults : nothing;
    result = oci_parse_defaults(memory, &draft.arena, type, defaults, &draft.root);
    if (result < 0) {
        oci_arena_free(&draft.arena);
        return result;
    }
    *created = draft;
    *document = created;
    return 0;
}

int oci_document_new(const oci_type *type, oci_document **document)
{
    return oci_document_new_with_allocator(&oci_default_allocator, type, document);
}

void *oci_document_alloc(oci_document *document, size_t size)
{
    return document != NULL ? oci_arena_zeroed(&document->arena, size) : NULL;
}

char *oci_document_text(oci_document *document, const char *text)
{
    if (document == NULL || text == NULL)
        return NULL;
    return oci_arena_text(&document->arena, text, strlen(text));
}

struct oci_arena *oci_document_arena(oci_document *document)
{
    return &document->arena;
}

void oci_document_set_root(oci_document *document, void *root)
{
    document->root = root;
}

void *oci_document_root(const oci_document *document, const oci_type *type)
{
    return document != NULL && document->type == type ? document->root : NULL;
}

const oci_type *oci_document_type(const oci_document *document)
{
    return document != NULL ? document->type : NULL;
}

void oci_document_free(oci_document *document)
{
    struct oci_arena arena;

    if (document == NULL)
        return;
    arena = document->arena;
    oci_arena_free(&arena);
}

void oci_free(void *text)
{
    oci_memory_release(&oci_default_allocator, text);
}

const char *oci_type_name(const oci_type *type)
{
    return type != NULL ? type->name : NULL;
}
