/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading sizes.
 */
#include "size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool number_read(const char *text, int64_t least, int64_t most, int64_t *number)
{
    const char *digits = text + (text[0] == '-');
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno != 0 || value < least || value > most)
        return false;
    *number = value;
    return true;
}

/* The power of 1024 of a unit, or -1. */
static int unit_power(const char *text)
{
    static const char letters[] = "kmgtp";
    text += *text == ' ';
    if (text[0] == '\0' || strcasecmp(text, "b") == 0)
        return 0;
    const char *letter = strchr(letters, text[0] | 0x20);
    if (letter == NULL ||
        (text[1] != '\0' && strcasecmp(text + 1, "b") != 0 && strcasecmp(text + 1, "ib") != 0))
        return -1;
    return (int)(letter - letters) + 1;
}

bool size_read(const char *text, int64_t *size)
{
    if (strcmp(text, "-1") == 0) {
        *size = -1;
        return true;
    }
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    const char *unit = text + whole + (text[whole] == '.' ? fraction + 1 : 0);
    int power = unit_power(unit);
    if (whole == 0 || whole > 19 || power < 0 || (text[whole] == '.' && fraction == 0))
        return false;
    errno = 0;
    uint64_t value = strtoull(text, NULL, 10);
    if (errno != 0 || value > (uint64_t)INT64_MAX >> (10 * power))
        return false;
    value <<= 10 * power;
    /* Digits beyond these are less than a byte of the largest unit. */
    uint64_t part = (uint64_t)1 << (10 * power);
    uint64_t rest = 0, scale = 1;
    for (size_t i = 0; i < fraction && i < 4; i++) {
        rest = rest * 10 + (uint64_t)(text[whole + 1 + i] - '0');
        scale *= 10;
    }
    value += part / scale * rest + part % scale * rest / scale;
    if (value > INT64_MAX)
        return false;
    *size = (int64_t)value;
    return true;
}
