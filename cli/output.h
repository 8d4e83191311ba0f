/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the command says besides its result: errors with a next step, warnings, the log file.
 */
#ifndef OCIKIT_CLI_OUTPUT_H
#define OCIKIT_CLI_OUTPUT_H

#include "cli.h"

/* Report a failure of the library on stderr and in the log file, free it, and return exit_code. */
int output_failure(struct cli *cli, int exit_code, container_error *error);

/* The same with a next step for a person that the caller knows better; NULL: as above. */
int output_failure_hint(struct cli *cli, int exit_code, container_error *error, const char *hint);

/* Report a failure of the command itself.  hint (may be NULL) is the next step for a person. */
int output_error(struct cli *cli, int exit_code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Report a wrong call with the command's usage line (command NULL: the whole program's); returns
 * CLI_MISUSE. */
int output_misuse(struct cli *cli, const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The text of an errno value in the form of our messages; buffer holds it. */
const char *output_errno(int error, char buffer[64]);
#define ERRNO_TEXT(error) output_errno((error), (char[64]){0})

/* Say that something had no effect, without failing. */
void output_warning(struct cli *cli, const char *id, const char *message);

/* The library's log function; data is the struct cli. */
void output_log(void *data, int level, const char *id, const char *message);

/* Write the warnings that were kept back into the log file, unless an error stands there: callers
 * read a file with an error as that one line. */
void output_finish(struct cli *cli);

/* Print text that is a document of its own, ending in one newline. */
int output_document(struct cli *cli, const char *text);

/* Make sure that the result reached stdout; CLI_OK or CLI_ERROR after a report. */
int output_flush(struct cli *cli);

#endif
