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
    MOUNT_MAPPINGS,
    MOUNT_MAPPING_OPTION,
    PLATFORM,
    PROCESS_MISSING,
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
                           "config.md#mounts", "the destination of a mount is absolute"},
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
    [ROOT_MISSING] = {"config-root-missing", ERROR, "runtime-config", "config.md#root",
                      "root is there, except for virtual machines and Windows"},
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
    if (config->root == NULL && config->windows == NULL && config->vm == NULL)
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

static void check_mounts(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    for (size_t i = 0; i < config->mounts_count; i++) {
        const struct oci_mount *mount = &config->mounts[i];
        size_t base = oci_rule_enter(checking, "/mounts/%zu", i);

        if (mount->destination != NULL && !oci_rule_is_absolute(mount->destination) &&
            config->windows == NULL)
            oci_rule_broken(
                checking, &rules[MOUNT_DESTINATION], oci_rule_at(checking, "/destination"),
                oci_rule_words(checking,
                               "the destination %s is not an absolute path, which is deprecated",
                               oci_rule_quote(checking, mount->destination)));
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

/* A namespace of the kind that is in the list, or is joined by path. */
static bool has_uts(const struct oci_linux *linux_part)
{
    for (size_t i = 0; linux_part != NULL && i < linux_part->namespaces_count; i++) {
        if (linux_part->namespaces[i].type == OCI_NAMESPACE_TYPE_UTS)
            return true;
    }
    return false;
}

static void check_names(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    if (config->linux_ == NULL || has_uts(config->linux_))
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

void oci_rule_check_config(struct oci_checking *checking, const void *root)
{
    const struct oci_runtime_config *config = root;
    size_t base;

    check_version(checking, config->oci_version);
    check_root(checking, config);
    check_mounts(checking, config);
    check_hooks(checking, config->hooks);
    check_names(checking, config);
    check_platform(checking, config);
    oci_rule_check_annotations(checking, &rules[ANNOTATION_KEY], config->annotations,
                               config->annotations_count);
    if (config->process == NULL && (checking->options->flags & OCI_CHECK_STARTABLE) != 0)
        oci_rule_broken(checking, &rules[PROCESS_MISSING], oci_rule_at(checking, "/process"),
                        "without process the container cannot be started");
    base = oci_rule_enter(checking, "/process");
    oci_rule_check_process(checking, config->process);
    oci_rule_leave(checking, base);
    oci_rule_check_linux(checking, config);
}
