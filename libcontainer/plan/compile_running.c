/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a running container: the host's trees are opened where the caller is, then the container's
 * namespaces are entered, and its root, which is held by fd, is where paths are looked up.
 */
#include <plan/mount_plan.h>

#include <stdio.h>
#include <string.h>

#include <base/util.h>

/* Into the container.  Making mounts and their targets is the business of its root user. */
static void enter(struct compiler *c, uint64_t namespaces, bool fork)
{
    struct plan_builder *b = &c->builder;
    int32_t root = plan_slot(b);
    char place[32];
    snprintf(place, sizeof(place), "%d/root", (int)c->input->join);
    plan_from(b, OCI_ERR_ROOTFS, NULL);
    PLAN_ADD(b, .code = PLAN_ROOT_OPEN, .slot0 = root, .text0 = plan_text(b, place));
    plan_from(b, OCI_ERR_NAMESPACE, NULL);
    PLAN_ADD(b, .code = PLAN_NS_ENTER_ALL, .slot0 = PLAN_SLOT_JOIN, .number0 = namespaces);
    if (fork) {
        /* What the container's processes may find through /proc/PID of the second stage is their own. */
        PLAN_ADD(b, .code = PLAN_ROOT_CHROOT, .slot0 = root);
        PLAN_ADD(b, .code = PLAN_CLOSE, .slot0 = PLAN_SLOT_PROC);
        PLAN_ADD(b, .code = PLAN_FORK);
        c->out->two_stage = true;
    }
    if (namespaces & CLONE_NEWUSER)
        PLAN_ADD(b, .code = PLAN_NS_ROOT);
    plan_from(b, OCI_ERR_ROOTFS, NULL);
    PLAN_ADD(b, .code = PLAN_ROOT_USE, .slot0 = root);
}

static void leave(struct compiler *c)
{
    plan_from(&c->builder, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(&c->builder, .code = PLAN_EXIT);
}

static bool lies_in(const char *path, const char *place)
{
    size_t length = strlen(place);
    return strncmp(path, place, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* What a container must not see or write would be open again in a new tree around it. */
static int refuse_over(struct compiler *c, const char *const *paths, size_t count, const char *kind)
{
    const struct mount_plan *plan = &c->mounts[0];
    for (size_t i = 0; i < count; i++) {
        _free_ char *path = clean_path(paths[i]);
        if (path == NULL)
            return fail_memory(c->failure);
        if (!plan->remount && lies_in(path, plan->place))
            return bad_mount(c, 0, "destination \"%s\" would uncover \"%s\" of the container's %s",
                             c->config->mounts[0].destination, paths[i], kind);
    }
    return 0;
}

static int check_uncovered(struct compiler *c)
{
    const struct oci_linux *linux_ = c->linux_;
    int r = refuse_over(c, (const char *const *)linux_->masked_paths, linux_->masked_paths_count,
                        "maskedPaths");
    return r == 0 ? refuse_over(c, (const char *const *)linux_->readonly_paths,
                                linux_->readonly_paths_count, "readonlyPaths")
                  : r;
}

/* What is copied into a tmpfs is the container's memory: the groups that were opened for it are joined. */
static void join_groups(struct compiler *c)
{
    c->out->copies_up = c->mounts[0].copy_up;
    plan_from(&c->builder, OCI_ERR_CGROUP, NULL);
    for (size_t i = 0; c->out->copies_up && i < c->input->groups->count; i++) {
        if (c->input->groups->groups[i].fd >= 0)
            compile_group_join(c, i);
    }
}

static int add(struct compiler *c, uint64_t namespaces)
{
    int r = compile_read_mounts(c);
    if (r == 0)
        r = check_uncovered(c);
    if (r == 0)
        join_groups(c);
    if (r == 0)
        r = compile_idmaps(c);
    if (r == 0)
        r = compile_mount_trees(c);
    if (r < 0)
        return r;
    bool fork = mount_shows_processes(c->config->mounts) && (namespaces & CLONE_NEWPID);
    enter(c, fork ? namespaces : namespaces & ~(uint64_t)CLONE_NEWPID, fork);
    r = compile_mount(c, 0);
    if (r == 0)
        compile_late_read_only(c);
    leave(c);
    return r;
}

int compile_mount_add(const struct compile_input *input, uint64_t namespaces,
                      struct compiled *compiled, struct failure *failure)
{
    struct compiler c;
    int r = compiler_begin(&c, input, compiled, failure);
    if (r < 0)
        return r;
    r = read_namespaces(&c);
    /* Nothing here is made by clone; the mounts are made as for a second stage. */
    c.namespaces.two_stage = true;
    if (r == 0)
        r = add(&c, namespaces);
    return compiler_end(&c, r);
}

int compile_mount_remove(const struct compile_input *input, const char *destination,
                         uint64_t namespaces, struct compiled *compiled, struct failure *failure)
{
    struct compiler c;
    _free_ char *path = clean_path(destination);
    if (path == NULL)
        return fail_memory(failure);
    if (path[0] == 0)
        return fail(failure, OCI_ERR_CONFIG, "destination \"%s\" is the root itself", destination);
    if (strcmp(path, "/proc") == 0 || strncmp(path, "/proc/", 6) == 0)
        return fail(failure, OCI_ERR_CONFIG,
                    "destination \"%s\": /proc and what is mounted in it stay", destination);
    int r = compiler_begin(&c, input, compiled, failure);
    if (r < 0)
        return r;
    enter(&c, namespaces & ~(uint64_t)CLONE_NEWPID, false);
    plan_from(&c.builder, OCI_ERR_MOUNT, NULL);
    PLAN_ADD(&c.builder, .code = PLAN_UNMOUNT, .text0 = plan_text(&c.builder, destination));
    leave(&c);
    return compiler_end(&c, 0);
}
