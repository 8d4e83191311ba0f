/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents: the public entry points for reading, and the handle that owns a struct tree.  All the
 * work is done by the reader, the builder and the report.
 */
#include "builder.h"
#include "parse.h"

#include <string.h>

#define SMALLEST_BLOCK 512u
#define LARGEST_BLOCK 65536u

/* Lies in its own arena. */
struct oci_document {
    struct oci_arena arena;
    const struct oci_type *type;
    void *root;
};

struct parse {
    const struct oci_allocator *memory;
    const oci_type *type;
    struct oci_parse_options options;
    struct oci_report *report;
};

static size_t block_size(size_t size)
{
    if (size < SMALLEST_BLOCK)
        return SMALLEST_BLOCK;
    return size > LARGEST_BLOCK ? LARGEST_BLOCK : size;
}

static int begin(struct parse *parse, const struct oci_allocator *memory, const oci_type *type,
                 const struct oci_parse_options *options, oci_document *const *document,
                 oci_report **report)
{
    int result;

    if (report != NULL)
        *report = NULL;
    if (type == NULL || document == NULL)
        return OCI_ERR_INVALID_ARGUMENT;
    parse->memory = memory;
    parse->type = type;
    result = oci_options_complete(options, &parse->options);
    if (result < 0)
        return result;
    parse->report = oci_memory_alloc(memory, sizeof(*parse->report));
    if (parse->report == NULL)
        return OCI_ERR_NO_MEMORY;
    oci_report_init(parse->report, memory, parse->options.name, parse->options.max_findings);
    return 0;
}

/* The report says how the parse went, except for want of memory, where it may lack findings. */
static int finish(struct parse *parse, int result, oci_report **report)
{
    const struct oci_finding *error;

    oci_report_finish(parse->report);
    error = oci_report_first_error(parse->report);
    if (result != OCI_ERR_NO_MEMORY && error != NULL)
        result = error->code;
    if (report != NULL && result != OCI_ERR_NO_MEMORY && parse->report->count > 0) {
        *report = parse->report;
        return result;
    }
    oci_report_free(parse->report);
    return result;
}

/* A finding about the document as a whole. */
static int complain(struct parse *parse, int code, int sys_errno, const char *expected,
                    const char *found, const char *statement)
{
    int result = oci_report_add(parse->report, &(struct oci_draft){.code = code,
                                                                   .severity = OCI_SEVERITY_ERROR,
                                                                   .sys_errno = sys_errno,
                                                                   .expected = expected,
                                                                   .found = found,
                                                                   .statement = statement});

    return result < 0 ? result : code;
}

static int complain_size(struct parse *parse)
{
    struct oci_line expected = {.length = 0};

    oci_line_addf(&expected, "a document of at most %zu bytes", parse->options.max_bytes);
    return complain(parse, OCI_ERR_TOO_LARGE, 0, expected.text, "a larger one", NULL);
}

/* The C library's texts begin with a capital letter, which ours do not; names in capitals stay. */
static void add_system_text(struct oci_line *line, int sys_errno)
{
    const char *text = strerror(sys_errno);
    bool word = text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z';

    oci_line_addf(line, ": %c%s", word ? text[0] - 'A' + 'a' : text[0], text + 1);
}

static int complain_input(struct parse *parse, int code, const struct oci_input_fault *fault)
{
    struct oci_line statement = {.length = 0};

    if (code == OCI_ERR_TOO_LARGE)
        return complain_size(parse);
    if (code != OCI_ERR_IO)
        return code;
    oci_line_addf(&statement, "cannot be %s", fault->doing);
    if (!fault->explained)
        add_system_text(&statement, fault->sys_errno);
    return complain(parse, code, fault->sys_errno, NULL, NULL, statement.text);
}

static int build(struct parse *parse, const char *text, size_t length, oci_document *created)
{
    struct oci_builder builder = {.type = parse->type,
                                  .text = text,
                                  .length = length,
                                  .unknown = parse->options.unknown,
                                  .memory = parse->memory,
                                  .arena = &created->arena,
                                  .report = parse->report,
                                  .scratch = {.memory = parse->memory}};
    struct oci_reader_source source = {.text = text,
                                       .length = length,
                                       .memory = parse->memory,
                                       .limits = {.depth = parse->options.max_depth,
                                                  .values = parse->options.max_values,
                                                  .string = OCI_LONGEST_STRING,
                                                  .number = OCI_LONGEST_NUMBER}};
    int result = oci_read_json(&source, &oci_builder_events, &builder);

    oci_builder_free(&builder);
    created->root = builder.root;
    return result;
}

static int parse_text(struct parse *parse, const char *text, size_t length, oci_document **document)
{
    struct oci_document draft = {.type = parse->type}, *created;
    int result;

    if (length > parse->options.max_bytes)
        return complain_size(parse);
    parse->report->text = text;
    parse->report->length = length;
    oci_arena_init(&draft.arena, parse->memory, block_size(length / 2), block_size(length / 8));
    created = oci_arena_alloc(&draft.arena, sizeof(*created));
    if (created == NULL)
        return OCI_ERR_NO_MEMORY;
    result = build(parse, text, length, &draft);
    if (result < 0 || parse->report->has_error) {
        oci_arena_free(&draft.arena);
        return result;
    }
    *created = draft;
    *document = created;
    return 0;
}

int oci_parse_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const char *text, size_t length,
                             const struct oci_parse_options *options, oci_document **document,
                             oci_report **report)
{
    struct parse parse;
    int result = begin(&parse, memory, type, options, document, report);

    if (result < 0)
        return result;
    if (text == NULL && length > 0)
        result = OCI_ERR_INVALID_ARGUMENT;
    else
        result = parse_text(&parse, text != NULL ? text : "", length, document);
    return finish(&parse, result, report);
}

int oci_parse_file_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  int dirfd, const char *path,
                                  const struct oci_parse_options *options, oci_document **document,
                                  oci_report **report)
{
    struct oci_input_fault fault = {.sys_errno = 0};
    struct parse parse;
    size_t length = 0;
    char *text = NULL;
    int result = begin(&parse, memory, type, options, document, report);

    if (result < 0)
        return result;
    if (path == NULL)
        return finish(&parse, OCI_ERR_INVALID_ARGUMENT, report);
    if (parse.report->name == NULL)
        parse.report->name = path;
    result = oci_input_file(memory, dirfd, path, parse.options.max_bytes, &text, &length, &fault);
    if (result < 0)
        result = complain_input(&parse, result, &fault);
    else
        result = parse_text(&parse, text, length, document);
    result = finish(&parse, result, report);
    oci_memory_release(memory, text);
    return result;
}

int oci_parse(const oci_type *type, const char *text, size_t length,
              const struct oci_parse_options *options, oci_document **document, oci_report **report)
{
    return oci_parse_with_allocator(&oci_default_allocator, type, text, length, options, document,
                                    report);
}

int oci_parse_file(const oci_type *type, int dirfd, const char *path,
                   const struct oci_parse_options *options, oci_document **document,
                   oci_report **report)
{
    return oci_parse_file_with_allocator(&oci_default_allocator, type, dirfd, path, options,
                                         document, report);
}

int oci_parse_fd(const oci_type *type, int fd, const struct oci_parse_options *options,
                 oci_document **document, oci_report **report)
{
    const struct oci_allocator *memory = &oci_default_allocator;
    struct oci_input_fault fault = {.sys_errno = 0};
    struct parse parse;
    size_t length = 0;
    char *text = NULL;
    int result = begin(&parse, memory, type, options, document, report);

    if (result < 0)
        return result;
    result = oci_input_fd(memory, fd, parse.options.max_bytes, &text, &length, &fault);
    if (result < 0)
        result = complain_input(&parse, result, &fault);
    else
        result = parse_text(&parse, text, length, document);
    result = finish(&parse, result, report);
    oci_memory_release(memory, text);
    return result;
}

void *oci_document_root(const oci_document *document, const oci_type *type)
{
    return document != NULL && document->type == type ? document->root : NULL;
}

const oci_type *oci_document_type(const oci_document *document)
{
    return document != NULL ? document->type : NULL;
}

void oci_document_free(oci_document *document)
{
    struct oci_arena arena;

    if (document == NULL)
        return;
    arena = document->arena;
    oci_arena_free(&arena);
}

void oci_free(void *text)
{
    oci_memory_release(&oci_default_allocator, text);
}

const char *oci_type_name(const oci_type *type)
{
    return type != NULL ? type->name : NULL;
}
