/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_mount_add and container_mount_remove: mounts of a container that is there already, by an init that
 * enters it, with the checks of a create.  Nothing is recorded: what was added goes with the container.
 */
#include <api/internal.h>

#include <fcntl.h>
#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

struct change {
    container *container;
    struct log log;
    oci_document *record_document, *config_document, *mount_document;
    const struct oci_record *record;
    const struct oci_runtime_config *stored;
    struct oci_runtime_config config; /* the stored one, with the new mount alone */
    struct group_set groups;
    struct compiled compiled;
    uint64_t namespaces;
    int pidfd;
    struct failure *failure;
};

#define MOUNT_FILE "mount"

static struct change change_begin(container *container, struct failure *failure)
{
    return (struct change){
        .container = container,
        .log = context_log(container->context, container->id),
        .pidfd = -1,
        .failure = failure,
    };
}

static void change_free(struct change *c)
{
    oci_document_free(c->record_document);
    oci_document_free(c->config_document);
    oci_document_free(c->mount_document);
    groups_free(&c->groups);
    compiled_free(&c->compiled);
    close_fd(&c->pidfd);
}

/* The container, which must be there and have its own mounts. */
static int read_state(struct change *c, const char *doing)
{
    container *container = c->container;
    int r = store_read_record(container->dir, container->id, &c->record_document, &c->record,
                              c->failure);
    if (r < 0)
        return r;
    enum container_status status = container_find_status(container->dir, c->record, &c->pidfd);
    if (status != CONTAINER_CREATED && status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
        return fail(c->failure, OCI_ERR_WRONG_STATE, "cannot %s container \"%s\": it is %s", doing,
                    container->id, status_text(status));
    r = store_read_config(container->dir, &c->config_document, &c->stored, c->failure);
    if (r == 0)
        r = record_groups(c->record, &c->groups, c->failure);
    if (r == 0)
        r = differing_namespaces((pid_t)c->record->pid, c->pidfd, &c->namespaces, c->failure);
    if (r == 0 && !(c->namespaces & CLONE_NEWNS))
        r = fail(c->failure, OCI_ERR_CONFIG,
                 "cannot %s container \"%s\": it has no mount namespace of its own", doing,
                 container->id);
    /* What mounts depend on: user for rights, pid, network and ipc for what proc, sysfs and mqueue show. */
    c->namespaces &= CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC;
    return r;
}

static struct compile_input input_of(const struct change *c)
{
    return (struct compile_input){
        .id = c->container->id,
        .bundle = c->record->bundle,
        .config = &c->config,
        .groups = &c->groups,
        .log = &c->log,
        .process_place = "/process",
        .keep_fds = 3,
        .join = (pid_t)c->record->pid,
        .modules = host_modules(),
    };
}

static int launch(struct change *c)
{
    _close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return fail_errno(c->failure, OCI_ERR_IO, errno, "open /dev/null");
    const int stdio[3] = {null, null, null};
    struct spawn spawn = {
        .init = context_init(c->container->context, c->failure),
        .plan = &c->compiled.plan,
        .cgroup = -1,
        .stdio = stdio,
        .slot_count = PLAN_SLOT_FIRST_GROUP + c->groups.count,
    };
    if (spawn.init < 0)
        return spawn.init;
    if (spawn.slot_count > SPAWN_MAX_SLOTS)
        return fail(c->failure, OCI_ERR_UNSUPPORTED, "this host has too many cgroup hierarchies");
    for (size_t i = 0; i < SPAWN_MAX_SLOTS; i++)
        spawn.slots[i] = -1;
    spawn.slots[PLAN_SLOT_JOIN] = c->pidfd;
    for (size_t i = 0; i < c->groups.count; i++)
        spawn.slots[PLAN_SLOT_FIRST_GROUP + i] = c->groups.groups[i].fd;
    int r = make_id_maps(c->container->context, &c->compiled, &spawn, MOUNT_FILE, -1, c->failure);
    struct session session = SESSION_INIT;
    session.compiled = &c->compiled;
    session.file = MOUNT_FILE;
    session.rouse = true;
    session.timeout_ms =
        c->compiled.copies_up ? CONTAINER_COPY_UP_TIMEOUT_MS : CONTAINER_MOUNT_TIMEOUT_MS;
    if (r == 0)
        r = session_run(&session, &spawn, c->failure);
    session_abort(&session);
    close_id_maps(&c->compiled, &spawn);
    return r;
}

/* The compiler knows the mount as /mounts/0. */
static void to_own_place(struct failure *failure)
{
    static const char place[] = "/mounts/0";
    size_t length = sizeof(place) - 1;
    if (failure->has_pointer && strncmp(failure->pointer, place, length) == 0)
        memmove(failure->pointer, failure->pointer + length, strlen(failure->pointer + length) + 1);
}

static bool has_option(const struct oci_mount *mount, const char *option)
{
    for (size_t i = 0; i < mount->options_count; i++) {
        if (strcmp(mount->options[i], option) == 0)
            return true;
    }
    return false;
}

/* The container's memory is charged for what is copied into its tmpfs.  No other group is joined, so that a paused
 * container stops nothing; where the freezer is of the same hierarchy and freezes, not this one either. */
static int open_memory_group(struct change *c)
{
    const struct group *memory = groups_with(&c->groups, "memory");
    if (memory == NULL)
        memory = groups_version_2(&c->groups);
    if (memory == NULL)
        return 0;
    bool freezes = memory->v2 || groups_with(&c->groups, "freezer") == memory;
    if (freezes && groups_frozen(&c->groups))
        return 0;
    return group_enter(&c->groups.groups[memory - c->groups.groups], c->failure);
}

static int add(struct change *c, const char *json, size_t length)
{
    _cleanup_(free_report) oci_report *report = NULL;
    int r = oci_parse(oci_mount_type(), json, length, NULL, &c->mount_document, &report);
    if (r < 0)
        return fail_report(c->failure, r, report, MOUNT_FILE);
    r = read_state(c, "add a mount to");
    if (r < 0)
        return r;
    c->config = *c->stored;
    c->config.mounts = (struct oci_mount *)oci_mount_root(c->mount_document);
    c->config.mounts_count = 1;
    if (has_option(c->config.mounts, "tmpcopyup"))
        r = open_memory_group(c);
    if (r < 0)
        return r;
    struct compile_input input = input_of(c);
    r = compile_mount_add(&input, c->namespaces, &c->compiled, c->failure);
    if (r == 0)
        r = launch(c);
    to_own_place(c->failure);
    return r;
}

static int take_away(struct change *c, const char *destination)
{
    int r = read_state(c, "remove a mount of");
    if (r < 0)
        return r;
    c->config = *c->stored;
    struct compile_input input = input_of(c);
    r = compile_mount_remove(&input, destination, c->namespaces, &c->compiled, c->failure);
    return r == 0 ? launch(c) : r;
}

int container_mount_add(container *container, const char *mount_json, size_t length,
                        container_error **error)
{
    struct failure failure = {0};
    struct change c = change_begin(container, &failure);
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, &failure);
    if (r == 0) {
        r = add(&c, mount_json, length);
        store_unlock(container->dir);
    }
    if (r < 0)
        locate_failure(&failure, mount_json, length, MOUNT_FILE);
    change_free(&c);
    return r < 0 ? fail_public(&failure, "mount_add", container->id, error) : 0;
}

int container_mount_remove(container *container, const char *destination, container_error **error)
{
    struct failure failure = {0};
    struct change c = change_begin(container, &failure);
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, &failure);
    if (r == 0) {
        r = take_away(&c, destination);
        store_unlock(container->dir);
    }
    change_free(&c);
    return r < 0 ? fail_public(&failure, "mount_remove", container->id, error) : 0;
}
