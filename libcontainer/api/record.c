/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups in a container's record, both ways, and the time in it.
 */
#include <api/internal.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

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

int record_resctrl(const struct oci_record *record, struct resctrl_group *group, int *root,
                   struct failure *failure)
{
    const struct oci_record_resctrl *from = record ? record->resctrl : NULL;
    *group = (struct resctrl_group){0};
    *root = -1;
    if (from == NULL)
        return 0;
    group->mountpoint = strdup(from->mountpoint);
    group->name = strdup(from->name);
    group->monitor = from->monitor ? strdup(from->monitor) : NULL;
    group->made = from->has_made && from->made;
    if (group->mountpoint == NULL || group->name == NULL || (from->monitor && !group->monitor))
        return fail_memory(failure);
    struct failure told = {0};
    int r = resctrl_open(group, &told);
    if (r < 0 && r != OCI_ERR_NOT_FOUND) {
        *failure = told;
        return r;
    }
    *root = r >= 0 ? r : -1;
    return 0;
}

struct oci_record_resctrl resctrl_record(const struct resctrl_group *group)
{
    return (struct oci_record_resctrl){.mountpoint = group->mountpoint,
                                       .name = group->name,
                                       .monitor = group->monitor,
                                       .has_made = true,
                                       .made = group->made};
}

void record_time(char text[40])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t n = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + n, 40 - n, ".%09ldZ", now.tv_nsec);
}
