/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a text that a finding is about, with carets below the part that is meant.  Long lines
 * are shown around that part.  Must never let a control character through, nor cut a character.
 */
#include "excerpt.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SHOWN                                                                                      \
    120u /* bytes that are shown in all; of these up to 3/5 before the part that is meant */

struct window {
    size_t begin;
    size_t end;
    bool cut_before;
    bool cut_after;
};

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The part of the line around offset that is shown: all of it, if it is short. */
static struct window choose(const char *text, size_t length, size_t offset, size_t shown)
{
    struct window window = {.begin = offset, .end = offset};
    size_t before = shown / 5 * 3, least = offset > before ? offset - before : 0;
    size_t most = length - least > shown ? least + shown : length;

    while (window.begin > least && text[window.begin - 1] != '\n')
        window.begin--;
    while (window.end < most && text[window.end] != '\n')
        window.end++;
    window.cut_before = window.begin > 0 && text[window.begin - 1] != '\n';
    window.cut_after = window.end < length && text[window.end] != '\n';
    while (window.cut_before && window.begin < offset && is_tail(text[window.begin]))
        window.begin++;
    while (window.cut_after && window.end > offset && is_tail(text[window.end]))
        window.end--;
    if (window.end > window.begin && window.end > offset && text[window.end - 1] == '\r')
        window.end--;
    return window;
}

static void add_part(struct oci_line *line, const char *text, size_t from, size_t to)
{
    while (from < to) {
        const char *tab = memchr(text + from, '\t', to - from);
        size_t end = tab != NULL ? (size_t)(tab - text) : to;

        oci_line_foreign(line, text + from, end - from, SIZE_MAX);
        if (tab == NULL)
            return;
        oci_line_addf(line, " ");
        from = end + 1;
    }
}

/* Cells that a terminal shows a character in: none for marks that join the one before, two for those
 * of East Asian scripts and for pictures.  By ranges, so that rare ones within them are wrong. */
static size_t cells(unsigned long point)
{
    static const struct {
        unsigned long first, last;
        size_t cells;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x483, 0x489, 0},     {0x591, 0x5bd, 0},     {0x610, 0x61a, 0},
        {0x64b, 0x65f, 0},     {0x1100, 0x115f, 2},   {0x1ab0, 0x1aff, 0},   {0x1dc0, 0x1dff, 0},
        {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xa960, 0xa97f, 2},
        {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe20, 0xfe2f, 0},
        {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x16fe0, 0x18aff, 2},
        {0x1b000, 0x1b2ff, 2}, {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1faff, 2},
        {0x20000, 0x3fffd, 2},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return ranges[i].cells;
    }
    return 1;
}

/* Cells of the line from a byte on. */
static size_t columns(const struct oci_line *line, size_t from)
{
    size_t count = 0, step;

    for (size_t i = from; i < line->length; i += step) {
        step = oci_utf8_sequence(line->text + i, line->length - i);
        if (step > 1)
            count += cells(oci_utf8_decode(line->text + i, step));
        else
            count++;
        step = step > 0 ? step : 1;
    }
    return count;
}

static void draw(const char *text, size_t length, size_t offset, size_t size, size_t shown,
                 struct oci_line *line)
{
    struct window window = choose(text, length, offset, shown);
    size_t end, margin, width, at;

    end = size < window.end - offset ? offset + size : window.end;
    while (end < window.end && is_tail(text[end]))
        end++;
    if (window.cut_before)
        oci_line_addf(line, "...");
    add_part(line, text, window.begin, offset);
    margin = columns(line, 0);
    at = line->length;
    add_part(line, text, offset, end);
    width = columns(line, at);
    add_part(line, text, end, window.end);
    oci_line_addf(line, "%s\n%*s^", window.cut_after ? "..." : "", (int)margin, "");
    for (size_t i = 1; i < width; i++)
        oci_line_addf(line, "~");
    oci_line_addf(line, "\n");
}

void oci_excerpt(const char *text, size_t length, size_t offset, size_t size, struct oci_line *line)
{
    size_t shown = SHOWN;

    if (offset > length)
        return;
    /* Escaped, what is shown can be six times as long: then there is room for less of it. */
    do {
        line->length = 0;
        draw(text, length, offset, size, shown, line);
        shown /= 2;
    } while (line->length > 0 && line->text[line->length - 1] != '\n' && shown > 0);
}
