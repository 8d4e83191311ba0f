/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: their code, pointer, place and words; duplicates, limits, unknown members.
 */
#include "sample.h"

static const struct {
    const char *text;
    int code;
    const char *pointer;
    size_t line, column;
} cases[] = {
    {"", OCI_ERR_SYNTAX, "", 1, 1},
    {" \n ", OCI_ERR_SYNTAX, "", 1, 1},
    {"[]", OCI_ERR_TYPE, "", 1, 1},
    {"  12", OCI_ERR_TYPE, "", 1, 3},
    {"\"x\"", OCI_ERR_TYPE, "", 1, 1},
    {"{}", OCI_ERR_REQUIRED, "", 1, 1},
    {"{\"version\":1}", OCI_ERR_TYPE, "/version", 1, 12},
    {"{\"version\":\"1\",}", OCI_ERR_SYNTAX, "", 1, 16},
    {"{\"version\" \"1\"}", OCI_ERR_SYNTAX, "/version", 1, 12},
    {"{\"version\":\"1\" \"b\"}", OCI_ERR_SYNTAX, "", 1, 16},
    {"{\"version\":\"1\"}\n x", OCI_ERR_SYNTAX, "", 2, 2},
    {"{\"version\":\"1\"}{}", OCI_ERR_SYNTAX, "", 1, 16},
    {"{\"version\":\"1\",\n\"numbers\":[1,,2]}", OCI_ERR_SYNTAX, "/numbers/1", 2, 14},
    {"{\"version\":\"1\",\n\"numbers\":[1,2}", OCI_ERR_SYNTAX, "/numbers", 2, 15},
    {"{\"version\":\"1\",\"numbers\":[01]}", OCI_ERR_SYNTAX, "/numbers", 1, 27},
    {"{\"version\":\"1\",\"numbers\":[1.]}", OCI_ERR_SYNTAX, "/numbers/0", 1, 27},
    {"{\"version\":\"1\",\"numbers\":[-]}", OCI_ERR_SYNTAX, "/numbers/0", 1, 27},
    {"{\"version\":\"1\",\"numbers\":[+1]}", OCI_ERR_SYNTAX, "/numbers/0", 1, 27},
    {"{\"version\":\"1\",\"b\":True}", OCI_ERR_SYNTAX, "/b", 1, 20},
    {"{\"version\":\"1\",\"b\":NaN}", OCI_ERR_SYNTAX, "/b", 1, 20},
    {"{\"version\":'1'}", OCI_ERR_SYNTAX, "/version", 1, 12},
    {"{version:\"1\"}", OCI_ERR_SYNTAX, "", 1, 2},
    {"{1:2}", OCI_ERR_SYNTAX, "", 1, 2},
    {"{\"version\":\"a\tb\"}", OCI_ERR_SYNTAX, "/version", 1, 14},
    {"{\"version\":\"a\nb\"}", OCI_ERR_SYNTAX, "/version", 1, 14},
    {"{\"version\":\"a\\qb\"}", OCI_ERR_SYNTAX, "/version", 1, 14},
    {"{\"version\":\"a\\u12g4\"}", OCI_ERR_SYNTAX, "/version", 1, 14},
    {"{\"version\":\"1\"/* */}", OCI_ERR_SYNTAX, "", 1, 15},
    {"{\"version\":\"1\"}// x", OCI_ERR_SYNTAX, "", 1, 16},
    {"{\"version\":\"1\"\f}", OCI_ERR_SYNTAX, "", 1, 15},
    {"{\"version\":\"1\"}\v", OCI_ERR_SYNTAX, "", 1, 16},
    {"{\"version\":\"1\",\"numbers\":[\f]}", OCI_ERR_SYNTAX, "/numbers/0", 1, 27},
    {"{\"version\":\"1\",\"b\":true,\n  \"b\":true}", OCI_ERR_DUPLICATE_KEY, "/b", 2, 3},
    {"{\"version\":\"1\",\"b\":true,\n \"\\u0062\":1}", OCI_ERR_DUPLICATE_KEY, "/b", 2, 2},
    {"{\"version\":\"1\",\"labels\":{\"a/~\":\"\",\"b\":\"\",\"a/\\u007e\":\"\"}}",
     OCI_ERR_DUPLICATE_KEY, "/labels/a~1~0", 1, 42},
    {"{\"version\":\"1\",\"leaves\":[{\"name\":\"\"},{\"name\":\"\",\"name\":\"\"}]}",
     OCI_ERR_DUPLICATE_KEY, "/leaves/1/name", 1, 49},
    {"{\"version\":\"1\",\"x\":1,\"y\":2,\"x\":3}", OCI_ERR_DUPLICATE_KEY, "/x", 1, 28},
    {"{\"version\":\"1\",\"x\":{\"q\":[1,{\"a\":1,\"b\":2,\"\\u0061\":3}]}}", OCI_ERR_DUPLICATE_KEY,
     "/x/q/1/a", 1, 41},
    {"{\"version\":\"1\",\"raw\":{\"a\":1,\"a\":3}}", OCI_ERR_DUPLICATE_KEY, "/raw/a", 1, 29},
    {"{\"version\":\"1\",\"labels\":{\"a\":1}}", OCI_ERR_TYPE, "/labels/a", 1, 30},
    {"{\"version\":\"1\",\"numbers\":[1,\"2\"]}", OCI_ERR_TYPE, "/numbers/1", 1, 29},
    {"{\"version\":\"1\",\"numbers\":[1,[2]]}", OCI_ERR_TYPE, "/numbers/1", 1, 29},
    {"{\"version\":\"1\",\"numbers\":[1,null]}", OCI_ERR_TYPE, "/numbers/1", 1, 29},
    {"{\"version\":\"1\",\"leaves\":[{}]}", OCI_ERR_REQUIRED, "/leaves/0", 1, 26},
    {"{\"version\":\"1\",\"named\":{\"k\":{\"id\":1}}}", OCI_ERR_REQUIRED, "/named/k", 1, 29},
    {"{\"version\":\"1\",\"named\":{\"k\":[]}}", OCI_ERR_TYPE, "/named/k", 1, 29},
    {"{\"version\":\"1\",\"leaf\":{\"name\":\"\",\"id\":-1}}", OCI_ERR_RANGE, "/leaf/id", 1, 39},
    {"{\"version\":\"1\",\"colors\":[\"red\",\"gren\"]}", OCI_ERR_ENUM, "/colors/1", 1, 32},
    {"{\"version\":\"1\",\n \"strings\": []}", OCI_ERR_TOO_FEW, "/strings", 2, 13},
    {"\xef\xbb\xbf{}", OCI_ERR_ENCODING, "", 1, 1},
    {"{\"version\":\"\\u0000\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\\ud800\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\\udc00\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\\ud800\\u0041\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\\ud800\\ud800\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xc0\xaf\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xe0\x80\xaf\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xed\xa0\x80\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xf4\x90\x80\x80\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xf0\x80\x80\x80\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\x80\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"\xff\"}", OCI_ERR_ENCODING, "", 1, 13},
    {"{\"version\":\"aaaaaaaaaaaaaaaaaaaaaaaaaa\xe2\x82\"}", OCI_ERR_ENCODING, "", 1, 39},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_finding(cases[i].text, cases[i].code, cases[i].pointer, cases[i].line,
                       cases[i].column);
}

static void test_messages(void **state)
{
    (void)state;
    expect_message(
        "{\"version\":\"1\",\"u32\":\"12\"}",
        "1:22: error: /u32: expected an integer from 0 to 4294967295, found the string \"12\"");
    expect_message("{\"version\":\"1\",\"score\":-6}",
                   "1:24: error: /score: expected an integer from -5 to 7, found the number -6");
    expect_message(
        "{\"version\":\"1\",\"color\":\"gren\"}",
        "1:24: error: /color: expected one of \"red\", \"green\", \"blue-green\", found the string "
        "\"gren\"; did you mean \"green\"?");
    expect_message("{\"version\":\"1\",\"labels\":[]}",
                   "1:25: error: /labels: expected an object, found an array");
    expect_message("{\"version\":\"1\",\"strings\":{}}",
                   "1:26: error: /strings: expected an array of strings, found an object");
    expect_message(
        "{\"version\":\"1\",\"word\":\"b\"}",
        "1:23: error: /word: expected a string that matches ^a+$, found the string \"b\"");
    expect_message("{\"version\":\"1\",\"strings\":[]}",
                   "1:26: error: /strings: expected at least 1 item, found 0");
    expect_message("{\"u8\":1}", "1:1: error: the required member \"version\" is missing");
    expect_message("{\"u8\":1,\"u8\":2}", "1:1: error: the required member \"version\" is missing");
    expect_message("{\"version\":\"1\",\"u8\":1,\"u8\":2}",
                   "1:23: error: /u8: the member \"u8\" stands twice in this object");
    expect_message("{\"version\":",
                   "1:12: error: /version: the text ends before a member's value; the object "
                   "that is open begins at 1:1");
    expect_message("{\"version\":\"a",
                   "1:12: error: /version: the text ends within a string, which begins here; "
                   "the object that is open begins at 1:1");
    expect_message(
        "{\"version\":\"1\",\n \"numbers\":[1,2\n\n",
        "2:16: error: /numbers: the text ends within an array; the array that is open begins "
        "at 2:12");
    expect_message("{\"version\":\"1\",\"u32\":0022}",
                   "1:22: error: expected a number without a zero in front, found the number 0022");
    expect_message("{\"version\":\"1\",\"x\":-01}",
                   "1:20: error: expected a number without a zero in front, found the number -01");
    expect_message("{\"version\":\"1\",}", "1:16: error: a comma too many before '}'");
    expect_message("{\"version\":\"1\",\"numbers\":[1,]}",
                   "1:29: error: /numbers/1: a comma too many before ']'");
    expect_message("{\"version\":\"1\",\"b\":True}",
                   "1:20: error: /b: expected a value, found the word \"True\"; JSON has true");
    expect_message("{\"version\":\"1\",\"raw\":None}",
                   "1:22: error: /raw: expected a value, found the word \"None\"; JSON has null");
    expect_message("{'version':1}",
                   "1:2: error: expected a member name in double quotes or '}', found "
                   "a single quote; JSON has double ones");
    expect_message("{\"verzion\":\"1\"}",
                   "1:1: error: the required member \"version\" is missing; there is \"verzion\"");
    expect_message("", "1:1: error: the text is empty");
    expect_message("{\"version\":\"1\"]", "1:15: error: expected ',' or '}', found ']'");
    expect_message(
        "{\"version\":\"1\",\"b\":\"\\u001b[31m\\u202e\xc2\x9b\"}",
        "1:20: error: /b: expected true or false, found the string \"\\u001b[31m\\u202e\\u009b\"");
    expect_message("{\"version\":\"1\",\"b\":\"0123456789012345678901234567890123456789012345\"}",
                   "1:20: error: /b: expected true or false, found the string "
                   "\"0123456789012345678901234567890123456789...\"");
}

/* Escapes make an excerpt six times as long; the carets must be there all the same. */
static void test_excerpt_of_controls(void **state)
{
    char text[1200] = "{\"version\":\"1\",\"b\":\"";
    size_t length = strlen(text);
    oci_document *document = NULL;
    oci_report *report = NULL;
    const struct oci_finding *finding;

    (void)state;
    memset(text + length, 0x7f, 1000);
    memcpy(text + length + 1000, "\"}", 3);
    assert_int_equal(oci_parse(sample_type(), text, strlen(text), NULL, &document, &report),
                     OCI_ERR_TYPE);
    finding = oci_report_get(report, 0);
    assert_int_equal(finding->excerpt[strlen(finding->excerpt) - 1], '\n');
    assert_non_null(strchr(finding->excerpt, '^'));
    assert_non_null(strstr(finding->message, "expected true or false"));
    oci_report_free(report);
}

static void test_several(void **state)
{
    static const char text[] = "{\"b\":1,\n\"u8\":256,\n\"leaf\":{},\n\"numbers\":[-1,2,3.0]}";
    static const char *const pointers[] = {"", "/b", "/u8", "/leaf", "/numbers/0", "/numbers/2"};
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;

    (void)state;
    assert_int_equal(oci_parse(sample_type(), text, sizeof(text) - 1, NULL, &document, &report),
                     OCI_ERR_REQUIRED);
    assert_int_equal(oci_report_count(report), 6);
    assert_int_equal(oci_report_total(report), 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(oci_report_get(report, i)->pointer, pointers[i]);
    assert_null(oci_report_get(report, 6));
    oci_report_free(report);

    options.max_findings = 2;
    options.name = "a.json";
    assert_int_equal(oci_parse(sample_type(), text, sizeof(text) - 1, &options, &document, &report),
                     OCI_ERR_TYPE);
    assert_int_equal(oci_report_count(report), 2);
    assert_int_equal(oci_report_total(report), 6);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "a.json:1:6: error: /b: expected true or false, found the number 1");
    oci_report_free(report);
}

static void test_unknown(void **state)
{
    static const char text[] =
        "{\"version\":\"1\",\"nmubers\":[],\"leaf\":{\"name\":\"\",\"ix\":1}}";
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;
    const struct oci_finding *finding;

    (void)state;
    options.unknown = OCI_UNKNOWN_WARN;
    assert_int_equal(oci_parse(sample_type(), text, sizeof(text) - 1, &options, &document, &report),
                     0);
    assert_int_equal(oci_report_count(report), 2);
    assert_null(oci_report_first_error(report));
    finding = oci_report_get(report, 0);
    assert_int_equal(finding->severity, OCI_SEVERITY_WARNING);
    assert_int_equal(finding->code, OCI_ERR_UNKNOWN_MEMBER);
    assert_string_equal(finding->pointer, "/nmubers");
    assert_string_equal(finding->suggestion, "numbers");
    assert_int_equal(finding->column, 16);
    assert_string_equal(oci_report_get(report, 1)->pointer, "/leaf/ix");
    assert_string_equal(oci_report_get(report, 1)->suggestion, "id");
    oci_report_free(report);
    oci_document_free(document);

    document = NULL;
    options.unknown = OCI_UNKNOWN_REFUSE;
    assert_int_equal(oci_parse(sample_type(), text, sizeof(text) - 1, &options, &document, &report),
                     OCI_ERR_UNKNOWN_MEMBER);
    assert_null(document);
    assert_string_equal(
        oci_report_first_error(report)->message,
        "1:16: error: /nmubers: unknown member \"nmubers\"; did you mean \"numbers\"?");
    oci_report_free(report);
}

/* A list full of warnings must still show the error that was returned. */
static void test_error_after_warnings(void **state)
{
    static const char text[] = "{\"version\":\"1\",\"x\":1,\"y\":2,\"b\":1}";
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_document *document = NULL;
    oci_report *report = NULL;

    (void)state;
    options.unknown = OCI_UNKNOWN_WARN;
    options.max_findings = 1;
    assert_int_equal(oci_parse(sample_type(), text, sizeof(text) - 1, &options, &document, &report),
                     OCI_ERR_TYPE);
    assert_string_equal(oci_report_first_error(report)->pointer, "/b");
    assert_int_equal(oci_report_total(report), 3);
    oci_report_free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_excerpt_of_controls),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_error_after_warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
