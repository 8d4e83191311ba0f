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
    struct oci_document *created;
    int result;

    if (type == NULL || document == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    created = oci_memory_alloc(memory, sizeof(*created));
    if (created == NULL)
        return OCI_ERR_NO_MEMORY;
    *created = (struct oci_document){.type = type};
    oci_arena_init(&created->arena, memory, NEW_BLOCK, NEW_BLOCK);
    result = oci_parse_defaults(memory, &created->arena, type,
                                type->defaults != NULL ? type->defaults : nothing, &created->root);
    if (result < 0) {
        oci_document_free(created);
        return result;
    }
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
    if (document == NULL)
        return;
    oci_arena_free(&document->arena);
    oci_memory_release(document->arena.memory, document);
}

void oci_free(void *text)
{
    oci_memory_release(&oci_default_allocator, text);
}

const char *oci_type_name(const oci_type *type)
{
    return type != NULL ? type->name : NULL;
}
