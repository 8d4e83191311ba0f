/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a misspelt name was probably meant to be: the nearest known name by edit distance, where
 * case does not count.  Takes no memory.
 */
#include "report.h"

#include <string.h>

#define LONGEST 64u
#define FURTHEST 2u

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned row[LONGEST + 1];

    for (size_t j = 0; j <= b_length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]) ? 1 : 0);

            diagonal = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_length];
}

const char *oci_suggest(const char *name, size_t length, size_t count,
                        const char *(*name_at)(const void *list, size_t index), const void *list)
{
    unsigned best_distance = length <= 3 ? 1 : FURTHEST;
    const char *best = NULL;

    if (length < 2 || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *candidate = name_at(list, i);
        size_t candidate_length = strlen(candidate);
        unsigned distance;

        if (candidate_length < 2 || candidate_length > LONGEST ||
            candidate_length > length + best_distance || length > candidate_length + best_distance)
            continue;
        distance = edit_distance(name, length, candidate, candidate_length);
        if (distance < best_distance || (distance == best_distance && best == NULL)) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}
