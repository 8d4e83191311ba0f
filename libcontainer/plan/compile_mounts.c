/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.path and mounts[]: trees of the host are opened (with the attributes they will have) while
 * the host's mounts are still there, then attached in the order of the configuration, together with
 * new filesystems.
 */
#include <plan/mount_plan.h>

#include <linux/sched.h>
#include <string.h>

#include <base/util.h>

static char *from_bundle(struct compiler *c, const char *path)
{
    _buffer_ struct buffer text = {0};
    if (path[0] != '/')
        buffer_format(&text, "%s/", c->input->bundle);
    buffer_text(&text, path);
    return buffer_take(&text);
}

static int open_tree(struct compiler *c, const char *path, bool recursive, int32_t *slot)
{
    _free_ char *full = from_bundle(c, path);
    if (full == NULL)
        return fail_memory(c->failure);
    *slot = plan_slot(&c->builder);
    PLAN_ADD(&c->builder, .code = PLAN_TREE_OPEN, .slot0 = *slot,
             .flags = recursive ? PLAN_RECURSIVE : 0, .text0 = plan_text(&c->builder, full));
    return 0;
}

/* What is for all mounts of the tree comes first: the mount itself may be another way. */
static void set_attributes(struct compiler *c, int32_t slot, const struct mount_plan *plan)
{
    if (plan->all_set || plan->all_clear || plan->all_propagation)
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = slot, .flags = PLAN_RECURSIVE,
                 .number0 = plan->all_set, .number1 = plan->all_clear,
                 .number2 = plan->all_propagation ? plan->propagation : 0);
    uint64_t propagation = plan->all_propagation ? 0 : plan->propagation;
    bool same = plan->set == plan->all_set && plan->clear == plan->all_clear;
    if (propagation || (!same && (plan->set || plan->clear)))
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = slot, .number0 = plan->set,
                 .number1 = plan->clear, .number2 = propagation);
}

static int bind_tree(struct compiler *c, size_t index)
{
    struct mount_plan *plan = &c->mounts[index];
    int r = open_tree(c, c->config->mounts[index].source, plan->recursive_bind, &plan->slot);
    if (r < 0)
        return r;
    /* The host's control groups are mounted below it. */
    if (is_restricted(c) && (plan->set & MOUNT_ATTR_RDONLY) &&
        strcmp(c->config->mounts[index].source, "/sys") == 0)
        plan->all_set |= MOUNT_ATTR_RDONLY;
    /* Unless it is asked for, nothing that is mounted inside comes back to the host. */
    if (plan->propagation == 0) {
        plan->propagation = MS_SLAVE;
        plan->all_propagation = true;
    }
    set_attributes(c, plan->slot, plan);
    compile_idmap(c, index);
    return 0;
}

/* On a host with one unified hierarchy the container's group is the mount; the slots of version 1
 * hierarchies follow each other, the first is kept. */
static int cgroup_trees(struct compiler *c, size_t index)
{
    const struct group_set *groups = c->input->groups;
    const struct mount_plan *plan = &c->mounts[index];
    for (size_t i = 0; i < groups->count + groups->denied; i++) {
        const struct group *group = &groups->groups[i];
        bool denied = i >= groups->count;
        _buffer_ struct buffer path = {0};
        buffer_format(&path, "%s%s", group->mountpoint, denied ? group_own(group) : group->path);
        if (buffer_failed(&path))
            return fail_memory(c->failure);
        int32_t slot;
        int r = open_tree(c, path.data, false, &slot);
        if (r < 0)
            return r;
        if (i == 0)
            c->mounts[index].slot = slot;
        /* The caller's own group is not the container's to change. */
        uint64_t only_read = denied ? MOUNT_ATTR_RDONLY : 0;
        struct mount_plan attributes = {
            .set = plan->set | only_read,
            .clear = plan->clear & ~only_read,
            .propagation = plan->propagation ? plan->propagation : MS_PRIVATE,
        };
        set_attributes(c, slot, &attributes);
    }
    return 0;
}

/* A tmpfs may get mount points made in it by later mounts, or a copy: it turns read-only after them. */
static bool late_read_only(struct compiler *c, size_t index)
{
    bool waits = c->input->join == 0 || c->mounts[index].copy_up;
    return waits && strcmp(c->config->mounts[index].type, "tmpfs") == 0 &&
           (c->mounts[index].set & MOUNT_ATTR_RDONLY);
}

/* Filesystems of the kernel's own data have the labels that the policy gives them. */
static bool takes_label(const char *type)
{
    static const char *const without[] = {"proc", "sysfs", "mqueue", "cgroup", "cgroup2"};
    for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
        if (strcmp(type, without[i]) == 0)
            return false;
    }
    return true;
}

/* In the order of the options: SELinux's label, the name or device, read-only for a device, which may not be
 * writable at all. */
static int more_data(struct compiler *c, size_t index, struct buffer *label, struct buffer *source)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    struct mount_plan *plan = &c->mounts[index];
    const char *name = mount->source && mount->source[0] ? mount->source : mount->type;
    buffer_format(source, "source=%s", name);
    if (mount_label(c) && takes_label(mount->type))
        buffer_format(label, plan->old ? "context=\"%s\"" : "context=%s", mount_label(c));
    if (buffer_failed(source) || buffer_failed(label))
        return fail_memory(c->failure);
    if (label->length)
        plan->data[plan->data_count++] = label->data;
    if (name[0] == '/' && (plan->set & MOUNT_ATTR_RDONLY))
        plan->data[plan->data_count++] = "ro";
    plan->data[plan->data_count++] = source->data;
    return 0;
}

bool mount_shows_processes(const struct oci_mount *mount)
{
    return mount->type && strcmp(mount->type, "proc") == 0;
}

/* Is mounts[index] a filesystem that only who is in the pid namespace can begin? */
static bool is_given(const struct compiler *c, size_t index)
{
    return c->is_builder && mount_shows_processes(&c->config->mounts[index]) &&
           !c->mounts[index].bind && !c->mounts[index].remount;
}

static int make_filesystem(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    struct mount_plan *plan = &c->mounts[index];
    struct plan_builder *b = &c->builder;
    bool given = is_given(c, index);
    if (plan->old && (c->input->join || given))
        return bad_mount(c, index,
                         "an option of 256 or more characters, iversion or silent cannot be "
                         "given to %s",
                         given ? "a proc of a pid namespace by path"
                               : "a new mount of a running container");
    _buffer_ struct buffer source = {0}, label = {0};
    int r = more_data(c, index, &label, &source);
    if (r < 0)
        return r;
    if (strcmp(mount->type, "devpts") == 0)
        drop_unmapped_options(c, index, plan->data, &plan->data_count);
    bool has_fallback = plan->fallback_slot >= 0;
    plan->slot = plan_slot(b);
    uint64_t late = late_read_only(c, index) ? MOUNT_ATTR_RDONLY : 0;
    if (given)
        PLAN_ADD(b, .code = PLAN_TAKE, .slot0 = plan->slot);
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = plan->slot,
             .flags = (plan->old ? PLAN_OLD_MOUNT : 0) | (has_fallback ? PLAN_OR_TREE : 0) |
                      (given ? PLAN_OPENED : 0),
             .text0 = plan_text(b, mount->type),
             .text1 = plan_vector(b, plan->data, plan->data_count),
             .text2 = plan_text(b, mount->destination), .number0 = plan->set & ~late,
             .number1 = has_fallback ? (uint64_t)plan->fallback_slot : 0, .number2 = plan->super);
    plan->data_count = 0;
    /* The kernel made it with the ipc namespace, so that it is too late for an option. */
    if (mount_label(c) && strcmp(mount->type, "mqueue") == 0)
        PLAN_ADD(b, .code = PLAN_LABEL, .slot0 = plan->slot, .text0 = plan_text(b, mount_label(c)));
    if (plan->propagation)
        PLAN_ADD(b, .code = PLAN_MOUNT_ATTR, .slot0 = plan->slot, .number2 = plan->propagation);
    compile_idmap(c, index);
    return 0;
}

void compile_given_filesystems(struct compiler *builder, struct compiler *member)
{
    for (size_t i = 0; i < builder->config->mounts_count; i++) {
        if (!is_given(builder, i))
            continue;
        int32_t slot = plan_slot(&member->builder);
        plan_from(&member->builder, OCI_ERR_MOUNT, "/mounts/%zu", i);
        PLAN_ADD(&member->builder, .code = PLAN_FS_OPEN, .slot0 = slot,
                 .text0 = plan_text(&member->builder, builder->config->mounts[i].type));
        PLAN_ADD(&member->builder, .code = PLAN_GIVE, .slot0 = slot);
    }
}

/* In a user namespace of its own the container could not give its mounts another one's mapping: such a
 * filesystem is made where the caller's rights are. */
static bool made_early(const struct compiler *c, size_t index)
{
    return c->namespaces.two_stage && c->mounts[index].map_slot >= 0 &&
           !is_given(c, index);
}

/* Read-only whatever was asked for: it is all of the host's, control groups included. */
static int fallback_tree(struct compiler *c, size_t index)
{
    struct mount_plan *plan = &c->mounts[index];
    const char *path = filesystem_fallback(c, c->config->mounts[index].type);
    if (path == NULL)
        return 0;
    plan->fallback_slot = plan_slot(&c->builder);
    PLAN_ADD(&c->builder, .code = PLAN_TREE_OPEN, .slot0 = plan->fallback_slot,
             .flags = PLAN_RECURSIVE | PLAN_OPTIONAL, .text0 = plan_text(&c->builder, path));
    PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = plan->fallback_slot,
             .flags = PLAN_RECURSIVE | PLAN_OPTIONAL,
             .number0 = (plan->set & ~(uint64_t)MOUNT_ATTR__ATIME) |
                        (strcmp(path, "/sys") == 0 ? MOUNT_ATTR_RDONLY : 0),
             .number2 = MS_SLAVE);
    return 0;
}

static int mount_tree(struct compiler *c, size_t index)
{
    const struct mount_plan *plan = &c->mounts[index];
    plan_from(&c->builder, OCI_ERR_MOUNT, "/mounts/%zu", index);
    if (plan->remount)
        return 0;
    if (plan->bind)
        return bind_tree(c, index);
    if (mount_is_cgroup(&c->config->mounts[index]))
        return cgroup_trees(c, index);
    if (!made_early(c, index))
        return fallback_tree(c, index);
    if (plan->old)
        return bad_mount(c, index,
                         "an option of 256 or more characters, iversion or silent cannot "
                         "stand beside an id mapping in a user namespace");
    return make_filesystem(c, index);
}

int compile_mount_trees(struct compiler *c)
{
    int r = 0;
    compile_idmap_opens(c);
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++)
        r = mount_tree(c, i);
    return r;
}

static bool own_mounts(const struct compiler *c)
{
    return c->namespaces.fresh & CLONE_NEWNS;
}

int compile_trees(struct compiler *c)
{
    if (!own_mounts(c))
        return 0;
    plan_from(&c->builder, OCI_ERR_ROOTFS, "/root/path");
    int r = open_tree(c, c->config->root->path, true, &c->root_slot);
    plan_from(&c->builder, OCI_ERR_DEVICE, NULL);
    if (r == 0 && c->linux_->masked_paths_count)
        r = open_tree(c, "/dev/null", false, &c->null_slot);
    if (r == 0)
        r = compile_mount_trees(c);
    return r == 0 ? compile_device_trees(c) : r;
}

/* /proc and /sys must be what they seem: a link in their place could show the container, or this
 * program, something else. */
static bool needs_real_directory(const char *type)
{
    return strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0;
}

static int attach_filesystem(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    struct mount_plan *plan = &c->mounts[index];
    struct plan_builder *b = &c->builder;
    int r = plan->slot >= 0 ? 0 : make_filesystem(c, index);
    if (r < 0)
        return r;
    bool late = late_read_only(c, index);
    PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = plan->slot, .text0 = plan_text(b, mount->destination),
             .flags = (needs_real_directory(mount->type) ? PLAN_REAL_DIR : 0) |
                      (strcmp(mount->type, "proc") == 0 ? PLAN_ON_PROC : 0) |
                      (late ? PLAN_KEEP_SLOT : 0) | (plan->copy_up ? PLAN_COPY_UP : 0),
             .number0 = plan->copy_up ? plan->keep : 0);
    if (!late)
        plan->slot = PLAN_SLOT_NONE;
    return 0;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Controllers that share a hierarchy, as cpu and cpuacct often do, are also looked for one by one.
 */
static int link_controllers(struct compiler *c, const struct group *group, const char *destination,
                            const char *name)
{
    if (strchr(group->controllers, ',') == NULL)
        return 0;
    for (const char *p = group->controllers; *p;) {
        size_t length = strcspn(p, ",");
        _buffer_ struct buffer link = {0};
        buffer_format(&link, "%s/%.*s", destination, (int)length, p);
        if (buffer_failed(&link))
            return fail_memory(c->failure);
        PLAN_ADD(&c->builder, .code = PLAN_SYMLINK, .flags = PLAN_OPTIONAL,
                 .text0 = plan_text(&c->builder, name), .text1 = plan_text(&c->builder, link.data));
        p += length + (p[length] == ',');
    }
    return 0;
}

/* Version 1: a directory with one directory a hierarchy, named as on the host. */
static int attach_groups(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    const struct group_set *groups = c->input->groups;
    struct plan_builder *b = &c->builder;
    size_t count = groups->count + groups->denied;
    if (count == 0)
        return bad_mount(c, index, "this host has no control groups to mount at \"%s\"",
                         mount->destination);
    int32_t slot = c->mounts[index].slot;
    c->mounts[index].slot = PLAN_SLOT_NONE;
    if (count == 1 && groups->groups[0].v2) {
        PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = slot, .text0 = plan_text(b, mount->destination));
        return 0;
    }
    int32_t directory = plan_slot(b);
    _buffer_ struct buffer label = {0};
    if (mount_label(c))
        buffer_format(&label, "context=%s", mount_label(c));
    if (buffer_failed(&label))
        return fail_memory(c->failure);
    const char *data[] = {"mode=755", "size=64k", "source=cgroup", label.data};
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = directory, .text0 = plan_text(b, "tmpfs"),
             .text1 = plan_vector(b, data, ARRAY_SIZE(data) - (label.length ? 0 : 1)),
             .text2 = plan_text(b, mount->destination),
             .number0 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = directory, .text0 = plan_text(b, mount->destination),
             .flags = PLAN_KEEP_SLOT);
    for (size_t i = 0; i < count; i++) {
        const char *name = last_component(groups->groups[i].mountpoint);
        _buffer_ struct buffer target = {0};
        buffer_format(&target, "%s/%s", mount->destination, name);
        if (buffer_failed(&target))
            return fail_memory(c->failure);
        PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = slot + (int32_t)i,
                 .text0 = plan_text(b, target.data));
        int r = link_controllers(c, &groups->groups[i], mount->destination, name);
        if (r < 0)
            return r;
    }
    const struct mount_plan *plan = &c->mounts[index];
    if ((plan->set & MOUNT_ATTR_RDONLY) || plan->propagation)
        PLAN_ADD(b, .code = PLAN_MOUNT_ATTR, .slot0 = directory,
                 .number0 = plan->set & MOUNT_ATTR_RDONLY, .number2 = plan->propagation);
    return 0;
}

/* The mount that a remount is of, as far as the configuration tells; SIZE_MAX where it does not. */
static size_t remounted(struct compiler *c, size_t index)
{
    for (size_t i = index; i-- > 0;) {
        if (!c->mounts[i].remount && strcmp(c->mounts[i].place, c->mounts[index].place) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* What mount(8) would change of the filesystem itself.  Whether it is read-only is changed only where it is
 * the container's own: a mount of the host's must not turn the host's files read-only. */
static void change_filesystem(struct compiler *c, size_t index, bool own)
{
    struct mount_plan *plan = &c->mounts[index];
    struct plan_builder *b = &c->builder;
    if (own && (plan->set & MOUNT_ATTR_RDONLY))
        plan->data[plan->data_count++] = "ro";
    else if (own && (plan->clear & MOUNT_ATTR_RDONLY))
        plan->data[plan->data_count++] = "rw";
    if (plan->data_count || plan->super_bits)
        PLAN_ADD(b, .code = PLAN_RECONFIGURE, .flags = plan->old ? PLAN_OLD_MOUNT : 0,
                 .slot0 = plan->slot, .text0 = plan_text(b, c->config->mounts[index].destination),
                 .text1 = plan_vector(b, plan->data, plan->data_count), .number1 = plan->super,
                 .number2 = plan->super_bits ? MS_I_VERSION | MS_SILENT : 0);
}

static void change_mount(struct compiler *c, size_t index)
{
    struct mount_plan *plan = &c->mounts[index];
    struct plan_builder *b = &c->builder;
    size_t of = remounted(c, index);
    bool own = of != SIZE_MAX && !c->mounts[of].bind && !mount_is_cgroup(&c->config->mounts[of]);
    /* Nodes and links are still to be made in the container's own /dev. */
    bool late = own && strcmp(plan->place, "/dev") == 0 && (plan->set & MOUNT_ATTR_RDONLY);
    plan->set &= ~(late ? (uint64_t)MOUNT_ATTR_RDONLY : 0);
    plan->all_set &= ~(late ? (uint64_t)MOUNT_ATTR_RDONLY : 0);
    plan->slot = plan_slot(b);
    PLAN_ADD(b, .code = PLAN_MOUNT_FIND, .slot0 = plan->slot,
             .flags = c->input->join > 0 ? PLAN_REAL_DIR : 0,
             .text0 = plan_text(b, c->config->mounts[index].destination));
    if (!plan->bind)
        change_filesystem(c, index, own);
    set_attributes(c, plan->slot, plan);
    if (!late) {
        PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = plan->slot);
        plan->slot = PLAN_SLOT_NONE;
    }
    /* The last word on it. */
    if (own && (plan->clear & MOUNT_ATTR_RDONLY))
        c->mounts[of].slot = PLAN_SLOT_NONE;
}

static int attach_bind(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    const char *path = c->mounts[index].place;
    bool proc = strcmp(path, "/proc") == 0, inside = strncmp(path, "/proc/", 6) == 0;
    PLAN_ADD(&c->builder, .code = PLAN_ATTACH, .slot0 = c->mounts[index].slot,
             .flags = (proc ? PLAN_MUST_BE_PROC | PLAN_ON_PROC : 0) | (inside ? PLAN_ON_PROC : 0),
             .text0 = plan_text(&c->builder, mount->destination));
    c->mounts[index].slot = PLAN_SLOT_NONE;
    return 0;
}

int compile_mount(struct compiler *c, size_t index)
{
    plan_from(&c->builder, OCI_ERR_MOUNT, "/mounts/%zu", index);
    if (c->mounts[index].remount)
        change_mount(c, index);
    else if (c->mounts[index].bind)
        return attach_bind(c, index);
    else if (mount_is_cgroup(&c->config->mounts[index]))
        return attach_groups(c, index);
    else
        return attach_filesystem(c, index);
    return 0;
}

void compile_late_read_only(struct compiler *c)
{
    for (size_t i = 0; i < c->config->mounts_count; i++) {
        if (c->mounts[i].slot < 0)
            continue;
        plan_from(&c->builder, OCI_ERR_MOUNT, "/mounts/%zu", i);
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = c->mounts[i].slot,
                 .number0 = MOUNT_ATTR_RDONLY);
    }
}

/* A root that is to hear of the host's mounts must stay its slave from the beginning; one that is
 * shared is shared anew in the end, with the container's own namespaces, and a slave of the host's.
 */
static uint64_t root_relation(const struct compiler *c)
{
    switch (c->linux_->rootfs_propagation) {
    case OCI_ROOTFS_PROPAGATION_SHARED:
    case OCI_ROOTFS_PROPAGATION_SLAVE:
    case OCI_ROOTFS_PROPAGATION_RSHARED:
    case OCI_ROOTFS_PROPAGATION_RSLAVE:
        return MS_SLAVE;
    default:
        return MS_PRIVATE;
    }
}

int compile_mounts(struct compiler *c)
{
    struct plan_builder *b = &c->builder;
    if (!own_mounts(c))
        return 0;
    int r = c->namespaces.two_stage ? 0 : compile_trees(c);
    if (r < 0)
        return r;
    plan_from(b, OCI_ERR_MOUNT, NULL);
    PLAN_ADD(b, .code = PLAN_PRIVATE);
    plan_from(b, OCI_ERR_ROOTFS, "/root/path");
    PLAN_ADD(b, .code = PLAN_ROOT_ATTACH, .slot0 = c->root_slot, .number0 = root_relation(c));
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++)
        r = compile_mount(c, i);
    if (r == 0)
        r = compile_devices(c);
    if (r == 0)
        compile_late_read_only(c);
    return r;
}
