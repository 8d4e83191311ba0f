/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink: requests, their answers, nothing of what they are for.
 */
#include <launch/rtnetlink.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <base/util.h>

/* The kernel answers at once; this is for one that has lost its mind. */
#define ANSWER_TIMEOUT_MS 10000
#define ANSWER_ROOM 65536
#define LASTING_FLAGS                                                                              \
    (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |                \
     IFA_F_MCAUTOJOIN)

struct request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
    };
    char attributes[256];
};

static void add_attribute(struct request *request, unsigned short type, const void *data,
                          size_t size)
{
    struct rtattr *attribute =
        (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), data, size);
    request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_SPACE(size);
}

static struct request request_of(unsigned short type, unsigned short flags, size_t size)
{
    return (struct request){.header = {.nlmsg_type = type,
                                       .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags),
                                       .nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
                                       .nlmsg_seq = 1}};
}

/* Returns 1 when that was the last message of the answer. */
typedef int message_function(const struct nlmsghdr *message, void *data);

static int read_answer(int socket, char *room, message_function *function, void *data)
{
    struct pollfd poll_fd = {socket, POLLIN, 0};
    int r = RETRY(poll(&poll_fd, 1, ANSWER_TIMEOUT_MS));
    if (r <= 0)
        return r < 0 ? -errno : -ETIMEDOUT;
    ssize_t size = RETRY(recv(socket, room, ANSWER_ROOM, MSG_TRUNC));
    if (size < 0)
        return -errno;
    if (size > ANSWER_ROOM)
        return -EMSGSIZE;
    size_t left = (size_t)size;
    for (struct nlmsghdr *m = (struct nlmsghdr *)room; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
        if (m->nlmsg_type == NLMSG_DONE)
            return 1;
        if (m->nlmsg_type == NLMSG_ERROR) {
            int error = ((const struct nlmsgerr *)NLMSG_DATA(m))->error;
            return error ? error : 1;
        }
        r = function ? function(m, data) : 0;
        if (r)
            return r;
    }
    return 0;
}

static int ask(int socket, const struct request *request, message_function *function, void *data)
{
    _free_ char *room = malloc(ANSWER_ROOM);
    if (room == NULL)
        return -ENOMEM;
    if (RETRY(send(socket, request, request->header.nlmsg_len, 0)) < 0)
        return -errno;
    int r;
    do
        r = read_answer(socket, room, function, data);
    while (r == 0);
    return r < 0 ? r : 0;
}

int rtnetlink_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return fd < 0 ? -errno : fd;
}

int rtnetlink_namespace(int socket)
{
    int fd = ioctl(socket, SIOCGSKNS);
    return fd < 0 ? -errno : fd;
}

static int take_link(const struct nlmsghdr *message, void *data)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    struct net_link *link = data;
    if (message->nlmsg_type != RTM_NEWLINK)
        return 0;
    link->index = info->ifi_index;
    link->up = info->ifi_flags & IFF_UP;
    return 1;
}

int rtnetlink_find(int socket, const char *name, struct net_link *link)
{
    struct request request = request_of(RTM_GETLINK, 0, sizeof(request.link));
    size_t length = strlen(name);
    if (length >= sizeof(link->name))
        return -ENODEV;
    *link = (struct net_link){0};
    memcpy(link->name, name, length + 1);
    add_attribute(&request, IFLA_IFNAME, name, length + 1);
    return ask(socket, &request, take_link, link);
}

struct collection {
    int index, error;
    struct net_address *list;
    size_t count;
};

static void take_bytes(const struct rtattr *attribute, unsigned char bytes[16], bool *has)
{
    if (RTA_PAYLOAD(attribute) > 16)
        return;
    memcpy(bytes, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    *has = true;
}

static void read_address(const struct nlmsghdr *message, struct net_address *address)
{
    const struct ifaddrmsg *info = NLMSG_DATA(message);
    *address = (struct net_address){
        .family = info->ifa_family, .prefix = info->ifa_prefixlen, .flags = info->ifa_flags};
    size_t left = IFA_PAYLOAD(message);
    for (const struct rtattr *a = IFA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == IFA_ADDRESS)
            take_bytes(a, address->address, &address->has_address);
        else if (a->rta_type == IFA_LOCAL)
            take_bytes(a, address->local, &address->has_local);
        else if (a->rta_type == IFA_BROADCAST)
            take_bytes(a, address->broadcast, &address->has_broadcast);
        else if (a->rta_type == IFA_FLAGS)
            memcpy(&address->flags, RTA_DATA(a), sizeof(address->flags));
        else if (a->rta_type == IFA_RT_PRIORITY)
            memcpy(&address->priority, RTA_DATA(a), sizeof(address->priority));
        else if (a->rta_type == IFA_LABEL && RTA_PAYLOAD(a) <= sizeof(address->label))
            snprintf(address->label, sizeof(address->label), "%.*s", (int)RTA_PAYLOAD(a),
                     (const char *)RTA_DATA(a));
    }
}

static int take_address(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *info = NLMSG_DATA(message);
    struct collection *all = data;
    if (message->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != all->index ||
        info->ifa_scope != RT_SCOPE_UNIVERSE || all->error)
        return 0;
    struct net_address address;
    read_address(message, &address);
    if (!(address.flags & IFA_F_PERMANENT))
        return 0;
    struct net_address *more = realloc(all->list, (all->count + 1) * sizeof(*more));
    if (more == NULL) {
        all->error = -ENOMEM;
        return 0;
    }
    all->list = more;
    all->list[all->count++] = address;
    return 0;
}

int rtnetlink_addresses(int socket, int index, struct net_address **list, size_t *count)
{
    struct request request = request_of(RTM_GETADDR, NLM_F_DUMP, sizeof(request.address));
    struct collection all = {.index = index};
    int r = ask(socket, &request, take_address, &all);
    if (r == 0)
        r = all.error;
    if (r < 0) {
        free(all.list);
        return r;
    }
    *list = all.list;
    *count = all.count;
    return 0;
}

int rtnetlink_add_address(int socket, int index, const struct net_address *address)
{
    struct request request =
        request_of(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, sizeof(request.address));
    size_t size = address->family == AF_INET ? 4 : 16;
    uint32_t flags = address->flags & LASTING_FLAGS;
    request.address = (struct ifaddrmsg){.ifa_family = address->family,
                                         .ifa_prefixlen = address->prefix,
                                         .ifa_index = (uint32_t)index};
    if (address->has_local)
        add_attribute(&request, IFA_LOCAL, address->local, size);
    if (address->has_address)
        add_attribute(&request, IFA_ADDRESS, address->address, size);
    if (address->has_broadcast)
        add_attribute(&request, IFA_BROADCAST, address->broadcast, size);
    if (address->priority)
        add_attribute(&request, IFA_RT_PRIORITY, &address->priority, sizeof(address->priority));
    if (address->label[0])
        add_attribute(&request, IFA_LABEL, address->label, strlen(address->label) + 1);
    add_attribute(&request, IFA_FLAGS, &flags, sizeof(flags));
    return ask(socket, &request, NULL, NULL);
}

int rtnetlink_move(int socket, int index, int namespace, const char *name)
{
    struct request request = request_of(RTM_NEWLINK, NLM_F_ACK, sizeof(request.link));
    uint32_t fd = (uint32_t) namespace;
    request.link = (struct ifinfomsg){.ifi_index = index, .ifi_change = IFF_UP};
    add_attribute(&request, IFLA_NET_NS_FD, &fd, sizeof(fd));
    add_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
    return ask(socket, &request, NULL, NULL);
}

int rtnetlink_up(int socket, int index)
{
    struct request request = request_of(RTM_NEWLINK, NLM_F_ACK, sizeof(request.link));
    request.link =
        (struct ifinfomsg){.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    return ask(socket, &request, NULL, NULL);
}
