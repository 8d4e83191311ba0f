/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory's folders and locks.
 */
#include <state/store.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <base/util.h>

#define MAX_ID 1024

int store_check_id(const char *id, struct failure *failure)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.";
    size_t length = id ? strlen(id) : 0;
    if (length == 0)
        return fail(failure, OCI_ERR_INVALID_ID, "the container id is empty");
    if (length > MAX_ID)
        return fail(failure, OCI_ERR_INVALID_ID, "the container id is longer than %d characters",
                    MAX_ID);
    if (strspn(id, letters) != length || id[0] == '.' || id[0] == '-')
        return fail(
            failure, OCI_ERR_INVALID_ID,
            "container id \"%.64s\" is not of letters, digits and _+-. with no . or - in front",
            id);
    return 0;
}

/* Each missing component is made 0700, whatever the caller's umask. */
static int make_directories(const char *path, struct failure *failure)
{
    _close_ int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *p = path; dir >= 0 && *p;) {
        p += strspn(p, "/");
        size_t length = strcspn(p, "/");
        char name[256];
        if (length == 0)
            break;
        if (length >= sizeof(name))
            return fail(failure, OCI_ERR_INVALID_ARGUMENT,
                        "a component of state directory %s is too long", path);
        memcpy(name, p, length);
        name[length] = 0;
        p += length;
        if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
            return fail_errno(failure, OCI_ERR_IO, errno, "make state directory %s", path);
        int next = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0)
            return fail_errno(failure, OCI_ERR_IO, errno, "open state directory %s", path);
        close(dir);
        dir = next;
    }
    return 0;
}

int store_open_root(const char *root, bool make, struct failure *failure)
{
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        int r = make_directories(root, failure);
        if (r < 0)
            return r;
        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd >= 0)
        return fd;
    int code = errno == ENOENT ? OCI_ERR_NOT_FOUND : OCI_ERR_IO;
    return fail_errno(failure, code, errno, "open state directory %s", root);
}

static bool removed(int dir)
{
    struct stat st;
    return fstat(dir, &st) < 0 || st.st_nlink == 0;
}

/* A folder that exists belongs to a container, to a create at work (which holds the lock), or to a
 * create that was killed: then the lock is free and the record is missing or says "creating". */
static int examine(int root, const char *id, int *dir, struct failure *failure)
{
    _close_ int fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && !removed(fd)) {
        _cleanup_(free_document) oci_document *document = NULL;
        const struct oci_record *record = NULL;
        struct failure ignored = {0};
        int r = store_read_record(fd, id, &document, &record, &ignored);
        if (r == OCI_ERR_NOT_FOUND || (r == 0 && record->phase == OCI_RECORD_PHASE_CREATING)) {
            *dir = take_fd(&fd);
            return 1;
        }
    }
    return fail(failure, OCI_ERR_EXISTS, "container with id \"%s\" exists already", id);
}

int store_claim(int root, const char *id, int *dir, struct failure *failure)
{
    for (int tries = 0; tries < 8; tries++) {
        if (mkdirat(root, id, 0700) < 0) {
            if (errno == EEXIST)
                return examine(root, id, dir, failure);
            return fail_errno(failure, OCI_ERR_IO, errno, "make the state directory of \"%s\"", id);
        }
        _close_ int fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
            return fail_errno(failure, OCI_ERR_IO, errno, "open the state directory of \"%s\"", id);
        /* Between making and locking it, another create may have taken the folder for a left-over.
         */
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && !removed(fd)) {
            *dir = take_fd(&fd);
            return 0;
        }
    }
    return fail(failure, OCI_ERR_BUSY, "container id \"%s\" is fought over by several creates", id);
}

int store_open(const char *root, const char *id, int *dir, struct failure *failure)
{
    int r = store_check_id(id, failure);
    if (r < 0)
        return r;
    _close_ int top = store_open_root(root, false, failure);
    if (top == OCI_ERR_NOT_FOUND)
        return fail(failure, OCI_ERR_NOT_FOUND, "container \"%s\" does not exist", id);
    if (top < 0)
        return top;
    *dir = openat(top, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*dir >= 0)
        return 0;
    if (errno == ENOENT)
        return fail(failure, OCI_ERR_NOT_FOUND, "container \"%s\" does not exist", id);
    return fail_errno(failure, OCI_ERR_IO, errno, "open the state directory of \"%s\"", id);
}

int store_lock(int dir, const char *id, int timeout_ms, struct failure *failure)
{
    int waited = 0, nap = 1;
    while (flock(dir, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail_errno(failure, OCI_ERR_IO, errno, "lock container \"%s\"", id);
        if (waited >= timeout_ms)
            return fail(failure, OCI_ERR_BUSY, "container \"%s\" is in use by another operation",
                        id);
        poll(NULL, 0, nap);
        waited += nap;
        nap = nap < 16 ? nap * 2 : nap;
    }
    if (!removed(dir))
        return 0;
    flock(dir, LOCK_UN);
    return fail(failure, OCI_ERR_NOT_FOUND, "container \"%s\" does not exist", id);
}

void store_unlock(int dir)
{
    flock(dir, LOCK_UN);
}

int store_remove(int root, const char *id, int dir, struct failure *failure)
{
    /* record.json goes last: as long as it is there, a removal that was cut short can be repeated.
     */
    static const char *const files[] = {STORE_NOTIFY "/" STORE_NOTIFY_NAME,
                                        STORE_START,
                                        STORE_CONFIG,
                                        "config.json.new",
                                        "record.json.new",
                                        "record.json"};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (i == 1 && unlinkat(dir, STORE_NOTIFY, AT_REMOVEDIR) < 0 && errno != ENOENT)
            return fail_errno(failure, OCI_ERR_IO, errno,
                              "remove " STORE_NOTIFY " of container \"%s\"", id);
        if (unlinkat(dir, files[i], 0) < 0 && errno != ENOENT)
            return fail_errno(failure, OCI_ERR_IO, errno, "remove %s of container \"%s\"", files[i],
                              id);
    }
    if (unlinkat(root, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail_errno(failure, OCI_ERR_IO, errno, "remove the state directory of \"%s\"", id);
    return 0;
}
