/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the init, where the kernel refuses.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <unistd.h>

#include <launch/spawn.h>

/* The kernel says which fd the process would have had, and closes it again: whatever has that number is not ours. */
static void test_no_fd_of_a_process_that_there_is_not(void **state)
{
    (void)state;
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int stdio[3] = {none, none, none};
    unsigned char nothing[8] = {0};
    const struct plan plan = {.bytes = nothing, .size = sizeof(nothing)};
    const struct spawn how = {
        .init = none,
        .plan = &plan,
        .stdio = stdio,
        .cgroup = none, /* no group: the clone fails after the fd was made */
    };
    struct failure failure = {0};
    pid_t pid = 0;
    int pidfd = 12345;
    int r = spawn(&how, &pid, &pidfd, &failure);
    assert_true(r < 0);
    assert_int_equal(pidfd, -1);
    close(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_fd_of_a_process_that_there_is_not),
    };
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
