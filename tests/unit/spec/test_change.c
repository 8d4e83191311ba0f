/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of documents: by JSON pointer and by merge patches.
 */
#include "sample.h"

#include <ocikit/value.h>

static char *compact(const void *value)
{
    char *text = NULL;

    assert_int_equal(oci_write(sample_type(), value, OCI_WRITE_COMPACT, &text, NULL), 0);
    return text;
}

static void expect_document(const oci_document *document, const char *expected)
{
    char *text = compact(oci_document_root(document, sample_type()));

    assert_string_equal(text, expected);
    oci_free(text);
}

static oci_document *document_of(const char *text)
{
    oci_document *document = NULL;

    (void)parse_good(text, &document);
    return document;
}

static void expect_set(const char *before, const char *pointer, const char *json, const char *after)
{
    oci_document *document = document_of(before);
    oci_report *report = NULL;
    int result = oci_set(document, pointer, json, strlen(json), &report);

    if (result < 0)
        print_error("%s: %d %s\n", pointer, result,
                    report != NULL ? oci_report_get(report, 0)->message : "");
    assert_int_equal(result, 0);
    expect_document(document, after);
    oci_document_free(document);
}

static void refuse_set(const char *before, const char *pointer, const char *json, int code,
                       const char *message)
{
    oci_document *document = document_of(before);
    oci_report *report = NULL;
    int result = oci_set(document, pointer, json, strlen(json), &report);

    if (result != code)
        print_error("%s = %s: %d\n", pointer, json, result);
    assert_int_equal(result, code);
    assert_string_equal(oci_report_get(report, 0)->message, message);
    oci_report_free(report);
    expect_document(document, before);
    oci_document_free(document);
}

#define START "{\"version\":\"1\",\"numbers\":[1,2],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]}}"

static void test_set(void **state)
{
    (void)state;
    expect_set(
        START, "/version", "\"2\"",
        "{\"version\":\"2\",\"numbers\":[1,2],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]}}");
    expect_set("{\"i8\":1,\"version\":\"1\"}", "/u8", "7", "{\"i8\":1,\"version\":\"1\",\"u8\":7}");
    expect_set(
        START, "/numbers/0", "9",
        "{\"version\":\"1\",\"numbers\":[9,2],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]}}");
    expect_set(
        START, "/numbers/-", "3",
        "{\"version\":\"1\",\"numbers\":[1,2,3],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]}}");
    expect_set(
        START, "/numbers/2", "3",
        "{\"version\":\"1\",\"numbers\":[1,2,3],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]}}");
    expect_set(START, "/labels/a~1~0", "\"1\"",
               "{\"version\":\"1\",\"numbers\":[1,2],\"labels\":{\"a/~\":\"1\",\"b\":\"2\"},"
               "\"x\":{\"y\":[1,{}]}}");
    expect_set(START, "/x/y/1/z", "null",
               "{\"version\":\"1\",\"numbers\":[1,2],\"labels\":{\"b\":\"2\"},"
               "\"x\":{\"y\":[1,{\"z\":null}]}}");
    expect_set(START, "/new", " [ true ] ",
               "{\"version\":\"1\",\"numbers\":[1,2],\"labels\":{\"b\":\"2\"},\"x\":{\"y\":[1,{}]},"
               "\"new\":[true]}");
    expect_set(START, "", "{\"version\":\"3\"}", "{\"version\":\"3\"}");
    expect_set("{\"version\":\"1\",\"maybe\":[]}", "/maybe", "null",
               "{\"version\":\"1\",\"maybe\":null}");
    expect_set("{\"maybe\":null,\"version\":\"1\"}", "/maybe", "[\"1\"]",
               "{\"maybe\":[\"1\"],\"version\":\"1\"}");
    expect_set("{\"version\":\"1\"}", "/", "1", "{\"version\":\"1\",\"\":1}");
}

static void test_set_refused(void **state)
{
    (void)state;
    refuse_set(START, "/u8", "256", OCI_ERR_RANGE,
               "1:1: error: /u8: expected an integer from 0 to 255, found the number 256");
    refuse_set(START, "/leaves", "[{\"name\":\"a\"},\n {\"name\":1}]", OCI_ERR_TYPE,
               "2:10: error: /leaves/1/name: expected a string, found the number 1");
    refuse_set(START, "/leaf", "{}", OCI_ERR_REQUIRED,
               "1:1: error: /leaf: the required member \"name\" is missing");
    refuse_set(START, "", "{}", OCI_ERR_REQUIRED,
               "1:1: error: the required member \"version\" is missing");
    refuse_set(START, "", "[]", OCI_ERR_TYPE, "1:1: error: expected an object, found an array");
    refuse_set(START, "/version", "null", OCI_ERR_TYPE,
               "1:1: error: /version: expected a string, found null");
    refuse_set(START, "/x", "{\"a\":1,\"a\":2}", OCI_ERR_DUPLICATE_KEY,
               "1:8: error: /x: expected every member once, found \"a\" a second time");
    refuse_set(START, "/numbers/-", "\n x", OCI_ERR_SYNTAX,
               "2:2: error: /numbers/2: expected a JSON value, found the word \"x\"");
    refuse_set(
        START, "/numbers/-", "\n -1", OCI_ERR_RANGE,
        "2:2: error: /numbers/2: expected an integer from 0 to 4294967295, found the number -1");
    refuse_set(START, "/numbers/3", "1", OCI_ERR_NOT_FOUND,
               "error: /numbers/3: does not exist: the array has 2 items");
    refuse_set(START, "/numbers/01", "1", OCI_ERR_NOT_FOUND,
               "error: /numbers/01: does not exist: the array has 2 items");
    refuse_set(START, "/numbers/x", "1", OCI_ERR_NOT_FOUND,
               "error: /numbers/x: does not exist: the array has 2 items");
    refuse_set(START, "/numbers/-/a", "1", OCI_ERR_NOT_FOUND,
               "error: /numbers/-: does not exist: the array has 2 items");
    refuse_set(START, "/leaf/name", "\"n\"", OCI_ERR_NOT_FOUND, "error: /leaf: does not exist");
    refuse_set(START, "/version/x", "1", OCI_ERR_NOT_FOUND,
               "error: /version/x: does not exist: what is before it has no parts");
    refuse_set(START, "version", "1", OCI_ERR_INVALID_ARGUMENT,
               "error: \"version\" is no JSON pointer: it does not begin with /");
    refuse_set(START, "/a~2", "1", OCI_ERR_INVALID_ARGUMENT,
               "error: \"/a~2\" is no JSON pointer: ~ stands only in ~0 and ~1");
    refuse_set(START, "/a~", "1", OCI_ERR_INVALID_ARGUMENT,
               "error: \"/a~\" is no JSON pointer: ~ stands only in ~0 and ~1");
    {
        oci_document *document = document_of(START);
        oci_report *report = NULL;

        assert_int_equal(oci_set(document, "/x", "[1,", 3, &report), OCI_ERR_SYNTAX);
        assert_string_equal(oci_report_get(report, 0)->pointer, "/x");
        oci_report_free(report);
        assert_int_equal(oci_set(document, "/x", "", 0, NULL), OCI_ERR_SYNTAX);
        assert_int_equal(oci_set(document, "/x", "1 2", 3, NULL), OCI_ERR_SYNTAX);
        expect_document(document, START);
        oci_document_free(document);
    }
}

static void expect_removed(const char *before, const char *pointer, int result, const char *after)
{
    oci_document *document = document_of(before);

    assert_int_equal(oci_remove(document, pointer, NULL), result);
    expect_document(document, after);
    oci_document_free(document);
}

static void test_remove(void **state)
{
    (void)state;
    expect_removed("{\"version\":\"1\",\"u8\":1}", "/u8", 0, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\",\"numbers\":[1,2,3]}", "/numbers/1", 0,
                   "{\"version\":\"1\",\"numbers\":[1,3]}");
    expect_removed("{\"a\":1,\"version\":\"1\",\"c\":2,\"u8\":1}", "/a", 0,
                   "{\"version\":\"1\",\"c\":2,\"u8\":1}");
    expect_removed("{\"version\":\"1\",\"maybe\":null}", "/maybe", 0, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\",\"x\":[{\"y\":1}]}", "/x/0/y", 0,
                   "{\"version\":\"1\",\"x\":[{}]}");
    expect_removed("{\"version\":\"1\"}", "/version", OCI_ERR_REQUIRED, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\"}", "", OCI_ERR_REQUIRED, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\",\"strings\":[\"a\"]}", "/strings/0", OCI_ERR_TOO_FEW,
                   "{\"version\":\"1\",\"strings\":[\"a\"]}");
    expect_removed("{\"version\":\"1\"}", "/u8", OCI_ERR_NOT_FOUND, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\"}", "/numbers/0", OCI_ERR_NOT_FOUND, "{\"version\":\"1\"}");
    expect_removed("{\"version\":\"1\"}", "u8", OCI_ERR_INVALID_ARGUMENT, "{\"version\":\"1\"}");
}

static void expect_merged(const char *target, const char *patch, const char *after)
{
    oci_document *document = document_of(target), *merged = NULL;
    const void *root = oci_document_root(document, sample_type());

    assert_int_equal(oci_merge(sample_type(), root, patch, strlen(patch), &merged, NULL), 0);
    expect_document(merged, after);
    expect_document(document, target);
    oci_document_free(merged);
    oci_document_free(document);
}

/* What RFC 7396 shows in its appendix, below a member that the schema does not know, and on ours. */
static void test_merge(void **state)
{
    static const char *const rfc[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    char target[200], patch[200], after[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rfc) / sizeof(rfc[0]); i++) {
        (void)snprintf(target, sizeof(target), "{\"version\":\"1\",\"x\":%s}", rfc[i][0]);
        (void)snprintf(patch, sizeof(patch), "{\"x\":%s}", rfc[i][1]);
        (void)snprintf(after, sizeof(after), "{\"version\":\"1\",\"x\":%s}", rfc[i][2]);
        expect_merged(target, patch, after);
    }
    expect_merged("{\"version\":\"1\",\"x\":1}", "{\"x\":null}", "{\"version\":\"1\"}");
    expect_merged(START, "{}", START);
    expect_merged("{\"b\":true,\"version\":\"1\",\"labels\":{\"a\":\"1\",\"b\":\"2\"}}",
                  "{\"labels\":{\"a\":null,\"c\":\"3\"},\"u8\":7,\"b\":false}",
                  "{\"b\":false,\"version\":\"1\",\"labels\":{\"b\":\"2\",\"c\":\"3\"},\"u8\":7}");
    expect_merged("{\"version\":\"1\"}", "{\"leaf\":{\"name\":\"n\",\"id\":null}}",
                  "{\"version\":\"1\",\"leaf\":{\"name\":\"n\"}}");
    expect_merged("{\"version\":\"1\",\"maybe\":null}", "{\"maybe\":null}", "{\"version\":\"1\"}");
}

static void expect_set_of(oci_document *document, const char *pointer, const char *json, int code,
                          const char *message)
{
    oci_report *report = NULL;

    assert_int_equal(oci_set(document, pointer, json, strlen(json), &report), code);
    assert_string_equal(oci_report_get(report, 0)->message, message);
    oci_report_free(report);
}

/* A change is read as its document was, also after another one. */
static void test_options_stay(void **state)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;

    options.name = "a.json";
    options.unknown = OCI_UNKNOWN_REFUSE;
    options.max_bytes = 60;
    options.max_string = 20;
    assert_int_equal(oci_parse(sample_type(), "{\"version\":\"1\"}", 15, &options, &document, NULL),
                     0);
    for (int i = 0; i < 2; i++) {
        expect_set_of(
            document, "/textt", "\"a\"", OCI_ERR_UNKNOWN_MEMBER,
            "a.json:1:1: error: /textt: unknown member \"textt\"; did you mean \"text\"?");
        expect_set_of(
            document, "/text", "\"123456789012345678901\"", OCI_ERR_TOO_LARGE,
            "a.json:1:1: error: /text: expected at most 20 bytes in a string, found a longer "
            "string");
        expect_set_of(document, "/numbers", "[1234567890,1234567890,1234567890,1234567890]",
                      OCI_ERR_TOO_LARGE, "a.json: error: larger than the limit of 60 bytes");
        expect_set_of(document, "/no/such", "1", OCI_ERR_NOT_FOUND,
                      "a.json: error: /no: does not exist");
        assert_int_equal(oci_set(document, "/u8", "1", 1, NULL), 0);
    }
    assert_int_equal(oci_remove(document, "/version", &report), OCI_ERR_REQUIRED);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "a.json: error: the required member \"version\" is missing");
    oci_report_free(report);
    assert_int_equal(oci_remove(document, "", &report), OCI_ERR_REQUIRED);
    oci_report_free(report);
    assert_int_equal(oci_remove(document, "/i8", &report), OCI_ERR_NOT_FOUND);
    assert_string_equal(oci_report_get(report, 0)->message, "a.json: error: /i8: does not exist");
    oci_report_free(report);
    oci_document_free(document);

    options.size--;
    assert_int_equal(oci_parse(sample_type(), "{\"version\":\"1\"}", 15, &options, &document, NULL),
                     OCI_ERR_INVALID_ARGUMENT);
    options.size++;
    options.unknown = OCI_UNKNOWN_WARN;
    assert_int_equal(oci_parse(sample_type(), "{\"version\":\"1\"}", 15, &options, &document, NULL),
                     0);
    expect_set_of(document, "/textt", "\"a\"", 0,
                  "a.json:1:1: warning: /textt: unknown member \"textt\"; did you mean \"text\"?");
    oci_document_free(document);
}

static void test_merge_refused(void **state)
{
    static const struct {
        const char *patch;
        int code;
        const char *message;
    } cases[] = {
        {"{\"version\":null}", OCI_ERR_REQUIRED,
         "1:1: error: the required member \"version\" is missing"},
        {"{\"b\":true,\n\"u8\":-1}", OCI_ERR_RANGE,
         "2:6: error: /u8: expected an integer from 0 to 255, found the number -1"},
        {"[]", OCI_ERR_TYPE, "1:1: error: expected an object, found an array"},
        {"{\"leaf\":{\"id\":1}}", OCI_ERR_REQUIRED,
         "1:9: error: /leaf: the required member \"name\" is missing"},
        {"{\"u8\":1,\"u8\":2}", OCI_ERR_DUPLICATE_KEY,
         "1:9: error: expected every member once, found \"u8\" a second time"},
    };
    oci_document *document = document_of(START), *merged = NULL;
    const void *root = oci_document_root(document, sample_type());

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oci_report *report = NULL;

        assert_int_equal(oci_merge(sample_type(), root, cases[i].patch, strlen(cases[i].patch),
                                   &merged, &report),
                         cases[i].code);
        assert_null(merged);
        assert_string_equal(oci_report_get(report, 0)->message, cases[i].message);
        oci_report_free(report);
    }
    oci_document_free(document);
}

static void test_large_merge(void **state)
{
    enum { COUNT = 60000 };
    char *target = malloc(COUNT * 16), *patch = malloc(COUNT * 16), *at = target, *to = patch;
    oci_document *document, *merged = NULL;

    (void)state;
    at += sprintf(at, "{\"version\":\"1\",\"x\":{");
    to += sprintf(to, "{\"x\":{");
    for (int i = 0; i < COUNT; i++) {
        at += sprintf(at, "%s\"%d\":1", i > 0 ? "," : "", i);
        to += sprintf(to, "%s\"%d\":2", i > 0 ? "," : "", i * 2 + 1);
    }
    (void)sprintf(at, "}}");
    (void)sprintf(to, "}}");
    document = document_of(target);
    assert_int_equal(oci_merge(sample_type(), oci_document_root(document, sample_type()), patch,
                               strlen(patch), &merged, NULL),
                     0);
    oci_document_free(merged);
    oci_document_free(document);
    free(target);
    free(patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),          cmocka_unit_test(test_set_refused),
        cmocka_unit_test(test_remove),       cmocka_unit_test(test_merge),
        cmocka_unit_test(test_options_stay), cmocka_unit_test(test_merge_refused),
        cmocka_unit_test(test_large_merge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
