/* SPDX-License-Identifier: Apache-2.0 */
/* hello ROOTFS: run sh -c 'exit 7' in a root filesystem and print its exit code. */
#include <stdio.h>
#include <string.h>
#include <ocikit/container.h>

static int run(container *hello, container_error **error)
{
    struct container_exit end;
    if (container_start(hello, NULL, error) < 0 || container_wait(hello, -1, &end, error) < 0)
        return -1;
    printf("%d\n", end.code);
    return 0;
}

int main(int argc, char **argv)
{
    const char *const program[] = {"sh", "-c", "exit 7", NULL};
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container_context *context = NULL;
    container_error *error = NULL;
    container *hello = NULL;
    char *config = NULL;
    int failed = container_context_new(NULL, &context, &error) < 0 ||
                 container_default_config(argc > 1 ? argv[1] : NULL, program, &config, &error) < 0;
    options.bundle = ".";
    options.config = config;
    options.config_length = failed ? 0 : strlen(config);
    failed = failed || container_create(context, "hello", &options, &hello, &error) < 0 ||
             run(hello, &error) < 0;
    if (hello != NULL)
        failed |= container_delete(hello, CONTAINER_DELETE_FORCE, failed ? NULL : &error) < 0;
    if (failed)
        fprintf(stderr, "hello: %s\n", container_error_message(error));
    container_error_free(error);
    container_text_free(config);
    container_close(hello);
    container_context_free(context);
    return failed;
}
