/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a whole file or pipe into memory.  Never maps a file (it may shrink), never blocks on a
 * FIFO that a path leads to, and trusts no size but the number of bytes that came.
 */
#include "line.h"
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_ROOM 4096u

struct input {
    const struct oci_allocator *memory;
    char *text;
    size_t length;
    size_t room; /* without the NUL */
    size_t limit;
};

static int fail(struct oci_input_fault *fault, int sys_errno, const char *doing)
{
    *fault = (struct oci_input_fault){.sys_errno = sys_errno, .doing = doing};
    return OCI_ERR_IO;
}

/* Keep room for one byte more than the limit: that byte tells a file that is too large. */
static int make_room(struct input *input)
{
    size_t room = input->room;
    char *text;

    if (input->text != NULL && input->length < room)
        return 0;
    if (input->text != NULL)
        room = room > input->limit / 2 ? input->limit + 1 : room * 2;
    text = oci_memory_resize(input->memory, input->text, room + 1);
    if (text == NULL)
        return OCI_ERR_NO_MEMORY;
    input->text = text;
    input->room = room;
    return 0;
}

static int read_some(int fd, char *to, size_t room, size_t *got)
{
    for (;;) {
        ssize_t count = read(fd, to, room);

        if (count >= 0) {
            *got = (size_t)count;
            return 0;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};

            if (poll(&wait, 1, -1) >= 0 || errno == EINTR)
                continue;
        }
        if (errno != EINTR)
            return errno;
    }
}

static int read_all(struct input *input, int fd, struct oci_input_fault *fault)
{
    size_t got = 1;

    while (got > 0) {
        int result = make_room(input), error;

        if (result < 0)
            return result;
        error = read_some(fd, input->text + input->length, input->room - input->length, &got);
        if (error != 0)
            return fail(fault, error, "read");
        input->length += got;
        if (input->length > input->limit)
            return OCI_ERR_TOO_LARGE;
    }
    input->text[input->length] = '\0';
    return 0;
}

static int check_kind(const struct stat *status, bool path, struct oci_input_fault *fault)
{
    if (S_ISREG(status->st_mode) || (!path && !S_ISDIR(status->st_mode)))
        return 0;
    fault->explained = true;
    fault->sys_errno = S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
    fault->doing =
        S_ISDIR(status->st_mode) ? "read: it is a directory" : "read: it is not a regular file";
    return OCI_ERR_IO;
}

static int input_from(const struct oci_allocator *memory, int fd, bool path, size_t max_bytes,
                      char **text, size_t *length, struct oci_input_fault *fault)
{
    size_t limit = max_bytes < SIZE_MAX / 4 ? max_bytes : SIZE_MAX / 4;
    struct input input = {.memory = memory, .limit = limit, .room = FIRST_ROOM};
    struct stat status;
    int result;

    if (fstat(fd, &status) < 0)
        return fail(fault, errno, "read");
    result = check_kind(&status, path, fault);
    if (result < 0)
        return result;
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
        if ((uint64_t)status.st_size > limit)
            return OCI_ERR_TOO_LARGE;
        input.room = (size_t)status.st_size + 1;
    }
    result = read_all(&input, fd, fault);
    if (result < 0) {
        oci_memory_release(memory, input.text);
        return result;
    }
    *text = input.text;
    *length = input.length;
    return 0;
}

int oci_input_fd(const struct oci_allocator *memory, int fd, size_t max_bytes, char **text,
                 size_t *length, struct oci_input_fault *fault)
{
    return input_from(memory, fd, false, max_bytes, text, length, fault);
}

int oci_input_file(const struct oci_allocator *memory, int dirfd, const char *path,
                   size_t max_bytes, char **text, size_t *length, struct oci_input_fault *fault)
{
    int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int result;

    if (fd < 0)
        return fail(fault, errno, "opened");
    result = input_from(memory, fd, true, max_bytes, text, length, fault);
    (void)close(fd);
    return result;
}

/* The C library's texts begin with a capital letter, which ours do not; names in capitals stay. */
static void add_system_text(struct oci_line *line, int sys_errno)
{
    const char *text = strerrordesc_np(sys_errno);
    bool word = text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z';

    if (text == NULL) {
        oci_line_addf(line, ": error %d", sys_errno);
        return;
    }
    oci_line_addf(line, ": %c%s", word ? text[0] - 'A' + 'a' : text[0], text + 1);
}

void oci_input_explain(int code, const struct oci_input_fault *fault, size_t max_bytes,
                       struct oci_line *statement)
{
    if (code == OCI_ERR_TOO_LARGE) {
        oci_line_addf(statement, "larger than the limit of %zu bytes", max_bytes);
        return;
    }
    oci_line_addf(statement, "cannot be %s", fault->doing);
    if (!fault->explained)
        add_system_text(statement, fault->sys_errno);
}

static int finish(int result, const struct oci_input_fault *fault, int *sys_errno)
{
    if (result == OCI_ERR_IO && sys_errno != NULL)
        *sys_errno = fault->sys_errno;
    return result;
}

int oci_read_fd(int fd, size_t max_bytes, char **text, size_t *length, int *sys_errno)
{
    struct oci_input_fault fault = {.sys_errno = 0};

    if (text == NULL || length == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    return finish(oci_input_fd(&oci_default_allocator, fd,
                               max_bytes == 0 ? OCI_DEFAULT_BYTES : max_bytes, text, length,
                               &fault),
                  &fault, sys_errno);
}

int oci_read_file(int dirfd, const char *path, size_t max_bytes, char **text, size_t *length,
                  int *sys_errno)
{
    struct oci_input_fault fault = {.sys_errno = 0};

    if (path == NULL || text == NULL || length == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    return finish(oci_input_file(&oci_default_allocator, dirfd, path,
                                 max_bytes == 0 ? OCI_DEFAULT_BYTES : max_bytes, text, length,
                                 &fault),
                  &fault, sys_errno);
}
