/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking a program up in PATH, for the library, which reads no environment.
 */
#include "find_program.h"
#include "util.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    for (const char *p = path; p && *p;) {
        size_t length = strcspn(p, ":");
        char *candidate = NULL;
        /* A relative entry would depend on where the command is called. */
        if (p[0] == '/' && asprintf(&candidate, "%.*s/%s", (int)length, p, name) >= 0) {
            if (access(candidate, X_OK) == 0)
                return candidate;
            free(candidate);
        }
        p += length + (p[length] == ':');
    }
    return NULL;
}
