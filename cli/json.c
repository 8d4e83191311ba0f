/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a JSON string: what came from file names and messages may hold any byte.
 */
#include "json.h"

#include <stddef.h>

/* How many bytes at text make one well-formed UTF-8 character; 0 if none does. */
static size_t character(const unsigned char *text)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) ||
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

static void escape(FILE *file, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        fprintf(file, "\\%c", c);
        break;
    case '\n':
        fputs("\\n", file);
        break;
    case '\t':
        fputs("\\t", file);
        break;
    default:
        fprintf(file, "\\u%04x", c);
    }
}

void json_string(FILE *file, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    fputc('"', file);
    while (*p) {
        size_t length = character(p);
        if (length == 0) {
            fputs("\\ufffd", file);
            length = 1;
        } else if (*p < 0x20 || *p == 0x7F || *p == '"' || *p == '\\') {
            escape(file, *p);
        } else {
            fwrite(p, 1, length, file);
        }
        p += length;
    }
    fputc('"', file);
}
