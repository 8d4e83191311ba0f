/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the init.  The child shares this process's memory for the few system calls between clone
 * and exec (as with vfork, the calling thread waits), so nothing is copied whatever the size of the
 * host, and nothing but raw system calls runs in it: no lock of the host can be held, no handler
 * can run.
 */
#include <launch/spawn.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <base/util.h>
#include <launch/init_image.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Not to be watched by sanitizers: their bookkeeping does not expect a second process on this
 * memory. */
#if defined(__clang__)
#define UNWATCHED __attribute__((no_sanitize("address", "undefined", "thread"), noinline))
#else
#define UNWATCHED                                                                                  \
    __attribute__((no_sanitize_address, no_sanitize_undefined, no_sanitize_thread, noinline))
#endif

/* On the caller's stack, which may be small: a few frames of system calls need little. */
#define CHILD_STACK (16 * 1024)

int spawn_init_image(struct failure *failure)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    _close_ int fd = memfd_create("ocikit-init", flags | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("ocikit-init", flags);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "memory for the init program");
    for (size_t done = 0; done < init_image_size;) {
        ssize_t n = RETRY(write(fd, init_image + done, init_image_size - done));
        if (n < 0)
            return fail_errno(failure, OCI_ERR_IO, errno, "write the init program");
        done += (size_t)n;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "seal the init program");
    return take_fd(&fd);
}

static int plan_memory(const struct plan *plan, struct failure *failure)
{
    _close_ int fd = memfd_create("ocikit-plan", MFD_CLOEXEC);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "memory for the plan");
    for (size_t done = 0; done < plan->size;) {
        ssize_t n = RETRY(write(fd, plan->bytes + done, plan->size - done));
        if (n < 0)
            return fail_errno(failure, OCI_ERR_IO, errno, "write the plan");
        done += (size_t)n;
    }
    return take_fd(&fd);
}

/* What the child needs; prepared before it exists. */
struct child {
    int init;
    const int *from; /* fds in the order in which the child gets them as 0, 1, 2, ... */
    int *high;       /* room for their copies */
    int count;
    const char *argv[3];
    int cgroup; /* directory of the group to go into, or -1: it is there from birth */
    volatile int error;
};

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Without close_range(2): what the kernel lists, from first on. */
static UNWATCHED int close_listed(unsigned first, unsigned last)
{
    char entries[2048] __attribute__((aligned(8)));
    int dir = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno;
    long n;
    while ((n = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0) {
        for (long at = 0; at < n;) {
            const struct entry *entry = (const struct entry *)(entries + at);
            unsigned fd = 0;
            const char *p = entry->name;
            for (; *p >= '0' && *p <= '9'; p++)
                fd = fd * 10 + (unsigned)(*p - '0');
            if (p > entry->name && fd >= first && fd <= last && (int)fd != dir)
                syscall(SYS_close, fd);
            at += entry->length;
        }
    }
    syscall(SYS_close, dir);
    return n < 0 ? EIO : 0;
}

static UNWATCHED int close_between(unsigned first, unsigned last)
{
    if (syscall(SYS_close_range, first, last, 0) == 0)
        return 0;
    return errno == ENOSYS ? close_listed(first, last) : errno;
}

static UNWATCHED int enter_group(int dir)
{
    int fd = (int)syscall(SYS_openat, dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    long n = syscall(SYS_write, fd, "0", 1);
    int error = n < 0 ? errno : 0;
    syscall(SYS_close, fd);
    return error;
}

/* All fds are first copied above every number in use, so that putting one in its place cannot close
 * another; then everything else is closed. */
static UNWATCHED int arrange_fds(struct child *child)
{
    int init = (int)syscall(SYS_fcntl, child->init, F_DUPFD_CLOEXEC, child->count);
    if (init < 0)
        return errno;
    child->init = init;
    for (int i = 0; i < child->count; i++) {
        child->high[i] = -1;
        if (child->from[i] < 0)
            continue;
        child->high[i] = (int)syscall(SYS_fcntl, child->from[i], F_DUPFD_CLOEXEC, child->count);
        if (child->high[i] < 0)
            return errno;
    }
    for (int i = 0; i < child->count; i++) {
        if (child->high[i] < 0)
            syscall(SYS_close, i);
        else if (syscall(SYS_dup3, child->high[i], i, 0) < 0)
            return errno;
    }
    /* The init itself must be open until exec, and is close-on-exec as every fd of the library is;
     * fds of the host that are not must not get through. */
    unsigned first = (unsigned)child->count;
    int error = init > child->count ? close_between(first, (unsigned)init - 1) : 0;
    return error ? error : close_between((unsigned)init + 1, ~0u);
}

static UNWATCHED int child_main(void *data)
{
    struct child *child = data;
    char *const env[] = {NULL};
    child->error = child->cgroup >= 0 ? enter_group(child->cgroup) : 0;
    if (child->error == 0)
        child->error = arrange_fds(child);
    if (child->error == 0) {
        syscall(SYS_execveat, child->init, "", child->argv, env, AT_EMPTY_PATH);
        child->error = errno;
    }
    syscall(SYS_exit_group, 127);
    return 127;
}

/* A system call that makes a child with a stack of its own: the child must not return into this frame. */
#if defined(__x86_64__)
static UNWATCHED long clone_call(long number, long a, long b, long c, int (*function)(void *),
                                 void *data)
{
    register long r8 __asm__("r8") = (long)function;
    register long r9 __asm__("r9") = (long)data;
    register long r10 __asm__("r10") = 0;
    long ret;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(ret)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r8), "r"(r9), "r"(r10)
                     : "rcx", "r11", "memory");
    return ret;
}
#elif defined(__aarch64__)
static UNWATCHED long clone_call(long number, long a, long b, long c, int (*function)(void *),
                                 void *data)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x9 __asm__("x9") = (long)function;
    register long x10 __asm__("x10") = (long)data;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, #0\n\t"
                     "mov x0, x10\n\t"
                     "blr x9\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x9), "r"(x10)
                     : "x30", "memory");
    return x0;
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
static UNWATCHED long clone_new(struct clone_args *args, int (*function)(void *), void *data)
{
    return clone_call(SYS_clone3, (long)args, sizeof(*args), 0, function, data);
}

/* As clone(2), which knows neither a group nor what comes after its 32 flags. */
static UNWATCHED long clone_old(const struct clone_args *args, int (*function)(void *), void *data)
{
    uint32_t flags = (uint32_t)args->flags | (uint32_t)args->exit_signal;
    return clone_call(SYS_clone, (long)flags, (long)(args->stack + args->stack_size),
                      (long)args->pidfd, function, data);
}
#else
/* Elsewhere by the C library. */
static UNWATCHED long clone_new(struct clone_args *args, int (*function)(void *), void *data)
{
    return -ENOSYS;
}

static UNWATCHED long clone_old(const struct clone_args *args, int (*function)(void *), void *data)
{
    int flags = (int)((uint32_t)args->flags | (uint32_t)args->exit_signal);
    int pid = clone(function, (char *)(uintptr_t)args->stack + args->stack_size, flags, data,
                    (int *)(uintptr_t)args->pidfd);
    return pid < 0 ? -errno : pid;
}
#endif

static UNWATCHED long clone_with_stack(const struct spawn *spawn, struct child *child, int *pidfd)
{
    char stack[CHILD_STACK] __attribute__((aligned(16)));
    struct clone_args args = {
        .flags = spawn->flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof(stack),
    };
    if (spawn->cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)spawn->cgroup;
    }
    /* No handler of the host may run in the child; it starts with everything blocked, and the init
     * unblocks. */
    uint64_t all = ~UINT64_C(0), old;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old));
    long pid = clone_new(&args, child_main, child);
    if (pid == -ENOSYS) {
        child->cgroup = spawn->cgroup;
        pid = clone_old(&args, child_main, child);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
    return pid;
}

int spawn(const struct spawn *spawn, pid_t *pid, int *pidfd, struct failure *failure)
{
    _close_ int plan = plan_memory(spawn->plan, failure);
    if (plan < 0)
        return plan;
    size_t count = 3 + spawn->preserve_count + 1 + spawn->slot_count;
    _free_ int *from = malloc(2 * count * sizeof(*from));
    if (from == NULL)
        return fail_memory(failure);
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        from[n++] = spawn->stdio[i];
    for (size_t i = 0; i < spawn->preserve_count; i++)
        from[n++] = spawn->preserve[i];
    char base[24];
    snprintf(base, sizeof(base), "%zu", n);
    from[n++] = plan;
    for (size_t i = 0; i < spawn->slot_count; i++)
        from[n++] = spawn->slots[i];
    struct child child = {
        .init = spawn->init,
        .from = from,
        .high = from + count,
        .count = (int)count,
        .argv = {"ocikit-init", base, NULL},
        .cgroup = -1,
    };
    long r = clone_with_stack(spawn, &child, pidfd);
    if (r < 0) {
        /* The kernel says which number before it finds that there can be no process: nobody's, or another's by now. */
        *pidfd = -1;
        return fail_errno(failure, spawn->flags ? OCI_ERR_NAMESPACE : OCI_ERR_IO, (int)-r,
                          "start the init%s", spawn->flags ? " in new namespaces" : "");
    }
    *pid = (pid_t)r;
    return child.error == 0
               ? 0
               : fail_errno(failure, OCI_ERR_IO, child.error, "execute the init program");
}
