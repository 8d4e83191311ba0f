/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit spec`: write a configuration to start from.
 */
#include "output.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct settings {
    const char *bundle;
    bool no_terminal;
    bool rootless;
};

static const struct args_option options[] = {
    {"bundle", 'b', ARGS_TEXT, offsetof(struct settings, bundle), "DIR",
     "directory to write config.json into (default \".\")"},
    {"no-terminal", 0, ARGS_FLAG, offsetof(struct settings, no_terminal), NULL,
     "the program gets no terminal, but this command's own input and output"},
    {"rootless", 0, ARGS_FLAG, offsetof(struct settings, rootless), NULL,
     "for a user without privileges: a user namespace with this user as its root"},
};

static int write_all(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

static int write_config(struct cli *cli, int directory, const char *bundle, const char *text)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    _close_ int fd = openat(directory, "config.json", flags, 0644);
    if (fd < 0 && errno == EEXIST)
        return output_error(cli, CLI_ERROR, "remove or rename it first",
                            "%s/config.json already exists and is not replaced", bundle);
    if (fd < 0)
        return output_error(cli, CLI_ERROR, NULL, "%s/config.json cannot be made: %s", bundle,
                            ERRNO_TEXT(errno));
    if (write_all(fd, text) < 0) {
        int error = errno;
        unlinkat(directory, "config.json", 0);
        return output_error(cli, CLI_ERROR, NULL, "%s/config.json cannot be written: %s", bundle,
                            ERRNO_TEXT(error));
    }
    return CLI_OK;
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)arguments;
    const struct settings *settings = data;
    const char *bundle = settings->bundle ? settings->bundle : ".";
    _close_ int directory = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return output_error(cli, CLI_ERROR, NULL, "bundle %s cannot be opened: %s", bundle,
                            ERRNO_TEXT(errno));
    _text_ char *text = NULL;
    container_error *error = NULL;
    /* A configuration for a given program has no terminal. */
    static const char *const shell[] = {"sh", NULL};
    const char *const *argv = settings->no_terminal ? shell : NULL;
    int r = settings->rootless
                ? container_rootless_config(NULL, argv, geteuid(), getegid(), &text, &error)
                : container_default_config(NULL, argv, &text, &error);
    if (r < 0)
        return output_failure(cli, CLI_ERROR, error);
    return write_config(cli, directory, bundle, text);
}

const struct cli_command cli_spec = {
    .name = "spec",
    .purpose = "write a config.json to start from",
    .arguments = "[options]",
    .about =
        "The configuration runs sh in the directory rootfs of the bundle, with namespaces of its\n"
        "own, few capabilities and no new privileges. A file that exists is not replaced.\n"
        "\n"
        "With --rootless the container has a user namespace in which this user is root and the "
        "only\n"
        "one. To have more, add entries with the ranges of /etc/subuid and /etc/subgid to\n"
        "uidMappings and gidMappings, which needs newuidmap and newgidmap.",
    .examples = "  ocikit spec\n"
                "  ocikit spec --bundle /srv/web\n"
                "  ocikit spec --no-terminal\n"
                "  ocikit spec --rootless\n",
    .exit_codes = "  0    config.json is written\n"
                  "  1    it is not, or exists already\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .no_arguments = true,
    .run = run,
};
