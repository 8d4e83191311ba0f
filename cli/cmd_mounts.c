/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit mounts`: mounts of a container that is there already.  Several are added in their order; when one
 * fails, those before it are taken away again.
 */
#include "output.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Mount objects as the library reads them: the members of an array, in a configuration that holds nothing
 * else. */
struct mounts {
    oci_document *document;
    const struct oci_runtime_config *config;
};

#define LIMIT (1u << 20)

static void mounts_free(struct mounts *mounts)
{
    oci_document_free(mounts->document);
}

static int read_input(struct cli *cli, const char *name, char **text, size_t *length)
{
    int error = 0;
    bool standard = strcmp(name, "-") == 0;
    int r = standard ? oci_read_fd(STDIN_FILENO, LIMIT, text, length, &error)
                     : oci_read_file(AT_FDCWD, name, LIMIT, text, length, &error);
    if (r == 0)
        return CLI_OK;
    return output_error(cli, CLI_ERROR, NULL, "cannot read %s: %s",
                        standard ? "standard input" : name,
                        error ? ERRNO_TEXT(error) : oci_code_text(r));
}

static bool is_array(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '[';
}

/* What is wrong with the text, with its place there and not in the text around it. */
static int explain(struct cli *cli, const char *name, const char *text, const oci_report *report,
                   int code)
{
    static const char around[] = "/mounts";
    const struct oci_finding *finding = oci_report_first_error(report);
    const char *file = strcmp(name, "-") == 0 ? "standard input" : name;
    if (finding == NULL)
        return output_error(cli, CLI_ERROR, NULL, "%s: %s", file, oci_code_text(code));
    const char *place = finding->pointer ? finding->pointer : "";
    if (strncmp(place, around, sizeof(around) - 1) == 0)
        place += sizeof(around) - 1;
    if (!is_array(text) && strncmp(place, "/0", 2) == 0)
        place += 2;
    return output_error(cli, CLI_ERROR,
                        "it takes one mount object of a config.json, or an array of them",
                        "%s: %s%s%s", file, place, place[0] ? ": " : "", finding->text);
}

static int parse(struct cli *cli, const char *name, const char *text, struct mounts *mounts)
{
    /* Not only in its place below: text that closes the array there would pass. */
    size_t line, column;
    if (oci_locate(text, strlen(text), "", &line, &column) < 0)
        return output_error(cli, CLI_ERROR, NULL, "%s: %s", name, oci_code_text(OCI_ERR_SYNTAX));
    bool array = is_array(text);
    size_t size = strlen(text) + 64;
    _free_ char *whole = malloc(size);
    if (whole == NULL)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    snprintf(whole, size, "{\"ociVersion\":\"1.0.0\",\"mounts\":%s%s%s}", array ? "" : "[", text,
             array ? "" : "]");
    oci_report *report = NULL;
    int r = oci_parse(oci_runtime_config_type(), whole, strlen(whole), NULL, &mounts->document,
                      &report);
    int code = CLI_OK;
    if (r < 0)
        code = explain(cli, name, text, report, r);
    else
        mounts->config = oci_runtime_config_root(mounts->document);
    oci_report_free(report);
    return code;
}

static int read_mounts(struct cli *cli, const char *name, struct mounts *mounts)
{
    _spec_text_ char *text = NULL;
    size_t length = 0;
    int code = read_input(cli, name, &text, &length);
    if (code != CLI_OK)
        return code;
    if (strlen(text) != length)
        return output_error(cli, CLI_ERROR, NULL, "%s: a NUL byte stands in the text", name);
    code = parse(cli, name, text, mounts);
    if (code == CLI_OK && mounts->config->mounts_count == 0)
        return output_error(cli, CLI_ERROR, NULL, "%s: there is no mount in it", name);
    return code;
}

static int add_one(const struct oci_mount *mount, container *container, container_error **error)
{
    char *json = NULL;
    int r = oci_write(oci_mount_type(), mount, 0, &json, NULL);
    if (r < 0)
        return r;
    r = container_mount_add(container, json, strlen(json), error);
    oci_free(json);
    return r;
}

static int add(struct cli *cli, container *container, const struct mounts *mounts)
{
    const struct oci_runtime_config *config = mounts->config;
    for (size_t i = 0; i < config->mounts_count; i++) {
        container_error *error = NULL;
        if (add_one(&config->mounts[i], container, &error) == 0)
            continue;
        char hint[128];
        snprintf(hint, sizeof(hint), "this was mount %zu of %zu; none of them is mounted", i + 1,
                 config->mounts_count);
        while (i-- > 0) {
            if (container_mount_remove(container, config->mounts[i].destination, NULL) < 0)
                snprintf(hint, sizeof(hint), "the mount at \"%.64s\" could not be taken away again",
                         config->mounts[i].destination);
        }
        if (error == NULL)
            return output_error(cli, CLI_ERROR, NULL, "out of memory");
        return output_failure_hint(cli, CLI_ERROR, error, config->mounts_count > 1 ? hint : NULL);
    }
    return CLI_OK;
}

/* The last first, as they may lie on each other.  All are tried; the first failure is what is told. */
static int take_away(struct cli *cli, container *container, const struct mounts *mounts)
{
    int code = CLI_OK;
    for (size_t i = mounts->config->mounts_count; i-- > 0;) {
        container_error *error = NULL;
        if (container_mount_remove(container, mounts->config->mounts[i].destination, &error) < 0)
            code = output_failure(cli, CLI_ERROR, error);
    }
    return code;
}

static int take_away_one(struct cli *cli, container *container, const char *destination)
{
    container_error *error = NULL;
    if (container_mount_remove(container, destination, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

/* A destination is absolute and seldom the name of a file on the host; a directory is no list of mounts. */
static bool names_destination(const char *name)
{
    if (name[0] != '/')
        return false;
    _close_ int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char first = 0;
    ssize_t n;
    if (fd < 0)
        return true;
    do
        n = read(fd, &first, 1);
    while (n == 1 && strchr(" \t\r\n", first));
    return n != 1 || (first != '[' && first != '{');
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)data;
    const char *what = arguments->items[0], *name = arguments->items[2];
    bool adds = strcmp(what, "add") == 0;
    if (!adds && strcmp(what, "remove") != 0)
        return output_misuse(cli, &cli_mounts, "\"%s\" is neither add nor remove", what);
    struct mounts mounts __attribute__((cleanup(mounts_free))) = {NULL, NULL};
    bool one = !adds && names_destination(name);
    int code = one ? CLI_OK : read_mounts(cli, name, &mounts);
    if (code != CLI_OK)
        return code;
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[1], &found) < 0)
        return CLI_ERROR;
    if (one)
        return take_away_one(cli, found, name);
    return adds ? add(cli, found, &mounts) : take_away(cli, found, &mounts);
}

const struct cli_command cli_mounts = {
    .name = "mounts",
    .purpose = "add mounts to a container, or remove them",
    .arguments = "add ID FILE|-\n"
                 "       ocikit [global options] mounts remove ID FILE|-|DESTINATION",
    .about =
        "FILE (- is standard input) holds one mount object of a config.json, or an array of them.\n"
        "The container is created, running or paused, and has its own mount namespace. Mounts are\n"
        "made in the order of the array with the same checks as at create; when one fails, those\n"
        "before it are removed again. They are not recorded: they go with the container.\n"
        "\n"
        "remove takes the topmost mount at each destination away, the last of an array first,\n"
        "whoever made it. The root, /proc, what is mounted in it and masked paths stay.\n"
        "Neither remove nor the option remount follows a symbolic link.",
    .examples =
        "  echo '{\"destination\": \"/data\", \"source\": \"/srv/data\", \"type\": \"bind\",\n"
        "         \"options\": [\"bind\", \"ro\"]}' | ocikit mounts add web -\n"
        "  ocikit mounts add web mounts.json\n"
        "  ocikit mounts remove web mounts.json\n"
        "  ocikit mounts remove web /data\n",
    .exit_codes = "  0    all mounts were made, or removed\n"
                  "  1    a mount failed, or the container does not exist or has stopped\n"
                  "  2    a wrong call\n",
    .needs = "add or remove, a container id, and the mounts",
    .least = 3,
    .most = 3,
    .run = run,
};
