/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the global options to the library's context.
 */
#include "cli.h"
#include "find_program.h"
#include "output.h"
#include "util.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Root of the host, and not of a user namespace, which has fewer ids. */
static bool is_root_of_host(void)
{
    unsigned long inside, outside, size;
    if (geteuid() != 0)
        return false;
    _cleanup_(close_file) FILE *maps = fopen("/proc/self/uid_map", "re");
    return maps == NULL || fscanf(maps, "%lu %lu %lu", &inside, &outside, &size) != 3 ||
           size == UINT32_MAX;
}

/* The directory that login gives a user for such things; NULL with errno set, or 0 where there is none. */
static char *runtime_directory(void)
{
    const char *given = getenv("XDG_RUNTIME_DIR");
    if (given && given[0] == '/')
        return strdup(given);
    char *path = NULL;
    struct stat st;
    errno = 0;
    if (asprintf(&path, "/run/user/%u", geteuid()) < 0)
        return NULL;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid())
        return path;
    free(path);
    errno = 0;
    return NULL;
}

/* The state directory: --root, made absolute; or the default of this user.  NULL with errno set. */
static char *state_root(const struct cli *cli)
{
    char *path = NULL;
    if (cli->root == NULL && !is_root_of_host()) {
        _free_ char *runtime = runtime_directory();
        if (runtime)
            return asprintf(&path, "%s/ocikit", runtime) < 0 ? NULL : path;
        if (errno)
            return NULL;
    }
    if (cli->root == NULL)
        return strdup("/run/ocikit");
    if (cli->root[0] == '/')
        return strdup(cli->root);
    _free_ char *here = getcwd(NULL, 0);
    if (here == NULL)
        return NULL;
    return asprintf(&path, "%s/%s", here, cli->root) < 0 ? NULL : path;
}

/* A user's own systemd is on the bus of its session; NULL: the library's default, or memory is out. */
static char *systemd_bus(void)
{
    const char *given = getenv("DBUS_SESSION_BUS_ADDRESS");
    if (is_root_of_host())
        return NULL;
    if (given && given[0])
        return strdup(given);
    char *address = NULL;
    _free_ char *runtime = runtime_directory();
    return runtime && asprintf(&address, "unix:path=%s/bus", runtime) >= 0 ? address : NULL;
}

int cli_context(struct cli *cli)
{
    if (cli->context)
        return 0;
    cli->root_path = state_root(cli);
    if (cli->root_path == NULL) {
        output_error(cli, CLI_ERROR, NULL, "the state directory cannot be named: %s",
                     ERRNO_TEXT(errno));
        return OCI_ERR_IO;
    }
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    options.state_root = cli->root_path;
    options.log = output_log;
    options.log_data = cli;
    /* Only who may not map ids itself ever needs them. */
    _free_ char *newuidmap = is_root_of_host() ? NULL : find_program("newuidmap");
    _free_ char *newgidmap = is_root_of_host() ? NULL : find_program("newgidmap");
    options.newuidmap = newuidmap;
    options.newgidmap = newgidmap;
    _free_ char *bus = cli->systemd_cgroup ? systemd_bus() : NULL;
    options.systemd_bus = bus;
    container_error *error = NULL;
    int r = container_context_new(&options, &cli->context, &error);
    if (r < 0)
        output_failure(cli, CLI_ERROR, error);
    return r;
}

int cli_open(struct cli *cli, const char *id, container **result)
{
    int r = cli_context(cli);
    if (r < 0)
        return r;
    container_error *error = NULL;
    r = container_open(cli->context, id, result, &error);
    if (r < 0)
        output_failure(cli, CLI_ERROR, error);
    return r;
}
