/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different for a caller without the host's privileges, and inside user namespaces in general: what
 * must be there, what is done instead, what is left out.
 */
#include <plan/compile_internal.h>

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

bool opens_trees_late(const struct compiler *c)
{
    const struct caller *caller = c->input->caller;
    return caller && !caller->owns_mounts && has_user_namespace(c);
}

bool is_restricted(const struct compiler *c)
{
    const struct caller *caller = c->input->caller;
    return has_user_namespace(c) || (caller && caller->in_user_namespace);
}

uint16_t visible_flag(const struct compiler *c)
{
    const struct caller *caller = c->input->caller;
    return caller && caller_is_rootless(caller) ? PLAN_VISIBLE : 0;
}

int check_privileges(struct compiler *c)
{
    const struct caller *caller = c->input->caller;
    if (caller && c->linux_->net_devices_count && !caller_can(caller, CAP_NET_ADMIN)) {
        fail_at(c->failure, "/linux/netDevices");
        return fail(
            c->failure, OCI_ERR_PERMISSION,
            "moving a network device needs CAP_NET_ADMIN where it is, which user %u does not have",
            caller->uid);
    }
    if (caller == NULL || caller_can(caller, CAP_SYS_ADMIN) || has_user_namespace(c))
        return 0;
    fail_at(c->failure, "/linux/namespaces");
    return fail(
        c->failure, OCI_ERR_PERMISSION,
        "user %u has no privileges to make this container with: give it a namespace of type user, "
        "with uidMappings and gidMappings (as `ocikit spec --rootless` writes them), or call as "
        "root",
        caller->uid);
}

/* The mappings count only for a user namespace that is made, not for one by path. */
static bool has_own_maps(const struct compiler *c)
{
    for (size_t i = 0; i < c->linux_->namespaces_count; i++) {
        const struct oci_linux_namespace *ns = &c->linux_->namespaces[i];
        if (ns->type == OCI_NAMESPACE_TYPE_USER && (ns->path == NULL || ns->path[0] == 0))
            return true;
    }
    return false;
}

static bool in_maps(const struct oci_id_mapping *maps, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
            return true;
    }
    return false;
}

/* Does the id exist in the container's user namespace, as far as is known before that is made or entered? */
static bool has_id(const struct compiler *c, bool group, uint32_t id)
{
    const struct oci_linux *l = c->linux_;
    const struct caller *caller = c->input->caller;
    if (has_own_maps(c))
        return group ? in_maps(l->gid_mappings, l->gid_mappings_count, id)
                     : in_maps(l->uid_mappings, l->uid_mappings_count, id);
    if (caller == NULL || has_user_namespace(c))
        return true;
    return caller_has_id(group ? &caller->gids : &caller->uids, id);
}

static int no_such_id(struct compiler *c, const char *member, bool group, uint32_t id)
{
    fail_at(c->failure, "%s/user/%s", process_place(c), member);
    if (has_own_maps(c))
        return fail(c->failure, OCI_ERR_ID_MAPPING,
                    "%u does not exist in the container: no entry of /linux/%s has it", id,
                    group ? "gidMappings" : "uidMappings");
    return fail(c->failure, OCI_ERR_ID_MAPPING,
                "%u does not exist in the caller's user namespace: see /proc/self/%s", id,
                group ? "gid_map" : "uid_map");
}

/* One group that is the caller's own can be mapped without help, at the price of setgroups. */
static bool lost_setgroups(const struct compiler *c)
{
    const struct caller *caller = c->input->caller;
    return caller && !caller_can(caller, CAP_SETGID) && c->linux_->gid_mappings_count == 1 &&
           c->linux_->gid_mappings[0].size == 1 &&
           c->linux_->gid_mappings[0].host_id == caller->gid;
}

int check_mapped_ids(struct compiler *c, const struct oci_process *process)
{
    static const struct oci_user root;
    const struct oci_user *user = process->user ? process->user : &root;
    if (!has_id(c, false, user->uid))
        return no_such_id(c, "uid", false, user->uid);
    if (!has_id(c, true, user->gid))
        return no_such_id(c, "gid", true, user->gid);
    for (size_t i = 0; i < user->additional_gids_count; i++) {
        if (!has_id(c, true, user->additional_gids[i]))
            return no_such_id(c, "additionalGids", true, user->additional_gids[i]);
    }
    if (user->additional_gids_count == 0 || !has_own_maps(c) || !lost_setgroups(c))
        return 0;
    fail_at(c->failure, "%s/user/additionalGids", process_place(c));
    return fail(
        c->failure, OCI_ERR_USER,
        "a user that maps only its own group cannot set additional groups: leave them out, or map "
        "subordinate groups of /etc/subgid as well");
}

void drop_unmapped_options(struct compiler *c, size_t index, const char **data, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool group = strncmp(data[i], "gid=", 4) == 0;
        bool owner = group || strncmp(data[i], "uid=", 4) == 0;
        if (owner && !has_id(c, group, (uint32_t)strtoul(data[i] + 4, NULL, 10)))
            log_message(c->input->log, CONTAINER_LOG_WARNING,
                        "/mounts/%zu: the user namespace does not map \"%s\"; left out", index,
                        data[i]);
        else
            data[kept++] = data[i];
    }
    *count = kept;
}

const char *filesystem_fallback(const struct compiler *c, const char *type)
{
    if (!is_restricted(c) || type == NULL)
        return NULL;
    if (strcmp(type, "sysfs") == 0)
        return "/sys";
    if (strcmp(type, "mqueue") == 0 && !(c->namespaces.fresh & CLONE_NEWIPC))
        return "/dev/mqueue";
    /* Of another pid namespace the host's would tell nothing true. */
    if (strcmp(type, "proc") == 0 &&
        !((c->namespaces.fresh | c->namespaces.joined) & CLONE_NEWPID))
        return "/proc";
    return NULL;
}
