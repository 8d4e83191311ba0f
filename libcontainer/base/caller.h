/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the calling thread is and may do.  Read once for an operation; decides what is done with the host's
 * privileges and what only inside a user namespace.
 */
#ifndef OCIKIT_CALLER_H
#define OCIKIT_CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CALLER_MAX_RANGES 32

/* The ids that exist in the caller's user namespace. */
struct caller_ids {
    struct {
        uint64_t first, size;
    } ranges[CALLER_MAX_RANGES];
    unsigned count;
    bool all; /* more than could be kept: nothing is known to be missing */
};

struct caller {
    uid_t uid;
    gid_t gid;
    uint64_t effective, permitted; /* capabilities */
    bool in_user_namespace;        /* its ids are not the host's */
    bool owns_mounts;              /* may copy and change the mounts that it sees */
    int oom_score_adj;
    struct caller_ids uids, gids;
};

void caller_look(struct caller *caller);

bool caller_has_id(const struct caller_ids *ids, uint32_t id);

/* Has the thread this capability in force? */
static inline bool caller_can(const struct caller *caller, unsigned capability)
{
    return caller->effective >> capability & 1;
}

/* Without the host's privileges: an ordinary user, or the root of a user namespace.  Control groups that
 * cannot be had are done without then. */
static inline bool caller_is_rootless(const struct caller *caller)
{
    return caller->in_user_namespace || caller->uid != 0;
}

#endif
