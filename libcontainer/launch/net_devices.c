/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving network devices between the caller's namespace and the container's.  The calling process
 * stays where it is: a socket that the init made works for it in the other namespace.
 */
#include <launch/net_devices.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/buffer.h>
#include <base/util.h>

#define MOST_NUMBERS 32768 /* that a template is tried with */

static void place(struct failure *failure, const char *name)
{
    _buffer_ struct buffer text = {0};
    for (const char *p = name; *p; p++) {
        if (*p == '~')
            buffer_text(&text, "~0");
        else
            buffer_add(&text, p, 1);
    }
    fail_at(failure, "/linux/netDevices/%s", text.data ? text.data : "");
}

static int fail_device(struct failure *failure, const char *name, int error, const char *doing)
{
    place(failure, name);
    return fail_errno(failure, OCI_ERR_NETWORK, -error, "%s network device \"%s\"", doing, name);
}

/* The name inside: "eth%d" becomes the first that is free. */
static int choose_name(int inside, const char *wanted, char name[IFNAMSIZ])
{
    struct net_link there;
    const char *mark = strstr(wanted, "%d");
    for (int number = 0; number < MOST_NUMBERS; number++) {
        int length = mark ? snprintf(name, IFNAMSIZ, "%.*s%d", (int)(mark - wanted), wanted, number)
                          : snprintf(name, IFNAMSIZ, "%s", wanted);
        if (length >= IFNAMSIZ)
            return -ENAMETOOLONG;
        int r = rtnetlink_find(inside, name, &there);
        if (r == -ENODEV)
            return 0;
        if (r < 0 || mark == NULL)
            return r < 0 ? r : -EEXIST;
    }
    return -EEXIST;
}

/* What a device loses by leaving its namespace it gets back. */
static int arrive(int socket, const char *name, const struct net_move *move, bool up, int *index)
{
    struct net_link there;
    int r = rtnetlink_find(socket, name, &there);
    if (r < 0)
        return r;
    *index = there.index;
    for (size_t i = 0; r == 0 && i < move->address_count; i++)
        r = rtnetlink_add_address(socket, there.index, &move->addresses[i]);
    return r == 0 && up ? rtnetlink_up(socket, there.index) : r;
}

static int move_one(struct net_moves *moves, int namespace,
                    const struct oci_net_device_entry *entry, struct failure *failure)
{
    struct net_move *move = &moves->list[moves->count];
    const char *wanted = entry->value.name && entry->value.name[0] ? entry->value.name : entry->key;
    char name[IFNAMSIZ];
    int r = rtnetlink_find(moves->outside, entry->key, &move->from);
    if (r < 0)
        return fail_device(failure, entry->key, r, "find");
    r = choose_name(moves->inside, wanted, name);
    if (r == -EEXIST) {
        place(failure, entry->key);
        return fail(failure, OCI_ERR_NETWORK,
                    "move network device \"%s\": the container's network namespace has a device "
                    "\"%s\" already",
                    entry->key, wanted);
    }
    if (r == 0)
        r = rtnetlink_addresses(moves->outside, move->from.index, &move->addresses,
                                &move->address_count);
    if (r == 0)
        r = rtnetlink_move(moves->outside, move->from.index, namespace, name);
    if (r == -EINVAL) {
        place(failure, entry->key);
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "move network device \"%s\": it is of a kind that stays in its namespace",
                    entry->key);
    }
    if (r < 0)
        return fail_device(failure, entry->key, r, "move");
    moves->count++;
    r = arrive(moves->inside, name, move, true, &move->index);
    return r < 0 ? fail_device(failure, entry->key, r, "set up") : 0;
}

int net_devices_move(const struct oci_linux *config, int inside, struct net_moves *moves,
                     struct failure *failure)
{
    fail_at(failure, "/linux/netDevices");
    moves->outside = rtnetlink_open();
    if (moves->outside < 0)
        return fail_errno(failure, OCI_ERR_NETWORK, -moves->outside, "make a netlink socket");
    moves->inside = fcntl(inside, F_DUPFD_CLOEXEC, 3);
    if (moves->inside < 0)
        return fail_errno(failure, OCI_ERR_NETWORK, errno, "keep the init's netlink socket");
    _close_ int namespace = rtnetlink_namespace(moves->inside);
    if (namespace < 0)
        return fail_errno(failure, OCI_ERR_NETWORK, -namespace,
                          "open the container's network namespace");
    moves->list = calloc(config->net_devices_count, sizeof(*moves->list));
    if (moves->list == NULL)
        return fail_memory(failure);
    failure->has_pointer = false;
    int r = 0;
    for (size_t i = 0; r == 0 && i < config->net_devices_count; i++)
        r = move_one(moves, namespace, &config->net_devices[i], failure);
    return r;
}

void net_devices_return(struct net_moves *moves)
{
    _close_ int namespace = moves->count ? rtnetlink_namespace(moves->outside) : -1;
    while (namespace >= 0 && moves->count > 0) {
        struct net_move *move = &moves->list[--moves->count];
        int index;
        if (rtnetlink_move(moves->inside, move->index, namespace, move->from.name) == 0)
            arrive(moves->outside, move->from.name, move, move->from.up, &index);
        free(move->addresses);
        move->addresses = NULL;
    }
}

void net_devices_free(struct net_moves *moves)
{
    for (size_t i = 0; i < moves->count; i++)
        free(moves->list[i].addresses);
    free(moves->list);
    close_fd(&moves->outside);
    close_fd(&moves->inside);
    *moves = (struct net_moves)NET_MOVES_INIT;
}
