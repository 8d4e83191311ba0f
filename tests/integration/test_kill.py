# SPDX-License-Identifier: Apache-2.0
"""kill and delete: every way to name a signal, all processes, several containers, groups that will not go."""
import os
import signal
import time
from pathlib import Path

import pytest

import hostview

TRAP = "trap 'exit 9' TERM USR1 %s; echo up > /up; while :; do sleep 0.02; done"


@pytest.fixture
def waiting(rt, bundle):
    name = rt.launch(bundle.args("/bin/sh", "-c", TRAP % "HUP"))
    hostview.until((bundle.rootfs / "up").exists, what="the program")
    return name


@pytest.mark.parametrize("text", ["USR1", "SIGUSR1", "10", "usr1", "sigusr1"])
def test_spellings(rt, waiting, text):
    rt.kill(waiting, text)
    assert rt.wait(waiting) == 9


@pytest.mark.ocikit
@pytest.mark.parametrize("text,number", [("RTMIN", signal.SIGRTMIN), ("SIGRTMIN+3", signal.SIGRTMIN + 3),
                                         ("RTMAX-1", signal.SIGRTMAX - 1), ("SIGRTMAX", signal.SIGRTMAX)])
def test_real_time_signals(rt, bundle, text, number):
    bundle.namespace("pid", False)
    name = rt.launch(bundle.payload("sleep"))
    rt.kill(name, text)
    assert rt.wait(name) == -number


@pytest.mark.ocikit
@pytest.mark.parametrize("text", ["", "NO", "SIG", "65", "-65", "99999999999", "RTMIN+99", "RTMIN-1", "9x", "KILL "])
def test_wrong_signals(rt, waiting, text):
    rt.call("kill", waiting, text).ok(2).failed("signal")
    assert rt.status(waiting) == "running"


def test_a_number_as_engines_write_it(rt, waiting):
    rt.call("kill", "--all", waiting, "9", check=True)
    assert rt.wait(waiting) == -9


def test_all_of_a_stopped_container_is_no_error(rt, bundle):
    """Engines clean up this way after the first process has ended."""
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    rt.call("kill", "--all", name, "9", check=True)
    rt.call("kill", name, "9").failed("container not running")


@pytest.mark.ocikit
def test_all_reaches_those_who_outlived_the_first(rt, bundle):
    bundle.namespace("pid", False).args("/bin/sh", "-c", "sleep 1000 & sleep 1000 & exit 0")
    name = rt.launch(bundle)
    rt.wait(name)
    rest = rt.call("ps", "-f", "json", name).json()
    assert len(rest) == 2
    rt.call("kill", "--all", name, "KILL", check=True)
    for pid in rest:
        assert hostview.wait_exit(pid) == -9
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
def test_all_reaches_those_who_are_being_forked(rt, bundle):
    """Each process forks its successor and ends: who looks once sees only some."""
    bundle.namespace("pid", False)
    bundle.args("/bin/sh", "-c", "f() { sleep 0.01; f & }; for i in 1 2 3 4 5 6; do f & done; echo up > /up; wait; "
                "sleep 1000")
    name = rt.launch(bundle)
    hostview.until((bundle.rootfs / "up").exists, what="the program")
    time.sleep(0.2)
    rt.call("kill", "--all", name, "KILL", check=True)
    hostview.until(lambda: not rt.call("ps", "-f", "json", name).json(), what="the end of all")
    hostview.reap()


def test_kill_does_not_hit_another_container(rt, bundle, make_bundle):
    first = rt.launch(bundle.payload("sleep"))
    second = rt.launch(make_bundle().payload("sleep"))
    rt.kill(first, "KILL", "--all")
    rt.wait(first)
    assert rt.status(second) == "running"


@pytest.mark.ocikit
def test_delete_of_several(rt, bundle, make_bundle):
    names = [rt.create(make_bundle().payload("sleep")) for _ in range(3)]
    running = rt.launch(bundle.payload("sleep"))
    result = rt.call("delete", names[0], "nobody", running, *names[1:]).failed("does not exist", "must be stopped")
    assert result.code == 1
    assert rt.entries() == [running], "each is tried"
    rt.call("delete", "--force", "nobody", running).ok()
    rt.assert_clean()


@pytest.mark.ocikit
def test_delete_of_a_group_that_will_not_go(rt, bundle):
    """Groups inside it lie deeper than is looked: an error within seconds, nothing lost, and delete can be repeated."""
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    top = Path("/sys/fs/cgroup/pids", rt.token)
    if not top.is_dir():
        pytest.skip("the host has no pids controller of cgroup version 1")
    deepest = top.joinpath(*["d"] * 24)
    deepest.mkdir(parents=True)
    begin = time.monotonic()
    rt.call("delete", name).failed("control group", "busy", "try again")
    assert time.monotonic() - begin < 15
    assert rt.status(name) == "stopped"
    while deepest != top:
        os.rmdir(deepest)
        deepest = deepest.parent
    rt.delete(name)
    rt.assert_clean()
