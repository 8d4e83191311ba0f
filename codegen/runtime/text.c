/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over a document before the JSON reader sees it: strict UTF-8 (RFC 3629) and the escapes
 * that no C string or UTF-8 text can hold.  Must not interpret anything else.
 */
#include "text.h"

#include <stdint.h>
#include <string.h>

/* Sixteen bytes that are looked at together; GCC and Clang have this for every machine. */
typedef unsigned char oci_bytes __attribute__((vector_size(16)));
typedef uint64_t oci_words __attribute__((vector_size(16)));

#define PLAIN_STEP (4 * sizeof(oci_bytes))

/* Which of the bytes at text need a closer look. */
static inline oci_words odd_bytes(const char *text)
{
    oci_bytes bytes;

    memcpy(&bytes, text, sizeof(bytes));
    return (oci_words)((bytes >= 0x80) | (bytes == 0) | (bytes == '\\') | (bytes == '\v') |
                       (bytes == '\f'));
}

/* Whether none of the PLAIN_STEP bytes at text needs a closer look. */
static inline bool is_plain(const char *text)
{
    oci_words odd = odd_bytes(text) | odd_bytes(text + sizeof(oci_bytes)) |
                    odd_bytes(text + 2 * sizeof(oci_bytes)) |
                    odd_bytes(text + 3 * sizeof(oci_bytes));

    return (odd[0] | odd[1]) == 0;
}

static inline bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t oci_utf8_sequence(const char *text, size_t length)
{
    const unsigned char *c = (const unsigned char *)text;

    if (c[0] < 0x80)
        return 1;
    if (c[0] >= 0xc2 && c[0] <= 0xdf)
        return length >= 2 && is_tail(c[1]) ? 2 : 0;
    if (c[0] >= 0xe0 && c[0] <= 0xef) {
        if (length < 3 || !is_tail(c[1]) || !is_tail(c[2]))
            return 0;
        if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f))
            return 0;
        return 3;
    }
    if (c[0] >= 0xf0 && c[0] <= 0xf4) {
        if (length < 4 || !is_tail(c[1]) || !is_tail(c[2]) || !is_tail(c[3]))
            return 0;
        if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The unit of a \uXXXX escape at text, or -1 where there is no complete one. */
static int escaped_unit(const char *text, size_t length)
{
    int unit = 0;

    if (length < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(text[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Whether text, to the end of the document, is the beginning of an escape: then the document is cut
 * short, which the reader reports better. */
static bool is_cut_escape(const char *text, size_t length)
{
    if (length >= 6 || (length > 0 && text[0] != '\\') || (length > 1 && text[1] != 'u'))
        return false;
    for (size_t i = 2; i < length; i++) {
        if (hex_digit(text[i]) < 0)
            return false;
    }
    return true;
}

static bool reject(struct oci_text_fault *fault, size_t offset, const char *expected,
                   const char *found)
{
    *fault = (struct oci_text_fault){.offset = offset, .expected = expected, .found = found};
    return false;
}

/* Step over the escape at *at.  Escapes that are merely wrong JSON are left to the reader. */
static bool scan_escape(const char *text, size_t length, size_t *at, struct oci_text_fault *fault)
{
    size_t here = *at;
    int unit = escaped_unit(text + here, length - here), low;

    if (unit < 0) {
        *at += length - here >= 2 && (unsigned char)text[here + 1] < 0x80 && text[here + 1] != '\0'
                   ? 2
                   : 1;
        return true;
    }
    *at += 6;
    if (unit == 0)
        return reject(fault, here, "text without NUL", "the escape \\u0000");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return reject(fault, here, "a complete surrogate pair", "the second half of one alone");
    if (unit < 0xd800 || unit > 0xdbff || is_cut_escape(text + here + 6, length - here - 6))
        return true;
    low = escaped_unit(text + here + 6, length - here - 6);
    if (low < 0xdc00 || low > 0xdfff)
        return reject(fault, here, "a complete surrogate pair", "the first half of one alone");
    *at += 6;
    return true;
}

bool oci_text_scan(const char *text, size_t length, struct oci_text_fault *fault, size_t *sound)
{
    size_t at = 0, step;

    *sound = length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return reject(fault, 0, "JSON text", "a byte order mark");
    while (at < length) {
        if (length - at >= PLAIN_STEP && is_plain(text + at)) {
            at += PLAIN_STEP;
            continue;
        }
        if (text[at] == '\\') {
            if (!scan_escape(text, length, &at, fault))
                return false;
            continue;
        }
        if (text[at] == '\0')
            return reject(fault, at, "text without NUL", "a NUL byte");
        if ((text[at] == '\v' || text[at] == '\f') && at < *sound)
            *sound = at;
        step = oci_utf8_sequence(text + at, length - at);
        if (step == 0)
            return reject(fault, at, "text in UTF-8", "a byte that does not belong there");
        at += step;
    }
    return true;
}

size_t oci_text_plain(const char *text, size_t length)
{
    size_t at = 0;

    while (length - at >= sizeof(oci_bytes)) {
        oci_bytes bytes;
        oci_words odd;

        memcpy(&bytes, text + at, sizeof(bytes));
        odd = (oci_words)((bytes < 0x20) | (bytes >= 0x80) | (bytes == '"') | (bytes == '\\'));
        if ((odd[0] | odd[1]) != 0)
            break;
        at += sizeof(bytes);
    }
    while (at < length) {
        unsigned char c = (unsigned char)text[at];

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
        at++;
    }
    return at;
}

unsigned long oci_utf8_decode(const char *text, size_t step)
{
    static const unsigned char masks[] = {0x7f, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned long point = (unsigned char)text[0] & masks[step];

    for (size_t i = 1; i < step; i++)
        point = (point << 6) | ((unsigned char)text[i] & 0x3f);
    return point;
}
