/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk alone, below the root: links there that start anew at the root, and how many are followed.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The init's file itself, for its static walk. */
#include <init/resolve.c>

static char top[64];
static int root;

static int make_tree(void **state)
{
    strcpy(top, "/tmp/ocikit-guard-XXXXXX");
    assert_non_null(mkdtemp(top));
    root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
    const char *const dirs[] = {"etc", "a", "a/b", "a/b/etc"};
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        assert_int_equal(mkdirat(root, dirs[i], 0755), 0);
    assert_int_equal(symlinkat("/etc", root, "a/b/link"), 0);
    assert_int_equal(symlinkat("/made", root, "a/b/dangling"), 0);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

static int remove_tree(void **state)
{
    close(root);
    return nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void check(int fd, const char *path)
{
    struct stat a, b;
    if (fd < 0)
        broken("not %s: error %d", path, -fd);
    assert_int_equal(fstat(fd, &a), 0);
    assert_int_equal(fstatat(root, path, &b, AT_SYMLINK_NOFOLLOW), 0);
    if (a.st_ino != b.st_ino)
        broken("not %s", path);
    close(fd);
}

static void test_absolute_link_in_the_depth(void **state)
{
    check(walk_path(root, "/a/b/link", 0), "etc");
    check(walk_path(root, "/a/b/dangling/x", WALK_MAKE_DIR), "made/x");
    struct stat st;
    assert_int_not_equal(fstatat(root, "a/b/made", &st, 0), 0);
}

static void test_number_of_links(void **state)
{
    /* c1 -> c0 -> etc, and so on: one link more each. */
    char name[16], target[16] = "etc";
    for (int i = 0; i <= WALK_MAX_LINKS; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        assert_int_equal(symlinkat(target, root, name), 0);
        strcpy(target, name);
        int fd = walk_path(root, name, 0);
        if (i < WALK_MAX_LINKS)
            check(fd, "etc");
        else
            assert_int_equal(fd, -ELOOP);
    }
}

/* The kernel's own links, which lead where no path tells. */
static void test_links_of_proc(void **state)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(proc >= 0);
    assert_int_equal(resolve_in_root(NULL, proc, "/self/cwd", 0), -ELOOP);
    assert_int_equal(resolve_in_root(NULL, proc, "/self/root/etc", 0), -ELOOP);
    close(proc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_absolute_link_in_the_depth, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_number_of_links, make_tree, remove_tree),
        cmocka_unit_test(test_links_of_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
