/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of everything that the library promises not to change in the calling process.
 *
 * Owns taking and comparing records; it does not call the library.
 */
#ifndef OCIKIT_HOST_RECORD_H
#define OCIKIT_HOST_RECORD_H

struct host_record;

/* Ends the program when it cannot be taken: a test without it proves nothing. */
struct host_record *host_record_take(void);
void host_record_free(struct host_record *record);

/* The number of differences; each is printed to the report fd with the name of the call.  With
 * handles_open, close-on-exec descriptors may have come or gone: they belong to handles. */
int host_record_compare(const struct host_record *before, const struct host_record *after,
                        int handles_open, const char *call, int report_fd);

#endif
