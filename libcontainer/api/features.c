/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_features: what this build and this kernel can do, from the tables that do it.
 */
#include <api/internal.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>

#include <plan/mount_options.h>
#include <systemd/property.h>
#include <seccomp/filter.h>

/* Linux 5.19; older headers lack it. */
#define FLAG_WAIT_KILLABLE_RECV (1UL << 5)

struct lists {
    const char **options;
    char **caps;
    size_t cap_count;
    enum oci_namespace_type namespaces[8];
    enum oci_seccomp_action actions[16];
    enum oci_seccomp_operator operators[8];
    enum oci_seccomp_arch archs[32];
    enum oci_seccomp_flag known[8], flags[8];
    size_t flag_count, action_count, arch_count;
    enum oci_memory_policy_mode modes[16];
    enum oci_memory_policy_flag mode_flags[8];
    size_t mode_count, mode_flag_count;
    char seccomp_version[32];
    struct oci_string_entry annotations[2];
    size_t annotation_count;
};

static void lists_free(struct lists *lists)
{
    for (size_t i = 0; lists->caps && i < lists->cap_count; i++)
        free(lists->caps[i]);
    free(lists->caps);
    free(lists->options);
}

static bool collect_capabilities(struct lists *lists)
{
    int count = cap_max_bits();
    lists->caps = calloc((size_t)count + 1, sizeof(*lists->caps));
    for (int i = 0; lists->caps && i < count; i++) {
        char *name = cap_to_name(i);
        char *copy = name ? strdup(name) : NULL;
        cap_free(name);
        if (copy == NULL)
            return false;
        for (char *p = copy; *p; p++)
            *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
        lists->caps[lists->cap_count++] = copy;
    }
    return lists->caps != NULL;
}

static bool collect_options(struct lists *lists, size_t *count)
{
    size_t total;
    const struct mount_option *table = mount_option_table(&total);
    lists->options = calloc(total, sizeof(*lists->options));
    *count = 0;
    for (size_t i = 0; lists->options && i < total; i++)
        lists->options[(*count)++] = table[i].name;
    return lists->options != NULL;
}

static void collect_seccomp(struct lists *lists)
{
    for (int a = OCI_SECCOMP_ACTION_KILL; oci_seccomp_action_text((enum oci_seccomp_action)a);
         a++) {
        if (filter_action_known((enum oci_seccomp_action)a))
            lists->actions[lists->action_count++] = (enum oci_seccomp_action)a;
    }
    for (int a = 1; oci_seccomp_arch_text((enum oci_seccomp_arch)a); a++) {
        if (filter_arch((enum oci_seccomp_arch)a))
            lists->archs[lists->arch_count++] = (enum oci_seccomp_arch)a;
    }
    for (size_t i = 0; i < 7; i++)
        lists->operators[i] = (enum oci_seccomp_operator)(i + 1);
    /* A flag that the kernel has gets as far as the missing program. */
    static const unsigned long values[] = {
        0, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE_RECV};
    for (size_t i = 1; i < ARRAY_SIZE(values); i++) {
        lists->known[i - 1] = (enum oci_seccomp_flag)i;
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, values[i], NULL) < 0 && errno == EFAULT)
            lists->flags[lists->flag_count++] = (enum oci_seccomp_flag)i;
    }
}

static void collect_policies(struct lists *lists)
{
    for (int m = 1; oci_memory_policy_mode_text((enum oci_memory_policy_mode)m); m++)
        lists->modes[lists->mode_count++] = (enum oci_memory_policy_mode)m;
    for (int f = 1; oci_memory_policy_flag_text((enum oci_memory_policy_flag)f); f++)
        lists->mode_flags[lists->mode_flag_count++] = (enum oci_memory_policy_flag)f;
}

static void collect_versions(struct lists *lists)
{
    const struct scmp_version *version = seccomp_version();
    if (version) {
        snprintf(lists->seccomp_version, sizeof(lists->seccomp_version), "%u.%u.%u", version->major,
                 version->minor, version->micro);
        lists->annotations[lists->annotation_count++] = (struct oci_string_entry){
            .key = "io.github.seccomp.libseccomp.version", .value = lists->seccomp_version};
    }
    lists->annotations[lists->annotation_count++] =
        (struct oci_string_entry){.key = "org.ocikit.version", .value = OCIKIT_VERSION};
}

static bool collect(struct lists *lists, size_t *option_count)
{
    if (!collect_capabilities(lists) || !collect_options(lists, option_count))
        return false;
    collect_seccomp(lists);
    collect_policies(lists);
    collect_versions(lists);
    for (size_t i = 0; i < 8; i++)
        lists->namespaces[i] = (enum oci_namespace_type)(i + 1);
    return true;
}

/* What this build does; whether the host has it shows when it is asked for. */
struct extras {
    struct oci_features_apparmor apparmor;
    struct oci_features_selinux selinux;
    struct oci_features_intel_rdt rdt;
    struct oci_features_net_devices devices;
    struct oci_features_memory_policy policy;
};

static struct extras extras_of(struct lists *lists)
{
    return (struct extras){
        .apparmor = {.has_enabled = true, .enabled = true},
        .selinux = {.has_enabled = true, .enabled = true},
        .rdt = {.has_enabled = true,
                .enabled = true,
                .has_schemata = true,
                .schemata = true,
                .has_monitoring = true,
                .monitoring = true},
        .devices = {.has_enabled = true, .enabled = true},
        .policy = {.modes = lists->modes,
                   .modes_count = lists->mode_count,
                   .flags = lists->mode_flags,
                   .flags_count = lists->mode_flag_count},
    };
}

#ifdef HAVE_SYSTEMD
#define SYSTEMD true
#else
#define SYSTEMD false
#endif

static int features(char **json, struct failure *failure)
{
    static const char *const hooks[] = {"prestart",       "createRuntime", "createContainer",
                                        "startContainer", "poststart",     "poststop"};
    /* A name that ends in a point is the beginning of names. */
    static const char *const unsafe_annotations[] = {ANNOTATION_KEEP_GROUPS, ANNOTATION_PROPERTY};
    struct lists lists _cleanup_(lists_free) = {0};
    size_t option_count;
    if (!collect(&lists, &option_count))
        return fail_memory(failure);
    struct oci_features_cgroup cgroup = {.has_v1 = true,
                                         .v1 = true,
                                         .has_v2 = true,
                                         .v2 = true,
                                         .has_systemd = true,
                                         .systemd = SYSTEMD,
                                         .has_systemd_user = true,
                                         .systemd_user = SYSTEMD,
                                         .has_rdma = true,
                                         .rdma = true};
    struct oci_features_seccomp seccomp = {
        .has_enabled = true,
        .enabled = true,
        .actions = lists.actions,
        .actions_count = lists.action_count,
        .operators = lists.operators,
        .operators_count = 7,
        .archs = lists.archs,
        .archs_count = lists.arch_count,
        .known_flags = lists.known,
        .known_flags_count = 4,
        .supported_flags = lists.flags,
        .supported_flags_count = lists.flag_count,
    };
    struct extras extras = extras_of(&lists);
    /* A kernel with the call knows the attribute: both came with Linux 5.12. */
    bool id_maps = syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) == 0 || errno != ENOSYS;
    struct oci_features_idmap idmap = {.has_enabled = true, .enabled = id_maps};
    struct oci_features_mount_extensions extensions = {.idmap = &idmap};
    struct oci_features_linux linux_features = {
        .namespaces = lists.namespaces,
        .namespaces_count = 8,
        .capabilities = (const char **)lists.caps,
        .capabilities_count = lists.cap_count,
        .cgroup = &cgroup,
        .seccomp = &seccomp,
        .apparmor = &extras.apparmor,
        .selinux = &extras.selinux,
        .intel_rdt = &extras.rdt,
        .mount_extensions = &extensions,
        .net_devices = &extras.devices,
        .memory_policy = &extras.policy,
    };
    struct oci_runtime_features value = {
        .oci_version_min = "1.0.0",
        .oci_version_max = "1.3.0",
        .hooks = (const char **)hooks,
        .hooks_count = ARRAY_SIZE(hooks),
        .mount_options = lists.options,
        .mount_options_count = option_count,
        .annotations = lists.annotations,
        .annotations_count = lists.annotation_count,
        .potentially_unsafe_config_annotations = (const char **)unsafe_annotations,
        .potentially_unsafe_config_annotations_count = SYSTEMD ? 2 : 1,
        .linux_ = &linux_features,
    };
    char *written;
    int r = oci_write(oci_runtime_features_type(), &value, OCI_WRITE_PRETTY, &written, NULL);
    if (r < 0)
        return fail(failure, r, "the features document cannot be written: %s", oci_code_text(r));
    *json = strdup(written);
    oci_free(written);
    return *json ? 0 : fail_memory(failure);
}

int container_features(char **json, container_error **error)
{
    struct failure failure = {0};
    int r = features(json, &failure);
    return r < 0 ? fail_public(&failure, "features", NULL, error) : 0;
}
