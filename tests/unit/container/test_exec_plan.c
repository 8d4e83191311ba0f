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

static void compile_for(const struct oci_process *changes, uint64_t namespaces, const char *text,
                        struct compiled *compiled)
{
    struct failure failure = {0};
    struct log log = {0};
    struct loaded loaded _loaded_ = {0};
    if (load_config("/", text, strlen(text), &log, &loaded, &failure) < 0)
        broken("%s", failure.text);
    struct oci_process process = *loaded.config->process;
    process.exec_cpu_affinity = changes->exec_cpu_affinity;
    process.selinux_label = changes->selinux_label;
    struct group_set groups = {unified, 1, 0};
    struct compile_input input = {.id = "x",
                                  .bundle = "/b",
                                  .config = loaded.config,
                                  .groups = &groups,
                                  .log = &log,
                                  .process_place = "",
                                  .join = 1,
                                  .modules = HOST_SELINUX,
                                  .keep_fds = 3};
    if (compile_exec(&input, &process, namespaces, compiled, &failure) < 0)
        broken("%s", failure.text);
}

/* The codes of the first ops up to the join of the namespaces, 0 at the end. */
static bool first_ops(const char *initial, const char *final, uint16_t codes[8])
{
    struct compiled compiled _compiled_ = {0};
    struct oci_exec_cpu_affinity affinity = {.initial = initial, .final = final};
    compile_for(&(struct oci_process){.exec_cpu_affinity = &affinity}, CLONE_NEWNS, config_text,
                &compiled);
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

static const struct plan_op *find(const struct compiled *compiled, uint16_t code)
{
    const struct plan_op *ops = plan_ops(&compiled->plan);
    for (uint32_t i = 0; i < plan_head(&compiled->plan)->op_count; i++) {
        if (ops[i].code == code)
            return &ops[i];
    }
    return NULL;
}

static bool closes_proc(const struct plan_op *op)
{
    return op->code == PLAN_CLOSE && op->slot0 == PLAN_SLOT_PROC;
}

/* Who is in the pid namespace already can look into what comes: nothing of the host may be open there. */
static void test_the_procfs_of_the_host_stays_outside(void **state)
{
    struct compiled plain _compiled_ = {0}, labelled _compiled_ = {0}, mapped _compiled_ = {0};
    const uint64_t namespaces = CLONE_NEWNS | CLONE_NEWPID;
    compile_for(&(struct oci_process){0}, namespaces, config_text, &plain);
    const struct plan_op *fork = find(&plain, PLAN_FORK);
    assert_true(closes_proc(fork - 1));
    assert_null(find(&plain, PLAN_FS_MAKE));
    /* Labels are written through one of the container's, which has nothing but its processes. */
    struct oci_process label = {.selinux_label = "a:b:c:s0"};
    compile_for(&label, namespaces, config_text, &labelled);
    fork = find(&labelled, PLAN_FORK);
    const struct plan_op *own = fork + 1;
    assert_true(closes_proc(fork - 1));
    assert_int_equal(own->code, PLAN_FS_MAKE);
    assert_int_equal(own->slot0, PLAN_SLOT_PROC);
    assert_string_equal(plan_string(&labelled.plan, own->text0), "proc");
    assert_true(find(&labelled, PLAN_PROC_WRITE) > own);
    /* In a user namespace it cannot be made. */
    compile_for(&label, namespaces | CLONE_NEWUSER, config_text, &mapped);
    fork = find(&mapped, PLAN_FORK);
    assert_false(closes_proc(fork - 1));
    assert_null(find(&mapped, PLAN_FS_MAKE));
}

/* Without a mount namespace of its own, the container's root is entered where nobody inside can see it. */
static void test_the_root_is_entered_before_the_fork(void **state)
{
    static const char text[] = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{"
                               "\"args\":[\"x\"],\"cwd\":\"/\"}}";
    struct compiled compiled _compiled_ = {0};
    compile_for(&(struct oci_process){0}, CLONE_NEWPID, text, &compiled);
    const struct plan_op *enter = find(&compiled, PLAN_ROOT_CHROOT);
    assert_non_null(enter);
    assert_true(enter < find(&compiled, PLAN_FORK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affinity_and_the_group),
        cmocka_unit_test(test_the_procfs_of_the_host_stays_outside),
        cmocka_unit_test(test_the_root_is_entered_before_the_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
