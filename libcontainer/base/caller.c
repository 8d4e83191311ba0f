/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the caller is: ids, capabilities, namespaces.  Reads /proc/thread-self; changes nothing.
 */
#include <base/caller.h>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <base/util.h>

static void read_capabilities(struct caller *caller)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, data) < 0)
        return;
    caller->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
    caller->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static ssize_t read_small(const char *path, char *text, size_t size)
{
    _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = 0;
    return n;
}

/* A file such as uid_map: lines of three numbers, of which the first and the last matter here. */
static void read_ids(const char *path, struct caller_ids *ids)
{
    char text[4096];
    ssize_t length = read_small(path, text, sizeof(text));
    *ids = (struct caller_ids){.all = length <= 0 || (size_t)length == sizeof(text) - 1};
    for (const char *line = text; *line && !ids->all;) {
        unsigned long inside, outside, size;
        if (ids->count == CALLER_MAX_RANGES ||
            sscanf(line, "%lu %lu %lu", &inside, &outside, &size) != 3) {
            ids->all = true;
            return;
        }
        ids->ranges[ids->count].first = inside;
        ids->ranges[ids->count++].size = size;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

bool caller_has_id(const struct caller_ids *ids, uint32_t id)
{
    for (unsigned i = 0; i < ids->count; i++) {
        if (id >= ids->ranges[i].first && id - ids->ranges[i].first < ids->ranges[i].size)
            return true;
    }
    return ids->all;
}

/* The host's own namespace has every id; no other can have so many.  A kernel without user namespaces has no
 * such file. */
static bool is_hosts(const struct caller_ids *ids)
{
    return ids->count == 1 ? ids->ranges[0].size == UINT32_MAX : ids->all && ids->count == 0;
}

/* The mounts are this thread's to copy if their namespace belongs to its user namespace or to one below:
 * the kernel shows no other owner. */
static bool owns_mounts(const struct caller *caller)
{
    if (!caller_can(caller, CAP_SYS_ADMIN))
        return false;
    _close_ int fd = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
    _close_ int owner = fd < 0 ? -1 : ioctl(fd, NS_GET_USERNS);
    return owner >= 0;
}

void caller_look(struct caller *caller)
{
    char text[32];
    *caller = (struct caller){.uid = geteuid(), .gid = getegid()};
    read_capabilities(caller);
    read_ids("/proc/thread-self/uid_map", &caller->uids);
    read_ids("/proc/thread-self/gid_map", &caller->gids);
    caller->in_user_namespace = !is_hosts(&caller->uids);
    caller->owns_mounts = owns_mounts(caller);
    if (read_small("/proc/thread-self/oom_score_adj", text, sizeof(text)) > 0)
        caller->oom_score_adj = atoi(text);
}
