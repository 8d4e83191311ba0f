/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a plan's form.  The init trusts nothing that did not pass here, so that a mistake in
 * the compiler becomes a refusal and not a wild pointer in a privileged process.
 */
#include <plan/verify.h>

enum shape {
    NONE = 0,
    STRING,
    STRING_OR_NONE,
    VECTOR,
    BLOB_4, /* length entries of 4 bytes */
    BLOB_8,
};

struct form {
    unsigned char text0, text1, text2;
    bool slot; /* slot0 must be a slot */
    bool slot_or_none;
};

static const struct form forms[PLAN_CODE_COUNT] = {
    [PLAN_CGROUP_JOIN] = {STRING_OR_NONE, NONE, NONE, true, false},
    [PLAN_ROOT_OPEN] = {STRING, NONE, NONE, true, false},
    [PLAN_NS_OPEN] = {STRING, STRING_OR_NONE, NONE, true, false},
    [PLAN_NS_ENTER] = {NONE, NONE, NONE, true, false},
    [PLAN_NS_ENTER_ALL] = {NONE, NONE, NONE, true, false},
    [PLAN_TIME_OFFSETS] = {STRING_OR_NONE, NONE, NONE, false, false},
    [PLAN_KEYRING] = {STRING, NONE, NONE, false, false},
    [PLAN_TREE_OPEN] = {STRING, NONE, NONE, true, false},
    [PLAN_ROOT_ATTACH] = {NONE, NONE, NONE, true, false},
    [PLAN_FS_OPEN] = {STRING, NONE, NONE, true, false},
    [PLAN_FS_MAKE] = {STRING, VECTOR, STRING_OR_NONE, true, false},
    [PLAN_MOUNT_ATTR] = {NONE, NONE, NONE, true, false},
    [PLAN_ATTACH] = {STRING, NONE, NONE, true, false},
    [PLAN_MOUNT_FIND] = {STRING, NONE, NONE, true, false},
    [PLAN_RECONFIGURE] = {STRING, VECTOR, NONE, true, false},
    [PLAN_LABEL] = {STRING, NONE, NONE, true, false},
    [PLAN_ID_MAP] = {STRING, NONE, NONE, true, false},
    [PLAN_CLOSE] = {NONE, NONE, NONE, true, false},
    [PLAN_GIVE] = {NONE, NONE, NONE, false, true},
    [PLAN_TAKE] = {NONE, NONE, NONE, true, false},
    [PLAN_TERMINAL] = {NONE, NONE, NONE, false, true},
    [PLAN_TERMINAL_USE] = {NONE, NONE, NONE, true, false},
    [PLAN_ROOT_USE] = {NONE, NONE, NONE, true, false},
    [PLAN_UNMOUNT] = {STRING, NONE, NONE, false, false},
    [PLAN_MKDIR] = {STRING, NONE, NONE, false, false},
    [PLAN_SYMLINK] = {STRING, STRING, NONE, false, false},
    [PLAN_MKNOD] = {STRING, NONE, NONE, false, true},
    [PLAN_MASK] = {STRING, STRING_OR_NONE, NONE, true, false},
    [PLAN_READONLY] = {STRING, NONE, NONE, false, false},
    [PLAN_ROOT_CHROOT] = {STRING_OR_NONE, NONE, NONE, false, true},
    [PLAN_PROC_WRITE] = {STRING, STRING, NONE, false, false},
    [PLAN_HOSTNAME] = {STRING, NONE, NONE, false, false},
    [PLAN_DOMAINNAME] = {STRING, NONE, NONE, false, false},
    [PLAN_SCHEDULER] = {BLOB_8, NONE, NONE, false, false},
    [PLAN_CPU_AFFINITY] = {BLOB_8, NONE, NONE, false, false},
    [PLAN_MEMORY_POLICY] = {BLOB_8, NONE, NONE, false, false},
    [PLAN_SECCOMP] = {BLOB_8, NONE, NONE, false, false},
    [PLAN_IDS] = {BLOB_4, NONE, NONE, false, false},
    [PLAN_CHDIR] = {STRING, NONE, NONE, false, false},
    [PLAN_EXEC_FIND] = {VECTOR, NONE, NONE, false, false},
    [PLAN_HOME] = {STRING, NONE, NONE, false, false},
    [PLAN_HOOK] = {STRING, VECTOR, VECTOR, false, false},
    [PLAN_EXEC] = {NONE, VECTOR, VECTOR, false, false},
};

struct area {
    const unsigned char *plan;
    size_t data; /* where the data area begins */
    size_t size;
};

static bool good_string(const struct area *area, uint64_t offset)
{
    if (offset < area->data || offset >= area->size)
        return false;
    for (size_t i = offset; i < area->size; i++) {
        if (area->plan[i] == 0)
            return true;
    }
    return false;
}

static bool good_vector(const struct area *area, uint64_t offset)
{
    if (offset % 8 != 0 || offset < area->data)
        return false;
    for (; offset + 8 <= area->size; offset += 8) {
        uint64_t entry = *(const uint64_t *)(area->plan + offset);
        if (entry == 0)
            return true;
        if (!good_string(area, entry))
            return false;
    }
    return false;
}

static bool good_text(const struct area *area, unsigned shape, uint32_t offset, uint64_t length)
{
    switch (shape) {
    case STRING:
        return good_string(area, offset);
    case STRING_OR_NONE:
        return offset == 0 || good_string(area, offset);
    case VECTOR:
        return good_vector(area, offset);
    case BLOB_4:
    case BLOB_8:
        length *= shape == BLOB_4 ? 4 : 8;
        if (length == 0)
            return true;
        return offset % 8 == 0 && offset >= area->data && length <= area->size &&
               offset <= area->size - length;
    default:
        return offset == 0;
    }
}

static bool good_op(const struct area *area, const struct plan_header *header,
                    const struct plan_op *op)
{
    if (op->code == PLAN_END || op->code >= PLAN_CODE_COUNT)
        return false;
    const struct form *form = &forms[op->code];
    if (!good_text(area, form->text0, op->text0, op->length) ||
        !good_text(area, form->text1, op->text1, 0) || !good_text(area, form->text2, op->text2, 0))
        return false;
    if (op->code == PLAN_HOOK &&
        (!good_string(area, op->number1) || !good_string(area, op->number2)))
        return false;
    if (op->code == PLAN_HOME && (op->number1 > area->size || op->text0 > area->size - op->number1))
        return false;
    if ((op->flags & PLAN_OR_TREE) && op->number1 >= header->slot_count)
        return false;
    bool slot = op->slot0 >= 0 && (uint32_t)op->slot0 < header->slot_count;
    if (op->code == PLAN_ROOT_CHROOT && (op->text0 == 0) != slot)
        return false;
    if (op->code == PLAN_ID_MAP && op->number0 >= header->slot_count)
        return false;
    if (form->slot)
        return slot;
    return form->slot_or_none ? slot || op->slot0 == PLAN_SLOT_NONE : true;
}

uint32_t plan_verify(const unsigned char *plan, size_t size)
{
    const struct plan_header *header = (const struct plan_header *)plan;
    if (size < sizeof(*header) || size > PLAN_MAX_SIZE)
        return 1;
    size_t room = (size - sizeof(*header)) / sizeof(struct plan_op);
    if (header->magic != PLAN_MAGIC || header->size != size || header->op_count > room ||
        header->slot_count > PLAN_MAX_SLOTS || header->inherited_slots > header->slot_count ||
        header->inherited_slots < PLAN_SLOT_FIRST_GROUP)
        return header->op_count + 1;
    const struct plan_op *ops = (const struct plan_op *)(header + 1);
    struct area area = {plan, sizeof(*header) + header->op_count * sizeof(*ops), size};
    for (uint32_t i = 0; i < header->op_count; i++) {
        if (!good_op(&area, header, &ops[i]))
            return i + 1;
    }
    return 0;
}

bool plan_uses_slot(uint16_t code)
{
    return code < PLAN_CODE_COUNT && (forms[code].slot || forms[code].slot_or_none);
}
