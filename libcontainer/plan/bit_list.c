/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading lists of CPUs and memory nodes.
 */
#include <plan/bit_list.h>

#include <stdbool.h>
#include <string.h>

#define LAST (BIT_LIST_WORDS * 64 - 1)

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " ");
}

static const char *read_number(const char *p, unsigned *number)
{
    p = skip_blanks(p);
    if (*p < '0' || *p > '9')
        return NULL;
    /* All that is too high is the same, so that the ends of a range keep their order or meet. */
    for (*number = 0; *p >= '0' && *p <= '9'; p++) {
        *number = *number * 10 + (unsigned)(*p - '0');
        if (*number > LAST)
            *number = LAST + 1;
    }
    return skip_blanks(p);
}

int bit_list_read(const char *text, uint64_t *words)
{
    memset(words, 0, BIT_LIST_WORDS * sizeof(*words));
    const char *p = skip_blanks(text);
    unsigned highest = 0;
    if (*p == 0)
        return 0;
    for (;;) {
        unsigned first, last;
        p = read_number(p, &first);
        if (p == NULL)
            return -1;
        last = first;
        if (*p == '-' && (p = read_number(p + 1, &last)) == NULL)
            return -1;
        if (first > LAST || last > LAST)
            return -2;
        if (last < first)
            return -1;
        for (unsigned bit = first; bit <= last; bit++)
            words[bit / 64] |= UINT64_C(1) << (bit % 64);
        highest = last > highest ? last : highest;
        if (*p == 0)
            return (int)(highest / 64 + 1);
        if (*p++ != ',')
            return -1;
    }
}
