/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few requests of rtnetlink that moving a device takes.  A socket works in the network
 * namespace that it was made in, whoever uses it.  Functions return a negative error number.
 */
#ifndef OCIKIT_RTNETLINK_H
#define OCIKIT_RTNETLINK_H

#include <linux/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_link {
    int index;
    bool up;
    char name[IFNAMSIZ];
};

struct net_address {
    unsigned char family, prefix;
    uint32_t flags;
    unsigned char address[16], local[16], broadcast[16];
    bool has_address, has_local, has_broadcast;
    uint32_t priority;    /* metric of its route; 0: the kernel's */
    char label[IFNAMSIZ]; /* of version 4: "" or the device's name and more */
};

/* A socket of this thread's own namespace. */
int rtnetlink_open(void);
/* The namespace of a socket, as an fd. */
int rtnetlink_namespace(int socket);
/* -ENODEV when there is none of this name. */
int rtnetlink_find(int socket, const char *name, struct net_link *link);
/* The permanent addresses of global scope; *list is to be freed. */
int rtnetlink_addresses(int socket, int index, struct net_address **list, size_t *count);
int rtnetlink_add_address(int socket, int index, const struct net_address *address);
/* Take it down, move it to the namespace that the fd is of, and call it name there. */
int rtnetlink_move(int socket, int index, int namespace, const char *name);
int rtnetlink_up(int socket, int index);

#endif
