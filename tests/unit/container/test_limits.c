/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on plain folders that stand for groups: which files get which values.  What the kernel makes of them is
 * the integration tests' business.
 */
#include "fake_groups.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_controllers_are_switched_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
