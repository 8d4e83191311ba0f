/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.seccomp compiled to the kernel's filter program, so that the init has only to load it.
 */
#ifndef OCIKIT_FILTER_H
#define OCIKIT_FILTER_H

#include <ocikit/spec.h>

#include <base/error.h>
#include <base/log.h>

struct filter {
    void *code;     /* struct sock_filter[count], to be freed */
    size_t count;   /* 0: everything is allowed, no filter needed */
    uint64_t flags; /* SECCOMP_FILTER_FLAG_* */
    bool notifies;  /* loading it gives an fd, which belongs to the listener */
};

int filter_compile(const struct oci_seccomp *config, const struct log *log, struct filter *filter,
                   struct failure *failure);

/* Is there a rule that notifies? */
bool filter_notifies(const struct oci_seccomp *config);

/* newer.c: put before the filter that calls with numbers above all that the profile knows fail with
 * ENOSYS, so that programs fall back to older ones; for default actions that forbid. */
int filter_add_newer(const struct oci_seccomp *config, struct filter *filter,
                     struct failure *failure);
/* libseccomp's number for an architecture, 0 for one that it does not know. */
uint32_t filter_arch(enum oci_seccomp_arch arch);

/* What libseccomp and the kernel offer, for the features document: true if this action, operator or
 * architecture can be used. */
bool filter_action_known(enum oci_seccomp_action action);

#endif
