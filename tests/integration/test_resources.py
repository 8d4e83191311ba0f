# SPDX-License-Identifier: Apache-2.0
"""linux.resources: each property is in the kernel's files, or refused with its pointer where the host lacks it.

Which of the two a host must show is asked of the host, so that neither can pass for the other.
"""
import contextlib
import os
import subprocess
from pathlib import Path

import pytest

import groups
import hostview

SIZE = 64 << 20
HUGE = 4 << 20

# (resources, controller, {file of version 1: value}, {file of version 2: value}, pointer inside resources).
# A property that one of the versions does not have has no files there; what asks for nothing has no pointer.
CASES = {
    "memory limit": ({"memory": {"limit": SIZE}}, "memory",
                     {"memory.limit_in_bytes": str(SIZE)}, {"memory.max": str(SIZE)}, "memory/limit"),
    "memory unlimited": ({"memory": {"limit": -1}}, "memory",
                         {"memory.limit_in_bytes": "9223372036854771712"}, {"memory.max": "max"},
                         None),
    "reservation": ({"memory": {"reservation": SIZE}}, "memory",
                    {"memory.soft_limit_in_bytes": str(SIZE)}, {"memory.low": str(SIZE)},
                    "memory/reservation"),
    "swap": ({"memory": {"limit": SIZE, "swap": 2 * SIZE}}, "memory",
             {"memory.memsw.limit_in_bytes": str(2 * SIZE)}, {"memory.swap.max": str(SIZE)},
             "memory/limit"),
    "kernelTCP": ({"memory": {"kernelTCP": SIZE}}, "memory",
                  {"memory.kmem.tcp.limit_in_bytes": str(SIZE)}, {}, "memory/kernelTCP"),
    "swappiness": ({"memory": {"swappiness": 35}}, "memory", {"memory.swappiness": "35"}, {},
                   "memory/swappiness"),
    "disableOOMKiller": ({"memory": {"disableOOMKiller": True}}, "memory",
                         {"memory.oom_control": "oom_kill_disable 1\nunder_oom 0\noom_kill 0"}, {},
                         "memory/disableOOMKiller"),
    "shares": ({"cpu": {"shares": 256}}, "cpu", {"cpu.shares": "256"}, {"cpu.weight": "35"},
               "cpu/shares"),
    "quota and period": ({"cpu": {"quota": 20000, "period": 50000}}, "cpu",
                         {"cpu.cfs_quota_us": "20000", "cpu.cfs_period_us": "50000"},
                         {"cpu.max": "20000 50000"}, "cpu/quota"),
    "short period": ({"cpu": {"quota": 2000, "period": 5000}}, "cpu",
                     {"cpu.cfs_quota_us": "2000", "cpu.cfs_period_us": "5000"},
                     {"cpu.max": "2000 5000"}, "cpu/quota"),
    "burst": ({"cpu": {"quota": 20000, "burst": 20000}}, "cpu",
              {"cpu.cfs_quota_us": "20000", "cpu.cfs_burst_us": "20000"},
              {"cpu.max": "20000 100000", "cpu.max.burst": "20000"}, "cpu/quota"),
    "idle": ({"cpu": {"idle": 1}}, "cpu", {"cpu.idle": "1"}, {"cpu.idle": "1"}, "cpu/idle"),
    "real time": ({"cpu": {"realtimePeriod": 500000, "realtimeRuntime": 1000}}, "cpu",
                  {"cpu.rt_period_us": "500000", "cpu.rt_runtime_us": "1000"}, {},
                  "cpu/realtimePeriod"),
    "cpus and mems": ({"cpu": {"cpus": "0", "mems": "0"}}, "cpuset",
                      {"cpuset.cpus": "0", "cpuset.mems": "0"}, {"cpuset.cpus": "0", "cpuset.mems": "0"},
                      "cpu/cpus"),
    "pids": ({"pids": {"limit": 17}}, "pids", {"pids.max": "17"}, {"pids.max": "17"}, "pids/limit"),
    "no pids": ({"pids": {"limit": 0}}, "pids", {"pids.max": "0"}, {"pids.max": "0"}, "pids/limit"),
    "weight": ({"blockIO": {"weight": 300}}, "blkio", {"blkio.bfq.weight": "300"},
               {"io.weight": "default 2930"}, "blockIO/weight"),
    "leafWeight": ({"blockIO": {"leafWeight": 300}}, "blkio", {"blkio.leaf_weight": "300"}, {},
                   "blockIO/leafWeight"),
    "huge pages": ({"hugepageLimits": [{"pageSize": "2MB", "limit": HUGE}]}, "hugetlb",
                   {"hugetlb.2MB.limit_in_bytes": str(HUGE), "hugetlb.2MB.rsvd.limit_in_bytes": str(HUGE)},
                   {"hugetlb.2MB.max": str(HUGE), "hugetlb.2MB.rsvd.max": str(HUGE)},
                   "hugepageLimits/0"),
    "classID": ({"network": {"classID": 1048577}}, "net_cls", {"net_cls.classid": "1048577"}, {},
                "network/classID"),
    "priorities": ({"network": {"priorities": [{"name": "lo", "priority": 5}]}}, "net_prio",
                   {"net_prio.ifpriomap": "lo 5"}, {}, "network/priorities"),
    "rdma": ({"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 1000}}}, "rdma",
             {"rdma.max": "mlx5_1 hca_handle=3 hca_object=1000"},
             {"rdma.max": "mlx5_1 hca_handle=3 hca_object=1000"}, "rdma/mlx5_1"),
}

# runc 1.1 sets none of these, and says nothing.
ONLY_OCIKIT = {"real time", "no pids", "idle", "burst", "disableOOMKiller", "swappiness", "kernelTCP",
               "leafWeight", "classID", "priorities", "rdma", "huge pages", "memory unlimited"}


def launch(rt, bundle, resources):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = resources
    return rt.launch(bundle.payload("sleep"))


def host_files(rt, bundle, controller, first, second):
    """The files to look at, none where the host has not all of them; asked of a group without limits."""
    files = {0: {}, 1: first, 2: second}[groups.version(controller)]
    if controller == "rdma" and not os.path.exists("/sys/class/infiniband/mlx5_1"):
        return {}
    name = launch(rt, bundle, {})
    # Version 2 has a controller's files only where it was switched on: the limit itself does that.
    there = groups.version(controller) == 2 or all(
        groups.parents_have(controller, rt.token, file) for file in files)
    rt.delete(name, "-f")
    return files if there else {}


@pytest.mark.proves(
    "/linux/cgroupsPath", "/linux/resources", "/linux/resources/memory", "/linux/resources/memory/limit",
    "/linux/resources/memory/reservation", "/linux/resources/memory/swap", "/linux/resources/memory/kernelTCP",
    "/linux/resources/memory/swappiness", "/linux/resources/memory/disableOOMKiller", "/linux/resources/cpu",
    "/linux/resources/cpu/shares", "/linux/resources/cpu/quota", "/linux/resources/cpu/period",
    "/linux/resources/cpu/burst", "/linux/resources/cpu/idle", "/linux/resources/cpu/realtimePeriod",
    "/linux/resources/cpu/realtimeRuntime", "/linux/resources/cpu/cpus", "/linux/resources/cpu/mems",
    "/linux/resources/pids", "/linux/resources/pids/limit", "/linux/resources/blockIO",
    "/linux/resources/blockIO/weight", "/linux/resources/blockIO/leafWeight",
    "/linux/resources/hugepageLimits", "/linux/resources/hugepageLimits/[]/pageSize",
    "/linux/resources/hugepageLimits/[]/limit", "/linux/resources/network",
    "/linux/resources/network/classID", "/linux/resources/network/priorities",
    "/linux/resources/network/priorities/[]/name", "/linux/resources/network/priorities/[]/priority",
    "/linux/resources/rdma", "/linux/resources/rdma/{}/hcaHandles", "/linux/resources/rdma/{}/hcaObjects")
@pytest.mark.parametrize("case", [
    pytest.param(name, marks=[pytest.mark.ocikit] if name in ONLY_OCIKIT or not groups.has(CASES[name][1])
                 else []) for name in CASES])
def test_is_set_or_refused(rt, bundle, make_bundle, case):
    resources, controller, first, second, pointer = CASES[case]
    if case == "no pids":
        bundle.config["ociVersion"] = "1.3.0"
    files = host_files(rt, make_bundle(), controller, first, second)
    if not files:
        bundle.linux["resources"] = resources
        result = rt.run(bundle.payload("exit", "0"))
        result.failed(f"/linux/resources/{pointer}") if pointer else result.ok()
        rt.assert_clean()
        return
    name = launch(rt, bundle, resources)
    if "io.weight" in files and (groups.folder("blkio", rt.token) / "io.bfq.weight").exists():
        files = {"io.bfq.weight": "default 300"}
    found = {file: groups.read(controller, rt.token, file) for file in files}
    # A line for each interface.
    if "net_prio.ifpriomap" in found:
        found["net_prio.ifpriomap"] = found["net_prio.ifpriomap"].splitlines()[0]
    rt.stop(name)
    assert found == files


@pytest.fixture
def block_device(tmp_path):
    """MAJOR, MINOR of a disk of the test's own, with a scheduler that knows weights where the kernel has it."""
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 20))
    done = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this host has no loop devices")
    device = done.stdout.decode().strip()
    system = Path("/sys/block") / Path(device).name
    with contextlib.suppress(OSError):
        (system / "queue/scheduler").write_text("bfq", encoding="ascii")
    yield tuple(map(int, (system / "dev").read_text("ascii").strip().split(":")))
    subprocess.run(["losetup", "--detach", device], check=True)


def has_bfq(device):
    path = Path("/sys/dev/block") / f"{device[0]}:{device[1]}" / "queue/scheduler"
    return "[bfq]" in path.read_text("ascii")


@pytest.mark.controller("blkio")
@pytest.mark.proves("/linux/resources/blockIO/throttleReadBpsDevice",
                    "/linux/resources/blockIO/throttleReadBpsDevice/[]/major",
                    "/linux/resources/blockIO/throttleReadBpsDevice/[]/minor",
                    "/linux/resources/blockIO/throttleReadBpsDevice/[]/rate",
                    "/linux/resources/blockIO/throttleWriteBpsDevice",
                    "/linux/resources/blockIO/throttleWriteBpsDevice/[]/major",
                    "/linux/resources/blockIO/throttleWriteBpsDevice/[]/minor",
                    "/linux/resources/blockIO/throttleWriteBpsDevice/[]/rate",
                    "/linux/resources/blockIO/throttleReadIOPSDevice",
                    "/linux/resources/blockIO/throttleReadIOPSDevice/[]/major",
                    "/linux/resources/blockIO/throttleReadIOPSDevice/[]/minor",
                    "/linux/resources/blockIO/throttleReadIOPSDevice/[]/rate",
                    "/linux/resources/blockIO/throttleWriteIOPSDevice",
                    "/linux/resources/blockIO/throttleWriteIOPSDevice/[]/major",
                    "/linux/resources/blockIO/throttleWriteIOPSDevice/[]/minor",
                    "/linux/resources/blockIO/throttleWriteIOPSDevice/[]/rate")
def test_throttles(rt, bundle, block_device):
    major, minor = block_device
    limits = {"throttleReadBpsDevice": 1001, "throttleWriteBpsDevice": 1002,
              "throttleReadIOPSDevice": 1003, "throttleWriteIOPSDevice": 1004}
    name = launch(rt, bundle, {"blockIO": {
        key: [{"major": major, "minor": minor, "rate": rate}] for key, rate in limits.items()}})
    if groups.version("blkio") == 2:
        found = groups.read("io", rt.token, "io.max")
        assert found == f"{major}:{minor} rbps=1001 wbps=1002 riops=1003 wiops=1004"
    else:
        for file, rate in (("read_bps", 1001), ("write_bps", 1002), ("read_iops", 1003), ("write_iops", 1004)):
            found = groups.read("blkio", rt.token, f"blkio.throttle.{file}_device")
            assert found == f"{major}:{minor} {rate}"
    rt.stop(name)


@pytest.mark.controller("blkio")
def test_a_device_that_is_not_there(rt, bundle):
    bundle.linux["resources"] = {"blockIO": {"throttleReadBpsDevice": [
        {"major": 250, "minor": 250, "rate": 1000}]}}
    rt.run(bundle.payload("exit", "0")).failed()
    rt.assert_clean()


@pytest.mark.controller("blkio")
@pytest.mark.proves("/linux/resources/blockIO/weightDevice", "/linux/resources/blockIO/weightDevice/[]/major",
                    "/linux/resources/blockIO/weightDevice/[]/minor",
                    "/linux/resources/blockIO/weightDevice/[]/weight")
def test_weight_of_a_device(rt, bundle, block_device):
    if groups.version("blkio") == 1 and not has_bfq(block_device):
        pytest.skip("this kernel has no bfq scheduler")
    major, minor = block_device
    name = launch(rt, bundle, {"blockIO": {"weightDevice": [
        {"major": major, "minor": minor, "weight": 70}]}})
    if groups.version("blkio") == 1:
        found = groups.read("blkio", rt.token, "blkio.bfq.weight_device")
    else:
        bfq = (groups.folder("blkio", rt.token) / "io.bfq.weight").exists()
        found = groups.read("io", rt.token, "io.bfq.weight" if bfq else "io.weight")
    assert f"{major}:{minor} " in found
    rt.stop(name)


@pytest.mark.ocikit
@pytest.mark.controller("blkio")
def test_weights_of_devices_stay(rt, bundle, block_device):
    """Version 1 clears them with a weight for all, be it set or set back."""
    if groups.version("blkio") != 1 or not has_bfq(block_device):
        pytest.skip("no blkio controller of version 1 with the bfq scheduler")
    device = f"{block_device[0]}:{block_device[1]}"
    name = launch(rt, bundle, {"blockIO": {"weightDevice": [
        {"major": block_device[0], "minor": block_device[1], "weight": 70}]}})
    late = f'{{"blockIO": {{"weight": 300}}, "pids": {{"limit": {1 << 62}}}}}'
    rt.call("update", "-r", "-", name, stdin=late.encode()).failed("/pids/limit")
    assert groups.read("blkio", rt.token, "blkio.bfq.weight_device").split("\n") == ["default 100", f"{device} 70"]
    rt.call("update", "--blkio-weight", "200", name).ok()
    assert groups.read("blkio", rt.token, "blkio.bfq.weight_device").split("\n") == ["default 200", f"{device} 70"]
    rt.stop(name)


@pytest.mark.ocikit
@pytest.mark.proves("/linux/resources/blockIO/weightDevice/[]/leafWeight")
def test_leaf_weight_of_a_device(rt, bundle, block_device):
    """No kernel since 5.0 has it."""
    if groups.version("blkio") == 1 and (groups.TOP / "blkio/blkio.leaf_weight").exists():
        pytest.skip("this kernel has leaf weights")
    major, minor = block_device
    bundle.linux["resources"] = {"blockIO": {"weightDevice": [
        {"major": major, "minor": minor, "leafWeight": 70}]}}
    rt.run(bundle.payload("exit", "0")).failed("/linux/resources/blockIO/weightDevice/0")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/resources/memory/kernel")
def test_kernel_memory_is_refused(rt, bundle):
    """Since Linux 5.16 the kernel takes the value and keeps none."""
    bundle.linux["resources"] = {"memory": {"kernel": SIZE}}
    rt.run(bundle.payload("exit", "0")).failed("/linux/resources/memory/kernel")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/resources/memory/useHierarchy")
@pytest.mark.parametrize("value", [True, False])
def test_use_hierarchy(rt, bundle, value):
    bundle.linux["resources"] = {"memory": {"useHierarchy": value}}
    result = rt.run(bundle.payload("exit", "0"))
    if value:
        result.ok()
    else:
        result.failed("/linux/resources/memory/useHierarchy")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/resources/memory/checkBeforeUpdate")
@pytest.mark.controller("memory")
def test_check_before_update(rt, bundle):
    """Version 1 refuses by itself what is below the memory in use; version 2 must be asked."""
    name = launch(rt, bundle, {"memory": {"limit": SIZE}})
    rt.call("update", "-r", "-", name, stdin=b'{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
            ).failed("/memory/limit")
    file = "memory.limit_in_bytes" if groups.version("memory") == 1 else "memory.max"
    assert groups.read("memory", rt.token, file) == str(SIZE)
    rt.stop(name)


NOTHING = {
    "memory": {"limit": -1, "reservation": 0, "swap": -1, "kernel": -1, "kernelTCP": -1,
               "disableOOMKiller": False, "useHierarchy": True},
    "cpu": {"shares": 0, "quota": -1, "period": 0, "burst": 0, "realtimePeriod": 0, "realtimeRuntime": 0,
            "cpus": "", "mems": "", "idle": 0},
    "pids": {"limit": -1},
    "blockIO": {"weight": 0, "leafWeight": 0, "weightDevice": [], "throttleReadBpsDevice": []},
    "hugepageLimits": [], "network": {"classID": 0, "priorities": []}, "rdma": {}, "unified": {},
    "devices": [],
}


@pytest.mark.ocikit
@pytest.mark.parametrize("part", [None, *NOTHING])
def test_what_asks_for_nothing(rt, bundle, part):
    """Engines write such values in passing, also where the host has no such controller."""
    bundle.linux["resources"] = {part: NOTHING[part]} if part else NOTHING
    result = rt.run(bundle.payload("exit", "0")).ok()
    assert "warning" not in result.err.lower(), result


@pytest.mark.parametrize("part", ["memory", "cpu", "blockIO", "network", "rdma"])
def test_empty_objects(rt, bundle, part):
    bundle.linux["resources"] = {part: {}}
    rt.run(bundle.payload("exit", "0")).ok()


BAD = [
    ({"memory": {"limit": -2}}, "memory/limit"),
    ({"memory": {"limit": 1 << 26, "swap": 1 << 25}}, "memory/swap"),
    ({"memory": {"swappiness": 101}}, "memory/swappiness"),
    ({"memory": {"swappiness": -1}}, "memory/swappiness"),
    ({"memory": {"disableOOMKiller": 1}}, "memory/disableOOMKiller"),
    ({"memory": {"reservation": "64m"}}, "memory/reservation"),
    ({"cpu": {"quota": -5}}, "cpu/quota"),
    ({"cpu": {"quota": 1000, "burst": 2000}}, "cpu/burst"),
    ({"cpu": {"shares": -1}}, "cpu/shares"),
    ({"cpu": {"period": 1 << 64}}, "cpu/period"),
    ({"cpu": {"idle": 2}}, "cpu/idle"),
    ({"cpu": {"realtimeRuntime": -2}}, "cpu/realtimeRuntime"),
    ({"cpu": {"cpus": "no such cpu"}}, "cpu/cpus"),
    ({"cpu": {"mems": "99999"}}, "cpu/mems"),
    ({"pids": {"limit": "many"}}, "pids/limit"),
    ({"blockIO": {"weight": 9}}, "blockIO/weight"),
    ({"blockIO": {"weight": 70000}}, "blockIO/weight"),
    ({"blockIO": {"weightDevice": [{"major": 8, "weight": 50}]}}, "blockIO/weightDevice/0"),
    ({"blockIO": {"throttleReadBpsDevice": [{"major": -1, "minor": 0, "rate": 1}]}},
     "blockIO/throttleReadBpsDevice/0"),
    ({"blockIO": {"throttleReadBpsDevice": [{"major": 1, "minor": 0, "rate": -1}]}},
     "blockIO/throttleReadBpsDevice/0"),
    ({"hugepageLimits": [{"pageSize": "2 MB", "limit": 1}]}, "hugepageLimits/0/pageSize"),
    ({"hugepageLimits": [{"pageSize": "../MB", "limit": 1}]}, "hugepageLimits/0/pageSize"),
    ({"hugepageLimits": [{"pageSize": "2MB"}]}, "hugepageLimits/0"),
    ({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}, "hugepageLimits/0"),
    ({"network": {"classID": 1 << 32}}, "network/classID"),
    ({"network": {"priorities": [{"name": "", "priority": 1}]}}, "network/priorities"),
    ({"rdma": {"a=b": {"hcaHandles": 1}}}, "rdma"),
    ({"rdma": {"x": {"hcaHandles": -1}}}, "rdma/x"),
    ({"unified": {"../x.max": "1"}}, "unified"),
    ({"unified": {"a/b.max": "1"}}, "unified"),
    ({"unified": {"": "1"}}, "unified"),
    ({"unified": {"cgroup.procs": "0"}}, "unified/cgroup.procs"),
    ({"unified": {"cgroup.kill": "1"}}, "unified/cgroup.kill"),
    ({"unified": {"cgroup.freeze": "1"}}, "unified/cgroup.freeze"),
    ({"unified": {"nosuch.max": "1"}}, "unified/nosuch.max"),
    ({"unified": {"cgroup.max.depth": 1}}, "unified/cgroup.max.depth"),
    ({"devices": [{"allow": True, "type": "x"}]}, "devices/0/type"),
    ({"devices": [{"allow": True, "type": "c", "access": "rx"}]}, "devices/0/access"),
    ({"devices": [{"allow": True, "type": "c", "major": -2}]}, "devices/0/major"),
    ({"devices": [{"type": "c"}]}, "devices/0"),
]


@pytest.mark.ocikit
@pytest.mark.parametrize("resources,pointer", BAD, ids=lambda value: str(value)[:60])
def test_bad_resources(rt, bundle, resources, pointer):
    bundle.linux["resources"] = resources
    rt.run(bundle.payload("exit", "0")).failed(f"/linux/resources/{pointer}")
    rt.assert_clean()


@pytest.mark.skipif(groups.top_2() is None, reason="this host has no cgroup version 2")
@pytest.mark.proves("/linux/resources/unified")
@pytest.mark.ocikit
def test_unified_core_files(rt, bundle):
    """Files that every group of version 2 has, also one beside version 1."""
    name = launch(rt, bundle, {"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "9"}})
    assert groups.read("", rt.token, "cgroup.max.depth") == "7"
    assert groups.read("", rt.token, "cgroup.max.descendants") == "9"
    rt.stop(name)


@pytest.mark.skipif(groups.version("hugetlb") != 2, reason="hugetlb is no controller of version 2 here")
@pytest.mark.proves("/linux/resources/unified")
@pytest.mark.ocikit
def test_unified_switches_on_what_it_needs_and_comes_last(rt, bundle):
    name = launch(rt, bundle, {"hugepageLimits": [{"pageSize": "2MB", "limit": HUGE}],
                               "unified": {"hugetlb.2MB.max": str(2 * HUGE)}})
    assert groups.read("hugetlb", rt.token, "hugetlb.2MB.max") == str(2 * HUGE)
    assert groups.read("hugetlb", rt.token, "hugetlb.2MB.rsvd.max") == str(HUGE)
    rt.stop(name)


@pytest.mark.controller("pids")
@pytest.mark.proves("/linux/resources/pids/limit")
@pytest.mark.ocikit
def test_a_limit_of_no_processes(rt, bundle):
    """0 is a limit like others: the program runs, and makes no process."""
    bundle.config["ociVersion"] = "1.3.0"
    bundle.linux["resources"] = {"pids": {"limit": 0}}
    assert rt.report(bundle.payload("spawn", "5"))["made"] == 0


@pytest.mark.controller("pids")
@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.2.1"])
def test_no_limit_in_older_configurations(rt, bundle, version):
    """Before 1.3 a limit could not be absent, and engines wrote 0 for none."""
    bundle.config["ociVersion"] = version
    bundle.linux["resources"] = {"pids": {"limit": 0}}
    assert rt.report(bundle.payload("spawn", "5"))["made"] == 5


@pytest.mark.controller("memory")
@pytest.mark.proves("/linux/resources/memory/limit")
def test_memory_ends_who_takes_too_much(rt, bundle):
    bundle.linux["resources"] = {"memory": {"limit": 16 << 20}}
    bundle.mount("/big", "tmpfs", "tmpfs", ["size=64m"])
    bundle.args("/bin/dd", "if=/dev/zero", "of=/big/file", "bs=1M", "count=48")
    assert rt.run(bundle).code in (137, 1)
    rt.assert_clean()


@pytest.mark.skipif(groups.top_2() is None, reason="this host has no cgroup version 2")
@pytest.mark.ocikit
def test_nothing_is_left_where_the_last_limit_is_refused(rt, bundle):
    bundle.linux["cgroupsPath"] = f"/{rt.token}/inner"
    bundle.linux["resources"] = {"unified": {"cgroup.max.depth": "3", "cgroup.max.descendants": "no number"}}
    rt.run(bundle.payload("exit", "0")).failed("/linux/resources/unified/cgroup.max.descendants")
    rt.assert_clean()
    assert not [path for path in hostview.cgroups() if rt.token in path]


NO_GROUPS = ["unshare", "-m", "sh", "-c", 'umount -R /sys/fs/cgroup; exec "$@"', "x"]


@pytest.fixture
def without_groups(rt, bundle):
    """Where no control groups are mounted, as in another container."""
    rt.wrapper = NO_GROUPS
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "cgroup"]
    return bundle


@pytest.mark.ocikit
def test_a_host_without_control_groups(rt, without_groups):
    """Every engine writes device rules: they are warned of.  A limit is refused."""
    without_groups.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    result = rt.run(without_groups.payload("exit", "0")).ok()
    assert "/linux/resources/devices" in result.err and "not enforced" in result.err
    without_groups.linux["resources"] = {"pids": {"limit": 5}}
    rt.run(without_groups).failed("/linux/resources/pids/limit", "no pids controller")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.skipif(groups.unified() or groups.top_2() is None,
                    reason="this host has not version 2 beside version 1")
def test_unified_where_there_is_only_version_1(rt, bundle):
    rt.wrapper = ["unshare", "-m", "sh", "-c", f'umount {groups.top_2()}; exec "$@"', "x"]
    bundle.linux["resources"] = {"unified": {"cgroup.max.depth": "3"}}
    rt.run(bundle.payload("exit", "0")).failed("/linux/resources/unified/cgroup.max.depth", "version 2")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.controller("cpu")
def test_shares_of_an_idle_group(rt, bundle):
    """The kernel takes no shares then: said, not failed."""
    bundle.linux["resources"] = {"cpu": {"idle": 1, "shares": 300}}
    result = rt.run(bundle.payload("exit", "0")).ok()
    assert "/linux/resources/cpu/shares" in result.err
