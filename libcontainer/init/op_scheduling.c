/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs, memory and I/O of the process, and the network devices that come with it: numbers and sets
 * that the compiler made, handed to the kernel as they are.
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "init.h"

#define WHO_PROCESS 1 /* IOPRIO_WHO_PROCESS */

int op_scheduler(struct init *init, const struct plan_op *op)
{
    return (int)SYS_3(sched_setattr, 0, init->plan + op->text0, 0);
}

int op_io_priority(struct init *init, const struct plan_op *op)
{
    return (int)SYS_3(ioprio_set, WHO_PROCESS, 0, op->number0);
}

int op_cpu_affinity(struct init *init, const struct plan_op *op)
{
    return (int)SYS_3(sched_setaffinity, 0, op->length * 8, init->plan + op->text0);
}

int op_memory_policy(struct init *init, const struct plan_op *op)
{
    /* The kernel takes one bit less than it is told. */
    return (int)SYS_3(set_mempolicy, op->number0, op->length ? init->plan + op->text0 : NULL,
                      op->length ? op->length * 64 + 1 : 0);
}

int op_personality(struct init *init, const struct plan_op *op)
{
    long r = SYS_1(personality, op->number0);
    return r < 0 ? (int)r : 0;
}

/* A socket stays in the namespace that it was made in: with it the library works there without
 * going there. */
int op_net_devices(struct init *init, const struct plan_op *op)
{
    _fd_ int fd = (int)SYS_3(socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return fd;
    int r = send_kind(init, PLAN_MESSAGE_SYNC, PLAN_SYNC_NET_DEVICES, fd);
    return r < 0 ? r : receive_go(init, init->slots[PLAN_SLOT_CONTROL]);
}
