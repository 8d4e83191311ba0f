/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error numbers that do not fit: the instruction has 16 bits for them, so that one beyond would turn
 * into another without a word.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <stdlib.h>

#include <seccomp/filter.h>

static int compile(struct oci_seccomp *config)
{
    struct failure failure = {0};
    struct filter filter = {0};
    int r = filter_compile(config, NULL, &filter, &failure);
    free(filter.code);
    return r;
}

static void test_error_numbers(void **state)
{
    const char *name[] = {"mkdirat"};
    static const enum oci_seccomp_action actions[] = {OCI_SECCOMP_ACTION_ERRNO,
                                                      OCI_SECCOMP_ACTION_TRACE};
    static const uint32_t numbers[] = {4094, 4096, 65535, 65536, 65536 + EPERM, UINT32_MAX};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        for (size_t a = 0; a < 2; a++) {
            /* A tracer can be told any number of 16 bits. */
            int wanted = numbers[i] > (a == 0 ? 4095u : 65535u) ? OCI_ERR_SECCOMP : 0;
            struct oci_seccomp_syscall rule = {.names = name,
                                               .names_count = 1,
                                               .action = actions[a],
                                               .has_errno_ret = true,
                                               .errno_ret = numbers[i]};
            struct oci_seccomp config = {
                .default_action = OCI_SECCOMP_ACTION_ALLOW, .syscalls = &rule, .syscalls_count = 1};
            assert_int_equal(compile(&config), wanted);
        }
        if (numbers[i] > 4095) {
            struct oci_seccomp config = {.default_action = OCI_SECCOMP_ACTION_ERRNO,
                                         .has_default_errno_ret = true,
                                         .default_errno_ret = numbers[i]};
            assert_int_equal(compile(&config), OCI_ERR_SECCOMP);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_error_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
