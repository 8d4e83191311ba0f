/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that come in pieces, in part, or from no text at all; single values; limits that are set;
 * excerpts.
 */
#include "sample.h"

static void compare_pieces(const char *text, size_t length, size_t piece)
{
    oci_document *whole = NULL, *parts = NULL;
    oci_report *whole_report = NULL, *parts_report = NULL;
    oci_parser *parser = NULL;
    int whole_result = oci_parse(sample_type(), text, length, NULL, &whole, &whole_report), result;

    assert_int_equal(oci_parser_new(sample_type(), NULL, &parser), 0);
    for (size_t at = 0; at < length; at += piece) {
        char bytes[64];
        size_t size = length - at < piece ? length - at : piece;

        memcpy(bytes, text + at, size);
        assert_int_equal(oci_parser_feed(parser, bytes, size), 0);
        memset(bytes, 'x', sizeof(bytes));
    }
    result = oci_parser_finish(parser, &parts, &parts_report);
    assert_int_equal(result, whole_result);
    assert_int_equal(oci_report_count(parts_report), oci_report_count(whole_report));
    for (size_t i = 0; i < oci_report_count(whole_report); i++)
        assert_string_equal(oci_report_get(parts_report, i)->message,
                            oci_report_get(whole_report, i)->message);
    if (result == 0) {
        char *one = NULL, *other = NULL;

        assert_int_equal(
            oci_write(sample_type(), oci_document_root(whole, sample_type()), 0, &one, NULL), 0);
        assert_int_equal(
            oci_write(sample_type(), oci_document_root(parts, sample_type()), 0, &other, NULL), 0);
        assert_string_equal(one, other);
        oci_free(one);
        oci_free(other);
    }
    oci_document_free(whole);
    oci_document_free(parts);
    oci_report_free(whole_report);
    oci_report_free(parts_report);
    oci_parser_free(parser);
}

static void test_pieces(void **state)
{
    static const char *const bad[] = {"", "{", "{\"version\":1}", "{\"version\":\"\xc3\"}",
                                      "{\"version\":\"1\"} x"};

    (void)state;
    for (size_t piece = 1; piece < 32; piece++) {
        compare_pieces(sample_text, strlen(sample_text), piece);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
            compare_pieces(bad[i], strlen(bad[i]), piece);
    }
}

static void test_parser_again(void **state)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    char name[] = "first";
    oci_document *document = NULL;
    oci_report *report = NULL;
    oci_parser *parser = NULL;

    (void)state;
    options.name = name;
    options.max_bytes = 16;
    assert_int_equal(oci_parser_new(sample_type(), &options, &parser), 0);
    memset(name, 'x', sizeof(name) - 1);
    assert_int_equal(oci_parser_feed(parser, "{\"version\":\"1\"}", 15), 0);
    assert_int_equal(oci_parser_feed(parser, " ", 1), 0);
    assert_int_equal(oci_parser_feed(parser, " ", 1), OCI_ERR_TOO_LARGE);
    assert_int_equal(oci_parser_feed(parser, " ", 1), OCI_ERR_TOO_LARGE);
    assert_int_equal(oci_parser_finish(parser, &document, &report), OCI_ERR_TOO_LARGE);
    assert_null(document);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "first: error: larger than the limit of 16 bytes");
    oci_report_free(report);
    assert_int_equal(oci_parser_feed(parser, "{\"version\":\"2\"}", 15), 0);
    assert_int_equal(oci_parser_finish(parser, &document, &report), 0);
    assert_null(report);
    assert_string_equal(((struct sample *)oci_document_root(document, sample_type()))->version,
                        "2");
    oci_document_free(document);
    oci_parser_free(parser);
    oci_parser_free(NULL);
}

static void test_new(void **state)
{
    oci_document *document = NULL;
    struct sample *value;
    char *text = NULL;
    uint32_t *numbers;

    (void)state;
    assert_int_equal(oci_document_new(sample_type(), &document), 0);
    value = oci_document_root(document, sample_type());
    assert_string_equal(value->version, "1.0");
    assert_non_null(value->leaf);
    assert_null(value->leaf->name);
    assert_non_null(value->maybe);
    assert_int_equal(value->maybe_count, 0);
    assert_int_equal(oci_write(sample_type(), value, 0, &text, NULL), OCI_ERR_INVALID_ARGUMENT);
    value->leaf->name = oci_document_text(document, "name");
    numbers = oci_document_alloc(document, 2 * sizeof(*numbers));
    assert_int_equal(numbers[1], 0);
    value->numbers = numbers;
    value->numbers_count = 2;
    assert_int_equal(oci_write(sample_type(), value, 0, &text, NULL), 0);
    assert_string_equal(
        text, "{\"version\":\"1.0\",\"leaf\":{\"name\":\"name\"},\"numbers\":[0,0],\"maybe\":[]}");
    oci_free(text);
    oci_document_free(document);
    assert_null(oci_document_alloc(NULL, 1));
    assert_null(oci_document_text(NULL, ""));
    assert_int_equal(oci_document_new(NULL, &document), OCI_ERR_INVALID_ARGUMENT);
}

static void expect_limit(const char *text, const struct oci_parse_options *options,
                         const char *message)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    int result = oci_parse(sample_type(), text, strlen(text), options, &document, &report);

    assert_int_equal(result, OCI_ERR_TOO_LARGE);
    assert_null(document);
    assert_string_equal(oci_report_first_error(report)->message, message);
    oci_report_free(report);
}

static void test_limits(void **state)
{
    struct oci_parse_options string = OCI_PARSE_OPTIONS_INIT, number = string, memory = string;
    oci_document *document = NULL;
    size_t most;

    (void)state;
    string.max_string = 7;
    expect_limit(
        "{\"version\":\"12345678\"}", &string,
        "1:12: error: /version: expected at most 7 bytes in a string, found a longer string");
    expect_limit("{\"version\":\"1\",\"a2345678\":1}", &string,
                 "1:16: error: expected at most 7 bytes in a string, found a longer string");
    number.max_number = 3;
    expect_limit(
        "{\"version\":\"1\",\"x\":1000}", &number,
        "1:20: error: /x: expected at most 3 characters in a number, found a longer number");
    memory.max_memory = 10;
    expect_limit(
        "{\"version\":\"1\"}", &memory,
        "error: expected a document that takes at most 10 bytes of memory, found one that takes "
        "more");
    /* From some size on it is enough, and from there on always. */
    for (most = 10; most < 100000; most += 10) {
        memory.max_memory = most;
        if (oci_parse(sample_type(), sample_text, strlen(sample_text), &memory, &document, NULL) ==
            0)
            break;
    }
    assert_true(most > 500 && most < 10000);
    oci_document_free(document);
    document = NULL;
    memory.max_memory = most + 4096;
    assert_int_equal(
        oci_parse(sample_type(), sample_text, strlen(sample_text), &memory, &document, NULL), 0);
    assert_non_null(oci_document_alloc(document, 200000));
    oci_document_free(document);
}

static void expect_excerpt(const char *text, const char *excerpt, size_t length)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    const struct oci_finding *finding;

    assert_true(oci_parse(sample_type(), text, strlen(text), NULL, &document, &report) < 0);
    finding = oci_report_first_error(report);
    assert_string_equal(finding->excerpt, excerpt);
    assert_int_equal(finding->length, length);
    oci_report_free(report);
}

static void test_excerpts(void **state)
{
    char wide[600], expected[600];

    (void)state;
    expect_excerpt("{\"version\":\"1\",\n\t\"u8\": 256 }\n",
                   " \"u8\": 256 }\n"
                   "       ^~~\n",
                   3);
    expect_excerpt("{\"version\": []}",
                   "{\"version\": []}\n"
                   "            ^\n",
                   1);
    expect_excerpt("{\"version\":\"1\",\"\xc3\xa9\":\"\xc3\xa9\",\"u8\":\"\xc3\xa9\xc3\xa9\"}",
                   "{\"version\":\"1\",\"\xc3\xa9\":\"\xc3\xa9\",\"u8\":\"\xc3\xa9\xc3\xa9\"}\n"
                   "                            ^~~~\n",
                   6);
    /* Wide characters take two cells, and a mark that joins the one before it none. */
    expect_excerpt(
        "{\"version\":\"1\",\"\xe4\xb8\x96\":\"e\xcc\x81\",\"u8\":\"\xf0\x9f\x90\x8b\"}",
        "{\"version\":\"1\",\"\xe4\xb8\x96\":\"e\xcc\x81\",\"u8\":\"\xf0\x9f\x90\x8b\"}\n"
        "                             ^~~~\n",
        6);
    expect_excerpt("{\"version\":\"1\",\"i8\":1,\"i8\":2}",
                   "{\"version\":\"1\",\"i8\":1,\"i8\":2}\n"
                   "                      ^~~~\n",
                   4);
    expect_excerpt("{\"version\":\"\x1b\"}\r\n",
                   "{\"version\":\"\\u001b\"}\n"
                   "            ^\n",
                   0);
    expect_excerpt("{", "{\n ^\n", 0);
    memset(wide, ' ', sizeof(wide));
    memcpy(wide, "{\"version\":\"1\",", 15);
    memcpy(wide + 300, "\"u8\":-1", 7);
    memcpy(wide + 590, "}", 2);
    (void)snprintf(expected, sizeof(expected), "...%67s\"u8\":-1%46s...\n%75s^~\n", "", "", "");
    expect_excerpt(wide, expected, 2);
}

static void test_partial(void **state)
{
    static const char text[] =
        "{\"i8\":1,\"u8\":300,\"color\":\"pink\",\"b\":\"no\",\"strings\":[1,\"a\"],"
        "\"leaf\":{\"id\":7}}";
    oci_document *document = NULL;
    oci_report *report = NULL;
    const struct sample *value;

    (void)state;
    assert_true(oci_parse_partial(&oci_default_allocator, sample_type(), text, strlen(text), NULL,
                                  &document, &report) < 0);
    assert_int_equal(oci_report_count(report), 6);
    value = oci_document_root(document, sample_type());
    assert_null(value->version);
    assert_true(value->has_i8);
    assert_false(value->has_u8);
    assert_false(value->has_b);
    assert_int_equal(value->color, 0);
    assert_int_equal(value->strings_count, 2);
    assert_null(value->strings[0]);
    assert_int_equal(value->leaf->id, 7);
    oci_report_free(report);
    oci_document_free(document);
    document = NULL;
    assert_int_equal(oci_parse_partial(&oci_default_allocator, sample_type(), "{\"i8\":", 6, NULL,
                                       &document, &report),
                     OCI_ERR_SYNTAX);
    assert_null(document);
    oci_report_free(report);
    assert_int_equal(
        oci_parse_partial(&oci_default_allocator, sample_type(), "[]", 2, NULL, &document, &report),
        OCI_ERR_TYPE);
    assert_null(document);
    oci_report_free(report);
}

/* Every allocation fails once. */
static void test_no_memory(void **state)
{
    static const char text[] = "{\"version\":\"1\",\"leaf\":{\"id\":1,\"name\":\"n\"},\"x\":[1]}";
    struct counting_allocator counting;
    oci_document *document = NULL;
    int result = OCI_ERR_NO_MEMORY;

    (void)state;
    for (size_t fail = 1; result != 0; fail++) {
        oci_parser *parser = NULL;
        struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;

        options.name = "name";
        counting_allocator_init(&counting, fail);
        result = oci_parser_new_with_allocator(&counting.memory, sample_type(), &options, &parser);
        if (result == 0) {
            (void)oci_parser_feed(parser, text, strlen(text));
            result = oci_parser_finish(parser, &document, NULL);
        }
        assert_true(result == 0 || result == OCI_ERR_NO_MEMORY);
        assert_int_equal(result == 0, document != NULL);
        oci_parser_free(parser);
        oci_document_free(document);
        assert_int_equal(counting.held, 0);
    }
    document = NULL;
    result = OCI_ERR_NO_MEMORY;
    for (size_t fail = 1; result != 0; fail++) {
        counting_allocator_init(&counting, fail);
        result = oci_document_new_with_allocator(&counting.memory, sample_type(), &document);
        assert_true(result == 0 || result == OCI_ERR_NO_MEMORY);
        oci_document_free(document);
        assert_int_equal(counting.held, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),    cmocka_unit_test(test_parser_again),
        cmocka_unit_test(test_new),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_excerpts),  cmocka_unit_test(test_partial),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
