/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes as people write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "size.h"

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t size; /* -2: refused */
    } cases[] = {
        {"0", 0},
        {"-1", -1},
        {"4096", 4096},
        {"1k", 1024},
        {"1K", 1024},
        {"512m", 512ll << 20},
        {"512MB", 512ll << 20},
        {"512MiB", 512ll << 20},
        {"2 g", 2ll << 30},
        {"1.5G", 3ll << 29},
        {"0.25t", 1ll << 38},
        {"1p", 1ll << 50},
        {"100b", 100},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", -2},
        {"9007199254740992k", -2},
        {"99999999999999999999999", -2},
        {"", -2},
        {"-2", -2},
        {"m", -2},
        {"1x", -2},
        {"1.", -2},
        {".5g", -2},
        {"1kk", -2},
        {"1  k", -2},
        {"0x10", -2},
        {"1k ", -2},
        {"1bb", -2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t size = -2;
        if (size_read(cases[i].text, &size) != (cases[i].size != -2) || size != cases[i].size) {
            print_error("\"%s\": %lld\n", cases[i].text, (long long)size);
            fail();
        }
    }
}

static void test_numbers(void **state)
{
    int64_t number = 7;
    assert_true(number_read("-1", -1, 100, &number));
    assert_int_equal(number, -1);
    assert_true(number_read("100", -1, 100, &number));
    assert_int_equal(number, 100);
    assert_false(number_read("101", -1, 100, &number));
    assert_false(number_read("-2", -1, 100, &number));
    assert_false(number_read("", -1, 100, &number));
    assert_false(number_read("-", -1, 100, &number));
    assert_false(number_read("1a", -1, 100, &number));
    assert_false(number_read("+1", -1, 100, &number));
    assert_false(number_read("99999999999999999999", 0, INT64_MAX, &number));
    assert_int_equal(number, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
