/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit ps`: the processes of a container, as numbers or as the host's ps(1) shows them.
 */
#include "output.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

struct settings {
    const char *format;
};

static const struct args_option options[] = {
    {"format", 'f', ARGS_TEXT, offsetof(struct settings, format), "FORMAT",
     "\"table\" or \"json\" (default table)"},
};

struct pids {
    pid_t *list;
    size_t count;
};

static void free_pids(struct pids *pids)
{
    container_processes_free(pids->list);
}

static bool has(const struct pids *pids, long pid)
{
    for (size_t i = 0; i < pids->count; i++) {
        if (pids->list[i] == pid)
            return true;
    }
    return false;
}

static int print_json(struct cli *cli, const struct pids *pids)
{
    putchar('[');
    for (size_t i = 0; i < pids->count; i++)
        printf("%s%d", i ? "," : "", (int)pids->list[i]);
    puts("]");
    return output_flush(cli);
}

/* Which word of the header is PID; -1 if none. */
static int find_column(const char *header)
{
    int column = 0;
    for (const char *p = header + strspn(header, " "); *p && *p != '\n'; column++) {
        size_t length = strcspn(p, " \n");
        if (length == 3 && memcmp(p, "PID", 3) == 0)
            return column;
        p += length;
        p += strspn(p, " ");
    }
    return -1;
}

static long pid_in(const char *line, int column)
{
    line += strspn(line, " ");
    for (; column > 0; column--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return strtol(line, NULL, 10);
}

/* Start ps with its output going to a pipe.  0 or an errno value. */
static int start_ps(const struct cli_arguments *arguments, pid_t *child, FILE **output)
{
    static char name[] = "ps", all[] = "-ef";
    size_t count = arguments->count - 1;
    _free_ char **argv = calloc(count + 3, sizeof(*argv));
    int ends[2];
    if (argv == NULL || pipe2(ends, O_CLOEXEC) < 0)
        return argv ? errno : ENOMEM;
    _close_ int writer = ends[1], reader = ends[0];
    argv[0] = name;
    argv[1] = all;
    for (size_t i = 0; i < count; i++)
        argv[i + 1] = arguments->items[i + 1];
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return r;
    r = posix_spawn_file_actions_adddup2(&actions, writer, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawnp(child, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (r != 0)
        return r;
    *output = fdopen(reader, "r");
    if (*output)
        reader = -1;
    return 0;
}

/* The header and the lines of the container's processes; false if there is no column of pids. */
static bool print_lines(FILE *output, const struct pids *pids)
{
    _free_ char *line = NULL;
    size_t room = 0;
    int column = -1;
    bool first = true, found = true;
    while (getline(&line, &room, output) >= 0) {
        if (first) {
            column = find_column(line);
            found = column >= 0;
        }
        if (found && (first || has(pids, pid_in(line, column))))
            fputs(line, stdout);
        first = false;
    }
    return found;
}

static int print_table(struct cli *cli, const struct pids *pids,
                       const struct cli_arguments *arguments)
{
    pid_t child;
    FILE *output = NULL;
    int status, r = start_ps(arguments, &child, &output);
    if (r != 0)
        return output_error(cli, CLI_ERROR, "`--format json` needs no ps", "ps cannot be run: %s",
                            ERRNO_TEXT(r));
    bool good = output && print_lines(output, pids);
    if (output)
        fclose(output);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return output_error(cli, CLI_ERROR, "what follows ID is given to ps(1) as it is",
                            "ps failed with status %d",
                            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    if (!good)
        return output_error(cli, CLI_ERROR, "give it one, as in `ocikit ps ID -o pid,args`",
                            "the output of ps has no column PID to choose lines by");
    return output_flush(cli);
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    bool is_json = settings->format && strcmp(settings->format, "json") == 0;
    if (settings->format && !is_json && strcmp(settings->format, "table") != 0)
        return output_misuse(cli, &cli_ps, "--format takes table or json, not \"%s\"",
                             settings->format);
    _container_ container *found = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    _cleanup_(free_pids) struct pids pids = {NULL, 0};
    container_error *error = NULL;
    if (container_processes(found, &pids.list, &pids.count, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return is_json ? print_json(cli, &pids) : print_table(cli, &pids, arguments);
}

const struct cli_command cli_ps = {
    .name = "ps",
    .purpose = "list the processes of a container",
    .arguments = "[options] ID [PS OPTIONS]",
    .about =
        "The table is what ps(1) of the host prints with PS OPTIONS (default -ef), without the\n"
        "lines of other processes; it needs a column PID, before any with blanks in it. Ids are\n"
        "those of the host.",
    .examples = "  ocikit ps web\n"
                "  ocikit ps web -o pid,rss,args\n"
                "  ocikit ps --format json web           [4711,4715]\n",
    .exit_codes = "  0    the processes were printed; for a stopped container there may be none\n"
                  "  1    there is no such container, or ps failed\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .stop_at_argument = true,
    .run = run,
};
