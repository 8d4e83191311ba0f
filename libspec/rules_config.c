/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on a runtime configuration as a whole: version, root, mounts, hooks, annotations; and which
 * other rules are asked.  Also the documents of state and features, which have few.
 */
#include "rule.h"

enum {
    ANNOTATION_KEY,
    HOOK_PATH,
    HOOK_PRESTART,
    HOSTNAME_NAMESPACE,
    MOUNT_DESTINATION,
    MOUNT_DESTINATION_ABSOLUTE,
    MOUNT_IDMAP,
    MOUNT_MAPPINGS,
    MOUNT_MAPPING_OPTION,
    PLATFORM,
    PROCESS_MISSING,
    ROOT_HYPERV,
    ROOT_MISSING,
    ROOT_PATH,
    VERSION_FORM,
    VERSION_NEWER,
};

static const struct oci_rule rules[] = {
    [ANNOTATION_KEY] = {"config-annotation-key", ERROR, "runtime-config", "config.md#annotations",
                        "keys of annotations are not empty"},
    [HOOK_PATH] = {"config-hook-path", ERROR, "runtime-config", "config.md#posix-platform-hooks",
                   "the path of a hook is absolute"},
    [HOOK_PRESTART] = {"config-hook-prestart", WARNING, "runtime-config", "config.md#prestart",
                       "prestart hooks are deprecated"},
    [HOSTNAME_NAMESPACE] = {"config-hostname-namespace", WARNING, "runtime-config",
                            "config.md#hostname",
                            "hostname and domainname go with a new uts namespace"},
    [MOUNT_DESTINATION] = {"config-mount-destination", WARNING, "runtime-config",
                           "config.md#mounts",
                           "the destination of a mount is absolute, on Linux too"},
    [MOUNT_DESTINATION_ABSOLUTE] = {"config-mount-destination-absolute", ERROR, "runtime-config",
                                    "config.md#mounts",
                                    "the destination of a mount is absolute, but on Linux"},
    [MOUNT_IDMAP] = {"config-mount-idmap", ERROR, "runtime-config", "config.md#linux-mount-options",
                     "the options idmap and ridmap go with id mappings of the mount or a user "
                     "namespace"},
    [MOUNT_MAPPINGS] = {"config-mount-mappings", ERROR, "runtime-config",
                        "config.md#posix-platform-mounts",
                        "uidMappings and gidMappings of a mount stand together"},
    [MOUNT_MAPPING_OPTION] = {"config-mount-mapping-option", WARNING, "runtime-config",
                              "config.md#posix-platform-mounts",
                              "a mount with id mappings has the option idmap or ridmap"},
    [PLATFORM] = {"config-platform", WARNING, "runtime-config",
                  "config.md#platform-specific-configuration",
                  "a configuration is for one platform"},
    [PROCESS_MISSING] = {"config-process-missing", ERROR, "runtime-config", "config.md#process",
                         "process is there when the container is started"},
    [ROOT_HYPERV] = {"config-root-hyperv", ERROR, "runtime-config", "config.md#root",
                     "a container of Hyper-V has no root"},
    [ROOT_MISSING] = {"config-root-missing", ERROR, "runtime-config", "config.md#root",
                      "root is there, except for virtual machines"},
    [ROOT_PATH] = {"config-root-path", ERROR, "runtime-config", "config.md#root",
                   "the path of the root filesystem is not empty"},
    [VERSION_FORM] = {"config-version-form", ERROR, "runtime-config",
                      "config.md#specification-version",
                      "ociVersion is a version of Semantic Versioning 2.0.0"},
    [VERSION_NEWER] = {"config-version-newer", WARNING, "runtime-config",
                       "config.md#specification-version",
                       "ociVersion is of the major version that this library knows"},
};

const struct oci_rule_set oci_config_rules = {rules, sizeof(rules) / sizeof(rules[0])};

void oci_rule_check_annotations(struct oci_checking *checking, const struct oci_rule *empty_key,
                                const struct oci_string_entry *annotations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (annotations[i].key != NULL && annotations[i].key[0] == '\0')
            oci_rule_broken(checking, empty_key, oci_rule_at(checking, "/annotations/"),
                            "the key of an annotation is empty");
    }
}

static void check_version(struct oci_checking *checking, const char *version)
{
    if (version == NULL)
        return;
    if (!oci_rule_is_semver(version))
        oci_rule_broken(checking, &rules[VERSION_FORM], oci_rule_at(checking, "/ociVersion"),
                        oci_rule_words(checking, "%s is not a version such as 1.3.0",
                                       oci_rule_quote(checking, version)));
    else if (strncmp(version, "1.", 2) != 0 && strncmp(version, "0.", 2) != 0)
        oci_rule_broken(checking, &rules[VERSION_NEWER], oci_rule_at(checking, "/ociVersion"),
                        oci_rule_words(checking,
                                       "version %s of the specification is newer than 1.x",
                                       oci_rule_quote(checking, version)));
}

static void check_root(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    bool is_hyperv = config->windows != NULL && config->windows->hyperv != NULL;

    /* Linux containers on Windows run in a virtual machine, which may be given either way. */
    if (config->root != NULL && is_hyperv && config->linux_ == NULL)
        oci_rule_broken(checking, &rules[ROOT_HYPERV], oci_rule_at(checking, "/root"),
                        "with windows.hyperv there must be no root");
    if (config->root == NULL && !is_hyperv && config->vm == NULL)
        oci_rule_broken(checking, &rules[ROOT_MISSING], oci_rule_at(checking, "/root"),
                        "the configuration has no root filesystem");
    if (config->root != NULL && config->root->path != NULL && config->root->path[0] == '\0')
        oci_rule_broken(checking, &rules[ROOT_PATH], oci_rule_at(checking, "/root/path"),
                        "the path of the root filesystem is empty");
}

static bool has_option(const struct oci_mount *mount, const char *option)
{
    for (size_t i = 0; i < mount->options_count; i++) {
        if (mount->options[i] != NULL && strcmp(mount->options[i], option) == 0)
            return true;
    }
    return false;
}

static void check_mount_mappings(struct oci_checking *checking, const struct oci_mount *mount)
{
    if ((mount->uid_mappings == NULL) != (mount->gid_mappings == NULL))
        oci_rule_broken(
            checking, &rules[MOUNT_MAPPINGS], oci_rule_at(checking, "%s", ""),
            oci_rule_words(checking, "the mount has %s without %s",
                           mount->uid_mappings != NULL ? "uidMappings" : "gidMappings",
                           mount->uid_mappings != NULL ? "gidMappings" : "uidMappings"));
    if (mount->uid_mappings != NULL && !has_option(mount, "idmap") && !has_option(mount, "ridmap"))
        oci_rule_broken(checking, &rules[MOUNT_MAPPING_OPTION], oci_rule_at(checking, "%s", ""),
                        "the mount has id mappings, but neither the option idmap nor ridmap");
    oci_rule_check_id_mappings(checking, "uidMappings", mount->uid_mappings,
                               mount->uid_mappings_count);
    oci_rule_check_id_mappings(checking, "gidMappings", mount->gid_mappings,
                               mount->gid_mappings_count);
}

/* Without mappings of its own a mount has those of the container. */
static void check_idmap(struct oci_checking *checking, const struct oci_mount *mount, bool has_user)
{
    for (size_t i = 0; i < mount->options_count && mount->uid_mappings == NULL && !has_user; i++) {
        const char *option = mount->options[i];

        if (option != NULL && (strcmp(option, "idmap") == 0 || strcmp(option, "ridmap") == 0))
            oci_rule_broken(
                checking, &rules[MOUNT_IDMAP], oci_rule_at(checking, "/options/%zu", i),
                oci_rule_words(checking,
                               "%s needs uidMappings and gidMappings: the container has no user "
                               "namespace whose mappings it could take",
                               option));
    }
}

static void check_destination(struct oci_checking *checking, const char *destination)
{
    const char *pointer = oci_rule_at(checking, "/destination");

    if (destination == NULL || oci_rule_is_absolute_here(checking, destination))
        return;
    if (checking->platform == PLATFORM_LINUX)
        oci_rule_broken(checking, &rules[MOUNT_DESTINATION], pointer,
                        oci_rule_words(checking,
                                       "the destination %s is not an absolute path, which is "
                                       "deprecated",
                                       oci_rule_quote(checking, destination)));
    else
        oci_rule_broken(
            checking, &rules[MOUNT_DESTINATION_ABSOLUTE], pointer,
            oci_rule_words(checking, "the destination %s is not an absolute path%s",
                           oci_rule_quote(checking, destination),
                           checking->platform == PLATFORM_WINDOWS ? " such as C:\\data" : ""));
}

static bool has_namespace(const struct oci_linux *section, enum oci_namespace_type type)
{
    for (size_t i = 0; section != NULL && i < section->namespaces_count; i++) {
        if (section->namespaces[i].type == type)
            return true;
    }
    return false;
}

static void check_mounts(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    bool has_user = has_namespace(config->linux_, OCI_NAMESPACE_TYPE_USER);

    for (size_t i = 0; i < config->mounts_count; i++) {
        const struct oci_mount *mount = &config->mounts[i];
        size_t base = oci_rule_enter(checking, "/mounts/%zu", i);

        check_destination(checking, mount->destination);
        check_idmap(checking, mount, has_user);
        check_mount_mappings(checking, mount);
        oci_rule_leave(checking, base);
    }
}

static void check_hook_list(struct oci_checking *checking, const char *name,
                            const struct oci_hook *hooks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hooks[i].path != NULL && !oci_rule_is_absolute(hooks[i].path))
            oci_rule_broken(checking, &rules[HOOK_PATH],
                            oci_rule_at(checking, "/hooks/%s/%zu/path", name, i),
                            oci_rule_words(checking, "the path %s of a hook is not absolute",
                                           oci_rule_quote(checking, hooks[i].path)));
    }
}

static void check_hooks(struct oci_checking *checking, const struct oci_hooks *hooks)
{
    if (hooks == NULL)
        return;
    if (hooks->prestart_count > 0)
        oci_rule_broken(
            checking, &rules[HOOK_PRESTART], oci_rule_at(checking, "/hooks/prestart"),
            "prestart hooks are deprecated: createRuntime, createContainer and startContainer "
            "stand for them");
    check_hook_list(checking, "prestart", hooks->prestart, hooks->prestart_count);
    check_hook_list(checking, "createRuntime", hooks->create_runtime, hooks->create_runtime_count);
    check_hook_list(checking, "createContainer", hooks->create_container,
                    hooks->create_container_count);
    check_hook_list(checking, "startContainer", hooks->start_container,
                    hooks->start_container_count);
    check_hook_list(checking, "poststart", hooks->poststart, hooks->poststart_count);
    check_hook_list(checking, "poststop", hooks->poststop, hooks->poststop_count);
}

static void check_names(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    if (config->linux_ == NULL || has_namespace(config->linux_, OCI_NAMESPACE_TYPE_UTS))
        return;
    if (config->hostname != NULL && config->hostname[0] != '\0')
        oci_rule_broken(checking, &rules[HOSTNAME_NAMESPACE], oci_rule_at(checking, "/hostname"),
                        "without a uts namespace the host's own name would change");
    if (config->domainname != NULL && config->domainname[0] != '\0')
        oci_rule_broken(checking, &rules[HOSTNAME_NAMESPACE], oci_rule_at(checking, "/domainname"),
                        "without a uts namespace the host's own domain name would change");
}

static void check_platform(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    int platforms = (config->linux_ != NULL) + (config->solaris != NULL) + (config->zos != NULL) +
                    (config->freebsd != NULL);

    /* Linux containers on Windows have both. */
    if (platforms > 1)
        oci_rule_broken(checking, &rules[PLATFORM], oci_rule_at(checking, "%s", ""),
                        "the configuration has sections of several platforms");
}

/* Linux containers on Windows have both sections; without any it is Linux, as everywhere here. */
static enum oci_rule_platform platform_of(const struct oci_runtime_config *config)
{
    if (config->linux_ != NULL)
        return PLATFORM_LINUX;
    if (config->windows != NULL)
        return PLATFORM_WINDOWS;
    return config->solaris != NULL || config->zos != NULL || config->freebsd != NULL ||
                   config->vm != NULL
               ? PLATFORM_OTHER
               : PLATFORM_LINUX;
}

void oci_rule_check_config(struct oci_checking *checking, const void *root)
{
    const struct oci_runtime_config *config = root;
    size_t base;

    checking->platform = platform_of(config);
    check_version(checking, config->oci_version);
    check_root(checking, config);
    check_mounts(checking, config);
    check_hooks(checking, config->hooks);
    check_names(checking, config);
    check_platform(checking, config);
    oci_rule_check_annotations(checking, &rules[ANNOTATION_KEY], config->annotations,
                               config->annotations_count);
    oci_rule_check_created(checking, config->annotations, config->annotations_count);
    if (config->process == NULL && (checking->options->flags & OCI_CHECK_STARTABLE) != 0)
        oci_rule_broken(checking, &rules[PROCESS_MISSING], oci_rule_at(checking, "/process"),
                        "without process the container cannot be started");
    base = oci_rule_enter(checking, "/process");
    oci_rule_check_process(checking, config->process);
    oci_rule_leave(checking, base);
    oci_rule_check_linux(checking, config);
}
