/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract-children BUNDLE STATE: processes of container_exec that nobody waits for do not keep their
 * container from ending, and their status is there for a handle that comes late.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ocikit/container.h>

#include "broken.h"

static int execute(container *made, const char *verb, const char *argument,
                   container_process **process)
{
    const char *const argv[] = {"/bin/payload", verb, argument, NULL};
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    options.argv = argv;
    return container_exec(made, &options, process, &error);
}

/* The first process of the pid namespace cannot end before the others are collected. */
static int kill_and_wait(container_context *context, const struct container_create_options *options)
{
    container *made = NULL;
    container_process *kept = NULL, *dropped = NULL;
    struct container_exit end = {0, 0};
    if (container_create(context, "waited", options, &made, &error) < 0 ||
        container_start(made, NULL, &error) < 0)
        return broken("start the second");
    if (execute(made, "sleep", NULL, &kept) < 0 || execute(made, "sleep", NULL, &dropped) < 0)
        return broken("exec in the second");
    container_process_free(dropped);
    if (container_kill(made, SIGKILL, 0, &error) < 0)
        return broken("kill");
    if (container_wait(made, 20000, &end, &error) < 0)
        return broken("wait for the container");
    if (end.signal != SIGKILL)
        return broken("another end of the container");
    if (container_process_wait(kept, 1000, &end, &error) < 0)
        return broken("wait for its process");
    if (end.signal != SIGKILL)
        return broken("another end of its process");
    container_process_free(kept);
    if (container_delete(made, 0, &error) < 0)
        return broken("delete the second");
    container_close(made);
    return 0;
}

int main(int argc, char **argv)
{
    struct container_context_options settings = CONTAINER_CONTEXT_OPTIONS_INIT;
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container_context *context = NULL;
    container *made = NULL;
    container_process *kept = NULL, *dropped = NULL;
    struct container_exit end = {0, 0};
    if (argc != 3)
        return 2;
    options.bundle = argv[1];
    settings.state_root = argv[2];
    if (container_context_new(&settings, &context, &error) < 0 ||
        container_create(context, "children", &options, &made, &error) < 0 ||
        container_start(made, NULL, &error) < 0)
        return broken("start");
    if (execute(made, "exit", "5", &kept) < 0 || execute(made, "exit", "5", &dropped) < 0)
        return broken("exec");
    container_process_free(dropped);
    usleep(200000);
    if (container_delete(made, CONTAINER_DELETE_FORCE, &error) < 0)
        return broken("delete");
    if (container_process_wait(kept, 1000, &end, &error) < 0)
        return broken("wait");
    if (end.code != 5)
        return broken("another status");
    container_process_free(kept);
    container_close(made);
    int result = kill_and_wait(context, &options);
    container_context_free(context);
    return result;
}
