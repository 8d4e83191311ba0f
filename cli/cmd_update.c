/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit update`: options as the resources object of a configuration, which the library applies.
 */
#include "json.h"
#include "output.h"
#include "size.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct settings {
    const char *resources;
    const char *blkio_weight;
    const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime;
    const char *cpuset_cpus, *cpuset_mems, *cpu_idle;
    const char *kernel_memory, *kernel_memory_tcp, *memory, *memory_reservation, *memory_swap;
    const char *pids_limit;
    const char *l3_cache_schema, *mem_bw_schema;
};

#define TEXT(name, member, value, help)                                                            \
    {                                                                                              \
        name, 0, ARGS_TEXT, offsetof(struct settings, member), value, help                         \
    }

static const struct args_option options[] = {
    {"resources", 'r', ARGS_TEXT, offsetof(struct settings, resources), "FILE",
     "the limits as JSON, in place of all other options; \"-\": standard input"},
    TEXT("blkio-weight", blkio_weight, "N", "relative weight of block I/O, 10 to 1000"),
    TEXT("cpu-period", cpu_period, "US", "length of a bandwidth period in microseconds"),
    TEXT("cpu-quota", cpu_quota, "US", "CPU time in each period; -1: no limit"),
    TEXT("cpu-burst", cpu_burst, "US", "unused time that may be saved up for later periods"),
    TEXT("cpu-share", cpu_share, "N", "relative weight of CPU time, 2 to 262144"),
    TEXT("cpu-rt-period", cpu_rt_period, "US", "length of a period for real-time tasks"),
    TEXT("cpu-rt-runtime", cpu_rt_runtime, "US", "time for real-time tasks in each such period"),
    TEXT("cpuset-cpus", cpuset_cpus, "LIST", "CPUs to use, such as 0-3,7"),
    TEXT("cpuset-mems", cpuset_mems, "LIST", "memory nodes to use"),
    TEXT("kernel-memory", kernel_memory, "SIZE",
         "limit of kernel memory; recent kernels have none"),
    TEXT("kernel-memory-tcp", kernel_memory_tcp, "SIZE", "limit of buffers of TCP"),
    TEXT("memory", memory, "SIZE", "limit of memory; -1: none"),
    TEXT("cpu-idle", cpu_idle, "0|1", "1: run only when nothing else wants the CPU"),
    TEXT("memory-reservation", memory_reservation, "SIZE", "soft limit of memory; -1: none"),
    TEXT("memory-swap", memory_swap, "SIZE", "limit of memory and swap together; -1: none"),
    TEXT("pids-limit", pids_limit, "N", "most processes and threads; -1: no limit"),
    TEXT("l3-cache-schema", l3_cache_schema, "SCHEMA", "schema of the L3 cache"),
    TEXT("mem-bw-schema", mem_bw_schema, "SCHEMA", "schema of memory bandwidth"),
};

enum form { NUMBER, SIZE, LIST };

/* An option as a member of the resources. */
struct member {
    const char *option, *object, *name;
    size_t offset;
    enum form form;
    int64_t least, most;
    bool zero; /* 0 is a value, not what asks for nothing */
};

#define MEMBER(option, object, name, member, form, least, most)                                    \
    {                                                                                              \
        option, object, name, offsetof(struct settings, member), form, least, most, false          \
    }

#define MEMBER_WITH_0(option, object, name, member, least, most)                                   \
    {                                                                                              \
        option, object, name, offsetof(struct settings, member), NUMBER, least, most, true         \
    }

/* Those of one object follow each other. */
static const struct member members[] = {
    MEMBER("blkio-weight", "blockIO", "weight", blkio_weight, NUMBER, 0, 1000),
    MEMBER("cpu-period", "cpu", "period", cpu_period, NUMBER, 0, INT64_MAX),
    MEMBER("cpu-quota", "cpu", "quota", cpu_quota, NUMBER, -1, INT64_MAX),
    MEMBER_WITH_0("cpu-burst", "cpu", "burst", cpu_burst, 0, INT64_MAX),
    MEMBER("cpu-share", "cpu", "shares", cpu_share, NUMBER, 0, INT64_MAX),
    MEMBER("cpu-rt-period", "cpu", "realtimePeriod", cpu_rt_period, NUMBER, 0, INT64_MAX),
    MEMBER_WITH_0("cpu-rt-runtime", "cpu", "realtimeRuntime", cpu_rt_runtime, -1, INT64_MAX),
    MEMBER("cpuset-cpus", "cpu", "cpus", cpuset_cpus, LIST, 0, 0),
    MEMBER("cpuset-mems", "cpu", "mems", cpuset_mems, LIST, 0, 0),
    MEMBER_WITH_0("cpu-idle", "cpu", "idle", cpu_idle, 0, 1),
    MEMBER("memory", "memory", "limit", memory, SIZE, 0, 0),
    MEMBER("memory-reservation", "memory", "reservation", memory_reservation, SIZE, 0, 0),
    MEMBER("memory-swap", "memory", "swap", memory_swap, SIZE, 0, 0),
    MEMBER("kernel-memory", "memory", "kernel", kernel_memory, SIZE, 0, 0),
    MEMBER("kernel-memory-tcp", "memory", "kernelTCP", kernel_memory_tcp, SIZE, 0, 0),
    MEMBER_WITH_0("pids-limit", "pids", "limit", pids_limit, -1, INT64_MAX),
};

static const char *given(const struct settings *settings, const struct member *member)
{
    const char *text;
    memcpy(&text, (const char *)settings + member->offset, sizeof(text));
    return text;
}

/* The library passes over it, as the specification's documents mean it.  Who types it means something else. */
static int refuse_nothing(struct cli *cli, const struct member *member, const char *text)
{
    bool unlimited = member->form == SIZE || member->least < 0;
    return output_misuse(cli, &cli_update, "--%s %s asks for nothing; leave it out%s",
                         member->option, text[0] ? text : "\"\"",
                         unlimited ? ", or give -1 for no limit" : "");
}

static int write_member(struct cli *cli, FILE *file, const struct member *member, const char *text)
{
    int64_t number = 0;
    fprintf(file, "\"%s\":", member->name);
    if (member->form == LIST && text[0] == 0)
        return refuse_nothing(cli, member, text);
    if (member->form == LIST) {
        json_string(file, text);
        return CLI_OK;
    }
    if (member->form == SIZE && !size_read(text, &number))
        return output_misuse(cli, &cli_update,
                             "--%s takes a size such as 512m, or -1, not \"%.80s\"", member->option,
                             text);
    if (member->form == NUMBER && !number_read(text, member->least, member->most, &number))
        return output_misuse(cli, &cli_update, "--%s takes a number%s, not \"%.80s\"",
                             member->option,
                             member->most == 1      ? " that is 0 or 1"
                             : member->most == 1000 ? " up to 1000"
                             : member->least < 0    ? ", or -1 for no limit"
                                                    : "",
                             text);
    if (number == 0 && !member->zero)
        return refuse_nothing(cli, member, text);
    fprintf(file, "%lld", (long long)number);
    return CLI_OK;
}

static int write_members(struct cli *cli, FILE *file, const struct settings *settings)
{
    const char *object = NULL;
    int code = CLI_OK;
    fputc('{', file);
    for (size_t i = 0; code == CLI_OK && i < ARRAY_SIZE(members); i++) {
        const char *text = given(settings, &members[i]);
        if (text == NULL)
            continue;
        bool same = object && strcmp(object, members[i].object) == 0;
        if (!same)
            fprintf(file, "%s\"%s\":{", object ? "}," : "", members[i].object);
        else
            fputc(',', file);
        object = members[i].object;
        code = write_member(cli, file, &members[i], text);
    }
    fputs(object ? "}}" : "}", file);
    return code;
}

static int from_options(struct cli *cli, const struct settings *settings, char **json,
                        size_t *length)
{
    FILE *file = open_memstream(json, length);
    if (file == NULL)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    int code = write_members(cli, file, settings);
    if (fclose(file) != 0)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    return code;
}

static int from_file(struct cli *cli, const char *path, char **json, size_t *length)
{
    bool standard = strcmp(path, "-") == 0;
    _close_ int fd = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (!standard && fd < 0)
        return output_error(cli, CLI_ERROR, NULL, "resources file %s cannot be opened: %s", path,
                            ERRNO_TEXT(errno));
    int error = 0, r = oci_read_fd(standard ? STDIN_FILENO : fd, 0, json, length, &error);
    return r == 0 ? CLI_OK
                  : output_error(cli, CLI_ERROR, NULL, "resources file %s cannot be read: %s", path,
                                 error ? ERRNO_TEXT(error) : oci_code_text(r));
}

/* How many options but --resources were given. */
static size_t count_given(const struct settings *settings)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        count += given(settings, &members[i]) != NULL;
    return count;
}

static bool has_schemata(const struct settings *settings)
{
    return settings->l3_cache_schema || settings->mem_bw_schema;
}

static int update_schemata(container *found, const struct settings *settings,
                           container_error **error)
{
    struct oci_intel_rdt wanted = {
        .l3_cache_schema = settings->l3_cache_schema,
        .mem_bw_schema = settings->mem_bw_schema,
    };
    _spec_text_ char *json = NULL;
    size_t length = 0;
    int r = oci_write(oci_intel_rdt_type(), &wanted, OCI_WRITE_COMPACT, &json, &length);
    /* Bytes that are no text are refused with words by the reader. */
    return r < 0 ? container_update_rdt(found, "\xff", 1, error)
                 : container_update_rdt(found, json, length, error);
}

static int collect(struct cli *cli, const struct settings *settings, const char *id, char **json,
                   size_t *length)
{
    if (settings->resources && (has_schemata(settings) || count_given(settings) > 0))
        output_warning(cli, id,
                       "--resources takes the place of all other options; they are not set");
    const char *empty = settings->l3_cache_schema && !settings->l3_cache_schema[0]
                            ? "l3-cache-schema"
                        : settings->mem_bw_schema && !settings->mem_bw_schema[0] ? "mem-bw-schema"
                                                                                 : NULL;
    if (empty)
        return output_misuse(cli, &cli_update, "--%s \"\" asks for nothing; leave it out", empty);
    if (settings->resources)
        return from_file(cli, settings->resources, json, length);
    if (count_given(settings) == 0 && has_schemata(settings))
        return CLI_OK;
    if (count_given(settings) == 0)
        return output_misuse(cli, &cli_update, "no limit was given to change");
    return from_options(cli, settings, json, length);
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    _free_ char *json = NULL;
    _container_ container *found = NULL;
    size_t length = 0;
    int code = collect(cli, settings, arguments->items[0], &json, &length);
    if (code != CLI_OK)
        return code;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    container_error *error = NULL;
    /* The schemata first: they are refused more often, and both together cannot be undone. */
    if (has_schemata(settings) && settings->resources == NULL &&
        update_schemata(found, settings, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    if (json != NULL && container_update(found, json, length, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return CLI_OK;
}

const struct cli_command cli_update = {
    .name = "update",
    .purpose = "change the limits of a container",
    .arguments = "[options] ID",
    .about =
        "Everything that is named is changed, or, when one of them is refused, nothing; what is "
        "not named\n"
        "stays. The container may be created, running or paused. SIZE is a number of bytes, or "
        "one with\n"
        "k, m, g, t or p behind it. FILE holds the object that a configuration has at\n"
        "/linux/resources; 0 (of a size, weight, share, quota or period) and \"\" there ask for\n"
        "nothing, and what they are about stays. As options they are refused.",
    .examples = "  ocikit update --memory 512m --memory-swap 1g web\n"
                "  ocikit update --cpu-quota 50000 --cpu-period 100000 web\n"
                "  echo '{\"pids\": {\"limit\": 100}}' | ocikit update --resources - web\n",
    .exit_codes = "  0    the limits hold\n"
                  "  1    the container does not exist or does not run, or a limit was refused\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
