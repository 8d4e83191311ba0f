/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are in a container's groups.  Only reads.
 */
#include <cgroup/group.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>

/* How deep groups inside the container's may lie. */
#define DEEPEST 64

struct pids {
    pid_t *list;
    size_t count, room;
};

static bool add(struct pids *pids, pid_t pid)
{
    if (pids->count == pids->room) {
        size_t room = pids->room ? pids->room * 2 : 64;
        pid_t *more = realloc(pids->list, room * sizeof(*more));
        if (more == NULL)
            return false;
        pids->list = more;
        pids->room = room;
    }
    pids->list[pids->count++] = pid;
    return true;
}

/* A group that went away meanwhile, or whose processes the kernel lists further up (a threaded one),
 * has none. */
static bool read_group(int dir, struct pids *pids)
{
    int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        close_fd(&fd);
        return true;
    }
    bool good = true;
    char line[32];
    while (good && fgets(line, sizeof(line), file)) {
        /* 0 is a process of a pid namespace that we cannot see into. */
        long pid = strtol(line, NULL, 10);
        good = pid <= 0 || add(pids, (pid_t)pid);
    }
    fclose(file);
    return good;
}

static bool read_tree(int dir, struct pids *pids, int depth)
{
    if (!read_group(dir, pids))
        return false;
    int fd = depth > DEEPEST ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL) {
        close_fd(&fd);
        return true;
    }
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(entries)) != NULL;) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        _close_ int child =
            openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        good = child < 0 || read_tree(child, pids, depth + 1);
    }
    closedir(entries);
    return good;
}

static int compare(const void *a, const void *b)
{
    pid_t first = *(const pid_t *)a, second = *(const pid_t *)b;
    return (first > second) - (first < second);
}

/* A process that moves while the tree is read may be met twice. */
static void sort(struct pids *pids)
{
    size_t kept = 0;
    if (pids->count)
        qsort(pids->list, pids->count, sizeof(*pids->list), compare);
    for (size_t i = 0; i < pids->count; i++) {
        if (kept == 0 || pids->list[i] != pids->list[kept - 1])
            pids->list[kept++] = pids->list[i];
    }
    pids->count = kept;
}

/* Every process is in every hierarchy: one is enough, and one that was made for the container has no
 * others in it. */
static int open_one(const struct group_set *set, struct failure *failure)
{
    int dir = OCI_ERR_NOT_FOUND;
    for (int own = 1; own >= 0 && dir < 0; own--) {
        for (size_t i = 0; dir < 0 && i < set->count; i++) {
            struct failure found = {0};
            if ((set->groups[i].made > 0) != own)
                continue;
            dir = group_open(&set->groups[i], &found);
            if (dir < 0 && found.error != ENOENT) {
                *failure = found;
                return dir;
            }
        }
    }
    return dir < 0 ? OCI_ERR_NOT_FOUND : dir;
}

int groups_processes(const struct group_set *set, pid_t **list, size_t *count,
                     struct failure *failure)
{
    struct pids pids = {0};
    if (set->count == 0)
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "the container has no control group, by which its processes are known");
    _close_ int dir = open_one(set, failure);
    if (dir < 0 && dir != OCI_ERR_NOT_FOUND)
        return dir;
    /* The result is a list to be freed, also an empty one. */
    bool good = (pids.list = malloc(64 * sizeof(*pids.list))) != NULL;
    pids.room = 64;
    if (good && dir >= 0)
        good = read_tree(dir, &pids, 0);
    if (!good) {
        free(pids.list);
        return fail_memory(failure);
    }
    sort(&pids);
    *list = pids.list;
    *count = pids.count;
    return 0;
}
