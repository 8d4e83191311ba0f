/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on a process, in a configuration or alone.
 */
#include "rule.h"

#define MOST_LIMITS 100u

enum {
    ARGS_EMPTY,
    ARGS_MISSING,
    CAPABILITY_AMBIENT,
    CAPABILITY_KERNEL,
    CAPABILITY_UNKNOWN,
    CONSOLE_SIZE,
    CWD_ABSOLUTE,
    ENV_FORM,
    IO_PRIORITY,
    OOM_SCORE,
    RLIMIT_SOFT,
    RLIMIT_TWICE,
    RLIMIT_TYPE,
    SCHEDULER_FIELDS,
    SCHEDULER_NICE,
    USER_ID,
};

static const struct oci_rule rules[] = {
    [ARGS_EMPTY] = {"process-args-empty", ERROR, "process", "config.md#process",
                    "args has at least one entry, and it names a program"},
    [ARGS_MISSING] = {"process-args-missing", ERROR, "process", "config.md#process",
                      "args (on Windows: or commandLine) is there when the container is started"},
    [CAPABILITY_AMBIENT] = {"process-capability-ambient", WARNING, "process",
                            "config.md#linux-process",
                            "an ambient capability is permitted and inheritable too"},
    [CAPABILITY_KERNEL] = {"process-capability-kernel", WARNING, "process",
                           "config.md#linux-process",
                           "capabilities are known to the kernel at hand"},
    [CAPABILITY_UNKNOWN] = {"process-capability-unknown", WARNING, "process",
                            "config.md#linux-process", "capabilities are names of capabilities(7)"},
    [CONSOLE_SIZE] = {"process-console-size", WARNING, "process", "config.md#process",
                      "consoleSize goes with a terminal"},
    [CWD_ABSOLUTE] = {"process-cwd-absolute", ERROR, "process", "config.md#process",
                      "cwd is an absolute path"},
    [ENV_FORM] = {"process-env-form", WARNING, "process", "config.md#process",
                  "entries of env have the form NAME=VALUE"},
    [IO_PRIORITY] = {"process-io-priority", ERROR, "process", "config.md#linux-process",
                     "ioPriority.priority is there, from 0 to 7"},
    [OOM_SCORE] = {"process-oom-score", ERROR, "process", "config.md#linux-process",
                   "oomScoreAdj is from -1000 to 1000"},
    [RLIMIT_SOFT] = {"process-rlimit-soft", ERROR, "process", "config.md#posix-process",
                     "a soft limit is not above its hard limit"},
    [RLIMIT_TWICE] = {"process-rlimit-twice", ERROR, "process", "config.md#posix-process",
                      "every type of limit stands once"},
    [RLIMIT_TYPE] = {"process-rlimit-type", ERROR, "process", "config.md#posix-process",
                     "types of limits are those of getrlimit(2)"},
    [SCHEDULER_FIELDS] = {"process-scheduler-fields", WARNING, "process", "config.md#linux-process",
                          "runtime, deadline and period go with SCHED_DEADLINE"},
    [SCHEDULER_NICE] = {"process-scheduler-nice", WARNING, "process", "config.md#linux-process",
                        "nice is from -20 to 19"},
    [USER_ID] = {"process-user-id", ERROR, "process", "config.md#posix-platform-user",
                 "a user has uid and gid"},
};

const struct oci_rule_set oci_process_rules = {rules, sizeof(rules) / sizeof(rules[0])};

/* In the kernel's order: the index is the number. */
static const char *const capabilities[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    NULL,
};

static const char *const rlimit_types[] = {
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
    NULL,
};

static int index_of(const char *name, const char *const *names)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static int capability_number(const char *name)
{
    return index_of(name, capabilities);
}

static int rlimit_number(const char *type)
{
    return index_of(type, rlimit_types);
}

static void check_capability_names(struct oci_checking *checking, const char *set,
                                   const char *const *names, size_t count)
{
    int last = checking->options->last_capability;

    for (size_t i = 0; i < count; i++) {
        int number = capability_number(names[i]);

        if (names[i] == NULL)
            continue;
        if (number < 0)
            oci_rule_not_listed(checking, &rules[CAPABILITY_UNKNOWN],
                                oci_rule_at(checking, "/capabilities/%s/%zu", set, i), names[i],
                                capabilities, "is not a capability that is known");
        else if (last > 0 && number > last)
            oci_rule_broken(checking, &rules[CAPABILITY_KERNEL],
                            oci_rule_at(checking, "/capabilities/%s/%zu", set, i),
                            oci_rule_words(checking, "this kernel does not know %s", names[i]));
    }
}

/* The capabilities of a set, as bits of their numbers. */
static uint64_t bits_of(const char *const *names, size_t count)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < count; i++) {
        int number = capability_number(names[i]);

        if (number >= 0)
            bits |= UINT64_C(1) << number;
    }
    return bits;
}

static void check_capabilities(struct oci_checking *checking, const struct oci_capabilities *sets)
{
    uint64_t usable;

    if (sets == NULL)
        return;
    check_capability_names(checking, "bounding", sets->bounding, sets->bounding_count);
    check_capability_names(checking, "permitted", sets->permitted, sets->permitted_count);
    check_capability_names(checking, "effective", sets->effective, sets->effective_count);
    check_capability_names(checking, "inheritable", sets->inheritable, sets->inheritable_count);
    check_capability_names(checking, "ambient", sets->ambient, sets->ambient_count);
    usable = bits_of(sets->permitted, sets->permitted_count) &
             bits_of(sets->inheritable, sets->inheritable_count);
    for (size_t i = 0; i < sets->ambient_count; i++) {
        const char *name = sets->ambient[i];
        int number = capability_number(name);

        if (number >= 0 && (usable & UINT64_C(1) << number) == 0)
            oci_rule_broken(
                checking, &rules[CAPABILITY_AMBIENT],
                oci_rule_at(checking, "/capabilities/ambient/%zu", i),
                oci_rule_words(checking,
                               "the kernel gives no ambient %s that is not permitted and "
                               "inheritable too",
                               name));
    }
}

/* Whether an earlier limit is of the same type; there are few types. */
static bool is_again(const struct oci_rlimit *limits, size_t index)
{
    for (size_t i = 0; i < index && i < MOST_LIMITS; i++) {
        if (limits[i].type != NULL && strcmp(limits[i].type, limits[index].type) == 0)
            return true;
    }
    return false;
}

static void check_rlimits(struct oci_checking *checking, const struct oci_rlimit *limits,
                          size_t count)
{
    bool is_linux = checking->platform == PLATFORM_ANY || checking->platform == PLATFORM_LINUX;

    for (size_t i = 0; i < count; i++) {
        const char *type = limits[i].type;

        if (type == NULL)
            continue;
        if (is_linux && rlimit_number(type) < 0)
            oci_rule_not_listed(checking, &rules[RLIMIT_TYPE],
                                oci_rule_at(checking, "/rlimits/%zu/type", i), type, rlimit_types,
                                "is no limit of Linux");
        if (limits[i].soft > limits[i].hard)
            oci_rule_broken(
                checking, &rules[RLIMIT_SOFT], oci_rule_at(checking, "/rlimits/%zu/soft", i),
                oci_rule_words(checking, "the soft limit %llu is above the hard limit %llu",
                               (unsigned long long)limits[i].soft,
                               (unsigned long long)limits[i].hard));
        if (is_again(limits, i))
            oci_rule_broken(checking, &rules[RLIMIT_TWICE],
                            oci_rule_at(checking, "/rlimits/%zu/type", i),
                            oci_rule_words(checking, "the limit %s stands twice",
                                           oci_rule_quote(checking, type)));
    }
}

static void check_env(struct oci_checking *checking, const char *const *env, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = env[i] != NULL ? strchr(env[i], '=') : NULL;

        if (env[i] != NULL && (equals == NULL || equals == env[i]))
            oci_rule_broken(checking, &rules[ENV_FORM], oci_rule_at(checking, "/env/%zu", i),
                            oci_rule_words(checking, "%s is not of the form NAME=VALUE",
                                           oci_rule_quote(checking, env[i])));
    }
}

static void check_scheduler(struct oci_checking *checking, const struct oci_scheduler *scheduler)
{
    if (scheduler == NULL)
        return;
    if (scheduler->has_nice && (scheduler->nice < -20 || scheduler->nice > 19))
        oci_rule_out_of_range(checking, &rules[SCHEDULER_NICE],
                              oci_rule_at(checking, "/scheduler/nice"), -20, 19,
                              oci_rule_words(checking, "%d", (int)scheduler->nice));
    if (scheduler->policy != OCI_SCHEDULER_POLICY_UNSET &&
        scheduler->policy != OCI_SCHEDULER_POLICY_DEADLINE &&
        (scheduler->has_runtime || scheduler->has_deadline || scheduler->has_period))
        oci_rule_broken(checking, &rules[SCHEDULER_FIELDS], oci_rule_at(checking, "/scheduler"),
                        "runtime, deadline and period have a meaning for SCHED_DEADLINE only");
}

static void check_user(struct oci_checking *checking, const struct oci_process *process)
{
    const struct oci_user *user = process->user;

    if (user == NULL || user->username != NULL || checking->platform == PLATFORM_WINDOWS)
        return;
    if (!user->has_uid)
        oci_rule_broken(checking, &rules[USER_ID], oci_rule_at(checking, "/user"),
                        "the user has no uid");
    if (!user->has_gid)
        oci_rule_broken(checking, &rules[USER_ID], oci_rule_at(checking, "/user"),
                        "the user has no gid");
}

static void check_priority(struct oci_checking *checking, const struct oci_io_priority *priority)
{
    if (priority == NULL)
        return;
    if (!priority->has_priority)
        oci_rule_broken(checking, &rules[IO_PRIORITY], oci_rule_at(checking, "/ioPriority"),
                        "the I/O priority has a class, but no priority");
    else if (priority->priority < 0 || priority->priority > 7)
        oci_rule_out_of_range(checking, &rules[IO_PRIORITY],
                              oci_rule_at(checking, "/ioPriority/priority"), 0, 7,
                              oci_rule_words(checking, "%d", (int)priority->priority));
}

/* Only on Windows may the command line stand for args, and must where they are absent. */
static void check_program(struct oci_checking *checking, const struct oci_process *process)
{
    bool has_line = process->command_line != NULL &&
                    (checking->platform == PLATFORM_ANY || checking->platform == PLATFORM_WINDOWS);
    bool must_be = checking->platform == PLATFORM_WINDOWS ||
                   (checking->options->flags & OCI_CHECK_STARTABLE) != 0;

    if (has_line)
        return;
    if (process->args == NULL && must_be)
        oci_rule_broken(checking, &rules[ARGS_MISSING], oci_rule_at(checking, "/args"),
                        checking->platform == PLATFORM_WINDOWS
                            ? "there is neither commandLine nor args"
                            : "args is needed, with at least the program to run");
    if (process->args != NULL &&
        (process->args_count == 0 || (process->args[0] != NULL && process->args[0][0] == '\0')))
        oci_rule_broken(checking, &rules[ARGS_EMPTY], oci_rule_at(checking, "/args"),
                        "args names no program to run");
}

void oci_rule_check_process(struct oci_checking *checking, const void *root)
{
    const struct oci_process *process = root;

    if (process == NULL)
        return;
    if (process->cwd != NULL && !oci_rule_is_absolute_here(checking, process->cwd))
        oci_rule_broken(checking, &rules[CWD_ABSOLUTE], oci_rule_at(checking, "/cwd"),
                        oci_rule_words(checking, "the working directory %s is not an absolute path",
                                       oci_rule_quote(checking, process->cwd)));
    check_program(checking, process);
    if (process->console_size != NULL && !process->terminal)
        oci_rule_broken(checking, &rules[CONSOLE_SIZE], oci_rule_at(checking, "/consoleSize"),
                        "a console size has no meaning without a terminal");
    if (process->has_oom_score_adj &&
        (process->oom_score_adj < -1000 || process->oom_score_adj > 1000))
        oci_rule_out_of_range(checking, &rules[OOM_SCORE], oci_rule_at(checking, "/oomScoreAdj"),
                              -1000, 1000,
                              oci_rule_words(checking, "%d", (int)process->oom_score_adj));
    check_user(checking, process);
    check_env(checking, process->env, process->env_count);
    check_capabilities(checking, process->capabilities);
    check_rlimits(checking, process->rlimits, process->rlimits_count);
    check_scheduler(checking, process->scheduler);
    check_priority(checking, process->io_priority);
}
