/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on the Linux section: namespaces, id mappings, devices, paths, sysctl, clocks.
 */
#include "rule.h"

#define MOST_MAPPINGS 340u

enum {
    DEVICE_MODE,
    DEVICE_NUMBERS,
    DEVICE_PATH,
    DEVICE_TWICE,
    MAPPING_NAMESPACE,
    MAPPING_OVERLAP,
    MAPPING_PATH,
    MAPPING_RANGE,
    MAPPING_SIZE,
    MASKED_PATH,
    MEMORY_POLICY_NODES,
    NAMESPACE_PATH,
    NAMESPACE_TWICE,
    RDT_CLOS,
    READONLY_PATH,
    SYSCTL_NAMESPACE,
    TIME_NAMESPACE,
    TIME_NANOSECONDS,
};

static const struct oci_rule rules[] = {
    [DEVICE_MODE] = {"linux-device-mode", WARNING, "runtime-config", "config-linux.md#devices",
                     "fileMode has permission bits, and at most those of the device's type"},
    [DEVICE_NUMBERS] = {"linux-device-numbers", ERROR, "runtime-config", "config-linux.md#devices",
                        "a device that is not a FIFO has major and minor"},
    [DEVICE_PATH] = {"linux-device-path", ERROR, "runtime-config", "config-linux.md#devices",
                     "the path of a device is absolute"},
    [DEVICE_TWICE] = {"linux-device-twice", WARNING, "runtime-config", "config-linux.md#devices",
                      "no two devices have the same type and numbers"},
    [MAPPING_NAMESPACE] = {"linux-mapping-namespace", WARNING, "runtime-config",
                           "config-linux.md#user-namespace-mappings",
                           "id mappings go with a user namespace"},
    [MAPPING_OVERLAP] = {"linux-mapping-overlap", ERROR, "runtime-config",
                         "config-linux.md#user-namespace-mappings",
                         "id mappings do not overlap, neither inside nor outside"},
    [MAPPING_PATH] = {"linux-mapping-path", WARNING, "runtime-config",
                      "config-linux.md#user-namespace-mappings",
                      "a user namespace that is joined has its mappings already"},
    [MAPPING_RANGE] = {"linux-mapping-range", ERROR, "runtime-config",
                       "config-linux.md#user-namespace-mappings",
                       "id mappings end at the last id, 4294967294"},
    [MAPPING_SIZE] = {"linux-mapping-size", ERROR, "runtime-config",
                      "config-linux.md#user-namespace-mappings",
                      "an id mapping maps at least one id"},
    [MASKED_PATH] = {"linux-masked-path", ERROR, "runtime-config", "config-linux.md#masked-paths",
                     "masked paths are absolute"},
    [MEMORY_POLICY_NODES] = {"linux-memory-policy-nodes", WARNING, "runtime-config",
                             "config-linux.md#memory-policy",
                             "memory policies but the default and the local one name nodes"},
    [NAMESPACE_PATH] = {"linux-namespace-path", ERROR, "runtime-config",
                        "config-linux.md#namespaces", "the path of a namespace is absolute"},
    [NAMESPACE_TWICE] = {"linux-namespace-twice", ERROR, "runtime-config",
                         "config-linux.md#namespaces", "every type of namespace stands once"},
    [RDT_CLOS] = {"linux-rdt-clos", WARNING, "runtime-config", "config-linux.md#intelrdt",
                  "closID is one name, not a path"},
    [READONLY_PATH] = {"linux-readonly-path", ERROR, "runtime-config",
                       "config-linux.md#readonly-paths", "read-only paths are absolute"},
    [SYSCTL_NAMESPACE] = {"linux-sysctl-namespace", WARNING, "runtime-config",
                          "config-linux.md#sysctl",
                          "a kernel parameter goes with the namespace that it belongs to"},
    [TIME_NAMESPACE] = {"linux-time-namespace", ERROR, "runtime-config",
                        "config-linux.md#offset-for-time-namespace",
                        "offsets of clocks go with a new time namespace"},
    [TIME_NANOSECONDS] = {"linux-time-nanoseconds", ERROR, "runtime-config",
                          "config-linux.md#offset-for-time-namespace",
                          "nanosecs is below 1000000000"},
};

const struct oci_rule_set oci_linux_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static const struct oci_linux_namespace *find_namespace(const struct oci_linux *section,
                                                        enum oci_namespace_type type)
{
    for (size_t i = 0; i < section->namespaces_count; i++) {
        if (section->namespaces[i].type == type)
            return &section->namespaces[i];
    }
    return NULL;
}

static void check_namespaces(struct oci_checking *checking, const struct oci_linux *section)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < section->namespaces_count; i++) {
        const struct oci_linux_namespace *one = &section->namespaces[i];
        uint64_t bit = one->type < 64 ? UINT64_C(1) << one->type : 0;

        if (one->type != OCI_NAMESPACE_TYPE_UNSET && (seen & bit) != 0)
            oci_rule_broken(checking, &rules[NAMESPACE_TWICE],
                            oci_rule_at(checking, "/namespaces/%zu/type", i),
                            oci_rule_words(checking, "the %s namespace stands twice",
                                           oci_namespace_type_text(one->type)));
        seen |= bit;
        if (one->path != NULL && one->path[0] != '\0' && !oci_rule_is_absolute(one->path))
            oci_rule_broken(checking, &rules[NAMESPACE_PATH],
                            oci_rule_at(checking, "/namespaces/%zu/path", i),
                            oci_rule_words(checking, "the path %s of a namespace is not absolute",
                                           oci_rule_quote(checking, one->path)));
    }
}

static bool overlaps(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

/* The kernel takes no more than 340 mappings, so that comparing each with each is cheap. */
static void check_overlap(struct oci_checking *checking, const char *name,
                          const struct oci_id_mapping *mappings, size_t index)
{
    const struct oci_id_mapping *one = &mappings[index];

    for (size_t i = 0; i < index && i < MOST_MAPPINGS; i++) {
        const struct oci_id_mapping *other = &mappings[i];
        bool inside = overlaps(one->container_id, one->size, other->container_id, other->size);

        if (!inside && !overlaps(one->host_id, one->size, other->host_id, other->size))
            continue;
        oci_rule_broken(checking, &rules[MAPPING_OVERLAP],
                        oci_rule_at(checking, "/%s/%zu", name, index),
                        oci_rule_words(checking, "the mapping overlaps with number %zu %s", i,
                                       inside ? "inside the container" : "on the host"));
        return;
    }
}

void oci_rule_check_id_mappings(struct oci_checking *checking, const char *name,
                                const struct oci_id_mapping *mappings, size_t count)
{
    for (size_t i = 0; i < count && i < MOST_MAPPINGS; i++) {
        const struct oci_id_mapping *one = &mappings[i];

        if (one->size == 0) {
            oci_rule_broken(checking, &rules[MAPPING_SIZE],
                            oci_rule_at(checking, "/%s/%zu/size", name, i),
                            "the mapping maps no id");
            continue;
        }
        if ((uint64_t)one->container_id + one->size > UINT32_MAX ||
            (uint64_t)one->host_id + one->size > UINT32_MAX)
            oci_rule_broken(checking, &rules[MAPPING_RANGE],
                            oci_rule_at(checking, "/%s/%zu", name, i),
                            "the mapping goes beyond the last id, 4294967294");
        check_overlap(checking, name, mappings, i);
    }
}

static void check_mappings(struct oci_checking *checking, const struct oci_linux *section)
{
    const struct oci_linux_namespace *user = find_namespace(section, OCI_NAMESPACE_TYPE_USER);
    const char *name = section->uid_mappings_count > 0 ? "uidMappings" : "gidMappings";

    oci_rule_check_id_mappings(checking, "uidMappings", section->uid_mappings,
                               section->uid_mappings_count);
    oci_rule_check_id_mappings(checking, "gidMappings", section->gid_mappings,
                               section->gid_mappings_count);
    if (section->uid_mappings_count == 0 && section->gid_mappings_count == 0)
        return;
    if (user == NULL)
        oci_rule_broken(checking, &rules[MAPPING_NAMESPACE], oci_rule_at(checking, "/%s", name),
                        "there are id mappings, but no user namespace");
    else if (user->path != NULL && user->path[0] != '\0')
        oci_rule_broken(checking, &rules[MAPPING_PATH], oci_rule_at(checking, "/%s", name),
                        "the user namespace is joined by its path and has its own mappings");
}

static bool is_same_device(const struct oci_linux_device *a, const struct oci_linux_device *b)
{
    bool is_character = strcmp(a->type, "b") != 0;

    return is_character == (strcmp(b->type, "b") != 0) && a->has_major && b->has_major &&
           a->has_minor && b->has_minor && a->major == b->major && a->minor == b->minor;
}

/* Tools fill in the whole mode of a file that they have looked at, whose type says nothing new. */
static void check_mode(struct oci_checking *checking, const struct oci_linux_device *device,
                       size_t index)
{
    uint32_t beyond = device->file_mode & ~(uint32_t)07777;
    char type = device->type != NULL ? device->type[0] : '\0';
    uint32_t own = type == 'b' ? 0060000 : type == 'p' ? 0010000 : 0020000;

    if (device->has_file_mode && beyond != 0 && beyond != own)
        oci_rule_broken(checking, &rules[DEVICE_MODE],
                        oci_rule_at(checking, "/devices/%zu/fileMode", index),
                        oci_rule_words(checking,
                                       "%u is %#o, which has more than permission bits; of it %#o "
                                       "counts",
                                       (unsigned)device->file_mode, (unsigned)device->file_mode,
                                       (unsigned)device->file_mode & 07777));
}

/* Quadratic within a bound that no configuration reaches. */
static void check_again(struct oci_checking *checking, const struct oci_linux_device *devices,
                        size_t index)
{
    const struct oci_linux_device *device = &devices[index];

    for (size_t i = 0; i < index && index < 1000; i++) {
        if (devices[i].type == NULL || strcmp(devices[i].type, "p") == 0 ||
            !is_same_device(device, &devices[i]))
            continue;
        oci_rule_broken(checking, &rules[DEVICE_TWICE],
                        oci_rule_at(checking, "/devices/%zu", index),
                        oci_rule_words(checking, "the device %lld:%lld stands twice",
                                       (long long)device->major, (long long)device->minor));
        return;
    }
}

static void check_devices(struct oci_checking *checking, const struct oci_linux *section)
{
    for (size_t i = 0; i < section->devices_count; i++) {
        const struct oci_linux_device *device = &section->devices[i];

        check_mode(checking, device, i);

        if (device->path != NULL && !oci_rule_is_absolute(device->path))
            oci_rule_broken(checking, &rules[DEVICE_PATH],
                            oci_rule_at(checking, "/devices/%zu/path", i),
                            oci_rule_words(checking, "the path %s of a device is not absolute",
                                           oci_rule_quote(checking, device->path)));
        if (device->type == NULL || strcmp(device->type, "p") == 0)
            continue;
        if (!device->has_major || !device->has_minor)
            oci_rule_broken(checking, &rules[DEVICE_NUMBERS],
                            oci_rule_at(checking, "/devices/%zu", i),
                            oci_rule_words(checking, "the device has no %s",
                                           device->has_major ? "minor" : "major"));
        check_again(checking, section->devices, i);
    }
}

static void check_paths(struct oci_checking *checking, const struct oci_rule *rule,
                        const char *name, const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (paths[i] != NULL && !oci_rule_is_absolute(paths[i]))
            oci_rule_broken(checking, rule, oci_rule_at(checking, "/%s/%zu", name, i),
                            oci_rule_words(checking, "the path %s is not absolute",
                                           oci_rule_quote(checking, paths[i])));
    }
}

static bool starts_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* The namespace that a parameter of the kernel belongs to; UNSET where it is the whole machine's.
 */
static enum oci_namespace_type namespace_of(const char *key)
{
    static const char *const of_ipc[] = {"kernel.auto_msgmni",
                                         "kernel.msg_next_id",
                                         "kernel.msgmax",
                                         "kernel.msgmnb",
                                         "kernel.msgmni",
                                         "kernel.sem",
                                         "kernel.sem_next_id",
                                         "kernel.shm_next_id",
                                         "kernel.shm_rmid_forced",
                                         "kernel.shmall",
                                         "kernel.shmmax",
                                         "kernel.shmmni",
                                         NULL};
    static const char *const of_uts[] = {"kernel.domainname", "kernel.hostname", NULL};
    char name[64];
    size_t length = strlen(key);

    /* Names of network devices may hold dots, for which slashes separate; nothing else is that long. */
    for (size_t i = 0; i <= length && i < sizeof(name); i++)
        name[i] = (char)(key[i] == '/' ? '.' : key[i]);
    name[sizeof(name) - 1] = '\0';
    if (starts_with(name, "net."))
        return OCI_NAMESPACE_TYPE_NETWORK;
    if (starts_with(name, "user."))
        return OCI_NAMESPACE_TYPE_USER;
    if (starts_with(name, "fs.mqueue.") || oci_rule_is_one_of(name, of_ipc))
        return OCI_NAMESPACE_TYPE_IPC;
    return oci_rule_is_one_of(name, of_uts) ? OCI_NAMESPACE_TYPE_UTS : OCI_NAMESPACE_TYPE_UNSET;
}

static void check_sysctl(struct oci_checking *checking, const struct oci_linux *section)
{
    for (size_t i = 0; i < section->sysctl_count; i++) {
        const char *key = section->sysctl[i].key;
        enum oci_namespace_type type = key != NULL ? namespace_of(key) : OCI_NAMESPACE_TYPE_UNSET;

        if (key == NULL || type == OCI_NAMESPACE_TYPE_USER)
            continue;
        if (type == OCI_NAMESPACE_TYPE_UNSET)
            oci_rule_broken(
                checking, &rules[SYSCTL_NAMESPACE], oci_rule_at_key(checking, "/sysctl", key),
                oci_rule_words(checking,
                               "%s belongs to no namespace: the whole machine would change",
                               oci_rule_quote(checking, key)));
        else if (find_namespace(section, type) == NULL)
            oci_rule_broken(
                checking, &rules[SYSCTL_NAMESPACE], oci_rule_at_key(checking, "/sysctl", key),
                oci_rule_words(checking,
                               "%s belongs to the %s namespace, which the container has not",
                               oci_rule_quote(checking, key), oci_namespace_type_text(type)));
    }
}

static void check_clock(struct oci_checking *checking, const char *name,
                        const struct oci_time_offset *offset)
{
    if (offset != NULL && offset->has_nanosecs && offset->nanosecs >= 1000000000u)
        oci_rule_broken(checking, &rules[TIME_NANOSECONDS],
                        oci_rule_at(checking, "/timeOffsets/%s/nanosecs", name),
                        oci_rule_words(checking, "%u nanoseconds are a second and more",
                                       (unsigned)offset->nanosecs));
}

static void check_clocks(struct oci_checking *checking, const struct oci_linux *section)
{
    const struct oci_linux_namespace *time = find_namespace(section, OCI_NAMESPACE_TYPE_TIME);

    if (section->time_offsets == NULL)
        return;
    if (time == NULL || (time->path != NULL && time->path[0] != '\0'))
        oci_rule_broken(checking, &rules[TIME_NAMESPACE], oci_rule_at(checking, "/timeOffsets"),
                        "offsets of clocks need a new time namespace");
    check_clock(checking, "boottime", section->time_offsets->boottime);
    check_clock(checking, "monotonic", section->time_offsets->monotonic);
}

static void check_policies(struct oci_checking *checking, const struct oci_linux *section)
{
    const struct oci_memory_policy *policy = section->memory_policy;
    const struct oci_intel_rdt *rdt = section->intel_rdt;

    if (policy != NULL && policy->mode != OCI_MEMORY_POLICY_MODE_UNSET &&
        policy->mode != OCI_MEMORY_POLICY_MODE_DEFAULT &&
        policy->mode != OCI_MEMORY_POLICY_MODE_LOCAL &&
        policy->mode != OCI_MEMORY_POLICY_MODE_PREFERRED &&
        (policy->nodes == NULL || policy->nodes[0] == '\0'))
        oci_rule_broken(checking, &rules[MEMORY_POLICY_NODES],
                        oci_rule_at(checking, "/memoryPolicy"),
                        oci_rule_words(checking, "%s names no nodes",
                                       oci_memory_policy_mode_text(policy->mode)));
    if (rdt != NULL && rdt->clos_id != NULL &&
        (strcmp(rdt->clos_id, ".") == 0 || strcmp(rdt->clos_id, "..") == 0 ||
         (strchr(rdt->clos_id, '/') != NULL && strcmp(rdt->clos_id, "/") != 0)))
        oci_rule_broken(checking, &rules[RDT_CLOS], oci_rule_at(checking, "/intelRdt/closID"),
                        oci_rule_words(checking, "closID %s is not one name",
                                       oci_rule_quote(checking, rdt->clos_id)));
}

static bool has_receiver(const struct oci_runtime_config *config)
{
    for (size_t i = 0; i < config->annotations_count; i++) {
        const char *key = config->annotations[i].key;

        if (key != NULL && strcmp(key, "run.oci.seccomp.receiver") == 0)
            return true;
    }
    return false;
}

void oci_rule_check_linux(struct oci_checking *checking, const struct oci_runtime_config *config)
{
    const struct oci_linux *section = config->linux_;
    size_t base, inner;

    if (section == NULL)
        return;
    base = oci_rule_enter(checking, "/linux");
    check_namespaces(checking, section);
    check_mappings(checking, section);
    check_devices(checking, section);
    check_paths(checking, &rules[MASKED_PATH], "maskedPaths", section->masked_paths,
                section->masked_paths_count);
    check_paths(checking, &rules[READONLY_PATH], "readonlyPaths", section->readonly_paths,
                section->readonly_paths_count);
    check_sysctl(checking, section);
    check_clocks(checking, section);
    check_policies(checking, section);
    inner = oci_rule_enter(checking, "/resources");
    oci_rule_check_resources(checking, section->resources);
    oci_rule_leave(checking, inner);
    inner = oci_rule_enter(checking, "/seccomp");
    oci_rule_check_seccomp(checking, section->seccomp, has_receiver(config));
    oci_rule_leave(checking, inner);
    oci_rule_leave(checking, base);
}
