/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans of processes that exec adds, on one unified hierarchy: what comes before the control group.
 */
#include "cmocka_unit.h"

#include <linux/sched.h>
#include <string.h>

#include <config/load.h>
#include <plan/compile.h>

static const char config_text[] = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},"
                                  "\"process\":{\"args\":[\"x\"],\"cwd\":\"/"
                                  "\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";

static struct group unified[] = {{.controllers = (char *)"",
                                  .mountpoint = (char *)"/sys/fs/cgroup",
                                  .path = (char *)"/x",
                                  .v2 = true,
                                  .fd = -1,
                                  .dir = -1}};

/* The codes of the first ops up to the join of the namespaces, 0 at the end. */
static bool first_ops(const char *initial, const char *final, uint16_t codes[8])
{
    struct failure failure = {0};
    struct log log = {0};
    struct loaded loaded _loaded_ = {0};
    struct compiled compiled _compiled_ = {0};
    if (load_config("/", config_text, strlen(config_text), &log, &loaded, &failure) < 0)
        broken("%s", failure.text);
    struct oci_exec_cpu_affinity affinity = {.initial = initial, .final = final};
    struct oci_process process = *loaded.config->process;
    process.exec_cpu_affinity = &affinity;
    struct group_set groups = {unified, 1};
    struct compile_input input = {.id = "x",
                                  .bundle = "/b",
                                  .config = loaded.config,
                                  .groups = &groups,
                                  .log = &log,
                                  .process_place = "",
                                  .join = 1,
                                  .keep_fds = 3};
    if (compile_exec(&input, &process, CLONE_NEWNS, &compiled, &failure) < 0)
        broken("%s", failure.text);
    memset(codes, 0, 8 * sizeof(*codes));
    const struct plan_op *ops = plan_ops(&compiled.plan);
    for (size_t i = 0; i < 7 && ops[i].code != PLAN_NS_ENTER_ALL; i++)
        codes[i] = ops[i].code;
    return compiled.born_in_group;
}

static void test_affinity_and_the_group(void **state)
{
    const uint16_t all[8] = {PLAN_CPU_AFFINITY, PLAN_CGROUP_JOIN, PLAN_CPU_AFFINITY};
    const uint16_t first[8] = {PLAN_CPU_AFFINITY, PLAN_CGROUP_JOIN};
    const uint16_t last[8] = {PLAN_CPU_AFFINITY}, none[8] = {0};
    uint16_t codes[8];
    assert_false(first_ops("0", "1", codes));
    assert_memory_equal(codes, all, sizeof(all));
    assert_false(first_ops("0", NULL, codes));
    assert_memory_equal(codes, first, sizeof(first));
    /* Only what comes before the group keeps the process from being born in it. */
    assert_true(first_ops(NULL, "1", codes));
    assert_memory_equal(codes, last, sizeof(last));
    assert_true(first_ops(" ", "", codes));
    assert_memory_equal(codes, none, sizeof(none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_affinity_and_the_group)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
