/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a container costs: namespaces, default mounts, pivot_root, exec, wait, and a
 * control group made and removed; no configuration, no state, no checks.
 *
 *   floor ROOTFS PROGRAM [COUNT]      prints the microseconds of each run
 *
 * It measures; it is not a runtime and nothing in it is safe against a hostile root filesystem.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *source, *target, *kind, *data;
    unsigned long flags;
} mounts[] = {
    {"proc", "proc", "proc", NULL, 0},
    {"tmpfs", "dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME},
    {"devpts", "dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", MS_NOSUID | MS_NOEXEC},
    {"shm", "dev/shm", "tmpfs", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV},
    {"mqueue", "dev/mqueue", "mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV},
    {"sysfs", "sys", "sysfs", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY},
};

static void child_fails(const char *what)
{
    dprintf(2, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static void enter(const char *rootfs)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0)
        child_fails("root");
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        mkdir(mounts[i].target, 0755);
        if (mount(mounts[i].source, mounts[i].target, mounts[i].kind, mounts[i].flags,
                  mounts[i].data) < 0)
            child_fails(mounts[i].target);
    }
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        child_fails("pivot_root");
}

/* The first hierarchy there is: v2 alone, or v1's pids. */
static const char *cgroup_parent(void)
{
    struct stat info;
    return stat("/sys/fs/cgroup/pids", &info) == 0 ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
}

static void join(const char *group, pid_t pid)
{
    char path[256];
    snprintf(path, sizeof path, "%s/cgroup.procs", group);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        dprintf(fd, "%d", (int)pid);
        close(fd);
    }
}

static int run(const char *rootfs, const char *program)
{
    struct clone_args arguments = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                 CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    char group[128];
    int ends[2], status = -1;
    snprintf(group, sizeof group, "%s/oct-floor-%d", cgroup_parent(), (int)getpid());
    mkdir(group, 0755);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        char go;
        if (read(ends[0], &go, 1) != 1)
            _exit(125);
        enter(rootfs);
        execl(program, program, (char *)NULL);
        child_fails(program);
    }
    if (pid > 0) {
        join(group, pid);
        if (write(ends[1], "g", 1) != 1)
            kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    close(ends[0]);
    close(ends[1]);
    rmdir(group);
    return status;
}

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: floor ROOTFS PROGRAM [COUNT]\n");
        return 2;
    }
    int count = argc > 3 ? atoi(argv[3]) : 1;
    for (int i = 0; i < count; i++) {
        double begun = microseconds();
        if (run(argv[1], argv[2]) != 0)
            return 1;
        printf("%.1f\n", microseconds() - begun);
    }
    return 0;
}
