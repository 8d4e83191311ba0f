/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of C for Go, which copies them.
 */
#ifndef OCIKIT_GO_TEXT_H
#define OCIKIT_GO_TEXT_H

#include <stdlib.h>
#include <string.h>

typedef const char *text_handle;

static size_t text_length(text_handle text)
{
    return text ? strlen(text) : 0;
}

/* room bytes of it, which may hold NULs where its length was given. */
static void text_copy(text_handle text, char *to, size_t room)
{
    if (room)
        memcpy(to, text, room);
}

/* What came from malloc. */
static void text_free(text_handle text)
{
    free((void *)text);
}

#endif
