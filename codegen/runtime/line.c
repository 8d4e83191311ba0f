/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short lines for messages.  Must never let a control character of a document through, nor cut a
 * character in two.
 */
#include "line.h"
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void oci_line_addf(struct oci_line *line, const char *format, ...)
{
    size_t room = sizeof(line->text) - line->length;
    va_list arguments;
    int wrote;

    va_start(arguments, format);
    wrote = vsnprintf(line->text + line->length, room, format, arguments);
    va_end(arguments);
    if (wrote < 0)
        return;
    if ((size_t)wrote < room) {
        line->length += (size_t)wrote;
        return;
    }
    line->length = sizeof(line->text) - 1;
    while (line->length > 0 && (line->text[line->length - 1] & 0x80) != 0) {
        line->length--;
        if (((unsigned char)line->text[line->length] & 0xc0) == 0xc0)
            break;
    }
    line->text[line->length] = '\0';
}

/* Characters that change how a line is shown: controls, line separators, changes of direction. */
static bool is_unsafe(unsigned long point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x61c ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

void oci_line_foreign(struct oci_line *line, const char *text, size_t length, size_t clip)
{
    size_t begin = line->length;

    for (size_t at = 0, step; at < length; at += step) {
        size_t before = line->length;

        step = oci_utf8_sequence(text + at, length - at);
        if (step == 0) {
            oci_line_addf(line, "\\x%02x", (unsigned)(unsigned char)text[at]);
            step = 1;
        } else if (is_unsafe(oci_utf8_decode(text + at, step))) {
            oci_line_addf(line, "\\u%04lx", oci_utf8_decode(text + at, step));
        } else {
            oci_line_addf(line, "%.*s", (int)step, text + at);
        }
        if (line->length - begin > clip) {
            line->length = before;
            line->text[before] = '\0';
            oci_line_addf(line, "...");
            return;
        }
    }
}

void oci_line_quote(struct oci_line *line, const char *text, size_t length)
{
    oci_line_addf(line, "\"");
    oci_line_foreign(line, text, length, OCI_CLIP_FOUND);
    oci_line_addf(line, "\"");
}
