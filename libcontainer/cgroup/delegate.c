/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving the container's user its control group: version 2 only, with a new cgroup namespace, a user namespace
 * and a writable cgroup mount.  Only what the kernel lists as safe to give changes its owner.
 */
#include <cgroup/group.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <base/util.h>

static bool new_namespace(const struct oci_linux *l, enum oci_namespace_type type)
{
    for (size_t i = 0; i < l->namespaces_count; i++) {
        if (l->namespaces[i].type == type)
            return l->namespaces[i].path == NULL;
    }
    return false;
}

static bool is_at_cgroups(const char *destination)
{
    static const char place[] = "/sys/fs/cgroup";
    size_t length = destination ? strlen(destination) : 0;
    while (length > 0 && destination[length - 1] == '/')
        length--;
    return length == strlen(place) && memcmp(destination, place, length) == 0;
}

static bool writable_mount(const struct oci_runtime_config *config)
{
    for (size_t i = 0; i < config->mounts_count; i++) {
        const struct oci_mount *mount = &config->mounts[i];
        bool read_only = false;
        for (size_t j = 0; j < mount->options_count; j++)
            read_only |= strcmp(mount->options[j], "ro") == 0;
        if (is_at_cgroups(mount->destination) && mount->source &&
            strcmp(mount->source, "cgroup") == 0 && !read_only)
            return true;
    }
    return false;
}

/* The host's number of the user that the program runs as; false where it has none. */
static bool host_user(const struct oci_runtime_config *config, uid_t *uid)
{
    uint32_t inside = config->process && config->process->user ? config->process->user->uid : 0;
    for (size_t i = 0; i < config->linux_->uid_mappings_count; i++) {
        const struct oci_id_mapping *map = &config->linux_->uid_mappings[i];
        if (inside >= map->container_id && inside - map->container_id < map->size) {
            *uid = map->host_id + (inside - map->container_id);
            return true;
        }
    }
    return false;
}

static int give(const struct group *group, int dir, const char *name, uid_t uid,
                struct failure *failure)
{
    /* The kernel's list may have more than this group has. */
    if (fchownat(dir, name, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
        return 0;
    return fail_errno(failure, OCI_ERR_CGROUP, errno, "give %s%s/%s to user %u", group->mountpoint,
                      group->path, name, uid);
}

static int give_all(const struct group *group, const char *list, uid_t uid, struct failure *failure)
{
    _close_ int dir = group_open(group, failure);
    if (dir < 0)
        return dir;
    if (fchown(dir, uid, (gid_t)-1) < 0)
        return fail_errno(failure, OCI_ERR_CGROUP, errno, "give %s%s to user %u", group->mountpoint,
                          group->path, uid);
    int r = 0;
    for (const char *p = list; r == 0 && *p;) {
        char name[256];
        size_t length = strcspn(p, "\n");
        if (length > 0 && length < sizeof(name)) {
            memcpy(name, p, length);
            name[length] = 0;
            r = strchr(name, '/') ? 0 : give(group, dir, name, uid, failure);
        }
        p += length + (p[length] == '\n');
    }
    return r;
}

int groups_delegate(const struct group_set *set, const struct oci_runtime_config *config,
                    struct failure *failure)
{
    char list[4096] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
    const struct oci_linux *l = config->linux_;
    uid_t uid;
    /* A group that was there before is not the container's to be given. */
    if (l == NULL || !groups_unified(set) || set->groups[0].made == 0 ||
        !new_namespace(l, OCI_NAMESPACE_TYPE_CGROUP) ||
        !new_namespace(l, OCI_NAMESPACE_TYPE_USER) || !writable_mount(config) ||
        !host_user(config, &uid))
        return 0;
    _close_ int fd = open("/sys/kernel/cgroup/delegate", O_RDONLY | O_CLOEXEC);
    char known[sizeof(list)];
    ssize_t n = fd < 0 ? -1 : RETRY(read(fd, known, sizeof(known) - 1));
    if (n > 0) {
        memcpy(list, known, (size_t)n);
        list[n] = 0;
    }
    return give_all(&set->groups[0], list, uid, failure);
}
