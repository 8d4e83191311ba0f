/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON pointers: their form, their steps, and making them.  Knows no values.
 */
#include "pointer.h"

#include <stdio.h>
#include <string.h>

bool oci_pointer_is_valid(const char *text)
{
    if (*text != '\0' && *text != '/')
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '~' && text[1] != '0' && text[1] != '1')
            return false;
    }
    return true;
}

bool oci_pointer_step(struct oci_arena *arena, const char **pointer, const char **name,
                      size_t *length)
{
    const char *from = *pointer + 1;
    size_t size = strcspn(from, "/"), used = 0;
    char *to = oci_arena_bytes(arena, size + 1);

    if (to == NULL)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = from[i];

        if (c == '~')
            c = from[++i] == '0' ? '~' : '/';
        to[used++] = c;
    }
    to[used] = '\0';
    *pointer = from + size;
    *name = to;
    *length = used;
    return true;
}

bool oci_pointer_index(const char *name, size_t length, size_t *index)
{
    size_t value = 0;

    if (length == 0 || length > 18 || (name[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        value = value * 10 + (size_t)(name[i] - '0');
    }
    *index = value;
    return true;
}

static bool push_bytes(struct oci_scratch *scratch, const char *bytes, size_t length)
{
    if (!oci_scratch_reserve(scratch, length + 1))
        return false;
    memcpy(scratch->data + scratch->length, bytes, length);
    scratch->length += length;
    scratch->data[scratch->length] = '\0';
    return true;
}

bool oci_pointer_push(struct oci_scratch *scratch, const char *name, size_t length)
{
    size_t from = 0;

    if (!push_bytes(scratch, "/", 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] != '~' && name[i] != '/')
            continue;
        if (!push_bytes(scratch, name + from, i - from) ||
            !push_bytes(scratch, name[i] == '~' ? "~0" : "~1", 2))
            return false;
        from = i + 1;
    }
    return push_bytes(scratch, name + from, length - from);
}

bool oci_pointer_push_index(struct oci_scratch *scratch, size_t index)
{
    char number[24];
    int length = snprintf(number, sizeof(number), "/%zu", index);

    return push_bytes(scratch, number, (size_t)length);
}

void oci_pointer_cut(struct oci_scratch *scratch, size_t length)
{
    scratch->length = length;
    if (scratch->data != NULL)
        scratch->data[length] = '\0';
}
