/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes as people write them.
 */
#ifndef OCIKIT_CLI_SIZE_H
#define OCIKIT_CLI_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* "512m", "1.5G", "64KiB", "100 b": a number, then one of b k m g t p, whose unit is 1024, in either case and with
 * or without "b" or "ib" behind it; or "-1".  False if the text is anything else or too large. */
bool size_read(const char *text, int64_t *size);

/* A decimal number with an optional sign, within least and most. */
bool number_read(const char *text, int64_t least, int64_t most, int64_t *number);

#endif
