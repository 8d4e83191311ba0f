/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the example documents of tests/spec (its README says how they are named) against the
 * generated types.  The folder is the only argument.
 */
#include "examples.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int examples_fd = -1;

static const char *code_name(int code)
{
    switch (code) {
    case OCI_ERR_SYNTAX:
        return "OCI_ERR_SYNTAX";
    case OCI_ERR_ENCODING:
        return "OCI_ERR_ENCODING";
    case OCI_ERR_DUPLICATE_KEY:
        return "OCI_ERR_DUPLICATE_KEY";
    case OCI_ERR_TYPE:
        return "OCI_ERR_TYPE";
    case OCI_ERR_RANGE:
        return "OCI_ERR_RANGE";
    case OCI_ERR_ENUM:
        return "OCI_ERR_ENUM";
    case OCI_ERR_PATTERN:
        return "OCI_ERR_PATTERN";
    case OCI_ERR_REQUIRED:
        return "OCI_ERR_REQUIRED";
    case OCI_ERR_TOO_FEW:
        return "OCI_ERR_TOO_FEW";
    case OCI_ERR_DEPTH:
        return "OCI_ERR_DEPTH";
    case OCI_ERR_TOO_LARGE:
        return "OCI_ERR_TOO_LARGE";
    default:
        return "another code";
    }
}

/* Each returns whether the example behaves as it should. */
static bool good_example(int folder, const char *name)
{
    oci_document *document = NULL, *again = NULL;
    oci_report *report = NULL;
    char *first = NULL, *second = NULL;
    size_t length = 0;
    bool same;

    if (oci_parse_file(example_type(name), folder, name, NULL, &document, &report) != 0 ||
        report != NULL) {
        print_error("%s\n", oci_report_get(report, 0)->message);
        oci_report_free(report);
        return false;
    }
    assert_int_equal(oci_write(example_type(name), oci_document_root(document, example_type(name)),
                               OCI_WRITE_PRETTY, &first, &length),
                     0);
    assert_int_equal(oci_parse(example_type(name), first, length, NULL, &again, NULL), 0);
    assert_int_equal(oci_write(example_type(name), oci_document_root(again, example_type(name)),
                               OCI_WRITE_PRETTY, &second, NULL),
                     0);
    same = strcmp(first, second) == 0;
    oci_free(first);
    oci_free(second);
    oci_document_free(document);
    oci_document_free(again);
    return same;
}

static void describe(const oci_report *report, char *text, size_t room)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < oci_report_count(report) && length < room; i++) {
        const struct oci_finding *finding = oci_report_get(report, i);

        length += (size_t)snprintf(
            text + length, room - length, "%s %s %zu:%zu\n", code_name(finding->code),
            finding->pointer[0] != '\0' ? finding->pointer : "-", finding->line, finding->column);
    }
}

static bool bad_example(int folder, const char *name)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    char expect_name[256], found[4096], *expected = NULL;
    size_t length = 0;
    int result;
    bool same;

    (void)snprintf(expect_name, sizeof(expect_name), "%.*s.expect", (int)strlen(name) - 5, name);
    assert_int_equal(oci_read_file(folder, expect_name, 0, &expected, &length, NULL), 0);
    result = oci_parse_file(example_type(name), folder, name, NULL, &document, &report);
    describe(report, found, sizeof(found));
    same = result < 0 && document == NULL && strcmp(found, expected) == 0;
    if (!same)
        print_error("%s\n  expected: %s  found: %s", name, expected, found);
    oci_document_free(document);
    oci_report_free(report);
    oci_free(expected);
    return same;
}

static void run_folder(const char *path, bool (*example)(int folder, const char *name),
                       size_t at_least)
{
    int fd = openat(examples_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fdopendir(fd);
    size_t seen = 0, failed = 0;
    struct dirent *entry;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);

        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        assert_non_null(example_type(entry->d_name));
        seen++;
        if (!example(dirfd(folder), entry->d_name)) {
            print_error("%s/%s failed\n", path, entry->d_name);
            failed++;
        }
    }
    (void)closedir(folder);
    assert_true(seen >= at_least);
    assert_int_equal(failed, 0);
}

static void test_good(void **state)
{
    (void)state;
    run_folder("good", good_example, 15);
}

static void test_bad(void **state)
{
    (void)state;
    run_folder("bad", bad_example, 60);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };

    examples_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (examples_fd < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
