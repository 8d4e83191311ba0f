/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that are newer than a profile.  A list of what is allowed answers EPERM (or worse)
 * to a call that nobody had heard of when it was written; a C library that tries the new call first
 * then fails instead of using the old one.  So calls above the highest number that the profile
 * names get ENOSYS, as on a kernel of the profile's age.
 */
#include <seccomp/filter.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

#define X32_BIT 0x40000000u
#define MOST_ARCHS 32
/* For each architecture a load and a test of it, and up to six steps. */
#define MOST_STEPS (MOST_ARCHS * 8)

struct highest {
    uint32_t arch;      /* AUDIT_ARCH_* */
    int64_t plain, x32; /* highest numbers, -1: none */
    bool is_x32;        /* x32 shares the architecture's number with x86_64 */
};

/* What forbids nothing needs no help, and a tracer answers for itself. */
static bool is_permissive(const struct oci_seccomp *config)
{
    enum oci_seccomp_action action = config->default_action;
    return action == OCI_SECCOMP_ACTION_ALLOW || action == OCI_SECCOMP_ACTION_LOG ||
           action == OCI_SECCOMP_ACTION_TRACE ||
           (action == OCI_SECCOMP_ACTION_ERRNO && config->has_default_errno_ret &&
            config->default_errno_ret == ENOSYS);
}

static int64_t highest_number(const struct oci_seccomp *config, uint32_t arch)
{
    int64_t highest = -1;
    for (size_t i = 0; i < config->syscalls_count; i++) {
        for (size_t n = 0; n < config->syscalls[i].names_count; n++) {
            int number = seccomp_syscall_resolve_name_arch(arch, config->syscalls[i].names[n]);
            /* Negative ones are libseccomp's own, for calls that the architecture has not. */
            highest = number > highest ? number : highest;
        }
    }
    return highest;
}

static void note_arch(const struct oci_seccomp *config, uint32_t arch, struct highest *all,
                      size_t *count)
{
    bool x32 = arch == SCMP_ARCH_X32;
    uint32_t audit = x32 ? (uint32_t)AUDIT_ARCH_X86_64 : arch;
    size_t i = 0;
    while (i < *count && all[i].arch != audit)
        i++;
    if (i == *count) {
        if (i == MOST_ARCHS)
            return;
        all[(*count)++] = (struct highest){.arch = audit, .plain = -1, .x32 = -1};
    }
    if (x32) {
        all[i].is_x32 = true;
        all[i].x32 = highest_number(config, arch);
    } else {
        all[i].plain = highest_number(config, arch);
    }
}

static size_t steps_of(const struct highest *h, struct sock_filter *code)
{
    const uint32_t load = BPF_LD | BPF_W | BPF_ABS, above = BPF_JMP | BPF_JGT | BPF_K;
    const struct sock_filter no_call = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    size_t n = 0;
    code[n++] =
        (struct sock_filter)BPF_STMT((unsigned short)load, offsetof(struct seccomp_data, nr));
    if (h->arch == (uint32_t)AUDIT_ARCH_X86_64) {
        /* x32 calls have numbers of their own, beyond a bit; without x32 they are the filter's. */
        if (h->is_x32 && h->x32 >= 0) {
            code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 2);
            code[n++] = (struct sock_filter)BPF_JUMP((unsigned short)above,
                                                     (uint32_t)h->x32 | X32_BIT, 2, 0);
            code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0);
        } else {
            code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0);
        }
    }
    uint32_t plain = h->plain >= 0 ? (uint32_t)h->plain : UINT32_MAX;
    code[n++] = (struct sock_filter)BPF_JUMP((unsigned short)above, plain, 0, 1);
    code[n++] = no_call;
    return n;
}

static size_t write_steps(const struct highest *all, size_t count, struct sock_filter *code)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct sock_filter steps[8];
        if (all[i].plain < 0 && all[i].x32 < 0)
            continue;
        size_t length = steps_of(&all[i], steps);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                 offsetof(struct seccomp_data, arch));
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, all[i].arch, 0,
                                                 (unsigned char)length);
        memcpy(code + n, steps, length * sizeof(*steps));
        n += length;
    }
    return n;
}

int filter_add_newer(const struct oci_seccomp *config, struct filter *filter,
                     struct failure *failure)
{
    struct highest all[MOST_ARCHS];
    size_t count = 0;
    if (filter->count == 0 || is_permissive(config))
        return 0;
    /* libseccomp filters for it whether it is named or not. */
    note_arch(config, seccomp_arch_native(), all, &count);
    for (size_t i = 0; i < config->architectures_count; i++)
        note_arch(config, filter_arch(config->architectures[i]), all, &count);
    struct sock_filter steps[MOST_STEPS];
    size_t length = write_steps(all, count, steps);
    if (length + filter->count > BPF_MAXINSNS)
        return fail(failure, OCI_ERR_SECCOMP,
                    "the filter has %zu instructions; the kernel takes %d", length + filter->count,
                    BPF_MAXINSNS);
    struct sock_filter *code = malloc((length + filter->count) * sizeof(*code));
    if (code == NULL)
        return fail_memory(failure);
    memcpy(code, steps, length * sizeof(*code));
    memcpy(code + length, filter->code, filter->count * sizeof(*code));
    free(filter->code);
    filter->code = code;
    filter->count += length;
    return 0;
}
