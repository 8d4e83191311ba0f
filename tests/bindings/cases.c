/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of cases.json in C: cases CASES ROOTFS STATE prints one JSON object a case, in their order.  Says what
 * happens, and judges nothing: test_cases.py compares.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

#include <ocikit/check.h>
#include <ocikit/container.h>
#include <ocikit/spec.h>
#include <ocikit/value.h>

static yajl_gen out;

static void text(const char *value)
{
    yajl_gen_string(out, (const unsigned char *)value, strlen(value));
}

static void member(const char *name, const char *value)
{
    text(name);
    text(value);
}

static void number(const char *name, long long value)
{
    text(name);
    yajl_gen_integer(out, value);
}

static void code(int value)
{
    member("code", oci_code_name(value));
}

/* ---- the table ---- */

static const char *given(yajl_val node, const char *name)
{
    const char *path[] = {name, NULL};
    yajl_val found = yajl_tree_get(node, path, yajl_t_string);
    return found ? YAJL_GET_STRING(found) : "";
}

static yajl_val part(yajl_val node, const char *name)
{
    const char *path[] = {name, NULL};
    return yajl_tree_get(node, path, yajl_t_any);
}

static void write_value(yajl_gen to, yajl_val value)
{
    switch (value->type) {
    case yajl_t_string:
        yajl_gen_string(to, (const unsigned char *)value->u.string, strlen(value->u.string));
        break;
    case yajl_t_number:
        yajl_gen_number(to, value->u.number.r, strlen(value->u.number.r));
        break;
    case yajl_t_object:
        yajl_gen_map_open(to);
        for (size_t i = 0; i < value->u.object.len; i++) {
            yajl_gen_string(to, (const unsigned char *)value->u.object.keys[i], strlen(value->u.object.keys[i]));
            write_value(to, value->u.object.values[i]);
        }
        yajl_gen_map_close(to);
        break;
    case yajl_t_array:
        yajl_gen_array_open(to);
        for (size_t i = 0; i < value->u.array.len; i++)
            write_value(to, value->u.array.values[i]);
        yajl_gen_array_close(to);
        break;
    default:
        yajl_gen_bool(to, YAJL_IS_TRUE(value));
    }
}

/* As JSON, to be freed. */
static char *json_of(yajl_val value)
{
    const unsigned char *data;
    size_t length;
    yajl_gen to = yajl_gen_alloc(NULL);
    write_value(to, value);
    yajl_gen_get_buf(to, &data, &length);
    char *copy = strndup((const char *)data, length);
    yajl_gen_free(to);
    return copy;
}

static int unknown(yajl_val one)
{
    const char *word = given(one, "unknown");
    return strcmp(word, "refuse") == 0 ? OCI_UNKNOWN_REFUSE
           : strcmp(word, "suggest") == 0 ? OCI_UNKNOWN_SUGGEST
                                          : OCI_UNKNOWN_KEEP;
}

/* ---- documents ---- */

static void failed(int r, const oci_report *report)
{
    const struct oci_finding *first = oci_report_first_error(report);
    code(r);
    if (first) {
        member("pointer", first->pointer);
        number("line", (long long)first->line);
        number("column", (long long)first->column);
    }
}

static int parse(yajl_val one, const char *name, oci_document **document)
{
    const struct oci_document_kind *kind = oci_document_kind_find(given(one, "kind"));
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    oci_report *report = NULL;
    const char *json = given(one, name);
    options.unknown = unknown(one);
    int r = oci_parse(kind->type(), json, strlen(json), &options, document, &report);
    if (r < 0)
        failed(r, report);
    oci_report_free(report);
    return r;
}

static void written(oci_document *document, const char *pointer)
{
    const oci_type *type = oci_document_type(document);
    char *json = NULL;
    int r = oci_get_json(type, oci_document_root(document, type), pointer, OCI_WRITE_CANONICAL, &json, NULL);
    if (r < 0)
        code(r);
    else
        member("text", json);
    oci_free(json);
}

static void check(yajl_val one)
{
    const struct oci_document_kind *kind =
        given(one, "kind")[0] ? oci_document_kind_find(given(one, "kind")) : NULL;
    struct oci_check_options options = OCI_CHECK_OPTIONS_INIT;
    struct oci_parse_options parsing = OCI_PARSE_OPTIONS_INIT;
    const char *ignore[8] = {NULL};
    oci_report *report = NULL;
    yajl_val list = part(one, "ignore");
    for (size_t i = 0; list && i < list->u.array.len; i++)
        ignore[i] = YAJL_GET_STRING(list->u.array.values[i]);
    parsing.unknown = unknown(one);
    options.parse = &parsing;
    options.ignore = ignore;
    oci_check(kind, given(one, "text"), strlen(given(one, "text")), &options, &report);
    text("findings");
    yajl_gen_array_open(out);
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *f = oci_report_get(report, i);
        yajl_gen_array_open(out);
        text(f->rule ? f->rule : "");
        text(f->pointer);
        yajl_gen_integer(out, (long long)f->line);
        yajl_gen_integer(out, (long long)f->column);
        yajl_gen_array_close(out);
    }
    yajl_gen_array_close(out);
    oci_report_free(report);
}

static void diff(oci_document *left, oci_document *right)
{
    const oci_type *type = oci_document_type(left);
    oci_differences *found = NULL;
    oci_diff(type, oci_document_root(left, type), oci_document_root(right, type), &found);
    text("differences");
    yajl_gen_array_open(out);
    for (size_t i = 0; i < oci_differences_count(found); i++)
        text(oci_differences_get(found, i)->pointer);
    yajl_gen_array_close(out);
    oci_differences_free(found);
}

static void document_case(yajl_val one)
{
    const char *op = given(one, "op"), *pointer = given(one, "pointer"), *value = given(one, "value");
    oci_document *document = NULL, *other = NULL;
    int r;
    if (strcmp(op, "detect") == 0) {
        const struct oci_document_kind *kind =
            oci_document_kind_detect(given(one, "text"), strlen(given(one, "text")));
        member("text", kind ? kind->name : "");
        return;
    }
    if (strcmp(op, "check") == 0) {
        check(one);
        return;
    }
    if (parse(one, "text", &document) < 0)
        return;
    if (strcmp(op, "parse") == 0)
        written(document, "");
    else if (strcmp(op, "get") == 0)
        written(document, pointer);
    else if (strcmp(op, "diff") == 0 && parse(one, "other", &other) == 0)
        diff(document, other);
    else if (strcmp(op, "set") == 0 || strcmp(op, "remove") == 0) {
        r = op[0] == 's' ? oci_set(document, pointer, value, strlen(value), NULL)
                         : oci_remove(document, pointer, NULL);
        if (r < 0)
            code(r);
        else
            written(document, "");
    }
    oci_document_free(document);
    oci_document_free(other);
}

/* ---- containers ---- */

static container_context *context;
static const char *rootfs;

static void refused(int r, container_error *error)
{
    code(r);
    member("pointer", container_error_pointer(error));
    member("id", container_error_id(error));
    container_error_free(error);
}

static char *configuration(yajl_val one)
{
    const char *argv[16] = {NULL};
    yajl_val args = part(one, "args"), change = part(one, "change");
    oci_document *document = NULL;
    char *json = NULL;
    for (size_t i = 0; i < args->u.array.len; i++)
        argv[i] = YAJL_GET_STRING(args->u.array.values[i]);
    container_default_config(rootfs, argv, &json, NULL);
    oci_parse(oci_runtime_config_type(), json, strlen(json), NULL, &document, NULL);
    container_text_free(json);
    for (size_t i = 0; i < change->u.object.len; i++) {
        char *value = json_of(change->u.object.values[i]);
        if (oci_set(document, change->u.object.keys[i], value, strlen(value), NULL) < 0)
            fprintf(stderr, "%s: the change cannot be made\n", given(one, "name"));
        free(value);
    }
    oci_write(oci_runtime_config_type(), oci_runtime_config_root(document), 0, &json, NULL);
    oci_document_free(document);
    return json;
}

static int create(const char *id, const char *config, int output, container **made, container_error **error)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    options.bundle = ".";
    options.config = config;
    options.config_length = strlen(config);
    options.stdio[0] = options.stdio[2] = none;
    options.stdio[1] = output >= 0 ? output : none;
    int r = container_create(context, id, &options, made, error);
    close(none);
    return r;
}

static void run(const char *id, const char *config)
{
    struct container_exit end;
    container *made = NULL;
    container_error *error = NULL;
    char said[256] = "";
    int output = memfd_create("output", MFD_CLOEXEC);
    int r = create(id, config, output, &made, &error);
    if (r == 0)
        r = container_start(made, NULL, &error);
    if (r == 0)
        r = container_wait(made, -1, &end, &error);
    if (r < 0) {
        refused(r, error);
    } else {
        ssize_t n = pread(output, said, sizeof(said) - 1, 0);
        said[n > 0 ? n : 0] = 0;
        number("exit", end.code);
        number("signal", end.signal);
        member("stdout", said);
    }
    if (made)
        container_delete(made, CONTAINER_DELETE_FORCE, NULL);
    container_close(made);
    close(output);
}

static int exec(container *made, const char *program, container_error **error)
{
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    const char *argv[] = {program, NULL};
    container_process *process = NULL;
    options.argv = argv;
    int r = container_exec(made, &options, &process, error);
    container_process_free(process);
    return r;
}

static int stop(container *made)
{
    container_kill(made, 9, 0, NULL);
    return container_wait(made, -1, NULL, NULL);
}

/* What is refused to a container that was created, by name. */
static int refuse(const char *op, const char *id, const char *config, container *made, container_error **error)
{
    static const char limits[] = "{\"pids\": {\"limit\": \"many\"}}", mount[] = "{\"type\": \"tmpfs\"}";
    container *other = NULL;
    if (strcmp(op, "open-missing") == 0)
        return container_open(context, "nobody", &other, error);
    if (strcmp(op, "create-twice") == 0)
        return create(id, config, -1, &other, error);
    if (strcmp(op, "id-with-slash") == 0)
        return create("a/b", config, -1, &other, error);
    if (strcmp(op, "id-empty") == 0)
        return create("", config, -1, &other, error);
    if (strcmp(op, "pause-created") == 0)
        return container_pause(made, error);
    container_start(made, NULL, NULL);
    if (strcmp(op, "start-twice") == 0)
        return container_start(made, NULL, error);
    if (strcmp(op, "delete-running") == 0)
        return container_delete(made, 0, error);
    if (strcmp(op, "exec-missing") == 0)
        return exec(made, "/nope", error);
    if (strcmp(op, "update-wrong") == 0)
        return container_update(made, limits, strlen(limits), error);
    if (strcmp(op, "mount-wrong") == 0)
        return container_mount_add(made, mount, strlen(mount), error);
    if (strcmp(op, "unmount-nothing") == 0)
        return container_mount_remove(made, "/tmp", error);
    stop(made);
    return strcmp(op, "kill-stopped") == 0 ? container_kill(made, 9, 0, error) : exec(made, "/bin/true", error);
}

static void container_case(yajl_val one, const char *id)
{
    char *config = configuration(one);
    const char *op = given(one, "op");
    container *made = NULL;
    container_error *error = NULL;
    if (strcmp(op, "run") == 0) {
        run(id, config);
    } else if (create(id, config, -1, &made, &error) < 0) {
        refused(-1, error);
    } else {
        int r = refuse(op, id, config, made, &error);
        refused(r, error);
        container_delete(made, CONTAINER_DELETE_FORCE, NULL);
        container_close(made);
    }
    oci_free(config);
}

static void all(yajl_val table, const char *name, const char *id)
{
    yajl_val list = part(table, name);
    for (size_t i = 0; i < list->u.array.len; i++) {
        const unsigned char *data;
        size_t length;
        out = yajl_gen_alloc(NULL);
        yajl_gen_map_open(out);
        if (id)
            container_case(list->u.array.values[i], id);
        else
            document_case(list->u.array.values[i]);
        yajl_gen_map_close(out);
        yajl_gen_get_buf(out, &data, &length);
        printf("%.*s\n", (int)length, (const char *)data);
        yajl_gen_free(out);
    }
}

int main(int argc, char **argv)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    char *json = NULL, why[256] = "";
    size_t length;
    if (argc != 5 || oci_read_file(AT_FDCWD, argv[1], 0, &json, &length, NULL) < 0) {
        fprintf(stderr, "usage: %s CASES ROOTFS STATE ID\n", argv[0]);
        return 2;
    }
    yajl_val table = yajl_tree_parse(json, why, sizeof(why));
    if (table == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], why);
        return 2;
    }
    rootfs = argv[2];
    options.state_root = argv[3];
    container_context_new(&options, &context, NULL);
    all(table, "documents", NULL);
    all(table, "containers", argv[4]);
    container_context_free(context);
    yajl_tree_free(table);
    oci_free(json);
    return 0;
}
