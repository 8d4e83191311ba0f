/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files in a container's folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <base/util.h>
#include <config/load.h>
#include <state/store.h>

int store_read_record(int dir, const char *id, oci_document **document,
                      const struct oci_record **record, struct failure *failure)
{
    struct oci_parse_options options = OCI_PARSE_OPTIONS_INIT;
    options.max_bytes = 1 << 20;
    _cleanup_(free_report) oci_report *report = NULL;
    _close_ int fd = openat(dir, "record.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return fail(failure, OCI_ERR_NOT_FOUND, "container \"%s\" does not exist", id);
    if (fd < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "open the record of container \"%s\"", id);
    int r = oci_parse_fd(oci_record_type(), fd, &options, document, &report);
    if (r < 0)
        return fail_report(failure, OCI_ERR_STATE_CORRUPT, report, "record.json");
    *record = oci_record_root(*document);
    return 0;
}

int store_write_file(int dir, const char *name, const char *text, size_t length,
                     struct failure *failure)
{
    char temporary[64];
    snprintf(temporary, sizeof(temporary), "%s.new", name);
    _close_ int fd =
        openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    for (size_t done = 0; fd >= 0 && done < length;) {
        ssize_t n = RETRY(write(fd, text + done, length - done));
        if (n < 0)
            goto failed;
        done += (size_t)n;
    }
    if (fd >= 0 && fsync(fd) == 0 && renameat(dir, temporary, dir, name) == 0)
        return 0;
failed:;
    int error = errno;
    unlinkat(dir, temporary, 0);
    return fail_errno(failure, OCI_ERR_IO, error, "write %s to the state directory", name);
}

int store_write_record(int dir, const struct oci_record *record, struct failure *failure)
{
    char *text;
    size_t length;
    int r = oci_write(oci_record_type(), record, OCI_WRITE_COMPACT, &text, &length);
    if (r < 0)
        return fail(failure, r, "the container's record cannot be written: %s", oci_code_text(r));
    r = store_write_file(dir, "record.json", text, length, failure);
    oci_free(text);
    return r;
}

int store_read_config(int dir, oci_document **document, const struct oci_runtime_config **config,
                      struct failure *failure)
{
    _cleanup_(free_report) oci_report *report = NULL;
    int r = oci_parse_file(oci_runtime_config_type(), dir, STORE_CONFIG, NULL, document, &report);
    if (r < 0)
        return fail_report(failure, OCI_ERR_STATE_CORRUPT, report, STORE_CONFIG);
    *config = oci_runtime_config_root(*document);
    return 0;
}

/* A socket's path holds 107 bytes; this one never needs more. */
static void start_address(int dir, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/thread-self/fd/%d/" STORE_START,
             dir);
}

int store_listen(int dir, struct failure *failure)
{
    struct sockaddr_un address;
    start_address(dir, &address);
    _close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
        return fail_errno(failure, OCI_ERR_IO, errno, "make the start socket");
    return take_fd(&fd);
}

int store_connect(int dir)
{
    struct sockaddr_un address;
    start_address(dir, &address);
    _close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || RETRY(connect(fd, (struct sockaddr *)&address, sizeof(address))) < 0)
        return -errno;
    return take_fd(&fd);
}

bool store_has_start(int dir)
{
    struct sockaddr_un address;
    start_address(dir, &address);
    /* A socket of another type learns whether somebody listens without ever being heard. */
    _close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return faccessat(dir, STORE_START, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
           (errno != ECONNREFUSED && errno != ENOENT);
}
