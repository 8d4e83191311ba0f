/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which values of cgroupsPath are taken.  Groups are planned here, never made.
 */
#include "cmocka_unit.h"

#include <string.h>

#include <cgroup/group.h>

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        bool good;
    } cases[] = {
        {NULL, true},     {"", true},        {"/a", true},       {"a/b", true},   {"/a..", true},
        {"/..a/b", true}, {"/a/./b", false}, {"a:b:c", true},    {"..", false},   {"../a", false},
        {"/..", false},   {"/a/..", false},  {"/a/../b", false}, {"a/..", false}, {"//../a", false},
        {"/a\nb", false}, {"\n", false},     {"/a/b\n", false},  {"/", false},    {"//", false},
        {".", false},     {"/./", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct group_set set = {0};
        struct failure failure = {0};
        int r = groups_plan(cases[i].path, "guard", &set, &failure);
        if (cases[i].good ? r != 0 : r != OCI_ERR_CONFIG)
            broken("\"%s\": %d (%s)", cases[i].path ? cases[i].path : "(none)", r, failure.text);
        if (!cases[i].good)
            assert_string_equal(failure.pointer, "/linux/cgroupsPath");
        groups_free(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_paths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
