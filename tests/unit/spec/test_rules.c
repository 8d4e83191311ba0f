/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules: each has a document that breaks it and one, the nearest, that does not (tests/spec/rules;
 * the folder tests/spec is the only argument), and may have more of both: RULE.bad2.json and so on.
 * RULE.expect has a line for each finding of the rule: POINTER LINE:COLUMN SEVERITY.  And how documents are told apart, and which findings are shown.
 */
#include "sample.h"

#include "rule.h"

#include <fcntl.h>
#include <unistd.h>

#define NO_FILE (-1000)
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

static int rules_fd = -1;

static void describe(const oci_report *report, const char *rule, char *text, size_t room)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < oci_report_count(report) && length < room; i++) {
        const struct oci_finding *finding = oci_report_get(report, i);

        if (strcmp(finding->rule, rule) != 0)
            continue;
        length += (size_t)snprintf(text + length, room - length, "%s %zu:%zu %s\n",
                                   finding->pointer[0] != '\0' ? finding->pointer : "-",
                                   finding->line, finding->column,
                                   finding->severity == OCI_SEVERITY_ERROR ? "error" : "warning");
    }
}

static int check_file(const struct oci_rule *rule, const char *end, char *found, size_t room,
                      char *name, size_t name_room)
{
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    oci_report *report = NULL;
    char *text = NULL;
    size_t length = 0;
    int result;

    (void)snprintf(name, name_room, "%s.%s.json", rule->name, end);
    if (oci_read_file(rules_fd, name, 0, &text, &length, NULL) < 0) {
        (void)snprintf(found, room, "there is no such file");
        return NO_FILE;
    }
    options.last_capability = 39;
    if (strcmp(rule->name, "config-process-missing") == 0 ||
        strcmp(rule->name, "process-args-missing") == 0)
        options.flags = OCI_CHECK_STARTABLE;
    result = oci_check(oci_document_kind_find(rule->document), text, length, &options, &report);
    describe(report, rule->name, found, room);
    if (strncmp(end, "good", 4) == 0 && found[0] == '\0' && result < 0)
        (void)snprintf(found, room, "%s", oci_report_first_error(report)->message);
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);

        assert_int_equal(finding->code == OCI_ERR_RULE, oci_rule_find(finding->rule) != NULL);
        assert_non_null(finding->excerpt);
    }
    oci_report_free(report);
    oci_free(text);
    return result;
}

/* The document that breaks a rule; number is "" for the first, and then "2" and so on. */
static bool is_refused(const struct oci_rule *rule, const char *number)
{
    char name[128], found[2048], end[16], *expected = NULL;
    size_t length = 0;
    int result;
    bool good;

    (void)snprintf(end, sizeof(end), "bad%s", number);
    result = check_file(rule, end, found, sizeof(found), name, sizeof(name));
    if (result == NO_FILE && number[0] != '\0')
        return true;
    (void)snprintf(name, sizeof(name), "%s.expect%s", rule->name, number);
    good = oci_read_file(rules_fd, name, 0, &expected, &length, NULL) == 0 &&
           strcmp(expected, found) == 0 &&
           (result == OCI_ERR_RULE) == (rule->severity == OCI_SEVERITY_ERROR);
    if (!good)
        print_error("%s: expected\n%s found\n%s result %d\n", name,
                    expected != NULL ? expected : "?\n", found, result);
    oci_free(expected);
    return good;
}

static bool is_accepted(const struct oci_rule *rule, const char *number)
{
    char name[128], found[2048], end[16];
    int result;

    (void)snprintf(end, sizeof(end), "good%s", number);
    result = check_file(rule, end, found, sizeof(found), name, sizeof(name));
    if ((result == NO_FILE && number[0] != '\0') || found[0] == '\0')
        return true;
    print_error("%s: %s\n", name, found);
    return false;
}

static void test_cases(void **state)
{
    static const char *const numbers[] = {"", "2", "3", "4", "5", "6"};
    size_t failed = 0;

    (void)state;
    for (size_t i = 0; i < oci_rule_count(); i++) {
        const struct oci_rule *rule = oci_rule_get(i);

        assert_non_null(oci_document_kind_find(rule->document));
        for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
            failed += !is_refused(rule, numbers[j]);
            failed += !is_accepted(rule, numbers[j]);
        }
    }
    assert_int_equal(failed, 0);
    assert_true(oci_rule_count() > 100);
}

static void test_catalogue(void **state)
{
    (void)state;
    for (size_t i = 0; i < oci_rule_count(); i++) {
        const struct oci_rule *rule = oci_rule_get(i);

        assert_ptr_equal(oci_rule_find(rule->name), rule);
        assert_non_null(strstr(rule->section, ".md#"));
        assert_true(rule->summary[strlen(rule->summary) - 1] != '.');
        assert_int_equal(rule->name[strspn(rule->name, "abcdefghijklmnopqrstuvwxyz0123456789-")],
                         '\0');
    }
    assert_null(oci_rule_get(oci_rule_count()));
    assert_null(oci_rule_find("no-such-rule"));
    assert_null(oci_rule_find(NULL));
    assert_int_equal(oci_document_kind_count(), 16);
    assert_null(oci_document_kind_get(16));
    assert_null(oci_document_kind_find("config"));
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        const char *kind;
    } cases[] = {
        {"{\"ociVersion\":\"1\",\"process\":{}}", "runtime-config"},
        {"{\"process\":{\"cwd\":\"/\"}}", "runtime-config"},
        {"{\"ociVersion\":\"1\",\"id\":\"a\",\"status\":\"running\",\"bundle\":\"/\"}",
         "runtime-state"},
        {"{\"ociVersionMin\":\"1.0.0\"}", "runtime-features"},
        {"{\"args\":[],\"cwd\":\"/\"}", "process"},
        {"{\"mediaType\":\"application/"
         "vnd.oci.image.manifest.v1+json\",\"digest\":\"a:b\",\"size\":1}",
         "image-descriptor"},
        {"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\"}", "image-manifest"},
        {"{\"manifests\":[{\"layers\":[]}]}", "image-index"},
        {"{\"layers\":[],\"config\":{\"rootfs\":1}}", "image-manifest"},
        {"{\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\",\"layers\":[]}",
         "docker-manifest"},
        {"{\"mediaType\":\"application/vnd.docker.distribution.manifest.list.v2+json\"}",
         "docker-manifest-list"},
        {"{\"rootfs\":{},\"os\":\"linux\"}", "image-config"},
        {"{\"rootfs\":{},\"container_config\":{}}", "docker-config"},
        {"{\"imageLayoutVersion\":\"1.0.0\"}", "image-layout"},
        {"{\"errors\":[]}", "registry-error"},
        {"{\"name\":\"a\",\"tags\":null}", "tag-list"},
        {"{\"repositories\":[]}", "repository-list"},
        {"{\"access_token\":\"\"}", "registry-token"},
        /* Without the members or the version that would make it plain. */
        {"{\"schemaVersion\":2,\"config\":{}}", "image-manifest"},
        {"{\"args\":[\"sh\"]}", "process"},
        {"{\"id\":\"a\",\"status\":\"running\",\"pid\":1}", "runtime-state"},
        {"{\"rootfs\":{},\"parent\":\"x\"}", "docker-config"},
        {"{\"mediaType\":\"" MANIFEST_TYPE "\",\"size\":1}", "image-descriptor"},
        /* The members are right and the media type is wrong. */
        {"{\"mediaType\":\"" INDEX_TYPE "\",\"layers\":[],\"config\":{}}", "image-manifest"},
        {"{\"mediaType\":\"" MANIFEST_TYPE "\",\"manifests\":[]}", "image-index"},
        {"{\"mediaType\":\"" MANIFEST_TYPE "\",\"rootfs\":{},\"config\":{}}", "image-config"},
        {"{\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":{}}", "image-manifest"},
        /* What is of no kind, though it has members of some. */
        {"{\"architecture\":\"wasm\",\"os\":\"wasip2\",\"layerDigests\":[]}", NULL},
        {"{\"mediaType\":\"application/vnd.oci.artifact.manifest.v1+json\",\"blobs\":[]}", NULL},
        {"{\"manifests\":[{\"a\":", "image-index"},
        {"{\"manifests\":tru", "image-index"},
        {"{\"ociVersion\":\"\\u0000\"}", NULL},
        {"{\"a\":{\"ociVersion\":1}}", NULL},
        {"[{\"ociVersion\":1}]", NULL},
        {"{}", NULL},
        {"", NULL},
        {"\xff", NULL},
        {"7", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct oci_document_kind *kind =
            oci_document_kind_detect(cases[i].text, strlen(cases[i].text));

        if ((kind == NULL) != (cases[i].kind == NULL) ||
            (kind != NULL && strcmp(kind->name, cases[i].kind) != 0))
            print_error("%s is %s\n", cases[i].text, kind != NULL ? kind->name : "nothing");
        assert_int_equal(kind == NULL, cases[i].kind == NULL);
        if (kind != NULL)
            assert_string_equal(kind->name, cases[i].kind);
    }
    assert_null(oci_document_kind_detect(NULL, 0));
}

/* A rule is silent where the schema has spoken, and goes on where it has not. */
static void test_with_schema_findings(void **state)
{
    static const char text[] = "{\"ociVersion\":1,\"root\":{\"path\":5},\n"
                               "\"process\":{\"cwd\":\"tmp\",\"args\":7,\"env\":[\"A\",1]}}";
    oci_report *report = NULL;

    (void)state;
    assert_int_equal(
        oci_check(oci_document_kind_find("runtime-config"), text, strlen(text), NULL, &report),
        OCI_ERR_TYPE);
    assert_int_equal(oci_report_count(report), 6);
    assert_string_equal(oci_report_get(report, 0)->pointer, "/ociVersion");
    assert_string_equal(oci_report_get(report, 1)->pointer, "/root/path");
    assert_string_equal(oci_report_get(report, 2)->rule, "process-cwd-absolute");
    assert_string_equal(
        oci_report_get(report, 2)->message,
        "2:18: error: /process/cwd: the working directory \"tmp\" is not an absolute path");
    assert_string_equal(oci_report_get(report, 2)->section, "config.md#process");
    assert_int_equal(oci_report_get(report, 2)->length, 5);
    assert_string_equal(oci_report_get(report, 3)->pointer, "/process/args");
    assert_string_equal(oci_report_get(report, 4)->rule, "process-env-form");
    assert_string_equal(oci_report_get(report, 5)->pointer, "/process/env/1");
    oci_report_free(report);
}

/* What each of these says in full. */
static void test_texts(void **state)
{
    static const struct {
        const char *kind, *text, *expected;
    } cases[] = {
        {"image-descriptor",
         "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"sha256:"
         "00000000000000000000000000000000000000000000000000000000000000\"}",
         "expected 64 lower-case hexadecimal digits after sha256:, found 62"},
        {"image-descriptor",
         "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"sha256:"
         "00000000000000000000000000000000A000000000000000000000000000000f\"}",
         "expected 64 lower-case hexadecimal digits after sha256:, found \"A\", which is none, as "
         "number 33"},
        {"image-config",
         "{\"architecture\":\"x86_64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
         "\"diff_ids\":[]}}",
         "\"x86_64\" is none of the names of GOARCH; did you mean \"amd64\"?"},
        {"image-config",
         "{\"architecture\":\"amd64\",\"os\":\"linx\",\"rootfs\":{\"type\":\"layers\","
         "\"diff_ids\":[]}}",
         "\"linx\" is none of the names of GOOS; did you mean \"linux\"?"},
        {"process", "{\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMN\"]}}",
         "\"CAP_SYS_ADMN\" is not a capability that is known; did you mean \"CAP_SYS_ADMIN\"?"},
        {"process",
         "{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_NOFILES\",\"soft\":1,\"hard\":1}]}",
         "\"RLIMIT_NOFILES\" is no limit of Linux; did you mean \"RLIMIT_NOFILE\"?"},
        {"image-index",
         "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"manifests\":[]}",
         "expected " INDEX_TYPE ", found \"" MANIFEST_TYPE "\""},
        {"image-descriptor",
         "{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"size\":3,\"digest\":\"a:b\"}",
         "expected the size 2 of the empty descriptor, found 3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oci_report *report = NULL;

        (void)oci_check(oci_document_kind_find(cases[i].kind), cases[i].text, strlen(cases[i].text),
                        NULL, &report);
        assert_non_null(oci_report_get(report, 0));
        assert_string_equal(oci_report_get(report, 0)->text, cases[i].expected);
        oci_report_free(report);
    }
}

static size_t count_of(const char *kind, const char *text, int unknown, int *result)
{
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    oci_report *report = NULL;
    size_t count;

    parse.unknown = unknown;
    options.parse = &parse;
    *result = oci_check(oci_document_kind_find(kind), text, strlen(text), &options, &report);
    count = oci_report_count(report);
    oci_report_free(report);
    return count;
}

/* Of documents that others may extend, only what is nearly a known name is worth a warning. */
static void test_unknown_members(void **state)
{
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\",\"com.example\":1}";
    static const char near[] = "{\"ociVersion\":\"1.2.0\",\"id\":\"a\",\"status\":\"stopped\","
                               "\"bundle\":\"/b\",\"anotations\":{},\"x.y\":1}";
    static const char process[] = "{\"cwd\":\"/\",\"com.example\":1}";
    static const char strict[] =
        "{\"cwd\":\"/\",\"consoleSize\":{\"height\":1,\"width\":1,\"x.y\":1}}";
    int result;

    (void)state;
    assert_int_equal(count_of("image-layout", layout, OCI_UNKNOWN_WARN, &result), 0);
    assert_int_equal(count_of("image-layout", layout, OCI_UNKNOWN_REFUSE, &result), 1);
    assert_int_equal(result, OCI_ERR_UNKNOWN_MEMBER);
    assert_int_equal(count_of("runtime-state", near, OCI_UNKNOWN_WARN, &result), 1);
    assert_int_equal(result, 0);
    assert_int_equal(count_of("process", process, OCI_UNKNOWN_WARN, &result), 1);
    assert_int_equal(count_of("process", process, OCI_UNKNOWN_SUGGEST, &result), 0);
    /* An unknown member hides nothing of what stands beside it. */
    assert_int_equal(count_of("process", strict, OCI_UNKNOWN_WARN, &result), 2);
    assert_int_equal(count_of("process", strict, OCI_UNKNOWN_REFUSE, &result), 2);
}

struct visit {
    const struct oci_rule *rule;
    size_t calls;
    bool has_cwd;
};

static void look(void *data, const oci_document *document, oci_checking *checking)
{
    struct visit *visit = data;
    const struct oci_process *process = oci_document_root(document, oci_process_type());

    visit->calls++;
    assert_non_null(process);
    visit->has_cwd = process->cwd != NULL;
    oci_check_broken(checking, visit->rule, "/env/1", "as I say");
    oci_check_broken(checking, visit->rule, "/cwd", "of what the schema has refused");
}

static void test_more(void **state)
{
    static const struct oci_rule rule = {"my-rule", OCI_SEVERITY_ERROR, "process", "a.md#b", "so"};
    static const char text[] = "{\"env\":[\"A=1\",\"B=2\",\"C\"],\n\"cwd\":1}";
    static const char *const ignore[] = {"my-rule", NULL};
    struct visit visit = {.rule = &rule};
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    const struct oci_document_kind *kind = oci_document_kind_find("process");
    oci_report *report = NULL;

    (void)state;
    options.more = look;
    options.data = &visit;
    assert_int_equal(oci_check(kind, text, strlen(text), &options, &report), OCI_ERR_RULE);
    assert_int_equal(visit.calls, 1);
    assert_false(visit.has_cwd);
    assert_int_equal(oci_report_count(report), 3);
    assert_string_equal(oci_report_get(report, 0)->rule, "my-rule");
    assert_string_equal(oci_report_get(report, 0)->text, "as I say");
    assert_int_equal(oci_report_get(report, 0)->column, 15);
    assert_int_equal(oci_report_get(report, 0)->length, 5);
    assert_string_equal(oci_report_get(report, 1)->rule, "process-env-form");
    oci_report_free(report);
    options.ignore = ignore;
    assert_int_equal(oci_check(kind, text, strlen(text), &options, &report), OCI_ERR_TYPE);
    assert_int_equal(oci_report_count(report), 2);
    oci_report_free(report);
    assert_int_equal(oci_check(kind, "{", 1, &options, NULL), OCI_ERR_SYNTAX);
    assert_int_equal(visit.calls, 2);
}

/* All places are found in one walk, and are those that a search for each finds. */
static void test_places(void **state)
{
    static const char *const keys[] = {"a/b", "a~b", "a", "a b", "~", "/", "a~1b", "ab"};
    char text[8192] = "{\"cwd\":\"x\",\"env\":[";
    size_t length = strlen(text), seen = 0;
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    oci_report *report = NULL;

    (void)state;
    for (int i = 0; i < 75; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%*s\"E\"",
                                   i > 0 ? "," : "", i % 7, i % 3 == 0 ? "\n" : "");
    (void)snprintf(text + length, sizeof(text) - length, "]}");
    assert_int_equal(
        oci_check(oci_document_kind_find("process"), text, strlen(text), &options, &report),
        OCI_ERR_RULE);
    assert_int_equal(oci_report_count(report), 76);
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);
        size_t line = 0, column = 0;

        assert_int_equal(oci_locate(text, strlen(text), finding->pointer, &line, &column), 0);
        assert_int_equal(finding->line, line);
        assert_int_equal(finding->column, column);
        seen += i > 0 && finding->offset > oci_report_get(report, i - 1)->offset;
    }
    assert_int_equal(seen, 75);
    oci_report_free(report);
    length = (size_t)snprintf(text, sizeof(text),
                              "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":"
                              "\"r\"},\"linux\":{\"sysctl\":{");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n\"%s\":\"1\"",
                                   i > 0 ? "," : "", keys[i]);
    (void)snprintf(text + length, sizeof(text) - length, "}}}");
    assert_int_equal(
        oci_check(oci_document_kind_find("runtime-config"), text, strlen(text), &options, &report),
        0);
    assert_int_equal(oci_report_count(report), sizeof(keys) / sizeof(keys[0]));
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);
        size_t line = 0, column = 0;

        assert_int_equal(oci_locate(text, strlen(text), finding->pointer, &line, &column), 0);
        assert_int_equal(finding->line, i + 2);
        assert_int_equal(finding->line, line);
        assert_int_equal(finding->column, column);
    }
    oci_report_free(report);
}

static void test_options(void **state)
{
    static const char text[] = "{\"cwd\":\"tmp\",\"oomScoreAdj\":2000}";
    static const char *const ignore[] = {"process-cwd-absolute", "process-oom-score", NULL};
    const struct oci_document_kind *kind = oci_document_kind_find("process");
    struct {
        struct oci_check_options options;
        int more;
    } newer = {.options = OCI_CHECK_OPTIONS_INIT, .more = 0};
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
    oci_report *report = NULL;

    (void)state;
    options.ignore = ignore;
    assert_int_equal(oci_check(kind, text, strlen(text), &options, &report), 0);
    assert_null(report);
    options.ignore = NULL;
    options.parse = &parse;
    parse.name = "p.json";
    parse.max_findings = 1;
    assert_int_equal(oci_check(kind, text, strlen(text), &options, &report), OCI_ERR_RULE);
    assert_int_equal(oci_report_count(report), 1);
    assert_int_equal(oci_report_total(report), 2);
    assert_non_null(strstr(oci_report_get(report, 0)->message, "p.json:1:8: error: /cwd: "));
    oci_report_free(report);
    newer.options.size = sizeof(newer);
    assert_int_equal(oci_check(kind, text, strlen(text), &newer.options, NULL), OCI_ERR_RULE);
    newer.more = 1;
    assert_int_equal(oci_check(kind, text, strlen(text), &newer.options, NULL),
                     OCI_ERR_UNSUPPORTED);
    options.flags = 128;
    assert_int_equal(oci_check(kind, text, strlen(text), &options, NULL), OCI_ERR_UNSUPPORTED);
    assert_int_equal(oci_check(NULL, text, strlen(text), NULL, NULL), OCI_ERR_RULE);
    assert_int_equal(oci_check(NULL, "{\"a\":1}", 7, NULL, &report), OCI_ERR_UNKNOWN_KIND);
    assert_int_equal(oci_report_count(report), 1);
    oci_report_free(report);
    assert_int_equal(oci_check(NULL, "{\"a\":}", 6, NULL, &report), OCI_ERR_SYNTAX);
    oci_report_free(report);
    assert_int_equal(oci_check(NULL, NULL, 1, NULL, NULL), OCI_ERR_INVALID_ARGUMENT);
    assert_int_equal(oci_check_file(NULL, AT_FDCWD, "/none", NULL, &report), OCI_ERR_IO);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "/none: error: cannot be opened: no such file or directory");
    oci_report_free(report);
}

static void test_value(void **state)
{
    const char *env[] = {"A=b", NULL};
    struct oci_process process = {.cwd = "x", .env = env, .env_count = 2};
    struct oci_runtime_config empty = {.oci_version = NULL};
    oci_report *report = NULL;

    (void)state;
    assert_int_equal(oci_check_value(oci_process_type(), &process, NULL, &report), OCI_ERR_RULE);
    assert_string_equal(oci_report_get(report, 0)->message,
                        "error: /cwd: the working directory \"x\" is not an absolute path");
    assert_int_equal(oci_report_get(report, 0)->line, 0);
    oci_report_free(report);
    assert_int_equal(oci_check_value(oci_runtime_config_type(), &empty, NULL, &report),
                     OCI_ERR_RULE);
    oci_report_free(report);
    assert_int_equal(oci_check_value(sample_type(), &process, NULL, NULL),
                     OCI_ERR_INVALID_ARGUMENT);
    /* A struct of nothing but zeros of every kind does no harm. */
    for (size_t i = 0; i < oci_document_kind_count(); i++) {
        static const uint64_t zeros[512];

        assert_true(oci_check_value(oci_document_kind_get(i)->type(), zeros, NULL, NULL) <= 0);
    }
}

static void test_no_memory(void **state)
{
    static const char text[] = "{\"cwd\":\"tmp\",\"oomScoreAdj\":2000,\"env\":[\"A\"],\"args\":1}";
    struct counting_allocator counting;
    int result = OCI_ERR_NO_MEMORY;

    (void)state;
    for (size_t fail = 1; result == OCI_ERR_NO_MEMORY; fail++) {
        oci_report *report = NULL;

        counting_allocator_init(&counting, fail);
        result = oci_check_with_allocator(&counting.memory, oci_document_kind_find("process"), text,
                                          strlen(text), NULL, &report);
        oci_report_free(report);
        assert_int_equal(counting.held, 0);
    }
    assert_int_equal(result, OCI_ERR_RULE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_with_schema_findings),
        cmocka_unit_test(test_options),   cmocka_unit_test(test_value),
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_unknown_members),
        cmocka_unit_test(test_more),      cmocka_unit_test(test_places),
        cmocka_unit_test(test_no_memory),
    };
    int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    rules_fd = openat(folder, "rules", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rules_fd < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
