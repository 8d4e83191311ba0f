/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bundle, or a text, to a checked configuration.
 */
#ifndef OCIKIT_LOAD_H
#define OCIKIT_LOAD_H

#include <base/document.h>
#include <base/error.h>
#include <base/log.h>

struct loaded {
    char *bundle; /* absolute */
    char *file;   /* what to call the configuration in messages */
    char *text;
    bool copied; /* text is our copy of the caller's */
    size_t length;
    oci_document *document;
    const struct oci_runtime_config *config;
};

#define _loaded_ __attribute__((cleanup(loaded_free)))

/* bundle may be relative to the working directory; text, when not NULL, takes the place of the
 * bundle's config.json. */
int load_config(const char *bundle, const char *text, size_t length, const struct log *log,
                struct loaded *loaded, struct failure *failure);
/* Is a configuration's ociVersion, "1.MINOR...", older than this minor version? */
bool version_before(const char *oci_version, unsigned minor);
/* Take out of resources what a document of this version cannot have meant: before 1.3 a limit of 0 processes
 * stood for none at all, and engines write it so. */
void drop_unmeant(const char *oci_version, struct oci_linux_resources *resources);

void loaded_free(struct loaded *loaded);

/* The first error of a report as a failure. */
int fail_report(struct failure *failure, int code, const oci_report *report, const char *file);

/* Find line and column of the failure's pointer, if it has one and they are not known yet. */
void locate_failure(struct failure *failure, const char *text, size_t length, const char *file);

#endif
