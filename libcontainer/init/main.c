/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init's entry: take over what the library passed, check the plan, carry out its ops in order.
 *
 * The init is a static program without libc, run from a sealed memfd as the container's first
 * process until it execs the container's program.  It must not allocate, parse text, read the
 * environment or name anything outside the plan.
 *
 * fds at entry: 0 .. K-1 for the program, K the plan, K+1 onwards the inherited slots; argv[1] is
 * K.
 */
#include <fcntl.h>
#include <linux/prctl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <plan/verify.h>

#include "init.h"

static op_function *const operations[PLAN_CODE_COUNT] = {
    [PLAN_CGROUP_JOIN] = op_cgroup_join,
    [PLAN_ROOT_OPEN] = op_root_open,
    [PLAN_NS_OPEN] = op_ns_open,
    [PLAN_NS_ENTER] = op_ns_enter,
    [PLAN_NS_ENTER_ALL] = op_ns_enter_all,
    [PLAN_NS_UNSHARE] = op_ns_unshare,
    [PLAN_TIME_OFFSETS] = op_time_offsets,
    [PLAN_FORK] = op_fork,
    [PLAN_SYNC] = op_sync,
    [PLAN_NS_ROOT] = op_ns_root,
    [PLAN_SESSION] = op_session,
    [PLAN_KEYRING] = op_keyring,
    [PLAN_PRIVATE] = op_private,
    [PLAN_TREE_OPEN] = op_tree_open,
    [PLAN_ROOT_ATTACH] = op_root_attach,
    [PLAN_FS_OPEN] = op_fs_open,
    [PLAN_FS_MAKE] = op_fs_make,
    [PLAN_MOUNT_ATTR] = op_mount_attr,
    [PLAN_ATTACH] = op_attach,
    [PLAN_MOUNT_FIND] = op_mount_find,
    [PLAN_RECONFIGURE] = op_reconfigure,
    [PLAN_LABEL] = op_label,
    [PLAN_ID_MAP] = op_id_map,
    [PLAN_CLOSE] = op_close,
    [PLAN_GIVE] = op_give,
    [PLAN_TAKE] = op_take,
    [PLAN_ROOT_USE] = op_root_use,
    [PLAN_UNMOUNT] = op_unmount,
    [PLAN_MKDIR] = op_mkdir,
    [PLAN_SYMLINK] = op_symlink,
    [PLAN_MKNOD] = op_mknod,
    [PLAN_MASK] = op_mask,
    [PLAN_READONLY] = op_readonly,
    [PLAN_ROOT_READONLY] = op_root_readonly,
    [PLAN_ROOT_PIVOT] = op_root_pivot,
    [PLAN_ROOT_MOVE] = op_root_move,
    [PLAN_ROOT_CHROOT] = op_root_chroot,
    [PLAN_ROOT_PROPAGATE] = op_root_propagate,
    [PLAN_TERMINAL] = op_terminal,
    [PLAN_TERMINAL_USE] = op_terminal_use,
    [PLAN_PROC_WRITE] = op_proc_write,
    [PLAN_LOOPBACK] = op_loopback,
    [PLAN_HOSTNAME] = op_hostname,
    [PLAN_DOMAINNAME] = op_domainname,
    [PLAN_RLIMIT] = op_rlimit,
    [PLAN_SCHEDULER] = op_scheduler,
    [PLAN_IO_PRIORITY] = op_io_priority,
    [PLAN_CPU_AFFINITY] = op_cpu_affinity,
    [PLAN_MEMORY_POLICY] = op_memory_policy,
    [PLAN_PERSONALITY] = op_personality,
    [PLAN_NET_DEVICES] = op_net_devices,
    [PLAN_NO_NEW_PRIVS] = op_no_new_privs,
    [PLAN_SECCOMP] = op_seccomp,
    [PLAN_BOUNDING] = op_bounding,
    [PLAN_IDS] = op_ids,
    [PLAN_CAPS] = op_caps,
    [PLAN_AMBIENT] = op_ambient,
    [PLAN_UMASK] = op_umask,
    [PLAN_CHDIR] = op_chdir,
    [PLAN_EXEC_FIND] = op_exec_find,
    [PLAN_HOME] = op_home,
    [PLAN_HOOK] = op_hook,
    [PLAN_READY] = op_ready,
    [PLAN_WAIT_START] = op_wait_start,
    [PLAN_EXEC] = op_exec,
    [PLAN_EXIT] = op_exit,
};

/* All zero here, so that it takes no room in the image. */
static struct init state;

static _Noreturn void leave(int status)
{
    for (;;)
        SYS_1(exit_group, status);
}

/* A host may ignore signals or block them (Python ignores SIGPIPE): the program must not inherit
 * that. */
static void reset_signals(void)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = {NULL, 0, NULL, 0};
    uint64_t none = 0;
    for (int signal = 1; signal <= 64; signal++) {
        if (signal != SIGKILL && signal != SIGSTOP)
            SYS_4(rt_sigaction, signal, &action, NULL, sizeof(none));
    }
    SYS_4(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

static int small_number(const char *text)
{
    int value = 0;
    if (text == NULL || *text == 0)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > 100000)
            return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

static int take_over(struct init *init, int base)
{
    struct statx st;
    long r = SYS_5(statx, base, "", AT_EMPTY_PATH, STATX_SIZE, &st);
    if (r < 0)
        return (int)r;
    if (st.stx_size > PLAN_MAX_SIZE)
        return -EFBIG;
    r = SYS_6(mmap, NULL, st.stx_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, base, 0);
    if (r < 0 && r > -4096)
        return (int)r;
    init->plan = (unsigned char *)r;
    SYS_1(close, base);
    if (plan_verify(init->plan, st.stx_size) != 0)
        return -EINVAL;
    init->header = (const struct plan_header *)init->plan;
    init->ops = (const struct plan_op *)(init->header + 1);
    for (uint32_t i = 0; i < PLAN_MAX_SLOTS; i++)
        init->slots[i] = -1;
    for (uint32_t i = 0; i < init->header->inherited_slots; i++) {
        int fd = base + 1 + (int)i;
        /* A slot that this plan does not use is passed as nothing. */
        if (SYS_3(fcntl, fd, F_SETFD, FD_CLOEXEC) == 0)
            init->slots[i] = fd;
    }
    return 0;
}

void init_start(long *stack);
void init_start(long *stack)
{
    long argc = stack[0];
    char **argv = (char **)(stack + 1);
    struct init *init = &state;
    init->root = init->mask_file = init->mask_dir = init->start_peer = -1;

    /* Nobody may look into this process: it holds fds of the host. */
    SYS_5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    int base = argc == 2 ? small_number(argv[1]) : -1;
    if (base < 0 || take_over(init, base) < 0)
        leave(126);
    reset_signals();
    init->umask = (uint32_t)SYS_1(umask, 0);

    for (uint32_t i = 0; i < init->header->op_count; i++) {
        init->current = i;
        int r = operations[init->ops[i].code](init, &init->ops[i]);
        if (r < 0) {
            report_error(init, -r);
            leave(125);
        }
    }
    leave(0);
}

#ifdef INIT_WITH_LIBC
int main(int argc, char **argv)
{
    (void)argc;
    init_start((long *)argv - 1);
}
#elif defined(__x86_64__)
__asm__(".globl _start\n_start:\n"
        "xor %ebp, %ebp\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call init_start\n"
        "hlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n"
        "mov x29, #0\n"
        "mov x30, #0\n"
        "mov x0, sp\n"
        "and sp, x0, #-16\n"
        "bl init_start\n"
        "brk #0\n");
#elif defined(__riscv)
__asm__(".globl _start\n_start:\n"
        "mv a0, sp\n"
        "andi sp, sp, -16\n"
        "call init_start\n"
        "ebreak\n");
#endif
