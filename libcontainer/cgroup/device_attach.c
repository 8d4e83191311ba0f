/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a device program and putting it on a group of version 2.  The programs that an earlier call put there
 * are known by their name and taken off after the new one is on: in between both hold.
 */
#include <cgroup/device_rules.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <base/util.h>

#define PROGRAM_NAME "ocikit_device"
#define MAX_PROGRAMS 64 /* the kernel's own bound for a group */
#define LOAD_TRIES 10

/* Some kernels write results up to here whatever size they were told. */
_Static_assert(sizeof(union bpf_attr) >= 64, "room for what the kernel writes to bpf_attr");

static int bpf(int command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int load(const struct bpf_insn *program, size_t count)
{
    union bpf_attr attributes;
    int fd = -1;
    /* The kernel's verifier gives up where a signal waits for this thread, which has been taken by the time that
     * the call returns. */
    for (int i = 0; i < LOAD_TRIES; i++) {
        /* All of it, padding too: the kernel refuses what it does not know and is not zero. */
        memset(&attributes, 0, sizeof(attributes));
        attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
        attributes.insns = (uintptr_t)program;
        attributes.insn_cnt = (uint32_t)count;
        attributes.license = (uintptr_t) "Apache-2.0";
        memcpy(attributes.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
        fd = bpf(BPF_PROG_LOAD, &attributes);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    return fd;
}

/* Put a program on a group, or take it off: BPF_PROG_ATTACH, BPF_PROG_DETACH. */
static int change(int command, int dir, int program)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof(attributes));
    attributes.target_fd = (uint32_t)dir;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    if (command == BPF_PROG_ATTACH)
        attributes.attach_flags = BPF_F_ALLOW_MULTI;
    return bpf(command, &attributes);
}

static bool is_ours(int program)
{
    union bpf_attr attributes;
    struct bpf_prog_info info;
    memset(&attributes, 0, sizeof(attributes));
    memset(&info, 0, sizeof(info));
    attributes.info.bpf_fd = (uint32_t)program;
    attributes.info.info_len = sizeof(info);
    attributes.info.info = (uintptr_t)&info;
    return bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) == 0 && strcmp(info.name, PROGRAM_NAME) == 0;
}

/* The fds of our programs on a group; how many, or a negative errno. */
static int find_ours(int dir, int fds[MAX_PROGRAMS])
{
    uint32_t ids[MAX_PROGRAMS];
    union bpf_attr attributes;
    int found = 0;
    memset(&attributes, 0, sizeof(attributes));
    attributes.query.target_fd = (uint32_t)dir;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uintptr_t)ids;
    attributes.query.prog_cnt = MAX_PROGRAMS;
    if (bpf(BPF_PROG_QUERY, &attributes) < 0)
        return -errno;
    uint32_t count = attributes.query.prog_cnt;
    for (uint32_t i = 0; i < count && i < MAX_PROGRAMS; i++) {
        memset(&attributes, 0, sizeof(attributes));
        attributes.prog_id = ids[i];
        int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
        if (fd < 0)
            continue;
        if (is_ours(fd))
            fds[found++] = fd;
        else
            close(fd);
    }
    return found;
}

/* May this caller not load programs at all, as it has no privileges on the host?  Then it may open only those
 * devices that the host lets it open anyway, and cannot make nodes. */
static bool is_unprivileged(void)
{
    char text[64] = "";
    _close_ int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : RETRY(read(fd, text, sizeof(text) - 1));
    unsigned inside, outside, length;
    if (geteuid() != 0)
        return true;
    return n > 0 && sscanf(text, "%u %u %u", &inside, &outside, &length) == 3 &&
           !(inside == 0 && outside == 0 && length == UINT32_MAX);
}

/* Does this kernel take a program that allows everything? */
static bool has_device_programs(void)
{
    const struct bpf_insn all[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
        {.code = BPF_JMP | BPF_EXIT},
    };
    _close_ int program = load(all, ARRAY_SIZE(all));
    return program >= 0;
}

static int fail_load(const struct group *group, int error, const char *prefix,
                     const struct log *log, struct failure *failure)
{
    if (error == EPERM && is_unprivileged()) {
        log_message(log, CONTAINER_LOG_WARNING,
                    "%s/devices: not enforced: a caller without privileges on the host cannot load "
                    "device programs",
                    prefix);
        return 0;
    }
    fail_at(failure, "%s/devices", prefix);
    if (error == ENOSYS || (error == EINVAL && !has_device_programs()))
        return fail_errno(failure, OCI_ERR_UNSUPPORTED, error,
                          "this kernel has no device programs for control groups");
    if (error == E2BIG)
        return fail_errno(failure, OCI_ERR_CONFIG, error, "there are too many device rules");
    return fail_errno(failure, OCI_ERR_CGROUP, error, "load the device program of %s%s%s",
                      group->mountpoint, group->path,
                      error == EPERM    ? " (before Linux 5.11 RLIMIT_MEMLOCK must allow it)"
                      : error == EAGAIN ? " (signals to the caller interrupt the kernel's check of "
                                          "it again and again)"
                                        : "");
}

static int fail_program(const struct group *group, int error, const char *prefix, const char *what,
                        struct failure *failure)
{
    fail_at(failure, "%s/devices", prefix);
    return fail_errno(failure, OCI_ERR_CGROUP, error, "%s control group %s%s", what,
                      group->mountpoint, group->path);
}

/* The programs that were taken off are put on again, and then the new one is taken off. */
static int put_back(const struct device_programs *programs, size_t taken)
{
    int r = 0;
    for (size_t i = 0; i < taken; i++) {
        if (change(BPF_PROG_ATTACH, programs->dir, programs->old[i]) < 0)
            r = OCI_ERR_CGROUP;
    }
    if (change(BPF_PROG_DETACH, programs->dir, programs->program) < 0 && errno != ENOENT)
        r = OCI_ERR_CGROUP;
    return r;
}

int device_programs_bring_back(const struct device_programs *before)
{
    return put_back(before, before->count);
}

void device_programs_free(struct device_programs *programs)
{
    if (programs == NULL)
        return;
    for (size_t i = 0; i < programs->count; i++)
        close(programs->old[i]);
    close_fd(&programs->program);
    close_fd(&programs->dir);
    free(programs);
}

static void free_programs(struct device_programs **programs)
{
    device_programs_free(*programs);
}

static int replace_programs(const struct group *group, struct device_programs *programs,
                            bool replace, const char *prefix, struct failure *failure)
{
    int count = replace ? find_ours(programs->dir, programs->old) : 0;
    if (count < 0)
        return fail_program(group, -count, prefix, "list the device programs of", failure);
    programs->count = (size_t)count;
    if (change(BPF_PROG_ATTACH, programs->dir, programs->program) < 0)
        return fail_program(group, errno, prefix, "put a device program on", failure);
    for (size_t i = 0; i < programs->count; i++) {
        if (change(BPF_PROG_DETACH, programs->dir, programs->old[i]) == 0 || errno == ENOENT)
            continue;
        fail_program(group, errno, prefix, "take the old device program off", failure);
        put_back(programs, i);
        return failure->code;
    }
    return 0;
}

int device_attach(const struct group *group, const struct device_rules *rules, const char *prefix,
                  bool replace, struct device_programs **before, const struct log *log,
                  struct failure *failure)
{
    _free_ struct bpf_insn *list = NULL;
    struct device_programs *programs _cleanup_(free_programs) =
        calloc(1, sizeof(*programs) + MAX_PROGRAMS * sizeof(programs->old[0]));
    size_t count;
    if (programs == NULL)
        return fail_memory(failure);
    programs->dir = programs->program = -1;
    if (device_program(rules, &list, &count) < 0)
        return fail_memory(failure);
    programs->program = load(list, count);
    if (programs->program < 0)
        return fail_load(group, errno, prefix, log, failure);
    programs->dir = group_open(group, failure);
    if (programs->dir < 0)
        return programs->dir;
    int r = replace_programs(group, programs, replace, prefix, failure);
    if (r == 0 && before) {
        *before = programs;
        programs = NULL;
    }
    return r;
}
