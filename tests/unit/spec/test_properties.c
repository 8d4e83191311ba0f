/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for every document of every type, shown on all good examples of tests/spec (the
 * folder is the only argument): cut short, changed in one byte, fed in pieces, with every allocation
 * failing once, copied, compared, taken apart and put together again.
 *
 * OCIKIT_MUTATIONS=all tries every value of every byte of every document, not a sample.
 */
#include "examples.h"
#include "sample.h"

#include <ocikit/value.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static const char *folder;

struct example {
    const char *name;
    const oci_type *type;
    char *text;
    size_t length;
};

static void for_each(void (*check)(const struct example *example))
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), seen = 0;
    int good = openat(fd, "good", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fdopendir(good);
    struct dirent *entry;

    assert_non_null(list);
    while ((entry = readdir(list)) != NULL) {
        struct example example = {.name = entry->d_name};

        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        example.type = example_type(entry->d_name);
        assert_non_null(example.type);
        assert_int_equal(
            oci_read_file(good, entry->d_name, 0, &example.text, &example.length, NULL), 0);
        check(&example);
        oci_free(example.text);
        seen++;
    }
    (void)closedir(list);
    (void)close(fd);
    assert_true(seen > 30);
}

static oci_document *parse(const struct example *example)
{
    oci_document *document = NULL;

    assert_int_equal(
        oci_parse(example->type, example->text, example->length, NULL, &document, NULL), 0);
    return document;
}

static char *write_as(const struct example *example, const oci_document *document, unsigned flags,
                      size_t *length)
{
    char *text = NULL;

    assert_int_equal(
        oci_write(example->type, oci_document_root(document, example->type), flags, &text, length),
        0);
    return text;
}

/* --- hostile texts ----------------------------------------------------------------------------- */

static int parse_exactly(const struct example *example, const char *text, size_t length,
                         oci_document **document)
{
    char *copy = malloc(length > 0 ? length : 1);
    oci_report *report = NULL;
    int result;

    memcpy(copy, text, length);
    result = oci_parse(example->type, copy, length, NULL, document, &report);
    free(copy);
    assert_int_equal(result < 0, oci_report_first_error(report) != NULL);
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);

        assert_true(finding->line > 0 && finding->column > 0);
        assert_true(finding->offset + finding->length <= length);
        assert_non_null(finding->excerpt);
        for (const char *c = finding->excerpt; *c != '\0'; c++)
            assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
    }
    oci_report_free(report);
    return result;
}

static void cut(const struct example *example)
{
    size_t end = example->length;

    while (end > 0 && strchr(" \t\r\n", example->text[end - 1]) != NULL)
        end--;
    for (size_t length = 0; length < end; length++) {
        oci_document *document = NULL;
        int result = parse_exactly(example, example->text, length, &document);

        if (result == 0)
            print_error("%s is good after %zu of %zu bytes\n", example->name, length, end);
        assert_true(result < 0);
        assert_null(document);
    }
}

static void test_truncation(void **state)
{
    (void)state;
    for_each(cut);
}

/* What parses must come out of a write and a parse again as it is. */
static void check_fixed_point(const struct example *example, oci_document *document)
{
    struct example second = *example;
    char *again;
    oci_document *reread;

    second.text = write_as(example, document, OCI_WRITE_COMPACT, &second.length);
    reread = parse(&second);
    again = write_as(example, reread, OCI_WRITE_COMPACT, NULL);
    assert_string_equal(second.text, again);
    oci_free(second.text);
    oci_free(again);
    oci_document_free(reread);
}

static void mutate(const struct example *example)
{
    static const unsigned char some[] =
        "\0\1\t\n \"',-./0159:[\\]etu{}~\x7f\x80\xc3\xe2\xed\xf0\xff";
    bool all = getenv("OCIKIT_MUTATIONS") != NULL || example->length < 200;
    size_t count = all ? 256 : sizeof(some) - 1, step = all || example->length < 1500 ? 1 : 7;
    char *text = malloc(example->length);

    for (size_t at = 0; at < example->length; at += step) {
        memcpy(text, example->text, example->length);
        for (size_t i = 0; i < count; i++) {
            oci_document *document = NULL;

            text[at] = (char)(all ? i : some[i]);
            if (parse_exactly(example, text, example->length, &document) == 0)
                check_fixed_point(example, document);
            oci_document_free(document);
        }
    }
    free(text);
}

static void test_mutation(void **state)
{
    (void)state;
    for_each(mutate);
}

static void feed_pieces(const struct example *example)
{
    oci_document *whole = parse(example);
    char *expected = write_as(example, whole, OCI_WRITE_PRETTY, NULL);

    for (size_t piece = 1; piece < 32; piece++) {
        oci_document *parts = NULL;
        oci_parser *parser = NULL;
        char *text;

        assert_int_equal(oci_parser_new(example->type, NULL, &parser), 0);
        for (size_t at = 0; at < example->length; at += piece) {
            size_t left = example->length - at;

            assert_int_equal(
                oci_parser_feed(parser, example->text + at, left < piece ? left : piece), 0);
        }
        assert_int_equal(oci_parser_finish(parser, &parts, NULL), 0);
        text = write_as(example, parts, OCI_WRITE_PRETTY, NULL);
        assert_string_equal(text, expected);
        oci_free(text);
        oci_document_free(parts);
        oci_parser_free(parser);
    }
    oci_free(expected);
    oci_document_free(whole);
}

static void test_pieces(void **state)
{
    (void)state;
    for_each(feed_pieces);
}

/* --- work on values ---------------------------------------------------------------------------- */

static void copy_and_compare(const struct example *example)
{
    oci_document *document = parse(example), *copy = NULL, *merged = NULL;
    const void *root = oci_document_root(document, example->type);
    oci_differences *differences = NULL;
    char *one = write_as(example, document, OCI_WRITE_COMPACT, NULL), *other;

    assert_int_equal(oci_validate(example->type, root, NULL), 0);
    assert_int_equal(oci_clone(example->type, root, &copy), 0);
    assert_int_equal(oci_equal(example->type, root, oci_document_root(copy, example->type)), 1);
    assert_int_equal(
        oci_diff(example->type, root, oci_document_root(copy, example->type), &differences), 0);
    assert_null(differences);
    assert_int_equal(oci_merge(example->type, root, "{}", 2, &merged, NULL), 0);
    oci_document_free(document);
    other = write_as(example, copy, OCI_WRITE_COMPACT, NULL);
    assert_string_equal(one, other);
    oci_free(other);
    other = write_as(example, merged, OCI_WRITE_COMPACT, NULL);
    assert_string_equal(one, other);
    oci_free(other);
    oci_free(one);
    oci_document_free(copy);
    oci_document_free(merged);
}

static void test_copies(void **state)
{
    (void)state;
    for_each(copy_and_compare);
}

struct visits {
    const struct example *example;
    const void *root;
    size_t count;
};

static int check_visit(void *ctx, const char *pointer, const struct oci_value *value)
{
    struct visits *visits = ctx;
    const struct example *example = visits->example;
    struct oci_value found;
    char *json = NULL, *before = NULL, *after = NULL;
    oci_document *copy = NULL;
    size_t length = 0;

    visits->count++;
    assert_int_equal(oci_get(example->type, visits->root, pointer, &found), 0);
    assert_int_equal(found.kind, value->kind);
    assert_ptr_equal(found.at, value->at);
    assert_int_equal(found.count, value->count);
    assert_int_equal(oci_get_json(example->type, visits->root, pointer, 0, &json, &length), 0);
    /* Setting what is there changes nothing. */
    assert_int_equal(oci_clone(example->type, visits->root, &copy), 0);
    assert_int_equal(oci_set(copy, pointer, json, length, NULL), 0);
    before = write_as(example, copy, OCI_WRITE_COMPACT, NULL);
    assert_int_equal(oci_write(example->type, visits->root, 0, &after, NULL), 0);
    assert_string_equal(before, after);
    /* What is removed is missed. */
    if (oci_remove(copy, pointer, NULL) == 0)
        assert_int_equal(
            oci_equal(example->type, visits->root, oci_document_root(copy, example->type)), 0);
    oci_document_free(copy);
    oci_free(json);
    oci_free(before);
    oci_free(after);
    return OCI_WALK_ON;
}

static void walk(const struct example *example)
{
    oci_document *document = parse(example);
    struct visits visits = {example, oci_document_root(document, example->type), 0};

    assert_int_equal(oci_walk(example->type, visits.root, check_visit, &visits), 0);
    assert_true(visits.count > 1 || example->length < 4);
    oci_document_free(document);
}

static void test_walk(void **state)
{
    (void)state;
    for_each(walk);
}

/* Whatever makes one document of another: the differences, put in one by one. */
static void rebuild(const struct example *example)
{
    oci_document *target = parse(example), *built = NULL;
    const void *goal = oci_document_root(target, example->type);
    oci_differences *differences = NULL;

    assert_int_equal(oci_document_new(example->type, &built), 0);
    if (oci_validate(example->type, oci_document_root(built, example->type), NULL) < 0) {
        oci_document_free(built);
        oci_document_free(target);
        return;
    }
    assert_int_equal(
        oci_diff(example->type, oci_document_root(built, example->type), goal, &differences), 0);
    for (size_t i = oci_differences_count(differences); i-- > 0;) {
        const struct oci_difference *difference = oci_differences_get(differences, i);

        if (difference->right == NULL)
            assert_int_equal(oci_remove(built, difference->pointer, NULL), 0);
    }
    for (size_t i = 0; i < oci_differences_count(differences); i++) {
        const struct oci_difference *difference = oci_differences_get(differences, i);

        if (difference->right != NULL)
            assert_int_equal(oci_set(built, difference->pointer, difference->right,
                                     strlen(difference->right), NULL),
                             0);
    }
    assert_int_equal(oci_equal(example->type, goal, oci_document_root(built, example->type)), 1);
    oci_differences_free(differences);
    oci_document_free(built);
    oci_document_free(target);
}

static void test_rebuild(void **state)
{
    (void)state;
    for_each(rebuild);
}

/* --- no memory --------------------------------------------------------------------------------- */

static int do_all(const struct oci_allocator *memory, const struct example *example)
{
    oci_document *document = NULL, *copy = NULL, *merged = NULL;
    oci_differences *differences = NULL;
    oci_report *report = NULL;
    char *text = NULL, *canonical = NULL;
    size_t length = 0;
    const void *root;
    int result = oci_parse_with_allocator(memory, example->type, example->text, example->length,
                                          NULL, &document, &report);

    root = oci_document_root(document, example->type);
    if (result == 0)
        result =
            oci_write_with_allocator(memory, example->type, root, OCI_WRITE_PRETTY, &text, &length);
    if (result == 0)
        result = oci_write_with_allocator(memory, example->type, root, OCI_WRITE_CANONICAL,
                                          &canonical, &length);
    if (result == 0)
        result = oci_clone_with_allocator(memory, example->type, root, &copy);
    if (result == 0)
        result = oci_validate_with_allocator(memory, example->type, root, &report);
    if (result == 0) {
        result = oci_equal_with_allocator(memory, example->type, root,
                                          oci_document_root(copy, example->type));
        result = result == 1 ? 0 : result;
    }
    if (result == 0)
        result = oci_set(copy, "/x-new", "[1,{\"a\":\"b\"}]", 13, &report);
    if (result == 0)
        result = oci_diff_with_allocator(memory, example->type, root,
                                         oci_document_root(copy, example->type), &differences);
    if (result == 0)
        result = oci_remove(copy, "/x-new", NULL);
    if (result == 0)
        result = oci_merge_with_allocator(memory, example->type, root, "{\"y\":{\"z\":{}}}", 14,
                                          &merged, &report);
    oci_report_free(report);
    oci_differences_free(differences);
    oci_document_free(document);
    oci_document_free(copy);
    oci_document_free(merged);
    oci_memory_release(memory, text);
    oci_memory_release(memory, canonical);
    return result;
}

static void starve(const struct example *example)
{
    struct counting_allocator counting;
    int result = OCI_ERR_NO_MEMORY;

    for (size_t fail = 1; result != 0; fail++) {
        counting_allocator_init(&counting, fail);
        result = do_all(&counting.memory, example);
        if (result != 0 && result != OCI_ERR_NO_MEMORY)
            print_error("%s: %d where allocation %zu fails\n", example->name, result, fail);
        assert_true(result == 0 || result == OCI_ERR_NO_MEMORY);
        assert_int_equal(counting.held, 0);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    for_each(starve);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncation), cmocka_unit_test(test_mutation),
        cmocka_unit_test(test_pieces),     cmocka_unit_test(test_copies),
        cmocka_unit_test(test_walk),       cmocka_unit_test(test_rebuild),
        cmocka_unit_test(test_no_memory),
    };

    if (argc != 2)
        return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
