/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdicts of docs/json-policy.md: each file of tests/spec/json is a process document that must
 * parse (y_) or must not (n_).  The folder tests/spec is the only argument.
 */
#include <ocikit/spec.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int folder_fd = -1;

static bool is_as_named(const char *name)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    int result = oci_parse_file(oci_process_type(), folder_fd, name, NULL, &document, &report);
    const struct oci_finding *finding = oci_report_first_error(report);
    bool is_good = result == 0, expected = name[0] == 'y';

    if (is_good != expected)
        print_error("%s: %s\n", name, finding != NULL ? finding->message : "no finding");
    if (!is_good) {
        assert_non_null(finding);
        assert_true(finding->line > 0 && finding->column > 0);
    }
    if (is_good) {
        char *text = NULL;

        assert_int_equal(oci_write(oci_process_type(), oci_process_root(document), 0, &text, NULL),
                         0);
        oci_free(text);
    }
    oci_document_free(document);
    oci_report_free(report);
    return is_good == expected;
}

static void test_files(void **state)
{
    DIR *folder = fdopendir(dup(folder_fd));
    size_t seen = 0, failed = 0;
    struct dirent *entry;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        seen++;
        failed += !is_as_named(entry->d_name);
    }
    (void)closedir(folder);
    assert_true(seen > 220);
    assert_int_equal(failed, 0);
}

/* A million arrays in each other end at the limit, wherever they stand, whether closed or not. */
static void nest(const char *before, bool closed)
{
    enum { DEPTH = 1000000 };
    size_t length = strlen(before);
    char *text = malloc(length + 2 * DEPTH + 2);
    oci_document *document = NULL;
    oci_report *report = NULL;
    int result;

    memcpy(text, before, length);
    memset(text + length, '[', DEPTH);
    memset(text + length + DEPTH, ']', DEPTH);
    text[length + 2 * DEPTH] = '}';
    result = oci_parse(oci_process_type(), text, closed ? length + 2 * DEPTH + 1 : length + DEPTH,
                       NULL, &document, &report);
    assert_null(document);
    assert_true(result == OCI_ERR_DEPTH || result == OCI_ERR_TYPE);
    assert_int_equal(oci_report_first_error(report)->code, result);
    oci_report_free(report);
    free(text);
}

static void test_nested_arrays(void **state)
{
    (void)state;
    nest("{\"cwd\":\"/\",\"x\":", true);
    nest("{\"cwd\":\"/\",\"x\":", false);
    nest("{\"cwd\":\"/\",\"args\":", true);
    nest("{\"cwd\":\"/\",\"args\":", false);
    nest("", false);
}

/* The same where the caller allows any depth: no stack is used up. */
static void test_depth_without_limit(void **state)
{
    enum { DEPTH = 400000 };
    static const char before[] = "{\"cwd\":\"/\",\"x\":";
    size_t length = strlen(before);
    char *text = malloc(length + 2 * DEPTH + 2), *written = NULL;
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;

    (void)state;
    options.max_depth = UINT32_MAX;
    options.max_memory = SIZE_MAX;
    memcpy(text, before, length);
    memset(text + length, '[', DEPTH);
    memset(text + length + DEPTH, ']', DEPTH);
    text[length + 2 * DEPTH] = '}';
    assert_int_equal(
        oci_parse(oci_process_type(), text, length + 2 * DEPTH + 1, &options, &document, NULL), 0);
    for (unsigned flags = OCI_WRITE_COMPACT; flags <= OCI_WRITE_CANONICAL; flags += 2) {
        assert_int_equal(
            oci_write(oci_process_type(), oci_process_root(document), flags, &written, NULL), 0);
        oci_free(written);
    }
    oci_document_free(document);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_nested_arrays),
        cmocka_unit_test(test_depth_without_limit),
    };
    int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    folder_fd = openat(folder, "json", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
