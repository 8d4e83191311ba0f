/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel parameters, names and limits.  Everything under proc is written through the host's procfs,
 * which the container cannot have replaced, and only after the opened file proved to be on a
 * procfs.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/vfs.h>

#include "init.h"

static int proc_write(struct init *init, const struct plan_op *op)
{
    const char *path = op_text(init, op->text0), *value = op_text(init, op->text1);
    struct open_how how = {
        .flags = O_WRONLY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
    };
    int proc = init->slots[PLAN_SLOT_PROC];
    long r = SYS_4(openat2, proc, path, &how, sizeof(how));
    if (r == -ENOSYS || r == -EPERM) /* old seccomp profiles give the latter */
        r = SYS_4(openat, proc, path, O_WRONLY | O_CLOEXEC, 0);
    if (r < 0)
        return (int)r;
    _fd_ int fd = (int)r;
    struct statfs fs;
    r = SYS_2(fstatfs, fd, &fs);
    if (r < 0)
        return (int)r;
    if (fs.f_type != PROC_SUPER_MAGIC) {
        note(init, PLAN_DETAIL_NOT_PROC, 0, NULL);
        return -EINVAL;
    }
    r = SYS_3(write, fd, value, str_length(value));
    return r < 0 ? (int)r : 0;
}

int op_proc_write(struct init *init, const struct plan_op *op)
{
    be_visible(op, true);
    int r = proc_write(init, op);
    be_visible(op, false);
    return r;
}

int op_loopback(struct init *init, const struct plan_op *op)
{
    _fd_ int fd = (int)SYS_3(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    return (int)SYS_3(ioctl, fd, SIOCSIFFLAGS, &request);
}

int op_hostname(struct init *init, const struct plan_op *op)
{
    const char *name = op_text(init, op->text0);
    return (int)SYS_2(sethostname, name, str_length(name));
}

int op_domainname(struct init *init, const struct plan_op *op)
{
    const char *name = op_text(init, op->text0);
    return (int)SYS_2(setdomainname, name, str_length(name));
}

int op_rlimit(struct init *init, const struct plan_op *op)
{
    struct {
        uint64_t soft, hard;
    } limit = {op->number1, op->number2};
    return (int)SYS_4(prlimit64, 0, op->number0, &limit, NULL);
}
