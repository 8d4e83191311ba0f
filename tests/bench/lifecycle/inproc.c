/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Create, start, wait and delete through the library, in one process.
 *
 *   inproc BUNDLE STATE-ROOT [COUNT] [MEBIBYTES]    prints the microseconds of each run
 *
 * MEBIBYTES of touched memory show what the size of the host process costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ocikit/container.h>

static double microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int run(container_context *context, const char *bundle, const char *id)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    struct container_exit how = {-1, 0};
    container *made = NULL;
    container_error *error = NULL;
    options.bundle = bundle;
    int code = container_create(context, id, &options, &made, &error);
    if (code == 0)
        code = container_start(made, NULL, &error);
    if (code == 0)
        code = container_wait(made, -1, &how, &error);
    if (code == 0)
        code = container_delete(made, 0, &error);
    if (code)
        fprintf(stderr, "inproc: %s\n", container_error_message(error));
    container_error_free(error);
    container_close(made);
    return code || how.code;
}

int main(int argc, char **argv)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    container_context *context = NULL;
    char id[64];
    if (argc < 3) {
        fprintf(stderr, "usage: inproc BUNDLE STATE-ROOT [COUNT] [MEBIBYTES]\n");
        return 2;
    }
    int count = argc > 3 ? atoi(argv[3]) : 1;
    size_t size = argc > 4 ? (size_t)atoi(argv[4]) << 20 : 0;
    char *ballast = size ? malloc(size) : NULL;
    if (ballast)
        memset(ballast, 1, size);
    options.state_root = argv[2];
    if (container_context_new(&options, &context, NULL))
        return 1;
    snprintf(id, sizeof id, "oct-inproc-%d", (int)getpid());
    int result = 0;
    for (int i = 0; i < count && !result; i++) {
        double begun = microseconds();
        result = run(context, argv[1], id);
        printf("%.1f\n", microseconds() - begun);
    }
    container_context_free(context);
    free(ballast);
    return result ? 1 : 0;
}
