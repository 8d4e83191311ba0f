/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures and the public error object.
 */
#include <base/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/buffer.h>

struct container_error {
    int code;
    int error;
    size_t line, column;
    const char *operation, *id, *pointer, *file, *message;
    char text[];
};

const char *errno_text(int error, char buffer[64])
{
    const char *text = strerrordesc_np(error);
    if (text == NULL) {
        snprintf(buffer, 64, "error %d", error);
        return buffer;
    }
    snprintf(buffer, 64, "%s", text);
    /* Messages are lower case; names such as "RFS" or "I/O" stay as they are. */
    if (buffer[0] >= 'A' && buffer[0] <= 'Z' && buffer[1] >= 'a' && buffer[1] <= 'z')
        buffer[0] = (char)(buffer[0] - 'A' + 'a');
    return buffer;
}

__attribute__((format(printf, 4, 0))) static void set(struct failure *failure, int code, int error,
                                                      const char *format, va_list list)
{
    failure->code = code;
    failure->error = error;
    vsnprintf(failure->text, sizeof(failure->text), format, list);
}

int fail(struct failure *failure, int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    set(failure, code, 0, format, list);
    va_end(list);
    return code;
}

int fail_errno(struct failure *failure, int code, int error, const char *format, ...)
{
    if (code == OCI_ERR_IO && (error == EPERM || error == EACCES))
        code = OCI_ERR_PERMISSION;
    if (code == OCI_ERR_IO && error == ENOMEM)
        code = OCI_ERR_NO_MEMORY;
    va_list list;
    va_start(list, format);
    set(failure, code, error, format, list);
    va_end(list);
    char buffer[64];
    size_t length = strlen(failure->text);
    snprintf(failure->text + length, sizeof(failure->text) - length, ": %s",
             errno_text(error, buffer));
    return code;
}

int fail_memory(struct failure *failure)
{
    return fail(failure, OCI_ERR_NO_MEMORY, "out of memory");
}

void fail_at(struct failure *failure, const char *format, ...)
{
    if (failure->has_pointer)
        return;
    va_list list;
    va_start(list, format);
    vsnprintf(failure->pointer, sizeof(failure->pointer), format, list);
    va_end(list);
    failure->has_pointer = true;
}

void fail_at_member(struct failure *failure, const char *place, const char *name)
{
    _buffer_ struct buffer part = {0};
    buffer_pointer(&part, name);
    fail_at(failure, "%s/%s", place, buffer_failed(&part) ? "" : part.data);
}

static char *put(char **room, const char *text)
{
    char *start = *room;
    size_t size = strlen(text) + 1;
    memcpy(start, text, size);
    *room += size;
    return start;
}

/* "config.json:41:17: /mounts/3: mount ...", without the parts that are not known. */
static void whole_text(const struct failure *failure, char *text, size_t size)
{
    int n = 0;
    if (failure->file[0] && failure->line)
        n = snprintf(text, size, "%s:%zu:%zu: ", failure->file, failure->line, failure->column);
    else if (failure->file[0] && failure->has_pointer)
        n = snprintf(text, size, "%s: ", failure->file);
    size_t used = n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
    if (failure->has_pointer && failure->pointer[0])
        snprintf(text + used, size - used, "%s: %s", failure->pointer, failure->text);
    else
        snprintf(text + used, size - used, "%s", failure->text);
}

int fail_public(const struct failure *failure, const char *operation, const char *id,
                container_error **error)
{
    int code = failure->code < 0 ? failure->code : OCI_ERR_INTERNAL;
    if (error == NULL)
        return code;
    char text[FAILURE_TEXT + 640];
    whole_text(failure, text, sizeof(text));
    if (id == NULL)
        id = "";
    size_t size = strlen(operation) + strlen(id) + strlen(failure->pointer) +
                  strlen(failure->file) + strlen(text) + 5;
    container_error *result = malloc(sizeof(*result) + size);
    if (result == NULL) {
        *error = NULL;
        return code;
    }
    char *room = result->text;
    *result = (container_error){
        .code = code,
        .error = failure->error,
        .line = failure->line,
        .column = failure->column,
    };
    result->operation = put(&room, operation);
    result->id = put(&room, id);
    result->pointer = put(&room, failure->pointer);
    result->file = put(&room, failure->file);
    result->message = put(&room, text);
    *error = result;
    return code;
}

int options_copy(void *known, size_t known_size, const void *given, struct failure *failure)
{
    if (given == NULL)
        return 0;
    size_t size = *(const size_t *)given;
    if (size < sizeof(size_t))
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "options have no size");
    const unsigned char *bytes = given;
    for (size_t i = known_size; i < size; i++) {
        if (bytes[i] != 0)
            return fail(failure, OCI_ERR_UNSUPPORTED,
                        "options of %zu bytes use a member that this library does not know", size);
    }
    memcpy(known, given, size < known_size ? size : known_size);
    *(size_t *)known = known_size;
    return 0;
}

int container_error_code(const container_error *error)
{
    return error ? error->code : 0;
}

int container_error_errno(const container_error *error)
{
    return error ? error->error : 0;
}

const char *container_error_message(const container_error *error)
{
    return error ? error->message : "";
}

const char *container_error_operation(const container_error *error)
{
    return error ? error->operation : "";
}

const char *container_error_id(const container_error *error)
{
    return error ? error->id : "";
}

const char *container_error_pointer(const container_error *error)
{
    return error ? error->pointer : "";
}

const char *container_error_file(const container_error *error)
{
    return error ? error->file : "";
}

size_t container_error_line(const container_error *error)
{
    return error ? error->line : 0;
}

size_t container_error_column(const container_error *error)
{
    return error ? error->column : 0;
}

void container_error_free(container_error *error)
{
    free(error);
}
