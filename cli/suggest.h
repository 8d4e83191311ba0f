/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the nearest known name to a mistyped one.
 */
#ifndef OCIKIT_CLI_SUGGEST_H
#define OCIKIT_CLI_SUGGEST_H

#include <stddef.h>

/* How many letters differ between a typed word and a name; larger than any limit for long words. */
size_t suggest_distance(const char *typed, const char *name);

/* The largest distance at which a name is still worth proposing for the typed word. */
size_t suggest_limit(const char *typed);

#endif
