/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a line of cgroup.events, on a plain file that stands for it: seen when it is there, when it comes,
 * and given up in time when it does not.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <base/clock.h>
#include <cgroup/group.h>

struct folder {
    char path[64];
    int dir;
};

static void write_events(const struct folder *folder, const char *text)
{
    int fd = openat(folder->dir, "cgroup.events", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void folder_begin(struct folder *folder)
{
    strcpy(folder->path, "/tmp/ocikit-events-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->dir = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void folder_end(struct folder *folder)
{
    unlinkat(folder->dir, "cgroup.events", 0);
    close(folder->dir);
    assert_int_equal(rmdir(folder->path), 0);
}

static void *change_later(void *data)
{
    usleep(30000);
    write_events(data, "populated 0\nfrozen 0\n");
    return NULL;
}

static void test_lines(void **state)
{
    struct folder folder;
    folder_begin(&folder);
    assert_false(group_await_event(folder.dir, "populated 0", monotonic_ms() + 10000));
    write_events(&folder, "populated 1\nfrozen 0\n");
    assert_true(group_await_event(folder.dir, "populated 1", monotonic_ms()));
    assert_true(group_await_event(folder.dir, "frozen 0", monotonic_ms()));
    assert_false(group_await_event(folder.dir, "frozen", monotonic_ms()));
    assert_false(group_await_event(folder.dir, "populated 10", monotonic_ms()));
    folder_end(&folder);
}

static void test_bounded(void **state)
{
    struct folder folder;
    folder_begin(&folder);
    write_events(&folder, "populated 1\nfrozen 0\n");
    int64_t before = monotonic_ms();
    assert_false(group_await_event(folder.dir, "populated 0", before + 80));
    int64_t taken = monotonic_ms() - before;
    assert_in_range(taken, 80, 2000);
    folder_end(&folder);
}

static void test_change(void **state)
{
    struct folder folder;
    pthread_t thread;
    folder_begin(&folder);
    write_events(&folder, "populated 1\nfrozen 0\n");
    assert_int_equal(pthread_create(&thread, NULL, change_later, &folder), 0);
    assert_true(group_await_event(folder.dir, "populated 0", monotonic_ms() + 20000));
    pthread_join(thread, NULL);
    folder_end(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_bounded),
                                       cmocka_unit_test(test_change)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
