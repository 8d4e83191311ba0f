/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pid files: complete or absent, never half written.
 */
#ifndef OCIKIT_CLI_PID_FILE_H
#define OCIKIT_CLI_PID_FILE_H

#include <sys/types.h>

/* Write pid in decimal, without a newline, replacing what was there.  0 or a negative errno value.
 */
int pid_file_write(const char *path, pid_t pid);

#endif
