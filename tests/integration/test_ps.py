# SPDX-License-Identifier: Apache-2.0
"""ps: which processes, as JSON and as the host's ps shows them."""
import os
from pathlib import Path

import pytest

import hostview


@pytest.fixture
def three(rt, bundle):
    """A shell and two sleeping children."""
    bundle.args("/bin/sh", "-c", "sleep 1000 & sleep 1000 & echo up > /up; wait")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.launch(bundle)
    hostview.until((bundle.rootfs / "up").exists, what="the program")
    return name


def descendants(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return sorted([pid] + [int(child) for child in children])


def test_json(rt, three):
    found = rt.call("ps", "--format", "json", three).json()
    assert sorted(found) == descendants(rt.pid(three))
    assert rt.call("ps", "-f", "json", three).json() == found


def test_table(rt, three):
    lines = rt.call("ps", three, check=True).out.splitlines()
    assert lines[0].split()[:3] == ["UID", "PID", "PPID"]
    assert sorted(int(line.split()[1]) for line in lines[1:]) == descendants(rt.pid(three))


def test_table_with_arguments(rt, three):
    lines = rt.call("ps", three, "-o", "pid,args", "-e", check=True).out.splitlines()
    assert lines[0].split() == ["PID", "COMMAND"]
    assert len(lines) == 4
    assert {line.split()[1] for line in lines[1:]} <= {"/bin/sh", "sleep"}
    assert int(lines[1].split()[0]) in descendants(rt.pid(three))


@pytest.mark.ocikit
def test_bad_ps_arguments(rt, three):
    rt.call("ps", three, "--no-such-option").failed("ps failed")
    rt.call("ps", three, "-e", "-o", "args").failed("PID")
    rt.call("ps", "--format", "xml", three).ok(2)
    rt.call("ps", three, env={**os.environ, "PATH": "/no/such"}).failed("ps cannot be run", "no such file")


def test_exec_is_among_them(rt, three, tmp_path):
    rt.call("exec", "-d", "--pid-file", tmp_path / "pid", three, "/bin/sleep", "1000", check=True)
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert pid in rt.call("ps", "-f", "json", three).json()
    os.kill(pid, 9)
    hostview.wait_exit(pid)
    assert pid not in rt.call("ps", "-f", "json", three).json()


@pytest.mark.ocikit
def test_groups_inside_count(rt, three):
    """A manager inside the container may sort its processes into groups of its own."""
    inner = []
    for group in Path("/sys/fs/cgroup").glob(f"*/{rt.token}"):
        inner.append(group / "a" / "b")
        inner[-1].mkdir(parents=True)
        if "cpuset" in str(group):
            for level in (group / "a", group / "a" / "b"):
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (level / file).write_text((group / file).read_text(encoding="utf-8"), encoding="utf-8")
    before = rt.call("ps", "-f", "json", three).json()
    moved = [pid for pid in before if pid != rt.pid(three)][0]
    for group in inner:
        (group / "cgroup.procs").write_text(str(moved), encoding="utf-8")
    assert rt.call("ps", "-f", "json", three).json() == before
    rt.delete(three, "--force")
    rt.assert_clean()


def test_created_and_paused(rt, bundle, three, make_bundle):
    rt.call("pause", three, check=True)
    assert len(rt.call("ps", "-f", "json", three).json()) == 3
    name = rt.create(make_bundle().payload("sleep"))
    assert rt.call("ps", "-f", "json", name).json() == [rt.pid(name)]


def test_stopped(rt, bundle):
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    assert not rt.call("ps", "-f", "json", name).json()
    assert len(rt.call("ps", name, check=True).out.splitlines()) == 1
    rt.call("ps", "nobody").failed("does not exist")


@pytest.mark.ocikit
def test_more_processes_than_a_page(rt, bundle):
    bundle.args("/bin/sh", "-c", "i=0; while [ $i -lt 300 ]; do sleep 1000 & i=$((i+1)); done; echo up > /up; wait")
    name = rt.launch(bundle)
    hostview.until((bundle.rootfs / "up").exists, timeout=20, what="the program")
    found = rt.call("ps", "-f", "json", name).json()
    assert len(found) == len(set(found)) == 301
    assert found == sorted(found)
