/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exactly is wrong with text that is not JSON.  Internal to the reader.
 */
#ifndef OCIKIT_RUNTIME_SYNTAX_H
#define OCIKIT_RUNTIME_SYNTAX_H

#include "line.h"

#include <stdbool.h>

/* What the grammar asks for next. */
enum oci_expectation {
    OCI_EXPECT_START,           /* the document's value */
    OCI_EXPECT_FIRST_NAME,      /* after '{' */
    OCI_EXPECT_NAME,            /* after ',' in an object */
    OCI_EXPECT_COLON,           /* after a name */
    OCI_EXPECT_MEMBER_VALUE,    /* after ':' */
    OCI_EXPECT_FIRST_ITEM,      /* after '[' */
    OCI_EXPECT_ITEM,            /* after ',' in an array */
    OCI_EXPECT_MORE_MEMBERS,    /* after a value in an object */
    OCI_EXPECT_MORE_ITEMS,      /* after a value in an array */
    OCI_EXPECT_END_OF_DOCUMENT, /* after the document's value */
};

struct oci_syntax_fault {
    size_t offset;
    enum oci_expectation expectation; /* when the fault was met */
    bool at_end;                      /* the text ends too early */
    struct oci_line expected;
    struct oci_line found;
    struct oci_line statement; /* empty where expected and found say it */
};

/* Find the first fault in text from offset on, where expectation is what comes next. */
void oci_syntax_explain(const char *text, size_t length, size_t offset,
                        enum oci_expectation expectation, struct oci_syntax_fault *fault);

#endif
