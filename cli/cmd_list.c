/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ocikit list`.
 */
#include "json.h"
#include "output.h"
#include "util.h"

#include <ocikit/container_state.h>
#include <ocikit/value.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>

struct settings {
    const char *format;
    bool quiet;
};

static const struct args_option options[] = {
    {"format", 'f', ARGS_TEXT, offsetof(struct settings, format), "FORMAT",
     "\"table\" or \"json\" (default table)"},
    {"quiet", 'q', ARGS_FLAG, offsetof(struct settings, quiet), NULL, "print ids only"},
};

enum { ID, PID, STATUS, BUNDLE, CREATED, OWNER, COLUMNS };

static const char *const titles[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

struct row {
    container_state *state;
    char pid[16];
    char owner[64];
    const char *cells[COLUMNS];
};

struct rows {
    struct row *items;
    size_t count;
};

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        container_state_free(rows->items[i].state);
    free(rows->items);
}

static void free_names(char ***names)
{
    container_list_free(*names);
}

static void fill(struct row *row, container_state *state)
{
    row->state = state;
    const struct passwd *user = getpwuid(container_state_owner(state));
    if (user)
        snprintf(row->owner, sizeof(row->owner), "%s", user->pw_name);
    else
        snprintf(row->owner, sizeof(row->owner), "#%u", (unsigned)container_state_owner(state));
    snprintf(row->pid, sizeof(row->pid), "%d", (int)container_state_pid(state));
    row->cells[ID] = container_state_id(state);
    row->cells[PID] = row->pid;
    row->cells[STATUS] = container_state_status_text(state);
    row->cells[BUNDLE] = container_state_bundle(state);
    row->cells[CREATED] = container_state_created(state);
    row->cells[OWNER] = row->owner;
}

/* A container may go while the list is made, and one broken record must not hide the others. */
static container_state *look_at(struct cli *cli, const char *name)
{
    _container_ container *found = NULL;
    container_state *state = NULL;
    container_error *error = NULL;
    if (container_open(cli->context, name, &found, &error) == 0 &&
        container_get_state(found, &state, &error) == 0)
        return state;
    if (container_error_code(error) != OCI_ERR_NOT_FOUND)
        output_warning(cli, NULL, container_error_message(error));
    container_error_free(error);
    return NULL;
}

static int print_names(struct cli *cli, char **names)
{
    for (; *names; names++)
        puts(*names);
    return output_flush(cli);
}

static int print_table(struct cli *cli, const struct rows *rows)
{
    size_t widths[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++) {
        widths[c] = strlen(titles[c]);
        for (size_t i = 0; i < rows->count; i++) {
            size_t length = strlen(rows->items[i].cells[c]);
            widths[c] = length > widths[c] ? length : widths[c];
        }
    }
    for (size_t i = 0; i <= rows->count; i++) {
        const char *const *cells = i == 0 ? titles : rows->items[i - 1].cells;
        for (size_t c = 0; c < COLUMNS - 1; c++)
            printf("%-*s   ", (int)widths[c], cells[c]);
        puts(cells[COLUMNS - 1]);
    }
    return output_flush(cli);
}

static void free_document(oci_document **document)
{
    oci_document_free(*document);
}

/* The state document with the owner as a name, as the table has it; NULL when memory is out. */
static char *named_state(const struct row *row)
{
    const char *json = container_state_json(row->state);
    _cleanup_(free_document) oci_document *document = NULL;
    char *owner = NULL, *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&owner, &size);
    if (file == NULL)
        return NULL;
    json_string(file, row->owner);
    if (fclose(file) == 0 &&
        oci_parse(oci_container_state_type(), json, strlen(json), NULL, &document, NULL) == 0 &&
        oci_set(document, "/owner", owner, size, NULL) == 0 &&
        oci_write(oci_container_state_type(), oci_container_state_root(document), 0, &text, NULL) <
            0)
        text = NULL;
    free(owner);
    return text;
}

static int print_json(struct cli *cli, const struct rows *rows)
{
    if (rows->count == 0) {
        puts("[]");
        return output_flush(cli);
    }
    for (size_t i = 0; i < rows->count; i++) {
        _spec_text_ char *json = named_state(&rows->items[i]);
        if (json == NULL)
            return output_error(cli, CLI_ERROR, NULL, "out of memory");
        printf("%s%.*s", i == 0 ? "[" : ",\n", (int)strcspn(json, "\n"), json);
    }
    puts("]");
    return output_flush(cli);
}

static int run(struct cli *cli, void *data, const struct cli_arguments *arguments)
{
    (void)arguments;
    const struct settings *settings = data;
    bool is_json = settings->format && strcmp(settings->format, "json") == 0;
    if (settings->format && !is_json && strcmp(settings->format, "table") != 0)
        return output_misuse(cli, &cli_list, "--format takes table or json, not \"%s\"",
                             settings->format);
    if (cli_context(cli) < 0)
        return CLI_ERROR;
    _cleanup_(free_names) char **names = NULL;
    size_t count;
    container_error *error = NULL;
    if (container_list(cli->context, &names, &count, &error) < 0)
        return output_failure(cli, CLI_ERROR, error);
    if (settings->quiet)
        return print_names(cli, names);
    _cleanup_(free_rows) struct rows rows = {calloc(count + 1, sizeof(struct row)), 0};
    if (rows.items == NULL)
        return output_error(cli, CLI_ERROR, NULL, "out of memory");
    for (size_t i = 0; i < count; i++) {
        container_state *state = look_at(cli, names[i]);
        if (state)
            fill(&rows.items[rows.count++], state);
    }
    return is_json ? print_json(cli, &rows) : print_table(cli, &rows);
}

const struct cli_command cli_list = {
    .name = "list",
    .purpose = "list the containers of the state directory",
    .arguments = "[options]",
    .examples = "  ocikit list\n"
                "  ocikit list --format json | jq -r '.[].id'\n",
    .exit_codes = "  0    the list was printed\n"
                  "  1    the state directory cannot be read\n"
                  "  2    a wrong call\n",
    .options = {options, ARRAY_SIZE(options)},
    .settings_size = sizeof(struct settings),
    .no_arguments = true,
    .run = run,
};
