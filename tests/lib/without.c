/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command for which some system calls do not exist, as on an older kernel:
 *
 *     without CALL[,CALL]... COMMAND [ARGUMENT]...
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: without CALL[,CALL]... COMMAND [ARGUMENT]...\n");
        return 64;
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
        int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0) < 0) {
            fprintf(stderr, "without: %s is not a system call\n", name);
            return 64;
        }
    }
    int r = seccomp_load(filter);
    if (r < 0) {
        fprintf(stderr, "without: the filter cannot be loaded: %s\n", strerror(-r));
        return 125;
    }
    execvp(argv[2], argv + 2);
    fprintf(stderr, "without: %s: %s\n", argv[2], strerror(errno));
    return 127;
}
