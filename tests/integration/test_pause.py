# SPDX-License-Identifier: Apache-2.0
"""pause and resume, and what the other commands do with a paused container."""
import subprocess
import time
from pathlib import Path

import pytest

import hostview

V2_VIEW = ["unshare", "-m", "sh", "-c",
           'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "x"]
COUNT = "i=0; while :; do i=$((i+1)); echo $i > /count.new; cat /count.new > /count; done"


@pytest.fixture(params=["host", "v2"])
def view(rt, request):
    """On the host's hierarchies, and on version 2 alone."""
    if request.param == "v2":
        rt.wrapper = V2_VIEW
    return request.param


@pytest.fixture
def counting(rt, bundle, view):
    """A container with a program that visibly runs, and a child that does too."""
    bundle.linux["resources"] = {}
    bundle.args("/bin/sh", "-c", f"{COUNT} & {COUNT.replace('count', 'other')}")
    name = rt.launch(bundle)
    for file in ("count", "other"):
        hostview.until((bundle.rootfs / file).exists, what="the program")
    return name


def counts(bundle):
    return [(bundle.rootfs / name).read_text(encoding="utf-8") for name in ("count", "other")]


def wait_until_moving(bundle):
    before = counts(bundle)
    hostview.until(lambda: all(a != b for a, b in zip(before, counts(bundle))), what="both programs")


def assert_still(bundle):
    before = counts(bundle)
    time.sleep(0.3)
    assert counts(bundle) == before


def test_pause_stops_every_process_and_resume_goes_on(rt, bundle, counting):
    wait_until_moving(bundle)
    rt.call("pause", counting, check=True)
    assert_still(bundle)
    assert rt.status(counting) == "paused"
    rt.call("resume", counting, check=True)
    assert rt.status(counting) == "running"
    wait_until_moving(bundle)


def test_paused_is_in_the_list(rt, counting):
    rt.call("pause", counting, check=True)
    assert [item["status"] for item in rt.call("list", "-f", "json").json()] == ["paused"]
    assert "paused" in rt.call("list").ok().out


def test_twice(rt, counting):
    rt.call("resume", counting).failed("container not paused")
    rt.call("pause", counting, check=True)
    rt.call("pause", counting).failed("")
    assert rt.status(counting) == "paused"
    rt.call("resume", counting, check=True)
    rt.call("resume", counting).failed("container not paused")
    assert rt.status(counting) == "running"


def test_kill_of_a_paused_container(rt, counting):
    rt.call("pause", counting, check=True)
    rt.kill(counting, "KILL")
    assert rt.wait(counting) == -9
    assert rt.status(counting) == "stopped"
    rt.delete(counting)
    rt.assert_clean()


def test_kill_all_of_a_paused_container(rt, counting):
    rt.call("pause", counting, check=True)
    rt.kill(counting, "KILL", "--all")
    assert rt.wait(counting) == -9


def test_other_signals_wait_for_the_resume(rt, bundle, view):
    bundle.linux["resources"] = {}
    name = rt.launch(bundle.args("/bin/sh", "-c", "trap 'exit 5' TERM; echo up > /up; "
                                 "while :; do sleep 0.02; done"))
    hostview.until((bundle.rootfs / "up").exists, what="the program")
    rt.call("pause", name, check=True)
    rt.kill(name, "TERM")
    time.sleep(0.05)
    assert rt.status(name) == "paused"
    rt.call("resume", name, check=True)
    assert rt.wait(name) == 5


def test_delete_of_a_paused_container(rt, counting):
    rt.call("pause", counting, check=True)
    rt.call("delete", counting).failed("")
    assert rt.status(counting) == "paused"
    rt.delete(counting, "--force")
    rt.assert_clean()


@pytest.mark.ocikit
def test_without_a_pid_namespace(rt, bundle, view):
    bundle.linux["resources"] = {}
    bundle.namespace("pid", False).args("/bin/sh", "-c", "sleep 1000 & sleep 1000 & echo up > /up; wait")
    name = rt.launch(bundle)
    hostview.until((bundle.rootfs / "up").exists, what="the program")
    rt.call("pause", name, check=True)
    rt.delete(name, "--force")
    rt.assert_clean()


def test_exec_is_refused(rt, counting):
    rt.call("pause", counting, check=True)
    rt.call("exec", counting, "/bin/true").failed("paused")
    rt.call("resume", counting, check=True)
    rt.call("exec", counting, "/bin/true", check=True)


def test_exec_that_waits(rt, counting):
    rt.call("pause", counting, check=True)
    waiting = rt.popen("exec", "--ignore-paused", counting, "/bin/true")
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
        rt.call("resume", counting, check=True)
        assert waiting.wait(10) == 0
    finally:
        waiting.kill()
        waiting.wait()


@pytest.mark.ocikit
def test_delete_while_an_exec_waits(rt, counting):
    """The exec holds the container's lock and cannot go on: the forced delete must not wait for it."""
    rt.call("pause", counting, check=True)
    waiting = rt.popen("exec", "--ignore-paused", counting, "/bin/true", stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        begin = time.monotonic()
        rt.delete(counting, "--force")
        assert time.monotonic() - begin < 5
        assert waiting.wait(10) == 255
    finally:
        waiting.kill()
        waiting.wait()
    rt.assert_clean()


@pytest.mark.ocikit
def test_created(rt, bundle, view):
    bundle.linux["resources"] = {}
    name = rt.create(bundle.payload("exit", "3"))
    rt.call("pause", name).failed("created", "must be running")
    rt.call("resume", name).failed("container not paused")
    rt.start(name)


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_stopped_and_unknown(rt, bundle, command):
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    rt.call(command, name).failed("container not")
    rt.call(command, "nobody").failed("does not exist")


@pytest.mark.ocikit
def test_start_of_a_frozen_container_says_so(rt, bundle):
    """Who froze the group from outside must not make start hang."""
    if not Path("/sys/fs/cgroup/freezer").is_dir():
        pytest.skip("the host has no freezer controller of cgroup version 1")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.create(bundle.payload("exit", "0"))
    state = Path(f"/sys/fs/cgroup/freezer/{rt.token}/freezer.state")
    state.write_text("FROZEN", encoding="utf-8")
    rt.call("start", name, timeout=10).failed("frozen")
    rt.call("resume", name, check=True)
    rt.start(name)


@pytest.mark.ocikit
def test_outer_group_frozen_is_told(rt, bundle):
    if not Path("/sys/fs/cgroup/freezer").is_dir():
        pytest.skip("the host has no freezer controller of cgroup version 1")
    bundle.linux["cgroupsPath"] = f"/{rt.token}/inner"
    name = rt.launch(bundle.payload("sleep"))
    outer = Path(f"/sys/fs/cgroup/freezer/{rt.token}/freezer.state")
    outer.write_text("FROZEN", encoding="utf-8")
    try:
        assert rt.status(name) == "paused"
        rt.call("resume", name).failed("a group around it is frozen")
    finally:
        outer.write_text("THAWED", encoding="utf-8")
    assert rt.status(name) == "running"


@pytest.mark.ocikit
def test_foreign_processes_are_frozen_but_not_the_caller(rt, bundle):
    """A group that the caller is in itself: it would never return."""
    group = Path(f"/sys/fs/cgroup/freezer/{rt.token}")
    if not group.parent.is_dir():
        pytest.skip("the host has no freezer controller of cgroup version 1")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    for controller in hostview.cgroups():
        if controller.count("/") == 4:
            Path(controller, rt.token).mkdir(exist_ok=True)
    try:
        name = rt.launch(bundle.payload("sleep"))
        rt.wrapper = ["sh", "-c", f'for d in /sys/fs/cgroup/*/{rt.token}; do echo $$ > $d/cgroup.procs; done; exec "$@"',
                      "x"]
        calling = rt.popen("pause", name, stderr=subprocess.PIPE)
        try:
            _, errors = calling.communicate(timeout=10)
        finally:
            (group / "freezer.state").write_text("THAWED", encoding="utf-8")
            calling.kill()
        assert calling.returncode == 1 and b"the calling process is in its control group" in errors
        rt.wrapper = []
        rt.call("pause", name, check=True)
        rt.delete(name, "--force")
    finally:
        for path in Path("/sys/fs/cgroup").glob(f"*/{rt.token}"):
            hostview.until(lambda p=path: not (p / "cgroup.procs").read_text(encoding="utf-8"))
            path.rmdir()
