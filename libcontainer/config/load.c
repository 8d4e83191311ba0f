/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a configuration.
 */
#include <config/load.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <base/util.h>

int fail_report(struct failure *failure, int code, const oci_report *report, const char *file)
{
    const struct oci_finding *finding = oci_report_first_error(report);
    size_t more = oci_report_total(report);
    fail(failure, code, "%s", finding ? finding->text : oci_code_text(code));
    if (finding) {
        failure->error = finding->sys_errno;
        failure->line = finding->line;
        failure->column = finding->column;
        fail_at(failure, "%s", finding->pointer);
    }
    size_t length = strlen(failure->text);
    if (more > 1)
        snprintf(failure->text + length, sizeof(failure->text) - length,
                 " (and %zu more finding%s)", more - 1, more > 2 ? "s" : "");
    snprintf(failure->file, sizeof(failure->file), "%s", file);
    return code;
}

void locate_failure(struct failure *failure, const char *text, size_t length, const char *file)
{
    if (!failure->has_pointer || failure->line)
        return;
    snprintf(failure->file, sizeof(failure->file), "%s", file);
    char pointer[sizeof(failure->pointer)];
    snprintf(pointer, sizeof(pointer), "%s", failure->pointer);
    /* What is missing has no place of its own: the nearest part above it has. */
    while (oci_locate(text, length, pointer, &failure->line, &failure->column) < 0 && pointer[0]) {
        char *slash = strrchr(pointer, '/');
        *(slash ? slash : pointer) = 0;
    }
}

static int open_bundle(const char *bundle, struct loaded *loaded, struct failure *failure)
{
    if (bundle == NULL || bundle[0] == 0)
        return fail(failure, OCI_ERR_INVALID_ARGUMENT, "no bundle was given");
    _close_ int dir = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        fail_errno(failure, OCI_ERR_BUNDLE, errno, "open bundle %s", bundle);
        return OCI_ERR_BUNDLE;
    }
    loaded->bundle = realpath(bundle, NULL);
    if (loaded->bundle == NULL)
        return fail_errno(failure, OCI_ERR_BUNDLE, errno, "find bundle %s", bundle);
    _cleanup_(free_pointer) char *file = NULL;
    if (asprintf(&file, "%s/config.json", loaded->bundle) < 0)
        return fail_memory(failure);
    loaded->file = TAKE(file);
    return take_fd(&dir);
}

static int read_config(int dir, struct loaded *loaded, struct failure *failure)
{
    int error = 0;
    int r = oci_read_file(dir, "config.json", 0, &loaded->text, &loaded->length, &error);
    if (r == OCI_ERR_TOO_LARGE)
        return fail(failure, r, "%s is larger than 16 MiB", loaded->file);
    if (r == OCI_ERR_NO_MEMORY)
        return fail_memory(failure);
    if (r < 0)
        return fail_errno(failure, OCI_ERR_CONFIG_MISSING, error, "read %s", loaded->file);
    return 0;
}

static int copy_text(const char *text, size_t length, struct loaded *loaded,
                     struct failure *failure)
{
    free(loaded->file);
    loaded->file = strdup("config");
    loaded->text = malloc(length + 1);
    loaded->copied = true;
    if (loaded->text == NULL || loaded->file == NULL)
        return fail_memory(failure);
    memcpy(loaded->text, text, length);
    loaded->text[length] = 0;
    loaded->length = length;
    return 0;
}

static void log_warnings(const oci_report *report, const struct log *log)
{
    for (size_t i = 0; i < oci_report_count(report); i++) {
        const struct oci_finding *finding = oci_report_get(report, i);
        log_message(log, CONTAINER_LOG_WARNING, "%s: %s", finding->pointer, finding->text);
    }
}

bool version_before(const char *oci_version, unsigned minor)
{
    return oci_version && strncmp(oci_version, "1.", 2) == 0 &&
           strtoul(oci_version + 2, NULL, 10) < minor;
}

void drop_unmeant(const char *oci_version, struct oci_linux_resources *resources)
{
    if (resources && resources->pids && resources->pids->limit == 0 &&
        version_before(oci_version, 3))
        resources->pids = NULL;
}

int load_config(const char *bundle, const char *text, size_t length, const struct log *log,
                struct loaded *loaded, struct failure *failure)
{
    *loaded = (struct loaded){0};
    _close_ int dir = open_bundle(bundle, loaded, failure);
    int r = dir < 0 ? dir : 0;
    if (r == 0)
        r = text ? copy_text(text, length, loaded, failure) : read_config(dir, loaded, failure);
    if (r == 0) {
        _cleanup_(free_report) oci_report *report = NULL;
        r = oci_parse(oci_runtime_config_type(), loaded->text, loaded->length, NULL,
                      &loaded->document, &report);
        if (r < 0)
            fail_report(failure, r, report, loaded->file);
        else
            log_warnings(report, log);
    }
    if (r < 0) {
        loaded_free(loaded);
        return r;
    }
    struct oci_runtime_config *config =
        oci_document_root(loaded->document, oci_runtime_config_type());
    if (config->linux_)
        drop_unmeant(config->oci_version, config->linux_->resources);
    loaded->config = config;
    return 0;
}

void loaded_free(struct loaded *loaded)
{
    free(loaded->bundle);
    free(loaded->file);
    if (loaded->copied)
        free(loaded->text);
    else
        oci_free(loaded->text);
    oci_document_free(loaded->document);
    *loaded = (struct loaded){0};
}
