/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The example documents of tests/spec, for tests that run over all of them.
 */
#ifndef OCIKIT_TESTS_EXAMPLES_H
#define OCIKIT_TESTS_EXAMPLES_H

#include <ocikit/spec.h>

/* The type of the document in a file of that name; NULL for a name of no known form. */
const oci_type *example_type(const char *name);

#endif
