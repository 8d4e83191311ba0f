/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ocikit validate` reads: files, pipes and standard input, each checked as one document.
 */
#include "output.h"
#include "validate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_FINDINGS 1000u
#define MOST_BYTES (16u * 1024u * 1024u)

static void free_report(oci_report **report)
{
    oci_report_free(*report);
}

/* The library does not know how its caller lets people say what a document is. */
static void print_finding(struct validation *validation, const struct validate_file *file,
                          const struct oci_finding *finding)
{
    struct oci_finding told = *finding;
    _free_ char *text = NULL;

    if (finding->code == OCI_ERR_UNKNOWN_KIND &&
        asprintf(&text, "%s with --type", finding->text) >= 0)
        told.text = text;
    validate_print(validation, file, &told);
}

static void count_hidden(struct validation *validation, const struct validate_file *file,
                         const oci_report *report)
{
    size_t hidden = oci_report_total(report) - oci_report_count(report);

    validation->hidden += hidden;
    if (hidden == 0)
        return;
    fflush(stdout);
    fputs("ocikit: ", stderr);
    validate_print_safe(stderr, file->name);
    fprintf(stderr, ": %zu more finding%s not shown\n", hidden, hidden == 1 ? " is" : "s are");
}

static void check_text(struct validation *validation, struct validate_file *file,
                       const struct oci_check_options *options)
{
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    struct oci_check_options check = *options;
    _cleanup_(free_report) oci_report *report = NULL;
    int result;

    if (file->kind == NULL)
        file->kind = oci_document_kind_detect(file->text, file->length);
    parse.unknown = validation->is_strict ? OCI_UNKNOWN_REFUSE : OCI_UNKNOWN_WARN;
    parse.max_findings = MOST_FINDINGS;
    check.parse = &parse;
    result = oci_check(file->kind, file->text, file->length, &check, &report);
    for (size_t i = 0; i < oci_report_count(report); i++)
        print_finding(validation, file, oci_report_get(report, i));
    count_hidden(validation, file, report);
    if (result < 0 && oci_report_first_error(report) == NULL)
        validate_print_own(validation, file, NULL, oci_code_text(result));
}

static void print_failure(struct validation *validation, const struct validate_file *file, int code,
                          int error)
{
    char message[160];

    if (code == OCI_ERR_TOO_LARGE)
        (void)snprintf(message, sizeof(message), "larger than the limit of %u bytes", MOST_BYTES);
    else if (error == ELOOP)
        (void)snprintf(message, sizeof(message),
                       "cannot be read: it is a symbolic link, which is not followed");
    else
        (void)snprintf(message, sizeof(message), "cannot be read: %s",
                       error != 0 ? ERRNO_TEXT(error) : oci_code_text(code));
    validate_print_own(validation, file, NULL, message);
}

void validate_fd(struct validation *validation, const char *name, int fd, int error,
                 const struct oci_document_kind *kind,
                 void (*more)(void *data, const oci_document *document, oci_checking *checking),
                 void *data)
{
    struct validate_file file = {.name = name, .kind = kind != NULL ? kind : validation->kind};
    struct oci_check_options options = validation->options;
    _spec_text_ char *text = NULL;
    int result = OCI_ERR_IO;

    validation->files++;
    if (fd >= 0)
        result = oci_read_fd(fd, MOST_BYTES, &text, &file.length, &error);
    if (result < 0) {
        print_failure(validation, &file, result, error);
        return;
    }
    file.text = text;
    options.more = more;
    options.data = data;
    check_text(validation, &file, &options);
}

void validate_path(struct validation *validation, const char *name)
{
    struct validate_file file = {.name = name};
    _close_ int fd = -1;
    struct stat status;

    if (name[0] == '\0') {
        validation->files++;
        validate_print_own(validation, &file, NULL, "the path is empty");
        return;
    }
    if (strcmp(name, "-") == 0) {
        validate_fd(validation, name, STDIN_FILENO, 0, NULL, NULL, NULL);
        return;
    }
    /* What a person names may be a pipe, whose writer is worth waiting for. */
    fd = open(name, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        validate_folder(validation, fd, name);
    else
        validate_fd(validation, name, fd, errno, NULL, NULL, NULL);
}
