/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations that the compiler must refuse, one for each of its checks, by code and place.
 * Nothing is carried out: what slips through here would change the host.
 */
#include "cmocka_unit.h"

#include <stdio.h>
#include <string.h>

#include <config/load.h>
#include <plan/compile.h>

/* What a case adds to the whole, to process and to linux; each ends in a comma. */
struct part {
    const char *top, *process, *linux_;
    int code;
    const char *pointer;
};

#define ROOT "\"root\":{\"path\":\"r\"},"
#define FRESH "{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"network\"}"

static char warnings[4096];

static void keep_log(void *data, int level, const char *id, const char *message)
{
    size_t n = strlen(warnings);
    snprintf(warnings + n, sizeof(warnings) - n, "%s\n", message);
}

/* Returns the code; 0 when there is a plan. */
static int compile(const struct part *part, const char *namespaces, struct failure *failure)
{
    char text[16384];
    int n = snprintf(text, sizeof(text),
                     "{\"ociVersion\":\"1.0.2\",%s\"process\":{%s\"args\":[\"x\"],\"cwd\":\"/\"},"
                     "\"linux\":{%s\"namespaces\":[%s]}}",
                     part->top, part->process, part->linux_, namespaces);
    assert_true(n > 0 && (size_t)n < sizeof(text));
    struct log log = {keep_log, NULL, "guard"};
    struct group_set groups = {NULL, 0};
    struct loaded loaded = {0};
    struct compiled compiled = {0};
    warnings[0] = 0;
    int r = load_config("/", text, (size_t)n, &log, &loaded, failure);
    if (r < 0)
        broken("%s was not loaded: %s", text, failure->text);
    struct compile_input input = {
        .id = "guard",
        .bundle = "/bundle",
        .config = loaded.config,
        .groups = &groups,
        .log = &log,
        .process_place = "/process",
        .grantable = UINT64_MAX,
        .keep_fds = 3,
    };
    r = compile_create(&input, &compiled, failure);
    compiled_free(&compiled);
    loaded_free(&loaded);
    return r;
}

static void check(const struct part *parts, size_t count, const char *namespaces)
{
    for (size_t i = 0; i < count; i++) {
        struct failure failure = {0};
        int r = compile(&parts[i], namespaces, &failure);
        if (r != parts[i].code || (r && strcmp(failure.pointer, parts[i].pointer) != 0))
            broken("%s%s%s: %s at \"%s\" (%s), not %s at \"%s\"", parts[i].top, parts[i].process,
                   parts[i].linux_, oci_code_name(r), failure.pointer, failure.text,
                   oci_code_name(parts[i].code), parts[i].pointer ? parts[i].pointer : "");
    }
}

#define CHECK(parts, namespaces) check(parts, sizeof(parts) / sizeof((parts)[0]), namespaces)

static void test_the_base_is_good(void **state)
{
    const struct part parts[] = {{ROOT, "", "", 0, NULL}};
    CHECK(parts, FRESH);
    CHECK(parts, "");
}

static void test_what_cannot_be_honoured(void **state)
{
    const int code = OCI_ERR_UNSUPPORTED;
    const struct part parts[] = {
        {ROOT, "\"apparmorProfile\":\"p\",", "", code, "/process/apparmorProfile"},
        {ROOT, "\"selinuxLabel\":\"l\",", "", code, "/process/selinuxLabel"},
        {ROOT, "\"scheduler\":{\"policy\":\"SCHED_ISO\"},", "", code, "/process/scheduler/policy"},
        {ROOT "\"vm\":{\"kernel\":{\"path\":\"/k\"}},", "", "", code, "/vm"},
        {ROOT, "", "\"mountLabel\":\"l\",", code, "/linux/mountLabel"},
        {ROOT, "", "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"F\"]},", code,
         "/linux/personality/flags/0"},
        /* Empty labels say nothing. */
        {ROOT, "\"apparmorProfile\":\"\",\"selinuxLabel\":\"\",", "\"mountLabel\":\"\",", 0, NULL},
    };
    CHECK(parts, FRESH);
}

static void test_bad_members(void **state)
{
    const struct part parts[] = {
        {"\"root\":{\"path\":\"\"},", "", "", OCI_ERR_ROOTFS, "/root/path"},
        {ROOT, "\"env\":[\"A=1\",\"=x\"],", "", OCI_ERR_CONFIG, "/process/env/1"},
        {ROOT, "\"env\":[\"A\"],", "", OCI_ERR_CONFIG, "/process/env/0"},
        {ROOT, "\"user\":{\"uid\":4294967295,\"gid\":0},", "", OCI_ERR_RANGE, "/process/user/uid"},
        {ROOT, "\"user\":{\"uid\":0,\"gid\":4294967295},", "", OCI_ERR_RANGE, "/process/user/gid"},
        {ROOT, "\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1,4294967295]},", "",
         OCI_ERR_RANGE, "/process/user/additionalGids"},
        {ROOT, "\"oomScoreAdj\":1001,", "", OCI_ERR_RANGE, "/process/oomScoreAdj"},
        {ROOT, "\"oomScoreAdj\":-1001,", "", OCI_ERR_RANGE, "/process/oomScoreAdj"},
        {ROOT, "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}],", "",
         OCI_ERR_CONFIG, "/process/rlimits/0"},
        {ROOT, "\"capabilities\":{\"effective\":[\"CAP_KILL\"]},", "", OCI_ERR_CAPABILITY,
         "/process/capabilities"},
    };
    CHECK(parts, FRESH);
}

static void test_versions(void **state)
{
    const struct {
        const char *version;
        int code;
    } cases[] = {
        {"1.0.0", 0},
        {"1.2.1-rc.1", 0},
        {"1.1.0+build", 0},
        {"1.0.2x", OCI_ERR_UNSUPPORTED},
        {"1.0.2.3", OCI_ERR_UNSUPPORTED},
        {"1.0", OCI_ERR_UNSUPPORTED},
        {"1..0", OCI_ERR_UNSUPPORTED},
        {"2.0.0", OCI_ERR_UNSUPPORTED},
        {"11.0.0", OCI_ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct oci_root root = {.path = "r"};
        char *args[] = {(char *)"x"};
        struct oci_process process = {.args = (const char **)args, .args_count = 1, .cwd = "/"};
        struct oci_linux linux_ = {0};
        struct oci_runtime_config config = {
            .oci_version = cases[i].version, .root = &root, .process = &process, .linux_ = &linux_};
        struct group_set groups = {NULL, 0};
        struct compile_input input = {.id = "guard",
                                      .bundle = "/bundle",
                                      .config = &config,
                                      .groups = &groups,
                                      .process_place = "/process",
                                      .keep_fds = 3};
        struct compiled compiled = {0};
        struct failure failure = {0};
        int r = compile_create(&input, &compiled, &failure);
        if (r != cases[i].code)
            broken("version %s: %s (%s)", cases[i].version, oci_code_name(r), failure.text);
        compiled_free(&compiled);
    }
}

static void test_without_a_mount_namespace(void **state)
{
    const int code = OCI_ERR_CONFIG;
    const struct part parts[] = {
        {ROOT "\"mounts\":[{\"destination\":\"/d\",\"type\":\"tmpfs\"}],", "", "", code, "/mounts"},
        {ROOT, "", "\"maskedPaths\":[\"/m\"],", code, "/linux/maskedPaths"},
        {ROOT, "", "\"readonlyPaths\":[\"/m\"],", code, "/linux/readonlyPaths"},
        {ROOT, "", "\"devices\":[{\"path\":\"/dev/p\",\"type\":\"p\"}],", code, "/linux/devices"},
        {ROOT, "", "\"rootfsPropagation\":\"shared\",", code, "/linux/rootfsPropagation"},
        {"\"root\":{\"path\":\"r\",\"readonly\":true},", "", "", code, "/root/readonly"},
        {ROOT, "\"terminal\":true,", "", code, "/process/terminal"},
    };
    CHECK(parts, "{\"type\":\"uts\"}");
    CHECK(parts, "{\"type\":\"mount\",\"path\":\"/proc/1/ns/mnt\"}");
}

#define SYSCTL(name, value) "", "\"sysctl\":{\"" name "\":\"" value "\"},"

static void test_parameters(void **state)
{
    const int code = OCI_ERR_SYSCTL;
#define AT(name) code, "/linux/sysctl/" name
    const struct part parts[] = {
        {ROOT, SYSCTL("net.ipv4.ip_forward", "1"), 0, NULL},
        {ROOT, SYSCTL("net/ipv4/conf/eth0.1/mtu", "1"), 0, NULL},
        {ROOT, SYSCTL("kernel.pid_max", "1"), AT("kernel.pid_max")},
        {ROOT, SYSCTL("vm.swappiness", "1"), AT("vm.swappiness")},
        {ROOT, SYSCTL("network.x", "1"), AT("network.x")},
        {ROOT, SYSCTL("kernel.shmmax.x", "1"), AT("kernel.shmmax.x")},
        {ROOT, SYSCTL("net/../kernel/pid_max", "1"), AT("net~1..~1kernel~1pid_max")},
        {ROOT, SYSCTL("net/./ipv4", "1"), AT("net~1.~1ipv4")},
        {ROOT, SYSCTL("net/..", "1"), AT("net~1..")},
        {ROOT, SYSCTL("net//ipv4", "1"), AT("net~1~1ipv4")},
        {ROOT, SYSCTL("net..ipv4", "1"), AT("net..ipv4")},
        {ROOT, SYSCTL("net.ipv4.", "1"), AT("net.ipv4.")},
        {ROOT, SYSCTL(".net.ipv4", "1"), AT(".net.ipv4")},
        {ROOT, SYSCTL("/net/ipv4", "1"), AT("~1net~1ipv4")},
        {ROOT, SYSCTL("net.ipv4 x", "1"), AT("net.ipv4 x")},
        {ROOT, SYSCTL("net.ipv4\\nx", "1"), AT("net.ipv4\nx")},
        {ROOT, SYSCTL("net.ipv4\\tx", "1"), AT("net.ipv4\tx")},
        {ROOT, SYSCTL("net.ipv4.x", "1\\n2"), AT("net.ipv4.x")},
        {ROOT, SYSCTL("", "1"), AT("")},
    };
#undef AT
    CHECK(parts, FRESH);
}

static void test_without_the_namespace(void **state)
{
    const int code = OCI_ERR_CONFIG;
    const struct part parts[] = {
        {ROOT, SYSCTL("net.ipv4.ip_forward", "1"), code, "/linux/sysctl/net.ipv4.ip_forward"},
        {ROOT, SYSCTL("kernel.shmmax", "1"), code, "/linux/sysctl/kernel.shmmax"},
        {ROOT, SYSCTL("fs.mqueue.msg_max", "1"), code, "/linux/sysctl/fs.mqueue.msg_max"},
        {ROOT, SYSCTL("kernel.domainname", "x"), code, "/linux/sysctl/kernel.domainname"},
        {ROOT, SYSCTL("user.max_uts_namespaces", "1"), code,
         "/linux/sysctl/user.max_uts_namespaces"},
        {ROOT "\"hostname\":\"h\",", "", "", code, "/hostname"},
        {ROOT "\"domainname\":\"d\",", "", "", code, "/domainname"},
    };
    CHECK(parts, "{\"type\":\"mount\"},{\"type\":\"pid\"}");
}

static void test_long_names(void **state)
{
    char name[128], hostname[256], domainname[256];
    for (size_t length = 64; length <= 65; length++) {
        memset(name, 'n', length);
        name[length] = 0;
        snprintf(hostname, sizeof(hostname), ROOT "\"hostname\":\"%s\",", name);
        snprintf(domainname, sizeof(domainname), ROOT "\"domainname\":\"%s\",", name);
        const int code = length > 64 ? OCI_ERR_RANGE : 0;
        const struct part parts[] = {{hostname, "", "", code, "/hostname"},
                                     {domainname, "", "", code, "/domainname"}};
        CHECK(parts, FRESH);
    }
}

#define MOUNT(destination, type)                                                                   \
    ROOT "\"mounts\":[{\"destination\":\"" destination "\",\"type\":\"" type                       \
         "\",\"source\":\"/s\"}],",                                                                \
        "", ""

static void test_destinations(void **state)
{
    const int code = OCI_ERR_CONFIG;
    const struct part parts[] = {
        {MOUNT("/proc", "proc"), 0, NULL},
        {MOUNT("/proc", "bind"), 0, NULL},
        {MOUNT("/proc/meminfo", "bind"), 0, NULL},
        {MOUNT("/proc/net/dev", "bind"), 0, NULL},
        {MOUNT("/procs/x", "tmpfs"), 0, NULL},
        {MOUNT("/", "tmpfs"), code, "/mounts/0"},
        {MOUNT("/x/..", "tmpfs"), code, "/mounts/0"},
        {MOUNT("/.", "bind"), code, "/mounts/0"},
        {MOUNT("/proc", "tmpfs"), code, "/mounts/0"},
        {MOUNT("//x/../proc/", "sysfs"), code, "/mounts/0"},
        {MOUNT("/proc/self", "bind"), code, "/mounts/0"},
        {MOUNT("/proc/meminfo", "tmpfs"), code, "/mounts/0"},
        {MOUNT("/proc/meminfo/x", "bind"), code, "/mounts/0"},
        {MOUNT("/proc/./self/attr", "bind"), code, "/mounts/0"},
        {MOUNT("/x/../proc//sys", "bind"), code, "/mounts/0"},
        {MOUNT("/../proc/sys", "bind"), code, "/mounts/0"},
    };
    CHECK(parts, FRESH);
}

static void test_ambient_is_reduced_with_a_word(void **state)
{
    const struct part parts[] = {
        {ROOT, "\"capabilities\":{\"permitted\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},", "", 0,
         NULL}};
    CHECK(parts, FRESH);
    assert_non_null(strstr(warnings, "/process/capabilities/ambient"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_base_is_good),
        cmocka_unit_test(test_what_cannot_be_honoured),
        cmocka_unit_test(test_bad_members),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_without_a_mount_namespace),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_without_the_namespace),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_ambient_is_reduced_with_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
