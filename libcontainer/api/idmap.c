/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User namespaces that hold the id mappings of mounts.  Each is made by an init that does nothing else: it
 * lives until its namespace is held by an fd, so the calling process neither forks nor enters anything.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* The init waits, with its mapping written. */
static int take_namespace(void *data, pid_t pid, struct failure *failure)
{
    int *fd = data;
    char path[48];
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? fail_errno(failure, OCI_ERR_ID_MAPPING, errno, "open %s", path) : 0;
}

static int make_one(container_context *context, const struct id_map *map, int *fd, const char *file,
                    int cancel, struct failure *failure)
{
    struct compiled compiled _compiled_ = {0};
    int r = compile_id_map_holder(map, &compiled, failure);
    if (r < 0)
        return r;
    int init = context_init(context, failure);
    if (init < 0)
        return init;
    struct session session = SESSION_INIT;
    session.compiled = &compiled;
    session.file = file;
    session.cancel = cancel;
    session.hooks = take_namespace;
    session.data = fd;
    return session_run_errand(&session, init, failure);
}

/* A mapping that the kernel refuses is named by its place; which of the two it was is in the failure. */
static void name_place(struct failure *failure, const struct id_map *map, const char *file)
{
    bool gids = failure->has_pointer && strstr(failure->pointer, "gidMappings");
    failure->has_pointer = false;
    fail_at(failure, "%s", gids ? map->gid_place : map->uid_place);
    snprintf(failure->file, sizeof(failure->file), "%s", file);
}

int make_id_maps(container_context *context, const struct compiled *compiled, struct spawn *spawn,
                 const char *file, int cancel, struct failure *failure)
{
    if (spawn->slot_count + compiled->id_map_count > SPAWN_MAX_SLOTS)
        return fail(failure, OCI_ERR_TOO_LARGE, "more than %zu different id mappings of mounts",
                    SPAWN_MAX_SLOTS - spawn->slot_count);
    size_t first = spawn->slot_count;
    for (size_t i = 0; i < compiled->id_map_count; i++)
        spawn->slots[first + i] = -1;
    spawn->slot_count += compiled->id_map_count;
    for (size_t i = 0; i < compiled->id_map_count; i++) {
        const struct id_map *map = &compiled->id_maps[i];
        int r = make_one(context, map, &spawn->slots[first + i], file, cancel, failure);
        if (r == OCI_ERR_ID_MAPPING || r == OCI_ERR_NAMESPACE)
            name_place(failure, map, file);
        if (r < 0)
            return r;
    }
    return 0;
}

void close_id_maps(const struct compiled *compiled, struct spawn *spawn)
{
    for (size_t i = 0; i < compiled->id_map_count && i < spawn->slot_count; i++) {
        int *slot = &spawn->slots[spawn->slot_count - 1 - i];
        close_fd(slot);
        *slot = -1;
    }
}
