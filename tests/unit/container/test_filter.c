/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp filters, run by a small interpreter of the kernel's program form, so that what a profile
 * allows is shown without loading it.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <seccomp/filter.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define NATIVE_OCI OCI_SECCOMP_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#define NATIVE_OCI OCI_SECCOMP_ARCH_AARCH64
#endif

/* The instructions that libseccomp emits: absolute loads, masks, jumps, returns. */
static uint32_t simulate(const struct filter *filter, const struct seccomp_data *data)
{
    const struct sock_filter *code = filter->code;
    uint32_t a = 0, memory[16] = {0};
    for (size_t pc = 0; pc < filter->count; pc++) {
        const struct sock_filter *op = &code[pc];
        switch (op->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(op->k + 4 <= sizeof(*data));
            memcpy(&a, (const char *)data + op->k, 4);
            break;
        case BPF_LD | BPF_MEM:
            a = memory[op->k & 15];
            break;
        case BPF_ST:
            memory[op->k & 15] = a;
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= op->k;
            break;
        case BPF_JMP | BPF_JA:
            pc += op->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == op->k ? op->jt : op->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            pc += a > op->k ? op->jt : op->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += a >= op->k ? op->jt : op->jf;
            break;
        case BPF_RET | BPF_K:
            return op->k;
        default:
            broken("instruction %#x is not known here", op->code);
        }
    }
    broken("the program runs off its end");
    return 0;
}

static uint32_t verdict(const struct oci_seccomp *config, int number, uint64_t argument)
{
    struct failure failure = {0};
    struct filter filter;
    int r = filter_compile(config, NULL, &filter, &failure);
    if (r < 0)
        broken("%s", failure.text);
    struct seccomp_data data = {.nr = number, .arch = NATIVE, .args = {argument}};
    uint32_t action = simulate(&filter, &data);
    free(filter.code);
    return action;
}

static enum oci_seccomp_arch native[] = {NATIVE_OCI};

static struct oci_seccomp base(struct oci_seccomp_syscall *rules, size_t count)
{
    return (struct oci_seccomp){
        .default_action = OCI_SECCOMP_ACTION_ALLOW,
        .architectures = native,
        .architectures_count = 1,
        .syscalls = rules,
        .syscalls_count = count,
    };
}

static void test_actions(void **state)
{
    const char *name[] = {"mkdirat"};
    const struct {
        enum oci_seccomp_action action;
        uint32_t value;
    } cases[] = {
        {OCI_SECCOMP_ACTION_KILL, SECCOMP_RET_KILL_THREAD},
        {OCI_SECCOMP_ACTION_KILL_THREAD, SECCOMP_RET_KILL_THREAD},
        {OCI_SECCOMP_ACTION_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS},
        {OCI_SECCOMP_ACTION_TRAP, SECCOMP_RET_TRAP},
        {OCI_SECCOMP_ACTION_LOG, SECCOMP_RET_LOG},
        {OCI_SECCOMP_ACTION_ERRNO, SECCOMP_RET_ERRNO | EPERM},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct oci_seccomp_syscall rule = {
            .names = name, .names_count = 1, .action = cases[i].action};
        struct oci_seccomp config = base(&rule, 1);
        assert_int_equal(verdict(&config, SYS_mkdirat, 0), cases[i].value);
        assert_int_equal(verdict(&config, SYS_getpid, 0), SECCOMP_RET_ALLOW);
    }
}

static void test_error_numbers(void **state)
{
    const char *name[] = {"mkdirat"};
    struct oci_seccomp_syscall rule = {.names = name,
                                       .names_count = 1,
                                       .action = OCI_SECCOMP_ACTION_ERRNO,
                                       .has_errno_ret = true,
                                       .errno_ret = ENOSYS};
    struct oci_seccomp config = base(&rule, 1);
    assert_int_equal(verdict(&config, SYS_mkdirat, 0), SECCOMP_RET_ERRNO | ENOSYS);
    rule.errno_ret = 0;
    assert_int_equal(verdict(&config, SYS_mkdirat, 0), SECCOMP_RET_ERRNO | 0);
    rule.errno_ret = 5000;
    struct failure failure = {0};
    struct filter filter;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), OCI_ERR_SECCOMP);
}

static void test_comparisons(void **state)
{
    const char *name[] = {"dup"};
    const uint64_t big = UINT64_C(0x100000005);
    const struct {
        enum oci_seccomp_operator op;
        uint64_t value, two, argument;
        bool matches;
    } cases[] = {
        {OCI_SECCOMP_OPERATOR_EQ, big, 0, big, true},
        {OCI_SECCOMP_OPERATOR_EQ, big, 0, 5, false},
        {OCI_SECCOMP_OPERATOR_NE, big, 0, 5, true},
        {OCI_SECCOMP_OPERATOR_LT, big, 0, big - 1, true},
        {OCI_SECCOMP_OPERATOR_LT, big, 0, big, false},
        {OCI_SECCOMP_OPERATOR_LE, big, 0, big, true},
        {OCI_SECCOMP_OPERATOR_GE, big, 0, big, true},
        {OCI_SECCOMP_OPERATOR_GT, big, 0, big, false},
        {OCI_SECCOMP_OPERATOR_GT, big, 0, big + 1, true},
        {OCI_SECCOMP_OPERATOR_MASKED_EQ, 0xf0, 0x50, 0x57, true},
        {OCI_SECCOMP_OPERATOR_MASKED_EQ, 0xf0, 0x50, 0x67, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct oci_seccomp_arg arg = {
            .index = 0, .value = cases[i].value, .value_two = cases[i].two, .op = cases[i].op};
        struct oci_seccomp_syscall rule = {.names = name,
                                           .names_count = 1,
                                           .action = OCI_SECCOMP_ACTION_ERRNO,
                                           .args = &arg,
                                           .args_count = 1};
        struct oci_seccomp config = base(&rule, 1);
        bool matched = verdict(&config, SYS_dup, cases[i].argument) != SECCOMP_RET_ALLOW;
        if (matched != cases[i].matches)
            broken("case %zu", i);
    }
}

/* Two conditions on one argument: either is enough. */
static void test_repeated_argument(void **state)
{
    const char *name[] = {"dup"};
    struct oci_seccomp_arg args[] = {
        {.index = 0, .value = 1, .op = OCI_SECCOMP_OPERATOR_EQ},
        {.index = 0, .value = 2, .op = OCI_SECCOMP_OPERATOR_EQ},
    };
    struct oci_seccomp_syscall rule = {.names = name,
                                       .names_count = 1,
                                       .action = OCI_SECCOMP_ACTION_ERRNO,
                                       .args = args,
                                       .args_count = 2};
    struct oci_seccomp config = base(&rule, 1);
    assert_int_equal(verdict(&config, SYS_dup, 1), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(verdict(&config, SYS_dup, 2), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(verdict(&config, SYS_dup, 3), SECCOMP_RET_ALLOW);
}

static void test_flags(void **state)
{
    struct failure failure = {0};
    struct filter filter;
    struct oci_seccomp config = base(NULL, 0);
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), 0);
    assert_int_equal(filter.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    assert_int_equal(filter.count, 0);
    enum oci_seccomp_flag flags[] = {OCI_SECCOMP_FLAG_LOG};
    config.flags = flags;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), 0);
    assert_int_equal(filter.flags, 0); /* an empty list is not an absent one */
    config.flags_count = 1;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), 0);
    assert_int_equal(filter.flags, SECCOMP_FILTER_FLAG_LOG);
}

static uint32_t answer(const struct oci_seccomp *config, uint32_t arch, uint32_t number)
{
    struct failure failure = {0};
    struct filter filter;
    int r = filter_compile(config, NULL, &filter, &failure);
    if (r < 0)
        broken("%s", failure.text);
    struct seccomp_data data = {.nr = (int)number, .arch = arch};
    uint32_t action = simulate(&filter, &data);
    free(filter.code);
    return action;
}

#define NO_CALL (SECCOMP_RET_ERRNO | ENOSYS)

/* faccessat2 is 439 on every architecture. */
static void test_newer_calls(void **state)
{
    const char *names[] = {"faccessat2", "dup", "no_such_call"};
    struct oci_seccomp_syscall rule = {
        .names = names, .names_count = 3, .action = OCI_SECCOMP_ACTION_ALLOW};
    struct oci_seccomp config = base(&rule, 1);
    const struct {
        enum oci_seccomp_action action;
        bool has_errno;
        uint32_t number, named, above;
    } cases[] = {
        {OCI_SECCOMP_ACTION_ERRNO, false, 0, SECCOMP_RET_ERRNO | EPERM, NO_CALL},
        {OCI_SECCOMP_ACTION_ERRNO, true, EXDEV, SECCOMP_RET_ERRNO | EXDEV, NO_CALL},
        {OCI_SECCOMP_ACTION_ERRNO, true, ENOSYS, NO_CALL, NO_CALL},
        {OCI_SECCOMP_ACTION_KILL, false, 0, SECCOMP_RET_KILL_THREAD, NO_CALL},
        {OCI_SECCOMP_ACTION_KILL_PROCESS, false, 0, SECCOMP_RET_KILL_PROCESS, NO_CALL},
        {OCI_SECCOMP_ACTION_TRAP, false, 0, SECCOMP_RET_TRAP, NO_CALL},
        {OCI_SECCOMP_ACTION_LOG, false, 0, SECCOMP_RET_LOG, SECCOMP_RET_LOG},
        {OCI_SECCOMP_ACTION_TRACE, false, 0, SECCOMP_RET_TRACE | EPERM, SECCOMP_RET_TRACE | EPERM},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        config.default_action = cases[i].action;
        config.has_default_errno_ret = cases[i].has_errno;
        config.default_errno_ret = cases[i].number;
        for (size_t archs = 0; archs < 2; archs++) {
            config.architectures_count = archs;
            assert_int_equal(answer(&config, NATIVE, SYS_dup), SECCOMP_RET_ALLOW);
            assert_int_equal(answer(&config, NATIVE, 439), SECCOMP_RET_ALLOW);
            assert_int_equal(answer(&config, NATIVE, 438), cases[i].named);
            assert_int_equal(answer(&config, NATIVE, 440), cases[i].above);
            assert_int_equal(answer(&config, NATIVE, 0x3fffffff), cases[i].above);
        }
    }
}

#if defined(__x86_64__)
/* Three kinds of calls, of which two share their architecture's number. */
static void test_newer_calls_of_several_architectures(void **state)
{
    const uint32_t x32 = 0x40000000, bad = SECCOMP_RET_KILL_THREAD;
    const char *names[] = {"dup", "faccessat2"};
    enum oci_seccomp_arch archs[] = {OCI_SECCOMP_ARCH_X86_64, OCI_SECCOMP_ARCH_X86,
                                     OCI_SECCOMP_ARCH_X32, OCI_SECCOMP_ARCH_AARCH64};
    struct oci_seccomp_syscall rule = {
        .names = names, .names_count = 2, .action = OCI_SECCOMP_ACTION_ALLOW};
    struct oci_seccomp config = {.default_action = OCI_SECCOMP_ACTION_ERRNO,
                                 .architectures = archs,
                                 .architectures_count = 4,
                                 .syscalls = &rule,
                                 .syscalls_count = 1};
    const uint32_t kinds[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(answer(&config, kinds[i], 439), SECCOMP_RET_ALLOW);
        assert_int_equal(answer(&config, kinds[i], 438), SECCOMP_RET_ERRNO | EPERM);
        assert_int_equal(answer(&config, kinds[i], 440), NO_CALL);
    }
    assert_int_equal(answer(&config, AUDIT_ARCH_X86_64, x32 | 439), SECCOMP_RET_ALLOW);
    assert_int_equal(answer(&config, AUDIT_ARCH_X86_64, x32 | 438), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(answer(&config, AUDIT_ARCH_X86_64, x32 | 440), NO_CALL);
    assert_int_equal(answer(&config, AUDIT_ARCH_ARM, 5), bad);
    /* Without x32 its calls are refused, as libseccomp does it. */
    config.architectures_count = 2;
    assert_int_equal(answer(&config, AUDIT_ARCH_X86_64, x32 | 440), bad);
    assert_int_equal(answer(&config, AUDIT_ARCH_X86_64, 440), NO_CALL);
    assert_int_equal(answer(&config, AUDIT_ARCH_AARCH64, 440), bad);
}
#endif

static void test_notifications(void **state)
{
    const char *name[] = {"mkdirat"}, *used[] = {"recvfrom"};
    struct oci_seccomp_syscall rule = {
        .names = name, .names_count = 1, .action = OCI_SECCOMP_ACTION_NOTIFY};
    struct oci_seccomp config = base(&rule, 1);
    struct failure failure = {0};
    struct filter filter = {0};
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), OCI_ERR_CONFIG);
    config.listener_path = "/l";
    assert_int_equal(verdict(&config, SYS_mkdirat, 0), SECCOMP_RET_USER_NOTIF);
    enum oci_seccomp_flag flags[] = {OCI_SECCOMP_FLAG_TSYNC, OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV};
    config.flags = flags;
    config.flags_count = 2;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), 0);
    assert_true(filter.notifies);
    assert_int_equal(filter.flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                                       SECCOMP_FILTER_FLAG_NEW_LISTENER | 1u << 5);
    free(filter.code);
    rule.action = OCI_SECCOMP_ACTION_LOG;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), 0);
    assert_false(filter.notifies);
    assert_int_equal(filter.flags, SECCOMP_FILTER_FLAG_TSYNC);
    free(filter.code);
    rule.action = OCI_SECCOMP_ACTION_NOTIFY;
    rule.names = used;
    failure = (struct failure){0};
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), OCI_ERR_SECCOMP);
    assert_string_equal(failure.pointer, "/linux/seccomp/syscalls/0/names/0");
}

static void test_numbers_where_there_are_none(void **state)
{
    const char *name[] = {"mkdirat"};
    for (int a = OCI_SECCOMP_ACTION_KILL; a <= OCI_SECCOMP_ACTION_NOTIFY; a++) {
        struct oci_seccomp_syscall rule = {.names = name,
                                           .names_count = 1,
                                           .action = (enum oci_seccomp_action)a,
                                           .has_errno_ret = true,
                                           .errno_ret = 1};
        struct oci_seccomp config = base(&rule, 1);
        config.listener_path = "/l";
        struct failure failure = {0};
        struct filter filter = {0};
        bool takes = a == OCI_SECCOMP_ACTION_ERRNO || a == OCI_SECCOMP_ACTION_TRACE;
        assert_int_equal(filter_compile(&config, NULL, &filter, &failure),
                         takes ? 0 : OCI_ERR_CONFIG);
        free(filter.code);
    }
}

static void test_too_many_rules(void **state)
{
    static const char *names[9000];
    for (size_t i = 0; i < 9000; i++)
        names[i] = "dup";
    struct oci_seccomp_syscall rule = {
        .names = names, .names_count = 9000, .action = OCI_SECCOMP_ACTION_ERRNO};
    struct oci_seccomp config = base(&rule, 1);
    struct failure failure = {0};
    struct filter filter;
    assert_int_equal(filter_compile(&config, NULL, &filter, &failure), OCI_ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_error_numbers),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_repeated_argument),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_too_many_rules),
        cmocka_unit_test(test_newer_calls),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_numbers_where_there_are_none),
#if defined(__x86_64__)
        cmocka_unit_test(test_newer_calls_of_several_architectures),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
