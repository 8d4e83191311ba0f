/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and unloads a shared library and compares the process before and after.
 *
 *   inert LIBRARY
 */
#include <dlfcn.h>
#include <stdio.h>

#include "host_record.h"

int main(int argc, char **argv)
{
    if (argc < 2)
        return 64;
    struct host_record *before = host_record_take();
    void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    struct host_record *loaded = host_record_take();
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        return 64;
    }
    int failures = host_record_compare(before, loaded, 0, "dlopen", 2);
    dlclose(handle);
    struct host_record *after = host_record_take();
    failures += host_record_compare(before, after, 0, "dlclose", 2);
    host_record_free(before);
    host_record_free(loaded);
    host_record_free(after);
    return failures ? 1 : 0;
}
