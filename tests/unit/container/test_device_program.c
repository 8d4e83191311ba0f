/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device programs, run here by a simulator of the instructions that they use, against a plain reading of the
 * rules: for every device that a rule may be about, each kind of access, and random lists of rules.
 */
#include "cmocka_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cgroup/device_rules.h>

#define ENDLESS 100000

static uint32_t load(const struct bpf_cgroup_dev_ctx *context, int offset)
{
    uint32_t value;
    assert_in_range(offset, 0, sizeof(*context) - sizeof(value));
    memcpy(&value, (const char *)context + offset, sizeof(value));
    return value;
}

/* One instruction that is no jump; false for the end. */
static bool step(const struct bpf_insn *i, uint64_t registers[11],
                 const struct bpf_cgroup_dev_ctx *context)
{
    uint64_t *to = &registers[i->dst_reg];
    switch (i->code) {
    case BPF_LDX | BPF_MEM | BPF_W:
        assert_int_equal(i->src_reg, BPF_REG_1);
        *to = load(context, i->off);
        return true;
    case BPF_ALU64 | BPF_MOV | BPF_X:
        *to = registers[i->src_reg];
        return true;
    case BPF_ALU64 | BPF_MOV | BPF_K:
        *to = (uint64_t)(int64_t)i->imm;
        return true;
    case BPF_ALU64 | BPF_AND | BPF_K:
        *to &= (uint64_t)(int64_t)i->imm;
        return true;
    case BPF_ALU64 | BPF_RSH | BPF_K:
        *to >>= i->imm;
        return true;
    case BPF_JMP | BPF_EXIT:
        return false;
    default:
        broken("instruction %#x is none that programs use", i->code);
        return false;
    }
}

static bool jumps(const struct bpf_insn *i, const uint64_t registers[11], bool *taken)
{
    uint32_t value = (uint32_t)registers[i->dst_reg];
    *taken = i->code == (BPF_JMP | BPF_JA) ||
             (i->code == (BPF_JMP32 | BPF_JEQ | BPF_K) && value == (uint32_t)i->imm) ||
             (i->code == (BPF_JMP32 | BPF_JSET | BPF_K) && (value & (uint32_t)i->imm));
    return i->code == (BPF_JMP | BPF_JA) || i->code == (BPF_JMP32 | BPF_JEQ | BPF_K) ||
           i->code == (BPF_JMP32 | BPF_JSET | BPF_K);
}

static bool simulate(const struct bpf_insn *program, size_t count,
                     const struct bpf_cgroup_dev_ctx *context)
{
    uint64_t registers[11];
    /* What is not set is not to be read: the kernel would refuse the program. */
    memset(registers, 0xa5, sizeof(registers));
    size_t at = 0;
    for (int steps = 0; steps < ENDLESS; steps++) {
        bool taken;
        assert_true(at < count);
        const struct bpf_insn *i = &program[at++];
        if (jumps(i, registers, &taken)) {
            assert_true(i->off >= 0);
            at += taken ? (size_t)i->off : 0;
        } else if (!step(i, registers, context)) {
            assert_true(registers[0] == 0 || registers[0] == 1);
            return registers[0] == 1;
        }
    }
    broken("the program does not end");
    return false;
}

/* Each kind of access by itself: what the last rule about it says. */
static bool model(const struct device_rule *list, size_t count, char type, uint32_t major,
                  uint32_t minor, unsigned access)
{
    for (unsigned bit = 1; bit <= 4; bit <<= 1) {
        bool allowed = true;
        for (size_t i = 0; i < count; i++) {
            const struct device_rule *r = &list[i];
            if ((r->type == 'a' || r->type == type) && (r->major == -1 || r->major == major) &&
                (r->minor == -1 || r->minor == minor) && (r->access & bit))
                allowed = r->allow;
        }
        if ((access & bit) && !allowed)
            return false;
    }
    return true;
}

static const uint32_t majors[] = {0, 1, 5, 8, 10, 136, 255, 0xffffffff};
static const uint32_t minors[] = {0, 1, 3, 5, 229, 0x80000000};

static void compare(const struct device_rule *list, size_t count)
{
    struct device_rules rules = {(struct device_rule *)list, count};
    struct bpf_insn *program = NULL;
    size_t length = 0;
    assert_int_equal(device_program(&rules, &program, &length), 0);
    for (size_t i = 0; i < 2 * 8 * 6 * 7; i++) {
        bool block = i & 1;
        uint32_t major = majors[i / 2 % 8], minor = minors[i / 16 % 6];
        unsigned access = 1 + (unsigned)(i / 96);
        struct bpf_cgroup_dev_ctx context = {
            .access_type = access << 16 | (block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
            .major = major,
            .minor = minor};
        bool wanted = model(list, count, block ? 'b' : 'c', major, minor, access);
        if (simulate(program, length, &context) != wanted)
            broken("%s %u:%u access %u: not %s", block ? "b" : "c", major, minor, access,
                   wanted ? "allowed" : "denied");
    }
    free(program);
}

#define DENY_ALL                                                                                   \
    {                                                                                              \
        false, 'a', -1, -1, 7, 0                                                                   \
    }

static void test_lists(void **state)
{
    static const struct device_rule none[] = {DENY_ALL};
    static const struct device_rule all[] = {DENY_ALL, {true, 'a', -1, -1, 7, 0}};
    static const struct device_rule some[] = {
        DENY_ALL, {true, 'c', 1, 3, 6, 0}, {true, 'b', 8, -1, 2, 0}, {true, 'c', -1, 1, 1, 0}};
    static const struct device_rule back[] = {DENY_ALL,
                                              {true, 'c', 1, -1, 7, 0},
                                              {false, 'c', 1, 3, 4, 0},
                                              {true, 'c', 1, 3, 4, 0},
                                              {false, 'a', 1, 5, 2, 0}};
    static const struct device_rule open[] = {{false, 'b', -1, -1, 7, 0}, {false, 'c', 1, 1, 1, 0}};
    static const struct device_rule wide[] = {DENY_ALL, {true, 'c', 0xffffffff, 0x80000000, 7, 0}};
    compare(none, 1);
    compare(all, 2);
    compare(some, 4);
    compare(back, 5);
    compare(open, 2);
    compare(wide, 2);
    compare(none, 0);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_random(void **state)
{
    uint32_t seed = 1;
    for (int round = 0; round < 1000; round++) {
        struct device_rule list[24];
        size_t count = next_random(&seed) % 24;
        for (size_t i = 0; i < count; i++) {
            uint32_t r = next_random(&seed);
            list[i] = (struct device_rule){
                .allow = r & 1,
                .type = "aabbccbc"[r >> 1 & 7],
                .major = r & 16 ? -1 : (int64_t)majors[next_random(&seed) % 8],
                .minor = r & 32 ? -1 : (int64_t)minors[next_random(&seed) % 6],
                .access = 1 + next_random(&seed) % 7,
            };
        }
        compare(list, count);
    }
}

/* The kernel refuses instructions that nothing leads to. */
static void test_nothing_behind_a_final_rule(void **state)
{
    struct device_rule list[] = {{true, 'c', 1, 3, 7, 0}, {true, 'b', 8, 0, 3, 0}, DENY_ALL};
    struct device_rules rules = {list, 3};
    struct bpf_insn *program = NULL;
    size_t count = 0;
    assert_int_equal(device_program(&rules, &program, &count), 0);
    assert_int_equal(count, 2 + 2);
    free(program);
}

static int collect(struct oci_device_cgroup *given, size_t count, struct device_rules *rules,
                   struct failure *failure)
{
    struct oci_linux_resources resources = {.devices = given, .devices_count = count};
    *rules = (struct device_rules){0};
    return device_rules_collect(&resources, "/linux/resources", rules, failure);
}

static void test_reading(void **state)
{
    struct oci_device_cgroup given[] = {
        {.allow = true, .type = "b", .has_major = true, .major = 8, .access = "r"},
        {.allow = false},
        {.allow = true,
         .type = "c",
         .has_major = true,
         .major = 10,
         .has_minor = true,
         .minor = -1,
         .access = "wm"},
    };
    struct device_rules rules;
    struct failure failure = {0};
    assert_int_equal(collect(given, 0, &rules, &failure), 0);
    assert_int_equal(rules.count, 0);
    assert_int_equal(collect(given, 3, &rules, &failure), 0);
    /* The first is void, and eleven stand at the end. */
    assert_int_equal(rules.count, 2 + 11);
    assert_false(rules.list[0].allow);
    assert_int_equal(rules.list[0].type, 'a');
    assert_int_equal(rules.list[1].major, 10);
    assert_int_equal(rules.list[1].minor, DEVICE_ANY);
    assert_int_equal(rules.list[1].access, DEVICE_WRITE | DEVICE_MAKE);
    assert_int_equal(rules.list[1].index, 2);
    /* Whatever the rules say, a container has these. */
    assert_true(model(rules.list, rules.count, 'c', 1, 3, 7));
    assert_true(model(rules.list, rules.count, 'c', 136, 9, 6));
    assert_true(model(rules.list, rules.count, 'b', 7, 7, DEVICE_MAKE));
    assert_false(model(rules.list, rules.count, 'b', 8, 0, DEVICE_READ));
    device_rules_free(&rules);
}

static void test_bad_rules(void **state)
{
    static const struct {
        struct oci_device_cgroup rule;
        int code;
        const char *pointer;
    } cases[] = {
        {{.type = "x"}, OCI_ERR_CONFIG, "/linux/resources/devices/0/type"},
        {{.type = "cc"}, OCI_ERR_CONFIG, "/linux/resources/devices/0/type"},
        {{.type = "c", .access = "rwx"}, OCI_ERR_CONFIG, "/linux/resources/devices/0/access"},
        {{.has_major = true, .major = -2}, OCI_ERR_RANGE, "/linux/resources/devices/0/major"},
        {{.has_major = true, .major = 4096}, OCI_ERR_RANGE, "/linux/resources/devices/0/major"},
        {{.has_minor = true, .minor = 1 << 20}, OCI_ERR_RANGE, "/linux/resources/devices/0/minor"},
        {{.has_minor = true, .minor = 1ll << 32},
         OCI_ERR_RANGE,
         "/linux/resources/devices/0/minor"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct oci_device_cgroup rule = cases[i].rule;
        struct device_rules rules;
        struct failure failure = {0};
        assert_int_equal(collect(&rule, 1, &rules, &failure), cases[i].code);
        assert_string_equal(failure.pointer, cases[i].pointer);
        device_rules_free(&rules);
    }
}

static void test_too_many_rules(void **state)
{
    struct oci_device_cgroup *many = calloc(5000, sizeof(*many));
    struct device_rules rules;
    struct failure failure = {0};
    assert_non_null(many);
    assert_int_equal(collect(many, 5000, &rules, &failure), OCI_ERR_CONFIG);
    assert_string_equal(failure.pointer, "/linux/resources/devices");
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_nothing_behind_a_final_rule),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_bad_rules),
        cmocka_unit_test(test_too_many_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
