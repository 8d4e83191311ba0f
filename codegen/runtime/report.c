/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report: keeps findings, places them by line and column and words their messages.  It must not
 * look at tables or at the struct tree.
 */
#include "report.h"
#include "excerpt.h"

#include <stdlib.h>
#include <string.h>

#define CLIP_NAME 160u
#define CLIP_POINTER 200u
#define FIRST_FINDINGS 4u

void oci_report_init(struct oci_report *report, const struct oci_allocator *memory,
                     const char *name, size_t limit)
{
    *report = (struct oci_report){.memory = memory, .name = name, .limit = limit};
    oci_arena_init(&report->arena, memory, 480, 2000);
}

bool oci_report_wants(const struct oci_report *report, int severity)
{
    return report->count < report->limit || (severity == OCI_SEVERITY_ERROR && !report->has_error);
}

bool oci_report_passes(struct oci_report *report, int severity)
{
    if (oci_report_wants(report, severity))
        return false;
    report->total++;
    return true;
}

void oci_text_place(const char *text, size_t offset, size_t *line, size_t *column)
{
    const char *at = text, *end = text + offset, *next;

    *line = 1;
    while (at < end && (next = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at = next + 1;
        (*line)++;
    }
    *column = (size_t)(end - at) + 1;
}

/* The same for the report's text, counted on from the last place that was asked for. */
static void count_lines(struct oci_report *report, size_t offset, size_t *line, size_t *column)
{
    struct oci_line_place *last = &report->last;
    const char *text = report->text, *next;

    if (last->text != text)
        *last = (struct oci_line_place){.text = text, .line = 1};
    while (last->start > offset) {
        next = memrchr(text, '\n', last->start - 1);
        last->start = next != NULL ? (size_t)(next - text) + 1 : 0;
        last->line--;
    }
    if (last->offset > offset)
        last->offset = offset;
    while (last->offset < offset &&
           (next = memchr(text + last->offset, '\n', offset - last->offset)) != NULL) {
        last->offset = last->start = (size_t)(next - text) + 1;
        last->line++;
    }
    last->offset = offset;
    *line = last->line;
    *column = offset - last->start + 1;
}

static void add_place(const struct oci_report *report, const struct oci_finding *finding,
                      struct oci_line *line)
{
    if (report->name != NULL)
        oci_line_foreign(line, report->name, strlen(report->name), CLIP_NAME);
    if (finding->line > 0)
        oci_line_addf(line, "%s%zu:%zu", line->length > 0 ? ":" : "", finding->line,
                      finding->column);
    oci_line_addf(line, "%s%s: ", line->length > 0 ? ": " : "",
                  finding->severity == OCI_SEVERITY_WARNING ? "warning" : "error");
    if (finding->pointer[0] != '\0') {
        oci_line_foreign(line, finding->pointer, strlen(finding->pointer), CLIP_POINTER);
        oci_line_addf(line, ": ");
    }
}

static void word_text(const struct oci_draft *draft, struct oci_line *line)
{
    if (draft->statement != NULL)
        oci_line_addf(line, "%s", draft->statement);
    else
        oci_line_addf(line, "expected %s, found %s", draft->expected, draft->found);
    if (draft->suggestion != NULL)
        oci_line_addf(line, "; did you mean \"%s\"?", draft->suggestion);
}

static bool copy_text(struct oci_report *report, const char *from, const char **to)
{
    *to = NULL;
    if (from == NULL)
        return true;
    *to = oci_arena_text(&report->arena, from, strlen(from));
    return *to != NULL;
}

int oci_report_move(struct oci_report *report, struct oci_finding *finding, bool placed,
                    size_t offset, size_t length)
{
    struct oci_line message = {.length = 0}, excerpt = {.length = 0};

    finding->offset = placed ? offset : 0;
    finding->length = placed ? length : 0;
    finding->line = 0;
    finding->column = 0;
    finding->excerpt = "";
    if (placed) {
        count_lines(report, offset, &finding->line, &finding->column);
        oci_excerpt(report->text, report->length, offset, length, &excerpt);
        if (!copy_text(report, excerpt.text, &finding->excerpt))
            return OCI_ERR_NO_MEMORY;
    }
    add_place(report, finding, &message);
    oci_line_addf(&message, "%s", finding->text);
    return copy_text(report, message.text, &finding->message) ? 0 : OCI_ERR_NO_MEMORY;
}

static int fill(struct oci_report *report, const struct oci_draft *draft,
                struct oci_finding *finding)
{
    struct oci_line text = {.length = 0};

    *finding = (struct oci_finding){
        .code = draft->code,
        .severity = draft->severity,
        .sys_errno = draft->sys_errno,
        .pointer = draft->pointer != NULL ? draft->pointer : "",
        .rule = draft->rule != NULL ? draft->rule : oci_code_name(draft->code),
        .section = draft->section,
    };
    word_text(draft, &text);
    if (!copy_text(report, draft->expected, &finding->expected) ||
        !copy_text(report, draft->found, &finding->found) ||
        !copy_text(report, draft->suggestion, &finding->suggestion) ||
        !copy_text(report, text.text, &finding->text))
        return OCI_ERR_NO_MEMORY;
    return oci_report_move(report, finding, draft->placed, draft->offset, draft->length);
}

static bool make_room(struct oci_report *report)
{
    struct oci_kept_finding *kept;
    size_t capacity;

    if (report->count < report->capacity)
        return true;
    capacity = report->capacity == 0 ? FIRST_FINDINGS : report->capacity * 2;
    kept = oci_memory_resize(report->memory, report->kept, capacity * sizeof(*kept));
    if (kept == NULL)
        return false;
    report->kept = kept;
    report->capacity = capacity;
    return true;
}

int oci_report_add(struct oci_report *report, const struct oci_draft *draft)
{
    struct oci_kept_finding kept = {.sequence = report->total};
    int result;

    if (oci_report_passes(report, draft->severity))
        return 0;
    report->total++;
    if (!make_room(report))
        return OCI_ERR_NO_MEMORY;
    result = fill(report, draft, &kept.finding);
    if (result < 0)
        return result;
    /* A full list of warnings makes room for the first error: the caller's result must be in it. */
    if (report->count == report->limit)
        report->count--;
    report->kept[report->count++] = kept;
    if (draft->severity == OCI_SEVERITY_ERROR)
        report->has_error = true;
    return 0;
}

static int compare_findings(const void *left, const void *right)
{
    const struct oci_kept_finding *a = left, *b = right;

    if (a->finding.offset != b->finding.offset)
        return a->finding.offset < b->finding.offset ? -1 : 1;
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

void oci_report_finish(struct oci_report *report)
{
    if (report->count > 1)
        qsort(report->kept, report->count, sizeof(*report->kept), compare_findings);
    report->name = NULL;
    report->text = NULL;
    report->length = 0;
}

void oci_report_clear(struct oci_report *report)
{
    oci_arena_free(&report->arena);
    oci_memory_release(report->memory, report->kept);
    report->kept = NULL;
    report->count = 0;
    report->capacity = 0;
}

size_t oci_report_count(const oci_report *report)
{
    return report != NULL ? report->count : 0;
}

const struct oci_finding *oci_report_get(const oci_report *report, size_t index)
{
    return report != NULL && index < report->count ? &report->kept[index].finding : NULL;
}

size_t oci_report_total(const oci_report *report)
{
    return report != NULL ? report->total : 0;
}

const struct oci_finding *oci_report_first_error(const oci_report *report)
{
    for (size_t i = 0; i < oci_report_count(report); i++) {
        if (report->kept[i].finding.severity == OCI_SEVERITY_ERROR)
            return &report->kept[i].finding;
    }
    return NULL;
}

void oci_report_free(oci_report *report)
{
    if (report == NULL)
        return;
    oci_report_clear(report);
    oci_memory_release(report->memory, report);
}
