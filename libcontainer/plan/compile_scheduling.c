/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel treats the process: scheduler, I/O priority, CPU affinity, memory policy,
 * personality.  What contradicts itself is refused here, with its place; what the kernel or the
 * caller's rights do not allow shows when the init asks for it.
 */
#include <plan/compile_internal.h>

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>

#include <base/util.h>
#include <plan/bit_list.h>

#ifndef MPOL_F_STATIC_NODES
#define MPOL_F_STATIC_NODES (1 << 15)
#define MPOL_F_RELATIVE_NODES (1 << 14)
#endif
#define NUMA_BALANCING (1 << 13) /* MPOL_F_NUMA_BALANCING, Linux 5.12 */

/* Below this the kernel refuses a deadline task's runtime. */
#define LEAST_RUNTIME 1024

static int refuse(struct compiler *c, int code, const char *member, const char *text)
{
    fail_at(c->failure, "%s/%s", process_place(c), member);
    return fail(c->failure, code, "%s", text);
}

static bool is_fair(enum oci_scheduler_policy policy)
{
    return policy == OCI_SCHEDULER_POLICY_OTHER || policy == OCI_SCHEDULER_POLICY_BATCH;
}

static bool is_real_time(enum oci_scheduler_policy policy)
{
    return policy == OCI_SCHEDULER_POLICY_FIFO || policy == OCI_SCHEDULER_POLICY_RR;
}

static int check_deadline(struct compiler *c, const struct oci_scheduler *s)
{
    bool deadline = s->policy == OCI_SCHEDULER_POLICY_DEADLINE;
    if (!deadline && ((s->has_runtime && s->runtime) || (s->has_deadline && s->deadline) ||
                      (s->has_period && s->period)))
        return refuse(c, OCI_ERR_CONFIG, "scheduler",
                      "runtime, deadline and period are for SCHED_DEADLINE");
    if (!deadline)
        return 0;
    if (!s->has_runtime || s->runtime < LEAST_RUNTIME)
        return refuse(c, OCI_ERR_RANGE, "scheduler/runtime",
                      "SCHED_DEADLINE needs a runtime of 1024 nanoseconds or more");
    if (!s->has_deadline || s->deadline < s->runtime || s->deadline >> 63)
        return refuse(c, OCI_ERR_RANGE, "scheduler/deadline",
                      "SCHED_DEADLINE needs a deadline that is not before the runtime is used up");
    if (s->has_period && s->period && (s->period < s->deadline || s->period >> 63))
        return refuse(c, OCI_ERR_RANGE, "scheduler/period",
                      "the period of SCHED_DEADLINE cannot end before the deadline");
    return 0;
}

static int check_scheduler(struct compiler *c, const struct oci_scheduler *s)
{
    if (s->policy == OCI_SCHEDULER_POLICY_ISO)
        return refuse(c, OCI_ERR_UNSUPPORTED, "scheduler/policy",
                      "SCHED_ISO is reserved: Linux has no such policy");
    if (s->has_nice && (s->nice < -20 || s->nice > 19))
        return refuse(c, OCI_ERR_RANGE, "scheduler/nice", "nice is from -20 to 19");
    if (s->has_nice && s->nice && !is_fair(s->policy))
        return refuse(c, OCI_ERR_CONFIG, "scheduler/nice",
                      "nice is for SCHED_OTHER and SCHED_BATCH");
    if (s->has_priority && s->priority && !is_real_time(s->policy))
        return refuse(c, OCI_ERR_CONFIG, "scheduler/priority",
                      "priority is for SCHED_FIFO and SCHED_RR");
    if (is_real_time(s->policy) && (!s->has_priority || s->priority < 1 || s->priority > 99))
        return refuse(c, OCI_ERR_RANGE, "scheduler/priority",
                      "SCHED_FIFO and SCHED_RR need a priority from 1 to 99");
    return check_deadline(c, s);
}

static uint64_t scheduler_flags(const struct oci_scheduler *s)
{
    uint64_t flags = 0;
    /* The enum's order is that of the kernel's bits. */
    for (size_t i = 0; i < s->flags_count; i++)
        flags |= s->flags[i] ? UINT64_C(1) << (s->flags[i] - 1) : 0;
    return flags;
}

static const struct oci_scheduler *scheduler_of(const struct oci_process *process)
{
    const struct oci_scheduler *s = process->scheduler;
    return s && s->policy != OCI_SCHEDULER_POLICY_UNSET ? s : NULL;
}

/* Inside a user namespace the right to be scheduled better is not the process's to use, and what
 * the first stage has may not survive the fork: the library gives it. */
int compile_scheduler(struct compiler *c, const struct oci_process *process)
{
    static const uint32_t policies[] = {
        [OCI_SCHEDULER_POLICY_OTHER] = 0, [OCI_SCHEDULER_POLICY_FIFO] = 1,
        [OCI_SCHEDULER_POLICY_RR] = 2,    [OCI_SCHEDULER_POLICY_BATCH] = 3,
        [OCI_SCHEDULER_POLICY_IDLE] = 5,  [OCI_SCHEDULER_POLICY_DEADLINE] = 6,
    };
    const struct oci_scheduler *s = scheduler_of(process);
    if (s == NULL)
        return 0;
    int r = check_scheduler(c, s);
    if (r < 0)
        return r;
    uint64_t flags = scheduler_flags(s);
    bool hooks = c->config->hooks && c->config->hooks->start_container_count && !c->input->join;
    if (s->policy == OCI_SCHEDULER_POLICY_DEADLINE && hooks && !(flags & 1))
        return refuse(c, OCI_ERR_CONFIG, "scheduler/policy",
                      "a process with SCHED_DEADLINE cannot start startContainer hooks without "
                      "SCHED_FLAG_RESET_ON_FORK");
    /* The specification has the flags of the clamps, but no values: -1 asks for the usual ones. */
    struct plan_scheduler value = {
        .size = sizeof(value),
        .policy = policies[s->policy],
        .flags = flags,
        .nice = s->has_nice ? s->nice : 0,
        .priority = s->has_priority ? (uint32_t)s->priority : 0,
        .runtime = s->has_runtime ? s->runtime : 0,
        .deadline = s->has_deadline ? s->deadline : 0,
        .period = s->has_period ? s->period : 0,
        .util_min = flags & 1u << 5 ? UINT32_MAX : 0,
        .util_max = flags & 1u << 6 ? UINT32_MAX : 0,
    };
    plan_from(&c->builder, OCI_ERR_SCHEDULING, "%s/scheduler", process_place(c));
    c->out->scheduler = value;
    if (has_user_namespace(c))
        PLAN_ADD(&c->builder, .code = PLAN_SYNC, .number0 = PLAN_SYNC_SCHEDULER);
    else
        PLAN_ADD(&c->builder, .code = PLAN_SCHEDULER,
                 .text0 = plan_blob(&c->builder, &value, sizeof(value)),
                 .length = sizeof(value) / 8);
    return 0;
}

int compile_io_priority(struct compiler *c, const struct oci_process *process)
{
    const struct oci_io_priority *io = process->io_priority;
    if (io == NULL || io->class_ == OCI_IO_PRIORITY_CLASS_UNSET)
        return 0;
    int32_t level = io->has_priority ? io->priority : 0;
    if (level < 0 || level > 7)
        return refuse(c, OCI_ERR_RANGE, "ioPriority/priority",
                      "the level of an I/O priority is from 0 to 7");
    /* The enum's order is that of the kernel's classes, from 1. */
    plan_from(&c->builder, OCI_ERR_SCHEDULING, "%s/ioPriority", process_place(c));
    PLAN_ADD(&c->builder, .code = PLAN_IO_PRIORITY,
             .number0 = (uint64_t)IOPRIO_PRIO_VALUE((unsigned)io->class_, (unsigned)level));
    return 0;
}

/* The words of a list; fails at the member (below place) for one that cannot be read. */
static int list_words(struct compiler *c, const char *place, const char *member, const char *list,
                      uint64_t words[BIT_LIST_WORDS])
{
    int count = bit_list_read(list, words);
    if (count >= 0)
        return count;
    fail_at(c->failure, "%s/%s", place, member);
    return count == -2
               ? fail(c->failure, OCI_ERR_RANGE, "\"%s\" goes beyond %d", list,
                      BIT_LIST_WORDS * 64 - 1)
               : fail(c->failure, OCI_ERR_CONFIG, "\"%s\" is not a list such as 0-3,7", list);
}

bool wants_initial_affinity(const struct oci_process *process)
{
    const struct oci_exec_cpu_affinity *affinity = process->exec_cpu_affinity;
    return affinity && affinity->initial && affinity->initial[strspn(affinity->initial, " ")];
}

/* A container's own process has no use for the lists, but exec takes them from there. */
int check_affinity(struct compiler *c, const struct oci_process *process)
{
    const struct oci_exec_cpu_affinity *affinity = process->exec_cpu_affinity;
    uint64_t words[BIT_LIST_WORDS];
    int r = 0;
    if (affinity && affinity->initial)
        r = list_words(c, process_place(c), "execCPUAffinity/initial", affinity->initial, words);
    if (r >= 0 && affinity && affinity->final)
        r = list_words(c, process_place(c), "execCPUAffinity/final", affinity->final, words);
    return r < 0 ? r : 0;
}

int compile_affinity(struct compiler *c, const struct oci_process *process, bool final)
{
    const struct oci_exec_cpu_affinity *affinity = process->exec_cpu_affinity;
    const char *list = affinity == NULL ? NULL : final ? affinity->final : affinity->initial;
    const char *member = final ? "execCPUAffinity/final" : "execCPUAffinity/initial";
    uint64_t words[BIT_LIST_WORDS];
    int count = list ? list_words(c, process_place(c), member, list, words) : 0;
    if (count <= 0)
        return count;
    plan_from(&c->builder, OCI_ERR_SCHEDULING, "%s/%s", process_place(c), member);
    PLAN_ADD(&c->builder, .code = PLAN_CPU_AFFINITY,
             .text0 = plan_blob(&c->builder, words, (size_t)count * 8), .length = (uint32_t)count);
    return 0;
}

static int check_memory_flags(struct compiler *c, enum oci_memory_policy_mode mode, uint64_t flags,
                              bool nodes)
{
    const char *problem = NULL;
    if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES))
        problem = "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other";
    else if ((flags & NUMA_BALANCING) && mode != OCI_MEMORY_POLICY_MODE_BIND &&
             mode != OCI_MEMORY_POLICY_MODE_PREFERRED_MANY)
        problem = "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY";
    else if (!nodes && (flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)))
        problem = "there are no nodes that could be static or relative";
    if (problem == NULL)
        return 0;
    fail_at(c->failure, "/linux/memoryPolicy/flags");
    return fail(c->failure, OCI_ERR_CONFIG, "%s", problem);
}

static int check_memory_nodes(struct compiler *c, enum oci_memory_policy_mode mode, bool nodes)
{
    bool none = mode == OCI_MEMORY_POLICY_MODE_DEFAULT || mode == OCI_MEMORY_POLICY_MODE_LOCAL;
    bool either = mode == OCI_MEMORY_POLICY_MODE_PREFERRED;
    if (either || none != nodes)
        return 0;
    fail_at(c->failure, "/linux/memoryPolicy/nodes");
    return fail(c->failure, OCI_ERR_CONFIG, none ? "%s takes no nodes" : "%s needs nodes",
                oci_memory_policy_mode_text(mode));
}

int compile_memory_policy(struct compiler *c)
{
    static const uint64_t modes[] = {
        [OCI_MEMORY_POLICY_MODE_DEFAULT] = 0,
        [OCI_MEMORY_POLICY_MODE_PREFERRED] = 1,
        [OCI_MEMORY_POLICY_MODE_BIND] = 2,
        [OCI_MEMORY_POLICY_MODE_INTERLEAVE] = 3,
        [OCI_MEMORY_POLICY_MODE_LOCAL] = 4,
        [OCI_MEMORY_POLICY_MODE_PREFERRED_MANY] = 5,
        [OCI_MEMORY_POLICY_MODE_WEIGHTED_INTERLEAVE] = 6,
    };
    static const uint64_t bits[] = {
        [OCI_MEMORY_POLICY_FLAG_NUMA_BALANCING] = NUMA_BALANCING,
        [OCI_MEMORY_POLICY_FLAG_RELATIVE_NODES] = MPOL_F_RELATIVE_NODES,
        [OCI_MEMORY_POLICY_FLAG_STATIC_NODES] = MPOL_F_STATIC_NODES,
    };
    const struct oci_memory_policy *policy = c->linux_->memory_policy;
    if (policy == NULL)
        return 0;
    if (policy->mode == OCI_MEMORY_POLICY_MODE_UNSET) {
        fail_at(c->failure, "/linux/memoryPolicy");
        return fail(c->failure, OCI_ERR_REQUIRED, "the memory policy has no mode");
    }
    uint64_t words[BIT_LIST_WORDS], flags = 0;
    int count =
        list_words(c, "/linux/memoryPolicy", "nodes", policy->nodes ? policy->nodes : "", words);
    if (count < 0)
        return count;
    for (size_t i = 0; i < policy->flags_count; i++)
        flags |= bits[policy->flags[i]];
    int r = check_memory_nodes(c, policy->mode, count > 0);
    if (r == 0)
        r = check_memory_flags(c, policy->mode, flags, count > 0);
    if (r < 0)
        return r;
    plan_from(&c->builder, OCI_ERR_SCHEDULING, "/linux/memoryPolicy");
    PLAN_ADD(&c->builder, .code = PLAN_MEMORY_POLICY, .number0 = modes[policy->mode] | flags,
             .text0 = plan_blob(&c->builder, words, (size_t)count * 8), .length = (uint32_t)count);
    return 0;
}

int compile_personality(struct compiler *c)
{
    const struct oci_personality *personality = c->linux_->personality;
    if (personality == NULL)
        return 0;
    if (personality->flags_count) {
        fail_at(c->failure, "/linux/personality/flags/0");
        return fail(c->failure, OCI_ERR_UNSUPPORTED,
                    "the specification defines no flags of a personality, \"%s\" is none",
                    personality->flags[0]);
    }
    if (personality->domain == OCI_PERSONALITY_DOMAIN_UNSET) {
        fail_at(c->failure, "/linux/personality");
        return fail(c->failure, OCI_ERR_REQUIRED, "the personality has no domain");
    }
    plan_from(&c->builder, OCI_ERR_SCHEDULING, "/linux/personality/domain");
    PLAN_ADD(&c->builder, .code = PLAN_PERSONALITY,
             .number0 =
                 personality->domain == OCI_PERSONALITY_DOMAIN_LINUX32 ? PER_LINUX32 : PER_LINUX);
    return 0;
}
