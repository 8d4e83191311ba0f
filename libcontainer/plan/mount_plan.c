/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting and checking the options of one mount.
 */
#include <plan/mount_plan.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>
#include <plan/mount_options.h>

/* What fsconfig takes as a name or value, the NUL included. */
#define FSCONFIG_TEXT 256

int bad_mount(struct compiler *c, size_t index, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fail_at(c->failure, "/mounts/%zu", index);
    return fail(c->failure, OCI_ERR_CONFIG, "%s", text);
}

static void take_attribute(struct mount_plan *plan, const struct mount_option *option)
{
    plan->set = (plan->set & ~option->clear) | option->set;
    plan->clear = (plan->clear & ~option->set) | option->clear;
    if (option->recursive) {
        plan->all_set = (plan->all_set & ~option->clear) | option->set;
        plan->all_clear = (plan->all_clear & ~option->set) | option->clear;
    }
    /* Choosing an access time clears the old choice and sets the new one at once. */
    if (option->clear & MOUNT_ATTR__ATIME) {
        plan->clear |= MOUNT_ATTR__ATIME;
        if (option->recursive)
            plan->all_clear |= MOUNT_ATTR__ATIME;
    }
}

/* Another choice than the one that is taken back stays.  Where none was made, a mount that exists may have
 * that very one, and gets the default in its place; the default itself cannot be taken back. */
static void undo_atime(uint64_t *set, uint64_t *clear, uint64_t choice)
{
    bool chosen = *clear & MOUNT_ATTR__ATIME;
    if (chosen ? (*set & MOUNT_ATTR__ATIME) != choice : choice == MOUNT_ATTR_RELATIME)
        return;
    *set &= ~(uint64_t)MOUNT_ATTR__ATIME;
    if (choice == MOUNT_ATTR_RELATIME)
        *clear &= ~(uint64_t)MOUNT_ATTR__ATIME;
    else
        *clear |= MOUNT_ATTR__ATIME;
}

/* A flag of the filesystem behind a bind mount is not the bind mount's to change. */
static int take_super(struct compiler *c, const struct mount_option *option, const char *text,
                      struct mount_plan *plan)
{
    if (plan->bind) {
        log_message(c->input->log, CONTAINER_LOG_WARNING,
                    "mount option \"%s\" has no effect on a bind mount: it is the filesystem's",
                    text);
    } else if (option->kind == MOUNT_OPTION_SUPER_BIT) {
        plan->super = (plan->super & ~option->clear) | option->set;
        plan->super_bits = true;
    } else {
        plan->data[plan->data_count++] = text;
    }
    return 0;
}

static int take_option(struct compiler *c, const char *text, struct mount_plan *plan)
{
    const struct mount_option *option = mount_option_find(text);
    if (option == NULL) {
        plan->data[plan->data_count++] = text;
        return 0;
    }
    switch (option->kind) {
    case MOUNT_OPTION_ATTR:
        take_attribute(plan, option);
        break;
    case MOUNT_OPTION_ATIME_UNDO:
        undo_atime(&plan->set, &plan->clear, option->set);
        if (option->recursive)
            undo_atime(&plan->all_set, &plan->all_clear, option->set);
        break;
    case MOUNT_OPTION_SUPER:
    case MOUNT_OPTION_SUPER_BIT:
        return take_super(c, option, text, plan);
    case MOUNT_OPTION_PROPAGATION:
        plan->propagation = option->set;
        plan->all_propagation = option->recursive;
        break;
    case MOUNT_OPTION_BIND:
        plan->recursive_bind = option->recursive;
        break;
    case MOUNT_OPTION_REMOUNT:
        plan->remount = true;
        break;
    case MOUNT_OPTION_IDMAP:
        plan->idmap = true;
        plan->recursive_idmap = option->recursive;
        break;
    case MOUNT_OPTION_COPY_UP:
        plan->copy_up = true;
        break;
    default:
        break;
    }
    return 0;
}

bool mount_is_bind(const struct oci_mount *mount)
{
    if (mount->type && strcmp(mount->type, "bind") == 0)
        return true;
    for (size_t i = 0; i < mount->options_count; i++) {
        const struct mount_option *option = mount_option_find(mount->options[i]);
        if (option && option->kind == MOUNT_OPTION_BIND)
            return true;
    }
    return false;
}

bool mount_is_cgroup(const struct oci_mount *mount)
{
    return mount->type &&
           (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0);
}

/* An entry may hold several options with commas between, as mount(8) would be given them.  A comma is the
 * value's own inside quotes or behind a backslash. */
static size_t option_length(const char *text)
{
    bool quoted = false;
    size_t n = 0;
    for (; text[n] && (quoted || text[n] != ','); n++) {
        if (text[n] == '"')
            quoted = !quoted;
        else if (text[n] == '\\' && text[n + 1])
            n++;
    }
    return n;
}

/* fsconfig takes a value as it is, mount(2) one in quotes. */
static void unquote(char *option)
{
    char *value = strstr(option, "=\"");
    size_t length = strlen(option);
    if (value == NULL || length < 3 || option[length - 1] != '"' ||
        value + 1 == option + length - 1)
        return;
    option[length - 1] = 0;
    memmove(value + 1, value + 2, strlen(value + 2) + 1);
}

static bool too_long(const char *option)
{
    size_t name = strcspn(option, "=");
    return name >= FSCONFIG_TEXT || (option[name] && strlen(option + name + 1) >= FSCONFIG_TEXT);
}

static bool has_option(const struct mount_plan *plan, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < plan->data_count; i++) {
        if (strncmp(plan->data[i], name, length) == 0)
            return true;
    }
    return false;
}

/* What the options say of the root of a tmpfs counts for more than what is below. */
static uint64_t keep_of_copy(const struct mount_plan *plan)
{
    return (has_option(plan, "mode=") ? PLAN_KEEP_MODE : 0) |
           (has_option(plan, "uid=") ? PLAN_KEEP_UID : 0) |
           (has_option(plan, "gid=") ? PLAN_KEEP_GID : 0);
}

/* The data as fsconfig wants it: one option each.  What is too long for it is left to mount(2), which takes
 * everything as one text. */
static int split_data(struct compiler *c, struct mount_plan *plan)
{
    size_t count = 0, size = 1;
    for (size_t i = 0; i < plan->data_count; i++) {
        size += strlen(plan->data[i]) + 1;
        for (const char *p = plan->data[i]; *p; p += option_length(p), p += *p == ',')
            count++;
    }
    _free_ const char **data = calloc(count + 5, sizeof(*data));
    plan->texts = malloc(size);
    if (data == NULL || plan->texts == NULL)
        return fail_memory(c->failure);
    char *text = plan->texts;
    size_t n = 0;
    bool old = plan->super != 0 || (plan->remount && plan->super_bits);
    for (size_t i = 0; i < plan->data_count; i++) {
        for (const char *p = plan->data[i]; *p; p += *p == ',') {
            size_t length = option_length(p);
            memcpy(text, p, length);
            text[length] = 0;
            p += length;
            if (length == 0)
                continue;
            old |= too_long(text);
            data[n++] = text;
            text += length + 1;
        }
    }
    plan->old = old;
    for (size_t i = 0; !old && i < n; i++)
        unquote((char *)data[i]);
    free(plan->data);
    plan->data = data;
    plan->data_count = n;
    plan->keep = keep_of_copy(plan);
    data = NULL;
    return 0;
}

/* Files of proc that may be shown otherwise to a container; anything else mounted over a part of
 * proc could make what is written there, by this program or by others, go astray. */
static const char *const proc_files[] = {
    "cpuinfo",
    "diskstats",
    "meminfo",
    "stat",
    "swaps",
    "uptime",
    "loadavg",
    "slabinfo",
    "net/dev",
    "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
};

/* Lexically: "." and empty components out, ".." up. */
char *clean_path(const char *path)
{
    char *clean = malloc(strlen(path) + 2);
    size_t n = 0;
    for (const char *p = path; clean && *p;) {
        p += strspn(p, "/");
        size_t length = strcspn(p, "/");
        if (length == 2 && p[0] == '.' && p[1] == '.') {
            while (n > 0 && clean[--n] != '/')
                ;
        } else if (length > 0 && !(length == 1 && p[0] == '.')) {
            clean[n++] = '/';
            memcpy(clean + n, p, length);
            n += length;
        }
        p += length;
    }
    if (clean)
        clean[n] = 0;
    return clean;
}

static int check_destination(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    const char *path = plan->place;
    if (path[0] == 0)
        return bad_mount(c, index, "destination \"%s\" is the root itself", mount->destination);
    if (plan->remount)
        return 0;
    if (strcmp(path, "/proc") == 0 && !plan->bind && strcmp(mount->type, "proc") != 0)
        return bad_mount(c, index, "destination \"%s\" takes a mount of type proc only",
                         mount->destination);
    if (strncmp(path, "/proc/", 6) != 0)
        return 0;
    for (size_t i = 0; plan->bind && i < ARRAY_SIZE(proc_files); i++) {
        if (strcmp(path + 6, proc_files[i]) == 0)
            return 0;
    }
    return bad_mount(c, index, "destination \"%s\" is inside /proc", mount->destination);
}

static int check_copy_up(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const char *type = c->config->mounts[index].type;
    if (!plan->copy_up || (!plan->bind && !plan->remount && strcmp(type, "tmpfs") == 0))
        return 0;
    return bad_mount(c, index, "option \"tmpcopyup\" is for a new mount of type tmpfs");
}

static int check_mount(struct compiler *c, size_t index, const struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    if (plan->bind && plan->data_count)
        return bad_mount(c, index, "option \"%s\" has no meaning for a bind mount", plan->data[0]);
    if (plan->bind && !plan->remount && (mount->source == NULL || mount->source[0] == 0))
        return bad_mount(c, index, "a bind mount of \"%s\" needs a source", mount->destination);
    if (!plan->bind && !plan->remount && (mount->type == NULL || mount->type[0] == 0))
        return bad_mount(c, index, "the mount of \"%s\" needs a type, or the option bind",
                         mount->destination);
    if (mount_is_cgroup(mount) && !plan->bind && !plan->remount && plan->data_count)
        return bad_mount(c, index,
                         "option \"%s\" has no meaning for control groups: they are "
                         "mounted already",
                         plan->data[0]);
    if (plan->remount && (plan->idmap || mount->uid_mappings_count || mount->gid_mappings_count))
        return bad_mount(c, index, "a mount gets its id mapping when it is made, not by a remount");
    int r = check_copy_up(c, index, plan);
    return r == 0 ? check_destination(c, index, plan) : r;
}

static int read_one(struct compiler *c, size_t index, struct mount_plan *plan)
{
    const struct oci_mount *mount = &c->config->mounts[index];
    plan->data = calloc(mount->options_count + 1, sizeof(*plan->data));
    plan->place = clean_path(mount->destination);
    if (plan->data == NULL || plan->place == NULL)
        return fail_memory(c->failure);
    plan->bind = mount_is_bind(mount);
    int r = 0;
    for (size_t i = 0; r == 0 && i < mount->options_count; i++)
        r = take_option(c, mount->options[i], plan);
    if (r == 0)
        r = split_data(c, plan);
    return r == 0 ? check_mount(c, index, plan) : r;
}

int compile_read_mounts(struct compiler *c)
{
    /* Each takes a slot of the plan; and what compares them need not fear their number. */
    if (c->config->mounts_count > PLAN_MAX_SLOTS) {
        fail_at(c->failure, "/mounts");
        return fail(c->failure, OCI_ERR_TOO_LARGE, "more than %d mounts", PLAN_MAX_SLOTS);
    }
    c->mounts = calloc(c->config->mounts_count + 1, sizeof(*c->mounts));
    if (c->mounts == NULL)
        return fail_memory(c->failure);
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->config->mounts_count; i++) {
        c->mounts[i].slot = c->mounts[i].map_slot = c->mounts[i].fallback_slot = PLAN_SLOT_NONE;
        r = read_one(c, i, &c->mounts[i]);
        c->dev_is_bound |= r == 0 && c->mounts[i].bind && !c->mounts[i].remount &&
                           strcmp(c->mounts[i].place, "/dev") == 0;
    }
    return r;
}

void free_mounts(struct compiler *c)
{
    for (size_t i = 0; c->mounts && i < c->config->mounts_count; i++) {
        free(c->mounts[i].data);
        free(c->mounts[i].texts);
        free(c->mounts[i].place);
    }
    free(c->mounts);
}
