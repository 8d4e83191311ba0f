/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of CPUs and memory nodes, "0-3,7", as sets of bits.
 */
#ifndef OCIKIT_BIT_LIST_H
#define OCIKIT_BIT_LIST_H

#include <stddef.h>
#include <stdint.h>

#define BIT_LIST_WORDS 128 /* 8192 bits: more CPUs than Linux can have, and more nodes */

/* Reads text into words[BIT_LIST_WORDS].  Blanks may stand around numbers.  Returns how many words
 * hold bits, 0 for an empty list, -1 for text of another form, -2 for a number that is too high. */
int bit_list_read(const char *text, uint64_t *words);

#endif
