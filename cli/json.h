/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a JSON string.
 */
#ifndef OCIKIT_CLI_JSON_H
#define OCIKIT_CLI_JSON_H

#include <stdio.h>

/* Write text with its quotes.  Bytes that are not UTF-8 become U+FFFD. */
void json_string(FILE *file, const char *text);

#endif
