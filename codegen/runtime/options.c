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

int oci_options_complete(const struct oci_parse_options *options,
                         struct oci_parse_options *complete)
{
    size_t known = sizeof(*complete);

    memset(complete, 0, sizeof(*complete));
    if (options != NULL) {
        if (options->size < sizeof(options->size))
            return OCI_ERR_INVALID_ARGUMENT;
        if (options->size > known &&
            !is_zero((const unsigned char *)options + known, options->size - known))
            return OCI_ERR_UNSUPPORTED;
        memcpy(complete, options, options->size < known ? options->size : known);
    }
    complete->size = known;
    if (complete->unknown < OCI_UNKNOWN_KEEP || complete->unknown > OCI_UNKNOWN_REFUSE)
        return OCI_ERR_INVALID_ARGUMENT;
    if (complete->max_depth == 0)
        complete->max_depth = OCI_DEFAULT_DEPTH;
    if (complete->max_bytes == 0)
        complete->max_bytes = OCI_DEFAULT_BYTES;
    if (complete->max_values == 0)
        complete->max_values = OCI_DEFAULT_VALUES;
    if (complete->max_findings == 0)
        complete->max_findings = OCI_DEFAULT_FINDINGS;
    return 0;
}
