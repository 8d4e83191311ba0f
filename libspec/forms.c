/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms of texts that the specifications ask for.  Looks at text only; takes no memory.
 */
#include "rule.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool oci_rule_is_absolute(const char *path)
{
    return path != NULL && path[0] == '/';
}

bool oci_rule_is_absolute_windows(const char *path)
{
    bool has_letter =
        path != NULL && ((path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z'));

    if (has_letter && path[1] == ':')
        return path[2] == '\\' || path[2] == '/';
    return path != NULL && path[0] == '\\' && path[1] == '\\' && path[2] != '\0';
}

bool oci_rule_is_absolute_here(const struct oci_checking *checking, const char *path)
{
    switch (checking->platform) {
    case PLATFORM_WINDOWS:
        return oci_rule_is_absolute_windows(path);
    case PLATFORM_ANY:
        return oci_rule_is_absolute(path) || oci_rule_is_absolute_windows(path);
    case PLATFORM_LINUX:
    case PLATFORM_OTHER:
        break;
    }
    return oci_rule_is_absolute(path);
}

bool oci_rule_is_one_of(const char *text, const char *const *list)
{
    for (; text != NULL && *list != NULL; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

/* A number without needless zeros; what follows it, or NULL. */
static const char *skip_number(const char *text)
{
    const char *end = text;

    while (is_digit(*end))
        end++;
    return end == text || (*text == '0' && end > text + 1) ? NULL : end;
}

/* Identifiers with dots between them; numeric ones of a pre-release have no needless zeros. */
static const char *skip_identifiers(const char *text, bool is_build)
{
    for (;;) {
        size_t length =
            strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

        if (length == 0 ||
            (!is_build && length > 1 && text[0] == '0' && strspn(text, "0123456789") == length))
            return NULL;
        text += length;
        if (*text != '.')
            return text;
        text++;
    }
}

bool oci_rule_is_semver(const char *text)
{
    for (int part = 0; part < 3; part++) {
        if (text != NULL && part > 0)
            text = *text == '.' ? text + 1 : NULL;
        if (text != NULL)
            text = skip_number(text);
    }
    if (text != NULL && *text == '-')
        text = skip_identifiers(text + 1, false);
    if (text != NULL && *text == '+')
        text = skip_identifiers(text + 1, true);
    return text != NULL && *text == '\0';
}

static bool is_numeric(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i]))
            return false;
    }
    return true;
}

/* Numbers by their value, and below all else; other identifiers by their bytes. */
static int compare_identifiers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    bool a_number = is_numeric(a, a_length), b_number = is_numeric(b, b_length);
    int order;

    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number && a_length != b_length)
        return a_length < b_length ? -1 : 1;
    order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* The three numbers, then the identifiers of a pre-release; the build does not count. */
int oci_rule_compare_semver(const char *a, const char *b)
{
    for (int part = 0;; part++) {
        size_t a_length = strcspn(a, part < 2 ? "." : part == 2 ? "-+" : ".+");
        size_t b_length = strcspn(b, part < 2 ? "." : part == 2 ? "-+" : ".+");
        int order = compare_identifiers(a, a_length, b, b_length);
        bool a_ends, b_ends;

        if (order != 0)
            return order;
        a += a_length;
        b += b_length;
        a_ends = *a == '\0' || *a == '+';
        b_ends = *b == '\0' || *b == '+';
        if (a_ends && b_ends)
            return 0;
        /* A version comes after its pre-releases, of which the one with more identifiers wins. */
        if (a_ends || b_ends)
            return (a_ends ? -1 : 1) * (part == 2 ? -1 : 1);
        a++;
        b++;
    }
}

/* Two digits at text, at most most; -1 if they are not. */
static int two_digits(const char *text, int most)
{
    int value;

    if (!is_digit(text[0]) || !is_digit(text[1]))
        return -1;
    value = (text[0] - '0') * 10 + text[1] - '0';
    return value <= most ? value : -1;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Four digits, month and day with lines between them. */
static bool is_date(const char *text)
{
    int high = two_digits(text, 99), low = high >= 0 ? two_digits(text + 2, 99) : -1, month, day;

    if (low < 0 || text[4] != '-')
        return false;
    month = two_digits(text + 5, 12);
    if (month < 1 || text[7] != '-')
        return false;
    day = two_digits(text + 8, 31);
    return day >= 1 && day <= days_of(high * 100 + low, month);
}

static bool is_offset(const char *text)
{
    if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0')
        return true;
    return (text[0] == '+' || text[0] == '-') && two_digits(text + 1, 23) >= 0 && text[3] == ':' &&
           two_digits(text + 4, 59) >= 0 && text[6] == '\0';
}

bool oci_rule_is_date_time(const char *text)
{
    if (text == NULL || strlen(text) < 20 || !is_date(text) || (text[10] != 'T' && text[10] != 't'))
        return false;
    text += 11;
    if (two_digits(text, 23) < 0 || text[2] != ':' || two_digits(text + 3, 59) < 0 ||
        text[5] != ':' || two_digits(text + 6, 60) < 0)
        return false;
    text += 8;
    if (*text == '.') {
        size_t digits = strspn(text + 1, "0123456789");

        if (digits == 0)
            return false;
        text += 1 + digits;
    }
    return is_offset(text);
}

int64_t oci_rule_base64_length(const char *text)
{
    size_t length =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t padding = strspn(text + length, "=");

    if (text[length + padding] != '\0' || padding > 2 || (length + padding) % 4 != 0)
        return -1;
    return (int64_t)((length + padding) / 4 * 3 - padding);
}

bool oci_rule_is_digest(const char *text, size_t *digits)
{
    static const struct {
        const char *name;
        size_t digits;
    } algorithms[] = {{"sha256:", 64}, {"sha512:", 128}, {"blake3:", 64}};

    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        size_t prefix = strlen(algorithms[i].name);

        if (strncmp(text, algorithms[i].name, prefix) != 0)
            continue;
        *digits = algorithms[i].digits;
        return strspn(text + prefix, "0123456789abcdef") == algorithms[i].digits &&
               text[prefix + algorithms[i].digits] == '\0';
    }
    *digits = 0;
    return true;
}
