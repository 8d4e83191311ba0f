/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups in a container's record, both ways.
 */
#include <api/internal.h>

#include <string.h>

int record_groups(const struct oci_record *record, struct group_set *set, struct failure *failure)
{
    *set = (struct group_set){0};
    size_t count = record ? record->cgroups_count : 0;
    set->groups = calloc(count + 1, sizeof(*set->groups));
    if (set->groups == NULL)
        return fail_memory(failure);
    for (size_t i = 0; i < count; i++) {
        const struct oci_record_cgroup *from = &record->cgroups[i];
        struct group *to = &set->groups[set->count++];
        *to = (struct group){
            .controllers = strdup(from->controllers ? from->controllers : ""),
            .mountpoint = strdup(from->mountpoint),
            .path = strdup(from->path),
            .made = from->made,
            .fd = -1,
            .dir = -1,
        };
        to->v2 = to->controllers && to->controllers[0] == 0;
        if (to->controllers == NULL || to->mountpoint == NULL || to->path == NULL)
            return fail_memory(failure);
    }
    return 0;
}

struct oci_record_cgroup *groups_record(const struct group_set *set)
{
    struct oci_record_cgroup *list = calloc(set->count + 1, sizeof(*list));
    for (size_t i = 0; list && i < set->count; i++)
        list[i] = (struct oci_record_cgroup){
            .controllers = set->groups[i].controllers,
            .mountpoint = set->groups[i].mountpoint,
            .path = set->groups[i].path,
            .has_made = true,
            .made = set->groups[i].made,
        };
    return list;
}
