# SPDX-License-Identifier: Apache-2.0
"""linux.namespaces, uidMappings, gidMappings, timeOffsets."""
import os
import subprocess
import time

import pytest

import hostview

NAMES = {"mount": "mnt", "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts",
         "cgroup": "cgroup", "user": "user", "time": "time"}


def of(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{NAMES[kind]}")


@pytest.mark.proves("/linux", "/linux/namespaces", "/linux/namespaces/[]/type")
@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "cgroup"])
def test_new(rt, bundle, kind):
    inside = rt.report(bundle.namespace(kind))["namespaces"]
    assert inside[NAMES[kind]] != of("self", kind)


@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "cgroup"])
def test_shared_with_the_host(rt, bundle, kind):
    if kind in ("ipc", "network"):
        bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                                   if m["type"] not in ("mqueue", "sysfs")]
    inside = rt.report(bundle.namespace(kind, False))["namespaces"]
    assert inside[NAMES[kind]] == of("self", kind)


def test_uts_shared_with_the_host(rt, bundle):
    bundle.config.pop("hostname", None)
    inside = rt.report(bundle.namespace("uts", False))
    assert inside["namespaces"]["uts"] == of("self", "uts")
    assert inside["hostname"] == os.uname().nodename


def test_mount_is_always_new_by_default(rt, bundle):
    assert rt.report(bundle)["namespaces"]["mnt"] != of("self", "mount")


def test_first_process_of_a_new_pid_namespace_is_one(rt, bundle):
    inside = rt.report(bundle)
    assert inside["pid"] == 1
    assert inside["sid"] == 1


def test_not_pid_one_without_a_pid_namespace(rt, bundle):
    assert rt.report(bundle.namespace("pid", False))["pid"] > 1


def test_network_has_loopback_that_works(rt, bundle):
    bundle.args("/bin/ip", "addr", "show", "lo")
    assert "127.0.0.1" in rt.run(bundle).ok().out


@pytest.mark.proves("/linux/namespaces/[]/path")
@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "pid", "cgroup"])
def test_join_that_of_another_container(rt, bundle, make_bundle, kind):
    name = rt.launch(bundle.payload("sleep"))
    pid = rt.pid(name)
    second = make_bundle().namespace(kind, f"/proc/{pid}/ns/{NAMES[kind]}")
    if kind == "uts":
        second.config.pop("hostname", None)
    inside = rt.report(second)
    assert inside["namespaces"][NAMES[kind]] == of(pid, kind)
    if kind == "pid":
        assert inside["pid"] > 1


def test_joined_namespaces_live_on(rt, bundle, make_bundle):
    name = rt.launch(bundle.payload("sleep"))
    pid = rt.pid(name)
    second = make_bundle()
    for kind in ("network", "ipc"):
        second.namespace(kind, f"/proc/{pid}/ns/{NAMES[kind]}")
    rt.run(second.payload("exit", "0")).ok()
    assert rt.status(name) == "running"
    assert hostview.alive(pid)


def test_bound_namespace_file(rt, bundle, tmp_path):
    target = tmp_path / "net"
    target.touch()
    holder = subprocess.Popen(["unshare", "-n", "sleep", "60"])
    try:
        hostview.until(lambda: of(holder.pid, "network") != of("self", "network"))
        hostview.mount(f"/proc/{holder.pid}/ns/net", target, None, 0x1000)
        wanted = of(holder.pid, "network")
    finally:
        holder.kill()
        holder.wait()
    try:
        assert rt.report(bundle.namespace("network", target))["namespaces"]["net"] == wanted
    finally:
        hostview.umount(target)


def test_user_with_mappings(rt, bundle):
    bundle.user_namespace(host=200000, size=1000)
    bundle.args("/bin/sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g")
    words = rt.run(bundle).ok().out.split()
    assert words == ["0", "200000", "1000"] * 2 + ["0", "0"]


@pytest.mark.proves("/linux/uidMappings", "/linux/uidMappings/[]/containerID",
                    "/linux/uidMappings/[]/hostID", "/linux/uidMappings/[]/size",
                    "/linux/gidMappings", "/linux/gidMappings/[]/containerID",
                    "/linux/gidMappings/[]/hostID", "/linux/gidMappings/[]/size")
def test_user_with_several_mappings(rt, bundle):
    bundle.user_namespace(host=200000, size=10)
    bundle.linux["uidMappings"].append({"containerID": 10, "hostID": 300000, "size": 5})
    bundle.linux["gidMappings"].append({"containerID": 20, "hostID": 400000, "size": 6})
    bundle.args("/bin/cat", "/proc/self/uid_map", "/proc/self/gid_map")
    assert rt.run(bundle).ok().out.split() == ["0", "200000", "10", "10", "300000", "5",
                                               "0", "200000", "10", "20", "400000", "6"]


def test_user_of_the_process_is_mapped(rt, bundle):
    bundle.user_namespace(host=200000, size=2000)
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    name = rt.launch(bundle.payload("sleep"))
    info = os.stat(f"/proc/{rt.pid(name)}")
    assert (info.st_uid, info.st_gid) == (201000, 201000)


@pytest.mark.ocikit
def test_user_joined_by_path(rt, bundle, make_bundle):
    name = rt.launch(bundle.user_namespace(host=200000).payload("sleep"))
    pid = rt.pid(name)
    second = make_bundle().namespace("user", f"/proc/{pid}/ns/user")
    assert rt.report(second)["namespaces"]["user"] == of(pid, "user")


@pytest.mark.parametrize("change", [
    lambda linux: linux.pop("uidMappings"),
    lambda linux: linux.update(uidMappings=[{"containerID": 0, "hostID": 1, "size": 0}]),
    lambda linux: linux["uidMappings"].append({"containerID": 1, "hostID": 5, "size": 9}),
])
def test_bad_mappings(rt, bundle, change):
    change(bundle.user_namespace().linux)
    rt.run(bundle).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
def test_mappings_without_a_user_namespace(rt, bundle):
    bundle.user_namespace().namespace("user", False)
    rt.run(bundle).failed("user namespace")
    rt.assert_clean()


@pytest.mark.proves("/linux/timeOffsets", "/linux/timeOffsets/boottime",
                    "/linux/timeOffsets/boottime/secs", "/linux/timeOffsets/boottime/nanosecs",
                    "/linux/timeOffsets/monotonic", "/linux/timeOffsets/monotonic/secs",
                    "/linux/timeOffsets/monotonic/nanosecs")
@pytest.mark.ocikit
def test_time_with_offsets(rt, bundle):
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 1000000, "nanosecs": 999999999},
                                   "monotonic": {"secs": 2000000, "nanosecs": 5}}
    plain = clocks()
    inside = rt.report(bundle)
    assert inside["namespaces"]["time"] != of("self", "time")
    assert 0 <= inside["boottime"] - plain[0] - 1000000 < 30
    assert 0 <= inside["monotonic"] - plain[1] - 2000000 < 30


def clocks():
    return (int(time.clock_gettime(time.CLOCK_BOOTTIME)),
            int(time.clock_gettime(time.CLOCK_MONOTONIC)))


@pytest.mark.ocikit
def test_time_offsets_without_the_namespace(rt, bundle):
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 5}}
    rt.run(bundle).failed("time")
    rt.assert_clean()


@pytest.mark.parametrize("path", ["/no/such/file", "/etc/passwd", "/proc/self/ns/uts"])
def test_bad_path(rt, bundle, path):
    rt.run(bundle.namespace("network", path)).failed("")
    rt.assert_clean()


def test_same_kind_twice(rt, bundle):
    bundle.linux["namespaces"].append({"type": "pid"})
    rt.run(bundle).failed("")
    rt.assert_clean()


def test_unknown_kind(rt, bundle):
    bundle.linux["namespaces"].append({"type": "no-such-kind"})
    rt.run(bundle).failed("no-such-kind")
    rt.assert_clean()


@pytest.mark.ocikit
def test_time_joined_by_path(rt, bundle, make_bundle):
    bundle.namespace("time").linux["timeOffsets"] = {"boottime": {"secs": 5000000}}
    name = rt.launch(bundle.payload("sleep"))
    second = make_bundle().namespace("time", f"/proc/{rt.pid(name)}/ns/time")
    before = clocks()[0]
    inside = rt.report(second)
    assert inside["namespaces"]["time"] == of(rt.pid(name), "time")
    assert inside["boottime"] >= before + 5000000
    assert rt.call("exec", name, "/bin/payload").json()["namespaces"]["time"] == \
        of(rt.pid(name), "time")


@pytest.mark.ocikit
def test_time_goes_back(rt, bundle):
    """As far as the clock allows, and no further."""
    before = clocks()[0]
    back = min(60, before // 2)  # a machine may have come up just now
    bundle.namespace("time").linux["timeOffsets"] = {"boottime": {"secs": -back, "nanosecs": 1}}
    assert -back <= rt.report(bundle)["boottime"] - before < 30 - back
    bundle.linux["timeOffsets"] = {"boottime": {"secs": -(1 << 40)}}
    rt.run(bundle).failed("/linux/timeOffsets")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("offsets,place", [
    ({"monotonic": {"nanosecs": 1000000000}}, "/linux/timeOffsets/monotonic/nanosecs"),
    ({"boottime": {"secs": 1, "nanosecs": 4294967295}}, "/linux/timeOffsets/boottime/nanosecs"),
    ({"boottime": {"secs": "1"}}, "/linux/timeOffsets/boottime/secs"),
    ({"boottime": {"secs": 1 << 62}}, "/linux/timeOffsets"),
])
def test_bad_offsets(rt, bundle, offsets, place):
    bundle.namespace("time").linux["timeOffsets"] = offsets
    rt.run(bundle).failed(place)
    rt.assert_clean()


@pytest.mark.ocikit
def test_offsets_of_a_joined_namespace(rt, bundle):
    bundle.namespace("time", "/proc/self/ns/time").linux["timeOffsets"] = {"boottime": {"secs": 1}}
    rt.run(bundle).failed("/linux/timeOffsets", "new time namespace")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", NAMES)
def test_every_kind_twice(rt, bundle, kind):
    """New and new, or new and joined: each is a contradiction."""
    bundle.user_namespace() if kind == "user" else bundle.namespace(kind)
    kinds = bundle.linux["namespaces"]
    for more in ({"type": kind}, {"type": kind, "path": f"/proc/self/ns/{NAMES[kind]}"}):
        bundle.linux["namespaces"] = kinds + [more]
        rt.run(bundle).failed(f"/linux/namespaces/{len(kinds)}", kind)
        rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("path", ["/no/such/file", "/etc/passwd", "/dev/null", "relative", "wrong"])
def test_paths_that_are_no_such_namespace(rt, bundle, kind, path):
    if path == "wrong":
        path = f"/proc/self/ns/{'uts' if kind != 'uts' else 'ipc'}"
    bundle.namespace(kind, path)
    if kind == "mount":
        for member in ("mounts",):
            bundle.config.pop(member)
        bundle.config["linux"].pop("maskedPaths")
        bundle.config["linux"].pop("readonlyPaths")
        bundle.config["root"].pop("readonly")
    rt.run(bundle, timeout=10).failed("/linux/namespaces")
    rt.assert_clean()
