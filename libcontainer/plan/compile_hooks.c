/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: each with the state document around its pid, which only the library and the init know.
 */
#include <plan/compile_internal.h>

#include <string.h>

#include <base/util.h>

/* The document is written by the ordinary writer, with a pid that cannot be one; where its digits
 * stand the real one goes. */
#define PID_MARK 2147483647
#define PID_TEXT "\"pid\":2147483647"

static int state_parts(struct compiler *c, const char *status, char **text, char **after)
{
    struct oci_runtime_state state = {
        .oci_version = c->config->oci_version,
        .id = c->input->id,
        .status = status,
        .has_pid = true,
        .pid = PID_MARK,
        .bundle = c->input->bundle,
        .annotations = c->config->annotations,
        .annotations_count = c->config->annotations_count,
    };
    int r = oci_write(oci_runtime_state_type(), &state, OCI_WRITE_COMPACT, text, NULL);
    if (r < 0)
        return fail(c->failure, r, "the state document cannot be written: %s", oci_code_text(r));
    char *mark = strstr(*text, PID_TEXT);
    if (mark == NULL)
        return fail(c->failure, OCI_ERR_INTERNAL, "the state document has no pid");
    mark += strlen("\"pid\":");
    *mark = 0;
    *after = mark + strlen(PID_TEXT) - strlen("\"pid\":");
    return 0;
}

static int check_hook(struct compiler *c, const struct hook_list *list, size_t index)
{
    const struct oci_hook *hook = &list->hooks[index];
    if (hook->path[0] == '/')
        return 0;
    fail_at(c->failure, "/hooks/%s/%zu/path", list->name, index);
    return fail(c->failure, OCI_ERR_CONFIG, "hook path \"%s\" is not absolute", hook->path);
}

int compile_hooks(struct compiler *c, const struct hook_list *list, const char *status)
{
    struct plan_builder *b = &c->builder;
    char *text = NULL, *after = NULL;
    if (list->count == 0)
        return 0;
    int r = state_parts(c, status, &text, &after);
    uint32_t before = r == 0 ? plan_text(b, text) : 0;
    uint32_t rest = r == 0 ? plan_text(b, after) : 0;
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        const struct oci_hook *hook = &list->hooks[i];
        r = check_hook(c, list, i);
        /* Without args the hook still gets a name. */
        const char *only[] = {hook->path};
        bool named = hook->args_count > 0;
        plan_from(b, OCI_ERR_HOOK, "/hooks/%s/%zu", list->name, i);
        PLAN_ADD(b, .code = PLAN_HOOK, .text0 = plan_text(b, hook->path),
                 .text1 = plan_vector(b, named ? hook->args : only, named ? hook->args_count : 1),
                 .text2 = plan_vector(b, hook->env, hook->env_count),
                 .number0 = hook->has_timeout ? (uint64_t)hook->timeout * 1000 : 0,
                 .number1 = before, .number2 = rest);
    }
    oci_free(text);
    return r;
}
