/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parse options from callers that were built against an older or newer header.
 */
#include "parse.h"

#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void set_default(size_t *limit, size_t value)
{
    if (*limit == 0)
        *limit = value;
}

int oci_options_complete(const struct oci_parse_options *options, const oci_type *type,
                         struct oci_parse_options *complete)
{
    size_t known = sizeof(*complete);

    memset(complete, 0, sizeof(*complete));
    if (options != NULL) {
        /* A struct's size, and so one that ends between members. */
        if (options->size < sizeof(options->size) || options->size % sizeof(options->size) != 0)
            return OCI_ERR_INVALID_ARGUMENT;
        if (options->size > known &&
            !is_zero((const unsigned char *)options + known, options->size - known))
            return OCI_ERR_UNSUPPORTED;
        memcpy(complete, options, options->size < known ? options->size : known);
    }
    complete->size = known;
    if (complete->unknown < OCI_UNKNOWN_KEEP || complete->unknown > OCI_UNKNOWN_SUGGEST)
        return OCI_ERR_INVALID_ARGUMENT;
    if (complete->max_depth == 0)
        complete->max_depth = OCI_DEFAULT_DEPTH;
    set_default(&complete->max_bytes, type->max_bytes > 0 ? type->max_bytes : OCI_DEFAULT_BYTES);
    set_default(&complete->max_values, OCI_DEFAULT_VALUES);
    set_default(&complete->max_findings, OCI_DEFAULT_FINDINGS);
    set_default(&complete->max_string, OCI_DEFAULT_STRING);
    set_default(&complete->max_number, OCI_DEFAULT_NUMBER);
    set_default(&complete->max_memory, OCI_DEFAULT_MEMORY);
    return 0;
}
