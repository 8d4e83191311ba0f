/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp compiler.  libseccomp makes the program; this file translates the configuration and
 * refuses what cannot be expressed.  No filter is loaded here.
 */
#include <seccomp/filter.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/util.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* libseccomp before 2.6.1 can corrupt memory with programs far beyond the kernel's own limit. */
#define MAX_RULES 8192

static void release(scmp_filter_ctx *context)
{
    if (*context)
        seccomp_release(*context);
}

static int action_value(enum oci_seccomp_action action, bool has_errno, uint32_t number,
                        uint32_t *value, struct failure *failure)
{
    uint32_t data = has_errno ? number : EPERM;
    bool takes_number = action == OCI_SECCOMP_ACTION_ERRNO || action == OCI_SECCOMP_ACTION_TRACE;
    if (has_errno && !takes_number)
        return fail(failure, OCI_ERR_CONFIG, "%s has no error number",
                    oci_seccomp_action_text(action));
    if (has_errno && action == OCI_SECCOMP_ACTION_ERRNO && number > 4094)
        return fail(failure, OCI_ERR_SECCOMP,
                    "error number %u is beyond the 4094 that a filter can return", number);
    if (has_errno && number > UINT16_MAX)
        return fail(failure, OCI_ERR_SECCOMP,
                    "number %u is beyond the 65535 that a tracer can be told", number);
    switch (action) {
    case OCI_SECCOMP_ACTION_KILL:
    case OCI_SECCOMP_ACTION_KILL_THREAD:
        *value = SCMP_ACT_KILL_THREAD;
        return 0;
    case OCI_SECCOMP_ACTION_KILL_PROCESS:
        *value = SCMP_ACT_KILL_PROCESS;
        return 0;
    case OCI_SECCOMP_ACTION_TRAP:
        *value = SCMP_ACT_TRAP;
        return 0;
    case OCI_SECCOMP_ACTION_ERRNO:
        *value = SCMP_ACT_ERRNO(data);
        return 0;
    case OCI_SECCOMP_ACTION_TRACE:
        *value = SCMP_ACT_TRACE(data);
        return 0;
    case OCI_SECCOMP_ACTION_ALLOW:
        *value = SCMP_ACT_ALLOW;
        return 0;
    case OCI_SECCOMP_ACTION_LOG:
        *value = SCMP_ACT_LOG;
        return 0;
    case OCI_SECCOMP_ACTION_NOTIFY:
        *value = SCMP_ACT_NOTIFY;
        return 0;
    default:
        return fail(failure, OCI_ERR_UNSUPPORTED, "this version cannot honour the action %s",
                    oci_seccomp_action_text(action) ? oci_seccomp_action_text(action) : "given");
    }
}

bool filter_action_known(enum oci_seccomp_action action)
{
    uint32_t value;
    struct failure ignored = {0};
    return action_value(action, false, 0, &value, &ignored) == 0;
}

static int comparison(const struct oci_seccomp_arg *arg, struct scmp_arg_cmp *cmp,
                      struct failure *failure)
{
    static const enum scmp_compare operators[] = {
        [OCI_SECCOMP_OPERATOR_NE] = SCMP_CMP_NE,
        [OCI_SECCOMP_OPERATOR_LT] = SCMP_CMP_LT,
        [OCI_SECCOMP_OPERATOR_LE] = SCMP_CMP_LE,
        [OCI_SECCOMP_OPERATOR_EQ] = SCMP_CMP_EQ,
        [OCI_SECCOMP_OPERATOR_GE] = SCMP_CMP_GE,
        [OCI_SECCOMP_OPERATOR_GT] = SCMP_CMP_GT,
        [OCI_SECCOMP_OPERATOR_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
    };
    if (arg->index > 5)
        return fail(failure, OCI_ERR_SECCOMP,
                    "argument index %u: a system call has arguments 0 to 5", arg->index);
    if (arg->op <= 0 || (size_t)arg->op >= ARRAY_SIZE(operators))
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "the operator is missing");
    /* For a masked comparison value is the mask and valueTwo what remains under it. */
    *cmp = (struct scmp_arg_cmp){arg->index, operators[arg->op], arg->value, arg->value_two};
    return 0;
}

/* Two comparisons of one argument are two ways to match, not one that needs both: each gets a rule
 * of its own, as other runtimes do. */
static bool repeats_argument(const struct oci_seccomp_syscall *rule)
{
    unsigned seen = 0;
    for (size_t i = 0; i < rule->args_count; i++) {
        if (rule->args[i].index < 32 && seen & 1u << rule->args[i].index)
            return true;
        seen |= rule->args[i].index < 32 ? 1u << rule->args[i].index : 0;
    }
    return false;
}

static int add_call(scmp_filter_ctx context, const char *name, uint32_t action,
                    const struct scmp_arg_cmp *cmps, size_t count, bool separate,
                    const struct log *log, struct failure *failure)
{
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) {
        /* Profiles name calls of other architectures and newer kernels. */
        log_message(log, CONTAINER_LOG_DEBUG, "seccomp: system call \"%s\" is not known; ignored",
                    name);
        return 0;
    }
    int r = 0;
    if (separate) {
        for (size_t i = 0; r == 0 && i < count; i++)
            r = seccomp_rule_add_array(context, action, number, 1, &cmps[i]);
    } else {
        r = seccomp_rule_add_array(context, action, number, (unsigned)count, cmps);
    }
    if (r == -ENOMEM)
        return fail_memory(failure);
    if (r < 0)
        return fail_errno(failure, OCI_ERR_SECCOMP, -r,
                          "the rule for system call \"%s\" cannot be added", name);
    return 0;
}

static int add_rule(scmp_filter_ctx context, const struct oci_seccomp *config, size_t index,
                    uint32_t default_action, const struct log *log, struct failure *failure)
{
    const struct oci_seccomp_syscall *rule = &config->syscalls[index];
    uint32_t action;
    int r = action_value(rule->action, rule->has_errno_ret, rule->errno_ret, &action, failure);
    if (r < 0)
        return r;
    if (action == default_action)
        return 0; /* says nothing that the default does not */
    _free_ struct scmp_arg_cmp *cmps = calloc(rule->args_count + 1, sizeof(*cmps));
    if (cmps == NULL)
        return fail_memory(failure);
    for (size_t i = 0; r == 0 && i < rule->args_count; i++)
        r = comparison(&rule->args[i], &cmps[i], failure);
    bool separate = repeats_argument(rule);
    if (rule->args_count > 6 && !separate)
        r = fail(failure, OCI_ERR_SECCOMP, "more than six argument conditions");
    for (size_t i = 0; r == 0 && i < rule->names_count; i++)
        r = add_call(context, rule->names[i], action, cmps, rule->args_count, separate, log,
                     failure);
    return r;
}

uint32_t filter_arch(enum oci_seccomp_arch arch)
{
    const char *text = oci_seccomp_arch_text(arch);
    char name[32];
    size_t n = 0;
    /* SCMP_ARCH_X86_64 is libseccomp's "x86_64". */
    for (text += strlen("SCMP_ARCH_"); text[n] && n < sizeof(name) - 1; n++)
        name[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] - 'A' + 'a' : text[n]);
    name[n] = 0;
    return seccomp_arch_resolve_name(name);
}

static int add_architectures(scmp_filter_ctx context, const struct oci_seccomp *config,
                             struct failure *failure)
{
    for (size_t i = 0; i < config->architectures_count; i++) {
        uint32_t arch = filter_arch(config->architectures[i]);
        int r = arch ? seccomp_arch_add(context, arch) : -EINVAL;
        if (r < 0 && r != -EEXIST) {
            fail_at(failure, "/linux/seccomp/architectures/%zu", i);
            return fail_errno(failure, OCI_ERR_SECCOMP, -r,
                              "architecture %s cannot be filtered here",
                              oci_seccomp_arch_text(config->architectures[i]));
        }
    }
    return 0;
}

static int export_program(scmp_filter_ctx context, struct filter *filter, struct failure *failure)
{
    _close_ int fd = memfd_create("ocikit-filter", MFD_CLOEXEC);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "memory for the seccomp filter");
    int r = seccomp_export_bpf(context, fd);
    if (r < 0)
        return fail_errno(failure, OCI_ERR_SECCOMP, -r, "the seccomp filter cannot be built");
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "the seccomp filter's size");
    size_t size = (size_t)st.st_size, count = size / sizeof(struct sock_filter);
    if (count > BPF_MAXINSNS)
        return fail(failure, OCI_ERR_SECCOMP,
                    "the filter has %zu instructions; the kernel takes %d", count, BPF_MAXINSNS);
    _free_ void *code = malloc(size + 1);
    if (code == NULL)
        return fail_memory(failure);
    if (pread(fd, code, size, 0) != (ssize_t)size)
        return fail(failure, OCI_ERR_IO, "the seccomp filter cannot be read back");
    filter->code = TAKE(code);
    filter->count = count;
    return 0;
}

static uint64_t filter_flags(const struct oci_seccomp *config)
{
    static const uint64_t values[] = {
        [OCI_SECCOMP_FLAG_TSYNC] = SECCOMP_FILTER_FLAG_TSYNC,
        [OCI_SECCOMP_FLAG_LOG] = SECCOMP_FILTER_FLAG_LOG,
        [OCI_SECCOMP_FLAG_SPEC_ALLOW] = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        [OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV] = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    };
    /* Absent is not empty: without a word the speculation mitigations stay off, which is what
     * engines have come to rely on. */
    if (config->flags == NULL)
        return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    uint64_t flags = 0;
    for (size_t i = 0; i < config->flags_count; i++)
        flags |= config->flags[i] > 0 && (size_t)config->flags[i] < ARRAY_SIZE(values)
                     ? values[config->flags[i]]
                     : 0;
    return flags;
}

static int check_size(const struct oci_seccomp *config, struct failure *failure)
{
    size_t rules = 0;
    for (size_t i = 0; i < config->syscalls_count; i++) {
        size_t conditions = config->syscalls[i].args_count ? config->syscalls[i].args_count : 1;
        rules += config->syscalls[i].names_count * conditions;
    }
    if (rules <= MAX_RULES)
        return 0;
    fail_at(failure, "/linux/seccomp/syscalls");
    return fail(failure, OCI_ERR_TOO_LARGE, "%zu rules; the limit is %d", rules, MAX_RULES);
}

bool filter_notifies(const struct oci_seccomp *config)
{
    for (size_t i = 0; config && i < config->syscalls_count; i++) {
        if (config->syscalls[i].action == OCI_SECCOMP_ACTION_NOTIFY)
            return true;
    }
    return false;
}

/* With these two the init hands over the very fd that would have to answer for them. */
static int check_notified(const struct oci_seccomp *config, struct failure *failure)
{
    for (size_t i = 0; i < config->syscalls_count; i++) {
        const struct oci_seccomp_syscall *rule = &config->syscalls[i];
        for (size_t n = 0; rule->action == OCI_SECCOMP_ACTION_NOTIFY && n < rule->names_count;
             n++) {
            if (strcmp(rule->names[n], "sendmsg") != 0 && strcmp(rule->names[n], "recvfrom") != 0)
                continue;
            fail_at(failure, "/linux/seccomp/syscalls/%zu/names/%zu", i, n);
            return fail(failure, OCI_ERR_SECCOMP,
                        "SCMP_ACT_NOTIFY cannot be used for %s, which hands the listener its fd",
                        rule->names[n]);
        }
    }
    return 0;
}

/* What the filter does with every call of this name: what libseccomp makes of the rules without conditions.  OCI's
 * zero for "it depends on the arguments". */
static enum oci_seccomp_action action_for(const struct oci_seccomp *config, const char *name)
{
    enum oci_seccomp_action action = config->default_action;
    bool depends = false;
    for (size_t i = 0; i < config->syscalls_count; i++) {
        const struct oci_seccomp_syscall *rule = &config->syscalls[i];
        for (size_t n = 0; n < rule->names_count && rule->action != config->default_action; n++) {
            if (strcmp(rule->names[n], name) != 0)
                continue;
            if (rule->args_count == 0)
                return rule->action;
            depends = true;
        }
    }
    return depends ? 0 : action;
}

/* With the filter on, the init sends its fd, hears that it has arrived, and closes it.  That the last fails does no
 * harm. */
static int check_handing_over(const struct oci_seccomp *config, struct failure *failure)
{
    static const char *const calls[] = {"sendmsg", "recvfrom", "close"};
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        enum oci_seccomp_action action = action_for(config, calls[i]);
        bool goes_on = action == 0 || action == OCI_SECCOMP_ACTION_ALLOW ||
                       action == OCI_SECCOMP_ACTION_LOG || action == OCI_SECCOMP_ACTION_NOTIFY;
        bool fails = action == OCI_SECCOMP_ACTION_ERRNO || action == OCI_SECCOMP_ACTION_TRACE;
        if (goes_on || (fails && strcmp(calls[i], "close") == 0))
            continue;
        fail_at(failure, "/linux/seccomp");
        return fail(
            failure, OCI_ERR_SECCOMP,
            "SCMP_ACT_NOTIFY needs a filter that allows %s, with which the listener gets its fd",
            calls[i]);
    }
    return 0;
}

static int check_listener(const struct oci_seccomp *config, struct failure *failure)
{
    const char *path = config->listener_path;
    bool has_path = path && path[0];
    fail_at(failure, "/linux/seccomp/%s", has_path ? "listenerPath" : "listenerMetadata");
    if (!has_path && config->listener_metadata && config->listener_metadata[0])
        return fail(failure, OCI_ERR_CONFIG, "listenerMetadata needs a listenerPath");
    if (has_path && path[0] != '/')
        return fail(failure, OCI_ERR_CONFIG, "listenerPath \"%s\" is not absolute", path);
    failure->has_pointer = false;
    if (config->default_action == OCI_SECCOMP_ACTION_NOTIFY) {
        fail_at(failure, "/linux/seccomp/defaultAction");
        return fail(failure, OCI_ERR_SECCOMP,
                    "SCMP_ACT_NOTIFY cannot be the default: nobody would answer for the calls that "
                    "start the program");
    }
    if (!has_path && filter_notifies(config)) {
        fail_at(failure, "/linux/seccomp");
        return fail(failure, OCI_ERR_CONFIG, "SCMP_ACT_NOTIFY needs a listenerPath");
    }
    int r = check_notified(config, failure);
    return r == 0 && filter_notifies(config) ? check_handing_over(config, failure) : r;
}

static void settle_flags(struct filter *filter, const struct log *log)
{
    if (filter->notifies) {
        filter->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        /* Else the answer could be a thread's number as well as an fd. */
        if (filter->flags & SECCOMP_FILTER_FLAG_TSYNC)
            filter->flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    } else if (filter->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        log_message(log, CONTAINER_LOG_WARNING,
                    "/linux/seccomp/flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for "
                    "SCMP_ACT_NOTIFY only; ignored");
        filter->flags &= ~(uint64_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    }
}

int filter_compile(const struct oci_seccomp *config, const struct log *log, struct filter *filter,
                   struct failure *failure)
{
    *filter = (struct filter){.flags = filter_flags(config), .notifies = filter_notifies(config)};
    uint32_t action;
    int r = check_size(config, failure);
    if (r == 0)
        r = check_listener(config, failure);
    if (r < 0)
        return r;
    settle_flags(filter, log);
    r = action_value(config->default_action, config->has_default_errno_ret,
                     config->default_errno_ret, &action, failure);
    if (r < 0) {
        fail_at(failure, "/linux/seccomp/defaultAction");
        return r;
    }
    if (action == SCMP_ACT_ALLOW && config->syscalls_count == 0)
        return 0;
    scmp_filter_ctx context _cleanup_(release) = seccomp_init(action);
    if (context == NULL)
        return fail(failure, OCI_ERR_SECCOMP, "libseccomp cannot make a filter");
    /* The init sets no-new-privileges itself, where the configuration says so. */
    seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
    r = add_architectures(context, config, failure);
    for (size_t i = 0; r == 0 && i < config->syscalls_count; i++) {
        r = add_rule(context, config, i, action, log, failure);
        if (r < 0)
            fail_at(failure, "/linux/seccomp/syscalls/%zu", i);
    }
    if (r == 0)
        r = export_program(context, filter, failure);
    if (r == 0 && (r = filter_add_newer(config, filter, failure)) < 0)
        free(TAKE(filter->code));
    return r;
}
