/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the process is and what it may do.  The order of these ops is the compiler's business.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>

#include "init.h"

int op_no_new_privs(struct init *init, const struct plan_op *op)
{
    return (int)SYS_5(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* From here on these very calls are filtered.  The answer means that somebody listens. */
static int hand_over(struct init *init, int listener)
{
    _fd_ int fd = listener;
    struct plan_message message = {.kind = PLAN_MESSAGE_LISTENER};
    int peer = init->start_peer >= 0 ? init->start_peer : init->slots[PLAN_SLOT_CONTROL];
    int r = send_message(init, peer, &message, fd);
    return r < 0 ? r : receive_go(init, peer);
}

int op_seccomp(struct init *init, const struct plan_op *op)
{
    if (op->flags & PLAN_LAST) {
        int r = announce(init);
        if (r < 0)
            return r;
    }
    struct sock_fprog program = {
        .len = (unsigned short)op->length,
        .filter = (struct sock_filter *)(init->plan + op->text0),
    };
    long r = SYS_3(seccomp, SECCOMP_SET_MODE_FILTER, op->number0, &program);
    return r >= 0 && op->flags & PLAN_LISTENER ? hand_over(init, (int)r) : (int)r;
}

int op_bounding(struct init *init, const struct plan_op *op)
{
    for (unsigned cap = 0; cap < 64; cap++) {
        if (op->number0 >> cap & 1)
            continue;
        long has = SYS_5(prctl, PR_CAPBSET_READ, cap, 0, 0, 0);
        if (has == -EINVAL)
            return 0; /* beyond the kernel's last capability */
        if (has != 1)
            continue;
        long r = SYS_5(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
        if (r < 0)
            return (int)r;
    }
    return 0;
}

void be_visible(const struct plan_op *op, bool visible)
{
    if (op->flags & PLAN_VISIBLE)
        SYS_5(prctl, PR_SET_DUMPABLE, visible, 0, 0, 0);
}

/* With fs.suid_dumpable set, a change of identity makes a process visible to others again. */
static void stay_hidden(void)
{
    SYS_5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int op_ids(struct init *init, const struct plan_op *op)
{
    /* Permitted capabilities must outlive the change of user until PLAN_CAPS sets them. */
    long r = SYS_5(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (r < 0)
        return (int)r;
    if (!(op->flags & PLAN_KEEP_GROUPS))
        r = SYS_2(setgroups, op->length, op->length ? init->plan + op->text0 : NULL);
    if (r < 0 && !(r == -EPERM && (op->flags & PLAN_MAY_BE_DENIED)))
        return (int)r;
    r = SYS_3(setresgid, op->number1, op->number1, op->number1);
    if (r == 0)
        r = SYS_3(setresuid, op->number0, op->number0, op->number0);
    if (r < 0)
        return (int)r;
    stay_hidden();
    return (int)SYS_5(prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

int op_caps(struct init *init, const struct plan_op *op)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(op->number0 >> (32 * i));
        data[i].permitted = (uint32_t)(op->number1 >> (32 * i));
        data[i].inheritable = (uint32_t)(op->number2 >> (32 * i));
    }
    long r = SYS_2(capset, &header, data);
    stay_hidden();
    return (int)r;
}

int op_ambient(struct init *init, const struct plan_op *op)
{
    long r = SYS_5(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned cap = 0; r >= 0 && cap < 64; cap++) {
        if (op->number0 >> cap & 1)
            r = SYS_5(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
    }
    return r < 0 ? (int)r : 0;
}
