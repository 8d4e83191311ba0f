/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules on images share: descriptors and their parts.  Internal.
 */
#ifndef OCIKIT_LIBSPEC_RULES_IMAGE_H
#define OCIKIT_LIBSPEC_RULES_IMAGE_H

#include "rule.h"

#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

void oci_rule_check_one_descriptor(struct oci_checking *checking,
                                   const struct oci_descriptor *descriptor);
void oci_rule_check_image_annotations(struct oci_checking *checking,
                                      const struct oci_string_entry *annotations, size_t count);
void oci_rule_check_digest(struct oci_checking *checking, const char *pointer, const char *digest);
void oci_rule_check_os(struct oci_checking *checking, const char *os, const char *architecture);
void oci_rule_check_variant(struct oci_checking *checking, const char *architecture,
                            const char *variant);

#endif
