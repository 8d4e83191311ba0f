/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from callers that were built against an older or newer header.
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

int oci_options_copy(void *complete, size_t known, const void *options)
{
    size_t size = 0;

    memset(complete, 0, known);
    if (options != NULL) {
        memcpy(&size, options, sizeof(size));
        /* A struct's size, and so one that ends between members. */
        if (size < sizeof(size) || size % sizeof(size) != 0)
            return OCI_ERR_INVALID_ARGUMENT;
        if (size > known && !is_zero((const unsigned char *)options + known, size - known))
            return OCI_ERR_UNSUPPORTED;
        memcpy(complete, options, size < known ? size : known);
    }
    memcpy(complete, &known, sizeof(known));
    return 0;
}

static void set_default(size_t *limit, size_t value)
{
    if (*limit == 0)
        *limit = value;
}

int oci_options_complete(const struct oci_parse_options *options, const oci_type *type,
                         struct oci_parse_options *complete)
{
    int result = oci_options_copy(complete, sizeof(*complete), options);

    if (result < 0)
        return result;
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
