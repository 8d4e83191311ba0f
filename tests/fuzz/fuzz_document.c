/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for one kind of document (KIND, a string): whatever the bytes are, nothing crashes, and
 * what holds for every document holds for those that parse.
 */
#include <ocikit/check.h>
#include <ocikit/value.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

/* Pieces of any size give what the whole gives. */
static void feed_pieces(const oci_type *type, const char *text, size_t size, int expected,
                        const oci_report *whole)
{
    size_t piece = size > 0 ? (unsigned char)text[0] % 31 + 1 : 1;
    oci_document *document = NULL;
    oci_report *report = NULL;
    oci_parser *parser = NULL;

    require(oci_parser_new(type, NULL, &parser) == 0, "a parser is made");
    for (size_t at = 0; at < size; at += piece)
        (void)oci_parser_feed(parser, text + at, size - at < piece ? size - at : piece);
    require(oci_parser_finish(parser, &document, &report) == expected, "the same result in pieces");
    require(oci_report_count(report) == oci_report_count(whole), "the same findings in pieces");
    oci_parser_free(parser);
    oci_report_free(report);
    oci_document_free(document);
}

/* What was parsed is written, and read again, and written: the same text. */
static void rewrite(const oci_type *type, const void *root, unsigned flags)
{
    char *first = NULL, *second = NULL;
    oci_document *document = NULL;
    size_t length = 0;

    require(oci_write(type, root, flags, &first, &length) == 0, "what was parsed can be written");
    require(oci_parse(type, first, length, NULL, &document, NULL) == 0,
            "what was written can be parsed");
    require(oci_write(type, oci_document_root(document, type), flags, &second, NULL) == 0,
            "and written again");
    require(strcmp(first, second) == 0, "with the same text");
    oci_free(first);
    oci_free(second);
    oci_document_free(document);
}

static void work(const oci_type *type, const void *root)
{
    oci_document *copy = NULL, *merged = NULL;
    oci_differences *differences = NULL;

    rewrite(type, root, OCI_WRITE_COMPACT);
    rewrite(type, root, OCI_WRITE_PRETTY);
    rewrite(type, root, OCI_WRITE_CANONICAL);
    require(oci_validate(type, root, NULL) == 0, "what was parsed is valid");
    require(oci_clone(type, root, &copy) == 0, "it can be copied");
    require(oci_equal(type, root, oci_document_root(copy, type)) == 1, "the copy is equal");
    require(oci_diff(type, root, oci_document_root(copy, type), &differences) == 0 &&
                differences == NULL,
            "the copy has no difference");
    require(oci_merge(type, root, "{}", 2, &merged, NULL) == 0, "an empty patch can be merged");
    require(oci_equal(type, root, oci_document_root(merged, type)) == 1, "and changes nothing");
    oci_document_free(copy);
    oci_document_free(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct oci_document_kind *kind = oci_document_kind_find(KIND);
    const char *text = (const char *)data;
    oci_document *document = NULL;
    oci_report *report = NULL;
    size_t line, column;
    int result = oci_parse(kind->type(), text, size, NULL, &document, &report);

    require((result == 0) == (document != NULL), "a document, or a code");
    require((result < 0) == (oci_report_first_error(report) != NULL), "a code, and its finding");
    feed_pieces(kind->type(), text, size, result, report);
    if (document != NULL)
        work(kind->type(), oci_document_root(document, kind->type()));
    oci_document_free(document);
    oci_report_free(report);
    result = oci_check(kind, text, size, NULL, &report);
    require((result < 0) == (oci_report_first_error(report) != NULL), "a code, and its finding");
    oci_report_free(report);
    (void)oci_document_kind_detect(text, size);
    (void)oci_locate(text, size, "/process/args/0", &line, &column);
    return 0;
}
