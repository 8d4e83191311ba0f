/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the init: clone, arrange its fds, exec it from a sealed memfd.
 */
#ifndef OCIKIT_SPAWN_H
#define OCIKIT_SPAWN_H

#include <sys/types.h>

#include <base/error.h>
#include <plan/builder.h>

#define SPAWN_MAX_SLOTS 64

struct spawn {
    int init; /* memfd of the init program */
    const struct plan *plan;
    uint64_t flags;   /* CLONE_NEW* */
    int cgroup;       /* directory of a version 2 group to be born in, or -1 */
    const int *stdio; /* three fds */
    const int *preserve;
    size_t preserve_count;
    int slots[SPAWN_MAX_SLOTS]; /* inherited slots; -1: none */
    size_t slot_count;
};

/* A sealed memfd with the init program. */
int spawn_init_image(struct failure *failure);

/* Returns the pid and its pidfd. */
int spawn(const struct spawn *spawn, pid_t *pid, int *pidfd, struct failure *failure);

#endif
