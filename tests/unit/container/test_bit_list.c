/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of CPUs and nodes.
 */
#include "cmocka_unit.h"

#include <plan/bit_list.h>

static void test_lists(void **state)
{
    const struct {
        const char *text;
        int words;
        uint64_t first, second;
    } cases[] = {
        {"", 0, 0, 0},
        {"   ", 0, 0, 0},
        {"0", 1, 1, 0},
        {"0-3,7", 1, 0x8f, 0},
        {" 1 - 2 , 4 ", 1, 0x16, 0},
        {"63", 1, UINT64_C(1) << 63, 0},
        {"62-65", 2, UINT64_C(3) << 62, 3},
        {"5,5,4", 1, 0x30, 0},
        {"0007", 1, 0x80, 0},
        {"8191", BIT_LIST_WORDS, 0, 0},
        {"8192", -2, 0, 0},
        {"0-99999999999999999999", -2, 0, 0},
        {"18446744073709551616", -2, 0, 0},
        {"4294967296", -2, 0, 0},
        {"20000-90000", -2, 0, 0},
        {"90000-20000", -2, 0, 0},
        {"90000-3", -2, 0, 0},
        {",", -1, 0, 0},
        {"1,", -1, 0, 0},
        {",1", -1, 0, 0},
        {"1-", -1, 0, 0},
        {"-1", -1, 0, 0},
        {"3-2", -1, 0, 0},
        {"1-2-3", -1, 0, 0},
        {"1 2", -1, 0, 0},
        {"a", -1, 0, 0},
        {"1\n", -1, 0, 0},
        {"0x1", -1, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t words[BIT_LIST_WORDS];
        int r = bit_list_read(cases[i].text, words);
        if (r != cases[i].words)
            broken("\"%s\": %d", cases[i].text, r);
        if (r >= 0 && (words[0] != cases[i].first || words[1] != cases[i].second))
            broken("\"%s\": %#lx %#lx", cases[i].text, (unsigned long)words[0],
                   (unsigned long)words[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
