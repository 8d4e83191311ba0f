/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit FILE POINTER [VALUE]: set the value at a JSON pointer of a configuration, or remove it.  What
 * nobody touches stays as it is: unknown members, and the order of members (but for annotations and
 * other maps, which are sorted).
 *
 *     edit config.json /process/env/- '"LANG=C"'
 *     edit config.json /hostname
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ocikit/spec.h>
#include <ocikit/value.h>

/* The new text takes the old one's place, with its owner and permissions, when it is whole. */
static int save(const char *path, const char *text, size_t length)
{
    struct stat old;
    char draft[4096];
    int fd, saved;
    if (snprintf(draft, sizeof(draft), "%s.XXXXXX", path) >= (int)sizeof(draft) ||
        stat(path, &old) < 0)
        return -1;
    fd = mkstemp(draft);
    if (fd < 0)
        return -1;
    saved = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0 &&
            fchown(fd, old.st_uid, old.st_gid) == 0 && fchmod(fd, old.st_mode & 07777) == 0;
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
    char *text = NULL, *path;
    size_t length = 0;
    int result;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: edit FILE POINTER [VALUE]\n");
        return 2;
    }
    path = realpath(argv[1], NULL); /* a link stays one: what it leads to is changed */
    if (path == NULL) {
        fprintf(stderr, "edit: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    result = oci_parse_file(type, AT_FDCWD, path, NULL, &document, &report);
    if (result == 0 && argc == 4)
        result = oci_set(document, argv[2], argv[3], strlen(argv[3]), &report);
    else if (result == 0)
        result = oci_remove(document, argv[2], &report);
    if (result == 0)
        result =
            oci_write(type, oci_document_root(document, type), OCI_WRITE_PRETTY, &text, &length);
    if (result < 0)
        fprintf(stderr, "edit: %s\n",
                report != NULL ? oci_report_first_error(report)->message : oci_code_text(result));
    else if (save(path, text, length) < 0)
        result = fprintf(stderr, "edit: %s cannot be written: %s\n", path, strerror(errno));
    free(path);
    oci_free(text);
    oci_report_free(report);
    oci_document_free(document);
    return result != 0;
}
