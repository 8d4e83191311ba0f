/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log function that is Go's: the data is the number of a handle in Go (runtime/cgo), 0 for none.
 */
#ifndef OCIKIT_GO_LOG_H
#define OCIKIT_GO_LOG_H

#include <stdint.h>

#include "flat.h"

/* Exported by internal/container/log.go. */
extern void ocikitGoLog(uintptr_t data, int level, char *id, char *message);

static void go_log(void *data, int level, const char *id, const char *message)
{
    ocikitGoLog((uintptr_t)data, level, (char *)id, (char *)message);
}

static const char *or_none(const char *text)
{
    return text && text[0] ? text : NULL;
}

static status go_context_new(const char *state_root, void *log_data, const char *newuidmap,
                             const char *newgidmap, const char *systemd_bus,
                             container_context **made, container_error **error)
{
    return flat_context_new(or_none(state_root), log_data ? go_log : NULL, log_data,
                            or_none(newuidmap), or_none(newgidmap), or_none(systemd_bus), made,
                            error);
}

#endif
