/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that are refused, on plain folders that stand for groups: with which code and pointer, and that every file
 * is as it was.
 */
#include "fake_groups.h"

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
        {"io.weight", "8:0 40"}, /* the last line of those written */
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
        {"io.weight", "50", "default 100\n8:1 7\n", "default 100\n8:1 7\n"},
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
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_no_such_controller),
        cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_unreadable_is_found_first),
        cmocka_unit_test(test_restore_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
