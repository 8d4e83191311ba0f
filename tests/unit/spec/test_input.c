/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, pipes, and what must not be read; options from other versions of the header.
 */
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ocikit-input-XXXXXX";
static int folder_fd = -1;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder_fd < 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlinkat(folder_fd, "good.json", 0);
    (void)unlinkat(folder_fd, "fifo", 0);
    (void)unlinkat(folder_fd, "link", 0);
    (void)close(folder_fd);
    return rmdir(folder);
}

static void put_file(const char *name, const char *text, size_t length)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    assert_int_equal(close(fd), 0);
}

static void expect_file(int dirfd, const char *path, int code, int sys_errno, const char *message)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    const struct oci_finding *finding;

    assert_int_equal(oci_parse_file(sample_type(), dirfd, path, NULL, &document, &report), code);
    finding = oci_report_first_error(report);
    assert_non_null(finding);
    assert_int_equal(finding->sys_errno, sys_errno);
    assert_int_equal(finding->line, 0);
    assert_string_equal(finding->pointer, "");
    assert_string_equal(finding->message, message);
    oci_report_free(report);
}

static void test_file(void **state)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;
    char *text = NULL;
    size_t length = 0;

    (void)state;
    put_file("good.json", sample_text, strlen(sample_text));
    assert_int_equal(
        oci_parse_file(sample_type(), folder_fd, "good.json", NULL, &document, &report), 0);
    oci_document_free(document);
    assert_int_equal(oci_read_file(folder_fd, "good.json", 0, &text, &length, NULL), 0);
    assert_int_equal(length, strlen(sample_text));
    assert_string_equal(text, sample_text);
    oci_free(text);
    assert_int_equal(oci_read_file(folder_fd, "good.json", length, &text, &length, NULL), 0);
    oci_free(text);
    assert_int_equal(oci_read_file(folder_fd, "good.json", length - 1, &text, &length, NULL),
                     OCI_ERR_TOO_LARGE);
    options.max_bytes = 10;
    assert_int_equal(
        oci_parse_file(sample_type(), folder_fd, "good.json", &options, &document, &report),
        OCI_ERR_TOO_LARGE);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "good.json: error: larger than the limit of 10 bytes");
    oci_report_free(report);

    put_file("good.json", "{\"version\":\n1}", 14);
    assert_int_equal(
        oci_parse_file(sample_type(), folder_fd, "good.json", NULL, &document, &report),
        OCI_ERR_TYPE);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "good.json:2:1: error: /version: expected a string, found the number 1");
    oci_report_free(report);
}

static void test_not_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifoat(folder_fd, "fifo", 0600), 0);
    assert_int_equal(symlinkat("/dev/zero", folder_fd, "link"), 0);
    expect_file(folder_fd, "fifo", OCI_ERR_IO, EINVAL,
                "fifo: error: cannot be read: it is not a regular file");
    expect_file(folder_fd, "link", OCI_ERR_IO, EINVAL,
                "link: error: cannot be read: it is not a regular file");
    expect_file(AT_FDCWD, "/dev/zero", OCI_ERR_IO, EINVAL,
                "/dev/zero: error: cannot be read: it is not a regular file");
    expect_file(folder_fd, ".", OCI_ERR_IO, EISDIR, ".: error: cannot be read: it is a directory");
}

static void test_missing(void **state)
{
    int sys_errno = 0;
    char *text = NULL;
    size_t length = 0;

    (void)state;
    expect_file(folder_fd, "missing", OCI_ERR_IO, ENOENT,
                "missing: error: cannot be opened: no such file or directory");
    assert_int_equal(oci_read_file(folder_fd, "missing", 0, &text, &length, &sys_errno),
                     OCI_ERR_IO);
    assert_int_equal(sys_errno, ENOENT);
    assert_int_equal(oci_read_fd(-1, 0, &text, &length, &sys_errno), OCI_ERR_IO);
    assert_int_equal(sys_errno, EBADF);
    assert_null(text);
}

static void test_fd(void **state)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    char *text = NULL;
    size_t length = 0;
    int ends[2], zero, null, error = 0;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], sample_text, strlen(sample_text)), strlen(sample_text));
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(oci_parse_fd(sample_type(), ends[0], NULL, &document, &report), 0);
    oci_document_free(document);
    assert_int_equal(close(ends[0]), 0);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], sample_text, 600), 600);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(oci_read_fd(ends[0], 599, &text, &length, NULL), OCI_ERR_TOO_LARGE);
    assert_int_equal(close(ends[0]), 0);

    zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_int_equal(oci_read_fd(zero, 4096, &text, &length, NULL), OCI_ERR_TOO_LARGE);
    assert_int_equal(close(zero), 0);

    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(oci_parse_fd(sample_type(), null, NULL, &document, &report), OCI_ERR_SYNTAX);
    assert_string_equal(oci_report_first_error(report)->message, "1:1: error: the text is empty");
    oci_report_free(report);
    assert_int_equal(close(null), 0);

    assert_int_equal(oci_read_fd(folder_fd, 0, &text, &length, &error), OCI_ERR_IO);
    assert_int_equal(error, EISDIR);
}

/* A file of /proc says that its size is 0. */
static void test_size_unknown(void **state)
{
    char *text = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(oci_read_file(AT_FDCWD, "/proc/self/maps", 0, &text, &length, NULL), 0);
    assert_true(length > 100);
    assert_int_equal(strlen(text), length);
    oci_free(text);
}

static int with_options(const void *options)
{
    oci_document *document = NULL;
    int result = oci_parse(sample_type(), "{\"version\":\"\"}", 14, options, &document, NULL);

    oci_document_free(document);
    return result;
}

static void test_options_size(void **state)
{
    struct {
        struct oci_parse_options options;
        char tail[16];
    } newer = {.options = OCI_PARSE_OPTIONS_INIT};
    struct {
        size_t size;
        const char *name;
    } older = {.size = sizeof(older)};

    (void)state;
    assert_int_equal(with_options(&newer), 0);
    assert_int_equal(with_options(&older), 0);
    newer.options.size = sizeof(newer);
    assert_int_equal(with_options(&newer), 0);
    newer.tail[15] = 1;
    assert_int_equal(with_options(&newer), OCI_ERR_UNSUPPORTED);
    newer.options.size = 0;
    assert_int_equal(with_options(&newer), OCI_ERR_INVALID_ARGUMENT);
    newer.options.size = sizeof(newer.options);
    newer.options.unknown = 4;
    assert_int_equal(with_options(&newer), OCI_ERR_INVALID_ARGUMENT);
}

static void test_arguments(void **state)
{
    oci_document *document = NULL;
    oci_report *report = (oci_report *)folder;

    (void)state;
    assert_int_equal(oci_parse(NULL, "{}", 2, NULL, &document, &report), OCI_ERR_INVALID_ARGUMENT);
    assert_null(report);
    assert_int_equal(oci_parse(sample_type(), NULL, 2, NULL, &document, &report),
                     OCI_ERR_INVALID_ARGUMENT);
    assert_int_equal(oci_parse(sample_type(), NULL, 0, NULL, &document, NULL), OCI_ERR_SYNTAX);
    assert_int_equal(oci_parse(sample_type(), "{}", 2, NULL, NULL, &report),
                     OCI_ERR_INVALID_ARGUMENT);
    assert_int_equal(oci_parse_file(sample_type(), AT_FDCWD, NULL, NULL, &document, &report),
                     OCI_ERR_INVALID_ARGUMENT);
    oci_report_free(NULL);
    oci_free(NULL);
    assert_int_equal(oci_report_count(NULL), 0);
    assert_int_equal(oci_report_total(NULL), 0);
    assert_null(oci_report_first_error(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),         cmocka_unit_test(test_not_a_file),
        cmocka_unit_test(test_missing),      cmocka_unit_test(test_fd),
        cmocka_unit_test(test_size_unknown), cmocka_unit_test(test_options_size),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
