/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options of container_create add to a configuration: environment, and the socket by which the program
 * tells that it is ready.  The configuration as it was given is not changed, and is what is stored.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define NOTIFY_VARIABLE "NOTIFY_SOCKET=" CONTAINER_NOTIFY_PATH

static size_t count_texts(const char *const *texts)
{
    size_t n = 0;
    while (texts && texts[n])
        n++;
    return n;
}

static int add_environment(struct additions *a, const char *const *env, bool notify,
                           struct failure *failure)
{
    size_t given = count_texts(env), more = given + notify, count = a->config.process->env_count;
    if (more == 0)
        return 0;
    a->process = *a->config.process;
    a->env = calloc(count + more, sizeof(*a->env));
    if (a->env == NULL)
        return fail_memory(failure);
    if (count)
        memcpy(a->env, a->process.env, count * sizeof(*a->env));
    if (given)
        memcpy(a->env + count, env, given * sizeof(*a->env));
    if (notify)
        a->env[count + given] = NOTIFY_VARIABLE;
    a->process.env = a->env;
    a->process.env_count = count + more;
    a->config.process = &a->process;
    return 0;
}

/* Read-only: the container has nothing to change there, and a socket can be written to all the same. */
static const char *const notify_options[] = {"bind", "ro", "nosuid", "nodev", "noexec"};

static int add_mount(struct additions *a, const char *root, const char *id, struct failure *failure)
{
    size_t count = a->config.mounts_count;
    a->mounts = calloc(count + 1, sizeof(*a->mounts));
    if (a->mounts == NULL || asprintf(&a->source, "%s/%s/" STORE_NOTIFY, root, id) < 0) {
        a->source = NULL;
        return fail_memory(failure);
    }
    if (count)
        memcpy(a->mounts, a->config.mounts, count * sizeof(*a->mounts));
    a->mounts[count] = (struct oci_mount){
        .destination = CONTAINER_NOTIFY_FOLDER,
        .type = "bind",
        .source = a->source,
        .options = (const char **)notify_options,
        .options_count = ARRAY_SIZE(notify_options),
    };
    a->config.mounts = a->mounts;
    a->config.mounts_count = count + 1;
    return 0;
}

int additions_make(struct additions *a, const struct oci_runtime_config *config,
                   const char *const *env, const char *root, const char *id,
                   struct failure *failure)
{
    *a = (struct additions){.config = *config};
    if (config->process == NULL)
        return 0; /* which is refused later, in better words */
    int r = add_environment(a, env, root != NULL, failure);
    return r == 0 && root ? add_mount(a, root, id, failure) : r;
}

void additions_free(struct additions *a)
{
    free(a->env);
    free(a->mounts);
    free(a->source);
}

int notify_make_folder(int dir, struct failure *failure)
{
    if (mkdirat(dir, STORE_NOTIFY, 0755) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make the folder of the notify socket");
    _close_ int folder = openat(dir, STORE_NOTIFY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Whatever the caller's umask is. */
    if (folder < 0 || fchmod(folder, 0755) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open the folder of the notify socket");
    return 0;
}

/* A socket's address holds 107 bytes: it is named in its directory's fd. */
static int bind_notify(int folder, int fd, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path),
             "/proc/thread-self/fd/%d/" STORE_NOTIFY_NAME, folder);
    /* Whoever waits in a start would never hear of the program again. */
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fail(failure, OCI_ERR_BUSY, "somebody else listens on the notify socket already");
    if (unlinkat(folder, STORE_NOTIFY_NAME, 0) < 0 && errno != ENOENT)
        return fail_errno(failure, OCI_ERR_IO, errno, "remove the old notify socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "bind the notify socket");
    /* The program may be anybody in the container; who else may come here, the state directory says. */
    if (fchmodat(folder, STORE_NOTIFY_NAME, 0777, 0) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open the notify socket to the container");
    return 0;
}

static int notify_open(container *container, struct failure *failure)
{
    _close_ int folder =
        openat(container->dir, STORE_NOTIFY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 && errno == ENOENT)
        return fail(failure, OCI_ERR_NOT_FOUND,
                    "container \"%s\" was created without a notify socket", container->id);
    if (folder < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open the folder of the notify socket");
    _close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make the notify socket");
    int r = bind_notify(folder, fd, failure);
    return r < 0 ? r : take_fd(&fd);
}

int container_notify_open(container *container, int *fd, container_error **error)
{
    struct failure failure = {0};
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, &failure);
    if (r == 0) {
        r = notify_open(container, &failure);
        store_unlock(container->dir);
    }
    if (r < 0)
        return fail_public(&failure, "notify", container->id, error);
    *fd = r;
    return 0;
}
