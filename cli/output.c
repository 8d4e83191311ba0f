/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports to people on stderr and to programs in the log file.
 */
#include "output.h"
#include "help.h"
#include "json.h"
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct hint {
    int code;
    const char *operation; /* of the library; NULL: any */
    const char *text;      /* each %s becomes the container's id */
};

static const struct hint hints[] = {
    {OCI_ERR_BUNDLE, NULL,
     "a bundle is a directory with config.json and a root filesystem; "
     "`ocikit spec --bundle DIR` writes the first"},
    {OCI_ERR_CONFIG_MISSING, NULL,
     "`ocikit spec --bundle DIR` writes a configuration to start from"},
    {OCI_ERR_CONFIG, "create", "`ocikit plan` checks a configuration without making anything"},
    {OCI_ERR_ROOTFS, NULL,
     "root.path in config.json names the root filesystem, relative to the bundle"},
    {OCI_ERR_WRONG_STATE, "delete",
     "`ocikit kill %s KILL` ends it, `ocikit delete --force %s` does both"},
    {OCI_ERR_WRONG_STATE, "pause",
     "only a running container can be paused; `ocikit state %s` shows the state"},
    {OCI_ERR_CGROUP, "delete",
     "what is in the group has to end first; then try again: `ocikit delete --force %s`"},
    {OCI_ERR_WRONG_STATE, NULL, "`ocikit state %s` shows the state it is in"},
    {OCI_ERR_NOT_RUNNING, NULL, "`ocikit state %s` shows the state it is in"},
    {OCI_ERR_NOT_FOUND, NULL, "`ocikit list` shows the containers of this state directory"},
    {OCI_ERR_EXISTS, NULL, "choose another id, or remove the old one: `ocikit delete --force %s`"},
    {OCI_ERR_BUSY, NULL, "another command works on it; try again when that has ended"},
    {OCI_ERR_STATE_CORRUPT, NULL, "`ocikit delete --force %s` removes what is left of it"},
    {OCI_ERR_EXEC_NOT_FOUND, NULL, "the path is looked up inside the container's root filesystem"},
    {OCI_ERR_EXEC_NOT_EXECUTABLE, NULL,
     "the file needs the execute permission, and its interpreter or "
     "loader must be in the root filesystem"},
};

static bool is_document_error(int code)
{
    return code <= OCI_ERR_SYNTAX && code >= OCI_ERR_TOO_LARGE;
}

static bool is_config(const char *file)
{
    const char *slash = strrchr(file, '/');
    return strcmp(slash ? slash + 1 : file, "config.json") == 0;
}

/* Engines compare messages with texts in lower case; names such as "RFS" stay as they are. */
const char *output_errno(int error, char buffer[64])
{
    const char *text = strerrordesc_np(error);
    if (text == NULL)
        snprintf(buffer, 64, "error %d", error);
    else
        snprintf(buffer, 64, "%s", text);
    if (isupper((unsigned char)buffer[0]) && islower((unsigned char)buffer[1]))
        buffer[0] = (char)tolower((unsigned char)buffer[0]);
    return buffer;
}

static bool is_colourful(void)
{
    const char *off = getenv("NO_COLOR");
    return isatty(STDERR_FILENO) && (off == NULL || off[0] == '\0');
}

static void print_error(const char *message, const char *hint)
{
    if (is_colourful())
        fprintf(stderr, "ocikit: \033[1;31m%s\033[0m\n", message);
    else
        fprintf(stderr, "ocikit: %s\n", message);
    if (hint)
        fprintf(stderr, "  hint: %s\n", hint);
}

static bool is_json_log(const struct cli *cli)
{
    return cli->log_format && strcmp(cli->log_format, "json") == 0;
}

/* One line of the log file as text to be freed; NULL when memory is short. */
static char *log_line(const struct cli *cli, const char *level, const char *message)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&line, &size);
    if (file == NULL)
        return NULL;
    struct tm parts;
    time_t now = time(NULL);
    char stamp[32];
    gmtime_r(&now, &parts);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (is_json_log(cli)) {
        fprintf(file, "{\"level\":\"%s\",\"msg\":", level);
        json_string(file, message);
        fprintf(file, ",\"time\":\"%s\"}\n", stamp);
    } else {
        fprintf(file, "time=\"%s\" level=%s msg=", stamp, level);
        json_string(file, message);
        fputc('\n', file);
    }
    if (fclose(file) != 0) {
        free(line);
        return NULL;
    }
    return line;
}

/* One write for all: lines of commands that share a log file do not mix. */
static void append(const struct cli *cli, const char *text)
{
    _close_ int fd = open(cli->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
    size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length)
        fprintf(stderr, "ocikit: the log file %s cannot be written: %s\n", cli->log,
                ERRNO_TEXT(errno));
}

static void log_now(const struct cli *cli, const char *level, const char *message)
{
    if (cli->log == NULL)
        return;
    _free_ char *line = log_line(cli, level, message);
    if (line)
        append(cli, line);
}

static void log_later(struct cli *cli, const char *level, const char *message)
{
    _free_ char *line = log_line(cli, level, message);
    if (line == NULL)
        return;
    size_t before = cli->later ? strlen(cli->later) : 0;
    char *grown = realloc(cli->later, before + strlen(line) + 1);
    if (grown == NULL)
        return;
    strcpy(grown + before, line);
    cli->later = grown;
}

static void report(struct cli *cli, const char *message, const char *hint)
{
    cli->failed = true;
    print_error(message, hint);
    log_now(cli, "error", message);
}

static const char *with_id(const char *text, const char *id, char *room, size_t size)
{
    size_t used = 0;
    const char *place;
    for (room[0] = '\0'; (place = strstr(text, "%s")) != NULL && used < size; text = place + 2)
        used += (size_t)snprintf(room + used, size - used, "%.*s%s", (int)(place - text), text,
                                 id[0] ? id : "ID");
    if (used < size)
        snprintf(room + used, size - used, "%s", text);
    return room;
}

static const char *hint_for(const container_error *error, char *text, size_t size)
{
    int code = container_error_code(error);
    if (code == OCI_ERR_PERMISSION && strstr(container_error_message(error), "state directory"))
        return "name a directory of your own with --root, or set XDG_RUNTIME_DIR";
    /* These fail in many ways for who may not do what containers need. */
    if (geteuid() != 0 &&
        (code == OCI_ERR_CGROUP || code == OCI_ERR_PERMISSION || code == OCI_ERR_NAMESPACE))
        return "`man ocikit`, WITHOUT ROOT, says what a user needs for containers";
    if (is_document_error(code) && is_config(container_error_file(error)))
        return "`ocikit validate` lists everything that is wrong with a configuration";
    const char *operation = container_error_operation(error);
    for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
        const struct hint *hint = &hints[i];
        if (hint->code == code && (!hint->operation || strcmp(hint->operation, operation) == 0))
            return with_id(hint->text, container_error_id(error), text, size);
    }
    return NULL;
}

int output_failure(struct cli *cli, int exit_code, container_error *error)
{
    return output_failure_hint(cli, exit_code, error, NULL);
}

int output_failure_hint(struct cli *cli, int exit_code, container_error *error, const char *hint)
{
    char text[2560];
    const char *message = container_error_message(error);
    if (hint == NULL)
        hint = hint_for(error, text, sizeof(text));
    report(cli, message[0] ? message : "out of memory", hint);
    container_error_free(error);
    return exit_code;
}

int output_error(struct cli *cli, int exit_code, const char *hint, const char *format, ...)
{
    _free_ char *message = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&message, format, list) < 0)
        message = NULL;
    va_end(list);
    report(cli, message ? message : "out of memory", hint);
    return exit_code;
}

int output_misuse(struct cli *cli, const struct cli_command *command, const char *format, ...)
{
    _free_ char *message = NULL;
    va_list list;
    va_start(list, format);
    if (vasprintf(&message, format, list) < 0)
        message = NULL;
    va_end(list);
    report(cli, message ? message : "out of memory", NULL);
    help_usage(stderr, command);
    return CLI_MISUSE;
}

void output_warning(struct cli *cli, const char *id, const char *message)
{
    _free_ char *text = NULL;
    if (asprintf(&text, "%s%s%s", id ? id : "", id && id[0] ? ": " : "", message) < 0) {
        text = NULL;
        return;
    }
    if (cli->log)
        log_later(cli, "warning", text);
    else
        fprintf(stderr, "ocikit: warning: %s\n", text);
}

void output_log(void *data, int level, const char *id, const char *message)
{
    struct cli *cli = data;
    if (level <= CONTAINER_LOG_WARNING) {
        output_warning(cli, id, message);
    } else if (cli->debug) {
        const char *name = level == CONTAINER_LOG_INFO ? "info" : "debug";
        if (cli->log)
            log_later(cli, name, message);
        else
            fprintf(stderr, "ocikit: %s: %s\n", name, message);
    }
}

void output_finish(struct cli *cli)
{
    if (cli->later && cli->log && !cli->failed)
        append(cli, cli->later);
    free(cli->later);
    cli->later = NULL;
}

int output_flush(struct cli *cli)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    return output_error(cli, CLI_ERROR, NULL, "the output cannot be written: %s",
                        ERRNO_TEXT(errno));
}

int output_document(struct cli *cli, const char *text)
{
    size_t length = strlen(text);
    fputs(text, stdout);
    if (length == 0 || text[length - 1] != '\n')
        fputc('\n', stdout);
    return output_flush(cli);
}
