/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical JSON text: one form for all texts that mean the same, but for how numbers are written.
 */
#include "json.h"

#include <ocikit/errors.h>

#define TREE_BLOCK 4096u

int oci_json_canonical(const struct oci_allocator *memory, const char *text, size_t length,
                       char **canonical, size_t *canonical_length)
{
    struct oci_output output = {.memory = memory};
    struct oci_json *root = NULL;
    struct oci_arena arena;
    int result;

    oci_arena_init(&arena, memory, TREE_BLOCK, TREE_BLOCK);
    result = oci_json_read(memory, &arena, text, length, &oci_reader_no_limits, NULL, NULL, &root);
    if (result == 0) {
        if (!oci_json_sort(&arena, root))
            oci_output_fail(&output, OCI_ERR_NO_MEMORY);
        oci_json_write(&output, root);
        oci_output_bytes(&output, "", 1);
        result = output.result;
    }
    oci_arena_free(&arena);
    if (result < 0) {
        oci_memory_release(memory, output.text);
        return result;
    }
    *canonical = output.text;
    *canonical_length = output.length - 1;
    return 0;
}
