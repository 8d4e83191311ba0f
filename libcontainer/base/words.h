/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in texts of the kernel.
 */
#ifndef OCIKIT_WORDS_H
#define OCIKIT_WORDS_H

#include <stdbool.h>
#include <string.h>

/* Is word, whole, in a text whose parts end with one of separators? */
static inline bool words_have(const char *text, const char *separators, const char *word)
{
    size_t length = strlen(word);
    for (const char *p = text; *p;) {
        size_t size = strcspn(p, separators);
        if (size == length && memcmp(p, word, size) == 0)
            return true;
        p += size + (p[size] != 0);
    }
    return false;
}

#endif
