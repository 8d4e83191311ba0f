/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A create into a pid namespace by path.  Whoever is in there, and may look into every process there (CAP_SYS_PTRACE
 * without a user namespace), can follow what /proc/PID/fd, cwd and root of a newcomer lead to.  So the work is
 * divided between two inits: a builder, which is never in that namespace, and its member, which has nothing of the
 * host's when it is, and becomes the container's process.  Between them is a socket, the link.
 *
 *     builder                                         member
 *     opens the namespace   -- the namespace ------>
 *     opens trees, enters and makes namespaces
 *     PLAN_SYNC_MEMBER: the library spawns the other  limits, the builder's namespaces, an empty root,
 *                                                     fork into the pid namespace
 *     mounts                <-- each procfs --------  begins them
 *     terminal              -- its slave ---------->
 *     hooks of the host, with the member's pid
 *     enters the root       -- the root ----------->  enters it
 *     ends                                            limits, privileges, ..., ready, start, exec
 *
 * A procfs shows the pid namespace of who began it with fsopen(2), and is made of that by the builder: in the hands of
 * the member it would be one without masks, open for others.
 *
 * Hooks of the container that run before the root is entered are the builder's children in the pid namespace: they
 * are programs of the host by definition.
 */
#include <plan/compile_internal.h>

#include <linux/mount.h>
#include <stdlib.h>

#include <base/util.h>

bool needs_member(const struct compiler *c)
{
    return c->namespaces.joined & CLONE_NEWPID;
}

static const struct namespace_join *pid_join(const struct compiler *c)
{
    const struct namespace_join *join = c->namespaces.join;
    while (join->flag != CLONE_NEWPID)
        join++;
    return join;
}

static void empty_root(struct compiler *m, int32_t slot)
{
    static const char *const options[] = {"source=none", "mode=555", "size=4k"};
    struct plan_builder *b = &m->builder;
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu", pid_join(m)->index);
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = slot, .text0 = plan_text(b, "tmpfs"),
             .text1 = plan_vector(b, options, ARRAY_SIZE(options)),
             .number0 = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* One that a user namespace owns can be entered only from there, one of the host's only before that. */
static void enter_pid_namespace(struct compiler *m, int32_t slot, bool first_try)
{
    plan_from(&m->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu", pid_join(m)->index);
    PLAN_ADD(&m->builder, .code = PLAN_NS_ENTER, .slot0 = slot,
             .flags = first_try ? PLAN_MAY_BE_DENIED : 0, .number0 = CLONE_NEWPID);
}

static bool keeps_procfs(const struct compiler *m)
{
    return wants_labels(m->config->process) && has_user_namespace(m);
}

/* A label is written to a procfs, of which a new user namespace can have none of its own here, and must not have the
 * host's where others may look. */
static int check_labels(struct compiler *m)
{
    const struct oci_process *process = m->config->process;
    if (!wants_labels(process) || !(m->namespaces.fresh & CLONE_NEWUSER))
        return 0;
    bool profile = process->apparmor_profile && process->apparmor_profile[0];
    fail_at(m->failure, "%s/%s", process_place(m), profile ? "apparmorProfile" : "selinuxLabel");
    return fail(m->failure, OCI_ERR_UNSUPPORTED,
                "a label cannot be given with a new user namespace and a pid namespace by path: "
                "name that one's user namespace by path too");
}

static void enter_namespaces(struct compiler *m)
{
    struct plan_builder *b = &m->builder;
    int32_t pid = plan_slot(b), root = plan_slot(b);
    size_t index = pid_join(m)->index;
    uint64_t others = (m->namespaces.fresh | m->namespaces.joined) & ~(uint64_t)CLONE_NEWPID;
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu", index);
    PLAN_ADD(b, .code = PLAN_TAKE, .slot0 = pid);
    bool late = opens_trees_late(m);
    if (!late)
        empty_root(m, root);
    if (others & CLONE_NEWUSER)
        enter_pid_namespace(m, pid, true);
    plan_from(b, OCI_ERR_NAMESPACE, NULL);
    if (others)
        PLAN_ADD(b, .code = PLAN_NS_ENTER_ALL, .slot0 = PLAN_SLOT_JOIN, .number0 = others);
    enter_pid_namespace(m, pid, false);
    if (late)
        empty_root(m, root);
    plan_from(b, OCI_ERR_NAMESPACE, NULL);
    PLAN_ADD(b, .code = PLAN_ROOT_CHROOT, .slot0 = root);
    PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = root);
    PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = PLAN_SLOT_JOIN);
    /* As in an exec: who has rights in a user namespace only cannot look. */
    if (!keeps_procfs(m))
        PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = PLAN_SLOT_PROC);
    plan_from(b, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu/path", index);
    PLAN_ADD(b, .code = PLAN_FORK);
    /* What the caller's terminal or its shell signals is not for the container. */
    PLAN_ADD(b, .code = PLAN_SESSION);
    m->out->two_stage = true;
    if (others & CLONE_NEWUSER)
        PLAN_ADD(b, .code = PLAN_NS_ROOT, .flags = keeps_groups(m) ? PLAN_KEEP_GROUPS : 0);
}

static void take_places(struct compiler *m)
{
    const struct oci_process *process = m->config->process;
    struct plan_builder *b = &m->builder;
    bool terminal = process->has_terminal && process->terminal;
    int32_t slave = plan_slot(b), root = plan_slot(b);
    plan_from(b, OCI_ERR_INTERNAL, NULL);
    if (terminal)
        PLAN_ADD(b, .code = PLAN_TAKE, .slot0 = slave);
    PLAN_ADD(b, .code = PLAN_TAKE, .slot0 = root);
    PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = PLAN_SLOT_LINK);
    plan_from(b, OCI_ERR_ROOTFS, "/root/path");
    PLAN_ADD(b, .code = PLAN_ROOT_CHROOT, .slot0 = root);
    PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = root);
    compile_keyring(m, process);
    plan_from(b, OCI_ERR_TERMINAL, "%s/terminal", process_place(m));
    if (terminal)
        PLAN_ADD(b, .code = PLAN_TERMINAL_USE, .slot0 = slave);
}

static int compile_inside(struct compiler *builder, struct compiler *m)
{
    const struct oci_process *process = m->config->process;
    plan_from(&m->builder, OCI_ERR_CGROUP, m->linux_->cgroups_path ? "/linux/cgroupsPath" : NULL);
    compile_group_joins(m, false);
    int r = check_labels(m);
    if (r == 0)
        r = compile_oom_score(m, process);
    if (r == 0 && has_user_namespace(m))
        r = compile_privileged(m, process);
    if (r < 0)
        return r;
    enter_namespaces(m);
    if (wants_labels(process) && !keeps_procfs(m))
        compile_label_procfs(m);
    compile_given_filesystems(builder, m);
    take_places(m);
    r = compile_process(m, process);
    return r == 0 ? compile_start(m) : r;
}

int compile_member(struct compiler *c)
{
    struct compiler m;
    c->out->member = calloc(1, sizeof(*c->out->member));
    if (c->out->member == NULL)
        return fail_memory(c->failure);
    int r = compiler_begin(&m, c->input, c->out->member, c->failure);
    if (r < 0)
        return r;
    m.namespaces = c->namespaces;
    r = compile_inside(c, &m);
    return compiler_end(&m, r);
}

void compile_meeting(struct compiler *c)
{
    plan_from(&c->builder, OCI_ERR_NAMESPACE, NULL);
    /* Entering the namespaces of a process is for who may look into it, which not every caller may that has all
     * other rights; nobody else sees the builder. */
    PLAN_ADD(&c->builder, .code = PLAN_SYNC, .flags = PLAN_VISIBLE, .number0 = PLAN_SYNC_MEMBER);
}

void compile_parting(struct compiler *c)
{
    plan_from(&c->builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c->builder, .code = PLAN_GIVE, .slot0 = PLAN_SLOT_NONE);
    PLAN_ADD(&c->builder, .code = PLAN_EXIT);
}
