/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's form: what the builder writes passes the check, and whatever is changed in it is
 * either still well formed or refused, never followed.
 */
#include "cmocka_unit.h"

#include <stdlib.h>
#include <string.h>

#include <plan/builder.h>
#include <plan/verify.h>

static void build(struct plan *plan)
{
    struct plan_builder b;
    struct failure failure = {0};
    const char *const words[] = {"a", "bc", ""};
    const uint32_t groups[] = {1, 2, 3};
    const uint64_t filter[] = {6, 7};
    plan_begin(&b, PLAN_SLOT_FIRST_GROUP);
    plan_from(&b, OCI_ERR_MOUNT, "/mounts/%d", 3);
    int32_t slot = plan_slot(&b);
    PLAN_ADD(&b, .code = PLAN_TREE_OPEN, .slot0 = slot, .text0 = plan_text(&b, "/source"));
    PLAN_ADD(&b, .code = PLAN_ATTACH, .slot0 = slot, .text0 = plan_text(&b, "/target"));
    PLAN_ADD(&b, .code = PLAN_FS_MAKE, .slot0 = slot, .text0 = plan_text(&b, "tmpfs"),
             .text1 = plan_vector(&b, words, 3));
    plan_from(&b, OCI_ERR_USER, NULL);
    PLAN_ADD(&b, .code = PLAN_IDS, .text0 = plan_blob(&b, groups, sizeof(groups)), .length = 3);
    PLAN_ADD(&b, .code = PLAN_SECCOMP, .text0 = plan_blob(&b, filter, sizeof(filter)), .length = 2);
    PLAN_ADD(&b, .code = PLAN_HOOK, .text0 = plan_text(&b, "/bin/hook"),
             .text1 = plan_vector(&b, words, 3), .text2 = plan_vector(&b, NULL, 0),
             .number1 = plan_text(&b, "{"), .number2 = plan_text(&b, "}"));
    PLAN_ADD(&b, .code = PLAN_EXEC, .text1 = plan_vector(&b, words, 1),
             .text2 = plan_vector(&b, words, 2));
    PLAN_ADD(&b, .code = PLAN_ID_MAP, .slot0 = slot, .text0 = plan_text(&b, "/target"),
             .number0 = PLAN_SLOT_FIRST_GROUP);
    PLAN_ADD(&b, .code = PLAN_RECONFIGURE, .slot0 = slot, .text0 = plan_text(&b, "/target"),
             .text1 = plan_vector(&b, words, 1));
    assert_int_equal(plan_finish(&b, PLAN_SLOT_FIRST_GROUP, 3, plan, &failure), 0);
    plan_builder_free(&b);
}

static void test_built_plan_is_good(void **state)
{
    struct plan plan;
    build(&plan);
    assert_int_equal(plan_verify(plan.bytes, plan.size), 0);
    const struct plan_op *ops = plan_ops(&plan);
    assert_string_equal(plan_string(&plan, ops[0].text0), "/source");
    const uint64_t *vector = (const uint64_t *)(plan.bytes + ops[2].text1);
    assert_string_equal(plan_string(&plan, (uint32_t)vector[1]), "bc");
    assert_string_equal(plan_string(&plan, (uint32_t)vector[2]), "");
    assert_true(vector[3] == 0);
    assert_int_equal(((const uint32_t *)(plan.bytes + ops[3].text0))[2], 3);
    plan_free(&plan);
}

static void test_origins(void **state)
{
    struct plan plan;
    build(&plan);
    assert_string_equal(plan_pointer(&plan, 1), "/mounts/3");
    assert_int_equal(plan_error_code(&plan, 1), OCI_ERR_MOUNT);
    assert_null(plan_pointer(&plan, 3));
    assert_int_equal(plan_error_code(&plan, 3), OCI_ERR_USER);
    assert_null(plan_pointer(&plan, 1000));
    plan_free(&plan);
}

static void refuse(struct plan *plan, const char *what)
{
    if (plan_verify(plan->bytes, plan->size) == 0)
        broken("accepted: %s", what);
}

static void test_bad_fields_are_refused(void **state)
{
    struct plan plan;
    build(&plan);
    struct plan_op *ops = (struct plan_op *)(plan.bytes + sizeof(struct plan_header));
    const struct plan_op good[] = {ops[0], ops[2], ops[3], ops[4], ops[5], ops[6], ops[7], ops[8]};
    ops[0].slot0 = -1;
    refuse(&plan, "a slot below the table");
    ops[0].slot0 = 1000;
    refuse(&plan, "a slot beyond the table");
    ops[0] = good[0];
    ops[0].text0 = 8;
    refuse(&plan, "a string before the data");
    ops[0].text0 = (uint32_t)plan.size;
    refuse(&plan, "a string behind the plan");
    ops[0] = good[0];
    ops[0].code = PLAN_CODE_COUNT;
    refuse(&plan, "an unknown op");
    ops[0].code = PLAN_END;
    refuse(&plan, "no op");
    ops[0] = good[0];
    ops[2].text1 += 4;
    refuse(&plan, "a vector that is not aligned");
    ops[2] = good[1];
    ops[3].length = 1000000;
    refuse(&plan, "groups behind the plan");
    ops[3] = good[2];
    ops[4].length = 0x40000000;
    refuse(&plan, "a filter whose size overflows");
    ops[4] = good[3];
    ops[5].number2 = plan.size + 5;
    refuse(&plan, "a state document behind the plan");
    ops[5] = good[4];
    ops[6].text1 = 0;
    refuse(&plan, "exec without arguments");
    ops[6] = good[5];
    ops[7].number0 = 1000;
    refuse(&plan, "a namespace beyond the table");
    ops[7].number0 = UINT64_C(1) << 32;
    refuse(&plan, "a namespace whose number overflows");
    ops[7] = good[6];
    ops[8].text1 = 0;
    refuse(&plan, "a change without options");
    ops[8] = good[7];
    assert_int_equal(plan_verify(plan.bytes, plan.size), 0);
    plan_free(&plan);
}

static void test_bad_header_is_refused(void **state)
{
    struct plan plan;
    build(&plan);
    struct plan_header *header = (struct plan_header *)plan.bytes;
    const struct plan_header good = *header;
    header->magic++;
    refuse(&plan, "another magic");
    *header = good;
    header->op_count = 0x7fffffff;
    refuse(&plan, "more ops than there is room for");
    *header = good;
    header->slot_count = PLAN_MAX_SLOTS + 1;
    refuse(&plan, "too many slots");
    *header = good;
    header->inherited_slots = 1;
    refuse(&plan, "too few inherited slots");
    *header = good;
    for (size_t size = 0; size < plan.size; size++)
        assert_int_not_equal(plan_verify(plan.bytes, size), 0);
    plan_free(&plan);
}

/* Under the address sanitizer this shows that the check itself never reads outside. */
static void test_every_byte_changed(void **state)
{
    struct plan plan;
    build(&plan);
    for (size_t i = 0; i < plan.size; i++) {
        unsigned char *copy = malloc(plan.size);
        for (int value = 0; value < 256; value += 15) {
            memcpy(copy, plan.bytes, plan.size);
            copy[i] = (unsigned char)value;
            plan_verify(copy, plan.size);
        }
        free(copy);
    }
    plan_free(&plan);
}

static void test_too_many_slots(void **state)
{
    struct plan_builder b;
    struct plan plan;
    struct failure failure = {0};
    plan_begin(&b, PLAN_SLOT_FIRST_GROUP);
    for (int i = 0; i < PLAN_MAX_SLOTS; i++)
        plan_slot(&b);
    assert_int_equal(plan_finish(&b, PLAN_SLOT_FIRST_GROUP, 3, &plan, &failure), OCI_ERR_TOO_LARGE);
    plan_builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_plan_is_good),     cmocka_unit_test(test_origins),
        cmocka_unit_test(test_bad_fields_are_refused), cmocka_unit_test(test_bad_header_is_refused),
        cmocka_unit_test(test_every_byte_changed),     cmocka_unit_test(test_too_many_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
