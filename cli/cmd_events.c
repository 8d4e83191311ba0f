/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit events`: what a container uses and when memory runs short, one JSON object a line.
 */
#include "json.h"
#include "output.h"
#include "util.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEFAULT_INTERVAL_MS 5000

struct settings {
    const char *interval;
    bool stats;
};

static const struct args_option options[] = {
    {"interval", 0, ARGS_TEXT, offsetof(struct settings, interval), "DURATION",
     "how often statistics are printed: 500ms, 5s, 1m30s (default 5s)"},
    {"stats", 0, ARGS_FLAG, offsetof(struct settings, stats), NULL,
     "print the statistics once and end"},
};

static void close_events(container_events **events)
{
    container_events_close(*events);
}

/* "1h2m3s", "1.5s", "200ms" in milliseconds; false for anything else, and for nothing at all. */
static bool parse_duration(const char *text, long *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1},      {"us", 0.001}, {"ns", 0.000001},
                 {"h", 3600000}, {"m", 60000},  {"s", 1000}};
    double total = 0;
    if (*text == 0)
        return false;
    while (*text) {
        size_t digits = strspn(text, "0123456789."), i;
        char number[32], *end;
        if (digits == 0 || digits >= sizeof(number))
            return false;
        memcpy(number, text, digits);
        number[digits] = 0;
        double value = strtod(number, &end);
        text += digits;
        for (i = 0; i < ARRAY_SIZE(units); i++) {
            if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
                break;
        }
        if (*end || i == ARRAY_SIZE(units))
            return false;
        text += strlen(units[i].name);
        total += value * units[i].ms;
    }
    if (total < 1 || total > INT_MAX)
        return false;
    *ms = (long)total;
    return true;
}

static int print_event(struct cli *cli, const char *type, const char *id, const char *data)
{
    printf("{\"type\":\"%s\",\"id\":", type);
    json_string(stdout, id);
    if (data)
        printf(",\"data\":%s", data);
    puts("}");
    return output_flush(cli);
}

static int print_stats(struct cli *cli, container *watched)
{
    _text_ char *json = NULL;
    container_error *error = NULL;
    if (container_stats(watched, &json, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    return print_event(cli, "stats", container_id(watched), json);
}

/* Where memory cannot be watched the rest still is. */
static int begin(struct cli *cli, container *watched, container_events **events)
{
    container_error *error = NULL;
    unsigned kinds = CONTAINER_EVENT_OOM | CONTAINER_EVENT_EXIT;
    int r = container_events_open(watched, kinds, events, &error);
    if (r == OCI_ERR_UNSUPPORTED || r == OCI_ERR_PERMISSION || r == OCI_ERR_CGROUP) {
        output_warning(cli, container_id(watched), container_error_message(error));
        container_error_free(error);
        error = NULL;
        r = container_events_open(watched, CONTAINER_EVENT_EXIT, events, &error);
    }
    return r < 0 ? output_failure(cli, CLI_ERROR, error) : CLI_OK;
}

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What has happened: 1 when the container has ended. */
static int take(struct cli *cli, container *watched, container_events *events, int *code)
{
    struct container_event event;
    while (*code == CLI_OK && container_events_next(events, &event) > 0) {
        if (event.kind == CONTAINER_EVENT_EXIT)
            return 1;
        *code = print_event(cli, "oom", container_id(watched), NULL);
    }
    return 0;
}

static int follow(struct cli *cli, container *watched, long interval)
{
    _cleanup_(close_events) container_events *events = NULL;
    int code = begin(cli, watched, &events);
    for (long due = now_ms() + interval; code == CLI_OK;) {
        struct pollfd fd = {.fd = container_events_fd(events), .events = POLLIN};
        long left = due - now_ms();
        if (poll(&fd, 1, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
            return output_error(cli, CLI_ERROR, NULL, "waiting for events failed: %s",
                                ERRNO_TEXT(errno));
        if (take(cli, watched, events, &code))
            return CLI_OK;
        if (code == CLI_OK && now_ms() >= due) {
            _text_ char *json = NULL;
            /* It may end in this very moment, which is told next. */
            if (container_stats(watched, &json, NULL) == 0)
                code = print_event(cli, "stats", container_id(watched), json);
            due = now_ms() + interval;
        }
    }
    return code;
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    const struct settings *settings = data;
    long interval = DEFAULT_INTERVAL_MS;
    if (settings->interval && !parse_duration(settings->interval, &interval))
        return output_misuse(
            cli, &cli_events,
            "--interval takes a time of 1ms or more such as 500ms or 5s, not \"%s\"",
            settings->interval);
    _container_ container *found = NULL;
    _state_ container_state *state = NULL;
    container_error *error = NULL;
    if (cli_open(cli, arguments->items[0], &found) < 0)
        return CLI_ERROR;
    if (settings->stats)
        return print_stats(cli, found);
    if (container_get_state(found, &state, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    if (container_state_status(state) == CONTAINER_STOPPED)
        return output_error(cli, CLI_ERROR, NULL, "container not running: \"%s\" is stopped",
                            container_id(found));
    return follow(cli, found, interval);
}

const struct cli_command cli_events = {
    .name = "events",
    .purpose = "print what a container uses, and when it runs out of memory",
    .arguments = "[options] ID",
    .about = "One JSON object a line: {\"type\":\"stats\",\"id\":ID,\"data\":{...}} in every "
             "interval, and\n"
             "{\"type\":\"oom\",\"id\":ID} when the memory limit was reached and nothing could be "
             "freed.\n"
             "Ends with the container. Times are in nanoseconds, sizes in bytes.",
    .examples = "  ocikit events --stats web | jq .data.memory.usage\n"
                "  ocikit events --interval 1s web\n",
    .exit_codes = "  0    the statistics were printed, or the container has ended\n"
                  "  1    there is no such container, or it does not run\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .needs = "a container id",
    .least = 1,
    .most = 1,
    .run = run,
};
