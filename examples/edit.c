/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit FILE POINTER [VALUE]: set the value at a JSON pointer of a configuration, or remove it.  What
 * nobody touches stays as it is: unknown members, and the order of all members.
 *
 *     edit config.json /process/env/- '"LANG=C"'
 *     edit config.json /hostname
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <ocikit/spec.h>
#include <ocikit/value.h>

/* The new text takes the old one's place when it is whole. */
static int save(const char *path, const char *text, size_t length)
{
    char draft[4096];
    int fd, saved;
    if (snprintf(draft, sizeof(draft), "%s.new", path) >= (int)sizeof(draft))
        return -1;
    fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    saved = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    if (close(fd) < 0 || !saved || rename(draft, path) < 0) {
        unlink(draft);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const oci_type *type = oci_runtime_config_type();
    oci_document *document = NULL;
    oci_report *report = NULL;
    char *text = NULL;
    size_t length = 0;
    int result;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: edit FILE POINTER [VALUE]\n");
        return 2;
    }
    result = oci_parse_file(type, AT_FDCWD, argv[1], NULL, &document, &report);
    if (result == 0 && argc == 4)
        result = oci_set(document, argv[2], argv[3], strlen(argv[3]), &report);
    else if (result == 0)
        result = oci_remove(document, argv[2]);
    if (result == 0)
        result = oci_write(type, oci_document_root(document, type), OCI_WRITE_PRETTY, &text, &length);
    if (result < 0)
        fprintf(stderr, "edit: %s\n", report != NULL ? oci_report_first_error(report)->message
                                                     : oci_code_text(result));
    else if (save(argv[1], text, length) < 0)
        result = fprintf(stderr, "edit: %s cannot be written: %s\n", argv[1], strerror(errno));
    oci_free(text);
    oci_report_free(report);
    oci_document_free(document);
    return result != 0;
}
