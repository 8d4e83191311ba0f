/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer.  A failed allocation is remembered and reported once, at the end, by
 * buffer_failed; nothing is written after it.
 */
#ifndef OCIKIT_BUFFER_H
#define OCIKIT_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated once anything was added */
    size_t length;
    size_t room;
    bool failed;
};

void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_format_list(struct buffer *buffer, const char *format, va_list list)
    __attribute__((format(printf, 2, 0)));
/* Add zero bytes until the length is a multiple of alignment. */
void buffer_align(struct buffer *buffer, size_t alignment);
/* Text as the inside of a JSON string. */
void buffer_json(struct buffer *buffer, const char *text);
/* Hand over the text, to be freed by the caller; NULL when an allocation failed. */
char *buffer_take(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

#define _buffer_ __attribute__((cleanup(buffer_free)))

/* A member's name as a part of a JSON pointer. */
void buffer_pointer(struct buffer *buffer, const char *name);

#endif
