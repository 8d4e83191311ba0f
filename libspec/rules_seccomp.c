/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on a filter of system calls.
 */
#include "rule.h"

#define MOST_ARGUMENTS 6u
#define LARGEST_ERRNO 4095u

enum {
    ARG_INDEX,
    DEFAULT_ERRNO,
    DEFAULT_NOTIFY,
    ERRNO_ACTION,
    ERRNO_RANGE,
    LISTENER_METADATA,
    LISTENER_MISSING,
};

static const struct oci_rule rules[] = {
    [ARG_INDEX] = {"seccomp-arg-index", ERROR, "runtime-config", "config-linux.md#seccomp",
                   "a system call has arguments 0 to 5"},
    [DEFAULT_ERRNO] = {"seccomp-default-errno", ERROR, "runtime-config", "config-linux.md#seccomp",
                       "defaultErrnoRet goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE"},
    [DEFAULT_NOTIFY] = {"seccomp-default-notify", WARNING, "runtime-config",
                        "config-linux.md#seccomp",
                        "SCMP_ACT_NOTIFY is not the default: not even the filter's sender would "
                        "get past it"},
    [ERRNO_ACTION] = {"seccomp-errno-action", ERROR, "runtime-config", "config-linux.md#seccomp",
                      "errnoRet goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE"},
    [ERRNO_RANGE] = {"seccomp-errno-range", WARNING, "runtime-config", "config-linux.md#seccomp",
                     "an errno is at most 4095"},
    [LISTENER_METADATA] = {"seccomp-listener-metadata", ERROR, "runtime-config",
                           "config-linux.md#seccomp", "listenerMetadata goes with listenerPath"},
    [LISTENER_MISSING] = {"seccomp-listener-missing", WARNING, "runtime-config",
                          "config-linux.md#seccomp", "SCMP_ACT_NOTIFY goes with listenerPath"},
};

const struct oci_rule_set oci_seccomp_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static bool takes_errno(enum oci_seccomp_action action)
{
    return action == OCI_SECCOMP_ACTION_ERRNO || action == OCI_SECCOMP_ACTION_TRACE ||
           action == OCI_SECCOMP_ACTION_UNSET;
}

/* Without listenerPath a runtime may know another receiver, as crun does by an annotation. */
static void check_notify(struct oci_checking *checking, const struct oci_seccomp *seccomp)
{
    if (seccomp->default_action == OCI_SECCOMP_ACTION_NOTIFY) {
        oci_rule_broken(checking, &rules[LISTENER_MISSING], oci_rule_at(checking, "/defaultAction"),
                        "SCMP_ACT_NOTIFY needs listenerPath");
        return;
    }
    for (size_t i = 0; i < seccomp->syscalls_count; i++) {
        if (seccomp->syscalls[i].action == OCI_SECCOMP_ACTION_NOTIFY) {
            oci_rule_broken(checking, &rules[LISTENER_MISSING],
                            oci_rule_at(checking, "/syscalls/%zu/action", i),
                            "SCMP_ACT_NOTIFY needs listenerPath");
            return;
        }
    }
}

static void check_listener(struct oci_checking *checking, const struct oci_seccomp *seccomp,
                           bool has_receiver)
{
    bool has_listener = seccomp->listener_path != NULL && seccomp->listener_path[0] != '\0';

    if (seccomp->listener_metadata != NULL && seccomp->listener_metadata[0] != '\0' &&
        !has_listener)
        oci_rule_broken(checking, &rules[LISTENER_METADATA],
                        oci_rule_at(checking, "/listenerMetadata"),
                        "listenerMetadata without listenerPath has nobody to go to");
    if (seccomp->default_action == OCI_SECCOMP_ACTION_NOTIFY)
        oci_rule_broken(checking, &rules[DEFAULT_NOTIFY], oci_rule_at(checking, "/defaultAction"),
                        "with SCMP_ACT_NOTIFY for every system call the listener cannot be sent");
    if (!has_listener && !has_receiver)
        check_notify(checking, seccomp);
}

static void check_syscall(struct oci_checking *checking, const struct oci_seccomp_syscall *entry,
                          size_t index)
{
    if (entry->has_errno_ret && !takes_errno(entry->action))
        oci_rule_broken(
            checking, &rules[ERRNO_ACTION], oci_rule_at(checking, "/syscalls/%zu/errnoRet", index),
            oci_rule_words(checking, "%s takes no errno", oci_seccomp_action_text(entry->action)));
    if (entry->has_errno_ret && entry->errno_ret > LARGEST_ERRNO)
        oci_rule_broken(checking, &rules[ERRNO_RANGE],
                        oci_rule_at(checking, "/syscalls/%zu/errnoRet", index),
                        oci_rule_words(checking, "the kernel takes %u for an errno as %u",
                                       (unsigned)entry->errno_ret, LARGEST_ERRNO));
    for (size_t i = 0; i < entry->args_count; i++) {
        if (entry->args[i].index >= MOST_ARGUMENTS)
            oci_rule_out_of_range(checking, &rules[ARG_INDEX],
                                  oci_rule_at(checking, "/syscalls/%zu/args/%zu/index", index, i),
                                  0, MOST_ARGUMENTS - 1,
                                  oci_rule_words(checking, "%u", (unsigned)entry->args[i].index));
    }
}

void oci_rule_check_seccomp(struct oci_checking *checking, const struct oci_seccomp *seccomp,
                            bool has_receiver)
{
    if (seccomp == NULL)
        return;
    if (seccomp->has_default_errno_ret && !takes_errno(seccomp->default_action))
        oci_rule_broken(checking, &rules[DEFAULT_ERRNO], oci_rule_at(checking, "/defaultErrnoRet"),
                        oci_rule_words(checking, "%s takes no errno",
                                       oci_seccomp_action_text(seccomp->default_action)));
    if (seccomp->has_default_errno_ret && seccomp->default_errno_ret > LARGEST_ERRNO)
        oci_rule_broken(checking, &rules[ERRNO_RANGE], oci_rule_at(checking, "/defaultErrnoRet"),
                        oci_rule_words(checking, "the kernel takes %u for an errno as %u",
                                       (unsigned)seccomp->default_errno_ret, LARGEST_ERRNO));
    check_listener(checking, seccomp, has_receiver);
    for (size_t i = 0; i < seccomp->syscalls_count; i++)
        check_syscall(checking, &seccomp->syscalls[i], i);
}
