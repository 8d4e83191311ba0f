/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help texts, made from the tables that the option parser reads.
 */
#ifndef OCIKIT_CLI_HELP_H
#define OCIKIT_CLI_HELP_H

#include <stdio.h>

#include "cli.h"

/* The whole help text of a command; NULL: of the program. */
void help_print(FILE *file, const struct cli_command *command);

/* One usage line and where to read more. */
void help_usage(FILE *file, const struct cli_command *command);

#endif
