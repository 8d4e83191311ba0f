/* SPDX-License-Identifier: Apache-2.0 */
/* Run the bundle that the first argument names and print the exit code of its program. */
#include <stdio.h>

#include <ocikit/container.h>

static int run(container *hello, container_error **error)
{
    struct container_exit end;
    if (container_start(hello, error) < 0 || container_wait(hello, -1, &end, error) < 0)
        return -1;
    printf("%d\n", end.code);
    return 0;
}

int main(int argc, char **argv)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container_context *context = NULL;
    container_error *error = NULL;
    container *hello = NULL;
    int failed;

    options.bundle = argc > 1 ? argv[1] : ".";
    failed = container_context_new(NULL, &context, &error) < 0 ||
             container_create(context, "hello", &options, &hello, &error) < 0 ||
             run(hello, &error) < 0;
    if (hello != NULL)
        failed |= container_delete(hello, CONTAINER_DELETE_FORCE, failed ? NULL : &error) < 0;
    if (failed)
        fprintf(stderr, "hello: %s\n", container_error_message(error));
    container_error_free(error);
    container_close(hello);
    container_context_free(context);
    return failed;
}
