/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents and reports of ocikit-spec as owned by a scope.
 */
#ifndef OCIKIT_BASE_DOCUMENT_H
#define OCIKIT_BASE_DOCUMENT_H

#include <ocikit/spec.h>

static inline void free_document(oci_document **document)
{
    oci_document_free(*document);
}

static inline void free_report(oci_report **report)
{
    oci_report_free(*report);
}

#endif
