/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract-start BUNDLE STATE MARK: a start that a hook holds up, which makes the file MARK.  Another thread kills
 * the container by the same handle, and by one whose container is gone; then the start is cancelled.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "broken.h"

struct start {
    container *made;
    int cancel;
    int code;
};

static void *run(void *data)
{
    struct start *start = data;
    struct container_start_options options = CONTAINER_START_OPTIONS_INIT;
    options.cancel_fd = &start->cancel;
    start->code = container_start(start->made, &options, NULL);
    return NULL;
}

/* The hook is at work. */
static int await_mark(const char *mark)
{
    for (int i = 0; access(mark, F_OK) < 0; i++) {
        if (i == 1000)
            return broken("the hook did not begin");
        usleep(10000);
    }
    return 0;
}

static int kill_gone(container_context *context, const struct container_create_options *options)
{
    container *old = NULL, *made = NULL;
    if (container_create(context, "start", options, &old, &error) < 0 ||
        container_delete(old, CONTAINER_DELETE_FORCE, &error) < 0 ||
        container_create(context, "start", options, &made, &error) < 0)
        return broken("create twice");
    if (container_kill(old, SIGKILL, 0, NULL) != OCI_ERR_NOT_FOUND)
        return broken("a handle has killed another container of its id");
    if (container_kill(made, 0, 0, &error) < 0 ||
        container_delete(made, CONTAINER_DELETE_FORCE, &error) < 0)
        return broken("the second is not there");
    container_close(old);
    container_close(made);
    return 0;
}

static int kill_and_cancel(struct start *start, int write_end, const char *mark)
{
    struct container_exit end = {0, 0};
    container_state *state = NULL;
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, start) != 0 || await_mark(mark))
        return broken("begin to start");
    if (container_kill(start->made, SIGCONT, 0, &error) < 0)
        return broken("signal during the start");
    if (write(write_end, "", 1) != 1)
        return broken("cancel");
    pthread_join(thread, NULL);
    if (start->code != OCI_ERR_CANCELLED)
        return broken("the start was not cancelled");
    if (container_wait(start->made, 0, &end, &error) < 0 || end.signal != SIGKILL)
        return broken("the container was not killed");
    if (container_get_state(start->made, &state, &error) < 0 ||
        container_state_status(state) != CONTAINER_STOPPED)
        return broken("the container is not stopped");
    container_state_free(state);
    return 0;
}

int main(int argc, char **argv)
{
    struct container_context_options settings = CONTAINER_CONTEXT_OPTIONS_INIT;
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container_context *context = NULL;
    struct start start = {NULL, -1, 0};
    int pair[2];
    if (argc != 4 || pipe(pair) < 0)
        return 2;
    start.cancel = pair[0];
    options.bundle = argv[1];
    settings.state_root = argv[2];
    if (container_context_new(&settings, &context, &error) < 0)
        return broken("context");
    if (kill_gone(context, &options))
        return 1;
    if (container_create(context, "start", &options, &start.made, &error) < 0)
        return broken("create");
    int r = kill_and_cancel(&start, pair[1], argv[3]);
    if (container_delete(start.made, CONTAINER_DELETE_FORCE, &error) < 0)
        r = broken("delete");
    container_close(start.made);
    container_context_free(context);
    return r;
}
