/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling processes apart and waiting for them: by pidfd and start time, never by pid alone, never
 * for anybody's other children.
 */
#ifndef OCIKIT_PROCESS_H
#define OCIKIT_PROCESS_H

#include <sys/types.h>

#include <base/error.h>

/* Start time in clock ticks since boot; 0 when there is no such process.  *gone is set for one that
 * has ended but was not waited for. */
uint64_t process_start_time(pid_t pid, bool *gone);

/* A pidfd for the process that had this pid and start time; -1 when it has ended. */
int process_open(pid_t pid, uint64_t start_time);

/* Has the process ended? */
bool process_ended(int pidfd);

/* Wait until it has ended, at most timeout_ms (-1: for ever).  False when the time ran out. */
bool process_await_end(int pidfd, int timeout_ms);

/* Wait and collect the status, as container_wait. */
int process_wait(int pidfd, int timeout_ms, struct container_exit *result, struct failure *failure);

/* Collect the status of a child that ended, if it is one, so that it does not stay a zombie. */
void process_reap(int pidfd);

#endif
