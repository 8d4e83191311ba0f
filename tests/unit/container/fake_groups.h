/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain folders that stand for control groups: a host's hierarchies of version 1, or the one of version 2.
 */
#ifndef OCIKIT_FAKE_GROUPS_H
#define OCIKIT_FAKE_GROUPS_H

#include "cmocka_unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/document.h>
#include <cgroup/group.h>
#include <cgroup/limits.h>

#define MAX_FILES 8

struct file {
    const char *name, *text;
};

/* Groups of a host: one unified, or one hierarchy for each controller. */
struct fake {
    char top[64];
    struct group groups[12];
    struct group_set set;
};

static const char all_controllers[] = "cpuset cpu io memory hugetlb pids rdma misc\n";

static inline void put(const char *directory, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline const char *get(const char *directory, const char *name, char text[512])
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return strcpy(text, "(no file)");
    size_t n = fread(text, 1, 511, file);
    fclose(file);
    text[n] = 0;
    return text;
}

static inline void remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fdopendir(fd);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (!dots && unlinkat(fd, entry->d_name, 0) < 0)
            remove_tree(fd, entry->d_name);
    }
    closedir(dir);
    assert_int_equal(unlinkat(parent, name, AT_REMOVEDIR), 0);
}

static inline void group_path(const struct fake *fake, const char *controller, char path[128])
{
    snprintf(path, 128, "%s/%s%sg", fake->top, controller, controller[0] ? "/" : "");
}

static inline void add_group(struct fake *fake, const char *controller)
{
    struct group *group = &fake->groups[fake->set.count++];
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", fake->top, controller);
    if (controller[0])
        assert_int_equal(mkdir(path, 0700), 0);
    *group = (struct group){.controllers = strdup(controller),
                            .mountpoint = strdup(path),
                            .path = strdup("/g"),
                            .v2 = controller[0] == 0,
                            .fd = -1,
                            .dir = -1};
    group_path(fake, controller, path);
    assert_int_equal(mkdir(path, 0700), 0);
    if (group->v2) {
        put(group->mountpoint, "cgroup.controllers", all_controllers);
        put(group->mountpoint, "cgroup.subtree_control", all_controllers);
    }
}

static inline void fake_begin(struct fake *fake, bool unified)
{
    static const char *const controllers[] = {"memory", "cpu",     "cpuset",  "blkio",   "pids",
                                              "rdma",   "hugetlb", "net_cls", "net_prio"};
    *fake = (struct fake){.top = "/tmp/ocikit-limits-XXXXXX"};
    assert_non_null(mkdtemp(fake->top));
    fake->set.groups = fake->groups;
    if (unified)
        add_group(fake, "");
    for (size_t i = 0; !unified && i < sizeof(controllers) / sizeof(controllers[0]); i++)
        add_group(fake, controllers[i]);
}

static inline void fake_end(struct fake *fake)
{
    for (size_t i = 0; i < fake->set.count; i++) {
        free(fake->groups[i].controllers);
        free(fake->groups[i].mountpoint);
        free(fake->groups[i].path);
    }
    remove_tree(AT_FDCWD, fake->top);
}

/* "memory/memory.max" of a version 1 host, "memory.max" of the unified one. */
static inline void place_of(const struct fake *fake, const char *name, char directory[128],
                            const char **file)
{
    const char *slash = strchr(name, '/');
    char controller[32] = "";
    if (slash)
        snprintf(controller, sizeof(controller), "%.*s", (int)(slash - name), name);
    group_path(fake, controller, directory);
    *file = slash ? slash + 1 : name;
}

static inline int update(const struct fake *fake, const char *json, struct failure *failure)
{
    oci_document *document = NULL;
    *failure = (struct failure){0};
    assert_int_equal(
        oci_parse(oci_linux_resources_type(), json, strlen(json), NULL, &document, NULL), 0);
    int r = groups_update(&fake->set, oci_linux_resources_root(document), NULL, NULL, NULL, failure);
    oci_document_free(document);
    return r;
}

#endif
