/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers without a configuration: the default one, and running a root filesystem with it.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char *const capabilities[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};

static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM=xterm",
};

static const char *const masked[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
};

static const char *const readonly[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static const char *const proc_options[] = {"nosuid", "noexec", "nodev"};
static const char *const dev_options[] = {"nosuid", "strictatime", "mode=755", "size=65536k"};
static const char *const pts_options[] = {"nosuid",        "noexec",    "newinstance",
                                          "ptmxmode=0666", "mode=0620", "gid=5"};
static const char *const shm_options[] = {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"};
static const char *const sys_options[] = {"nosuid", "noexec", "nodev", "ro"};
static const char *const group_options[] = {"nosuid", "noexec", "nodev", "relatime", "ro"};

#define MOUNT(where, kind, from, with)                                                             \
    {                                                                                              \
        .destination = (where), .type = (kind), .source = (from),                                  \
        .options = (const char **)(with), .options_count = ARRAY_SIZE(with)                        \
    }

static const struct oci_mount mounts[] = {
    MOUNT("/proc", "proc", "proc", proc_options),
    MOUNT("/dev", "tmpfs", "tmpfs", dev_options),
    MOUNT("/dev/pts", "devpts", "devpts", pts_options),
    MOUNT("/dev/shm", "tmpfs", "shm", shm_options),
    MOUNT("/dev/mqueue", "mqueue", "mqueue", proc_options),
    MOUNT("/sys", "sysfs", "sysfs", sys_options),
    MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", group_options),
};

static const struct oci_linux_namespace namespaces[] = {
    {.type = OCI_NAMESPACE_TYPE_PID},   {.type = OCI_NAMESPACE_TYPE_NETWORK},
    {.type = OCI_NAMESPACE_TYPE_IPC},   {.type = OCI_NAMESPACE_TYPE_UTS},
    {.type = OCI_NAMESPACE_TYPE_MOUNT}, {.type = OCI_NAMESPACE_TYPE_CGROUP},
};

/* The host's ids that are root of the user namespace of a container without privileges. */
struct owner {
    uid_t uid;
    gid_t gid;
};

/* What a user who maps only itself may have: a user namespace, and no group of terminals, no limits. */
static void make_rootless(struct oci_linux *section, struct oci_linux_namespace *all,
                          struct oci_mount *list, struct oci_id_mapping maps[2],
                          const struct owner *owner)
{
    memcpy(all, namespaces, sizeof(namespaces));
    all[ARRAY_SIZE(namespaces)] = (struct oci_linux_namespace){.type = OCI_NAMESPACE_TYPE_USER};
    memcpy(list, mounts, sizeof(mounts));
    for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
        if (list[i].options == (const char **)pts_options)
            list[i].options_count--; /* gid=5 is the last */
    }
    maps[0] = (struct oci_id_mapping){.host_id = owner->uid, .size = 1};
    maps[1] = (struct oci_id_mapping){.host_id = owner->gid, .size = 1};
    section->namespaces = all;
    section->namespaces_count++;
    section->uid_mappings = &maps[0];
    section->gid_mappings = &maps[1];
    section->uid_mappings_count = section->gid_mappings_count = 1;
    section->resources = NULL;
}

static int write_config(const struct oci_runtime_config *config, char **text,
                        struct failure *failure)
{
    char *written;
    int r = oci_write(oci_runtime_config_type(), config, OCI_WRITE_PRETTY, &written, NULL);
    if (r < 0)
        return fail(failure, r, "the default configuration cannot be written: %s",
                    oci_code_text(r));
    *text = strdup(written);
    oci_free(written);
    return *text ? 0 : fail_memory(failure);
}

/* owner: NULL for a caller with the host's privileges. */
static int default_config(const char *rootfs, const char *const *argv, const struct owner *owner,
                          char **text, struct failure *failure)
{
    static const char *const shell[] = {"sh"};
    struct oci_rlimit limit = {.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 1024};
    struct oci_device_cgroup deny = {.allow = false, .access = "rwm"};
    struct oci_linux_resources resources = {.devices = &deny, .devices_count = 1};
    struct oci_capabilities caps = {
        .bounding = (const char **)capabilities,
        .bounding_count = ARRAY_SIZE(capabilities),
        .effective = (const char **)capabilities,
        .effective_count = ARRAY_SIZE(capabilities),
        .permitted = (const char **)capabilities,
        .permitted_count = ARRAY_SIZE(capabilities),
    };
    struct oci_user user = {.has_uid = true, .has_gid = true};
    size_t argc = 0;
    while (argv && argv[argc])
        argc++;
    struct oci_process process = {
        /* The shell is for a person, a program that was named may be for anybody. */
        .has_terminal = true,
        .terminal = argc == 0,
        .user = &user,
        .args = (const char **)(argc ? argv : shell),
        .args_count = argc ? argc : 1,
        .env = (const char **)environment,
        .env_count = ARRAY_SIZE(environment),
        .cwd = "/",
        .capabilities = &caps,
        .rlimits = &limit,
        .rlimits_count = 1,
        .has_no_new_privileges = true,
        .no_new_privileges = true,
    };
    struct oci_root root = {.path = rootfs ? rootfs : "rootfs"};
    struct oci_linux linux_section = {
        .resources = &resources,
        .namespaces = (struct oci_linux_namespace *)namespaces,
        .namespaces_count = ARRAY_SIZE(namespaces),
        .masked_paths = (const char **)masked,
        .masked_paths_count = ARRAY_SIZE(masked),
        .readonly_paths = (const char **)readonly,
        .readonly_paths_count = ARRAY_SIZE(readonly),
    };
    struct oci_runtime_config config = {
        .oci_version = "1.0.2",
        .process = &process,
        .root = &root,
        .hostname = "ocikit",
        .mounts = (struct oci_mount *)mounts,
        .mounts_count = ARRAY_SIZE(mounts),
        .linux_ = &linux_section,
    };
    struct oci_linux_namespace all[ARRAY_SIZE(namespaces) + 1];
    struct oci_mount list[ARRAY_SIZE(mounts)];
    struct oci_id_mapping maps[2];
    if (owner) {
        make_rootless(&linux_section, all, list, maps, owner);
        config.mounts = list;
    }
    return write_config(&config, text, failure);
}

int container_rootless_config(const char *rootfs, const char *const *argv, uid_t uid, gid_t gid,
                              char **text, container_error **error)
{
    struct failure failure = {0};
    struct owner owner = {uid, gid};
    int r = default_config(rootfs, argv, &owner, text, &failure);
    return r < 0 ? fail_public(&failure, "spec", NULL, error) : 0;
}

int container_default_config(const char *rootfs, const char *const *argv, char **text,
                             container_error **error)
{
    struct failure failure = {0};
    int r = default_config(rootfs, argv, NULL, text, &failure);
    return r < 0 ? fail_public(&failure, "spec", NULL, error) : 0;
}

static void made_up_id(char text[32])
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint64_t)(uintptr_t)text ^ (uint64_t)getpid();
    snprintf(text, 32, "run-%016llx", (unsigned long long)number);
}

static int run_to_end(container *container, struct container_exit *result, container_error **error)
{
    int r = container_start(container, NULL, error);
    return r == 0 ? container_wait(container, -1, result, error) : r;
}

int container_run(container_context *context, const char *id, const char *rootfs,
                  const char *const *argv, const int stdio[3], struct container_exit *result,
                  container_error **error)
{
    struct failure failure = {0};
    char name[32];
    made_up_id(name);
    if (id == NULL)
        id = name;
    if (rootfs == NULL || argv == NULL || argv[0] == NULL) {
        fail(&failure, OCI_ERR_INVALID_ARGUMENT, "run needs a root filesystem and a program");
        return fail_public(&failure, "run", id, error);
    }
    char *config;
    struct caller caller;
    caller_look(&caller);
    struct owner owner = {caller.uid, caller.gid};
    bool rootless = !caller_can(&caller, CAP_SYS_ADMIN);
    int r = default_config(rootfs, argv, rootless ? &owner : NULL, &config, &failure);
    if (r < 0)
        return fail_public(&failure, "run", id, error);
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    options.bundle = rootfs[0] == '/' ? "/" : ".";
    options.config = config;
    options.config_length = strlen(config);
    for (int i = 0; stdio && i < 3; i++)
        options.stdio[i] = stdio[i];
    container *container = NULL;
    r = container_create(context, id, &options, &container, error);
    free(config);
    if (r < 0)
        return r;
    r = run_to_end(container, result, error);
    container_error *late = NULL;
    int deleted = container_delete(container, CONTAINER_DELETE_FORCE, r < 0 ? NULL : &late);
    if (r == 0 && deleted < 0) {
        r = deleted;
        if (error)
            *error = late;
        else
            container_error_free(late);
    }
    container_close(container);
    return r;
}
