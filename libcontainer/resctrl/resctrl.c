/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, joining and removing groups of the resctrl filesystem.
 */
#include <resctrl/resctrl.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <base/buffer.h>
#include <base/util.h>

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

#define PLACE "/linux/intelRdt"
#define MOST_TEXT 65536 /* of a schemata file */

static bool good_name(const char *name)
{
    static const char *const taken[] = {".", "..", "info", "mon_data", "mon_groups"};
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        if (strcmp(name, taken[i]) == 0)
            return false;
    }
    return name[0] && strlen(name) < 256 && strpbrk(name, "/\n") == NULL;
}

static int check_lines(const struct oci_intel_rdt *config, struct failure *failure)
{
    for (size_t i = 0; i < config->schemata_count; i++) {
        if (strchr(config->schemata[i], '\n') == NULL)
            continue;
        fail_at(failure, PLACE "/schemata/%zu", i);
        return fail(failure, OCI_ERR_CONFIG, "an entry of schemata is one line");
    }
    const char *bandwidth = config->mem_bw_schema;
    if (bandwidth && bandwidth[0] && (strncmp(bandwidth, "MB:", 3) || strchr(bandwidth, '\n'))) {
        fail_at(failure, PLACE "/memBwSchema");
        return fail(failure, OCI_ERR_CONFIG, "memBwSchema is one line that begins with MB:");
    }
    return 0;
}

int resctrl_plan(const struct oci_intel_rdt *config, const char *id, struct resctrl_group *group,
                 struct failure *failure)
{
    *group = (struct resctrl_group){0};
    const char *name = config->clos_id ? config->clos_id : id;
    bool root = strcmp(name, "/") == 0;
    if (!root && !good_name(name)) {
        fail_at(failure, PLACE "%s", config->clos_id ? "/closID" : "");
        return fail(failure, OCI_ERR_CONFIG, "\"%s\" cannot be the name of a resctrl group", name);
    }
    int r = check_lines(config, failure);
    if (r < 0)
        return r;
    bool monitored = config->has_enable_monitoring && config->enable_monitoring;
    group->name = strdup(root ? "." : name);
    group->monitor = monitored ? strdup(id) : NULL;
    if (group->name == NULL || (monitored && group->monitor == NULL)) {
        resctrl_free(group);
        return fail_memory(failure);
    }
    return 0;
}

/* Mount points have blanks and the like as octal numbers. */
static char *unescaped(char *text)
{
    char *to = text;
    for (const char *p = text; *p; to++) {
        unsigned value;
        if (p[0] == '\\' && sscanf(p + 1, "%3o", &value) == 1) {
            *to = (char)value;
            p += 4;
        } else {
            *to = *p++;
        }
    }
    *to = 0;
    return text;
}

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

int resctrl_find(struct resctrl_group *group, struct failure *failure)
{
    FILE *file _cleanup_(close_file) = fopen("/proc/thread-self/mountinfo", "re");
    _free_ char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) > 0) {
        char place[4096];
        const char *type = strstr(line, " - ");
        if (type == NULL || strncmp(type + 3, "resctrl ", 8) != 0 ||
            sscanf(line, "%*s %*s %*s %*s %4095s", place) != 1)
            continue;
        free(group->mountpoint);
        group->mountpoint = strdup(unescaped(place));
        return group->mountpoint ? 0 : fail_memory(failure);
    }
    fail_at(failure, PLACE);
    return fail(failure, OCI_ERR_UNSUPPORTED,
                "intelRdt cannot be honoured: no resctrl filesystem is mounted");
}

int resctrl_open(const struct resctrl_group *group, struct failure *failure)
{
    struct statfs fs;
    _close_ int root = open(group->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 && errno != ENOENT)
        return fail_errno(failure, OCI_ERR_RESCTRL, errno, "open %s", group->mountpoint);
    if (root < 0 || fstatfs(root, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
        return fail(failure, OCI_ERR_NOT_FOUND, "there is no resctrl filesystem at %s",
                    group->mountpoint);
    return take_fd(&root);
}

static int open_group(int root, const struct resctrl_group *group)
{
    return openat(root, group->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int resctrl_look(int root, const struct oci_intel_rdt *config, struct resctrl_group *group,
                 struct failure *failure)
{
    _close_ int dir = open_group(root, group);
    int error = errno;
    group->made = dir < 0 && error == ENOENT;
    if (dir >= 0)
        return 0;
    fail_at(failure, config->clos_id ? PLACE "/closID" : PLACE);
    if (!group->made)
        return fail_errno(failure, OCI_ERR_RESCTRL, error, "open resctrl group \"%s\"",
                          group->name);
    bool described = config->schemata_count ||
                     (config->l3_cache_schema && config->l3_cache_schema[0]) ||
                     (config->mem_bw_schema && config->mem_bw_schema[0]);
    if (config->clos_id && !described) {
        group->made = false;
        return fail(failure, OCI_ERR_RESCTRL,
                    "resctrl group \"%s\" does not exist, and no schema says what it would be",
                    group->name);
    }
    failure->has_pointer = false;
    return 0;
}

/* The kernel's own words about the last command. */
static void last_words(int root, char *text, size_t size)
{
    _close_ int fd = openat(root, "info/last_cmd_status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, size - 1) : 0;
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    if (strcmp(text, "ok") == 0)
        text[0] = 0;
}

static int write_file(int root, int dir, const char *name, const char *text,
                      const struct resctrl_group *group, struct failure *failure)
{
    _close_ int fd = openat(dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    size_t length = strlen(text);
    if (fd >= 0 && write(fd, text, length) == (ssize_t)length)
        return 0;
    int error = errno;
    char words[256];
    last_words(root, words, sizeof(words));
    return fail_errno(failure, OCI_ERR_RESCTRL, error,
                      "write \"%.*s\" to %s of resctrl group \"%s\"%s%s", (int)strcspn(text, "\n"),
                      text, name, group->name, words[0] ? " (" : "", words[0] ? words : "");
}

/* All at once: the kernel takes every line or none. */
static int write_lines(int root, int dir, const char *text, const struct resctrl_group *group,
                       struct failure *failure)
{
    fail_at(failure, PLACE);
    int r = write_file(root, dir, "schemata", text, group, failure);
    if (r == 0)
        failure->has_pointer = false;
    return r;
}

static int read_schemata(int dir, const struct resctrl_group *group, char **text,
                         struct failure *failure)
{
    size_t length;
    int error = 0;
    _close_ int fd = openat(dir, "schemata", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error = errno;
        fail_at(failure, PLACE);
        return fail_errno(failure, OCI_ERR_RESCTRL, error, "open schemata of resctrl group \"%s\"",
                          group->name);
    }
    if (oci_read_fd(fd, MOST_TEXT, text, &length, &error) == 0)
        return 0;
    fail_at(failure, PLACE);
    return fail_errno(failure, OCI_ERR_RESCTRL, error ? error : EFBIG,
                      "read schemata of resctrl group \"%s\"", group->name);
}

static int hold_against(int dir, const struct oci_intel_rdt *config,
                        const struct resctrl_group *group, struct failure *failure)
{
    _free_ char *wanted = schemata_text(config, false);
    _free_ char *current = NULL;
    if (wanted == NULL)
        return fail_memory(failure);
    int r = read_schemata(dir, group, &current, failure);
    if (r < 0)
        return r;
    const char *line;
    size_t size;
    if (schemata_holds(current, wanted, &line, &size))
        return 0;
    fail_at(failure, PLACE);
    return fail(failure, OCI_ERR_RESCTRL,
                "resctrl group \"%s\" exists, and its schemata are not \"%.*s\"", group->name,
                (int)size, line);
}

static int describe(int root, int dir, const struct oci_intel_rdt *config, bool existed,
                    const struct resctrl_group *group, struct failure *failure)
{
    int r = existed ? hold_against(dir, config, group, failure) : 0;
    if (r < 0)
        return r;
    _free_ char *text = NULL;
    if (existed) {
        /* The two older members hold; what schemata says is written over it. */
        struct oci_intel_rdt only = {.schemata = config->schemata,
                                     .schemata_count = config->schemata_count};
        text = schemata_text(&only, true);
    } else {
        text = schemata_text(config, true);
    }
    if (text == NULL)
        return fail_memory(failure);
    return text[0] ? write_lines(root, dir, text, group, failure) : 0;
}

static int monitor(int dir, const struct resctrl_group *group, struct failure *failure)
{
    if (group->monitor == NULL)
        return 0;
    _close_ int all = openat(dir, "mon_groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (all < 0) {
        fail_at(failure, PLACE "/enableMonitoring");
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "enableMonitoring cannot be honoured: this host has no resctrl monitoring");
    }
    if (mkdirat(all, group->monitor, 0755) == 0 || errno == EEXIST)
        return 0;
    int error = errno;
    fail_at(failure, PLACE "/enableMonitoring");
    return fail_errno(failure, OCI_ERR_RESCTRL, error, "make monitoring group \"%s\"",
                      group->monitor);
}

int resctrl_make(int root, const struct oci_intel_rdt *config, struct resctrl_group *group,
                 struct failure *failure)
{
    if (group->made && mkdirat(root, group->name, 0755) < 0) {
        int error = errno;
        /* Not there a moment ago: it is somebody else's. */
        group->made = error != EEXIST;
        if (error != EEXIST) {
            char words[256];
            last_words(root, words, sizeof(words));
            fail_at(failure, PLACE);
            return fail_errno(failure, OCI_ERR_RESCTRL, error, "make resctrl group \"%s\"%s%s",
                              group->name, words[0] ? ": " : "", words);
        }
    }
    _close_ int dir = open_group(root, group);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_RESCTRL, errno, "open resctrl group \"%s\"",
                          group->name);
    int r = describe(root, dir, config, !group->made, group, failure);
    if (r == 0)
        r = monitor(dir, group, failure);
    if (r < 0) {
        struct failure ignored = {0};
        resctrl_remove(root, group, &ignored);
    }
    return r;
}

int resctrl_update(int root, const struct oci_intel_rdt *config, const struct resctrl_group *group,
                   struct failure *failure)
{
    _free_ char *text = schemata_text(config, true);
    if (text == NULL)
        return fail_memory(failure);
    _close_ int dir = open_group(root, group);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_RESCTRL, errno, "open resctrl group \"%s\"",
                          group->name);
    return text[0] ? write_file(root, dir, "schemata", text, group, failure) : 0;
}

int resctrl_join(int root, const struct resctrl_group *group, pid_t pid, struct failure *failure)
{
    char text[16];
    snprintf(text, sizeof(text), "%d\n", (int)pid);
    _close_ int dir = open_group(root, group);
    if (dir < 0)
        return fail_errno(failure, OCI_ERR_RESCTRL, errno, "open resctrl group \"%s\"",
                          group->name);
    int r = write_file(root, dir, "tasks", text, group, failure);
    if (r < 0 || group->monitor == NULL)
        return r;
    _buffer_ struct buffer path = {0};
    buffer_format(&path, "mon_groups/%s/tasks", group->monitor);
    if (buffer_failed(&path))
        return fail_memory(failure);
    return write_file(root, dir, path.data, text, group, failure);
}

int resctrl_remove(int root, const struct resctrl_group *group, struct failure *failure)
{
    _close_ int dir = open_group(root, group);
    if (dir < 0)
        return errno == ENOENT ? 0
                               : fail_errno(failure, OCI_ERR_RESCTRL, errno,
                                            "open resctrl group \"%s\"", group->name);
    if (group->monitor) {
        _close_ int all = openat(dir, "mon_groups", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (all >= 0 && unlinkat(all, group->monitor, AT_REMOVEDIR) < 0 && errno != ENOENT)
            return fail_errno(failure, OCI_ERR_RESCTRL, errno, "remove monitoring group \"%s\"",
                              group->monitor);
    }
    if (group->made && unlinkat(root, group->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail_errno(failure, OCI_ERR_RESCTRL, errno, "remove resctrl group \"%s\"",
                          group->name);
    return 0;
}

void resctrl_free(struct resctrl_group *group)
{
    free(group->mountpoint);
    free(group->name);
    free(group->monitor);
    *group = (struct resctrl_group){0};
}
