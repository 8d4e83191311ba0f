/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a failure travels inside the library: as the return value (a negative code) and, in words, in
 * a struct failure that the public function turns into a container_error at the end.  Inner
 * functions fill it where they know most; outer ones add what they know.
 */
#ifndef OCIKIT_ERROR_H
#define OCIKIT_ERROR_H

#include <ocikit/container.h>

#define FAILURE_TEXT 1024

struct failure {
    int code;
    int error; /* errno */
    char text[FAILURE_TEXT];
    char pointer[256]; /* in the configuration; "" where there is none or it is the document */
    bool has_pointer;
    char file[256]; /* the document that pointer, line and column are of */
    size_t line, column;
};

/* Record a failure and return its code.  A failure already there is replaced. */
int fail(struct failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same after a failed system call: error is an errno value whose text is added after ": ".
 * EPERM and EACCES become OCI_ERR_PERMISSION and ENOMEM OCI_ERR_NO_MEMORY when the code given is
 * OCI_ERR_IO. */
int fail_errno(struct failure *failure, int code, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int fail_memory(struct failure *failure);
/* Name the place in the configuration; keeps one that is already there. */
void fail_at(struct failure *failure, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for the member of this name at a place, as in /linux/sysctl. */
void fail_at_member(struct failure *failure, const char *place, const char *name);

/* The end of a public function: make the error object (where asked for) and return its code. */
int fail_public(const struct failure *failure, const char *operation, const char *id,
                container_error **error);

/* The text of an errno value, without locale or shared buffers. */
const char *errno_text(int error, char buffer[64]);

/* Accept an options struct of another size: copy what both know into known (of known_size, preset
 * with defaults) and refuse a non-zero rest. */
int options_copy(void *known, size_t known_size, const void *given, struct failure *failure);

#endif
