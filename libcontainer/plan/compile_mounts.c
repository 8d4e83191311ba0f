/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.path and mounts[]: trees of the host are opened (with the attributes they will have) while
 * the host's mounts are still there, then attached in the order of the configuration, together with
 * new filesystems.
 */
#include <plan/compile_internal.h>

#include <errno.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>
#include <plan/mount_options.h>

/* A mount's options, sorted out. */
struct mount_plan {
    bool bind, recursive_bind, remount;
    uint64_t set, clear, propagation;
    uint64_t all_set, all_clear; /* for the mounts below, too */
    bool all_propagation;
    const char **data; /* what goes to the filesystem */
    size_t data_count;
};

__attribute__((format(printf, 3, 4))) static int bad_mount(struct compiler *c, size_t index,
                                                           const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fail_at(c->failure, "/mounts/%zu", index);
    return fail(c->failure, OCI_ERR_CONFIG, "%s", text);
}

static void take_attribute(struct mount_plan *plan, const struct mount_option *option)
{
    plan->set = (plan->set & ~option->clear) | option->set;
    plan->clear = (plan->clear & ~option->set) | option->clear;
    if (option->recursive) {
        plan->all_set = (plan->all_set & ~option->clear) | option->set;
        plan->all_clear = (plan->all_clear & ~option->set) | option->clear;
    }
    /* Choosing an access time clears the old choice and sets the new one at once. */
    if (option->clear & MOUNT_ATTR__ATIME) {
        plan->clear |= MOUNT_ATTR__ATIME;
        if (option->recursive)
            plan->all_clear |= MOUNT_ATTR__ATIME;
    }
}

static int take_option(struct compiler *c, size_t index, size_t place, const char *text,
                       struct mount_plan *plan)
{
    const struct mount_option *option = mount_option_find(text);
    if (option == NULL) {
        plan->data[plan->data_count++] = text;
        return 0;
    }
    switch (option->kind) {
    case MOUNT_OPTION_ATTR:
        take_attribute(plan, option);
        break;
    case MOUNT_OPTION_SUPER:
        /* The filesystem behind a bind mount is mounted already and keeps its flags. */
        if (!plan->bind)
            plan->data[plan->data_count++] = text;
        break;
    case MOUNT_OPTION_PROPAGATION:
        plan->propagation = option->set;
        plan->all_propagation = option->recursive;
        break;
    case MOUNT_OPTION_BIND:
        plan->recursive_bind = option->recursive;
        break;
    case MOUNT_OPTION_REMOUNT:
        plan->remount = true;
        break;
    case MOUNT_OPTION_UNSUPPORTED:
        fail_at(c->failure, "/mounts/%zu/options/%zu", index, place);
        return fail(c->failure, OCI_ERR_UNSUPPORTED, "mount option \"%s\" is not supported yet",
                    text);
    }
    return 0;
}

bool mount_is_bind(const struct oci_mount *mount)
{
    if (mount->type && strcmp(mount->type, "bind") == 0)
        return true;
    for (size_t i = 0; i < mount->options_count; i++) {
        const struct mount_option *option = mount_option_find(mount->options[i]);
        if (option && option->kind == MOUNT_OPTION_BIND)
            return true;
    }
    return false;
}

static int sort_options(struct compiler *c, size_t index, struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    *plan = (struct mount_plan){0};
    plan->data = calloc(mount->options_count + 4, sizeof(*plan->data));
    if (plan->data == NULL)
        return fail_memory(c->failure);
    plan->bind = mount_is_bind(mount);
    int r = 0;
    for (size_t i = 0; r == 0 && i < mount->options_count; i++)
        r = take_option(c, index, i, mount->options[i], plan);
    return r;
}

static bool is_cgroup(const struct oci_mount *mount)
{
    return mount->type &&
           (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0);
}

/* Files of proc that may be shown otherwise to a container; anything else mounted over a part of
 * proc could make what is written there, by this program or by others, go astray. */
static const char *const proc_files[] = {
    "cpuinfo",
    "diskstats",
    "meminfo",
    "stat",
    "swaps",
    "uptime",
    "loadavg",
    "slabinfo",
    "net/dev",
    "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
};

/* Lexically: "." and empty components out, ".." up. */
char *clean_path(const char *path)
{
    char *clean = malloc(strlen(path) + 2);
    size_t n = 0;
    for (const char *p = path; clean && *p;) {
        p += strspn(p, "/");
        size_t length = strcspn(p, "/");
        if (length == 2 && p[0] == '.' && p[1] == '.') {
            while (n > 0 && clean[--n] != '/')
                ;
        } else if (length > 0 && !(length == 1 && p[0] == '.')) {
            clean[n++] = '/';
            memcpy(clean + n, p, length);
            n += length;
        }
        p += length;
    }
    if (clean)
        clean[n] = 0;
    return clean;
}

static int check_destination(struct compiler *c, size_t index, bool bind)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    _free_ char *path = clean_path(mount->destination);
    if (path == NULL)
        return fail_memory(c->failure);
    if (path[0] == 0)
        return bad_mount(c, index, "destination \"%s\" is the root itself", mount->destination);
    if (strcmp(path, "/proc") == 0 && !bind && mount->type && strcmp(mount->type, "proc") != 0)
        return bad_mount(c, index, "destination \"%s\" takes a mount of type proc only",
                         mount->destination);
    if (strncmp(path, "/proc/", 6) != 0)
        return 0;
    for (size_t i = 0; bind && i < ARRAY_SIZE(proc_files); i++) {
        if (strcmp(path + 6, proc_files[i]) == 0)
            return 0;
    }
    return bad_mount(c, index, "destination \"%s\" is inside /proc", mount->destination);
}

static int check_mount(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    if (mount->uid_mappings_count || mount->gid_mappings_count) {
        fail_at(c->failure, "/mounts/%zu/uidMappings", index);
        return fail(c->failure, OCI_ERR_UNSUPPORTED,
                    "mounts with id mappings are not supported yet");
    }
    if (plan->bind && plan->data_count)
        return bad_mount(c, index, "option \"%s\" has no meaning for a bind mount", plan->data[0]);
    if (plan->bind && (mount->source == NULL || mount->source[0] == 0))
        return bad_mount(c, index, "a bind mount of \"%s\" needs a source", mount->destination);
    if (!plan->bind && !plan->remount && (mount->type == NULL || mount->type[0] == 0))
        return bad_mount(c, index, "the mount of \"%s\" needs a type, or the option bind",
                         mount->destination);
    return check_destination(c, index, plan->bind);
}

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

static void set_attributes(struct compiler *c, int32_t slot, const struct mount_plan *plan)
{
    if (plan->set || plan->clear || (plan->propagation && !plan->all_propagation))
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = slot, .number0 = plan->set,
                 .number1 = plan->clear, .number2 = plan->all_propagation ? 0 : plan->propagation);
    if (plan->all_set || plan->all_clear || plan->all_propagation)
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = slot, .flags = PLAN_RECURSIVE,
                 .number0 = plan->all_set, .number1 = plan->all_clear,
                 .number2 = plan->all_propagation ? plan->propagation : 0);
}

static int bind_tree(struct compiler *c, size_t index, struct mount_plan *plan)
{
    int r =
        open_tree(c, c->config->mounts[index].source, plan->recursive_bind, &c->mount_slots[index]);
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
    set_attributes(c, c->mount_slots[index], plan);
    return 0;
}

/* On a host with one unified hierarchy the container's group is the mount; the slots of version 1
 * hierarchies follow each other, the first is kept. */
static int cgroup_trees(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const struct group_set *groups = c->input->groups;
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
            c->mount_slots[index] = slot;
        /* The caller's own group is not the container's to change. */
        struct mount_plan attributes = {.set = plan->set | (denied ? MOUNT_ATTR_RDONLY : 0),
                                        .clear = plan->clear &
                                                 ~(denied ? (uint64_t)MOUNT_ATTR_RDONLY : 0),
                                        .propagation = MS_PRIVATE};
        set_attributes(c, slot, &attributes);
    }
    return 0;
}

/* Read-only whatever was asked for: it is all of the host's, control groups included. */
static int fallback_tree(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const char *path = filesystem_fallback(c, c->config->mounts[index].type);
    if (path == NULL)
        return 0;
    int32_t slot = plan_slot(&c->builder);
    PLAN_ADD(&c->builder, .code = PLAN_TREE_OPEN, .slot0 = slot,
             .flags = PLAN_RECURSIVE | PLAN_OPTIONAL, .text0 = plan_text(&c->builder, path));
    PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = slot,
             .flags = PLAN_RECURSIVE | PLAN_OPTIONAL,
             .number0 = (plan->set & ~(uint64_t)MOUNT_ATTR__ATIME) |
                        (strcmp(path, "/sys") == 0 ? MOUNT_ATTR_RDONLY : 0),
             .number2 = MS_SLAVE);
    c->mount_slots[index] = slot;
    return 0;
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
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++) {
        struct mount_plan plan;
        plan_from(&c->builder, OCI_ERR_MOUNT, "/mounts/%zu", i);
        r = sort_options(c, i, &plan);
        if (r == 0)
            r = check_mount(c, i, &plan);
        if (r == 0 && plan.bind && !plan.remount)
            r = bind_tree(c, i, &plan);
        else if (r == 0 && is_cgroup(&c->config->mounts[i]))
            r = cgroup_trees(c, i, &plan);
        else if (r == 0 && !plan.remount)
            r = fallback_tree(c, i, &plan);
        free(plan.data);
    }
    return r == 0 ? compile_device_trees(c) : r;
}

/* /proc and /sys must be what they seem: a link in their place could show the container, or this
 * program, something else. */
static bool needs_real_directory(const char *type)
{
    return strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0;
}

static int make_filesystem(struct compiler *c, size_t index, struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    struct plan_builder *b = &c->builder;
    int32_t slot = plan_slot(b);
    _buffer_ struct buffer source = {0};
    buffer_format(&source, "source=%s",
                  mount->source && mount->source[0] ? mount->source : mount->type);
    if (buffer_failed(&source))
        return fail_memory(c->failure);
    if (strcmp(mount->type, "devpts") == 0)
        drop_unmapped_options(c, index, plan->data, &plan->data_count);
    plan->data[plan->data_count] = source.data;
    int32_t fallback = c->mount_slots[index];
    /* A tmpfs may get mount points made in it by later mounts: it turns read-only after them. */
    bool late = strcmp(mount->type, "tmpfs") == 0 && (plan->set & MOUNT_ATTR_RDONLY);
    uint64_t attributes = plan->set & ~(late ? (uint64_t)MOUNT_ATTR_RDONLY : 0);
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = slot, .text0 = plan_text(b, mount->type),
             .flags = fallback >= 0 ? PLAN_OR_TREE : 0,
             .text1 = plan_vector(b, plan->data, plan->data_count + 1),
             .text2 = plan_text(b, mount->destination), .number0 = attributes,
             .number1 = fallback >= 0 ? (uint64_t)fallback : 0);
    if (plan->propagation)
        PLAN_ADD(b, .code = PLAN_MOUNT_ATTR, .slot0 = slot, .number2 = plan->propagation);
    PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = slot, .text0 = plan_text(b, mount->destination),
             .flags = (needs_real_directory(mount->type) ? PLAN_REAL_DIR : 0) |
                      (strcmp(mount->type, "proc") == 0 ? PLAN_ON_PROC : 0) |
                      (late ? PLAN_KEEP_SLOT : 0));
    c->mount_slots[index] = late ? slot : -1;
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
    int32_t slot = c->mount_slots[index];
    c->mount_slots[index] = -1;
    if (count == 1 && groups->groups[0].v2) {
        PLAN_ADD(b, .code = PLAN_ATTACH, .slot0 = slot, .text0 = plan_text(b, mount->destination));
        return 0;
    }
    int32_t directory = plan_slot(b);
    const char *data[] = {"mode=755", "size=64k", "source=cgroup"};
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = directory, .text0 = plan_text(b, "tmpfs"),
             .text1 = plan_vector(b, data, ARRAY_SIZE(data)),
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
    PLAN_ADD(b, .code = PLAN_MOUNT_ATTR, .slot0 = directory, .number0 = MOUNT_ATTR_RDONLY);
    return 0;
}

static int one_mount(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    struct mount_plan plan;
    plan_from(&c->builder, OCI_ERR_MOUNT, "/mounts/%zu", index);
    int r = sort_options(c, index, &plan);
    if (r == 0 && plan.remount) {
        PLAN_ADD(&c->builder, .code = PLAN_MOUNT_ATTR, .slot0 = PLAN_SLOT_NONE,
                 .text0 = plan_text(&c->builder, mount->destination), .number0 = plan.set,
                 .number1 = plan.clear, .number2 = plan.propagation);
    } else if (r == 0 && plan.bind) {
        _free_ char *path = clean_path(mount->destination);
        if (path == NULL)
            r = fail_memory(c->failure);
        bool proc = path && strcmp(path, "/proc") == 0;
        bool inside = path && strncmp(path, "/proc/", 6) == 0;
        PLAN_ADD(&c->builder, .code = PLAN_ATTACH, .slot0 = c->mount_slots[index],
                 .flags =
                     (proc ? PLAN_MUST_BE_PROC | PLAN_ON_PROC : 0) | (inside ? PLAN_ON_PROC : 0),
                 .text0 = plan_text(&c->builder, mount->destination));
        c->mount_slots[index] = -1;
    } else if (r == 0 && is_cgroup(mount)) {
        r = attach_groups(c, index);
    } else if (r == 0) {
        r = make_filesystem(c, index, &plan);
    }
    free(plan.data);
    return r;
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
        r = one_mount(c, i);
    if (r == 0)
        r = compile_devices(c);
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++) {
        if (c->mount_slots[i] < 0)
            continue;
        plan_from(b, OCI_ERR_MOUNT, "/mounts/%zu", i);
        PLAN_ADD(b, .code = PLAN_MOUNT_ATTR, .slot0 = c->mount_slots[i],
                 .number0 = MOUNT_ATTR_RDONLY);
    }
    return r;
}
