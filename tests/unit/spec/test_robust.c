/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing that a document or the lack of memory can do may crash, hang, leak or be taken for
 * success: truncation, mutation, depth, sizes, failing allocations, threads.
 */
#include "sample.h"

#include <pthread.h>

static int parse_bytes(const char *text, size_t length, const struct oci_parse_options *options)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    /* A copy of the exact size lets the address sanitizer see any read beyond the end. */
    char *copy = malloc(length > 0 ? length : 1);
    int result;

    memcpy(copy, text, length);
    result = oci_parse(sample_type(), copy, length, options, &document, &report);
    assert_int_equal(result == 0, document != NULL);
    assert_int_equal(result < 0, oci_report_first_error(report) != NULL);
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);

        assert_true(strlen(finding->message) < 1024);
        assert_true(finding->offset <= length);
        for (const char *c = finding->message; *c != '\0'; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    oci_report_free(report);
    oci_document_free(document);
    free(copy);
    return result;
}

static void test_every_truncation(void **state)
{
    size_t length = strlen(sample_text);

    (void)state;
    assert_int_equal(parse_bytes(sample_text, length, NULL), 0);
    assert_int_equal(parse_bytes(sample_text, length - 1, NULL), 0);
    for (size_t cut = 0; cut < length - 1; cut++) {
        int result = parse_bytes(sample_text, cut, NULL);

        assert_true(result == OCI_ERR_SYNTAX || result == OCI_ERR_ENCODING);
    }
}

static void test_every_mutation(void **state)
{
    static const char bytes[] = "\0\1\n\f \"',-./0:[\\]eu{}~\x7f\x80\xc3\xe2\xed\xf0\xff";
    size_t length = strlen(sample_text);
    char *text = malloc(length);

    (void)state;
    memcpy(text, sample_text, length);
    for (size_t at = 0; at < length; at++) {
        for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
            text[at] = bytes[i];
            (void)parse_bytes(text, length, NULL);
        }
        text[at] = (char)(sample_text[at] ^ 1);
        (void)parse_bytes(text, length, NULL);
        text[at] = sample_text[at];
    }
    free(text);
}

static void test_all_bytes_in_small_document(void **state)
{
    static const char small[] = "{\"version\":\"1\",\"numbers\":[1],\"x\":{\"\\u0061\":null}}";
    char text[sizeof(small)];

    (void)state;
    for (size_t at = 0; at < sizeof(small) - 1; at++) {
        memcpy(text, small, sizeof(small));
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            (void)parse_bytes(text, sizeof(small) - 1, NULL);
        }
    }
}

/* A million levels; what was wrong before the limit was met comes first in the report. */
static void nested(const char *member, const char *open, int expected)
{
    size_t unit = strlen(open), levels = 1000000, length;
    char *text = malloc(levels * unit + 200);
    oci_document *document = NULL;
    oci_report *report = NULL;

    length = (size_t)sprintf(text, "{\"version\":\"1\",\"%s\":", member);
    for (size_t i = 0; i < levels; i++, length += unit)
        memcpy(text + length, open, unit);
    assert_int_equal(oci_parse(sample_type(), text, length, NULL, &document, &report), expected);
    assert_null(document);
    assert_int_equal(oci_report_get(report, oci_report_count(report) - 1)->code, OCI_ERR_DEPTH);
    oci_report_free(report);
    free(text);
}

static void test_depth(void **state)
{
    (void)state;
    nested("x", "[", OCI_ERR_DEPTH);
    nested("x", "{\"a\":", OCI_ERR_DEPTH);
    nested("raw", "[", OCI_ERR_DEPTH);
    nested("raw", "[{\"a\":", OCI_ERR_DEPTH);
    nested("raws", "[", OCI_ERR_DEPTH);
    nested("leaf", "{\"a\":", OCI_ERR_DEPTH);
    nested("named", "{\"a\":", OCI_ERR_DEPTH);
    nested("numbers", "[", OCI_ERR_TYPE);
    nested("labels", "{\"a\":", OCI_ERR_TYPE);
    nested("text", "[", OCI_ERR_TYPE);
    nested("leaf", "[", OCI_ERR_TYPE);
}

static int parse_nested(size_t levels, uint32_t max_depth)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    char *text = malloc(levels * 2 + 200);
    size_t length = (size_t)sprintf(text, "{\"version\":\"1\",\"x\":");
    int result;

    memset(text + length, '[', levels);
    memset(text + length + levels, ']', levels);
    length += 2 * levels;
    text[length++] = '}';
    options.max_depth = max_depth;
    result = parse_bytes(text, length, &options);
    free(text);
    return result;
}

static void test_depth_limit_exactly(void **state)
{
    (void)state;
    assert_int_equal(parse_nested(63, 0), 0);
    assert_int_equal(parse_nested(64, 0), OCI_ERR_DEPTH);
    assert_int_equal(parse_nested(1, 1), OCI_ERR_DEPTH);
    assert_int_equal(parse_nested(1, 2), 0);
    assert_int_equal(parse_nested(100000, 200000), 0);
}

static void test_sizes(void **state)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    size_t room = 3u << 20;
    char *text = malloc(room);
    int length;

    (void)state;
    options.max_bytes = 14;
    assert_int_equal(parse_bytes("{\"version\":\"\"}", 14, &options), 0);
    options.max_bytes = 13;
    assert_int_equal(parse_bytes("{\"version\":\"\"}", 14, &options), OCI_ERR_TOO_LARGE);

    options.max_bytes = 0;
    options.max_values = 4;
    assert_int_equal(parse_bytes("{\"version\":\"\",\"x\":[1]}", 22, &options), 0);
    assert_int_equal(parse_bytes("{\"version\":\"\",\"x\":[1,2]}", 24, &options),
                     OCI_ERR_TOO_LARGE);

    length = sprintf(text, "{\"version\":\"%0*d\"}", 1 << 20, 0);
    assert_int_equal(parse_bytes(text, (size_t)length, NULL), 0);
    length = sprintf(text, "{\"version\":\"%0*d\"}", (1 << 20) + 1, 0);
    assert_int_equal(parse_bytes(text, (size_t)length, NULL), OCI_ERR_TOO_LARGE);
    length = sprintf(text, "{\"version\":\"\",\"%0*d\":1}", (1 << 20) + 1, 0);
    assert_int_equal(parse_bytes(text, (size_t)length, NULL), OCI_ERR_TOO_LARGE);
    length = sprintf(text, "{\"version\":\"\",\"x\":1%063d}", 0);
    assert_int_equal(parse_bytes(text, (size_t)length, NULL), 0);
    length = sprintf(text, "{\"version\":\"\",\"x\":1%064d}", 0);
    assert_int_equal(parse_bytes(text, (size_t)length, NULL), OCI_ERR_TOO_LARGE);
    free(text);
}

/* The same document again and again until no allocation is left to fail. */
static void sweep(const char *text, int expected)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    struct counting_allocator counting;
    int result = OCI_ERR_NO_MEMORY;

    options.unknown = OCI_UNKNOWN_WARN;
    for (size_t n = 1; result == OCI_ERR_NO_MEMORY; n++) {
        oci_document *document = NULL;
        oci_report *report = NULL;

        counting_allocator_init(&counting, n);
        result = oci_parse_with_allocator(&counting.memory, sample_type(), text, strlen(text),
                                          &options, &document, &report);
        assert_int_equal(result, counting.calls < n ? expected : OCI_ERR_NO_MEMORY);
        if (result == OCI_ERR_NO_MEMORY)
            assert_true(document == NULL && report == NULL);
        oci_document_free(document);
        oci_report_free(report);
        assert_int_equal(counting.held, 0);
        assert_true(n < 10000);
    }
}

static void test_failing_allocations(void **state)
{
    (void)state;
    sweep(sample_text, 0);
    sweep("{\"b\":1,\"x\":{\"a\":1,\"\\u0061\":2},\"numbers\":{},\"colors\":[\"gren\"],\"b\":0}",
          OCI_ERR_REQUIRED);
    sweep("{\"version\":\"\\n\",\"x\":[[[\"\\t", OCI_ERR_SYNTAX);
    sweep("{\"version\":\"\xff\"}", OCI_ERR_ENCODING);
}

static void test_failing_allocations_of_the_writer(void **state)
{
    struct counting_allocator counting;
    oci_document *document = NULL;
    const struct sample *root = parse_good(sample_text, &document);
    int result = OCI_ERR_NO_MEMORY;
    size_t line, column;

    (void)state;
    for (size_t n = 1; result == OCI_ERR_NO_MEMORY; n++) {
        char *text = NULL;

        counting_allocator_init(&counting, n);
        result = oci_write_with_allocator(&counting.memory, sample_type(), root, 1, &text, NULL);
        assert_int_equal(result, counting.calls < n ? 0 : OCI_ERR_NO_MEMORY);
        assert_int_equal(result == 0, text != NULL);
        oci_free(text);
        counting.held -= text != NULL;
        assert_int_equal(counting.held, 0);
    }
    oci_document_free(document);
    result = OCI_ERR_NO_MEMORY;
    for (size_t n = 1; result == OCI_ERR_NO_MEMORY; n++) {
        counting_allocator_init(&counting, n);
        result = oci_locate_with_allocator(&counting.memory, sample_text, strlen(sample_text),
                                           "/empty", &line, &column);
        assert_int_equal(result, counting.calls < n ? 0 : OCI_ERR_NO_MEMORY);
        assert_int_equal(counting.held, 0);
    }
}

static void *parse_many(void *failed)
{
    for (int i = 0; i < 300; i++) {
        oci_document *document = NULL;
        oci_report *report = NULL;

        if (oci_parse(sample_type(), sample_text, strlen(sample_text), NULL, &document, &report) !=
            0)
            *(int *)failed = 1;
        oci_document_free(document);
        if (oci_parse(sample_type(), sample_text, 300, NULL, &document, &report) != OCI_ERR_SYNTAX)
            *(int *)failed = 1;
        oci_report_free(report);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    int failed[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_many, &failed[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failed[i], 0);
    }
}

/* Quadratic time over this many members would take minutes. */
static void test_many_members(void **state)
{
    size_t count = 200000, length = 0;
    char *text = malloc(count * 20 + 100);

    (void)state;
    length += (size_t)sprintf(text, "{\"version\":\"1\",\"labels\":{");
    for (size_t i = 0; i < count; i++)
        length += (size_t)sprintf(text + length, "%s\"%zu\":\"\"", i > 0 ? "," : "", count - i);
    length += (size_t)sprintf(text + length, "}");
    for (size_t i = 0; i < count / 2; i++)
        length += (size_t)sprintf(text + length, ",\"x%zu\":0", count - i);
    text[length++] = '}';
    assert_int_equal(parse_bytes(text, length, NULL), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_mutation),
        cmocka_unit_test(test_all_bytes_in_small_document),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_depth_limit_exactly),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_failing_allocations_of_the_writer),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_many_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
