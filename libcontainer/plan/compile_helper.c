/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans of inits that make no container: one runs a program of the host, as a hook is run, and ends with it; one
 * waits until it is ended.
 */
#include <plan/compile.h>

int compile_helper(const char *path, const char *const *argv, uint64_t timeout_ms,
                   struct compiled *compiled, struct failure *failure)
{
    struct plan_builder b;
    size_t count = 0;
    while (argv[count])
        count++;
    *compiled = (struct compiled){0};
    plan_begin(&b, PLAN_SLOT_FIRST_GROUP);
    plan_from(&b, OCI_ERR_ID_MAPPING, NULL);
    uint32_t nothing = plan_text(&b, "");
    PLAN_ADD(&b, .code = PLAN_HOOK, .text0 = plan_text(&b, path),
             .text1 = plan_vector(&b, argv, count), .text2 = plan_vector(&b, NULL, 0),
             .number0 = timeout_ms, .number1 = nothing, .number2 = nothing);
    plan_from(&b, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&b, .code = PLAN_EXIT);
    int r = plan_finish(&b, PLAN_SLOT_FIRST_GROUP, 3, &compiled->plan, failure);
    plan_builder_free(&b);
    return r;
}

int compile_holder(struct compiled *compiled, struct failure *failure)
{
    struct plan_builder b;
    *compiled = (struct compiled){0};
    plan_begin(&b, PLAN_SLOT_FIRST_GROUP);
    plan_from(&b, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&b, .code = PLAN_SESSION);
    PLAN_ADD(&b, .code = PLAN_SYNC, .number0 = PLAN_SYNC_HOOKS);
    PLAN_ADD(&b, .code = PLAN_EXIT);
    int r = plan_finish(&b, PLAN_SLOT_FIRST_GROUP, 3, &compiled->plan, failure);
    plan_builder_free(&b);
    return r;
}
