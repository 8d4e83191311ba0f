/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One parse from its options to its document and report.  Knows neither JSON nor files: the work is
 * done by the reader, the builder, the report and the input.
 */
#include "builder.h"
#include "handle.h"
#include "parse.h"

#include <string.h>

#define SMALLEST_BLOCK 256u
#define LARGEST_BLOCK 65536u

static size_t block_size(size_t size)
{
    if (size < SMALLEST_BLOCK)
        return SMALLEST_BLOCK;
    return size > LARGEST_BLOCK ? LARGEST_BLOCK : size;
}

struct parse {
    const struct oci_allocator *memory;
    const oci_type *type;
    struct oci_parse_options options;
    struct oci_report *report;
    bool has_options; /* the caller gave some */
    bool partial;     /* values that are refused do not stand in the way of a document */
};

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
    parse->has_options = options != NULL;
    result = oci_options_complete(options, type, &parse->options);
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

static int complain_input(struct parse *parse, int code, const struct oci_input_fault *fault)
{
    struct oci_line statement = {.length = 0};

    if (code != OCI_ERR_IO && code != OCI_ERR_TOO_LARGE)
        return code;
    oci_input_explain(code, fault, parse->options.max_bytes, &statement);
    return complain(parse, code, fault->sys_errno, NULL, NULL, statement.text);
}

static int complain_size(struct parse *parse)
{
    return complain_input(parse, OCI_ERR_TOO_LARGE, &(struct oci_input_fault){.sys_errno = 0});
}

static int complain_memory(struct parse *parse)
{
    struct oci_line expected = {.length = 0};

    oci_line_addf(&expected, "a document that takes at most %zu bytes of memory",
                  parse->options.max_memory);
    return complain(parse, OCI_ERR_TOO_LARGE, 0, expected.text, "one that takes more", NULL);
}

/* Read the text into builder, which says what for. */
static int build(struct parse *parse, const char *text, size_t length, struct oci_builder *builder)
{
    struct oci_reader_source source = {.text = text,
                                       .length = length,
                                       .memory = parse->memory,
                                       .limits = {.depth = parse->options.max_depth,
                                                  .values = parse->options.max_values,
                                                  .string = parse->options.max_string,
                                                  .number = parse->options.max_number}};
    int result;

    builder->text = text;
    builder->length = length;
    builder->unknown = parse->options.unknown;
    builder->report = parse->report;
    parse->report->text = text;
    parse->report->length = length;
    result = oci_read_json(&source, &oci_builder_events, builder);
    oci_builder_free(builder);
    if (result == OCI_ERR_NO_MEMORY && (builder->arena->full || builder->scratch.full))
        result = complain_memory(parse);
    return result;
}

/* A change of the document is to be read as it was. */
static int keep_options(const struct parse *parse, struct oci_document *document)
{
    const char *name = parse->report->name;
    struct oci_parse_options *kept;

    document->was_read = true;
    if (!parse->has_options && name == NULL)
        return 0;
    kept = oci_arena_alloc(&document->arena, sizeof(*kept));
    if (kept == NULL)
        return OCI_ERR_NO_MEMORY;
    *kept = parse->options;
    kept->name = name != NULL ? oci_arena_text(&document->arena, name, strlen(name)) : NULL;
    document->options = kept;
    return name == NULL || kept->name != NULL ? 0 : OCI_ERR_NO_MEMORY;
}

static int parse_text(struct parse *parse, const char *text, size_t length, oci_document **document)
{
    struct oci_document *created;
    struct oci_builder builder = {
        .type = parse->type, .memory = parse->memory, .scratch = {.memory = parse->memory}};
    int result;

    if (length > parse->options.max_bytes)
        return complain_size(parse);
    created = oci_memory_alloc(parse->memory, sizeof(*created));
    if (created == NULL)
        return OCI_ERR_NO_MEMORY;
    *created = (struct oci_document){.type = parse->type};
    oci_arena_init(&created->arena, parse->memory, block_size(length / 4 * 3),
                   block_size(length / 20));
    created->arena.limit = builder.scratch.limit = parse->options.max_memory;
    builder.arena = &created->arena;
    result = build(parse, text, length, &builder);
    if (result < 0 || builder.root == NULL || (parse->report->has_error && !parse->partial)) {
        oci_document_free(created);
        return result;
    }
    created->root = builder.root;
    created->arena.limit = SIZE_MAX;
    result = keep_options(parse, created);
    if (result < 0)
        oci_document_free(created);
    else
        *document = created;
    return result;
}

static int parse_all(struct parse *parse, int begun, const char *text, size_t length,
                     oci_document **document, oci_report **report)
{
    int result = begun;

    if (result < 0)
        return result;
    if (text == NULL && length > 0)
        result = OCI_ERR_INVALID_ARGUMENT;
    else
        result = parse_text(parse, text != NULL ? text : "", length, document);
    return finish(parse, result, report);
}

int oci_parse_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                             const char *text, size_t length,
                             const struct oci_parse_options *options, oci_document **document,
                             oci_report **report)
{
    struct parse parse = {.partial = false};

    return parse_all(&parse, begin(&parse, memory, type, options, document, report), text, length,
                     document, report);
}

int oci_parse_partial(const struct oci_allocator *memory, const oci_type *type, const char *text,
                      size_t length, const struct oci_parse_options *options,
                      oci_document **document, oci_report **report)
{
    struct parse parse = {.partial = true};

    return parse_all(&parse, begin(&parse, memory, type, options, document, report), text, length,
                     document, report);
}

/* What an input function came to: its text, which is freed, or its fault. */
static int parse_input(struct parse *parse, int result, const struct oci_input_fault *fault,
                       char *text, size_t length, oci_document **document, oci_report **report)
{
    if (result < 0)
        result = complain_input(parse, result, fault);
    else
        result = parse_text(parse, text, length, document);
    result = finish(parse, result, report);
    oci_memory_release(parse->memory, text);
    return result;
}

int oci_parse_file_with_allocator(const struct oci_allocator *memory, const oci_type *type,
                                  int dirfd, const char *path,
                                  const struct oci_parse_options *options, oci_document **document,
                                  oci_report **report)
{
    struct oci_input_fault fault = {.sys_errno = 0};
    struct parse parse = {.partial = false};
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
    return parse_input(&parse, result, &fault, text, length, document, report);
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
    struct parse parse = {.partial = false};
    size_t length = 0;
    char *text = NULL;
    int result = begin(&parse, memory, type, options, document, report);

    if (result < 0)
        return result;
    result = oci_input_fd(memory, fd, parse.options.max_bytes, &text, &length, &fault);
    return parse_input(&parse, result, &fault, text, length, document, report);
}

int oci_parse_defaults(const struct oci_allocator *memory, struct oci_arena *arena,
                       const oci_type *type, const char *text, void **root)
{
    struct oci_builder builder = {.type = type,
                                  .memory = memory,
                                  .arena = arena,
                                  .lenient = true,
                                  .scratch = {.memory = memory}};
    struct parse parse = {.partial = false};
    oci_document *none = NULL;
    int result = begin(&parse, memory, type, NULL, &none, NULL);

    if (result < 0)
        return result;
    result = finish(&parse, build(&parse, text, strlen(text), &builder), NULL);
    if (result == 0)
        *root = builder.root;
    return result;
}
