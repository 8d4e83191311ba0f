/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context and the handles: making and freeing them, and the small services that the operations
 * share.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define DEFAULT_STATE_ROOT "/run/ocikit"
#define DEFAULT_NEWUIDMAP "/usr/bin/newuidmap"
#define DEFAULT_NEWGIDMAP "/usr/bin/newgidmap"

static void free_context(container_context *context)
{
    free(context->state_root);
    free(context->newuidmap);
    free(context->systemd_bus);
    free(context->newgidmap);
    free(context);
}

static int context_make(const struct container_context_options *given, container_context **context,
                        struct failure *failure)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    int r = options_copy(&options, sizeof(options), given, failure);
    if (r < 0)
        return r;
    const char *root = options.state_root ? options.state_root : DEFAULT_STATE_ROOT;
    if (root[0] != '/')
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "state directory \"%s\" is not absolute",
                    root);
    const char *newuidmap = options.newuidmap ? options.newuidmap : DEFAULT_NEWUIDMAP;
    const char *newgidmap = options.newgidmap ? options.newgidmap : DEFAULT_NEWGIDMAP;
    if (newuidmap[0] != '/' || newgidmap[0] != '/')
        return fail(failure, OCI_ERR_INVALID_ARGUMENT,
                    "the path of an id map helper is not absolute");
    container_context *result = calloc(1, sizeof(*result));
    if (result == NULL)
        return fail_memory(failure);
    result->state_root = strdup(root);
    result->newuidmap = strdup(newuidmap);
    result->newgidmap = strdup(newgidmap);
    result->systemd_bus = options.systemd_bus ? strdup(options.systemd_bus) : NULL;
    if ((options.systemd_bus && result->systemd_bus == NULL) || result->state_root == NULL || result->newuidmap == NULL || result->newgidmap == NULL ||
        pthread_mutex_init(&result->lock, NULL) != 0) {
        free_context(result);
        return fail_memory(failure);
    }
    result->log = options.log;
    result->log_data = options.log_data;
    result->init = -1;
    *context = result;
    return 0;
}

int container_context_new(const struct container_context_options *options,
                          container_context **context, container_error **error)
{
    struct failure failure = {0};
    int r = context_make(options, context, &failure);
    return r < 0 ? fail_public(&failure, "context", NULL, error) : 0;
}

void container_context_free(container_context *context)
{
    if (context == NULL)
        return;
    close_fd(&context->init);
    context_collect(context);
    context_forget_children(context);
    pthread_mutex_destroy(&context->lock);
    free_context(context);
}

int context_init(container_context *context, struct failure *failure)
{
    pthread_mutex_lock(&context->lock);
    if (context->init < 0)
        context->init = spawn_init_image(failure);
    int r = context->init;
    if (r < 0)
        context->init = -1;
    pthread_mutex_unlock(&context->lock);
    return r;
}

container *handle_new(container_context *context, const char *id, int dir, pid_t pid, int pidfd,
                      int terminal)
{
    container *result = calloc(1, sizeof(*result));
    char *copy = strdup(id);
    if (result == NULL || copy == NULL) {
        free(result);
        free(copy);
        return NULL;
    }
    *result = (container){
        .context = context,
        .id = copy,
        .dir = dir,
        .process = {.pidfd = pidfd, .pid = pid, .terminal = terminal},
    };
    return result;
}

void container_close(container *container)
{
    if (container == NULL)
        return;
    close_fd(&container->dir);
    tracked_close(&container->process);
    free(container->id);
    free(container);
}

const char *container_id(const container *container)
{
    return container->id;
}

int container_terminal_fd(const container *container)
{
    return container->process.terminal;
}

int container_pidfd(const container *container)
{
    return container->process.pidfd;
}

const char *container_version(void)
{
    return OCIKIT_VERSION;
}

void container_text_free(char *text)
{
    free(text);
}

void tracked_close(struct tracked *process)
{
    close_fd(&process->pidfd);
    close_fd(&process->terminal);
    process->pidfd = process->terminal = -1;
}

int tracked_collect(struct tracked *process, struct failure *failure)
{
    if (process->has_status)
        return 0;
    if (process->pidfd < 0)
        return fail(failure, OCI_ERR_STATUS_LOST,
                    "the process had ended when this handle was made; its exit status is not known");
    int r = process_wait(process->pidfd, 0, &process->status, failure);
    process->has_status = r == 0;
    return r;
}

int stdio_resolve(const int given[3], int result[3], int *null, struct failure *failure)
{
    bool missing = false;
    *null = -1;
    for (int i = 0; i < 3; i++) {
        result[i] = given && given[i] >= 0 ? given[i] : i;
        if (fcntl(result[i], F_GETFD) >= 0)
            continue;
        if (given && given[i] >= 0)
            return fail(failure, OCI_ERR_INVALID_ARGUMENT, "stdio fd %d is not open", given[i]);
        result[i] = -1;
        missing = true;
    }
    if (!missing)
        return 0;
    *null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (*null < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open /dev/null");
    for (int i = 0; i < 3; i++) {
        if (result[i] < 0)
            result[i] = *null;
    }
    return 0;
}

int stdio_replace(int result[3], int *null, struct failure *failure)
{
    if (*null < 0)
        *null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (*null < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open /dev/null");
    result[0] = result[1] = result[2] = *null;
    return 0;
}

int check_preserved(const int *fds, size_t count, struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        if (fcntl(fds[i], F_GETFD) < 0)
            return fail(failure, OCI_ERR_INVALID_ARGUMENT,
                        "fd %d, which is to be preserved, is not open", fds[i]);
    }
    return 0;
}
