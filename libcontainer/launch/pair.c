/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two inits for one container: one that builds, and one that becomes the process.
 */
#include <launch/session.h>

#include <errno.h>
#include <sys/socket.h>

#include <base/util.h>

int session_run_pair(struct session *builder, struct spawn *builder_spawn, struct session *member,
                     struct spawn *member_spawn, struct failure *failure)
{
    int link[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make a socket for two inits");
    builder_spawn->slots[PLAN_SLOT_LINK] = link[0];
    member_spawn->slots[PLAN_SLOT_LINK] = link[1];
    builder->member = member;
    builder->member_spawn = member_spawn;
    int r = session_begin(builder, builder_spawn, failure);
    /* The member must hear the builder's end. */
    close(take_fd(&builder_spawn->slots[PLAN_SLOT_LINK]));
    if (r == 0)
        r = session_finish(builder, failure);
    close_fd(&member_spawn->slots[PLAN_SLOT_LINK]);
    close_fd(&member->terminal);
    member->terminal = take_fd(&builder->terminal);
    session_abort(builder);
    return r == 0 ? session_finish(member, failure) : r;
}
