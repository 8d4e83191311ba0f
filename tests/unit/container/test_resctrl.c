/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resctrl groups in a folder that behaves like the filesystem: what is made in it comes with the
 * kernel's files, and goes with them.  mkdirat and unlinkat are wrapped for that by the linker.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <resctrl/resctrl.h>

#define FRESH "    L3:0=007ff;1=007ff\n    MB:0=100;1=100\n"

int __real_mkdirat(int dir, const char *name, mode_t mode);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_unlinkat(int dir, const char *name, int flags);

static char top[] = "/tmp/ocikit-resctrl-XXXXXX";
static int root = -1;
static bool monitoring = true, no_schemata;

static void put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

int __wrap_mkdirat(int dir, const char *name, mode_t mode)
{
    if (__real_mkdirat(dir, name, mode) < 0)
        return -1;
    int made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(made, "tasks", "");
    if (!no_schemata)
        put(made, "schemata", FRESH);
    if (monitoring && __real_mkdirat(made, "mon_groups", 0700) < 0)
        return -1;
    close(made);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
    char path[512], link[64];
    assert_int_equal(flags, AT_REMOVEDIR);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    assert_true(n > 0);
    snprintf(path + n, sizeof(path) - (size_t)n, "/%s", name);
    if (access(path, F_OK) < 0)
        return -1;
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int begin(void **state)
{
    strcpy(top + strlen(top) - 6, "XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(root, "tasks", "");
    put(root, "schemata", FRESH);
    __real_mkdirat(root, "mon_groups", 0700);
    __real_mkdirat(root, "info", 0700);
    int info = openat(root, "info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(info, "last_cmd_status", "Mask out of range\n");
    close(info);
    monitoring = true;
    no_schemata = false;
    return 0;
}

static int end(void **state)
{
    close(root);
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void has(const char *file, const char *text)
{
    char path[512], content[1024] = "";
    snprintf(path, sizeof(path), "%s/%s", top, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        broken("%s is missing", file);
    assert_true(read(fd, content, sizeof(content) - 1) >= 0);
    close(fd);
    assert_string_equal(content, text);
}

static bool exists(const char *file)
{
    return faccessat(root, file, F_OK, 0) == 0;
}

/* Everything that a create does; the code of what failed. */
static int create(const struct oci_intel_rdt *config, struct resctrl_group *group,
                  struct failure *failure)
{
    *failure = (struct failure){0};
    int r = resctrl_plan(config, "box", group, failure);
    if (r == 0)
        r = resctrl_look(root, config, group, failure);
    if (r == 0)
        r = resctrl_make(root, config, group, failure);
    return r == 0 ? resctrl_join(root, group, 4711, failure) : r;
}

static const char *lines[] = {"L2:0=f", "MB:0=30"};

static void test_a_group_of_the_container_s_own(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {.l3_cache_schema = "L3:0=f\nMB:0=50\n",
                                   .mem_bw_schema = "MB:0=20",
                                   .schemata = lines,
                                   .schemata_count = 2};
    assert_int_equal(create(&config, &group, &failure), 0);
    assert_true(group.made);
    /* The bandwidth of the older member is left out, schemata come last. */
    has("box/schemata", "L3:0=f\nMB:0=20\nL2:0=f\nMB:0=30\n");
    has("box/tasks", "4711\n");
    for (int i = 0; i < 2; i++)
        assert_int_equal(resctrl_remove(root, &group, &failure), 0);
    assert_false(exists("box"));
}

static void test_nothing_is_written_without_a_schema(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {0};
    assert_int_equal(create(&config, &group, &failure), 0);
    has("box/schemata", FRESH);
    has("box/tasks", "4711\n");
}

static void test_the_group_of_everybody(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {.clos_id = "/"};
    assert_int_equal(create(&config, &group, &failure), 0);
    has("tasks", "4711\n");
    assert_int_equal(resctrl_remove(root, &group, &failure), 0);
    assert_true(exists("tasks"));
}

static void test_a_group_that_exists(void **state)
{
    struct failure failure;
    assert_int_equal(__wrap_mkdirat(root, "shared", 0700), 0);
    const struct {
        const char *cache, *bandwidth;
        int code;
    } cases[] = {
        {NULL, NULL, 0},
        {"L3:0=7ff", NULL, 0},
        {"L3:0=7FF;1=007ff", "MB:1=100", 0},
        {"L3: 0 = 7ff", NULL, 0},
        {"L3:0=7fe", NULL, OCI_ERR_RESCTRL},
        {"L3:0=7ff;2=7ff", NULL, OCI_ERR_RESCTRL},
        {"L2:0=7ff", NULL, OCI_ERR_RESCTRL},
        {"nonsense", NULL, OCI_ERR_RESCTRL},
        {"L3:0", NULL, OCI_ERR_RESCTRL},
        {NULL, "MB:0=10", OCI_ERR_RESCTRL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct resctrl_group group _resctrl_ = {0};
        struct oci_intel_rdt config = {.clos_id = "shared",
                                       .l3_cache_schema = cases[i].cache,
                                       .mem_bw_schema = cases[i].bandwidth};
        int r = create(&config, &group, &failure);
        if (r != cases[i].code)
            broken("case %zu: %d %s", i, r, failure.text);
        assert_false(group.made);
        assert_int_equal(resctrl_remove(root, &group, &failure), 0);
        has("shared/schemata", FRESH);
    }
    struct resctrl_group group _resctrl_ = {0};
    struct oci_intel_rdt config = {.clos_id = "shared", .schemata = lines, .schemata_count = 1};
    assert_int_equal(create(&config, &group, &failure), 0);
    has("shared/schemata", "L2:0=f\n");
}

static void test_schemata_that_cannot_be_read(void **state)
{
    struct resctrl_group group _resctrl_ = {0}, other _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {.clos_id = "shared", .l3_cache_schema = "L3:0=7ff"};
    assert_int_equal(__wrap_mkdirat(root, "shared", 0700), 0);
    int dir = openat(root, "shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(__real_unlinkat(dir, "schemata", 0), 0);
    assert_int_equal(create(&config, &group, &failure), OCI_ERR_RESCTRL);
    assert_int_equal(failure.error, ENOENT);
    assert_non_null(strstr(failure.text, "open schemata of resctrl group \"shared\""));
    assert_int_equal(__real_mkdirat(dir, "schemata", 0700), 0);
    assert_int_equal(create(&config, &other, &failure), OCI_ERR_RESCTRL);
    assert_int_equal(failure.error, EISDIR);
    assert_non_null(strstr(failure.text, "read schemata of resctrl group \"shared\""));
    assert_string_equal(failure.pointer, "/linux/intelRdt");
    assert_int_equal(__real_unlinkat(dir, "schemata", AT_REMOVEDIR), 0);
    close(dir);
}

static void test_a_group_that_was_to_be_there(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {.clos_id = "absent"};
    assert_int_equal(create(&config, &group, &failure), OCI_ERR_RESCTRL);
    assert_string_equal(failure.pointer, "/linux/intelRdt/closID");
    assert_false(exists("absent"));
}

static void test_monitoring(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {
        .clos_id = "/", .has_enable_monitoring = true, .enable_monitoring = true};
    assert_int_equal(create(&config, &group, &failure), 0);
    has("mon_groups/box/tasks", "4711\n");
    for (int i = 0; i < 2; i++)
        assert_int_equal(resctrl_remove(root, &group, &failure), 0);
    assert_false(exists("mon_groups/box"));
}

static void test_failures_undo_themselves(void **state)
{
    struct resctrl_group group _resctrl_ = {0}, other _resctrl_ = {0};
    struct failure failure;
    struct oci_intel_rdt config = {.schemata = lines, .schemata_count = 1};
    no_schemata = true;
    assert_int_equal(create(&config, &group, &failure), OCI_ERR_RESCTRL);
    assert_non_null(strstr(failure.text, "L2:0=f"));
    assert_non_null(strstr(failure.text, "Mask out of range"));
    assert_false(exists("box"));
    no_schemata = false;
    monitoring = false;
    config.has_enable_monitoring = config.enable_monitoring = true;
    assert_int_equal(create(&config, &other, &failure), OCI_ERR_UNSUPPORTED);
    assert_string_equal(failure.pointer, "/linux/intelRdt/enableMonitoring");
    assert_false(exists("box"));
}

/* Between the look and the making somebody else made it: it is theirs. */
static void test_a_group_that_appears(void **state)
{
    struct resctrl_group group _resctrl_ = {0};
    struct failure failure = {0};
    struct oci_intel_rdt config = {.clos_id = "late", .l3_cache_schema = "L3:0=7ff"};
    assert_int_equal(resctrl_plan(&config, "box", &group, &failure), 0);
    assert_int_equal(resctrl_look(root, &config, &group, &failure), 0);
    assert_true(group.made);
    assert_int_equal(__wrap_mkdirat(root, "late", 0700), 0);
    assert_int_equal(resctrl_make(root, &config, &group, &failure), 0);
    assert_false(group.made);
    assert_int_equal(resctrl_remove(root, &group, &failure), 0);
    assert_true(exists("late"));
}

static void test_bad_configurations(void **state)
{
    static const char *two[] = {"L3:0=f\nMB:0=1"};
    const struct {
        struct oci_intel_rdt config;
        const char *pointer;
    } cases[] = {
        {{.clos_id = ""}, "/linux/intelRdt/closID"},
        {{.clos_id = "."}, "/linux/intelRdt/closID"},
        {{.clos_id = ".."}, "/linux/intelRdt/closID"},
        {{.clos_id = "a/b"}, "/linux/intelRdt/closID"},
        {{.clos_id = "/a"}, "/linux/intelRdt/closID"},
        {{.clos_id = "info"}, "/linux/intelRdt/closID"},
        {{.clos_id = "mon_groups"}, "/linux/intelRdt/closID"},
        {{.clos_id = "a\nb"}, "/linux/intelRdt/closID"},
        {{.mem_bw_schema = "L3:0=1"}, "/linux/intelRdt/memBwSchema"},
        {{.mem_bw_schema = "MB:0=1\nL3:0=1"}, "/linux/intelRdt/memBwSchema"},
        {{.schemata = two, .schemata_count = 1}, "/linux/intelRdt/schemata/0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct resctrl_group group _resctrl_ = {0};
        struct failure failure = {0};
        int r = resctrl_plan(&cases[i].config, "box", &group, &failure);
        if (r != OCI_ERR_CONFIG || strcmp(failure.pointer, cases[i].pointer) != 0)
            broken("case %zu: %d at %s", i, r, failure.pointer);
    }
}

/* A folder is no resctrl, whatever is in it. */
static void test_what_is_not_resctrl(void **state)
{
    struct failure failure = {0};
    struct resctrl_group group = {.mountpoint = top};
    assert_int_equal(resctrl_open(&group, &failure), OCI_ERR_NOT_FOUND);
    group.mountpoint = (char *)"/no/such/place";
    assert_int_equal(resctrl_open(&group, &failure), OCI_ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_group_of_the_container_s_own),
        TEST(test_nothing_is_written_without_a_schema),
        TEST(test_the_group_of_everybody),
        TEST(test_a_group_that_exists),
        TEST(test_schemata_that_cannot_be_read),
        TEST(test_a_group_that_was_to_be_there),
        TEST(test_monitoring),
        TEST(test_failures_undo_themselves),
        TEST(test_a_group_that_appears),
        TEST(test_bad_configurations),
        TEST(test_what_is_not_resctrl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
