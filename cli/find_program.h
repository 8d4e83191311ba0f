/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCIKIT_CLI_FIND_PROGRAM_H
#define OCIKIT_CLI_FIND_PROGRAM_H

/* The absolute path of the first program of that name in PATH; NULL where there is none.  To be freed. */
char *find_program(const char *name);

#endif
