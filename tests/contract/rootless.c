/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract-rootless ROOTFS BUNDLE STATE NEWUIDMAP NEWGIDMAP: the library in a process without privileges.  A root
 * filesystem is run without a configuration, then a bundle with subordinate ids; afterwards the process has the
 * fds and children that it had.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocikit/container.h>

#include "broken.h"

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    while (dir && readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int check_config(void)
{
    char *text = NULL;
    if (container_rootless_config("/srv/box", NULL, 4321, 8765, &text, &error) < 0)
        return broken("configuration");
    int good = strstr(text, "\"hostID\": 4321") && strstr(text, "\"hostID\": 8765") &&
               strstr(text, "\"/srv/box\"") && strstr(text, "\"user\"") && !strstr(text, "gid=5") &&
               !strstr(text, "\"resources\"");
    container_text_free(text);
    return good ? 0 : broken("another configuration");
}

static int run_rootfs(container_context *context, const char *rootfs)
{
    const char *const argv[] = {"/bin/sh", "-c", "test $(id -u) = 0 && exit 7", NULL};
    struct container_exit end = {0, 0};
    if (container_run(context, NULL, rootfs, argv, NULL, &end, &error) < 0)
        return broken("run");
    return end.code == 7 ? 0 : broken("another status of run");
}

static int run_bundle(container_context *context, const char *bundle)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    struct container_exec_options exec = CONTAINER_EXEC_OPTIONS_INIT;
    const char *const argv[] = {"/bin/sh", "-c", "exit $(id -u)", NULL};
    container *made = NULL;
    container_process *process = NULL;
    struct container_exit end = {0, 0};
    options.bundle = bundle;
    exec.argv = argv;
    exec.user = "33:33";
    if (container_create(context, "rootless", &options, &made, &error) < 0 ||
        container_start(made, NULL, &error) < 0 || container_exec(made, &exec, &process, &error) < 0 ||
        container_process_wait(process, 10000, &end, &error) < 0)
        return broken("bundle");
    container_process_free(process);
    if (end.code != 33)
        return broken("another user");
    if (container_delete(made, CONTAINER_DELETE_FORCE, &error) < 0)
        return broken("delete");
    container_close(made);
    return 0;
}

static int check_options(const struct container_context_options *good)
{
    struct container_context_options bad = *good;
    container_context *context = NULL;
    bad.newuidmap = "newuidmap";
    if (container_context_new(&bad, &context, NULL) == OCI_ERR_INVALID_ARGUMENT)
        return 0;
    return broken("a relative path of a helper was taken");
}

int main(int argc, char **argv)
{
    struct container_context_options settings = CONTAINER_CONTEXT_OPTIONS_INIT;
    container_context *context = NULL;
    if (argc != 6 || geteuid() == 0)
        return 2;
    settings.state_root = argv[3];
    settings.newuidmap = argv[4];
    settings.newgidmap = argv[5];
    if (check_options(&settings) || check_config())
        return 1;
    int fds = count_fds();
    if (container_context_new(&settings, &context, &error) < 0)
        return broken("context");
    int r = run_rootfs(context, argv[1]);
    if (r == 0)
        r = run_bundle(context, argv[2]);
    container_context_free(context);
    if (r == 0 && (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD))
        r = broken("children are left");
    if (r == 0 && count_fds() != fds)
        r = broken("fds are left");
    return r;
}
