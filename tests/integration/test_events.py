# SPDX-License-Identifier: Apache-2.0
"""events: statistics once and in intervals, out of memory, the end."""
import json
import subprocess
import time
from pathlib import Path

import pytest

import groups
import hostview

V2_VIEW = ["unshare", "-m", "sh", "-c",
           'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "x"]
needs_v1_memory = pytest.mark.skipif(not Path("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists(),
                                     reason="the host has no memory controller of cgroup version 1")


def stats(rt, name):
    event = rt.call("events", "--stats", name).json()
    assert event["type"] == "stats" and event["id"] == name
    return event["data"]


@pytest.mark.controller("memory", "pids", "cpu")
def test_numbers_are_those_of_the_groups(rt, bundle):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = {"pids": {"limit": 37}, "memory": {"limit": 96 << 20}}
    name = rt.launch(bundle.args("/bin/sh", "-c", "sleep 1000 & wait"))
    hostview.until(lambda: len(rt.call("ps", "-f", "json", name).json()) == 2)
    data = stats(rt, name)
    assert data["pids"] == {"current": 2, "limit": 37}
    assert data["memory"]["usage"]["limit"] == 96 << 20
    assert 0 < data["memory"]["usage"]["usage"] < 96 << 20
    assert data["memory"]["usage"]["usage"] <= data["memory"]["usage"]["max"]
    if groups.version("memory") == 1:
        assert data["memory"]["raw"]["hierarchical_memory_limit"] == 96 << 20
    assert data["cpu"]["usage"]["total"] > 0
    assert sum(data["cpu"]["usage"].get("percpu", [])) <= stats(rt, name)["cpu"]["usage"]["total"]


def test_cpu_is_counted_in_nanoseconds(rt, bundle):
    name = rt.launch(bundle.args("/bin/sh", "-c", "while :; do :; done"))
    before, begin = stats(rt, name)["cpu"]["usage"], time.monotonic()
    time.sleep(1)
    after, seconds = stats(rt, name)["cpu"]["usage"], time.monotonic() - begin
    used = (after["total"] - before["total"]) / 1e9
    assert 0.1 * seconds < used < 1.2 * seconds
    assert 0.02 < (after["user"] + after["kernel"] - before["user"] - before["kernel"]) / 1e9 < 1.3 * seconds


@pytest.mark.controller("cpu")
def test_throttling(rt, bundle):
    bundle.linux["resources"] = {"cpu": {"quota": 10000, "period": 100000}}
    name = rt.launch(bundle.args("/bin/sh", "-c", "while :; do :; done"))
    # The time is added when a period of it ends.
    hostview.until(lambda: stats(rt, name)["cpu"]["throttling"].get("throttledTime", 0) > 0)
    throttling = stats(rt, name)["cpu"]["throttling"]
    assert throttling["periods"] >= throttling["throttledPeriods"] > 0


@pytest.mark.controller("pids")
def test_created_and_paused(rt, bundle, make_bundle):
    name = rt.create(bundle.payload("sleep"))
    assert stats(rt, name)["pids"]["current"] >= 1
    rt.start(name)
    rt.call("pause", name, check=True)
    assert stats(rt, name)["pids"]["current"] == 1


def test_stopped_and_unknown(rt, bundle):
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    for arguments in (["--stats", name], ["--interval", "1s", name]):
        rt.call("events", *arguments).failed("not running")
    rt.call("events", "--stats", "nobody").failed("does not exist")


@pytest.mark.ocikit
@pytest.mark.parametrize("text", ["", "0", "5", "0s", "-1s", "s", "1x", "1s2", "1.2.3s", "99999999h", "nan s"])
def test_bad_intervals(rt, text):
    rt.call("events", f"--interval={text}", "nobody").ok(2)


def follow(rt, name, *arguments):
    return rt.popen("events", *arguments, name, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_interval(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    watching = follow(rt, name, "--interval=150ms")
    lines = [json.loads(watching.stdout.readline()) for _ in range(3)]
    assert [line["type"] for line in lines] == ["stats"] * 3
    rt.delete(name, "--force")
    rest, errors = watching.communicate(timeout=10)
    assert watching.returncode == 0, errors
    for line in rest.splitlines():
        json.loads(line)


@needs_v1_memory
def test_out_of_memory(rt, bundle):
    bundle.linux["resources"] = {"memory": {"limit": 16 << 20, "swap": 16 << 20}}
    bundle.mount("/big", "tmpfs", "tmpfs", ["size=64m"])
    bundle.args("/bin/sh", "-c", "while [ ! -e /go ]; do sleep 0.02; done; "
                "dd if=/dev/zero of=/big/file bs=1M count=48; sleep 1000")
    name = rt.launch(bundle)
    watching = follow(rt, name, "--interval=60s")
    time.sleep(0.3)
    (bundle.rootfs / "go").touch()
    assert json.loads(watching.stdout.readline()) == {"type": "oom", "id": name}
    rt.delete(name, "--force")
    watching.communicate(timeout=10)
    assert watching.returncode == 0


@pytest.mark.ocikit
@needs_v1_memory
def test_the_end_is_no_shortage_of_memory(rt, bundle):
    """A removed group announces itself on the same fd."""
    for _ in range(5):
        name = rt.launch(bundle.payload("sleep"))
        watching = follow(rt, name, "--interval=60s")
        time.sleep(0.1)
        rt.delete(name, "--force")
        out, errors = watching.communicate(timeout=10)
        assert (watching.returncode, out) == (0, b""), errors


@pytest.mark.ocikit
def test_version_2_alone(rt, bundle):
    rt.wrapper = V2_VIEW
    bundle.linux["resources"] = {}
    name = rt.launch(bundle.payload("sleep"))
    data = stats(rt, name)
    assert data["cpu"]["usage"]["total"] > 0
    assert "percpu" not in data["cpu"]["usage"]
    controllers = subprocess.run(rt.wrapper[:-2] + ['umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 '
                                 '/sys/fs/cgroup; cat /sys/fs/cgroup/cgroup.controllers', "x"],
                                 capture_output=True, check=True).stdout.decode().split()
    if "memory" in controllers:
        return
    assert "usage" not in data["memory"], "what the host lacks is absent"
    assert data["pids"] == {}
    watching = follow(rt, name, "--interval=100ms")
    assert json.loads(watching.stdout.readline())["type"] == "stats"
    rt.stop(name)
    _, errors = watching.communicate(timeout=10)
    assert watching.returncode == 0 and b"memory controller" in errors
