/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims that lose a race: the folder goes away between being opened and being locked.  The file
 * under test is included, so that its flock can be the moment of the race.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int root;
static int races; /* how many times the folder is still to be removed */

static int racing_flock(int fd, int operation)
{
    if (races > 0) {
        races--;
        unlinkat(root, "c", AT_REMOVEDIR);
    }
    return flock(fd, operation);
}

#define flock(fd, operation) racing_flock(fd, operation)
#include <state/store.c>
#undef flock

static char top[64];
static struct failure failure;

static int make(void **state)
{
    strcpy(top, "/tmp/ocikit-guard-XXXXXX");
    assert_non_null(mkdtemp(top));
    root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    memset(&failure, 0, sizeof(failure));
    races = 0;
    return root < 0;
}

static int unmake(void **state)
{
    unlinkat(root, "c", AT_REMOVEDIR);
    close(root);
    return rmdir(top);
}

static bool stands(int dir)
{
    struct stat own, named;
    return fstat(dir, &own) == 0 && fstatat(root, "c", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           own.st_ino == named.st_ino;
}

static void test_new_folder_that_is_removed(void **state)
{
    int dir = -1;
    races = 3;
    assert_int_equal(store_claim(root, "c", &dir, &failure), 0);
    assert_true(stands(dir));
    close(dir);
}

static void test_folder_that_is_removed_each_time(void **state)
{
    int dir = -1;
    races = 1000;
    assert_int_equal(store_claim(root, "c", &dir, &failure), OCI_ERR_BUSY);
    assert_int_equal(dir, -1);
}

static void test_left_over_that_is_removed(void **state)
{
    int dir = -1;
    assert_int_equal(mkdirat(root, "c", 0700), 0);
    races = 1;
    assert_int_equal(store_claim(root, "c", &dir, &failure), OCI_ERR_EXISTS);
    assert_int_equal(dir, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_folder_that_is_removed, make, unmake),
        cmocka_unit_test_setup_teardown(test_folder_that_is_removed_each_time, make, unmake),
        cmocka_unit_test_setup_teardown(test_left_over_that_is_removed, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
