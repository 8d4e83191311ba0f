/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules: each has a document that breaks it and one, the nearest, that does not (tests/spec/rules;
 * the folder tests/spec is the only argument).  RULE.expect has a line for each finding of the rule:
 * POINTER LINE:COLUMN SEVERITY.  And how documents are told apart, and which findings are shown.
 */
#include "sample.h"

#include "rule.h"

#include <fcntl.h>
#include <unistd.h>

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
        return -1;
    }
    options.last_capability = 39;
    if (strcmp(rule->name, "config-process-missing") == 0)
        options.flags = OCI_CHECK_STARTABLE;
    result = oci_check(oci_document_kind_find(rule->document), text, length, &options, &report);
    describe(report, rule->name, found, room);
    if (strcmp(end, "good") == 0 && found[0] == '\0' && result < 0)
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

static void test_cases(void **state)
{
    size_t failed = 0;

    (void)state;
    for (size_t i = 0; i < oci_rule_count(); i++) {
        const struct oci_rule *rule = oci_rule_get(i);
        char name[128], found[2048], *expected = NULL;
        size_t length = 0;
        int result = check_file(rule, "bad", found, sizeof(found), name, sizeof(name));

        assert_non_null(oci_document_kind_find(rule->document));
        assert_int_equal(result == OCI_ERR_RULE, rule->severity == OCI_SEVERITY_ERROR);
        (void)snprintf(name, sizeof(name), "%s.expect", rule->name);
        if (oci_read_file(rules_fd, name, 0, &expected, &length, NULL) < 0 ||
            strcmp(expected, found) != 0) {
            print_error("%s: expected\n%s found\n%s", name, expected != NULL ? expected : "?\n",
                        found);
            failed++;
        }
        oci_free(expected);
        (void)check_file(rule, "good", found, sizeof(found), name, sizeof(name));
        if (found[0] != '\0') {
            print_error("%s: %s\n", name, found);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
    assert_true(oci_rule_count() > 90);
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
        cmocka_unit_test(test_no_memory),
    };
    int folder = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    rules_fd = openat(folder, "rules", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rules_fd < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
