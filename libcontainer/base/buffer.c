/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The growing byte buffer.
 */
#include <base/buffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    size_t need = buffer->length + more + 1;
    if (need <= buffer->room)
        return true;
    size_t room = buffer->room ? buffer->room : 256;
    while (room < need)
        room *= 2;
    char *data = realloc(buffer->data, room);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->room = room;
    return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t length)
{
    if (!make_room(buffer, length))
        return;
    if (length)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = 0;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_format_list(struct buffer *buffer, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) {
        buffer->failed = true;
        return;
    }
    if (!make_room(buffer, (size_t)n))
        return;
    vsnprintf(buffer->data + buffer->length, (size_t)n + 1, format, list);
    buffer->length += (size_t)n;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    buffer_format_list(buffer, format, list);
    va_end(list);
}

void buffer_align(struct buffer *buffer, size_t alignment)
{
    static const char zeros[16];
    size_t over = buffer->length % alignment;
    if (over)
        buffer_add(buffer, zeros, alignment - over);
}

void buffer_json(struct buffer *buffer, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buffer_format(buffer, "\\%c", *p);
        else if (*p < 0x20)
            buffer_format(buffer, "\\u%04x", *p);
        else
            buffer_add(buffer, p, 1);
    }
}

char *buffer_take(struct buffer *buffer)
{
    if (buffer->data == NULL)
        buffer_add(buffer, "", 0);
    char *data = buffer->failed ? NULL : buffer->data;
    if (buffer->failed)
        free(buffer->data);
    *buffer = (struct buffer){0};
    return data;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_pointer(struct buffer *buffer, const char *name)
{
    buffer_add(buffer, "", 0);
    for (const char *p = name; *p; p++) {
        if (*p == '~' || *p == '/')
            buffer_text(buffer, *p == '~' ? "~0" : "~1");
        else
            buffer_add(buffer, p, 1);
    }
}
