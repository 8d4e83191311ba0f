/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option parser: every spelling that callers of OCI runtimes use, and every mistake it names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "args.h"
#include "suggest.h"

struct settings {
    const char *bundle;
    bool detach;
    int count;
    struct args_list env;
};

static const struct args_option options[] = {
    {"bundle", 'b', ARGS_TEXT, offsetof(struct settings, bundle), "DIR", ""},
    {"detach", 'd', ARGS_FLAG, offsetof(struct settings, detach), NULL, ""},
    {"preserve-fds", 0, ARGS_NUMBER, offsetof(struct settings, count), "N", ""},
    {"env", 'e', ARGS_LIST, offsetof(struct settings, env), "NAME=VALUE", ""},
};

static const struct args_table table = {options, sizeof(options) / sizeof(options[0])};

/* One call, as from a shell. */
struct call {
    struct settings settings;
    struct args_outcome outcome;
    char *argv[16];
    int argc;
};

static enum args_result parse(struct call *call, bool stop, const char *const *words)
{
    memset(call, 0, sizeof(*call));
    while (words[call->argc]) {
        call->argv[call->argc] = (char *)words[call->argc];
        call->argc++;
    }
    struct args_request request = {table, &call->settings, stop};
    return args_parse(&request, call->argc, call->argv, &call->outcome);
}

#define PARSE(call, ...) parse((call), false, (const char *const[]){__VA_ARGS__, NULL})
#define PARSE_STOPPING(call, ...) parse((call), true, (const char *const[]){__VA_ARGS__, NULL})

static void assert_arguments(const struct call *call, size_t count, const char *const *words)
{
    assert_int_equal(call->outcome.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(call->argv[i], words[i]);
    assert_null(call->argv[count]);
}

#define ASSERT_ARGUMENTS(call, count, ...)                                                         \
    assert_arguments((call), (count), (const char *const[]){__VA_ARGS__, NULL})

static void every_spelling_of_a_value(void **state)
{
    static const char *const spellings[][3] = {
        {"--bundle", "/x", NULL}, {"--bundle=/x", NULL}, {"-bundle", "/x", NULL},
        {"-bundle=/x", NULL},     {"-b", "/x", NULL},    {"-b=/x", NULL},
        {"--b=/x", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        struct call call;
        assert_int_equal(parse(&call, false, spellings[i]), ARGS_OK);
        assert_string_equal(call.settings.bundle, "/x");
        assert_int_equal(call.outcome.count, 0);
    }
}

static void a_value_may_begin_with_a_dash_or_hold_equals(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "-b", "--detach"), ARGS_OK);
    assert_string_equal(call.settings.bundle, "--detach");
    assert_false(call.settings.detach);
    assert_int_equal(PARSE(&call, "--bundle=a=b"), ARGS_OK);
    assert_string_equal(call.settings.bundle, "a=b");
    assert_int_equal(PARSE(&call, "--bundle="), ARGS_OK);
    assert_string_equal(call.settings.bundle, "");
}

static void flags(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "-d", "x"), ARGS_OK);
    assert_true(call.settings.detach);
    ASSERT_ARGUMENTS(&call, 1, "x");
    assert_int_equal(PARSE(&call, "--detach=true"), ARGS_OK);
    assert_true(call.settings.detach);
    assert_int_equal(PARSE(&call, "-detach", "--detach=false"), ARGS_OK);
    assert_false(call.settings.detach);
    assert_int_equal(PARSE(&call, "-d", "-d=0"), ARGS_OK);
    assert_false(call.settings.detach);
    assert_int_equal(PARSE(&call, "--detach=maybe"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "--detach takes true or false, not \"maybe\"");
}

static void numbers(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "--preserve-fds", "3"), ARGS_OK);
    assert_int_equal(call.settings.count, 3);
    static const char *const wrong[] = {
        "", "-1", "3x", " 3", "+3", "2147483648", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(PARSE(&call, "--preserve-fds", wrong[i]), ARGS_MISUSE);
        assert_non_null(strstr(call.outcome.problem, "--preserve-fds takes a number"));
    }
}

static void repeated_options(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "-b", "one", "--bundle=two"), ARGS_OK);
    assert_string_equal(call.settings.bundle, "two");
    assert_int_equal(PARSE(&call, "-e", "A=1", "--env=B=2", "x", "-env", "C="), ARGS_OK);
    assert_int_equal(call.settings.env.count, 3);
    assert_string_equal(call.settings.env.items[0], "A=1");
    assert_string_equal(call.settings.env.items[1], "B=2");
    assert_string_equal(call.settings.env.items[2], "C=");
    assert_null(call.settings.env.items[3]);
    ASSERT_ARGUMENTS(&call, 1, "x");
    args_release(&table, &call.settings);
    assert_null(call.settings.env.items);
}

static void options_may_follow_arguments(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "one", "-b", "/x", "two", "-d", "-"), ARGS_OK);
    assert_string_equal(call.settings.bundle, "/x");
    assert_true(call.settings.detach);
    ASSERT_ARGUMENTS(&call, 3, "one", "two", "-");
}

static void an_argument_may_end_the_options(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE_STOPPING(&call, "-d", "id", "ls", "-b", "--", "-x"), ARGS_OK);
    assert_true(call.settings.detach);
    assert_null(call.settings.bundle);
    ASSERT_ARGUMENTS(&call, 5, "id", "ls", "-b", "--", "-x");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "one", "--", "-d", "--"), ARGS_OK);
    assert_false(call.settings.detach);
    ASSERT_ARGUMENTS(&call, 3, "one", "-d", "--");
    assert_int_equal(PARSE_STOPPING(&call, "-d", "--", "-b"), ARGS_OK);
    ASSERT_ARGUMENTS(&call, 1, "-b");
}

static void a_missing_value_has_the_text_that_callers_look_for(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "x", "--bundle"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "flag needs an argument: --bundle");
    assert_int_equal(PARSE(&call, "-b"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "flag needs an argument: --bundle");
}

static void unknown_options(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(PARSE(&call, "--bundel", "/x"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "unknown option --bundel; did you mean --bundle?");
    assert_int_equal(PARSE(&call, "-detahc=1"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "unknown option --detahc; did you mean --detach?");
    assert_int_equal(PARSE(&call, "--something-else"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "unknown option --something-else");
    assert_int_equal(PARSE(&call, "-z"), ARGS_MISUSE);
    assert_string_equal(call.outcome.problem, "unknown option -z");
    assert_int_equal(PARSE(&call, "--=x"), ARGS_MISUSE);
    assert_int_equal(PARSE(&call, "---bundle=x"), ARGS_MISUSE);
}

static void help(void **state)
{
    static const char *const spellings[] = {"--help", "-h", "-help", "--help=true"};
    (void)state;
    struct call call;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        assert_int_equal(PARSE(&call, "x", spellings[i]), ARGS_HELP);
        assert_int_equal(PARSE_STOPPING(&call, "x", spellings[i]), ARGS_OK);
    }
    assert_int_equal(PARSE(&call, "--help=false"), ARGS_OK);
    assert_int_equal(PARSE(&call, "-b", "--help"), ARGS_OK);
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(parse(&call, false, (const char *const[]){NULL}), ARGS_OK);
    assert_int_equal(call.outcome.count, 0);
    assert_int_equal(PARSE(&call, ""), ARGS_OK);
    ASSERT_ARGUMENTS(&call, 1, "");
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("create", "create"), 0);
    assert_int_equal(suggest_distance("craete", "create"), 1);
    assert_int_equal(suggest_distance("creat", "create"), 1);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
    assert_int_equal(suggest_distance("", "run"), 3);
    assert_true(suggest_distance("a word that is far longer than any name of anything here",
                                 "run") > suggest_limit("run"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_of_a_value),
        cmocka_unit_test(a_value_may_begin_with_a_dash_or_hold_equals),
        cmocka_unit_test(flags),
        cmocka_unit_test(numbers),
        cmocka_unit_test(repeated_options),
        cmocka_unit_test(options_may_follow_arguments),
        cmocka_unit_test(an_argument_may_end_the_options),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_missing_value_has_the_text_that_callers_look_for),
        cmocka_unit_test(unknown_options),
        cmocka_unit_test(help),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(distances),
    };
    return cmocka_run_group_tests_name("cli-args", tests, NULL, NULL);
}
