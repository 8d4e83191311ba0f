/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules as a BPF program of the kernel's type CGROUP_DEVICE.  Pure.
 *
 * The rules are tried from the last to the first.  A register holds the kinds of access that no rule has
 * decided yet: a rule that denies one of them ends with "no", one that allows some takes them away, and with
 * none left the answer is "yes".  What no rule is about is allowed.  Jumps are to the next rule only.
 *
 * Each rule loads the device's numbers anew: what the kernel's verifier learns of them in one rule would else follow
 * it through all others, on a path of its own, until it gives up.  It also follows what stands behind a jump first,
 * and keeps the other way for later: behind a jump is the way to the next rule, of which there is then one for each
 * rule to be kept, not several.
 */
#include <cgroup/device_rules.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <base/util.h>

enum { ANSWER = BPF_REG_0, CONTEXT = BPF_REG_1, NUMBER = BPF_REG_2, PENDING = BPF_REG_3 };

#define RULE_ROOM 16 /* the most instructions that a rule takes */
#define FRAME_ROOM 4 /* and those around them */

struct assembler {
    struct bpf_insn *list;
    size_t count;
};

static void emit(struct assembler *a, unsigned code, unsigned to, unsigned from, int offset,
                 uint32_t value)
{
    a->list[a->count++] = (struct bpf_insn){.code = (uint8_t)code,
                                            .dst_reg = (uint8_t)(to & 15),
                                            .src_reg = (uint8_t)(from & 15),
                                            .off = (int16_t)offset,
                                            .imm = (int32_t)value};
}

static void emit_load(struct assembler *a, unsigned to, size_t offset)
{
    emit(a, BPF_LDX | BPF_MEM | BPF_W, to, CONTEXT, (int)offset, 0);
}

static void emit_answer(struct assembler *a, bool allow)
{
    emit(a, BPF_ALU64 | BPF_MOV | BPF_K, ANSWER, 0, 0, allow);
    emit(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The kernel's access_type: type in the lower half, access in the upper. */
static void emit_begin(struct assembler *a)
{
    emit_load(a, PENDING, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    emit(a, BPF_ALU64 | BPF_RSH | BPF_K, PENDING, 0, 0, 16);
}

/* Jumps to the next rule; where that is is filled in at the end of this one. */
static void emit_next(struct assembler *a)
{
    emit(a, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

static void emit_unless(struct assembler *a, unsigned reg, uint32_t value)
{
    emit(a, BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, 1, value);
    emit_next(a);
}

static void emit_rule(struct assembler *a, const struct device_rule *rule)
{
    size_t start = a->count;
    if (rule->type != 'a') {
        emit_load(a, NUMBER, offsetof(struct bpf_cgroup_dev_ctx, access_type));
        emit(a, BPF_ALU64 | BPF_AND | BPF_K, NUMBER, 0, 0, 0xffff);
        emit_unless(a, NUMBER, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    }
    if (rule->major != DEVICE_ANY) {
        emit_load(a, NUMBER, offsetof(struct bpf_cgroup_dev_ctx, major));
        emit_unless(a, NUMBER, (uint32_t)rule->major);
    }
    if (rule->minor != DEVICE_ANY) {
        emit_load(a, NUMBER, offsetof(struct bpf_cgroup_dev_ctx, minor));
        emit_unless(a, NUMBER, (uint32_t)rule->minor);
    }
    if (rule->access != DEVICE_ALL && rule->allow) {
        emit(a, BPF_ALU64 | BPF_AND | BPF_K, PENDING, 0, 0, DEVICE_ALL & ~rule->access);
        emit_unless(a, PENDING, 0);
    } else if (rule->access != DEVICE_ALL) {
        emit(a, BPF_JMP32 | BPF_JSET | BPF_K, PENDING, 0, 1, rule->access);
        emit_next(a);
    }
    emit_answer(a, rule->allow);
    for (size_t i = start; i < a->count; i++) {
        if (a->list[i].code == (BPF_JMP | BPF_JA))
            a->list[i].off = (int16_t)(a->count - i - 1);
    }
}

/* Nothing passes it by, so that what is behind it is never reached, which the kernel would refuse. */
static bool is_final(const struct device_rule *rule)
{
    return rule->type == 'a' && rule->major == DEVICE_ANY && rule->minor == DEVICE_ANY &&
           rule->access == DEVICE_ALL;
}

int device_program(const struct device_rules *rules, struct bpf_insn **program, size_t *count)
{
    struct assembler a = {.list = calloc(rules->count * RULE_ROOM + FRAME_ROOM, sizeof(*a.list))};
    if (a.list == NULL)
        return -ENOMEM;
    bool final = false;
    emit_begin(&a);
    for (size_t i = rules->count; i-- > 0 && !final;) {
        emit_rule(&a, &rules->list[i]);
        final = is_final(&rules->list[i]);
    }
    if (!final)
        emit_answer(&a, true);
    *program = a.list;
    *count = a.count;
    return 0;
}
