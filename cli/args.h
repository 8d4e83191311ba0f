/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options in the style that callers of OCI runtimes use: "--name value", "--name=value" and the
 * same with one dash are equal, and so are the one-letter forms.  Owns the reading of argv; knows
 * nothing of commands and prints nothing.
 */
#ifndef OCIKIT_CLI_ARGS_H
#define OCIKIT_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* What an option stores in the settings struct. */
enum args_kind {
    ARGS_FLAG,   /* bool; "--name=false" clears it */
    ARGS_TEXT,   /* const char *; the last one given counts */
    ARGS_NUMBER, /* int, from 0 */
    ARGS_LIST,   /* struct args_list; each one given is added */
    ARGS_OTHER,  /* const char *; a word with one dash that is no option, without the dash */
};

struct args_list {
    const char **items; /* NULL-terminated; NULL when none was given */
    size_t count;
};

struct args_option {
    const char *name;
    char letter; /* or 0 */
    enum args_kind kind;
    size_t offset; /* of the member in the settings struct */
    const char *value_name;
    const char *help;
};

struct args_table {
    const struct args_option *options;
    size_t count;
};

enum args_result {
    ARGS_OK,
    ARGS_HELP,   /* --help or -h was given */
    ARGS_MISUSE, /* problem says what is wrong */
    ARGS_MEMORY,
};

struct args_request {
    struct args_table table;
    void *settings;        /* the struct that options are stored in */
    bool stop_at_argument; /* the first argument that is no option ends the options */
};

struct args_outcome {
    size_t count;      /* how many arguments there are; they stand at the front of argv */
    char problem[256]; /* for ARGS_MISUSE */
};

/* Read argv[0..argc-1] (without a program name).  Arguments are gathered at the front of argv,
 * in their order, and NULL is put behind them where room is left.  Strings in the settings stay
 * those that argv held. */
enum args_result args_parse(const struct args_request *request, int argc, char **argv,
                            struct args_outcome *outcome);

/* Release the lists in a settings struct. */
void args_release(const struct args_table *table, void *settings);

/* Read a decimal number within least and most; false if the text is anything else. */
bool args_number(const char *text, long least, long most, long *number);

#endif
