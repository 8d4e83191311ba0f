/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of mount options, options structs of other sizes, and errors.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

#include <base/error.h>
#include <plan/mount_options.h>

/* Every option that the specification names. */
static const char *const named[] = {
    "async",       "atime",        "bind",          "defaults",
    "dev",         "diratime",     "dirsync",       "exec",
    "iversion",    "lazytime",     "loud",          "noatime",
    "nodev",       "nodiratime",   "noexec",        "noiversion",
    "nolazytime",  "norelatime",   "nostrictatime", "nosuid",
    "private",     "rbind",        "relatime",      "remount",
    "ro",          "rprivate",     "rshared",       "rslave",
    "runbindable", "rw",           "shared",        "silent",
    "slave",       "strictatime",  "suid",          "sync",
    "unbindable",  "nosymfollow",  "symfollow",     "ratime",
    "rdev",        "rdiratime",    "rexec",         "rnoatime",
    "rnodiratime", "rnoexec",      "rnorelatime",   "rnostrictatime",
    "rnosuid",     "rnosymfollow", "rrelatime",     "rro",
    "rrw",         "rstrictatime", "rsuid",         "rsymfollow",
    "idmap",       "ridmap",       "mand",          "nomand",
    "tmpcopyup",   "rnodev",
};

static void test_every_option_is_known(void **state)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (mount_option_find(named[i]) == NULL)
            broken("\"%s\" is not in the table", named[i]);
    }
    assert_null(mount_option_find("size=5"));
    assert_null(mount_option_find(""));
    assert_null(mount_option_find("RO"));
}

static void test_no_option_stands_twice(void **state)
{
    size_t count;
    const struct mount_option *table = mount_option_table(&count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(mount_option_find(table[i].name), &table[i]);
}

static void test_meanings(void **state)
{
    const struct mount_option *ro = mount_option_find("ro"), *rro = mount_option_find("rro");
    assert_true(ro->set == MOUNT_ATTR_RDONLY && !ro->recursive);
    assert_true(rro->set == MOUNT_ATTR_RDONLY && rro->recursive);
    assert_true(mount_option_find("suid")->clear == MOUNT_ATTR_NOSUID);
    assert_true(mount_option_find("noatime")->clear == MOUNT_ATTR__ATIME);
    assert_true(mount_option_find("rslave")->set == MS_SLAVE);
    assert_true(mount_option_find("rslave")->recursive);
}

struct sample {
    size_t size;
    int first;
    int second;
};

static void test_option_sizes(void **state)
{
    struct failure failure = {0};
    struct sample known = {sizeof(known), 1, 2};
    struct {
        struct sample known;
        int newer;
    } larger = {{sizeof(larger), 3, 4}, 0};
    struct {
        size_t size;
        int first;
    } smaller = {sizeof(size_t) + sizeof(int), 5};
    assert_int_equal(options_copy(&known, sizeof(known), NULL, &failure), 0);
    assert_int_equal(known.second, 2);
    assert_int_equal(options_copy(&known, sizeof(known), &larger, &failure), 0);
    assert_int_equal(known.second, 4);
    assert_int_equal(known.size, sizeof(known));
    larger.newer = 1;
    assert_int_equal(options_copy(&known, sizeof(known), &larger, &failure), OCI_ERR_UNSUPPORTED);
    assert_int_equal(options_copy(&known, sizeof(known), &smaller, &failure), 0);
    assert_int_equal(known.first, 5);
    assert_int_equal(known.second, 4); /* not part of the smaller one */
    smaller.size = 0;
    assert_int_equal(options_copy(&known, sizeof(known), &smaller, &failure),
                     OCI_ERR_INVALID_ARGUMENT);
}

static void test_error_object(void **state)
{
    struct failure failure = {0};
    container_error *error = NULL;
    fail_errno(&failure, OCI_ERR_MOUNT, ENODEV, "mount %s", "/data");
    fail_at(&failure, "/mounts/%d", 3);
    fail_at(&failure, "/later");
    strcpy(failure.file, "config.json");
    failure.line = 41;
    failure.column = 17;
    assert_int_equal(fail_public(&failure, "create", "c1", &error), OCI_ERR_MOUNT);
    assert_string_equal(container_error_message(error),
                        "config.json:41:17: /mounts/3: mount /data: no such device");
    assert_string_equal(container_error_pointer(error), "/mounts/3");
    assert_string_equal(container_error_operation(error), "create");
    assert_string_equal(container_error_id(error), "c1");
    assert_int_equal(container_error_errno(error), ENODEV);
    assert_int_equal(container_error_line(error), 41);
    container_error_free(error);
    assert_int_equal(fail_public(&failure, "create", NULL, NULL), OCI_ERR_MOUNT);
}

static void test_error_of_nothing(void **state)
{
    assert_int_equal(container_error_code(NULL), 0);
    assert_string_equal(container_error_message(NULL), "");
    container_error_free(NULL);
}

static void test_codes_of_errno(void **state)
{
    struct failure failure = {0};
    assert_int_equal(fail_errno(&failure, OCI_ERR_IO, EACCES, "x"), OCI_ERR_PERMISSION);
    assert_int_equal(fail_errno(&failure, OCI_ERR_IO, ENOMEM, "x"), OCI_ERR_NO_MEMORY);
    assert_int_equal(fail_errno(&failure, OCI_ERR_CGROUP, EACCES, "x"), OCI_ERR_CGROUP);
    assert_string_equal(failure.text, "x: permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option_is_known),
        cmocka_unit_test(test_no_option_stands_twice),
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_option_sizes),
        cmocka_unit_test(test_error_object),
        cmocka_unit_test(test_error_of_nothing),
        cmocka_unit_test(test_codes_of_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
