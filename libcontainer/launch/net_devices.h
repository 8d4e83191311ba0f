/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: the caller's network devices go into the container's namespace, and come back
 * only when the create fails; later they are their namespace's business.
 */
#ifndef OCIKIT_NET_DEVICES_H
#define OCIKIT_NET_DEVICES_H

#include <ocikit/spec.h>

#include <base/error.h>
#include <base/log.h>
#include <launch/rtnetlink.h>

struct net_move {
    struct net_link from; /* as it was */
    char name[IFNAMSIZ];  /* inside */
    struct net_address *addresses;
    size_t address_count;
};

struct net_moves {
    int outside, inside; /* sockets of the two namespaces */
    struct net_move *list;
    size_t count;
};

#define NET_MOVES_INIT                                                                             \
    {                                                                                              \
        .outside = -1, .inside = -1                                                                \
    }

/* Move them.  inside is duplicated. */
int net_devices_move(const struct oci_linux *config, int inside, struct net_moves *moves,
                     struct failure *failure);
/* Bring them back, with what they had; what cannot come back is logged. */
void net_devices_return(struct net_moves *moves, const struct log *log);
void net_devices_free(struct net_moves *moves);

#endif
