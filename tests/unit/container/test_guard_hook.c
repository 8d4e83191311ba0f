/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output of a hook that is always there faster than it can be read: reading it has an end all the
 * same.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <unistd.h>

/* The init's files themselves, for their static functions. */
#include <init/op_hook.c>
#include <init/attributes.c>
#include <init/report.c>

static void test_endless_output(void **state)
{
    struct hook hook = {
        .pidfd = -1, .input = -1, .output = open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    assert_true(hook.output >= 0);
    alarm(10); /* ends this program if there is no end */
    read_output(&hook);
    alarm(0);
    assert_true(hook.output >= 0);
    assert_int_equal(hook.line_length, sizeof(hook.line) - 1);
    close_hook(&hook);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_endless_output)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
