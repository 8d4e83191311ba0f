/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sample type's tables and the tests' helpers.
 */
#include "sample.h"

#define SLOTS 256u

static const struct oci_enum_text color_texts[] = {{"red", 3}, {"green", 5}, {"blue-green", 10}};
static const struct oci_enum color = {"sample_color", color_texts, 3};

static const uint8_t word_classes[256] = {['a'] = 1};
static const uint16_t word_next[] = {0, 0, 0, 2, 0, 2};
static const uint8_t word_accept[] = {0, 0, 1};
static const struct oci_pattern word = {"^a+$", word_classes, word_next, word_accept, 2, 3, 1};

#define FIELD(of_struct, member, aux, ...)                                                         \
    {                                                                                              \
        .name = #member, .name_length = sizeof(#member) - 1,                                       \
        .offset = offsetof(struct of_struct, member), .aux_offset = aux, __VA_ARGS__               \
    }
#define HAS(member) offsetof(struct sample, has_##member)
#define COUNT(member) offsetof(struct sample, member##_count)
#define INT(member, bytes, low, high)                                                              \
    FIELD(sample, member, HAS(member), .kind = OCI_KIND_INT, .width = bytes, .min = low,           \
          .max = high)
#define UINT(member, bytes, low, high)                                                             \
    FIELD(sample, member, HAS(member), .kind = OCI_KIND_UINT, .width = bytes, .min = low,          \
          .max = high)
#define ARRAY(member, ...)                                                                         \
    FIELD(sample, member, COUNT(member), .shape = OCI_SHAPE_ARRAY, __VA_ARGS__)
#define MAP(member, ...) FIELD(sample, member, COUNT(member), .shape = OCI_SHAPE_MAP, __VA_ARGS__)

static const struct oci_field leaf_fields[] = {
    FIELD(sample_leaf, name, OCI_NO_OFFSET, .kind = OCI_KIND_STRING, .flags = OCI_FIELD_REQUIRED),
    FIELD(sample_leaf, id, offsetof(struct sample_leaf, has_id), .kind = OCI_KIND_UINT, .width = 4,
          .max = UINT32_MAX),
};

static uint8_t leaf_index[SLOTS], sample_index[SLOTS];

static struct oci_type leaf_type = {.name = "sample_leaf",
                                    .fields = leaf_fields,
                                    .index = leaf_index,
                                    .field_count = 2,
                                    .required_count = 1,
                                    .size = sizeof(struct sample_leaf),
                                    .unknown_offset = offsetof(struct sample_leaf, unknown),
                                    .slots = SLOTS};

static const struct oci_field sample_fields[] = {
    FIELD(sample, version, OCI_NO_OFFSET, .kind = OCI_KIND_STRING, .flags = OCI_FIELD_REQUIRED),
    FIELD(sample, b, HAS(b), .kind = OCI_KIND_BOOL, .width = 1),
    INT(i8, 1, INT8_MIN, INT8_MAX),
    INT(i16, 2, INT16_MIN, INT16_MAX),
    INT(i32, 4, INT32_MIN, INT32_MAX),
    INT(i64, 8, INT64_MIN, INT64_MAX),
    UINT(u8, 1, 0, UINT8_MAX),
    UINT(u16, 2, 0, UINT16_MAX),
    UINT(u32, 4, 0, UINT32_MAX),
    UINT(u64, 8, 0, UINT64_MAX),
    UINT(mode, 2, 1, 4095),
    INT(score, 4, -5, 7),
    FIELD(sample, text, OCI_NO_OFFSET, .kind = OCI_KIND_STRING),
    FIELD(sample, word, OCI_NO_OFFSET, .kind = OCI_KIND_STRING, .pattern = &word),
    FIELD(sample, color, OCI_NO_OFFSET, .kind = OCI_KIND_ENUM, .width = 4, .of = &color),
    FIELD(sample, leaf, OCI_NO_OFFSET, .kind = OCI_KIND_OBJECT, .of = &leaf_type),
    FIELD(sample, raw, OCI_NO_OFFSET, .kind = OCI_KIND_RAW),
    FIELD(sample, raw_object, OCI_NO_OFFSET, .kind = OCI_KIND_RAW, .flags = OCI_FIELD_RAW_OBJECT),
    ARRAY(numbers, .kind = OCI_KIND_UINT, .width = 4, .max = UINT32_MAX),
    ARRAY(strings, .kind = OCI_KIND_STRING, .min_items = 1),
    ARRAY(colors, .kind = OCI_KIND_ENUM, .width = 4, .of = &color),
    ARRAY(leaves, .kind = OCI_KIND_OBJECT, .of = &leaf_type),
    ARRAY(raws, .kind = OCI_KIND_RAW),
    MAP(labels, .kind = OCI_KIND_STRING),
    MAP(sizes, .kind = OCI_KIND_UINT, .width = 8, .max = UINT64_MAX),
    MAP(named, .kind = OCI_KIND_OBJECT, .of = &leaf_type),
    ARRAY(maybe, .kind = OCI_KIND_STRING, .flags = OCI_FIELD_NULLABLE),
};

static struct oci_type type = {.name = "sample",
                               .fields = sample_fields,
                               .index = sample_index,
                               .field_count = sizeof(sample_fields) / sizeof(sample_fields[0]),
                               .required_count = 1,
                               .defaults = "{\"version\":\"1.0\",\"leaf\":{},\"maybe\":[]}",
                               .size = sizeof(struct sample),
                               .unknown_offset = offsetof(struct sample, unknown),
                               .slots = SLOTS};

static bool try_seed(struct oci_type *of, uint8_t *index, uint32_t seed)
{
    memset(index, 0, SLOTS);
    for (uint32_t i = 0; i < of->field_count; i++) {
        uint32_t slot = oci_hash(of->fields[i].name, of->fields[i].name_length, seed) & (SLOTS - 1);

        if (index[slot] != 0)
            return false;
        index[slot] = (uint8_t)(i + 1);
    }
    of->seed = seed;
    return true;
}

__attribute__((constructor)) static void make_tables(void)
{
    uint32_t seed = 0;

    while (!try_seed(&leaf_type, leaf_index, seed))
        seed++;
    while (!try_seed(&type, sample_index, seed))
        seed++;
}

const oci_type *sample_type(void)
{
    return &type;
}

const char sample_text[] =
    "{\n"
    "  \"version\": \"1.0\", \"b\": true, \"i8\": -128, \"i16\": -32768, \"i32\": -7,\n"
    "  \"i64\": -9223372036854775808, \"u8\": 255, \"u16\": 1, \"u32\": 4294967295,\n"
    "  \"u64\": 18446744073709551615, \"mode\": 493, \"score\": -5,\n"
    "  \"text\": \"a\\\"b\\\\c\\n\\u00e9 \\ud83d\\ude00 \xc3\xa9\", \"word\": \"aaa\",\n"
    "  \"color\": \"blue-green\", \"leaf\": {\"name\": \"x\", \"id\": 3, \"extra\": [1, {\"k\": "
    "null}]},\n"
    "  \"raw\": [1, 2.50, {\"z\": \"}\"}], \"raw_object\": {},\n"
    "  \"numbers\": [1, 2, 4294967295], \"strings\": [\"one\", \"\"], \"colors\": [\"red\"],\n"
    "  \"leaves\": [{\"name\": \"p\", \"x-1\": \"y\"}, {\"id\": 0, \"name\": \"q\"}], \"raws\": "
    "[1, \"s\", [], "
    "{}],\n"
    "  \"labels\": {\"b\": \"2\", \"a\": \"1\", \"\": \"\"}, \"sizes\": {\"m\": 0},\n"
    "  \"named\": {\"k\": {\"name\": \"v\"}, \"j\": {\"name\": \"w\", \"u\": true}},\n"
    "  \"com.example\": {\"deep\": [[{\"a\": 1e400, \"b\\u0062\": -0}]]}, \"empty\": {}, \"n\": "
    "null\n"
    "}\n";

static bool may_not(struct counting_allocator *counting)
{
    return ++counting->calls == counting->fail_at;
}

static void *counting_alloc(void *ctx, size_t size)
{
    struct counting_allocator *counting = ctx;
    void *memory = may_not(counting) ? NULL : malloc(size);

    counting->held += memory != NULL;
    return memory;
}

static void *counting_resize(void *ctx, void *old, size_t size)
{
    struct counting_allocator *counting = ctx;
    void *memory = may_not(counting) ? NULL : realloc(old, size);

    counting->held += memory != NULL && old == NULL;
    return memory;
}

static void counting_release(void *ctx, void *old)
{
    struct counting_allocator *counting = ctx;

    counting->held -= old != NULL;
    free(old);
}

void counting_allocator_init(struct counting_allocator *counting, size_t fail_at)
{
    *counting = (struct counting_allocator){
        .memory = {counting_alloc, counting_resize, counting_release, counting},
        .fail_at = fail_at};
}

struct sample *parse_good(const char *text, oci_document **document)
{
    oci_report *report = NULL;
    int result = oci_parse(sample_type(), text, strlen(text), NULL, document, &report);

    if (result != 0)
        print_error("%s\n", oci_report_first_error(report)->message);
    assert_int_equal(result, 0);
    assert_null(report);
    return oci_document_root(*document, sample_type());
}

void expect_finding(const char *text, int code, const char *pointer, size_t line, size_t column)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    int result = oci_parse(sample_type(), text, strlen(text), NULL, &document, &report);
    const struct oci_finding *finding = oci_report_first_error(report);

    if (result != code || finding == NULL || strcmp(finding->pointer, pointer) != 0 ||
        finding->line != line || finding->column != column)
        print_error("%.200s\n gave %d: %s\n", text, result,
                    finding != NULL ? finding->message : "nothing");
    assert_int_equal(result, code);
    assert_null(document);
    assert_non_null(finding);
    assert_int_equal(finding->code, code);
    assert_string_equal(finding->pointer, pointer);
    assert_int_equal(finding->line, line);
    assert_int_equal(finding->column, column);
    assert_true(strlen(finding->message) < 1024);
    oci_report_free(report);
}

void expect_message(const char *text, const char *message)
{
    oci_document *document = NULL;
    oci_report *report = NULL;

    assert_true(oci_parse(sample_type(), text, strlen(text), NULL, &document, &report) < 0);
    assert_string_equal(oci_report_first_error(report)->message, message);
    oci_report_free(report);
}
