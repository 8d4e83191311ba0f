/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a root, each resolved twice: by openat2 and by the walk that stands in for it.
 * Whatever the root holds, the result is inside, and nothing is made outside.
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
    strcpy(top, "/tmp/ocikit-resolve-XXXXXX");
    assert_non_null(mkdtemp(top));
    char command[PATH_MAX];
    const char *const dirs[] = {"", "/root", "/root/a", "/root/a/b", "/root/etc", "/outside"};
    for (size_t i = 1; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        snprintf(command, sizeof(command), "%s%s", top, dirs[i]);
        assert_int_equal(mkdir(command, 0755), 0);
    }
    snprintf(command, sizeof(command), "%s/root", top);
    root = open(command, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(root >= 0);
    const char *const links[][2] = {
        {"/a/b", "absolute"},
        {"a/b", "relative"},
        {"../../../a", "a/b/up"},
        {"/../../outside", "out"},
        {"loop", "loop"},
        {"two", "one"},
        {"one", "two"},
        {"/made/later", "dangling"},
        {"../outside", "a/sneak"},
        {"absolute/..", "chain"},
    };
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        assert_int_equal(symlinkat(links[i][0], root, links[i][1]), 0);
    int file = openat(root, "etc/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    close(file);
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

static bool same(int fd, const char *path)
{
    struct stat a, b;
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s/root/%s", top, path);
    return fstat(fd, &a) == 0 && lstat(full, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

/* wanted: a path below the root, or NULL for the error number. */
static void check(const char *path, unsigned flags, const char *wanted, int error)
{
    for (int walk = 0; walk < 2; walk++) {
        int fd = walk ? walk_path(root, path, flags) : resolve_in_root(NULL, root, path, flags);
        if (wanted == NULL) {
            if (fd != -error)
                broken("\"%s\" by %s: %d, not %d", path, walk ? "walk" : "openat2", fd, -error);
            continue;
        }
        if (fd < 0)
            broken("\"%s\" by %s: error %d", path, walk ? "walk" : "openat2", -fd);
        if (!same(fd, wanted))
            broken("\"%s\" by %s is not %s", path, walk ? "walk" : "openat2", wanted);
        close(fd);
    }
}

static void test_plain(void **state)
{
    check("/", 0, ".", 0);
    check("a/b", 0, "a/b", 0);
    check("//a///b//", 0, "a/b", 0);
    check("/a/./b/../b", 0, "a/b", 0);
    check("/etc/file", 0, "etc/file", 0);
    check("/missing", 0, NULL, ENOENT);
    check("/etc/file/x", 0, NULL, ENOTDIR);
}

static void test_links_stay_inside(void **state)
{
    check("/absolute", 0, "a/b", 0);
    check("relative", 0, "a/b", 0);
    check("chain", 0, "a", 0);
    check("a/b/up", 0, "a", 0);
    check("../../..", 0, ".", 0);
    check("/../../../etc", 0, "etc", 0);
    check("out", 0, NULL, ENOENT);
    check("a/sneak", 0, NULL, ENOENT);
    check("loop", 0, NULL, ELOOP);
    check("one/x", 0, NULL, ELOOP);
}

static void test_no_links(void **state)
{
    check("/absolute", WALK_REAL, NULL, ELOOP);
    check("/absolute/x", WALK_REAL, NULL, ELOOP);
    check("/a/b", WALK_REAL, "a/b", 0);
}

static void test_making(void **state)
{
    check("/new/deep/dir", WALK_MAKE_DIR, "new/deep/dir", 0);
    check("/dangling/x", WALK_MAKE_DIR, "made/later/x", 0);
    check("/new/file", WALK_MAKE_FILE, "new/file", 0);
    check("/etc/file/x", WALK_MAKE_DIR, NULL, ENOTDIR);
    struct stat st;
    assert_int_equal(fstatat(root, "new/file", &st, 0), 0);
    assert_true(S_ISREG(st.st_mode));
    /* A link to outside: what is made lies inside, under the name that the link has from the root.
     */
    check("/out/x", WALK_MAKE_DIR, "outside/x", 0);
    check("/a/sneak/y", WALK_MAKE_FILE, "outside/y", 0);
    char outside[PATH_MAX];
    snprintf(outside, sizeof(outside), "%s/outside", top);
    assert_int_equal(rmdir(outside), 0); /* it is still empty */
    assert_int_equal(mkdir(outside, 0755), 0);
}

static void test_parent(void **state)
{
    char name[16];
    int dir = resolve_parent(NULL, root, "/absolute/node", name, sizeof(name));
    assert_true(dir >= 0);
    assert_true(same(dir, "a/b"));
    assert_string_equal(name, "node");
    close(dir);
    assert_int_equal(resolve_parent(NULL, root, "/", name, sizeof(name)), -EINVAL);
    assert_int_equal(resolve_parent(NULL, root, "/a/..", name, sizeof(name)), -EINVAL);
    assert_int_equal(resolve_parent(NULL, root, "/a/a-name-that-is-too-long", name, sizeof(name)),
                     -ENAMETOOLONG);
}

static void test_bounds(void **state)
{
    char path[8192];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = 0;
    check(path, WALK_MAKE_DIR, NULL, ENAMETOOLONG);
    size_t n = 0;
    for (int i = 0; i < WALK_MAX_DEPTH + 8; i++)
        n += (size_t)sprintf(path + n, "/d");
    assert_int_equal(walk_path(root, path, WALK_MAKE_DIR), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_links_stay_inside, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_no_links, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_making, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_parent, make_tree, remove_tree),
        cmocka_unit_test_setup_teardown(test_bounds, make_tree, remove_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
