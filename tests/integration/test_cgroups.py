# SPDX-License-Identifier: Apache-2.0
"""linux.cgroupsPath and linux.resources on hierarchies of version 1."""
import os
import subprocess
from pathlib import Path

import pytest

import hostview

CGROUPS = Path(hostview.CGROUPS)
pytestmark = pytest.mark.skipif(not (CGROUPS / "pids/tasks").exists(),
                                reason="the host has no cgroup v1 hierarchies")


def groups_of(pid):
    """controller list -> path"""
    found = {}
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as lines:
        for line in lines.read().splitlines():
            _, controllers, path = line.split(":", 2)
            found[controllers] = path
    return found


def values(name, controller, *files):
    directory = CGROUPS / controller / name
    return [(directory / file).read_text(encoding="ascii").strip() for file in files]


def with_resources(rt, bundle, **resources):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = resources
    return rt.launch(bundle.payload("sleep"))


@pytest.mark.ocikit
@pytest.mark.parametrize("slashes", ["//", "///"])
def test_slashes_lead_nowhere_else(rt, bundle, tmp_path, slashes):
    """A folder of the host that looks like a group is none, however many slashes its path begins with."""
    fake = tmp_path / f"fake-{rt.token}"
    fake.mkdir()
    bystander = subprocess.Popen(["sleep", "1000"])
    try:
        (fake / "cgroup.procs").write_text(f"{bystander.pid}\n", encoding="ascii")
        for name in ("pids.max", "memory.limit_in_bytes", "cgroup.kill"):
            (fake / name).write_text("untouched", encoding="ascii")
        bundle.linux["cgroupsPath"] = slashes + str(fake).lstrip("/")
        bundle.linux["resources"] = {"pids": {"limit": 77}, "memory": {"limit": 64 << 20}}
        name = rt.launch(bundle.payload("sleep"))
        assert str(fake) in Path(f"/proc/{rt.pid(name)}/cgroup").read_text(encoding="ascii")
        rt.delete(name, "--force")
        assert bystander.poll() is None
        assert {path.name: path.read_text("ascii") for path in fake.iterdir()} == {
            "cgroup.procs": f"{bystander.pid}\n", "pids.max": "untouched",
            "memory.limit_in_bytes": "untouched", "cgroup.kill": "untouched"}
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.proves("/linux/cgroupsPath")
def test_absolute_path_in_all_hierarchies(rt, bundle):
    name = with_resources(rt, bundle)
    groups = groups_of(rt.pid(name))
    for controllers, path in groups.items():
        if controllers:
            assert path == f"/{rt.token}", controllers
    rt.delete(name, "-f")
    rt.assert_clean()


@pytest.mark.proves("/linux/cgroupsPath")
def test_relative_path(rt, bundle):
    bundle.linux["cgroupsPath"] = f"{rt.token}-relative"
    name = rt.launch(bundle.payload("sleep"))
    assert groups_of(rt.pid(name))["pids"].endswith(f"/{rt.token}-relative")


def test_no_path(rt, bundle):
    """Containers never share a group, nor stay in the caller's."""
    bundle.linux.pop("cgroupsPath", None)
    name = rt.launch(bundle.payload("sleep"))
    path = groups_of(rt.pid(name))["pids"]
    assert path.endswith(name) or rt.token in path
    assert path != groups_of("self")["pids"]


def test_path_with_dots_is_confined(rt, bundle):
    bundle.linux["cgroupsPath"] = f"/../../../{rt.token}"
    result = rt.run(bundle.payload("exit", "0"))
    assert not (CGROUPS.parent / rt.token).exists()
    assert result.code in (0, 1)
    rt.assert_clean()


def test_pids_limit(rt, bundle):
    name = with_resources(rt, bundle, pids={"limit": 17})
    assert values(rt.token, "pids", "pids.max") == ["17"]
    rt.stop(name)


@pytest.mark.proves("/linux/resources/pids/limit")
def test_pids_limit_is_enforced(rt, bundle):
    bundle.linux["resources"] = {"pids": {"limit": 12}}
    made = rt.report(bundle.payload("spawn", "100"))["made"]
    assert 0 < made <= 12


def test_memory_limits(rt, bundle):
    name = with_resources(rt, bundle, memory={"limit": 64 << 20, "reservation": 32 << 20})
    assert values(rt.token, "memory", "memory.limit_in_bytes", "memory.soft_limit_in_bytes") == [
        str(64 << 20), str(32 << 20)]
    rt.stop(name)


@pytest.mark.proves("/linux/resources/memory/limit")
def test_memory_limit_is_enforced(rt, bundle):
    bundle.linux["resources"] = {"memory": {"limit": 16 << 20}}
    bundle.mount("/big", "tmpfs", "tmpfs", ["size=64m"])
    bundle.args("/bin/dd", "if=/dev/zero", "of=/big/file", "bs=1M", "count=48")
    assert rt.run(bundle).code != 0
    rt.assert_clean()


def test_cpu_limits(rt, bundle):
    name = with_resources(rt, bundle, cpu={"shares": 256, "quota": 20000, "period": 100000})
    assert values(rt.token, "cpu", "cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us") == [
        "256", "20000", "100000"]
    rt.stop(name)


@pytest.mark.proves("/linux/resources/cpu/cpus", "/linux/resources/cpu/mems")
def test_cpuset(rt, bundle):
    name = with_resources(rt, bundle, cpu={"cpus": "0", "mems": "0"})
    assert values(rt.token, "cpuset", "cpuset.cpus", "cpuset.mems") == ["0", "0"]
    rt.stop(name)


def test_several_containers_each_have_their_own(rt, bundle, make_bundle):
    first, second = rt.launch(bundle.payload("sleep")), rt.launch(make_bundle().payload("sleep"))
    assert groups_of(rt.pid(first))["pids"] != groups_of(rt.pid(second))["pids"]


def test_exec_joins(rt, bundle):
    name = with_resources(rt, bundle)
    out = rt.call("exec", name, "/bin/cat", "/proc/self/cgroup").ok().out
    inside = dict(line.split(":", 2)[1:] for line in out.splitlines())
    assert inside["pids"] in ("/", f"/{rt.token}")
    rt.stop(name)


@pytest.mark.ocikit
@pytest.mark.parametrize("resources,pointer", [
    ({"pids": {"limit": "many"}}, "/linux/resources/pids/limit"),
    ({"memory": {"limit": 1.5}}, "/linux/resources/memory/limit"),
    ({"cpu": {"cpus": "no such cpu"}}, "/linux/resources/cpu"),
])
def test_bad_resources(rt, bundle, resources, pointer):
    bundle.linux["resources"] = resources
    rt.run(bundle).failed(pointer)
    rt.assert_clean()


@pytest.mark.parametrize("limit", [1, 4096])
def test_memory_too_small_to_start_in(rt, bundle, limit):
    """Whatever comes of it, it ends and leaves nothing."""
    bundle.linux["resources"] = {"memory": {"limit": limit}}
    rt.run(bundle.payload("exit", "0"), timeout=20)
    rt.assert_clean()


def test_removed_by_another_hand(rt, bundle):
    name = with_resources(rt, bundle)
    rt.stop(name)
    for path in hostview.cgroups():
        if path.endswith(f"/{rt.token}"):
            os.rmdir(path)
    rt.delete(name)
    rt.assert_clean()
