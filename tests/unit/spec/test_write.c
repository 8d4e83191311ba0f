/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing: the round trip, structs filled by hand, what is refused; and finding places by pointer.
 */
#include "sample.h"

static char *write_good(const struct sample *value, unsigned flags)
{
    char *text = NULL;
    size_t length = 0;

    assert_int_equal(oci_write(sample_type(), value, flags, &text, &length), 0);
    assert_int_equal(strlen(text), length);
    return text;
}

static void round_trip(const char *from, unsigned flags)
{
    oci_document *first = NULL, *second = NULL;
    char *once = write_good(parse_good(from, &first), flags), *twice;

    twice = write_good(parse_good(once, &second), flags);
    assert_string_equal(once, twice);
    oci_free(once);
    oci_free(twice);
    oci_document_free(first);
    oci_document_free(second);
}

static void test_round_trip(void **state)
{
    oci_document *document = NULL;
    char *pretty, *compact;

    (void)state;
    round_trip(sample_text, OCI_WRITE_COMPACT);
    round_trip(sample_text, OCI_WRITE_PRETTY);
    pretty = write_good(parse_good(sample_text, &document), OCI_WRITE_PRETTY);
    compact = write_good(oci_document_root(document, sample_type()), OCI_WRITE_COMPACT);
    assert_null(strchr(compact, '\n'));
    oci_document_free(document);
    document = NULL;
    oci_free(write_good(parse_good(compact, &document), OCI_WRITE_PRETTY));
    {
        char *again = write_good(oci_document_root(document, sample_type()), OCI_WRITE_PRETTY);

        assert_string_equal(again, pretty);
        oci_free(again);
    }
    assert_non_null(
        strstr(compact, "\"com.example\":{\"deep\":[[{\"a\":1e400,\"b\\u0062\":-0}]]}"));
    oci_document_free(document);
    oci_free(pretty);
    oci_free(compact);
}

static void test_layout(void **state)
{
    oci_document *document = NULL;
    char *text =
        write_good(parse_good("{\"x\":{\"a\":[ ],\"b\":[1,{}]},\"numbers\":[1,2],\"labels\":{},"
                              "\"version\":\"\\u0001\\u007f/\"}",
                              &document),
                   OCI_WRITE_PRETTY);

    (void)state;
    assert_string_equal(text, "{\n"
                              "    \"x\": {\n"
                              "        \"a\": [],\n"
                              "        \"b\": [\n"
                              "            1,\n"
                              "            {}\n"
                              "        ]\n"
                              "    },\n"
                              "    \"numbers\": [\n"
                              "        1,\n"
                              "        2\n"
                              "    ],\n"
                              "    \"labels\": {},\n"
                              "    \"version\": \"\\u0001\x7f/\"\n"
                              "}\n");
    oci_free(text);
    oci_document_free(document);
}

static void expect_rewritten(const char *text, const char *expected)
{
    oci_document *document = NULL;
    char *written = write_good(parse_good(text, &document), OCI_WRITE_COMPACT);

    assert_string_equal(written, expected);
    oci_free(written);
    oci_document_free(document);
}

/* A text without blanks comes out as it went in, whatever the order of its members. */
static void test_order(void **state)
{
    static const char *const texts[] = {
        "{\"version\":\"1\",\"i8\":1,\"x\":2}",
        "{\"x\":2,\"version\":\"1\"}",
        "{\"i8\":1,\"version\":\"1\",\"b\":true}",
        "{\"a\":1,\"version\":\"1\",\"b\":true,\"c\":[1],\"i8\":1,\"d\":{}}",
        "{\"version\":\"1\",\"leaf\":{\"id\":1,\"z\":0,\"name\":\"n\"}}",
        "{\"leaves\":[{\"id\":1,\"name\":\"n\"},{\"name\":\"m\",\"id\":2}],\"version\":\"1\"}",
        "{\"named\":{\"k\":{\"y\":1,\"name\":\"n\"}},\"version\":\"1\"}",
        "{\"maybe\":null,\"version\":\"1\"}",
        "{\"version\":\"1\",\"maybe\":null}",
        "{\"x\":1,\"maybe\":null,\"version\":\"1\",\"y\":2}",
        "{\"version\":\"1\",\"maybe\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_rewritten(texts[i], texts[i]);
}

/* More members than their order is kept for: none is lost. */
static void test_order_of_many(void **state)
{
    char text[8192], *at = text;
    oci_document *document = NULL;
    struct sample *s;

    (void)state;
    at += sprintf(at, "{");
    for (int i = 0; i < 300; i++)
        at += sprintf(at, "\"x%d\":%d,", i, i);
    at += sprintf(at, "\"b\":true,\"version\":\"1\"}");
    s = parse_good(text, &document);
    assert_int_equal(s->unknown.count, 300);
    oci_document_free(document);
    document = NULL;
    {
        char *once = write_good(parse_good(text, &document), OCI_WRITE_COMPACT), *twice;

        oci_document_free(document);
        document = NULL;
        twice = write_good(parse_good(once, &document), OCI_WRITE_COMPACT);
        assert_int_equal(strlen(once), strlen(text));
        assert_string_equal(once, twice);
        assert_non_null(strstr(once, "\"x299\":299"));
        oci_free(once);
        oci_free(twice);
    }
    oci_document_free(document);
}

static void test_null(void **state)
{
    oci_document *document = NULL;
    const char *const one[] = {"1"};
    struct sample *s = parse_good("{\"maybe\":null,\"version\":\"1\"}", &document);
    char *text;

    (void)state;
    assert_null(s->maybe);
    assert_int_equal(s->unknown.count, 1);
    assert_string_equal(s->unknown.items[0].name, "maybe");
    assert_string_equal(s->unknown.items[0].json, "null");
    /* A value that is set afterwards stands in the place of null. */
    s->maybe = one;
    s->maybe_count = 1;
    text = write_good(s, OCI_WRITE_COMPACT);
    assert_string_equal(text, "{\"version\":\"1\",\"maybe\":[\"1\"]}");
    oci_free(text);
    oci_document_free(document);
    expect_finding("{\"version\":\"1\",\"maybe\":null,\"maybe\":[]}", OCI_ERR_DUPLICATE_KEY,
                   "/maybe", 1, 29);
    expect_finding("{\"version\":\"1\",\"maybe\":[],\"maybe\":null}", OCI_ERR_DUPLICATE_KEY,
                   "/maybe", 1, 27);
    expect_finding("{\"version\":null}", OCI_ERR_TYPE, "/version", 1, 12);
}

/* An order that somebody has filled in wrongly loses and doubles nothing. */
static void test_order_by_hand(void **state)
{
    static const uint8_t order[] = {1, 1, 200, 255, 255, 255, 2, 0};
    struct oci_unknown_member items[] = {{"x", "1"}, {"y", "2"}};
    struct sample value = {.version = "1", .b = true, .has_b = true, .i8 = 3, .has_i8 = true};
    char *text;

    (void)state;
    value.unknown = (struct oci_unknown_members){items, 2, order};
    text = write_good(&value, OCI_WRITE_COMPACT);
    assert_string_equal(text, "{\"version\":\"1\",\"x\":1,\"y\":2,\"b\":true,\"i8\":3}");
    oci_free(text);
}

static void test_by_hand(void **state)
{
    const char *strings[] = {"a"};
    const struct oci_string_entry labels[] = {{"z", "1"}, {"a", "2"}};
    struct sample_leaf leaf = {.name = "l", .id = 0, .has_id = true};
    struct sample value = {.version = "1",
                           .u64 = UINT64_MAX,
                           .has_u64 = true,
                           .i8 = -1,
                           .has_i8 = true,
                           .color = 2,
                           .leaf = &leaf,
                           .strings = strings,
                           .strings_count = 1,
                           .labels = labels,
                           .labels_count = 2,
                           .raw = " [ 1 , 2 ] "};
    char *text = write_good(&value, 0);

    (void)state;
    assert_string_equal(text,
                        "{\"version\":\"1\",\"i8\":-1,\"u64\":18446744073709551615,"
                        "\"color\":\"green\",\"leaf\":{\"name\":\"l\",\"id\":0},\"raw\":[1,2],"
                        "\"strings\":[\"a\"],\"labels\":{\"a\":\"2\",\"z\":\"1\"}}");
    oci_free(text);
}

static void refuses(const struct sample *value)
{
    char *text = NULL;

    assert_int_equal(oci_write(sample_type(), value, 0, &text, NULL), OCI_ERR_INVALID_ARGUMENT);
    assert_null(text);
}

static void test_refused(void **state)
{
    const char *strings[] = {"a", NULL};
    const int colors[] = {0};
    const struct oci_string_entry twice[] = {{"a", "1"}, {"b", "1"}, {"a", "2"}};
    const struct oci_string_entry no_key[] = {{NULL, "1"}};
    const struct oci_string_entry no_value[] = {{"a", NULL}};
    struct oci_unknown_member known[] = {{"version", "1"}}, bad_json[] = {{"x", "1 2"}};
    struct oci_unknown_member same[] = {{"x", "1"}, {"x", "2"}};
    struct sample_leaf leaf = {.name = NULL};
    char *text = NULL;

    (void)state;
    refuses(&(struct sample){.version = NULL});
    refuses(&(struct sample){.version = "\xff"});
    refuses(&(struct sample){.version = "\xed\xa0\x80"});
    refuses(&(struct sample){.version = "1", .color = 4});
    refuses(&(struct sample){.version = "1", .color = -1});
    refuses(&(struct sample){.version = "1", .leaf = &leaf});
    refuses(&(struct sample){.version = "1", .strings = strings, .strings_count = 2});
    refuses(&(struct sample){.version = "1", .strings = NULL, .strings_count = 2});
    refuses(&(struct sample){.version = "1", .colors = colors, .colors_count = 1});
    refuses(&(struct sample){.version = "1", .labels = twice, .labels_count = 3});
    refuses(&(struct sample){.version = "1", .labels = no_key, .labels_count = 1});
    refuses(&(struct sample){.version = "1", .labels = no_value, .labels_count = 1});
    refuses(&(struct sample){.version = "1", .raw = "[1"});
    refuses(&(struct sample){.version = "1", .raw = ""});
    refuses(&(struct sample){.version = "1", .raw = "\"\\ud800\""});
    refuses(&(struct sample){.version = "1", .raw_object = "[]"});
    refuses(&(struct sample){.version = "1", .unknown = {known, 1, NULL}});
    refuses(&(struct sample){.version = "1", .unknown = {bad_json, 1, NULL}});
    refuses(&(struct sample){.version = "1", .unknown = {same, 2, NULL}});
    refuses(&(struct sample){.version = "1", .unknown = {NULL, 2, NULL}});
    refuses(NULL);
    assert_int_equal(oci_write(NULL, &leaf, 0, &text, NULL), OCI_ERR_INVALID_ARGUMENT);
    assert_int_equal(oci_write(sample_type(), &(struct sample){.version = ""}, 3, &text, NULL),
                     OCI_ERR_INVALID_ARGUMENT);
}

static void located(const char *text, const char *pointer, size_t want_line, size_t want_column)
{
    size_t line = 0, column = 0;
    int result = oci_locate(text, strlen(text), pointer, &line, &column);

    if (line != want_line || column != want_column)
        print_error("%s: %zu:%zu\n", pointer, line, column);
    assert_int_equal(result, want_line > 0 ? 0 : OCI_ERR_NOT_FOUND);
    assert_int_equal(line, want_line);
    assert_int_equal(column, want_column);
}

static void test_locate(void **state)
{
    static const char text[] =
        "{\"a\":{\"b\":1,\n\"c\":[10,[2],{\"d\":null}]},\n"
        "\"x/y\":1,\"m~n\":2,\"\":3,\"\\u0065\":\"\\n\", \"last\" : \"\\n\"}";

    (void)state;
    located(text, "", 1, 1);
    located(text, "/a", 1, 6);
    located(text, "/a/b", 1, 11);
    located(text, "/a/c", 2, 5);
    located(text, "/a/c/0", 2, 6);
    located(text, "/a/c/1/0", 2, 10);
    located(text, "/a/c/2/d", 2, 18);
    located(text, "/x~1y", 3, 7);
    located(text, "/m~0n", 3, 15);
    located(text, "/", 3, 20);
    located(text, "/e", 3, 31);
    located(text, "/last", 3, 46);
    located(text, "/a/c/3", 0, 0);
    located(text, "/a/c/00", 0, 0);
    located(text, "/a/c/-", 0, 0);
    located(text, "/a/b/0", 0, 0);
    located(text, "/b", 0, 0);
    located(text, "/m~2n", 0, 0);
    located(text, "a", 0, 0);
    located("{\"a\":1", "/a", 0, 0);
    located("{\"a\":1} x", "/a", 0, 0);
    located("{\"a\":\"\xff\"}", "/a", 0, 0);
    located("12", "", 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),         cmocka_unit_test(test_order_of_many),
        cmocka_unit_test(test_order_by_hand), cmocka_unit_test(test_null),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_layout),
        cmocka_unit_test(test_by_hand),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_locate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
