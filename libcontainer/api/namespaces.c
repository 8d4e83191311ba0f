/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which namespaces a container is, seen from this thread.
 */
#include <api/internal.h>

#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/stat.h>

int differing_namespaces(pid_t pid, int pidfd, uint64_t *mask, struct failure *failure)
{
    static const struct {
        const char *name;
        uint64_t flag;
    } kinds[] = {
        {"mnt", CLONE_NEWNS},    {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},
        {"uts", CLONE_NEWUTS},   {"ipc", CLONE_NEWIPC},       {"user", CLONE_NEWUSER},
        {"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP},
    };
    *mask = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char path[64];
        struct stat theirs, ours;
        /* The thread's, not the process's: its main thread may have ended, or this one moved. */
        snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", kinds[i].name);
        bool known = stat(path, &ours) == 0;
        snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i].name);
        if (stat(path, &theirs) < 0 && !known && errno == ENOENT && !process_ended(pidfd))
            continue; /* not a kind that this kernel has */
        if (!known || stat(path, &theirs) < 0)
            return fail_errno(failure, OCI_ERR_NAMESPACE, errno, "look at namespace %s", path);
        if (theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
            *mask |= kinds[i].flag;
    }
    /* Had the process ended, its pid might be another's by now. */
    return process_ended(pidfd)
               ? fail(failure, OCI_ERR_WRONG_STATE, "cannot enter the container: it has stopped")
               : 0;
}
