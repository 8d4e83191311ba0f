/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blobs of an image layout, looked up by their digests.
 */
#ifndef OCIKIT_CLI_VALIDATE_BLOBS_H
#define OCIKIT_CLI_VALIDATE_BLOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MOST_BLOBS 10000u

enum blob_state {
    BLOB_IS_FILE,
    BLOB_IS_MISSING,
    BLOB_IS_OTHER,       /* it is no regular file */
    BLOB_IS_BEHIND_LINK, /* what should be the folder of its algorithm is none */
};

struct blob {
    char path[300]; /* below the layout: blobs/ALGORITHM/DIGITS */
    uint8_t digits; /* where the last part of path begins */
    enum blob_state state;
    int error; /* why it is missing */
    off_t size;
    bool told;      /* that it is missing, or is no file */
    uint32_t kinds; /* bits of the indexes of kinds that it is checked as */
};

struct blobs {
    int folder; /* blobs/; -1 where there is none */
    int algorithm_folder;
    char algorithm[32]; /* that algorithm_folder is of */
    void *tree;
    size_t count;
};

enum blobs_answer { BLOBS_FOUND, BLOBS_NO_DIGEST, BLOBS_FULL, BLOBS_NO_MEMORY };

/* Open the folder blobs of a layout; 0, or -1 with errno. */
int blobs_open(struct blobs *blobs, int layout);
/* The blob of a digest, looked up once.  *blob belongs to blobs. */
enum blobs_answer blobs_find(struct blobs *blobs, const char *digest, struct blob **blob);
/* Open a blob that is a file; -1 with errno. */
int blobs_read(struct blobs *blobs, const struct blob *blob);
void blobs_close(struct blobs *blobs);

#endif
