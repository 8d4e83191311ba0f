/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at struct trees: pointers, differences, equality, canonical text, walks, checks of what was
 * filled by hand.
 */
#include "sample.h"

#include <ocikit/value.h>

static oci_document *document_of(const char *text)
{
    oci_document *document = NULL;

    (void)parse_good(text, &document);
    return document;
}

static void test_get(void **state)
{
    oci_document *document = document_of(
        "{\"version\":\"1\",\"i8\":-3,\"u64\":18446744073709551615,\"b\":true,\"color\":\"green\","
        "\"leaves\":[{\"name\":\"a\"},{\"name\":\"b\",\"z\":{\"y\":[7]}}],\"labels\":{\"a/"
        "b\":\"1\"},"
        "\"named\":{\"k\":{\"name\":\"n\"}},\"numbers\":[5],\"maybe\":null}");
    const struct sample *root = oci_document_root(document, sample_type());
    struct oci_value value;
    char *text = NULL;
    size_t length = 0;

    (void)state;
#define GET(pointer) assert_int_equal(oci_get(sample_type(), root, pointer, &value), 0)
    GET("");
    assert_ptr_equal(value.at, root);
    assert_int_equal(value.kind, OCI_VALUE_OBJECT);
    GET("/i8");
    assert_int_equal(value.kind, OCI_VALUE_INT);
    assert_int_equal(value.integer, -3);
    assert_ptr_equal(value.at, &root->i8);
    GET("/u64");
    assert_true(value.natural == UINT64_MAX);
    GET("/b");
    assert_true(value.truth);
    GET("/color");
    assert_string_equal(value.text, "green");
    assert_int_equal(value.natural, 2);
    GET("/leaves");
    assert_int_equal(value.kind, OCI_VALUE_ARRAY);
    assert_int_equal(value.count, 2);
    assert_non_null(value.type);
    GET("/leaves/1");
    assert_ptr_equal(value.at, &root->leaves[1]);
    GET("/leaves/1/name");
    assert_string_equal(value.text, "b");
    GET("/leaves/1/z");
    assert_int_equal(value.kind, OCI_VALUE_JSON);
    assert_string_equal(value.text, "{\"y\":[7]}");
    GET("/labels/a~1b");
    assert_string_equal(value.text, "1");
    GET("/named/k/name");
    assert_string_equal(value.text, "n");
    GET("/numbers/0");
    assert_int_equal(value.natural, 5);
    GET("/maybe");
    assert_string_equal(value.text, "null");
#undef GET
    assert_int_equal(oci_get(sample_type(), root, "/u8", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/leaf/name", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/leaves/2", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/leaves/-", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/leaves/00", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/labels/a", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/i8/x", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/numbers/0/x", &value), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get(sample_type(), root, "/leaves/1/z/y", &value), OCI_ERR_UNSUPPORTED);
    assert_int_equal(oci_get(sample_type(), root, "i8", &value), OCI_ERR_INVALID_ARGUMENT);
    assert_int_equal(oci_get_json(sample_type(), root, "/leaves/1/z/y/0", 0, &text, &length), 0);
    assert_string_equal(text, "7");
    assert_int_equal(length, 1);
    oci_free(text);
    assert_int_equal(oci_get_json(sample_type(), root, "/leaves/1", OCI_WRITE_PRETTY, &text, NULL),
                     0);
    assert_string_equal(text, "{\n    \"name\": \"b\",\n    \"z\": {\n        \"y\": [\n"
                              "            7\n        ]\n    }\n}\n");
    oci_free(text);
    assert_int_equal(oci_get_json(sample_type(), root, "/none", 0, &text, NULL), OCI_ERR_NOT_FOUND);
    assert_int_equal(oci_get_json(sample_type(), root, "/leaves/1", 7, &text, NULL),
                     OCI_ERR_INVALID_ARGUMENT);
    oci_document_free(document);
}

static void expect_difference(const oci_differences *differences, size_t index, const char *pointer,
                              const char *left, const char *right)
{
    const struct oci_difference *difference = oci_differences_get(differences, index);

    assert_non_null(difference);
    assert_string_equal(difference->pointer, pointer);
    assert_int_equal(difference->left == NULL, left == NULL);
    assert_int_equal(difference->right == NULL, right == NULL);
    if (left != NULL)
        assert_string_equal(difference->left, left);
    if (right != NULL)
        assert_string_equal(difference->right, right);
}

static void test_diff(void **state)
{
    oci_document *left =
        document_of("{\"version\":\"1\",\"u8\":1,\"numbers\":[1,2,3],"
                    "\"labels\":{\"a/b\":\"1\",\"c\":\"2\"},\"x\":{\"y\":[1,{\"z\":1}]},"
                    "\"leaves\":[{\"name\":\"a\"}],\"maybe\":null}");
    oci_document *right = document_of("{\"x\":{\"y\":[1,{\"z\":2}]},\"version\":\"1\",\"b\":true,"
                                      "\"numbers\":[1,5],\"labels\":{\"c\":\"2\",\"d\":\"3\"},"
                                      "\"leaves\":[{\"name\":\"a\",\"id\":1},{\"name\":\"b\"}]}");
    oci_differences *differences = NULL;

    (void)state;
    assert_int_equal(oci_diff(sample_type(), oci_document_root(left, sample_type()),
                              oci_document_root(right, sample_type()), &differences),
                     0);
    assert_int_equal(oci_differences_count(differences), 10);
    expect_difference(differences, 0, "/b", NULL, "true");
    expect_difference(differences, 1, "/labels/a~1b", "\"1\"", NULL);
    expect_difference(differences, 2, "/labels/d", NULL, "\"3\"");
    expect_difference(differences, 3, "/leaves/0/id", NULL, "1");
    expect_difference(differences, 4, "/leaves/1", NULL, "{\"name\":\"b\"}");
    expect_difference(differences, 5, "/maybe", "null", NULL);
    expect_difference(differences, 6, "/numbers/1", "2", "5");
    expect_difference(differences, 7, "/numbers/2", "3", NULL);
    expect_difference(differences, 8, "/u8", "1", NULL);
    expect_difference(differences, 9, "/x/y/1/z", "1", "2");
    assert_null(oci_differences_get(differences, 10));
    oci_differences_free(differences);
    assert_int_equal(oci_diff(sample_type(), oci_document_root(left, sample_type()),
                              oci_document_root(left, sample_type()), &differences),
                     0);
    assert_null(differences);
    assert_int_equal(oci_differences_count(NULL), 0);
    oci_differences_free(NULL);
    oci_document_free(left);
    oci_document_free(right);
}

static void test_equal(void **state)
{
    static const struct {
        const char *left;
        const char *right;
        int equal;
    } cases[] = {
        {"{\"version\":\"1\",\"u8\":1}", "{\"u8\":1,\"version\":\"1\"}", 1},
        {"{\"version\":\"1\",\"x\":{\"a\":1,\"b\":[ ]}}",
         "{\"x\":{\"b\":[],\"a\":1},\"version\":\"\\u0031\"}", 1},
        {"{\"version\":\"1\",\"x\":\"\\u0061\"}", "{\"version\":\"1\",\"x\":\"a\"}", 1},
        {"{\"version\":\"1\"}", "{\"version\":\"1\",\"numbers\":[]}", 0},
        {"{\"version\":\"1\"}", "{\"version\":\"1\",\"maybe\":null}", 0},
        {"{\"version\":\"1\"}", "{\"version\":\"1\",\"b\":false}", 0},
        {"{\"version\":\"1\",\"numbers\":[1,2]}", "{\"version\":\"1\",\"numbers\":[2,1]}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oci_document *left = document_of(cases[i].left), *right = document_of(cases[i].right);

        assert_int_equal(oci_equal(sample_type(), oci_document_root(left, sample_type()),
                                   oci_document_root(right, sample_type())),
                         cases[i].equal);
        oci_document_free(left);
        oci_document_free(right);
    }
    assert_int_equal(oci_equal(sample_type(), &(struct sample){.version = NULL},
                               &(struct sample){.version = "1"}),
                     OCI_ERR_INVALID_ARGUMENT);
}

static void test_canonical(void **state)
{
    oci_document *document = document_of(
        "{\"x\":{\"b\":\"\\u00e9\\/\",\"a\":[1.0,1e3]},\"version\":\"1\",\"B\":1,\"b\":true}");
    char *text = NULL;

    (void)state;
    assert_int_equal(oci_write(sample_type(), oci_document_root(document, sample_type()),
                               OCI_WRITE_CANONICAL, &text, NULL),
                     0);
    assert_string_equal(text, "{\"B\":1,\"b\":true,\"version\":\"1\",\"x\":{\"a\":[1.0,1e3],"
                              "\"b\":\"\xc3\xa9/\"}}");
    oci_free(text);
    assert_int_equal(oci_write(sample_type(), oci_document_root(document, sample_type()),
                               OCI_WRITE_CANONICAL | OCI_WRITE_PRETTY, &text, NULL),
                     OCI_ERR_INVALID_ARGUMENT);
    oci_document_free(document);
}

static void expect_invalid(const struct sample *value, int code, const char *message)
{
    oci_report *report = NULL;

    assert_int_equal(oci_validate(sample_type(), value, &report), code);
    assert_string_equal(oci_report_first_error(report)->message, message);
    oci_report_free(report);
}

static void test_validate(void **state)
{
    const char *strings[] = {"a", NULL};
    struct sample_leaf leaves[] = {{.name = "a"}, {.name = NULL}};
    struct oci_string_entry twice[] = {{"b", "1"}, {"a", "2"}, {"b", "3"}},
                            unnamed[] = {{NULL, ""}};
    struct oci_unknown_member known[] = {{"u8", "1"}}, bad[] = {{"x", "{"}};
    oci_report *report = NULL;
    int colors[] = {1, 9};

    (void)state;
    assert_int_equal(oci_validate(sample_type(), &(struct sample){.version = "1"}, NULL), 0);
    assert_int_equal(
        oci_validate(sample_type(), &(struct sample){.version = "1", .u8 = 1}, &report), 0);
    assert_int_equal(oci_report_count(report), 1);
    assert_string_equal(
        oci_report_get(report, 0)->message,
        "warning: /u8: a value that will not be written: its member has_... is false");
    oci_report_free(report);
    expect_invalid(&(struct sample){.version = NULL}, OCI_ERR_REQUIRED,
                   "error: the required member \"version\" is missing");
    expect_invalid(
        &(struct sample){.version = "\xff"}, OCI_ERR_ENCODING,
        "error: /version: expected text in UTF-8, found a byte that does not belong there");
    expect_invalid(&(struct sample){.version = "1", .mode = 4096, .has_mode = true}, OCI_ERR_RANGE,
                   "error: /mode: expected an integer from 1 to 4095, found the number 4096");
    expect_invalid(&(struct sample){.version = "1", .score = -6, .has_score = true}, OCI_ERR_RANGE,
                   "error: /score: expected an integer from -5 to 7, found the number -6");
    expect_invalid(&(struct sample){.version = "1", .score = 8, .has_score = true}, OCI_ERR_RANGE,
                   "error: /score: expected an integer from -5 to 7, found the number 8");
    expect_invalid(&(struct sample){.version = "1", .word = "b"}, OCI_ERR_PATTERN,
                   "error: /word: expected a string that matches ^a+$, found the string \"b\"");
    expect_invalid(&(struct sample){.version = "1", .color = 4}, OCI_ERR_ENUM,
                   "error: /color: expected a value of enum sample_color, found the number 4");
    expect_invalid(&(struct sample){.version = "1", .colors = colors, .colors_count = 2},
                   OCI_ERR_ENUM,
                   "error: /colors/1: expected a value of enum sample_color, found the number 9");
    expect_invalid(&(struct sample){.version = "1", .strings = strings, .strings_count = 0},
                   OCI_ERR_TOO_FEW, "error: /strings: expected at least 1 item, found 0");
    expect_invalid(&(struct sample){.version = "1", .strings = strings, .strings_count = 2},
                   OCI_ERR_TYPE, "error: /strings/1: expected a string, found NULL");
    expect_invalid(&(struct sample){.version = "1", .numbers_count = 2}, OCI_ERR_TYPE,
                   "error: /numbers: expected a list, found NULL with a count");
    expect_invalid(&(struct sample){.version = "1", .leaves = leaves, .leaves_count = 2},
                   OCI_ERR_REQUIRED, "error: /leaves/1: the required member \"name\" is missing");
    expect_invalid(&(struct sample){.version = "1", .labels = twice, .labels_count = 3},
                   OCI_ERR_DUPLICATE_KEY,
                   "error: /labels: the member \"b\" stands twice in this object");
    expect_invalid(&(struct sample){.version = "1", .labels = unnamed, .labels_count = 1},
                   OCI_ERR_TYPE, "error: /labels: expected a name, found NULL");
    expect_invalid(&(struct sample){.version = "1", .raw = "[1,"}, OCI_ERR_SYNTAX,
                   "error: /raw: expected JSON text, found not JSON");
    expect_invalid(&(struct sample){.version = "1", .raw_object = "[]"}, OCI_ERR_TYPE,
                   "error: /raw_object: expected an object, found another JSON value");
    expect_invalid(
        &(struct sample){.version = "1", .unknown = {known, 1, NULL}}, OCI_ERR_DUPLICATE_KEY,
        "error: /u8: expected a name that the schema does not have, found one that it has");
    expect_invalid(&(struct sample){.version = "1", .unknown = {bad, 1, NULL}}, OCI_ERR_SYNTAX,
                   "error: /x: expected JSON text, found not JSON");
    expect_invalid(&(struct sample){.version = "1", .unknown = {NULL, 1, NULL}}, OCI_ERR_TYPE,
                   "error: expected unknown members, found NULL with a count");
}

static int stop_at_text(void *ctx, const char *pointer, const struct oci_value *value)
{
    size_t *seen = ctx;

    (*seen)++;
    if (value->kind == OCI_VALUE_ARRAY)
        return OCI_WALK_OVER;
    return strcmp(pointer, "/text") == 0 ? -1234 : OCI_WALK_ON;
}

static void test_walk_ends(void **state)
{
    oci_document *document =
        document_of("{\"version\":\"1\",\"leaf\":{\"name\":\"n\"},\"numbers\":[1,2],\"x\":[1]}");
    oci_document *other =
        document_of("{\"version\":\"1\",\"text\":\"t\",\"leaf\":{\"name\":\"n\"}}");
    size_t seen = 0;

    (void)state;
    assert_int_equal(
        oci_walk(sample_type(), oci_document_root(document, sample_type()), stop_at_text, &seen),
        0);
    assert_int_equal(seen, 6);
    seen = 0;
    assert_int_equal(
        oci_walk(sample_type(), oci_document_root(other, sample_type()), stop_at_text, &seen),
        -1234);
    assert_int_equal(seen, 3);
    oci_document_free(document);
    oci_document_free(other);
}

/* A patch and a target of many members, and great depth, take time that grows as they do. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),      cmocka_unit_test(test_diff),
        cmocka_unit_test(test_equal),    cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_validate), cmocka_unit_test(test_walk_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
