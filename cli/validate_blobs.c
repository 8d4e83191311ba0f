/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks up and opens the blobs of an image layout that is not trusted: one step at a time from the
 * folder blobs on, no link followed, only regular files read, every digest looked up once, and no more
 * than a number of them.
 */
#include "validate_blobs.h"
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define STEP_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int blobs_open(struct blobs *blobs, int layout)
{
    *blobs = (struct blobs){.algorithm_folder = -1};
    blobs->folder = openat(layout, "blobs", STEP_FLAGS);
    return blobs->folder < 0 ? -1 : 0;
}

/* The path of a digest's blob.  False for a digest that could lead anywhere else. */
static bool name_blob(const char *digest, struct blob *blob)
{
    const char *colon = strchr(digest, ':');
    size_t length = strlen(digest);
    int before;

    if (colon == NULL || colon == digest || colon[1] == '\0' || length + 7 >= sizeof(blob->path) ||
        (size_t)(colon - digest) >= sizeof(((struct blobs *)NULL)->algorithm))
        return false;
    for (const char *c = digest; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr(c < colon ? "+._-" : "=_-", *c) == NULL &&
            c != colon)
            return false;
    }
    if (digest[0] == '.')
        return false;
    before = snprintf(blob->path, sizeof(blob->path), "blobs/%.*s/", (int)(colon - digest), digest);
    blob->digits = (uint8_t)before;
    (void)snprintf(blob->path + before, sizeof(blob->path) - (size_t)before, "%s", colon + 1);
    return true;
}

static int compare_blobs(const void *left, const void *right)
{
    return strcmp(((const struct blob *)left)->path, ((const struct blob *)right)->path);
}

/* The folder of a blob's algorithm, kept open for the next. */
static int enter_algorithm(struct blobs *blobs, const struct blob *blob)
{
    char name[sizeof(blobs->algorithm)] = "";

    memcpy(name, blob->path + strlen("blobs/"), blob->digits - strlen("blobs/") - 1);
    if (blobs->algorithm_folder >= 0 && strcmp(name, blobs->algorithm) == 0)
        return blobs->algorithm_folder;
    close_fd(&blobs->algorithm_folder);
    blobs->algorithm_folder = openat(blobs->folder, name, STEP_FLAGS);
    memcpy(blobs->algorithm, name, sizeof(name));
    return blobs->algorithm_folder;
}

static void look_up(struct blobs *blobs, struct blob *blob)
{
    int folder = enter_algorithm(blobs, blob);
    struct stat status;

    if (folder < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        blob->state = BLOB_IS_BEHIND_LINK;
    } else if (folder < 0 ||
               fstatat(folder, blob->path + blob->digits, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        blob->state = BLOB_IS_MISSING;
        blob->error = errno;
    } else {
        blob->state = S_ISREG(status.st_mode) ? BLOB_IS_FILE : BLOB_IS_OTHER;
        blob->size = status.st_size;
    }
}

enum blobs_answer blobs_find(struct blobs *blobs, const char *digest, struct blob **blob)
{
    struct blob wanted = {.path = ""}, **found;

    if (!name_blob(digest, &wanted))
        return BLOBS_NO_DIGEST;
    found = tfind(&wanted, &blobs->tree, compare_blobs);
    if (found != NULL) {
        *blob = *found;
        return BLOBS_FOUND;
    }
    if (blobs->count == MOST_BLOBS)
        return BLOBS_FULL;
    *blob = malloc(sizeof(**blob));
    if (*blob == NULL)
        return BLOBS_NO_MEMORY;
    **blob = wanted;
    if (tsearch(*blob, &blobs->tree, compare_blobs) == NULL) {
        free(*blob);
        return BLOBS_NO_MEMORY;
    }
    blobs->count++;
    look_up(blobs, *blob);
    return BLOBS_FOUND;
}

int blobs_read(struct blobs *blobs, const struct blob *blob)
{
    int folder = enter_algorithm(blobs, blob), fd;
    struct stat status;

    if (folder < 0)
        return -1;
    /* It may have become a link or a FIFO since it was looked up. */
    fd = openat(folder, blob->path + blob->digits, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

void blobs_close(struct blobs *blobs)
{
    while (blobs->tree != NULL) {
        struct blob *blob = *(struct blob **)blobs->tree;

        (void)tdelete(blob, &blobs->tree, compare_blobs);
        free(blob);
    }
    close_fd(&blobs->folder);
    close_fd(&blobs->algorithm_folder);
}
