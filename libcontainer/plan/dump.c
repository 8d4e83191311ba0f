/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as text: one line an op, in the order in which they happen, with the place in the
 * configuration that each came from.  For people and for tests; nothing reads it back.
 */
#include <plan/compile.h>

#include <linux/mount.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <base/util.h>
#include <plan/verify.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static const char *const names[PLAN_CODE_COUNT] = {
    [PLAN_CGROUP_JOIN] = "cgroup-join",
    [PLAN_ROOT_OPEN] = "root-open",
    [PLAN_NS_OPEN] = "namespace-open",
    [PLAN_NS_ENTER] = "namespace-enter",
    [PLAN_NS_ENTER_ALL] = "namespace-enter-all",
    [PLAN_NS_UNSHARE] = "namespace-new",
    [PLAN_TIME_OFFSETS] = "time-namespace",
    [PLAN_FORK] = "fork",
    [PLAN_SYNC] = "wait-for-library",
    [PLAN_NS_ROOT] = "become-root",
    [PLAN_SESSION] = "new-session",
    [PLAN_KEYRING] = "session-keyring",
    [PLAN_PRIVATE] = "mounts-private",
    [PLAN_TREE_OPEN] = "tree-open",
    [PLAN_ROOT_ATTACH] = "root-attach",
    [PLAN_FS_OPEN] = "filesystem-context",
    [PLAN_FS_MAKE] = "filesystem",
    [PLAN_MOUNT_ATTR] = "mount-attributes",
    [PLAN_ATTACH] = "mount",
    [PLAN_MOUNT_FIND] = "mount-find",
    [PLAN_RECONFIGURE] = "filesystem-change",
    [PLAN_LABEL] = "label",
    [PLAN_ID_MAP] = "id-map",
    [PLAN_CLOSE] = "close",
    [PLAN_GIVE] = "give",
    [PLAN_TAKE] = "take",
    [PLAN_ROOT_USE] = "root-use",
    [PLAN_UNMOUNT] = "unmount",
    [PLAN_MKDIR] = "directory",
    [PLAN_SYMLINK] = "link",
    [PLAN_MKNOD] = "device",
    [PLAN_MASK] = "mask",
    [PLAN_READONLY] = "read-only",
    [PLAN_ROOT_READONLY] = "root-read-only",
    [PLAN_ROOT_PIVOT] = "root-pivot",
    [PLAN_ROOT_MOVE] = "root-move",
    [PLAN_ROOT_CHROOT] = "root-chroot",
    [PLAN_ROOT_PROPAGATE] = "root-propagation",
    [PLAN_TERMINAL] = "terminal",
    [PLAN_TERMINAL_USE] = "terminal-use",
    [PLAN_PROC_WRITE] = "proc-write",
    [PLAN_LOOPBACK] = "loopback-up",
    [PLAN_HOSTNAME] = "hostname",
    [PLAN_DOMAINNAME] = "domainname",
    [PLAN_RLIMIT] = "rlimit",
    [PLAN_SCHEDULER] = "scheduler",
    [PLAN_IO_PRIORITY] = "io-priority",
    [PLAN_CPU_AFFINITY] = "cpu-affinity",
    [PLAN_MEMORY_POLICY] = "memory-policy",
    [PLAN_PERSONALITY] = "personality",
    [PLAN_NET_DEVICES] = "network-devices",
    [PLAN_NO_NEW_PRIVS] = "no-new-privileges",
    [PLAN_SECCOMP] = "seccomp",
    [PLAN_BOUNDING] = "capabilities-bounding",
    [PLAN_IDS] = "user",
    [PLAN_CAPS] = "capabilities",
    [PLAN_AMBIENT] = "capabilities-ambient",
    [PLAN_UMASK] = "umask",
    [PLAN_CHDIR] = "directory-enter",
    [PLAN_EXEC_FIND] = "program-find",
    [PLAN_HOME] = "home",
    [PLAN_HOOK] = "hook",
    [PLAN_READY] = "ready",
    [PLAN_WAIT_START] = "wait-for-start",
    [PLAN_EXEC] = "exec",
    [PLAN_EXIT] = "exit",
};

struct bit_name {
    uint64_t bit;
    const char *name;
};

static const struct bit_name namespaces[] = {
    {CLONE_NEWNS, "mount"},  {CLONE_NEWPID, "pid"},       {CLONE_NEWNET, "network"},
    {CLONE_NEWUTS, "uts"},   {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUSER, "user"},
    {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"},
};

static const struct bit_name attributes[] = {
    {MOUNT_ATTR_RDONLY, "ro"},
    {MOUNT_ATTR_NOSUID, "nosuid"},
    {MOUNT_ATTR_NODEV, "nodev"},
    {MOUNT_ATTR_NOEXEC, "noexec"},
    {MOUNT_ATTR_NOATIME, "noatime"},
    {MOUNT_ATTR_STRICTATIME, "strictatime"},
    {MOUNT_ATTR_NODIRATIME, "nodiratime"},
    {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
};

static const struct bit_name supers[] = {
    {MS_SILENT, "silent"},
    {MS_I_VERSION, "iversion"},
};

static const struct bit_name propagations[] = {
    {MS_PRIVATE, "private"},
    {MS_SHARED, "shared"},
    {MS_SLAVE, "slave"},
    {MS_UNBINDABLE, "unbindable"},
};

static void bits(struct buffer *out, const char *label, uint64_t value,
                 const struct bit_name *table, size_t count)
{
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (!(value & table[i].bit))
            continue;
        buffer_format(out, "%s%s", first ? label : ",", table[i].name);
        first = false;
    }
}

static void quoted(struct buffer *out, const char *text)
{
    /* Room that PLAN_HOME fills. */
    if (strncmp(text, "HOME=//", 7) == 0)
        text = "HOME=...";
    buffer_text(out, " \"");
    buffer_json(out, text);
    buffer_text(out, "\"");
}

static void vector(struct buffer *out, const struct plan *plan, uint32_t offset)
{
    const uint64_t *entry = (const uint64_t *)(plan->bytes + offset);
    for (; *entry; entry++)
        quoted(out, plan_string(plan, (uint32_t)*entry));
}

static void capabilities(struct buffer *out, const char *label, uint64_t set)
{
    buffer_format(out, " %s=", label);
    bool first = true;
    for (cap_value_t cap = 0; cap < 64; cap++) {
        if (!(set >> cap & 1))
            continue;
        char *name = cap_to_name(cap);
        buffer_format(out, "%s%s", first ? "" : ",", name ? name : "?");
        cap_free(name);
        first = false;
    }
    if (first)
        buffer_text(out, "none");
}

static void identity(struct buffer *out, const struct plan *plan, const struct plan_op *op)
{
    buffer_format(out, " uid=%u gid=%u groups=", (unsigned)op->number0, (unsigned)op->number1);
    const uint32_t *groups = (const uint32_t *)(plan->bytes + op->text0);
    for (uint32_t i = 0; i < op->length; i++)
        buffer_format(out, "%s%u", i ? "," : "", groups[i]);
    if (op->length == 0)
        buffer_text(out, op->flags & PLAN_KEEP_GROUPS ? "the caller's" : "none");
}

/* Of ops about CPUs, memory and I/O: numbers as the kernel takes them, sets as lists. */
static void scheduling(struct buffer *out, const struct plan *plan, const struct plan_op *op)
{
    const uint64_t *words = (const uint64_t *)(plan->bytes + op->text0);
    if (op->code == PLAN_SCHEDULER) {
        const struct plan_scheduler *s = (const struct plan_scheduler *)words;
        buffer_format(out, " policy=%u flags=0x%llx nice=%d priority=%u", s->policy,
                      (unsigned long long)s->flags, s->nice, s->priority);
        if (s->runtime)
            buffer_format(out, " runtime=%llu deadline=%llu period=%llu",
                          (unsigned long long)s->runtime, (unsigned long long)s->deadline,
                          (unsigned long long)s->period);
        return;
    }
    if (op->code != PLAN_CPU_AFFINITY)
        buffer_format(out, " 0x%llx", (unsigned long long)op->number0);
    const char *separator = " ";
    for (uint32_t bit = 0; bit < op->length * 64; bit++) {
        if (!(words[bit / 64] >> (bit % 64) & 1))
            continue;
        buffer_format(out, "%s%u", separator, bit);
        separator = ",";
    }
}

static void device(struct buffer *out, const struct plan *plan, const struct plan_op *op)
{
    const char *kind = S_ISCHR(op->number0) ? "c" : S_ISBLK(op->number0) ? "b" : "p";
    quoted(out, plan_string(plan, op->text0));
    buffer_format(out, " %s %u:%u mode=%04o", kind, major(op->number1), minor(op->number1),
                  (unsigned)op->number0 & 07777);
    if (op->number2)
        buffer_format(out, " uid=%u gid=%u", (unsigned)op->number2, (unsigned)(op->number2 >> 32));
    if (op->slot0 >= 0)
        buffer_format(out, " or the host's, #%d", op->slot0);
}

static void slot(struct buffer *out, int32_t number)
{
    if (number >= 0)
        buffer_format(out, " #%d", number);
}

/* Of ops that concern namespaces and mounts; false for others. */
static bool place_arguments(struct buffer *out, const struct compiled *compiled,
                            const struct plan_op *op)
{
    const struct plan *plan = &compiled->plan;
    switch (op->code) {
    case PLAN_FS_MAKE:
        slot(out, op->slot0);
        quoted(out, plan_string(plan, op->text0));
        buffer_text(out, " options");
        vector(out, plan, op->text1);
        bits(out, " attributes ", op->number0, attributes, ARRAY_SIZE(attributes));
        if (op->flags & PLAN_OR_TREE)
            buffer_format(out, " or the host's, #%u", (unsigned)op->number1);
        bits(out, " flags ", op->number2, supers, ARRAY_SIZE(supers));
        break;
    case PLAN_RECONFIGURE:
        slot(out, op->slot0);
        buffer_text(out, " options");
        vector(out, plan, op->text1);
        bits(out, " set ", op->number1, supers, ARRAY_SIZE(supers));
        bits(out, " clear ", op->number2 & ~op->number1, supers, ARRAY_SIZE(supers));
        break;
    case PLAN_ID_MAP:
        slot(out, op->slot0);
        buffer_format(out, " by #%d", (int)op->number0);
        break;
    case PLAN_MOUNT_ATTR:
        slot(out, op->slot0);
        bits(out, " set ", op->number0, attributes, ARRAY_SIZE(attributes));
        bits(out, " clear ", op->number1, attributes, ARRAY_SIZE(attributes));
        bits(out, " propagation ", op->number2, propagations, ARRAY_SIZE(propagations));
        break;
    case PLAN_NS_OPEN:
    case PLAN_NS_ENTER:
    case PLAN_NS_ENTER_ALL:
    case PLAN_NS_UNSHARE:
    case PLAN_FORK:
        slot(out, plan_uses_slot(op->code) ? op->slot0 : PLAN_SLOT_NONE);
        bits(out, " ", op->number0, namespaces, ARRAY_SIZE(namespaces));
        if (op->text0)
            quoted(out, plan_string(plan, op->text0));
        break;
    case PLAN_SYNC:
        buffer_text(out, op->number0 == PLAN_SYNC_MAPS        ? " id maps"
                         : op->number0 == PLAN_SYNC_SCHEDULER ? " scheduler"
                         : op->number0 == PLAN_SYNC_MEMBER    ? " second init"
                                                              : " host hooks");
        break;
    case PLAN_ROOT_ATTACH:
        slot(out, op->slot0);
        bits(out, " propagation ", op->number0, propagations, ARRAY_SIZE(propagations));
        break;
    case PLAN_ROOT_PROPAGATE:
        bits(out, " ", op->number0, propagations, ARRAY_SIZE(propagations));
        break;
    default:
        return false;
    }
    return true;
}

/* Of ops that concern the process, and of those that have no more than a slot and texts. */
static void process_arguments(struct buffer *out, const struct plan *plan, const struct plan_op *op)
{
    switch (op->code) {
    case PLAN_MKNOD:
        device(out, plan, op);
        break;
    case PLAN_RLIMIT:
        buffer_format(out, " %s soft=%llu hard=%llu", rlimit_name(op->number0),
                      (unsigned long long)op->number1, (unsigned long long)op->number2);
        break;
    case PLAN_SCHEDULER:
    case PLAN_IO_PRIORITY:
    case PLAN_CPU_AFFINITY:
    case PLAN_MEMORY_POLICY:
    case PLAN_PERSONALITY:
        scheduling(out, plan, op);
        break;
    case PLAN_SECCOMP:
        buffer_format(out, " %u instructions flags=0x%llx", op->length,
                      (unsigned long long)op->number0);
        if (op->flags & PLAN_LISTENER)
            buffer_text(out, " with a listener");
        break;
    case PLAN_BOUNDING:
        capabilities(out, "keep", op->number0);
        break;
    case PLAN_CAPS:
        capabilities(out, "effective", op->number0);
        capabilities(out, "permitted", op->number1);
        capabilities(out, "inheritable", op->number2);
        break;
    case PLAN_AMBIENT:
        capabilities(out, "set", op->number0);
        break;
    case PLAN_IDS:
        identity(out, plan, op);
        break;
    case PLAN_UMASK:
        buffer_format(out, " %04o", (unsigned)op->number0);
        break;
    case PLAN_EXEC_FIND:
        vector(out, plan, op->text0);
        break;
    case PLAN_EXEC:
        vector(out, plan, op->text1);
        buffer_text(out, " environment");
        vector(out, plan, op->text2);
        break;
    case PLAN_HOOK:
        quoted(out, plan_string(plan, op->text0));
        if (op->number0)
            buffer_format(out, " timeout=%llus", (unsigned long long)op->number0 / 1000);
        break;
    default:
        if (op->code == PLAN_GIVE && op->slot0 < 0)
            buffer_text(out, " root");
        slot(out, plan_uses_slot(op->code) ? op->slot0 : PLAN_SLOT_NONE);
        if (op->text0)
            quoted(out, plan_string(plan, op->text0));
        if (op->text1)
            quoted(out, plan_string(plan, op->text1));
    }
}

/* "0 100000 10\n5 7 1\n" as "0:100000+10,5:7+1". */
static void id_map(struct buffer *out, const char *kind, const char *lines)
{
    buffer_format(out, " %s ", kind);
    unsigned inside, outside, size;
    int used;
    for (; sscanf(lines, "%u %u %u\n%n", &inside, &outside, &size, &used) == 3; lines += used)
        buffer_format(out, "%u:%u+%u%s", inside, outside, size, lines[used] ? "," : "");
}

static void id_maps(struct buffer *out, const struct compiled *compiled)
{
    for (size_t i = 0; i < compiled->id_map_count; i++) {
        const struct id_map *map = &compiled->id_maps[i];
        buffer_format(out, "user-namespace #%zu",
                      plan_head(&compiled->plan)->inherited_slots - compiled->id_map_count + i);
        id_map(out, "uids", map->uids);
        id_map(out, "gids", map->gids);
        buffer_format(out, "  <- %s\n", map->uid_place);
    }
}

static void dump(struct buffer *out, const struct compiled *compiled)
{
    const struct plan *plan = &compiled->plan;
    buffer_text(out, compiled->born_in_group ? "clone into the control group" : "clone");
    bits(out, " new ", compiled->clone_flags, namespaces, ARRAY_SIZE(namespaces));
    buffer_text(out, "\n");
    id_maps(out, compiled);
    for (uint32_t i = 0; i < plan_head(plan)->op_count; i++) {
        const struct plan_op *op = &plan_ops(plan)[i];
        const char *pointer = plan_pointer(plan, i);
        buffer_text(out, names[op->code]);
        if (op->flags & PLAN_RECURSIVE)
            buffer_text(out, " recursive");
        if (op->flags & PLAN_REAL_DIR)
            buffer_text(out, " no-links");
        if (op->flags & PLAN_OLD_MOUNT)
            buffer_text(out, " by mount(2)");
        if (op->flags & PLAN_COPY_UP)
            buffer_text(out, " with-what-is-below");
        if (!place_arguments(out, compiled, op))
            process_arguments(out, plan, op);
        if (pointer && pointer[0])
            buffer_format(out, "  <- %s", pointer);
        buffer_text(out, "\n");
    }
}

char *plan_dump(const struct compiled *compiled)
{
    _buffer_ struct buffer out = {0};
    buffer_text(&out, "# The init carries this out, top to bottom; #N is an fd that one line makes "
                      "and others use.\n");
    dump(&out, compiled);
    if (compiled->member) {
        buffer_text(&out, "\n# A second init, which becomes the process:\n");
        dump(&out, compiled->member);
    }
    return buffer_take(&out);
}
