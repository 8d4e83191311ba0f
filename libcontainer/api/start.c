/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_start: release the init and hear from it that the program runs, or why it does not.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include <seccomp/filter.h>

static int wrong_state(const char *id, enum container_status status, struct failure *failure)
{
    switch (status) {
    case CONTAINER_STOPPED:
        return fail(failure, OCI_ERR_WRONG_STATE, "cannot start container \"%s\": it has stopped",
                    id);
    case CONTAINER_CREATING:
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot start container \"%s\": its create did not finish", id);
    default:
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot start container \"%s\": it is running already", id);
    }
}

static const char *program_of(const struct oci_runtime_config *config)
{
    return config->process && config->process->args_count ? config->process->args[0] : "?";
}

static int tell_listener(void *data, int fd, pid_t pid, struct failure *failure)
{
    return listener_send(data, fd, pid, failure);
}

/* Without new privileges the filter is loaded last, so that its fd comes with the start. */
static bool expects_listener(const struct oci_runtime_config *config)
{
    return config->process && config->process->has_no_new_privileges &&
           config->process->no_new_privileges && config->linux_ &&
           filter_notifies(config->linux_->seccomp);
}

/* The documents of a container that is started, and what is about this call. */
struct starting {
    oci_document *record_document, *config_document;
    const struct oci_record *record;
    const struct oci_runtime_config *config;
    int cancel; /* -1: nothing cancels it */
};

static void free_starting(struct starting *s)
{
    free_document(&s->record_document);
    free_document(&s->config_document);
}

/* A cancelled start leaves no program, and no hook of one, at work. */
static void end_cancelled(container *container)
{
    struct log log = context_log(container->context, container->id);
    struct failure told = {0};
    int r = kill_by_record(container->dir, container->id, SIGKILL, CONTAINER_KILL_ALL, &told);
    if (r < 0 && r != OCI_ERR_NOT_RUNNING && r != OCI_ERR_NOT_FOUND)
        log_message(&log, CONTAINER_LOG_WARNING, "after the cancelled start: %s", told.text);
    if (container->process.pidfd >= 0)
        process_await_end(container->process.pidfd, KILL_TIMEOUT_MS);
}

static int release(container *container, int pidfd, const struct starting *s, struct failure *failure)
{
    const struct oci_runtime_config *config = s->config;
    const struct oci_record *record = s->record;
    pid_t pid = (pid_t)record->pid;
    _close_ int socket = store_connect(container->dir);
    if (socket == -ECONNREFUSED)
        return fail(failure, OCI_ERR_INIT_DIED, "the init of container \"%s\" has ended",
                    container->id);
    if (socket < 0)
        return fail_errno(failure, OCI_ERR_IO, -socket,
                          "connect to the start socket of container \"%s\"", container->id);
    int r = message_send(socket, PLAN_MESSAGE_GO, pid);
    if (r < 0)
        return fail_errno(failure, OCI_ERR_INIT_DIED, -r, "the init of container \"%s\" has ended",
                          container->id);
    struct plan_message message;
    struct listening listening = {config, container->id, record->bundle, "created", pid, -1};
    const struct delivery delivery = {tell_listener, &listening, pid};
    r = await_running(socket, pidfd, s->cancel, expects_listener(config) ? &delivery : NULL, &message,
                      failure);
    /* While the init still hears us: at the end of the socket it would end by itself. */
    if (r == OCI_ERR_CANCELLED)
        end_cancelled(container);
    return r > 0 ? explain_start(&message, program_of(config), STORE_CONFIG, failure) : r;
}

/* The specification: when a startContainer or poststart hook fails, the container is stopped and
 * deleted. */
static void give_up(container *container, const struct oci_record *record, int root, int pidfd)
{
    struct log log = context_log(container->context, container->id);
    struct failure told = {0};
    if (destroy(container->context, container->id, root, container->dir, record, pidfd, &told) < 0)
        log_message(&log, CONTAINER_LOG_WARNING, "after the failed hook: %s", told.text);
}

/* The same without the lock, and so with the record as it is now: an update may have changed it, and a delete that
 * came first has left nothing to do. */
static void give_up_later(container *container, int root)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct log log = context_log(container->context, container->id);
    struct failure told = {0};
    _close_ int pidfd = -1;
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, &told);
    if (r == 0) {
        r = store_read_record(container->dir, container->id, &document, &record, &told);
        if (r == 0) {
            container_find_status(container->dir, record, &pidfd);
            give_up(container, record, root, pidfd);
        }
        store_unlock(container->dir);
    }
    if (r < 0 && r != OCI_ERR_NOT_FOUND)
        log_message(&log, CONTAINER_LOG_WARNING, "after the failed hook: %s", told.text);
}

static int run_poststart(container *container, const struct starting *s, struct failure *failure)
{
    const struct oci_runtime_config *config = s->config;
    if (config->hooks == NULL || config->hooks->poststart_count == 0)
        return 0;
    struct log log = context_log(container->context, container->id);
    struct compile_input input = {
        .id = container->id,
        .bundle = s->record->bundle,
        .config = config,
        .log = &log,
        .process_place = "/process",
        .keep_fds = 3,
    };
    const struct hook_list list = {"poststart", config->hooks->poststart,
                                   config->hooks->poststart_count};
    return run_host_hooks(container->context, &input, &list, 1, "running", (pid_t)s->record->pid,
                          STORE_CONFIG, s->cancel, failure);
}

static int start_locked(container *container, int root, struct starting *s, struct failure *failure)
{
    int r =
        store_read_record(container->dir, container->id, &s->record_document, &s->record, failure);
    if (r < 0)
        return r;
    _close_ int pidfd = -1;
    enum container_status status = container_find_status(container->dir, s->record, &pidfd);
    if (status != CONTAINER_CREATED)
        return wrong_state(container->id, status, failure);
    /* Its init would not answer. */
    if (is_frozen(s->record))
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot start container \"%s\": its control group is frozen", container->id);
    r = store_read_config(container->dir, &s->config_document, &s->config, failure);
    if (r == 0)
        r = release(container, pidfd, s, failure);
    if (r == 0 || failure->code != OCI_ERR_IO)
        unlinkat(container->dir, STORE_START, 0);
    if (r < 0 && failure->code == OCI_ERR_HOOK)
        give_up(container, s->record, root, pidfd);
    return r;
}

static int start(container *container, int cancel, struct failure *failure)
{
    struct starting starting _cleanup_(free_starting) = {.cancel = cancel};
    _close_ int root = store_open_root(container->context->state_root, false, failure);
    if (root < 0)
        return root;
    int r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, failure);
    if (r < 0)
        return r;
    r = start_locked(container, root, &starting, failure);
    store_unlock(container->dir);
    /* The container runs: a hook may change it, or execute something in it. */
    if (r == 0) {
        r = run_poststart(container, &starting, failure);
        if (r == OCI_ERR_CANCELLED)
            end_cancelled(container);
        else if (r < 0)
            give_up_later(container, root);
    }
    return r;
}

int container_start(container *container, const struct container_start_options *given,
                    container_error **error)
{
    struct failure failure = {0};
    struct container_start_options options = CONTAINER_START_OPTIONS_INIT;
    int r = options_copy(&options, sizeof(options), given, &failure);
    if (r == 0)
        r = start(container, options.cancel_fd ? *options.cancel_fd : -1, &failure);
    return r < 0 ? fail_public(&failure, "start", container->id, error) : 0;
}
