/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": edit distance where a swap of two neighbours counts as one mistake.
 */
#include "suggest.h"

#include <string.h>

enum { LONGEST = 40 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t suggest_distance(const char *typed, const char *name)
{
    size_t rows = strlen(typed), columns = strlen(name);
    if (rows > LONGEST || columns > LONGEST)
        return LONGEST + 1;
    size_t line[3][LONGEST + 1];
    for (size_t j = 0; j <= columns; j++)
        line[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *now = line[i % 3], *last = line[(i + 2) % 3], *before = line[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t change = last[j - 1] + (typed[i - 1] != name[j - 1]);
            now[j] = smallest(change, last[j] + 1, now[j - 1] + 1);
            if (i > 1 && j > 1 && typed[i - 1] == name[j - 2] && typed[i - 2] == name[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
    }
    return line[rows % 3][columns];
}

size_t suggest_limit(const char *typed)
{
    return strlen(typed) < 5 ? 1 : 2;
}
