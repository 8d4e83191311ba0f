/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id mappings of mounts.  The kernel takes them from user namespaces: the library makes one for each distinct
 * mapping and passes it to the init; the container's own, where it is joined by path, is used as it is.
 */
#include <plan/mount_plan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

/* Kinds of filesystems that no kernel can map; others are asked. */
static const char *const unmappable[] = {"proc", "sysfs", "mqueue", "devpts", "cgroup", "cgroup2"};

static char *map_lines(struct compiler *c, const char *place, const struct oci_id_mapping *maps,
                       size_t count)
{
    _buffer_ struct buffer lines = {0};
    for (size_t i = 0; i < count; i++) {
        uint64_t in = (uint64_t)maps[i].container_id + maps[i].size;
        uint64_t out = (uint64_t)maps[i].host_id + maps[i].size;
        if (maps[i].size == 0 || in > UINT32_MAX || out > UINT32_MAX) {
            fail_at(c->failure, "%s/%zu", place, i);
            fail(c->failure, OCI_ERR_ID_MAPPING, "the range is empty or goes beyond the last id");
            return NULL;
        }
        buffer_format(&lines, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
    }
    char *text = buffer_take(&lines);
    if (text == NULL)
        fail_memory(c->failure);
    return text;
}

static void map_free(struct id_map *map)
{
    free(map->uids);
    free(map->gids);
}

/* The slot of this mapping: that of an equal one, or the next. */
static int add_map(struct compiler *c, struct id_map *map, int32_t *slot)
{
    struct compiled *out = c->out;
    int32_t first = (int32_t)c->builder.slot_count - (int32_t)out->id_map_count;
    for (size_t i = 0; i < out->id_map_count; i++) {
        if (strcmp(out->id_maps[i].uids, map->uids) == 0 &&
            strcmp(out->id_maps[i].gids, map->gids) == 0) {
            *slot = first + (int32_t)i;
            map_free(map);
            return 0;
        }
    }
    struct id_map *maps = realloc(out->id_maps, (out->id_map_count + 1) * sizeof(*out->id_maps));
    if (maps == NULL) {
        map_free(map);
        return fail_memory(c->failure);
    }
    out->id_maps = maps;
    maps[out->id_map_count++] = *map;
    *slot = plan_slot(&c->builder);
    return 0;
}

static int find_map(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    const struct oci_linux *l = c->linux_;
    bool own = mount->uid_mappings_count > 0;
    struct id_map map = {0};
    if (own) {
        snprintf(map.uid_place, sizeof(map.uid_place), "/mounts/%zu/uidMappings", index);
        snprintf(map.gid_place, sizeof(map.gid_place), "/mounts/%zu/gidMappings", index);
    } else {
        snprintf(map.uid_place, sizeof(map.uid_place), "/linux/uidMappings");
        snprintf(map.gid_place, sizeof(map.gid_place), "/linux/gidMappings");
    }
    map.uids = map_lines(c, map.uid_place, own ? mount->uid_mappings : l->uid_mappings,
                         own ? mount->uid_mappings_count : l->uid_mappings_count);
    if (map.uids)
        map.gids = map_lines(c, map.gid_place, own ? mount->gid_mappings : l->gid_mappings,
                             own ? mount->gid_mappings_count : l->gid_mappings_count);
    if (map.uids == NULL || map.gids == NULL) {
        map_free(&map);
        return c->failure->code;
    }
    return add_map(c, &map, &c->mounts[index].map_slot);
}

static int check_kind(struct compiler *c, size_t index, const char *place)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    for (size_t i = 0; !c->mounts[index].bind && i < ARRAY_SIZE(unmappable); i++) {
        if (strcmp(mount->type, unmappable[i]) != 0)
            continue;
        fail_at(c->failure, "/mounts/%zu/%s", index, place);
        return fail(c->failure, OCI_ERR_UNSUPPORTED,
                    "a filesystem of type %s does not allow id mappings", mount->type);
    }
    return 0;
}

static int one_map(struct compiler *c, size_t index)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    const struct mount_plan *plan = &c->mounts[index];
    bool uids = mount->uid_mappings_count > 0, gids = mount->gid_mappings_count > 0;
    if (!plan->idmap && !uids && !gids)
        return 0;
    if (uids != gids) {
        fail_at(c->failure, "/mounts/%zu/%s", index, uids ? "uidMappings" : "gidMappings");
        return fail(c->failure, OCI_ERR_CONFIG, "%s of a mount needs %s beside it",
                    uids ? "uidMappings" : "gidMappings", uids ? "gidMappings" : "uidMappings");
    }
    int r = check_kind(c, index, uids ? "uidMappings" : "options");
    if (r < 0)
        return r;
    if (uids || (c->namespaces.fresh & CLONE_NEWUSER))
        return find_map(c, index);
    if (!(c->namespaces.joined & CLONE_NEWUSER)) {
        fail_at(c->failure, "/mounts/%zu/options", index);
        return fail(c->failure, OCI_ERR_CONFIG,
                    "option idmap needs uidMappings and gidMappings, or a container with a user "
                    "namespace");
    }
    /* Taken when it is opened. */
    c->mounts[index].map_slot = INT32_MAX;
    return 0;
}

int compile_idmaps(struct compiler *c)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++)
        r = one_map(c, i);
    return r;
}

static const char *joined_user(const struct compiler *c, size_t *index)
{
    for (size_t i = 0; i < c->namespaces.join_count; i++) {
        if (c->namespaces.join[i].flag == CLONE_NEWUSER) {
            *index = c->namespaces.join[i].index;
            return c->namespaces.join[i].path;
        }
    }
    return NULL;
}

void compile_idmap_opens(struct compiler *c)
{
    c->joined_user_slot = PLAN_SLOT_NONE;
    for (size_t i = 0; i < c->config->mounts_count; i++) {
        if (c->mounts[i].map_slot != INT32_MAX)
            continue;
        if (c->joined_user_slot < 0) {
            size_t index = 0;
            char own[48];
            const char *path = joined_user(c, &index);
            /* That path may lead elsewhere by now; the container is still in it. */
            snprintf(own, sizeof(own), "/proc/%d/ns/user", (int)c->input->join);
            if (c->input->join)
                path = own;
            c->joined_user_slot = plan_slot(&c->builder);
            plan_from(&c->builder, OCI_ERR_NAMESPACE, "/linux/namespaces/%zu/path", index);
            PLAN_ADD(&c->builder, .code = PLAN_NS_OPEN, .slot0 = c->joined_user_slot,
                     .text0 = plan_text(&c->builder, path), .number0 = CLONE_NEWUSER);
        }
        c->mounts[i].map_slot = c->joined_user_slot;
    }
}

void compile_idmap(struct compiler *c, size_t index)
{
    const struct mount_plan *plan = &c->mounts[index];
    if (plan->map_slot < 0)
        return;
    PLAN_ADD(&c->builder, .code = PLAN_ID_MAP, .slot0 = plan->slot,
             .flags = plan->recursive_idmap ? PLAN_RECURSIVE : 0,
             .text0 = plan_text(&c->builder, c->config->mounts[index].destination),
             .number0 = (uint64_t)plan->map_slot);
}

int compile_id_map_holder(const struct id_map *map, struct compiled *compiled,
                          struct failure *failure)
{
    struct plan_builder b;
    memset(compiled, 0, sizeof(*compiled));
    plan_begin(&b, PLAN_SLOT_FIRST_GROUP);
    PLAN_ADD(&b, .code = PLAN_SYNC, .number0 = PLAN_SYNC_MAPS);
    PLAN_ADD(&b, .code = PLAN_SYNC, .number0 = PLAN_SYNC_HOOKS);
    PLAN_ADD(&b, .code = PLAN_EXIT);
    int r = plan_finish(&b, PLAN_SLOT_FIRST_GROUP, 3, &compiled->plan, failure);
    plan_builder_free(&b);
    compiled->clone_flags = CLONE_NEWUSER;
    compiled->uid_map = strdup(map->uids);
    compiled->gid_map = strdup(map->gids);
    compiled->new_user = true;
    if (r == 0 && (compiled->uid_map == NULL || compiled->gid_map == NULL))
        r = fail_memory(failure);
    if (r < 0)
        compiled_free(compiled);
    return r;
}
