/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices and links that every container has in /dev, and linux.devices.
 */
#include <plan/compile_internal.h>

#include <linux/sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <base/util.h>

struct node {
    const char *path;
    uint32_t mode; /* with the type */
    uint64_t device;
    uint64_t owner; /* gid << 32 | uid */
};

static const struct {
    const char *path;
    unsigned major, minor;
} defaults[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

static const char *const links[][2] = {
    {"/proc/self/fd", "/dev/fd"},       {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
    {"pts/ptmx", "/dev/ptmx"},
};

/* A /dev that was bound from elsewhere has its devices already, and they are not ours to add to. */
static bool dev_is_bound(const struct compiler *c)
{
    for (size_t i = 0; i < c->config->mounts_count; i++) {
        _free_ char *path = clean_path(c->config->mounts[i].destination);
        if (path && strcmp(path, "/dev") == 0 && mount_is_bind(&c->config->mounts[i]))
            return true;
    }
    return false;
}

static int read_device(struct compiler *c, size_t index, struct node *node)
{
    const struct oci_linux_device *device = &c->linux_->devices[index];
    static const struct {
        char type;
        uint32_t mode;
    } types[] = {{'c', S_IFCHR}, {'u', S_IFCHR}, {'b', S_IFBLK}, {'p', S_IFIFO}};
    fail_at(c->failure, "/linux/devices/%zu", index);
    if (device->path[0] != '/')
        return fail(c->failure, OCI_ERR_CONFIG, "device path \"%s\" is not absolute", device->path);
    uint32_t type = 0;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].type == device->type[0])
            type = types[i].mode;
    }
    if (type != S_IFIFO && (!device->has_major || !device->has_minor))
        return fail(c->failure, OCI_ERR_CONFIG, "device \"%s\" needs major and minor",
                    device->path);
    if (device->major < 0 || device->major > 0xfff || device->minor < 0 ||
        device->minor > 0xfffff) {
        return fail(c->failure, OCI_ERR_RANGE, "device number %lld:%lld of \"%s\" does not exist",
                    (long long)device->major, (long long)device->minor, device->path);
    }
    c->failure->has_pointer = false;
    *node = (struct node){
        .path = device->path,
        /* Engines copy st_mode; bits of another type would make another kind of node. */
        .mode = type | (device->has_file_mode ? device->file_mode & 07777 : 0666),
        .device = type == S_IFIFO ? 0 : makedev((unsigned)device->major, (unsigned)device->minor),
        .owner = (uint64_t)(device->has_gid ? device->gid : 0) << 32 |
                 (device->has_uid ? device->uid : 0),
    };
    return 0;
}

static struct node default_node(size_t index)
{
    return (struct node){defaults[index].path, S_IFCHR | 0666,
                         makedev(defaults[index].major, defaults[index].minor), 0};
}

/* Where nodes cannot be made, in a user namespace, the host's own are bound; their trees are opened
 * while the host can still be seen. */
int compile_device_trees(struct compiler *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(c->device_slots); i++)
        c->device_slots[i] = PLAN_SLOT_NONE;
    if (!((c->namespaces.fresh | c->namespaces.joined) & CLONE_NEWUSER) || dev_is_bound(c))
        return 0;
    size_t count = ARRAY_SIZE(defaults) + c->linux_->devices_count;
    if (count > ARRAY_SIZE(c->device_slots)) {
        fail_at(c->failure, "/linux/devices");
        return fail(c->failure, OCI_ERR_TOO_LARGE, "more than %zu devices in a user namespace",
                    ARRAY_SIZE(c->device_slots) - ARRAY_SIZE(defaults));
    }
    for (size_t i = 0; i < count; i++) {
        size_t own = i - ARRAY_SIZE(defaults);
        const char *path =
            i < ARRAY_SIZE(defaults) ? defaults[i].path : c->linux_->devices[own].path;
        if (i < ARRAY_SIZE(defaults))
            plan_from(&c->builder, OCI_ERR_DEVICE, NULL);
        else
            plan_from(&c->builder, OCI_ERR_DEVICE, "/linux/devices/%zu", own);
        c->device_slots[i] = plan_slot(&c->builder);
        PLAN_ADD(&c->builder, .code = PLAN_TREE_OPEN, .slot0 = c->device_slots[i],
                 .text0 = plan_text(&c->builder, path));
    }
    return 0;
}

static void add_node(struct compiler *c, const struct node *node, int32_t slot)
{
    PLAN_ADD(&c->builder, .code = PLAN_MKNOD, .slot0 = slot,
             .text0 = plan_text(&c->builder, node->path), .number0 = node->mode,
             .number1 = node->device, .number2 = node->owner);
}

/* Is a default device described by the configuration itself? */
static bool described(const struct compiler *c, const char *path)
{
    for (size_t i = 0; i < c->linux_->devices_count; i++) {
        if (strcmp(c->linux_->devices[i].path, path) == 0)
            return true;
    }
    return false;
}

int compile_devices(struct compiler *c)
{
    if (dev_is_bound(c))
        return 0;
    plan_from(&c->builder, OCI_ERR_DEVICE, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        struct node node = default_node(i);
        if (!described(c, node.path))
            add_node(c, &node, c->device_slots[i]);
    }
    for (size_t i = 0; i < c->linux_->devices_count; i++) {
        struct node node = {0};
        int r = read_device(c, i, &node);
        if (r < 0)
            return r;
        plan_from(&c->builder, OCI_ERR_DEVICE, "/linux/devices/%zu", i);
        size_t slot = ARRAY_SIZE(defaults) + i;
        add_node(c, &node,
                 slot < ARRAY_SIZE(c->device_slots) ? c->device_slots[slot] : PLAN_SLOT_NONE);
    }
    plan_from(&c->builder, OCI_ERR_DEVICE, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        PLAN_ADD(&c->builder, .code = PLAN_SYMLINK, .flags = PLAN_OPTIONAL,
                 .text0 = plan_text(&c->builder, links[i][0]),
                 .text1 = plan_text(&c->builder, links[i][1]));
    return 0;
}
