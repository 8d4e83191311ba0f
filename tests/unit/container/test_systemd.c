/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told, without systemd: names of units, properties of limits, devices and annotations.
 */
#include "cmocka_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/buffer.h>
#include <base/util.h>
#include <cgroup/group.h>
#include <systemd/property.h>
#include <systemd/unit.h>

static void check_unit(const char *path, bool user, const char *wanted)
{
    struct unit unit _unit_ = {0};
    struct failure failure = {0};
    char found[2048];
    int r = unit_plan(path, "some+id", user, &unit, &failure);
    if (r == 0)
        snprintf(found, sizeof(found), "%s %s %s", unit.name, unit.slice, unit.path);
    else
        snprintf(found, sizeof(found), "%d %s %s", r == OCI_ERR_CONFIG, failure.pointer,
                 failure.text);
    bool same = r == 0 ? strcmp(found, wanted) == 0 : strstr(found, wanted) != NULL;
    if (!same)
        broken("\"%s\" is\n%s, not\n%s", path ? path : "(none)", found, wanted);
}

static void test_units(void **state)
{
    (void)state;
    const char *plain = "ocikit-some\\x2bid.scope system.slice /system.slice/ocikit-some\\x2bid.scope";
    check_unit(NULL, false, plain);
    check_unit("", false, plain);
    check_unit("::", false, plain);
    check_unit(NULL, true, "ocikit-some\\x2bid.scope user.slice /user.slice/ocikit-some\\x2bid.scope");
    check_unit("machine.slice:pod:x", false, "pod-x.scope machine.slice /machine.slice/pod-x.scope");
    check_unit("a-b-c.slice:p:x", false,
               "p-x.scope a-b-c.slice /a.slice/a-b.slice/a-b-c.slice/p-x.scope");
    check_unit("-.slice:p:x", false, "p-x.scope -.slice /p-x.scope");
    check_unit(":p:", false, "p-some\\x2bid.scope system.slice /system.slice/p-some\\x2bid.scope");
    check_unit("a.slice::x", false, "x.scope a.slice /a.slice/x.scope");
    check_unit("a.slice:p:x y/z", false, "p-x\\x20y\\x2fz.scope a.slice /a.slice/p-x\\x20y\\x2fz.scope");
    /* As directories, names that could be files of a group are marked. */
    check_unit("system.slice::cpu", false, "cpu.scope system.slice /system.slice/_cpu.scope");
    check_unit("memory.slice:_x:y", false, "_x-y.scope memory.slice /_memory.slice/__x-y.scope");
    check_unit("t.slice::.x", false, ".x.scope t.slice /t.slice/_.x.scope");
    check_unit("cpu-a.slice:p:x", false, "p-x.scope cpu-a.slice /_cpu.slice/cpu-a.slice/p-x.scope");
    check_unit("/a/b", false, "1 /linux/cgroupsPath path \"/a/b\": it has not three parts");
    check_unit("a:b:c:d", false, "three parts");
    check_unit("a:b:c", false, "not the name of a slice");
    check_unit("a--b.slice:p:x", false, "not the name of a slice");
    check_unit("-a.slice:p:x", false, "not the name of a slice");
    check_unit("a-.slice:p:x", false, "not the name of a slice");
    check_unit(".slice:p:x", false, "not the name of a slice");
    check_unit("a/b.slice:p:x", false, "not the name of a slice");
    check_unit("a.slice:p:x.slice", false, "not a slice");
    char path[400];
    snprintf(path, sizeof(path), "a.slice:p:%0260d", 0);
    check_unit(path, false, "more than 255");
    snprintf(path, sizeof(path), "a.slice:p:%0247d", 0);
    struct unit unit _unit_ = {0};
    struct failure failure = {0};
    assert_int_equal(unit_plan(path, "x", false, &unit, &failure), 0);
    assert_int_equal(strlen(unit.name), 255);
}

static void add_value(struct buffer *out, const struct property *property)
{
    for (size_t i = 0; i < property->size; i++)
        buffer_format(out, "%02x", property->bytes[i]);
    for (char **text = property->texts; text && *text; text++)
        buffer_format(out, "%s[%s]", text == property->texts ? "" : " ", *text);
    if (property->type == PROPERTY_DOUBLE)
        buffer_format(out, "%g", property->real);
    else if (property->type >= PROPERTY_BOOL && property->type != PROPERTY_TEXT)
        buffer_format(out, "%lld", (long long)property->number);
    else if (property->type == PROPERTY_DEVICE_BYTES)
        buffer_format(out, " %lld", (long long)property->number);
}

static char *as_text(const struct properties *properties)
{
    struct buffer out = {0};
    buffer_text(&out, "");
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *property = &properties->list[i];
        buffer_format(&out, "%s%s=", i ? "; " : "", property->name);
        if (property->type >= PROPERTY_BOOL)
            buffer_format(&out, "%c:", property->type);
        add_value(&out, property);
    }
    return buffer_take(&out);
}

static void check(const char *given, const char *found, const char *wanted)
{
    if (strcmp(found, wanted) != 0)
        broken("%s is\n%s, not\n%s", given, found, wanted);
}

/* A set with one hierarchy of version 2 that has no files. */
static struct group_set unified(struct group *group)
{
    static char none[] = "", mountpoint[] = "/nowhere", path[] = "/x";
    *group = (struct group){.controllers = none,
                            .mountpoint = mountpoint,
                            .path = path,
                            .v2 = true,
                            .fd = -1,
                            .dir = -1};
    return (struct group_set){.groups = group, .count = 1};
}

static void check_limits(const char *json, bool late, const char *wanted)
{
    struct group group;
    const struct group_set set = unified(&group);
    oci_document *document = NULL;
    struct failure failure = {0};
    struct limits limits _limits_ = {.prefix = ""};
    struct properties properties _properties_ = {0};
    assert_int_equal(
        oci_parse(oci_linux_resources_type(), json, strlen(json), NULL, &document, NULL), 0);
    assert_int_equal(
        groups_limits(&set, oci_linux_resources_root(document), &limits, &failure), 0);
    assert_int_equal(properties_of_limits(&properties, &limits, late, &failure), 0);
    _free_ char *found = as_text(&properties);
    check(json, found, wanted);
    oci_document_free(document);
}

static void test_limits(void **state)
{
    (void)state;
    check_limits("{\"memory\":{\"limit\":1048576,\"reservation\":4096,\"swap\":3145728}}", false,
                 "MemoryMax=t:1048576; MemoryLow=t:4096; MemorySwapMax=t:2097152");
    check_limits("{\"memory\":{\"limit\":-1,\"swap\":-1}}", false, "MemoryMax=t:-1; MemorySwapMax=t:-1");
    check_limits("{\"cpu\":{\"shares\":1024}}", false, "CPUWeight=t:100");
    check_limits("{\"cpu\":{\"idle\":1}}", false, "CPUWeight=t:0");
    check_limits("{\"cpu\":{\"idle\":0}}", false, "CPUWeight=t:100");
    check_limits("{\"cpu\":{\"idle\":0,\"shares\":2}}", false, "CPUWeight=t:1");
    check_limits("{\"cpu\":{\"quota\":50000,\"period\":25000}}", false,
                 "CPUQuotaPerSecUSec=t:2000000; CPUQuotaPeriodUSec=t:25000");
    check_limits("{\"cpu\":{\"quota\":-1}}", false,
                 "CPUQuotaPerSecUSec=t:-1; CPUQuotaPeriodUSec=t:100000");
    check_limits("{\"cpu\":{\"cpus\":\"0-3,8\",\"mems\":\"1\"}}", false,
                 "AllowedCPUs=0f01; AllowedMemoryNodes=02");
    /* Whole per cent, and never none. */
    check_limits("{\"cpu\":{\"quota\":33333,\"period\":100000}}", false,
                 "CPUQuotaPerSecUSec=t:340000; CPUQuotaPeriodUSec=t:100000");
    check_limits("{\"cpu\":{\"quota\":1000,\"period\":200000}}", false,
                 "CPUQuotaPerSecUSec=t:10000; CPUQuotaPeriodUSec=t:200000");
    check_limits("{\"unified\":{\"memory.max\":\"512M\",\"memory.min\":\"1g\",\"memory.low\":\"7x\","
                 "\"memory.swap.max\":\"0\",\"io.weight\":\"200\"}}",
                 false, "IOWeight=t:200; MemoryMax=t:536870912; MemoryMin=t:1073741824; MemorySwapMax=t:0");
    check_limits("{\"unified\":{\"memory.max\":\"17179869184G\",\"memory.high\":\"0\",\"cpu.max\":\"max 7x\"}}", false,
                 "MemoryHigh=t:1");
    /* Forms that only the kernel knows. */
    check_limits("{\"unified\":{\"cpuset.cpus\":\"0-N\"}}", false, "");
    check_limits("{\"unified\":{\"cpuset.cpus\":\"0-10:2/4\"}}", false, "");
    check_limits("{\"unified\":{\"cpuset.cpus\":\"all\"}}", false, "");
    check_limits("{\"unified\":{\"pids.max\":\"0\"}}", false, "TasksMax=t:1");
    check_limits("{\"pids\":{\"limit\":5}}", false, "");
    check_limits("{\"pids\":{\"limit\":5}}", true, "TasksMax=t:5");
    check_limits("{\"pids\":{\"limit\":-1}}", true, "TasksMax=t:-1");
    check_limits("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":1,\"rate\":7}],"
                 "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":2,\"rate\":9}]}}",
                 false, "IOReadBandwidthMax=[/dev/block/8:1] 7; IOWriteIOPSMax=[/dev/block/8:2] 9");
    check_limits("{\"unified\":{\"memory.high\":\"max\",\"memory.min\":\"77\",\"pids.max\":\"3\","
                 "\"hugetlb.2MB.max\":\"5\",\"memory.oom.group\":\"1\"}}",
                 false, "MemoryHigh=t:-1; MemoryMin=t:77; TasksMax=t:3");
}

static void check_devices(const char *json, const char *wanted)
{
    static const char list[] = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n";
    oci_document *document = NULL;
    struct failure failure = {0};
    struct device_rules rules _device_rules_ = {0};
    struct properties properties _properties_ = {0};
    assert_int_equal(
        oci_parse(oci_linux_resources_type(), json, strlen(json), NULL, &document, NULL), 0);
    assert_int_equal(
        device_rules_collect(oci_linux_resources_root(document), "", &rules, &failure), 0);
    properties_of_devices(&properties, &rules, list);
    _free_ char *found = as_text(&properties);
    /* What no container works without comes last. */
    char *rest = strstr(found, " [char-*] [m]");
    if (rest)
        *rest = 0;
    check(json, found, wanted);
    oci_document_free(document);
}

#define NOTHING "DevicePolicy=s:[strict]; DeviceAllow=; DeviceAllow=[char-*] [rwm] [block-*] [rwm]"
#define DENY "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}"

static void test_devices(void **state)
{
    (void)state;
    check_devices(DENY ",{\"allow\":true,\"type\":\"c\",\"major\":10,\"minor\":200,\"access\":\"rw\"}]}",
                  "DevicePolicy=s:[strict]; DeviceAllow=; DeviceAllow=[/dev/char/10:200] [rw]");
    check_devices(DENY ",{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"}]}",
                  "DevicePolicy=s:[strict]; DeviceAllow=; DeviceAllow=[block-sd] [r]");
    check_devices(DENY ",{\"allow\":true,\"type\":\"b\",\"access\":\"wm\"}]}",
                  "DevicePolicy=s:[strict]; DeviceAllow=; DeviceAllow=[block-*] [wm]");
    /* What systemd cannot say is not half said, and what it was told before is taken back. */
    check_devices(DENY ",{\"allow\":true,\"type\":\"b\",\"major\":9,\"access\":\"r\"}]}", NOTHING);
    check_devices(DENY ",{\"allow\":true,\"type\":\"b\",\"minor\":1,\"access\":\"r\"}]}", NOTHING);
    check_devices(DENY ",{\"allow\":true,\"type\":\"c\",\"major\":1,\"access\":\"r\"},"
                       "{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"r\"}]}",
                  NOTHING);
    check_devices("{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}", NOTHING);
    check_devices("{}", NOTHING);
}

static void check_annotation(const char *name, const char *value, const char *wanted)
{
    struct oci_string_entry entries[] = {
        {.key = "other", .value = "x"},
        {.key = name, .value = value},
    };
    struct oci_runtime_config config = {.annotations = entries, .annotations_count = 2};
    struct properties properties _properties_ = {0};
    struct failure failure = {0};
    char given[200], refused[2048];
    snprintf(given, sizeof(given), "%s: %s", name, value);
    int r = properties_of_annotations(&properties, &config, &failure);
    _free_ char *found = as_text(&properties);
    snprintf(refused, sizeof(refused), "%d %s %s", r == OCI_ERR_CONFIG, failure.pointer,
             failure.text);
    if (r < 0 ? strstr(refused, wanted) == NULL : strcmp(found, wanted) != 0)
        broken("%s is\n%s, not\n%s", given, r < 0 ? refused : found, wanted);
}

static void test_annotations(void **state)
{
    (void)state;
    check_annotation("org.systemd.property.A", "true", "A=b:1");
    check_annotation("org.systemd.property.A", " false ", "A=b:0");
    check_annotation("org.systemd.property.A", "uint64 18446744073709551615", "A=t:-1");
    check_annotation("org.systemd.property.A", "int64 -5", "A=x:-5");
    check_annotation("org.systemd.property.A", "uint32 7", "A=u:7");
    check_annotation("org.systemd.property.A", "-7", "A=i:-7");
    check_annotation("org.systemd.property.A", "0x10", "A=i:16");
    check_annotation("org.systemd.property.A", "double 1.5", "A=d:1.5");
    check_annotation("org.systemd.property.A", "'a \\' \"b'", "A=s:[a ' \"b]");
    check_annotation("org.systemd.property.A", "\"c\"", "A=s:[c]");
    check_annotation("org.systemd.property.A", "['a.service', \"b\"]", "A=[a.service] [b]");
    check_annotation("org.systemd.property.A", "[]", "A=");
    check_annotation("org.systemd.property.TimeoutStopSec", "uint64 3", "TimeoutStopUSec=t:3000000");
    check_annotation("org.systemd.property.TimeoutStopSec", "double 0.5", "TimeoutStopUSec=t:500000");
    check_annotation("org.systemd.property.TimeoutStopUSec", "uint64 3", "TimeoutStopUSec=t:3");
    check_annotation("org.systemd.property.TimeoutStopSec", "uint64 18446744073709551615",
                     "TimeoutStopUSec=t:-1");
    check_annotation("org.systemd.property.TimeoutStopSec", "-1", "TimeoutStopUSec=t:-1");
    check_annotation("org.systemd.property.TimeoutStopSec", "double -1.5", "TimeoutStopUSec=t:-1");
    static const char *const bad[] = {"",       "yes",     "'a",      "a'",         "['a'",      "['a' 'b']",
                                      "5 6",    "uint32 -1", "uint32 4294967296", "2147483648", "int64 9223372036854775808",
                                      "uint64 18446744073709551616", "uint64", "truely", "[1]", "double x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_annotation("org.systemd.property.A", bad[i],
                         "1 /annotations/org.systemd.property.A the value is not");
    check_annotation("org.systemd.property.", "true", "not the name");
    check_annotation("org.systemd.property.a-b", "true", "not the name");
    check_annotation("org.systemd.property.PIDs", "true", "the runtime's");
    check_annotation("org.systemd.property.DeviceAllow", "true", "the runtime's");
    check_annotation("org.systemd.other", "nonsense", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_annotations),
    };
    return cmocka_run_group_tests_name("systemd", tests, NULL, NULL);
}
