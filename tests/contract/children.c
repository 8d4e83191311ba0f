/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract-children BUNDLE STATE: processes of container_exec that nobody waits for do not keep their
 * container from ending, and their status is there for a handle that comes late.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ocikit/container.h>

static container_error *error;

static int broken(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, container_error_message(error));
    return 1;
}

static int execute(container *made, container_process **process)
{
    const char *const argv[] = {"/bin/payload", "exit", "5", NULL};
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    options.argv = argv;
    return container_exec(made, &options, process, &error);
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
        container_start(made, &error) < 0)
        return broken("start");
    if (execute(made, &kept) < 0 || execute(made, &dropped) < 0)
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
    container_context_free(context);
    return 0;
}
