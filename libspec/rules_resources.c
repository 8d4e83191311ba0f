/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on limits of resources.
 */
#include "rule.h"

enum {
    BLOCK_IO_DEVICE,
    BLOCK_IO_WEIGHT,
    CPU_BURST,
    CPU_BURST_QUOTA,
    CPU_IDLE,
    CPU_SHARES,
    DEVICE_ACCESS,
    HUGEPAGE_TWICE,
    MEMORY_KERNEL,
    MEMORY_SWAP,
    MEMORY_SWAPPINESS,
    PIDS_LIMIT,
    RDMA_EMPTY,
    UNIFIED_KEY,
};

static const struct oci_rule rules[] = {
    [BLOCK_IO_DEVICE] = {"resources-block-io-device", ERROR, "runtime-config",
                         "config-linux.md#block-io",
                         "an entry of weightDevice has weight or leafWeight"},
    [BLOCK_IO_WEIGHT] = {"resources-block-io-weight", ERROR, "runtime-config",
                         "config-linux.md#block-io", "weights of devices are from 10 to 1000"},
    [CPU_BURST] = {"resources-cpu-burst", ERROR, "runtime-config", "config-linux.md#cpu",
                   "a burst is not above the quota"},
    [CPU_BURST_QUOTA] = {"resources-cpu-burst-quota", WARNING, "runtime-config",
                         "config-linux.md#cpu", "a burst goes with a quota"},
    [CPU_IDLE] = {"resources-cpu-idle", WARNING, "runtime-config", "config-linux.md#cpu",
                  "idle is 0 or 1"},
    [CPU_SHARES] = {"resources-cpu-shares", WARNING, "runtime-config", "config-linux.md#cpu",
                    "shares are from 2 to 262144, or 0 for the kernel's own"},
    [DEVICE_ACCESS] = {"resources-device-access", ERROR, "runtime-config",
                       "config-linux.md#allowed-device-list",
                       "access is made of r, w and m, each once"},
    [HUGEPAGE_TWICE] = {"resources-hugepage-twice", WARNING, "runtime-config",
                        "config-linux.md#huge-page-limits", "every page size stands once"},
    [MEMORY_KERNEL] = {"resources-memory-kernel", WARNING, "runtime-config",
                       "config-linux.md#memory", "kernel and kernelTCP are not recommended"},
    [MEMORY_SWAP] = {"resources-memory-swap", ERROR, "runtime-config", "config-linux.md#memory",
                     "memory and swap together are not below the memory alone"},
    [MEMORY_SWAPPINESS] = {"resources-memory-swappiness", ERROR, "runtime-config",
                           "config-linux.md#memory", "swappiness is from 0 to 100"},
    [PIDS_LIMIT] = {"resources-pids-limit", WARNING, "runtime-config", "config-linux.md#pids",
                    "a limit of processes is above zero, or -1 for none"},
    [RDMA_EMPTY] = {"resources-rdma-empty", ERROR, "runtime-config", "config-linux.md#rdma",
                    "an entry of rdma has hcaHandles or hcaObjects"},
    [UNIFIED_KEY] = {"resources-unified-key", ERROR, "runtime-config", "config-linux.md#unified",
                     "a key of unified is the name of one file of a control group"},
};

const struct oci_rule_set oci_resource_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static void check_memory(struct oci_checking *checking, const struct oci_linux_memory *memory)
{
    if (memory == NULL)
        return;
    if (memory->has_limit && memory->has_swap && memory->limit > 0 && memory->swap > 0 &&
        memory->swap < memory->limit)
        oci_rule_broken(
            checking, &rules[MEMORY_SWAP], oci_rule_at(checking, "/memory/swap"),
            oci_rule_words(checking,
                           "memory and swap together, %lld, are below the memory alone, %lld",
                           (long long)memory->swap, (long long)memory->limit));
    if (memory->has_swappiness && memory->swappiness > 100)
        oci_rule_out_of_range(
            checking, &rules[MEMORY_SWAPPINESS], oci_rule_at(checking, "/memory/swappiness"), 0,
            100, oci_rule_words(checking, "%llu", (unsigned long long)memory->swappiness));
    if (memory->has_kernel)
        oci_rule_broken(checking, &rules[MEMORY_KERNEL], oci_rule_at(checking, "/memory/kernel"),
                        "kernels limit the memory of the kernel no longer by itself");
    if (memory->has_kernel_tcp)
        oci_rule_broken(checking, &rules[MEMORY_KERNEL], oci_rule_at(checking, "/memory/kernelTCP"),
                        "the limit of buffers of TCP is not recommended");
}

static void check_cpu(struct oci_checking *checking, const struct oci_linux_cpu *cpu)
{
    if (cpu == NULL)
        return;
    if (cpu->has_shares && cpu->shares != 0 && (cpu->shares < 2 || cpu->shares > 262144))
        oci_rule_out_of_range(checking, &rules[CPU_SHARES], oci_rule_at(checking, "/cpu/shares"), 2,
                              262144,
                              oci_rule_words(checking, "%llu", (unsigned long long)cpu->shares));
    if (cpu->has_burst && cpu->burst > 0 && !cpu->has_quota)
        oci_rule_broken(checking, &rules[CPU_BURST_QUOTA], oci_rule_at(checking, "/cpu/burst"),
                        "without quota a burst has no effect");
    if (cpu->has_burst && cpu->has_quota && cpu->quota > 0 && cpu->burst > (uint64_t)cpu->quota)
        oci_rule_broken(checking, &rules[CPU_BURST], oci_rule_at(checking, "/cpu/burst"),
                        oci_rule_words(checking, "the burst %llu is above the quota %lld",
                                       (unsigned long long)cpu->burst, (long long)cpu->quota));
    if (cpu->has_idle && cpu->idle != 0 && cpu->idle != 1)
        oci_rule_out_of_range(checking, &rules[CPU_IDLE], oci_rule_at(checking, "/cpu/idle"), 0, 1,
                              oci_rule_words(checking, "%lld", (long long)cpu->idle));
}

static bool is_access(const char *access)
{
    unsigned seen = 0;

    for (; *access != '\0'; access++) {
        unsigned bit = *access == 'r' ? 1 : *access == 'w' ? 2 : *access == 'm' ? 4 : 0;

        if (bit == 0 || (seen & bit) != 0)
            return false;
        seen |= bit;
    }
    return true;
}

static void check_devices(struct oci_checking *checking,
                          const struct oci_linux_resources *resources)
{
    for (size_t i = 0; i < resources->devices_count; i++) {
        const char *access = resources->devices[i].access;

        if (access != NULL && !is_access(access))
            oci_rule_broken(checking, &rules[DEVICE_ACCESS],
                            oci_rule_at(checking, "/devices/%zu/access", i),
                            oci_rule_words(checking, "%s is not made of r, w and m",
                                           oci_rule_quote(checking, access)));
    }
}

static void check_weight(struct oci_checking *checking, const char *pointer, bool has,
                         uint16_t weight)
{
    if (has && weight != 0 && (weight < 10 || weight > 1000))
        oci_rule_out_of_range(checking, &rules[BLOCK_IO_WEIGHT], pointer, 10, 1000,
                              oci_rule_words(checking, "%u", (unsigned)weight));
}

static void check_block_io(struct oci_checking *checking, const struct oci_linux_block_io *block_io)
{
    if (block_io == NULL)
        return;
    check_weight(checking, oci_rule_at(checking, "/blockIO/weight"), block_io->has_weight,
                 block_io->weight);
    check_weight(checking, oci_rule_at(checking, "/blockIO/leafWeight"), block_io->has_leaf_weight,
                 block_io->leaf_weight);
    for (size_t i = 0; i < block_io->weight_device_count; i++) {
        const struct oci_block_io_weight *device = &block_io->weight_device[i];

        if (!device->has_weight && !device->has_leaf_weight)
            oci_rule_broken(checking, &rules[BLOCK_IO_DEVICE],
                            oci_rule_at(checking, "/blockIO/weightDevice/%zu", i),
                            "the entry has neither weight nor leafWeight");
        check_weight(checking, oci_rule_at(checking, "/blockIO/weightDevice/%zu/weight", i),
                     device->has_weight, device->weight);
        check_weight(checking, oci_rule_at(checking, "/blockIO/weightDevice/%zu/leafWeight", i),
                     device->has_leaf_weight, device->leaf_weight);
    }
}

static void check_hugepages(struct oci_checking *checking,
                            const struct oci_linux_resources *resources)
{
    const struct oci_hugepage_limit *limits = resources->hugepage_limits;

    for (size_t i = 1; i < resources->hugepage_limits_count && i < 100; i++) {
        for (size_t j = 0; j < i; j++) {
            if (limits[i].page_size == NULL || limits[j].page_size == NULL ||
                strcmp(limits[i].page_size, limits[j].page_size) != 0)
                continue;
            oci_rule_broken(checking, &rules[HUGEPAGE_TWICE],
                            oci_rule_at(checking, "/hugepageLimits/%zu", i),
                            oci_rule_words(checking, "the page size %s stands twice",
                                           oci_rule_quote(checking, limits[i].page_size)));
            break;
        }
    }
}

static void check_rdma(struct oci_checking *checking, const struct oci_linux_resources *resources)
{
    for (size_t i = 0; i < resources->rdma_count; i++) {
        const struct oci_rdma_entry *entry = &resources->rdma[i];

        if (entry->key != NULL && !entry->value.has_hca_handles && !entry->value.has_hca_objects)
            oci_rule_broken(checking, &rules[RDMA_EMPTY],
                            oci_rule_at_key(checking, "/rdma", entry->key),
                            "the entry has neither hcaHandles nor hcaObjects");
    }
}

void oci_rule_check_resources(struct oci_checking *checking,
                              const struct oci_linux_resources *resources)
{
    if (resources == NULL)
        return;
    check_memory(checking, resources->memory);
    check_cpu(checking, resources->cpu);
    check_devices(checking, resources);
    check_block_io(checking, resources->block_io);
    check_hugepages(checking, resources);
    check_rdma(checking, resources);
    if (resources->pids != NULL && (resources->pids->limit == 0 || resources->pids->limit < -1))
        oci_rule_broken(checking, &rules[PIDS_LIMIT], oci_rule_at(checking, "/pids/limit"),
                        oci_rule_words(checking,
                                       "a limit of %lld processes means no limit to some runtimes",
                                       (long long)resources->pids->limit));
    for (size_t i = 0; i < resources->unified_count; i++) {
        const char *key = resources->unified[i].key;

        if (key != NULL && (strchr(key, '/') != NULL || strchr(key, '.') == NULL))
            oci_rule_broken(
                checking, &rules[UNIFIED_KEY], oci_rule_at_key(checking, "/unified", key),
                oci_rule_words(checking, "%s is not the name of a file of a control group",
                               oci_rule_quote(checking, key)));
    }
}
