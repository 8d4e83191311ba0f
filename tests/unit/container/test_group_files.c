/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics, freezing, events and processes of control groups, on folders that stand for them: what a host
 * has is not what every kernel writes.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cgroup/group.h>

static char top[] = "/tmp/ocikit-groups-XXXXXX";

static void put(const char *controllers, const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", top, controllers);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/%s/g", top, controllers);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/%s/g/%s", top, controllers, file);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static char *get(const char *controllers, const char *file, char text[128])
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s/g/%s", top, controllers, file);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, 127);
    text[n > 0 ? n : 0] = 0;
    close(fd);
    return text;
}

static struct group group_of(const char *controllers)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", top, controllers);
    bool v2 = strcmp(controllers, "v2") == 0;
    return (struct group){.controllers = strdup(v2 ? "" : controllers),
                          .mountpoint = strdup(path),
                          .path = strdup("/g"),
                          .made = 1,
                          .v2 = v2,
                          .fd = -1,
                          .dir = -1};
}

static struct group_set set_of(const char *first, const char *second)
{
    struct group_set set = {calloc(2, sizeof(struct group)), 0};
    set.groups[set.count++] = group_of(first);
    if (second)
        set.groups[set.count++] = group_of(second);
    return set;
}

static int setup(void **state)
{
    strcpy(top + strlen(top) - 6, "XXXXXX");
    return mkdtemp(top) == NULL;
}

static int drop(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    return remove(path);
}

static int teardown(void **state)
{
    return nftw(top, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void expect(struct group_set *set, const char *wanted)
{
    struct failure failure = {0};
    char *json = NULL;
    assert_int_equal(groups_stats(set, &json, &failure), 0);
    if (strcmp(json, wanted) != 0)
        broken("got  %s\nnot  %s", json, wanted);
    free(json);
    groups_free(set);
}

static void test_v2_stats(void **state)
{
    put("v2", "cpu.stat",
        "usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 3\nnr_throttled 2\nthrottled_usec "
        "9\n");
    put("v2", "cpu.pressure",
        "some avg10=0.10 avg60=1.00 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
        "total=1\n");
    put("v2", "cpuset.cpus.effective", "0-2,7\n");
    put("v2", "cpuset.mems.effective", "0\n");
    put("v2", "memory.current", "4096\n");
    put("v2", "memory.max", "8192\n");
    put("v2", "memory.peak", "6000\n");
    put("v2", "memory.events", "low 0\nhigh 0\nmax 4\noom 0\noom_kill 0\n");
    put("v2", "memory.swap.current", "100\n");
    put("v2", "memory.swap.max", "1000\n");
    put("v2", "memory.stat", "anon 1\nfile 2\nslab 18446744073709551615\n");
    put("v2", "pids.current", "5\n");
    put("v2", "pids.max", "max\n");
    put("v2", "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:1 rbytes=9\n");
    put("v2", "hugetlb.2MB.current", "2097152\n");
    put("v2", "hugetlb.2MB.events", "max 3\n");
    put("v2", "hugetlb.2MB.rsvd.current", "1\n");
    struct group_set set = set_of("v2", NULL);
    expect(&set, "{\"cpu\":{\"usage\":{\"total\":12000,\"kernel\":5000,\"user\":7000},"
                 "\"throttling\":{\"periods\":3,\"throttledPeriods\":2,\"throttledTime\":9000},"
                 "\"psi\":{\"some\":{\"avg10\":0.10,\"avg60\":1.00,\"avg300\":0.00,\"total\":77},"
                 "\"full\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":1}}},"
                 "\"cpuset\":{\"cpus\":[0,1,2,7],\"mems\":[0]},"
                 "\"memory\":{\"cache\":2,\"usage\":{\"limit\":8192,\"usage\":4096,\"max\":6000,"
                 "\"failcnt\":4},"
                 "\"swap\":{\"limit\":9192,\"usage\":4196},"
                 "\"raw\":{\"anon\":1,\"file\":2,\"slab\":18446744073709551615}},"
                 "\"pids\":{\"current\":5},"
                 "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\","
                 "\"value\":1},"
                 "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2},"
                 "{\"major\":8,\"minor\":0,\"op\":\"Discard\",\"value\":5},"
                 "{\"major\":253,\"minor\":1,\"op\":\"Read\",\"value\":9}],"
                 "\"ioServicedRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":3},"
                 "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":4},"
                 "{\"major\":8,\"minor\":0,\"op\":\"Discard\",\"value\":6}]},"
                 "\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"failcnt\":3}},"
                 "\"intel_rdt\":{},\"network_interfaces\":null}");
}

static const char *const nothing = "{\"cpu\":{\"usage\":{},\"throttling\":{}},\"cpuset\":{},"
                                   "\"memory\":{},\"pids\":{},\"blkio\":{},"
                                   "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}";

static void test_unlimited_swap(void **state)
{
    put("v2", "memory.current", "1\n");
    put("v2", "memory.max", "max\n");
    put("v2", "memory.swap.current", "2\n");
    put("v2", "memory.swap.max", "5\n");
    struct group_set set = set_of("v2", NULL);
    expect(&set, "{\"cpu\":{\"usage\":{},\"throttling\":{}},\"cpuset\":{},\"memory\":{"
                 "\"usage\":{\"limit\":18446744073709551615,\"usage\":1},"
                 "\"swap\":{\"limit\":18446744073709551615,\"usage\":3}},\"pids\":{},\"blkio\":{},"
                 "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}");
}

/* A host without controllers, groups that are gone, and files with what they should not hold. */
static void test_nothing(void **state)
{
    struct group_set none = {0};
    struct failure failure = {0};
    char *json = NULL;
    assert_int_equal(groups_stats(&none, &json, &failure), OCI_ERR_UNSUPPORTED);
    assert_non_null(strstr(failure.text, "no control group"));
    struct group_set gone = set_of("v2", "memory");
    expect(&gone, nothing);
    put("v2", "cpu.stat", "");
    put("v2", "memory.current", "x\n");
    put("v2", "memory.max", "-1\n");
    put("v2", "memory.stat", "");
    put("v2", "pids.current", "99999999999999999999999999\n");
    put("v2", "pids.max", "\n");
    put("v2", "io.stat", "");
    put("v2", "cpu.pressure", "");
    struct group_set odd = set_of("v2", NULL);
    assert_int_equal(groups_stats(&odd, &json, &failure), 0);
    assert_null(strstr(json, "current"));
    assert_null(strstr(json, "limit"));
    free(json);
    groups_free(&odd);
}

static void test_v1_stats(void **state)
{
    put("cpu,cpuacct", "cpuacct.usage", "100\n");
    put("cpu,cpuacct", "cpuacct.usage_percpu", "60 40 \n");
    put("cpu,cpuacct", "cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n");
    put("cpu,cpuacct", "cpuacct.stat", "user 2\nsystem 1\n");
    put("cpu,cpuacct", "cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n");
    put("blkio", "blkio.bfq.io_service_bytes_recursive", "Total 0\n");
    put("blkio", "blkio.throttle.io_service_bytes_recursive",
        "8:16 Read 4096\n8:16 Total 4096\nTotal 4096\n");
    put("blkio", "blkio.time_recursive", "8:16 12\n");
    struct group_set set = set_of("cpu,cpuacct", "blkio");
    expect(&set, "{\"cpu\":{\"usage\":{\"total\":100,\"percpu\":[60,40],\"percpu_kernel\":[2,4],"
                 "\"percpu_user\":[1,3],\"kernel\":10000000,\"user\":20000000},"
                 "\"throttling\":{\"periods\":0,\"throttledPeriods\":0,\"throttledTime\":0}},"
                 "\"cpuset\":{},\"memory\":{},\"pids\":{},"
                 "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":16,\"op\":"
                 "\"Read\",\"value\":4096},"
                 "{\"major\":8,\"minor\":16,\"op\":\"Total\",\"value\":4096}],"
                 "\"ioTimeRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"\",\"value\":12}]},"
                 "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}");
}

static void test_freeze(void **state)
{
    char text[128];
    struct failure failure = {0};
    put("v2", "cgroup.freeze", "0");
    put("v2", "cgroup.events", "populated 1\nfrozen 1\n");
    struct group_set set = set_of("v2", NULL);
    assert_int_equal(groups_freeze(&set, 1000, &failure), 0);
    assert_string_equal(get("v2", "cgroup.freeze", text), "1");
    assert_true(groups_frozen(&set));
    assert_true(groups_killable_frozen(&set));
    assert_int_equal(groups_resume(&set, 20, &failure), OCI_ERR_TIMEOUT);
    assert_string_equal(get("v2", "cgroup.freeze", text), "0");
    put("v2", "cgroup.events", "populated 1\nfrozen 0\n");
    assert_int_equal(groups_resume(&set, 1000, &failure), 0);
    groups_free(&set);
}

/* A file that keeps nothing stands for somebody who asks for the opposite at once. */
static void test_overtaken(void **state)
{
    struct failure failure = {0};
    put("v2", "cgroup.freeze", "0");
    put("v2", "cgroup.events", "populated 1\nfrozen 0\n");
    char path[256];
    snprintf(path, sizeof(path), "%s/v2/g/cgroup.freeze", top);
    struct group_set set = set_of("v2", NULL);
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(groups_freeze(&set, 5000, &failure), OCI_ERR_BUSY);
    assert_non_null(strstr(failure.text, "somebody else"));
    groups_free(&set);
}

/* Whom the kernel does not freeze in time: nobody stays frozen. */
static void test_freeze_that_does_not_happen(void **state)
{
    char text[128];
    struct failure failure = {0};
    put("v2", "cgroup.freeze", "0");
    put("v2", "cgroup.events", "populated 1\nfrozen 0\n");
    struct group_set set = set_of("v2", NULL);
    assert_int_equal(groups_freeze(&set, 50, &failure), OCI_ERR_TIMEOUT);
    assert_non_null(strstr(failure.text, "they run again"));
    assert_string_equal(get("v2", "cgroup.freeze", text), "0");
    groups_free(&set);

    put("freezer", "freezer.state", "THAWED");
    set = set_of("freezer", "v2");
    /* A plain file holds what was written, so this is frozen at once; version 1 goes first. */
    assert_int_equal(groups_freeze(&set, 50, &failure), 0);
    assert_string_equal(get("freezer", "freezer.state", text), "FROZEN");
    assert_string_equal(get("v2", "cgroup.freeze", text), "0");
    assert_false(groups_killable_frozen(&set));
    groups_free(&set);
}

static void test_no_freezer(void **state)
{
    struct failure failure = {0};
    put("memory", "memory.limit_in_bytes", "1");
    struct group_set set = set_of("memory", NULL);
    assert_int_equal(groups_freeze(&set, 50, &failure), OCI_ERR_UNSUPPORTED);
    assert_int_equal(groups_resume(&set, 50, &failure), OCI_ERR_UNSUPPORTED);
    assert_false(groups_frozen(&set));
    groups_free(&set);
    put("v2", "cgroup.procs", "");
    set = set_of("v2", NULL);
    assert_int_equal(groups_freeze(&set, 50, &failure), OCI_ERR_UNSUPPORTED);
    assert_non_null(strstr(failure.text, "cgroup.freeze"));
    groups_free(&set);
}

static void test_v2_oom(void **state)
{
    struct failure failure = {0};
    struct oom_watch watch;
    put("v2", "memory.events", "low 0\nmax 1\noom 2\noom_kill 2\n");
    struct group_set set = set_of("v2", NULL);
    assert_int_equal(groups_watch_oom(&set, &watch, &failure), 0);
    assert_int_equal(watch.kills, 2);
    assert_int_equal(oom_watch_take(&watch), 0);
    put("v2", "memory.events", "low 0\nmax 9\noom 2\noom_kill 2\n");
    assert_int_equal(oom_watch_take(&watch), 0);
    put("v2", "memory.events", "low 0\nmax 9\noom 3\noom_kill 4\n");
    assert_int_equal(oom_watch_take(&watch), 1);
    assert_int_equal(watch.kills, 4);
    assert_int_equal(oom_watch_take(&watch), 0);
    char path[256];
    snprintf(path, sizeof(path), "%s/v2/g/memory.events", top);
    unlink(path);
    assert_int_equal(oom_watch_take(&watch), -1);
    oom_watch_close(&watch);
    assert_int_equal(groups_watch_oom(&set, &watch, &failure), OCI_ERR_UNSUPPORTED);
    assert_int_equal(watch.fd, -1);
    assert_int_equal(watch.dir, -1);
    groups_free(&set);
    struct group_set none = {0};
    assert_int_equal(groups_watch_oom(&none, &watch, &failure), OCI_ERR_UNSUPPORTED);
}

static void test_processes(void **state)
{
    struct failure failure = {0};
    pid_t *list = NULL;
    size_t count = 9;
    char path[256];
    put("pids", "cgroup.procs", "30\n10\n0\n20\n");
    snprintf(path, sizeof(path), "%s/pids/g/inner", top);
    mkdir(path, 0755);
    put("pids", "inner/cgroup.procs", "5\n10\n");
    struct group_set set = set_of("memory", "pids");
    assert_int_equal(groups_processes(&set, &list, &count, &failure), 0);
    const pid_t wanted[] = {5, 10, 20, 30};
    assert_int_equal(count, 4);
    assert_memory_equal(list, wanted, sizeof(wanted));
    free(list);
    /* One that was made for the container goes before one that may have others in it. */
    put("memory", "cgroup.procs", "77\n");
    set.groups[0].made = 0;
    assert_int_equal(groups_processes(&set, &list, &count, &failure), 0);
    assert_int_equal(count, 4);
    free(list);
    groups_free(&set);
    struct group_set none = {0};
    assert_int_equal(groups_processes(&none, &list, &count, &failure), OCI_ERR_UNSUPPORTED);
    assert_int_equal(groups_freeze(&none, 50, &failure), OCI_ERR_UNSUPPORTED);
    assert_non_null(strstr(failure.text, "no control group"));
    set = set_of("gone", NULL);
    assert_int_equal(groups_processes(&set, &list, &count, &failure), 0);
    assert_int_equal(count, 0);
    free(list);
    groups_free(&set);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_v2_stats),
        CASE(test_unlimited_swap),
        CASE(test_nothing),
        CASE(test_v1_stats),
        CASE(test_freeze),
        CASE(test_overtaken),
        CASE(test_freeze_that_does_not_happen),
        CASE(test_no_freezer),
        CASE(test_v2_oom),
        CASE(test_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
