/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit spec`: write a configuration to start from.
 */
#include "output.h"
#include "util.h"

#include <ocikit/value.h>

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
     "for a caller that is not root: a user namespace with the caller's ids, no resources"},
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

static void free_document(oci_document **document)
{
    oci_document_free(*document);
}

static bool set(oci_document *document, const char *pointer, const char *json)
{
    return oci_set(document, pointer, json, strlen(json), NULL) == 0;
}

/* Mounts that a user may not make as they are: sysfs belongs to the host's network, which is kept, and brings the
 * control groups with it; the group of terminals is not mapped. */
static bool change_mounts(oci_document *document)
{
    static const char sys[] = "{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\","
                              "\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}";
    static const char pts[] =
        "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]";
    /* From the last on: one of them goes. */
    for (size_t i = oci_runtime_config_root(document)->mounts_count; i-- > 0;) {
        const char *where = oci_runtime_config_root(document)->mounts[i].destination;
        char pointer[64];
        bool good = true;
        snprintf(pointer, sizeof(pointer), "/mounts/%zu", i);
        if (strcmp(where, "/sys/fs/cgroup") == 0) {
            good = oci_remove(document, pointer, NULL) == 0;
        } else if (strcmp(where, "/sys") == 0) {
            good = set(document, pointer, sys);
        } else if (strcmp(where, "/dev/pts") == 0) {
            snprintf(pointer, sizeof(pointer), "/mounts/%zu/options", i);
            good = set(document, pointer, pts);
        }
        if (!good)
            return false;
    }
    return true;
}

/* The default configuration for a caller that is not root; NULL when memory is out. */
static char *make_rootless(const char *text)
{
    static const char namespaces[] = "[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
                                     "{\"type\":\"mount\"},{\"type\":\"user\"}]";
    _cleanup_(free_document) oci_document *document = NULL;
    char uid[96], gid[96], *result = NULL;
    static const char mapping[] = "[{\"containerID\":0,\"hostID\":%u,\"size\":1}]";
    snprintf(uid, sizeof(uid), mapping, (unsigned)geteuid());
    snprintf(gid, sizeof(gid), mapping, (unsigned)getegid());
    if (oci_parse(oci_runtime_config_type(), text, strlen(text), NULL, &document, NULL) < 0 ||
        !set(document, "/linux/uidMappings", uid) || !set(document, "/linux/gidMappings", gid) ||
        !set(document, "/linux/namespaces", namespaces) ||
        oci_remove(document, "/linux/resources", NULL) < 0 || !change_mounts(document) ||
        oci_write(oci_runtime_config_type(), oci_runtime_config_root(document), OCI_WRITE_PRETTY,
                  &result, NULL) < 0)
        return NULL;
    return result;
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
    if (container_default_config(NULL, settings->no_terminal ? shell : NULL, &text, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    _spec_text_ char *rootless = settings->rootless ? make_rootless(text) : NULL;
    if (settings->rootless && rootless == NULL)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    return write_config(cli, directory, bundle, rootless ? rootless : text);
}

const struct cli_command cli_spec = {
    .name = "spec",
    .purpose = "write a config.json to start from",
    .arguments = "[options]",
    .about =
        "The configuration runs sh in the directory rootfs of the bundle, with namespaces of its\n"
        "own, few capabilities and no new privileges. A file that exists is not replaced.",
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
