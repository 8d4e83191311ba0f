/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources.blockIO.  A weight of 0 asks for nothing, a rate of 0 for no limit.
 */
#include <cgroup/limits.h>

#include <stdio.h>
#include <string.h>

#include <base/util.h>

/* 10..1000 onto 1..10000: what the controller without a scheduler of its own counts in. */
static unsigned wide_weight(unsigned weight)
{
    return 1 + (weight - 10) * 9999 / 990;
}

static int check_weight(const struct limits *limits, const char *place, bool has, unsigned weight,
                        struct failure *failure)
{
    return !has || weight == 0 || (weight >= 10 && weight <= 1000)
               ? 0
               : limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                            "a weight is from 10 to 1000, not %u", weight);
}

static int check_device(const struct limits *limits, const char *place, int64_t major,
                        int64_t minor, struct failure *failure)
{
    return major >= 0 && minor >= 0 && major <= UINT32_MAX && minor <= UINT32_MAX
               ? 0
               : limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                            "%lld:%lld are not the numbers of a device", (long long)major,
                            (long long)minor);
}

static int refuse_leaf(const struct limits *limits, const char *place, struct failure *failure)
{
    return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, place,
                      "control groups of version 2 have no weights of leaves");
}

static int add_weight(struct limits *limits, const struct oci_linux_block_io *io, bool v2,
                      struct failure *failure)
{
    struct limit *limit;
    int r = check_weight(limits, "/blockIO/weight", io->has_weight, io->weight, failure);
    if (r == 0)
        r = check_weight(limits, "/blockIO/leafWeight", io->has_leaf_weight, io->leaf_weight,
                         failure);
    if (r < 0)
        return r;
    if (io->has_weight && io->weight != 0 && v2) {
        limit = limit_add(limits, "io", "io.bfq.weight", "/blockIO/weight", "%u", io->weight);
        limit_or(limits, limit, "io.weight", "%u", wide_weight(io->weight));
        limit->v2 = true;
    } else if (io->has_weight && io->weight != 0) {
        limit = limit_add(limits, "blkio", "blkio.bfq.weight", "/blockIO/weight", "%u", io->weight);
        limit_or(limits, limit, "blkio.weight", "%u", io->weight);
    }
    if (!io->has_leaf_weight || io->leaf_weight == 0)
        return 0;
    if (v2)
        return refuse_leaf(limits, "/blockIO/leafWeight", failure);
    limit_add(limits, "blkio", "blkio.leaf_weight", "/blockIO/leafWeight", "%u", io->leaf_weight);
    return 0;
}

static int add_device_weight(struct limits *limits, const struct oci_block_io_weight *device,
                             const char *place, bool v2, struct failure *failure)
{
    unsigned long long major = (unsigned long long)device->major;
    unsigned long long minor = (unsigned long long)device->minor;
    struct limit *limit;
    int r = check_device(limits, place, device->major, device->minor, failure);
    if (r == 0)
        r = check_weight(limits, place, device->has_weight, device->weight, failure);
    if (r == 0)
        r = check_weight(limits, place, device->has_leaf_weight, device->leaf_weight, failure);
    if (r < 0)
        return r;
    if (device->has_weight && device->weight != 0 && v2) {
        limit = limit_add(limits, "io", "io.bfq.weight", place, "%llu:%llu %u", major, minor,
                          device->weight);
        limit_or(limits, limit, "io.weight", "%llu:%llu %u", major, minor,
                 wide_weight(device->weight));
        limit->v2 = true;
    } else if (device->has_weight && device->weight != 0) {
        limit = limit_add(limits, "blkio", "blkio.bfq.weight_device", place, "%llu:%llu %u", major,
                          minor, device->weight);
        limit_or(limits, limit, "blkio.weight_device", "%llu:%llu %u", major, minor,
                 device->weight);
    }
    if (!device->has_leaf_weight || device->leaf_weight == 0)
        return 0;
    if (v2)
        return refuse_leaf(limits, place, failure);
    limit_add(limits, "blkio", "blkio.leaf_weight_device", place, "%llu:%llu %u", major, minor,
              device->leaf_weight);
    return 0;
}

/* More block devices than a host has; lines are compared with each other. */
#define MAX_THROTTLES 1024

struct throttle {
    const char *name; /* member of blockIO */
    const char *file; /* version 1 */
    const char *key;  /* version 2 */
    const struct oci_block_io_throttle *list;
    size_t count;
};

static int check_throttles(const struct limits *limits, const struct throttle *throttles,
                           size_t count, struct failure *failure)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        char place[96];
        snprintf(place, sizeof(place), "/blockIO/%s", throttles[i].name);
        if (throttles[i].count > MAX_THROTTLES)
            return limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                              "there are more than %d devices with a limit", MAX_THROTTLES);
        for (size_t j = 0; r == 0 && j < throttles[i].count; j++) {
            snprintf(place, sizeof(place), "/blockIO/%s/%zu", throttles[i].name, j);
            r = check_device(limits, place, throttles[i].list[j].major, throttles[i].list[j].minor,
                             failure);
        }
    }
    return r;
}

static void add_throttles_1(struct limits *limits, const struct throttle *throttles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < throttles[i].count; j++) {
            const struct oci_block_io_throttle *device = &throttles[i].list[j];
            char place[96];
            snprintf(place, sizeof(place), "/blockIO/%s/%zu", throttles[i].name, j);
            limit_add(limits, "blkio", throttles[i].file, place, "%lld:%lld %llu",
                      (long long)device->major, (long long)device->minor,
                      (unsigned long long)device->rate)
                ->flags = device->rate ? 0 : LIMIT_QUIET;
        }
    }
}

static bool same_device(const struct oci_block_io_throttle *a,
                        const struct oci_block_io_throttle *b)
{
    return a->major == b->major && a->minor == b->minor;
}

/* Does an earlier entry name the device, so that its line is written already? */
static bool met_before(const struct throttle *throttles, size_t list, size_t entry)
{
    const struct oci_block_io_throttle *device = &throttles[list].list[entry];
    for (size_t i = 0; i <= list; i++) {
        for (size_t j = 0; j < (i == list ? entry : throttles[i].count); j++) {
            if (same_device(&throttles[i].list[j], device))
                return true;
        }
    }
    return false;
}

/* All that is said about one device in one line; of what is said twice the last counts. */
static void device_line(const struct throttle *throttles, size_t count,
                        const struct oci_block_io_throttle *device, char *line, size_t size)
{
    size_t n = (size_t)snprintf(line, size, "%lld:%lld", (long long)device->major,
                                (long long)device->minor);
    for (size_t i = 0; i < count; i++) {
        const struct oci_block_io_throttle *last = NULL;
        for (size_t j = 0; j < throttles[i].count; j++) {
            if (same_device(&throttles[i].list[j], device))
                last = &throttles[i].list[j];
        }
        if (last && last->rate)
            n += (size_t)snprintf(line + n, size - n, " %s=%llu", throttles[i].key,
                                  (unsigned long long)last->rate);
        else if (last)
            n += (size_t)snprintf(line + n, size - n, " %s=max", throttles[i].key);
    }
}

static void add_throttles_2(struct limits *limits, const struct throttle *throttles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < throttles[i].count; j++) {
            char place[96], line[256];
            if (met_before(throttles, i, j))
                continue;
            snprintf(place, sizeof(place), "/blockIO/%s/%zu", throttles[i].name, j);
            device_line(throttles, count, &throttles[i].list[j], line, sizeof(line));
            limit_add(limits, "io", "io.max", place, "%s", line)->v2 = true;
        }
    }
}

int limits_block_io(struct limits *limits, const struct oci_linux_block_io *io, bool v2,
                    struct failure *failure)
{
    if (io == NULL)
        return 0;
    const struct throttle throttles[] = {
        {"throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps",
         io->throttle_read_bps_device, io->throttle_read_bps_device_count},
        {"throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps",
         io->throttle_write_bps_device, io->throttle_write_bps_device_count},
        {"throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops",
         io->throttle_read_iops_device, io->throttle_read_iops_device_count},
        {"throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops",
         io->throttle_write_iops_device, io->throttle_write_iops_device_count},
    };
    int r = add_weight(limits, io, v2, failure);
    for (size_t i = 0; r == 0 && i < io->weight_device_count; i++) {
        char place[64];
        snprintf(place, sizeof(place), "/blockIO/weightDevice/%zu", i);
        r = add_device_weight(limits, &io->weight_device[i], place, v2, failure);
    }
    if (r == 0)
        r = check_throttles(limits, throttles, ARRAY_SIZE(throttles), failure);
    if (r == 0 && v2)
        add_throttles_2(limits, throttles, ARRAY_SIZE(throttles));
    else if (r == 0)
        add_throttles_1(limits, throttles, ARRAY_SIZE(throttles));
    return r;
}
