/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory: one folder per container, with
 *
 *     record.json   what is needed to find and undo everything; replaced as a whole
 *     config.json   the configuration as it was given
 *     notify        a folder that the container sees, with a socket by which its program says that it is ready
 *     start         the socket that releases the init, which listens there until the program runs
 *
 * The folder itself is locked (flock) by whoever changes the container.
 */
#ifndef OCIKIT_STORE_H
#define OCIKIT_STORE_H

#include <ocikit/record.h>
#include <ocikit/spec.h>

#include <base/document.h>
#include <base/error.h>

#define STORE_CONFIG "config.json"
#define STORE_START "start"
#define STORE_NOTIFY "notify"
#define STORE_NOTIFY_NAME "notify.sock"

/* Is this a name that a container may have? */
int store_check_id(const char *id, struct failure *failure);

/* Open the state directory; make: create it with its parents (0700).  Returns an fd;
 * OCI_ERR_NOT_FOUND where it does not exist. */
int store_open_root(const char *root, bool make, struct failure *failure);

/* Make the folder of a new container and lock it.  OCI_ERR_EXISTS; 1 when a folder was there that a
 * killed create left behind: *dir is locked and is to be cleaned up by the caller, who then tries
 * again. */
int store_claim(int root, const char *id, int *dir, struct failure *failure);

/* Open the folder of a container in the state directory root, which need not exist.  OCI_ERR_INVALID_ID,
 * OCI_ERR_NOT_FOUND. */
int store_open(const char *root, const char *id, int *dir, struct failure *failure);

/* Lock it, waiting up to timeout_ms.  OCI_ERR_BUSY, or OCI_ERR_NOT_FOUND when it was removed
 * meanwhile. */
int store_lock(int dir, const char *id, int timeout_ms, struct failure *failure);
void store_unlock(int dir);

int store_read_record(int dir, const char *id, oci_document **document,
                      const struct oci_record **record, struct failure *failure);
int store_write_record(int dir, const struct oci_record *record, struct failure *failure);
int store_write_file(int dir, const char *name, const char *text, size_t length,
                     struct failure *failure);
/* Read and parse the stored configuration; *text may be NULL. */
int store_read_config(int dir, oci_document **document, const struct oci_runtime_config **config,
                      struct failure *failure);

/* Remove the folder and all that is in it. */
int store_remove(int root, const char *id, int dir, struct failure *failure);

/* A listening socket at STORE_START, and a connection to it. */
int store_listen(int dir, struct failure *failure);
int store_connect(int dir); /* an fd, or a negative errno */
/* Does an init listen there? */
bool store_has_start(int dir);

#endif
