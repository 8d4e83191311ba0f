/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on plain folders that stand for groups: which files get which values, what is refused with which
 * pointer, and that a failed update leaves every file as it was.  What the kernel makes of the values is the
 * integration tests' business.
 */
#include "cmocka_unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/document.h>
#include <cgroup/group.h>
#include <cgroup/limits.h>

#define MAX_FILES 8

struct file {
    const char *name, *text;
};

/* Groups of a host: one unified, or one hierarchy for each controller. */
struct fake {
    char top[64];
    struct group groups[12];
    struct group_set set;
};

static const char all_controllers[] = "cpuset cpu io memory hugetlb pids rdma misc\n";

static void put(const char *directory, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *get(const char *directory, const char *name, char text[512])
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return strcpy(text, "(no file)");
    size_t n = fread(text, 1, 511, file);
    fclose(file);
    text[n] = 0;
    return text;
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        char inner[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            remove_tree(inner);
        else
            unlink(inner);
    }
    if (dir)
        closedir(dir);
    assert_int_equal(rmdir(path), 0);
}

static void group_path(const struct fake *fake, const char *controller, char path[128])
{
    snprintf(path, 128, "%s/%s%sg", fake->top, controller, controller[0] ? "/" : "");
}

static void add_group(struct fake *fake, const char *controller)
{
    struct group *group = &fake->groups[fake->set.count++];
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", fake->top, controller);
    if (controller[0])
        assert_int_equal(mkdir(path, 0700), 0);
    *group = (struct group){.controllers = strdup(controller),
                            .mountpoint = strdup(path),
                            .path = strdup("/g"),
                            .v2 = controller[0] == 0,
                            .fd = -1,
                            .dir = -1};
    group_path(fake, controller, path);
    assert_int_equal(mkdir(path, 0700), 0);
    if (group->v2) {
        put(group->mountpoint, "cgroup.controllers", all_controllers);
        put(group->mountpoint, "cgroup.subtree_control", all_controllers);
    }
}

static void fake_begin(struct fake *fake, bool unified)
{
    static const char *const controllers[] = {"memory", "cpu",     "cpuset",  "blkio",   "pids",
                                              "rdma",   "hugetlb", "net_cls", "net_prio"};
    *fake = (struct fake){.top = "/tmp/ocikit-limits-XXXXXX"};
    assert_non_null(mkdtemp(fake->top));
    fake->set.groups = fake->groups;
    if (unified)
        add_group(fake, "");
    for (size_t i = 0; !unified && i < sizeof(controllers) / sizeof(controllers[0]); i++)
        add_group(fake, controllers[i]);
}

static void fake_end(struct fake *fake)
{
    for (size_t i = 0; i < fake->set.count; i++) {
        free(fake->groups[i].controllers);
        free(fake->groups[i].mountpoint);
        free(fake->groups[i].path);
    }
    remove_tree(fake->top);
}

/* "memory/memory.max" of a version 1 host, "memory.max" of the unified one. */
static void place_of(const struct fake *fake, const char *name, char directory[128],
                     const char **file)
{
    const char *slash = strchr(name, '/');
    char controller[32] = "";
    if (slash)
        snprintf(controller, sizeof(controller), "%.*s", (int)(slash - name), name);
    group_path(fake, controller, directory);
    *file = slash ? slash + 1 : name;
}

static int update(const struct fake *fake, const char *json, struct failure *failure)
{
    oci_document *document = NULL;
    *failure = (struct failure){0};
    assert_int_equal(
        oci_parse(oci_linux_resources_type(), json, strlen(json), NULL, &document, NULL), 0);
    int r = groups_update(&fake->set, oci_linux_resources_root(document), NULL, failure);
    oci_document_free(document);
    return r;
}

struct value_case {
    bool v2;
    const char *json;
    struct file before[MAX_FILES]; /* files there are */
    struct file after[MAX_FILES];  /* what they are to hold then */
};

static const struct value_case values[] = {
    /* memory */
    {false,
     "{\"memory\": {\"limit\": 1000, \"reservation\": 500, \"swap\": 2000, \"kernelTCP\": 70, "
     "\"swappiness\": 30, \"disableOOMKiller\": true, \"useHierarchy\": true}}",
     {{"memory/memory.limit_in_bytes", "9"},
      {"memory/memory.soft_limit_in_bytes", "9"},
      {"memory/memory.memsw.limit_in_bytes", "9"},
      {"memory/memory.kmem.tcp.limit_in_bytes", "9"},
      {"memory/memory.swappiness", "60"},
      {"memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n"}},
     {{"memory/memory.limit_in_bytes", "1000"},
      {"memory/memory.soft_limit_in_bytes", "500"},
      {"memory/memory.memsw.limit_in_bytes", "2000"},
      {"memory/memory.kmem.tcp.limit_in_bytes", "70"},
      {"memory/memory.swappiness", "30"},
      {"memory/memory.oom_control", "1"}}},
    {false,
     "{\"memory\": {\"limit\": -1, \"kernel\": -1}}",
     {{"memory/memory.limit_in_bytes", "9"}, {"memory/memory.memsw.limit_in_bytes", "9"}},
     {{"memory/memory.limit_in_bytes", "-1"}, {"memory/memory.memsw.limit_in_bytes", "-1"}}},
    {true,
     "{\"memory\": {\"limit\": 1000, \"reservation\": 500, \"swap\": 1500}}",
     {{"memory.max", "max"}, {"memory.low", "0"}, {"memory.swap.max", "max"}},
     {{"memory.max", "1000"}, {"memory.low", "500"}, {"memory.swap.max", "500"}}},
    {true,
     "{\"memory\": {\"limit\": -1, \"reservation\": -1, \"swap\": -1}}",
     {{"memory.max", "10"}, {"memory.low", "0"}, {"memory.swap.max", "10"}},
     {{"memory.max", "max"}, {"memory.low", "max"}, {"memory.swap.max", "max"}}},
    {true,
     "{\"memory\": {\"swap\": 1500}}", /* the limit is the one there is */
     {{"memory.max", "1000\n"}, {"memory.swap.max", "max"}},
     {{"memory.max", "1000\n"}, {"memory.swap.max", "500"}}},
    {true,
     "{\"memory\": {\"limit\": 1000, \"swap\": 1000}}", /* a kernel without swap */
     {{"memory.max", "max"}},
     {{"memory.max", "1000"}}},
    {true,
     "{\"memory\": {\"limit\": 1000, \"checkBeforeUpdate\": true}}",
     {{"memory.max", "max"}, {"memory.current", "1000\n"}},
     {{"memory.max", "1000"}}},
    {true,
     "{\"memory\": {\"limit\": 1000}}", /* not asked to check */
     {{"memory.max", "max"}, {"memory.current", "1001\n"}},
     {{"memory.max", "1000"}}},
    /* cpu */
    {false,
     "{\"cpu\": {\"shares\": 512, \"quota\": 50000, \"period\": 100000, \"burst\": 1000, "
     "\"realtimePeriod\": 1000000, \"realtimeRuntime\": 900, \"cpus\": \"0-1\", \"mems\": \"0\"}}",
     {{"cpu/cpu.shares", "1024"},
      {"cpu/cpu.cfs_quota_us", "-1"},
      {"cpu/cpu.cfs_period_us", "1"},
      {"cpu/cpu.cfs_burst_us", "0"},
      {"cpu/cpu.rt_period_us", "1"},
      {"cpu/cpu.rt_runtime_us", "0"},
      {"cpuset/cpuset.cpus", "0"},
      {"cpuset/cpuset.mems", ""}},
     {{"cpu/cpu.shares", "512"},
      {"cpu/cpu.cfs_quota_us", "50000"},
      {"cpu/cpu.cfs_period_us", "100000"},
      {"cpu/cpu.cfs_burst_us", "1000"},
      {"cpu/cpu.rt_period_us", "1000000"},
      {"cpu/cpu.rt_runtime_us", "900"},
      {"cpuset/cpuset.cpus", "0-1"},
      {"cpuset/cpuset.mems", "0"}}},
    {false,
     "{\"cpu\": {\"idle\": 1, \"shares\": 512}}", /* idle groups have no shares */
     {{"cpu/cpu.shares", "1024"}, {"cpu/cpu.idle", "0"}},
     {{"cpu/cpu.shares", "1024"}, {"cpu/cpu.idle", "1"}}},
    {true,
     "{\"cpu\": {\"shares\": 1024, \"quota\": 50000, \"period\": 200000, \"burst\": 1000, "
     "\"idle\": 0, \"cpus\": \"1\", \"mems\": \"0\"}}",
     {{"cpu.weight", "1"},
      {"cpu.max", "max 100000\n"},
      {"cpu.max.burst", "0"},
      {"cpu.idle", "1"},
      {"cpuset.cpus", ""},
      {"cpuset.mems", ""}},
     {{"cpu.weight", "100"},
      {"cpu.max", "50000 200000"},
      {"cpu.max.burst", "1000"},
      {"cpu.idle", "0"},
      {"cpuset.cpus", "1"},
      {"cpuset.mems", "0"}}},
    {true, "{\"cpu\": {\"quota\": 50000}}", {{"cpu.max", "max 7\n"}}, {{"cpu.max", "50000"}}},
    {true, "{\"cpu\": {\"quota\": -1}}", {{"cpu.max", "5 7\n"}}, {{"cpu.max", "max"}}},
    {true, "{\"cpu\": {\"period\": 900}}", {{"cpu.max", "500 7\n"}}, {{"cpu.max", "500 900"}}},
    {true, "{\"cpu\": {\"period\": 900}}", {{"cpu.max", "max 7\n"}}, {{"cpu.max", "max 900"}}},
    {true, "{\"cpu\": {\"shares\": 2}}", {{"cpu.weight", "9"}}, {{"cpu.weight", "1"}}},
    {true, "{\"cpu\": {\"shares\": 262144}}", {{"cpu.weight", "9"}}, {{"cpu.weight", "10000"}}},
    /* pids */
    {false, "{\"pids\": {\"limit\": 0}}", {{"pids/pids.max", "max"}}, {{"pids/pids.max", "0"}}},
    {true, "{\"pids\": {\"limit\": 0}}", {{"pids.max", "max"}}, {{"pids.max", "0"}}},
    {true, "{\"pids\": {\"limit\": 32}}", {{"pids.max", "max"}}, {{"pids.max", "32"}}},
    {true, "{\"pids\": {\"limit\": -1}}", {{"pids.max", "5"}}, {{"pids.max", "max"}}},
    {false, "{\"pids\": {\"limit\": -7}}", {{"pids/pids.max", "5"}}, {{"pids/pids.max", "max"}}},
    /* blockIO */
    {false,
     "{\"blockIO\": {\"weight\": 500, \"leafWeight\": 20, \"weightDevice\": [{\"major\": 8, "
     "\"minor\": 1, \"weight\": 30, \"leafWeight\": 40}]}}",
     {{"blkio/blkio.weight", "1"},
      {"blkio/blkio.leaf_weight", "1"},
      {"blkio/blkio.weight_device", ""},
      {"blkio/blkio.leaf_weight_device", ""}},
     {{"blkio/blkio.weight", "500"},
      {"blkio/blkio.leaf_weight", "20"},
      {"blkio/blkio.weight_device", "8:1 30"},
      {"blkio/blkio.leaf_weight_device", "8:1 40"}}},
    {false,
     "{\"blockIO\": {\"weight\": 500, \"weightDevice\": [{\"major\": 8, \"minor\": 1, \"weight\": "
     "30}]}}",
     {{"blkio/blkio.bfq.weight", "100"},
      {"blkio/blkio.weight", "1"},
      {"blkio/blkio.bfq.weight_device", "default 100\n"}},
     {{"blkio/blkio.bfq.weight", "500"},
      {"blkio/blkio.weight", "1"},
      {"blkio/blkio.bfq.weight_device", "8:1 30"}}},
    {false,
     "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 1}], "
     "\"throttleWriteBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 2}], "
     "\"throttleReadIOPSDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 3}], "
     "\"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 4}]}}",
     {{"blkio/blkio.throttle.read_bps_device", ""},
      {"blkio/blkio.throttle.write_bps_device", ""},
      {"blkio/blkio.throttle.read_iops_device", ""},
      {"blkio/blkio.throttle.write_iops_device", ""}},
     {{"blkio/blkio.throttle.read_bps_device", "8:0 1"},
      {"blkio/blkio.throttle.write_bps_device", "8:0 2"},
      {"blkio/blkio.throttle.read_iops_device", "8:0 3"},
      {"blkio/blkio.throttle.write_iops_device", "8:0 4"}}},
    {true, /* the last write is seen: one for a device, with all that is said about it */
     "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": 7, \"minor\": 0, \"rate\": 9}, "
     "{\"major\": 8, \"minor\": 0, \"rate\": 1}], "
     "\"throttleWriteBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 2}], "
     "\"throttleReadIOPSDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 3}], "
     "\"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 0}]}}",
     {{"io.max", ""}},
     {{"io.max", "8:0 rbps=1 wbps=2 riops=3 wiops=max"}}},
    {true,
     "{\"blockIO\": {\"weight\": 1000, \"weightDevice\": [{\"major\": 8, \"minor\": 1, "
     "\"weight\": 10}]}}",
     {{"io.weight", ""}},
     {{"io.weight", "8:1 1"}}},
    {true, "{\"blockIO\": {\"weight\": 1000}}", {{"io.weight", "1"}}, {{"io.weight", "10000"}}},
    {true,
     "{\"blockIO\": {\"weight\": 300}}",
     {{"io.bfq.weight", "1"}, {"io.weight", "1"}},
     {{"io.bfq.weight", "300"}, {"io.weight", "1"}}},
    /* hugepageLimits, network, rdma */
    {false,
     "{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 99}]}",
     {{"hugetlb/hugetlb.2MB.limit_in_bytes", "1"},
      {"hugetlb/hugetlb.2MB.rsvd.limit_in_bytes", "1"}},
     {{"hugetlb/hugetlb.2MB.limit_in_bytes", "99"},
      {"hugetlb/hugetlb.2MB.rsvd.limit_in_bytes", "99"}}},
    {true, /* a kernel without limits of reservations */
     "{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 99}, {\"pageSize\": \"1GB\", "
     "\"limit\": 0}]}",
     {{"hugetlb.2MB.max", "max"}, {"hugetlb.1GB.max", "max"}, {"hugetlb.1GB.rsvd.max", "max"}},
     {{"hugetlb.2MB.max", "99"}, {"hugetlb.1GB.max", "0"}, {"hugetlb.1GB.rsvd.max", "0"}}},
    {false,
     "{\"network\": {\"classID\": 1048577, \"priorities\": [{\"name\": \"eth0\", \"priority\": "
     "5}]}}",
     {{"net_cls/net_cls.classid", "0"}, {"net_prio/net_prio.ifpriomap", "lo 0\n"}},
     {{"net_cls/net_cls.classid", "1048577"}, {"net_prio/net_prio.ifpriomap", "eth0 5"}}},
    {false,
     "{\"rdma\": {\"mlx5_1\": {\"hcaHandles\": 3, \"hcaObjects\": 10000}}}",
     {{"rdma/rdma.max", ""}},
     {{"rdma/rdma.max", "mlx5_1 hca_handle=3 hca_object=10000"}}},
    {true,
     "{\"rdma\": {\"rxe3\": {\"hcaObjects\": 10000}, \"none\": {}}}",
     {{"rdma.max", ""}},
     {{"rdma.max", "rxe3 hca_object=10000"}}},
    /* unified: after the others, line by line */
    {true,
     "{\"memory\": {\"limit\": 1000}, \"unified\": {\"memory.max\": \"2000\", \"io.max\": \"8:0 "
     "rbps=1\\n8:1 rbps=2\", \"cgroup.max.depth\": \"3\", \"misc.max\": \"x 1\"}}",
     {{"memory.max", "max"}, {"io.max", ""}, {"cgroup.max.depth", "max"}, {"misc.max", "x max"}},
     {{"memory.max", "2000"},
      {"io.max", "8:1 rbps=2"},
      {"cgroup.max.depth", "3"},
      {"misc.max", "x 1"}}},
    /* what asks for nothing, where the host has nothing */
    {false,
     "{\"memory\": {\"limit\": 0, \"kernel\": -1, \"kernelTCP\": 0, \"disableOOMKiller\": false, "
     "\"useHierarchy\": true, \"swappiness\": 18446744073709551615, \"swap\": 0, "
     "\"reservation\": 0}, \"cpu\": {\"shares\": 0, \"quota\": 0, \"period\": 0, \"burst\": 0, "
     "\"realtimePeriod\": 0, \"realtimeRuntime\": 0, \"idle\": 0, \"cpus\": \"\", \"mems\": "
     "\"\"}, \"pids\": {\"limit\": -1}, \"blockIO\": {\"weight\": 0, \"leafWeight\": 0, "
     "\"weightDevice\": []}, \"hugepageLimits\": [], \"network\": {\"classID\": 0, "
     "\"priorities\": []}, \"rdma\": {}, \"unified\": {}, \"devices\": []}",
     {{NULL, NULL}},
     {{NULL, NULL}}},
    {true,
     "{\"memory\": {\"limit\": 0, \"kernel\": -1, \"kernelTCP\": -1, \"disableOOMKiller\": false, "
     "\"useHierarchy\": true, \"swappiness\": 18446744073709551615}, \"cpu\": {\"shares\": 0, "
     "\"quota\": 0, \"period\": 0, \"burst\": 0, \"realtimePeriod\": 0, \"realtimeRuntime\": 0, "
     "\"idle\": 0}, \"pids\": {\"limit\": -1}, \"blockIO\": {\"weight\": 0, \"leafWeight\": 0}, "
     "\"network\": {\"classID\": 0, \"priorities\": []}}",
     {{NULL, NULL}},
     {{NULL, NULL}}},
};

static void test_values(void **state)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct fake fake;
        struct failure failure;
        char directory[128], text[512];
        const char *file;
        fake_begin(&fake, values[i].v2);
        for (const struct file *f = values[i].before; f->name; f++) {
            place_of(&fake, f->name, directory, &file);
            put(directory, file, f->text);
        }
        int r = update(&fake, values[i].json, &failure);
        if (r != 0)
            broken("%s: %d %s", values[i].json, r, failure.text);
        for (const struct file *f = values[i].after; f->name; f++) {
            place_of(&fake, f->name, directory, &file);
            if (strcmp(get(directory, file, text), f->text) != 0)
                broken("%s: %s has \"%s\", not \"%s\"", values[i].json, f->name, text, f->text);
        }
        fake_end(&fake);
    }
}

static const struct {
    bool v2;
    const char *json;
    int code;
    const char *pointer;
    struct file before[3];
} refused[] = {
    {false, "{\"memory\": {\"limit\": -2}}", OCI_ERR_CONFIG, "/memory/limit", {{0}}},
    {true, "{\"memory\": {\"swap\": -9}}", OCI_ERR_CONFIG, "/memory/swap", {{0}}},
    {false, "{\"memory\": {\"limit\": 9, \"swap\": 8}}", OCI_ERR_CONFIG, "/memory/swap", {{0}}},
    {true, "{\"memory\": {\"limit\": -1, \"swap\": 8}}", OCI_ERR_CONFIG, "/memory/swap", {{0}}},
    {true, "{\"memory\": {\"swap\": 8}}", OCI_ERR_CONFIG, "/memory/swap", {{"memory.max", "max"}}},
    {true, "{\"memory\": {\"swap\": 8}}", OCI_ERR_CONFIG, "/memory/swap", {{"memory.max", "9"}}},
    {true,
     "{\"memory\": {\"limit\": 8, \"swap\": 9}}",
     OCI_ERR_UNSUPPORTED,
     "/memory/swap",
     {{"memory.max", "max"}}},
    {false, "{\"memory\": {\"swappiness\": 101}}", OCI_ERR_CONFIG, "/memory/swappiness", {{0}}},
    {true, "{\"memory\": {\"swappiness\": 0}}", OCI_ERR_UNSUPPORTED, "/memory/swappiness", {{0}}},
    {true, "{\"memory\": {\"kernel\": 1}}", OCI_ERR_UNSUPPORTED, "/memory/kernel", {{0}}},
    {false, "{\"memory\": {\"kernel\": 1}}", OCI_ERR_UNSUPPORTED, "/memory/kernel", {{0}}},
    {true, "{\"memory\": {\"kernelTCP\": 1}}", OCI_ERR_UNSUPPORTED, "/memory/kernelTCP", {{0}}},
    {true,
     "{\"memory\": {\"disableOOMKiller\": true}}",
     OCI_ERR_UNSUPPORTED,
     "/memory/disableOOMKiller",
     {{0}}},
    {true,
     "{\"memory\": {\"useHierarchy\": false}}",
     OCI_ERR_UNSUPPORTED,
     "/memory/useHierarchy",
     {{0}}},
    {false,
     "{\"memory\": {\"useHierarchy\": false}}",
     OCI_ERR_UNSUPPORTED,
     "/memory/useHierarchy",
     {{0}}},
    {true,
     "{\"memory\": {\"limit\": 1000, \"checkBeforeUpdate\": true}}",
     OCI_ERR_CGROUP,
     "/memory/limit",
     {{"memory.max", "max"}, {"memory.current", "1001\n"}}},
    {false, "{\"cpu\": {\"quota\": -2}}", OCI_ERR_CONFIG, "/cpu/quota", {{0}}},
    {false, "{\"cpu\": {\"quota\": 5, \"burst\": 6}}", OCI_ERR_CONFIG, "/cpu/burst", {{0}}},
    {true, "{\"cpu\": {\"idle\": 2}}", OCI_ERR_CONFIG, "/cpu/idle", {{0}}},
    {true, "{\"cpu\": {\"idle\": 1}}", OCI_ERR_UNSUPPORTED, "/cpu/idle", {{0}}},
    {true, "{\"cpu\": {\"burst\": 1}}", OCI_ERR_UNSUPPORTED, "/cpu/burst", {{0}}},
    {true, "{\"cpu\": {\"realtimePeriod\": 1}}", OCI_ERR_UNSUPPORTED, "/cpu/realtimePeriod", {{0}}},
    {true,
     "{\"cpu\": {\"realtimeRuntime\": 1}}",
     OCI_ERR_UNSUPPORTED,
     "/cpu/realtimeRuntime",
     {{0}}},
    {false, "{\"cpu\": {\"realtimeRuntime\": -2}}", OCI_ERR_CONFIG, "/cpu/realtimeRuntime", {{0}}},
    {true, "{\"cpu\": {\"cpus\": \"0\"}}", OCI_ERR_UNSUPPORTED, "/cpu/cpus", {{0}}},
    {true, "{\"blockIO\": {\"weight\": 9}}", OCI_ERR_CONFIG, "/blockIO/weight", {{0}}},
    {true,
     "{\"blockIO\": {\"leafWeight\": 50}}",
     OCI_ERR_UNSUPPORTED,
     "/blockIO/leafWeight",
     {{0}}},
    {false,
     "{\"blockIO\": {\"leafWeight\": 50}}",
     OCI_ERR_UNSUPPORTED,
     "/blockIO/leafWeight",
     {{0}}},
    {true,
     "{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 0, \"leafWeight\": 50}]}}",
     OCI_ERR_UNSUPPORTED,
     "/blockIO/weightDevice/0",
     {{0}}},
    {false,
     "{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 0, \"weight\": 5000}]}}",
     OCI_ERR_CONFIG,
     "/blockIO/weightDevice/0",
     {{0}}},
    {false,
     "{\"blockIO\": {\"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": -1, \"rate\": 5}]}}",
     OCI_ERR_CONFIG,
     "/blockIO/throttleWriteIOPSDevice/0",
     {{0}}},
    {true, "{\"network\": {\"classID\": 1}}", OCI_ERR_UNSUPPORTED, "/network/classID", {{0}}},
    {true,
     "{\"network\": {\"priorities\": [{\"name\": \"lo\", \"priority\": 1}]}}",
     OCI_ERR_UNSUPPORTED,
     "/network/priorities",
     {{0}}},
    {false,
     "{\"network\": {\"priorities\": [{\"name\": \"l o\", \"priority\": 1}]}}",
     OCI_ERR_CONFIG,
     "/network/priorities/0",
     {{0}}},
    {false, "{\"rdma\": {\"a b\": {\"hcaObjects\": 1}}}", OCI_ERR_CONFIG, "/rdma", {{0}}},
    {true, "{\"unified\": {\"../memory.max\": \"1\"}}", OCI_ERR_CONFIG, "/unified", {{0}}},
    {true, "{\"unified\": {\"memory\": \"1\"}}", OCI_ERR_CONFIG, "/unified", {{0}}},
    {true, "{\"unified\": {\"..\": \"1\"}}", OCI_ERR_CONFIG, "/unified", {{0}}},
    {true,
     "{\"unified\": {\"cgroup.procs\": \"1\"}}",
     OCI_ERR_CONFIG,
     "/unified/cgroup.procs",
     {{"cgroup.procs", ""}}},
    {true,
     "{\"unified\": {\"cgroup.freeze\": \"1\"}}",
     OCI_ERR_CONFIG,
     "/unified/cgroup.freeze",
     {{"cgroup.freeze", ""}}},
    {true,
     "{\"unified\": {\"none.max\": \"1\"}}",
     OCI_ERR_UNSUPPORTED,
     "/unified/none.max",
     {{"none.max", ""}}},
    {true,
     "{\"unified\": {\"memory.other\": \"1\"}}",
     OCI_ERR_UNSUPPORTED,
     "/unified/memory.other",
     {{0}}},
    {false,
     "{\"unified\": {\"memory.max\": \"1\"}}",
     OCI_ERR_UNSUPPORTED,
     "/unified/memory.max",
     {{0}}},
    {true,
     "{\"hugepageLimits\": [{\"pageSize\": \"4MB\", \"limit\": 1}]}",
     OCI_ERR_UNSUPPORTED,
     "/hugepageLimits/0",
     {{0}}},
    {true,
     "{\"devices\": [{\"allow\": true, \"type\": \"x\"}]}",
     OCI_ERR_CONFIG,
     "/devices/0/type",
     {{0}}},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct fake fake;
        struct failure failure;
        char directory[128], text[512];
        const char *file;
        fake_begin(&fake, refused[i].v2);
        for (const struct file *f = refused[i].before; f->name; f++) {
            place_of(&fake, f->name, directory, &file);
            put(directory, file, f->text);
        }
        int r = update(&fake, refused[i].json, &failure);
        if (r != refused[i].code || strcmp(failure.pointer, refused[i].pointer) != 0)
            broken("%s: %d at \"%s\" (%s)", refused[i].json, r, failure.pointer, failure.text);
        for (const struct file *f = refused[i].before; f->name; f++) {
            place_of(&fake, f->name, directory, &file);
            assert_string_equal(get(directory, file, text), f->text);
        }
        fake_end(&fake);
    }
}

/* A host without a controller: an error of its own for each property that needs it. */
static void test_no_such_controller(void **state)
{
    static const struct file cases[] = {
        {"{\"memory\": {\"limit\": 1}}", "/memory/limit"},
        {"{\"cpu\": {\"shares\": 2}}", "/cpu/shares"},
        {"{\"cpu\": {\"mems\": \"0\"}}", "/cpu/mems"},
        {"{\"pids\": {\"limit\": 2}}", "/pids/limit"},
        {"{\"blockIO\": {\"weight\": 20}}", "/blockIO/weight"},
        {"{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 1}]}", "/hugepageLimits/0"},
        {"{\"rdma\": {\"a\": {\"hcaObjects\": 1}}}", "/rdma/a"},
        {"{\"unified\": {\"memory.high\": \"1\"}}", "/unified/memory.high"},
    };
    struct fake fake;
    fake_begin(&fake, true);
    put(fake.top, "cgroup.controllers", "\n");
    put(fake.top, "cgroup.subtree_control", "\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure;
        assert_int_equal(update(&fake, cases[i].name, &failure), OCI_ERR_UNSUPPORTED);
        assert_string_equal(failure.pointer, cases[i].text);
        assert_non_null(strstr(failure.text, "controller is not available"));
    }
    fake_end(&fake);
}

/* Only what is missing is written, in each group above the container's. */
static void test_controllers_are_switched_on(void **state)
{
    struct fake fake;
    struct failure failure;
    char inner[128], text[512];
    fake_begin(&fake, true);
    snprintf(inner, sizeof(inner), "%s/g", fake.top);
    put(inner, "cgroup.controllers", all_controllers);
    put(inner, "cgroup.subtree_control", "");
    put(fake.top, "cgroup.subtree_control", "memory pids\n");
    snprintf(inner, sizeof(inner), "%s/g/leaf", fake.top);
    assert_int_equal(mkdir(inner, 0700), 0);
    put(inner, "pids.max", "max");
    free(fake.groups[0].path);
    fake.groups[0].path = strdup("/g/leaf");
    assert_int_equal(update(&fake, "{\"pids\": {\"limit\": 5}}", &failure), 0);
    assert_string_equal(get(fake.top, "cgroup.subtree_control", text), "memory pids\n");
    snprintf(inner, sizeof(inner), "%s/g", fake.top);
    assert_string_equal(get(inner, "cgroup.subtree_control", text), "+pids");
    fake_end(&fake);
}

/* A file that can be read and opened for writing, and takes nothing. */
static void put_stubborn(const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(symlink("/proc/self/stat", path), 0);
}

static void test_all_or_nothing(void **state)
{
    static const struct file files[] = {
        {"memory.max", "5000\n"},
        {"memory.low", "0\n"},
        {"memory.swap.max", "max\n"},
        {"cpu.weight", "77\n"},
        {"cpu.max", "max 100000\n"},
        {"cpuset.cpus", "\n"},
        {"io.weight", "default 300\n8:0 40\n"},
        {"io.max", "8:0 rbps=5 wbps=max riops=max wiops=max\n"},
        {"rdma.max", "mlx hca_handle=7 hca_object=max\n"},
    };
    static const struct file restored[] = {
        {"memory.max", "5000"},
        {"memory.low", "0"},
        {"memory.swap.max", "max"},
        {"cpu.weight", "77"},
        {"cpu.max", "max 100000"},
        {"cpuset.cpus", "\n"},
        {"io.weight", "default 300"},
        {"io.max", "8:0 rbps=5 wbps=max riops=max wiops=max"},
        {"rdma.max", "mlx hca_handle=7 hca_object=max"},
    };
    struct fake fake;
    struct failure failure;
    char directory[128], text[512];
    fake_begin(&fake, true);
    group_path(&fake, "", directory);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        put(directory, files[i].name, files[i].text);
    put_stubborn(directory, "pids.max");
    int r = update(&fake,
                   "{\"memory\": {\"limit\": 9000, \"reservation\": 10, \"swap\": 9500}, \"cpu\": "
                   "{\"shares\": 2, \"quota\": 70, \"cpus\": \"0\"}, \"blockIO\": {\"weight\": "
                   "900, \"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 1}]}, "
                   "\"rdma\": {\"mlx\": {\"hcaHandles\": 1}}, \"pids\": {\"limit\": 3}}",
                   &failure);
    if (r >= 0)
        broken("a file that takes nothing was written");
    assert_string_equal(failure.pointer, "/pids/limit");
    for (size_t i = 0; i < sizeof(restored) / sizeof(restored[0]); i++) {
        if (strcmp(get(directory, restored[i].name, text), restored[i].text) != 0)
            broken("%s has \"%s\", not \"%s\"", restored[i].name, text, restored[i].text);
    }
    fake_end(&fake);
}

/* What cannot be read could not be set back: nothing is written at all. */
static void test_unreadable_is_found_first(void **state)
{
    struct fake fake;
    struct failure failure;
    char directory[128], path[256], text[512];
    fake_begin(&fake, true);
    group_path(&fake, "", directory);
    put(directory, "memory.max", "5000\n");
    snprintf(path, sizeof(path), "%s/pids.max", directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(
        update(&fake, "{\"memory\": {\"limit\": 9000}, \"pids\": {\"limit\": 3}}", &failure) < 0);
    assert_string_equal(get(directory, "memory.max", text), "5000\n");
    fake_end(&fake);
}

static void test_restore_texts(void **state)
{
    static const struct {
        const char *file, *written, *old, *text;
    } cases[] = {
        {"memory.max", "5", "max\n", "max"},
        {"cpuset.cpus", "0", "\n", "\n"},
        {"memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\n", "0"},
        {"memory.oom_control", "0", "oom_kill_disable 1\nunder_oom 0\n", "1"},
        {"blkio.throttle.read_bps_device", "8:0 7", "", "8:0 0"},
        {"blkio.throttle.read_bps_device", "8:0 7", "8:10 3\n8:0 4\n", "8:0 4"},
        {"io.max", "8:1 rbps=1", "8:0 rbps=2\n", "8:1 rbps=max wbps=max riops=max wiops=max"},
        {"io.weight", "8:1 50", "default 100\n", "8:1 default"},
        {"io.weight", "50", "default 100\n8:1 7\n", "default 100"},
        {"rdma.max", "a hca_handle=1", "", "a hca_handle=max hca_object=max"},
        {"net_prio.ifpriomap", "eth0 5", "lo 0\neth0 2\n", "eth0 2"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = limit_restore_text(cases[i].file, cases[i].written, cases[i].old);
        assert_non_null(text);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_such_controller),
        cmocka_unit_test(test_controllers_are_switched_on),
        cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_unreadable_is_found_first),
        cmocka_unit_test(test_restore_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
