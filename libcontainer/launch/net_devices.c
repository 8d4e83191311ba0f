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

#include <base/util.h>

#define PLACE "/linux/netDevices"
#define MOST_NUMBERS 32768 /* that a template is tried with */

static int fail_device(struct failure *failure, const char *name, int error, const char *doing)
{
    fail_at_member(failure, PLACE, name);
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

/* A label begins with its device's name, as that changes: "dev0:1" becomes "eth0:1", and is cut in the name where it
 * gets too long, as the kernel does. */
static struct net_address relabelled(const struct net_address *address, const char *from,
                                     const char *to)
{
    struct net_address result = *address;
    size_t length = strlen(from);
    if (strncmp(address->label, from, length) != 0 ||
        (address->label[length] != 0 && address->label[length] != ':'))
        return result;
    const char *rest = address->label + length;
    size_t tail = strlen(rest), name = strnlen(to, sizeof(result.label) - 1 - tail);
    memcpy(result.label, to, name);
    memcpy(result.label + name, rest, tail + 1);
    return result;
}

/* What a device loses by leaving its namespace it gets back. */
static int arrive(int socket, const char *name, const struct net_move *move, bool up)
{
    struct net_link there;
    int r = rtnetlink_find(socket, name, &there);
    for (size_t i = 0; r == 0 && i < move->address_count; i++) {
        struct net_address address = relabelled(&move->addresses[i], move->from.name, name);
        r = rtnetlink_add_address(socket, there.index, &address);
    }
    return r == 0 && up ? rtnetlink_up(socket, there.index) : r;
}

/* The kernel moves first and gives the new name then: what fails at that has left already, with the name it had. */
static int leave(struct net_moves *moves, int namespace, struct net_move *move)
{
    struct net_link there;
    int r = rtnetlink_move(moves->outside, move->from.index, namespace, move->name);
    if (r < 0 && rtnetlink_find(moves->outside, move->from.name, &there) == -ENODEV &&
        rtnetlink_find(moves->inside, move->from.name, &there) == 0 &&
        there.index == move->from.index) {
        memcpy(move->name, move->from.name, sizeof(move->name));
        moves->count++;
    }
    return r;
}

static int fail_move(struct failure *failure, const char *key, const char *wanted, int r)
{
    if (r != -EEXIST && r != -EINVAL)
        return fail_device(failure, key, r, "move");
    fail_at_member(failure, PLACE, key);
    if (r == -EEXIST)
        return fail(failure, OCI_ERR_NETWORK,
                    "move network device \"%s\": the container's network namespace has a device "
                    "\"%s\" already",
                    key, wanted);
    return fail(failure, OCI_ERR_UNSUPPORTED,
                "move network device \"%s\": it is of a kind that stays in its namespace", key);
}

static int move_one(struct net_moves *moves, int namespace,
                    const struct oci_net_device_entry *entry, struct failure *failure)
{
    struct net_move *move = &moves->list[moves->count];
    const char *wanted = entry->value.name && entry->value.name[0] ? entry->value.name : entry->key;
    *move = (struct net_move){0};
    int r = rtnetlink_find(moves->outside, entry->key, &move->from);
    if (r < 0)
        return fail_device(failure, entry->key, r, "find");
    r = choose_name(moves->inside, wanted, move->name);
    if (r == 0)
        r = rtnetlink_addresses(moves->outside, move->from.index, &move->addresses,
                                &move->address_count);
    size_t moved = moves->count;
    if (r == 0)
        r = leave(moves, namespace, move);
    if (r < 0) {
        /* Those of what was moved are needed for its return. */
        if (moves->count == moved)
            free(TAKE(move->addresses));
        return fail_move(failure, entry->key, wanted, r);
    }
    moves->count++;
    r = arrive(moves->inside, move->name, move, true);
    return r < 0 ? fail_device(failure, entry->key, r, "set up") : 0;
}

int net_devices_move(const struct oci_linux *config, int inside, struct net_moves *moves,
                     struct failure *failure)
{
    fail_at(failure, PLACE);
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

void net_devices_return(struct net_moves *moves, const struct log *log)
{
    char text[64];
    _close_ int namespace = moves->count ? rtnetlink_namespace(moves->outside) : -1;
    while (moves->count > 0) {
        struct net_move *move = &moves->list[--moves->count];
        struct net_link there;
        int r = namespace < 0 ? namespace : rtnetlink_find(moves->inside, move->name, &there);
        if (r == 0)
            r = rtnetlink_move(moves->inside, there.index, namespace, move->from.name);
        if (r < 0)
            log_message(
                log, CONTAINER_LOG_WARNING,
                "network device \"%s\" stays in the container's network namespace as \"%s\": %s",
                move->from.name, move->name, errno_text(-r, text));
        else if ((r = arrive(moves->outside, move->from.name, move, move->from.up)) < 0)
            log_message(log, CONTAINER_LOG_WARNING,
                        "network device \"%s\" came back without all that it had: %s",
                        move->from.name, errno_text(-r, text));
        free(TAKE(move->addresses));
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
