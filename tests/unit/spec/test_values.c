/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that are read: every kind and shape, integers at their bounds and one beyond.
 */
#include "sample.h"

static char document_text[4096];

static const char *with(const char *member, const char *value)
{
    (void)snprintf(document_text, sizeof(document_text), "{\"version\":\"1\",\"%s\":%s}", member,
                   value);
    return document_text;
}

static void accepts(const char *member, const char *value)
{
    oci_document *document = NULL;
    char *text = NULL;

    (void)parse_good(with(member, value), &document);
    assert_int_equal(
        oci_write(sample_type(), oci_document_root(document, sample_type()), 0, &text, NULL), 0);
    assert_string_equal(text, document_text);
    oci_free(text);
    oci_document_free(document);
}

static void refuses(const char *member, const char *value, int code)
{
    char pointer[64];

    (void)snprintf(pointer, sizeof(pointer), "/%s", member);
    expect_finding(with(member, value), code, pointer, 1, 19 + strlen(member));
}

static void test_integer_bounds(void **state)
{
    static const struct {
        const char *member, *low, *high, *below, *above;
    } cases[] = {
        {"i8", "-128", "127", "-129", "128"},
        {"i16", "-32768", "32767", "-32769", "32768"},
        {"i32", "-2147483648", "2147483647", "-2147483649", "2147483648"},
        {"i64", "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
         "9223372036854775808"},
        {"u8", "0", "255", "-1", "256"},
        {"u16", "0", "65535", "-1", "65536"},
        {"u32", "0", "4294967295", "-1", "4294967296"},
        {"u64", "0", "18446744073709551615", "-1", "18446744073709551616"},
        {"mode", "1", "4095", "0", "4096"},
        {"score", "-5", "7", "-6", "8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        accepts(cases[i].member, cases[i].low);
        accepts(cases[i].member, cases[i].high);
        refuses(cases[i].member, cases[i].below, OCI_ERR_RANGE);
        refuses(cases[i].member, cases[i].above, OCI_ERR_RANGE);
        refuses(cases[i].member, "-18446744073709551616", OCI_ERR_RANGE);
        refuses(cases[i].member, "99999999999999999999999999999999999999", OCI_ERR_RANGE);
        refuses(cases[i].member, "-0", OCI_ERR_TYPE);
        refuses(cases[i].member, "1.0", OCI_ERR_TYPE);
        refuses(cases[i].member, "1e0", OCI_ERR_TYPE);
        refuses(cases[i].member, "1E+2", OCI_ERR_TYPE);
        refuses(cases[i].member, "\"1\"", OCI_ERR_TYPE);
        refuses(cases[i].member, "true", OCI_ERR_TYPE);
        refuses(cases[i].member, "null", OCI_ERR_TYPE);
        refuses(cases[i].member, "[1]", OCI_ERR_TYPE);
        refuses(cases[i].member, "{}", OCI_ERR_TYPE);
    }
}

static void test_wrong_types(void **state)
{
    static const struct {
        const char *member, *values[6];
    } cases[] = {
        {"b", {"null", "0", "\"true\"", "[]", "{}", "1"}},
        {"text", {"null", "0", "true", "[]", "{}", "1.5"}},
        {"color", {"null", "0", "true", "[]", "{}", "1"}},
        {"leaf", {"null", "0", "true", "[]", "\"\"", "[{}]"}},
        {"raw_object", {"null", "0", "true", "[]", "\"\"", "[{}]"}},
        {"numbers", {"null", "0", "true", "{}", "\"\"", "{\"a\":[]}"}},
        {"leaves", {"null", "0", "true", "{}", "\"\"", "{\"a\":[]}"}},
        {"labels", {"null", "0", "true", "[]", "\"\"", "[{}]"}},
        {"named", {"null", "0", "true", "[]", "\"\"", "[{}]"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < 6; j++)
            refuses(cases[i].member, cases[i].values[j], OCI_ERR_TYPE);
    }
}

static void test_other_values(void **state)
{
    static const char *const raws[] = {"null", "0",  "-0", "1e400",
                                       "true", "[]", "{}", "\"\\u00e9\""};

    (void)state;
    accepts("word", "\"a\"");
    accepts("word", "\"aaaa\"");
    refuses("word", "\"\"", OCI_ERR_PATTERN);
    refuses("word", "\"aab\"", OCI_ERR_PATTERN);
    refuses("word", "\"baa\"", OCI_ERR_PATTERN);
    accepts("color", "\"red\"");
    refuses("color", "\"Red\"", OCI_ERR_ENUM);
    refuses("color", "\"\"", OCI_ERR_ENUM);
    accepts("b", "false");
    accepts("strings", "[\"\"]");
    refuses("strings", "[]", OCI_ERR_TOO_FEW);
    accepts("numbers", "[]");
    accepts("labels", "{}");
    accepts("leaves", "[]");
    accepts("text", "\"\\u001b\\n\"");
    for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
        accepts("raw", raws[i]);
        accepts("Raw", raws[i]);
    }
}

static void test_all_fields(void **state)
{
    oci_document *document = NULL;
    const struct sample *s = parse_good(sample_text, &document);

    (void)state;
    assert_string_equal(s->version, "1.0");
    assert_true(s->has_b && s->b && s->has_i8 && s->has_u64);
    assert_int_equal(s->i8, INT8_MIN);
    assert_true(s->i64 == INT64_MIN && s->u64 == UINT64_MAX);
    assert_string_equal(s->text, "a\"b\\c\n\xc3\xa9 \xf0\x9f\x98\x80 \xc3\xa9");
    assert_int_equal(s->color, 3);
    assert_string_equal(s->leaf->name, "x");
    assert_int_equal(s->leaf->unknown.count, 1);
    assert_string_equal(s->leaf->unknown.items[0].json, "[1, {\"k\": null}]");
    assert_string_equal(s->raw, "[1, 2.50, {\"z\": \"}\"}]");
    assert_int_equal(s->numbers_count, 3);
    assert_int_equal(s->numbers[2], UINT32_MAX);
    assert_string_equal(s->strings[0], "one");
    assert_int_equal(s->colors[0], 1);
    assert_int_equal(s->leaves_count, 2);
    assert_string_equal(s->leaves[0].unknown.items[0].name, "x-1");
    assert_true(s->leaves[1].has_id && !s->leaves[0].has_id);
    assert_string_equal(s->raws[3], "{}");
    assert_int_equal(s->labels_count, 3);
    assert_string_equal(s->labels[0].key, "");
    assert_string_equal(s->labels[1].key, "a");
    assert_string_equal(s->labels[2].value, "2");
    assert_string_equal(s->named[0].key, "j");
    assert_string_equal(s->named[0].value.name, "w");
    assert_int_equal(s->unknown.count, 3);
    assert_string_equal(s->unknown.items[2].json, "null");
    oci_document_free(document);
}

static void test_absent_and_empty(void **state)
{
    oci_document *document = NULL;
    const struct sample *s =
        parse_good("{\"version\":\"\",\"numbers\":[],\"sizes\":{}}", &document);

    (void)state;
    assert_true(s->numbers != NULL && s->numbers_count == 0);
    assert_true(s->sizes != NULL && s->sizes_count == 0);
    assert_true(s->strings == NULL && s->labels == NULL && s->leaf == NULL && !s->has_u8);
    assert_null(oci_document_root(document, NULL));
    assert_ptr_equal(oci_document_type(document), sample_type());
    assert_string_equal(oci_type_name(sample_type()), "sample");
    oci_document_free(document);
    oci_document_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integer_bounds),   cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_other_values),     cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_absent_and_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
