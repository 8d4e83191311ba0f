/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which security modules this host has.
 */
#ifndef OCIKIT_MODULES_H
#define OCIKIT_MODULES_H

enum host_modules {
    HOST_APPARMOR = 1,
    HOST_APPARMOR_FOLDER = 2, /* it has files of its own under /proc/PID/attr (Linux 5.8) */
    HOST_SELINUX = 4,
};

/* A set of enum host_modules. */
unsigned host_modules(void);

#endif
