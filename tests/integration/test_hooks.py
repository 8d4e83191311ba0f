# SPDX-License-Identifier: Apache-2.0
"""hooks: stages and their order, what a hook is given, what a failing one does.

The stage of poststart is marked ocikit: runc up to 1.1 runs those hooks in create already.
"""
import json
import os
import time

import pytest

import hostview

STAGES = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
BEFORE = ["prestart", "createRuntime", "createContainer", "startContainer"]


@pytest.fixture
def journal(tmp_path, bundle):
    """A folder that hooks of every stage write to: it is shown inside at /journal too."""
    directory = tmp_path / "journal"
    directory.mkdir()
    bundle.mount("/journal", directory)
    return directory


def inside(stage):
    """createContainer hooks are found on the host; startContainer ones in the container."""
    return stage == "startContainer"


def note(bundle, journal, stage, script, **more):
    """A hook as shell text; $J is the journal as the hook sees it."""
    where = "/journal" if inside(stage) else str(journal)
    bundle.hook(stage, "/bin/sh", "-c", f"PATH=/bin:/usr/bin; J={where}; {script}", **more)


def record_all(bundle, journal):
    for stage in STAGES:
        note(bundle, journal, stage, f"echo {stage} >> $J/order; cat > $J/{stage}")


def order(journal):
    path = journal / "order"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


@pytest.mark.ocikit
def test_order(rt, bundle, journal):
    record_all(bundle, journal)
    name = rt.create(bundle.payload("exit", "0"))
    assert order(journal) == BEFORE[:3]
    pid = rt.pid(name)
    rt.start(name)
    assert order(journal) == BEFORE + ["poststart"]
    hostview.wait_exit(pid)
    rt.delete(name)
    assert order(journal) == STAGES


@pytest.mark.ocikit
def test_state_on_standard_input(rt, bundle, journal):
    record_all(bundle, journal)
    bundle.config["annotations"] = {"org.example": "x"}
    name = rt.create(bundle.payload("exit", "0"))
    pid = rt.pid(name)
    rt.start(name)
    hostview.wait_exit(pid)
    rt.delete(name)
    states = {stage: json.loads((journal / stage).read_text(encoding="utf-8")) for stage in STAGES}
    for stage, state in states.items():
        assert state["id"] == name and state["ociVersion"].startswith("1."), stage
        assert state["bundle"] == str(bundle.path), stage
        assert state["annotations"] == {"org.example": "x"}, stage
    for stage in ("prestart", "createRuntime", "createContainer"):
        assert states[stage]["status"] in ("creating", "created")
    assert states["poststart"]["status"] == "running"
    assert states["poststop"]["status"] == "stopped"
    for stage in ("prestart", "createRuntime", "poststart"):
        assert states[stage]["pid"] == pid
    assert states["startContainer"]["pid"] in (1, pid)


def test_several_in_one_stage_run_in_order(rt, bundle, journal):
    for word in ("one", "two", "three"):
        note(bundle, journal, "createRuntime", f"echo {word} >> $J/order")
    rt.run(bundle.payload("exit", "0")).ok()
    assert order(journal) == ["one", "two", "three"]


@pytest.mark.parametrize("stage", ["createRuntime", "startContainer", "poststop"])
def test_environment_is_the_hook_s_own(rt, bundle, journal, stage):
    target = "/journal" if inside(stage) else str(journal)
    path = "/bin/env" if inside(stage) else "/usr/bin/env"
    for name, env in (("empty", []), ("set", ["A=b", "PATH=/bin"])):
        bundle.hook(stage, "/bin/sh", "-c", f"exec {path} > {target}/{name}", env=env)
    os.environ["OCIKIT_TEST_LEAK"] = "1"
    try:
        rt.run(bundle.payload("exit", "0")).ok()
    finally:
        del os.environ["OCIKIT_TEST_LEAK"]
    shell_adds = ("PWD=", "SHLVL=", "_=", "OLDPWD=", "PATH=/sbin:/usr/sbin")

    def lines(name):
        text = (journal / name).read_text(encoding="utf-8")
        return [line for line in text.splitlines() if not line.startswith(shell_adds)]

    assert lines("empty") == []
    assert sorted(lines("set")) == ["A=b", "PATH=/bin"]


def test_arguments(rt, bundle, journal):
    bundle.hook("createRuntime", "/bin/sh")
    hook = bundle.config["hooks"]["createRuntime"][0]
    hook["args"] = ["name-of-its-own", "-c", f"echo $0 $1 > {journal}/order", "zero", "one two"]
    rt.run(bundle.payload("exit", "0")).ok()
    assert order(journal) == ["zero", "one", "two"]


def test_namespaces_of_hooks(rt, bundle, journal):
    for stage in ("createRuntime", "createContainer", "startContainer"):
        note(bundle, journal, stage, f"readlink /proc/self/ns/net > $J/{stage}")
    found = {}
    rt.run(bundle.payload("exit", "0")).ok()
    for stage in ("createRuntime", "createContainer", "startContainer"):
        found[stage] = (journal / stage).read_text(encoding="utf-8").strip()
    host = os.readlink("/proc/self/ns/net")
    assert found["createRuntime"] == host
    assert found["createContainer"] == found["startContainer"] != host


@pytest.mark.parametrize("stage", BEFORE)
def test_failing_hook_stops_the_container(rt, bundle, journal, stage):
    note(bundle, journal, stage, "echo the reason >&2; exit 3")
    note(bundle, journal, "poststop", "echo poststop >> $J/order")
    rt.run(bundle.args("/bin/touch", "/journal/ran")).failed("hook")
    assert not (journal / "ran").exists()
    assert order(journal) in ([], ["poststop"])
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("stage", BEFORE + ["poststart"])
def test_poststop_runs_once_after_a_failure(rt, bundle, journal, stage):
    note(bundle, journal, stage, "exit 3")
    note(bundle, journal, "poststop", "echo poststop >> $J/order")
    rt.run(bundle.payload("sleep")).failed(f"/hooks/{stage}/0")
    assert order(journal) == ["poststop"]
    rt.assert_clean()


@pytest.mark.ocikit
def test_failing_poststart_stops_the_container(rt, bundle, journal):
    note(bundle, journal, "poststart", "exit 3")
    name = rt.create(bundle.payload("sleep"))
    pid = rt.pid(name)
    rt.call("start", name).failed("")
    hostview.until(lambda: not hostview.alive(pid), what="the end of the program")


@pytest.mark.ocikit
def test_failing_poststop_is_only_a_warning(rt, bundle, journal):
    note(bundle, journal, "poststop", "exit 3")
    note(bundle, journal, "poststop", "echo second >> $J/order")
    rt.run(bundle.payload("exit", "5")).ok(5)
    assert order(journal) == ["second"]
    rt.assert_clean()


@pytest.mark.parametrize("stage", ["createRuntime", "createContainer"])
def test_timeout(rt, bundle, stage):
    bundle.hook(stage, "/bin/sleep", "100", timeout=1)
    begun = time.monotonic()
    rt.run(bundle, timeout=15).failed("")
    assert time.monotonic() - begun < 5
    rt.assert_clean()


@pytest.mark.ocikit
def test_timeout_of_a_hook_that_ignores_term(rt, bundle):
    bundle.hook("createRuntime", "/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done", timeout=1)
    begun = time.monotonic()
    rt.run(bundle, timeout=15).failed("/hooks/createRuntime/0")
    assert time.monotonic() - begun < 4
    rt.assert_clean()


@pytest.mark.ocikit
def test_grandchild_that_holds_the_output(rt, bundle):
    """The hook itself is done; what it left in the background must not hold the create up."""
    bundle.hook("createRuntime", "/bin/sh", "-c", "sleep 6 & exit 0")
    begun = time.monotonic()
    rt.run(bundle.payload("exit", "0")).ok()
    assert time.monotonic() - begun < 3
    for pid, (_, command) in hostview.children().items():
        if command == "sleep":
            os.kill(pid, 9)


@pytest.mark.parametrize("stage", ["createRuntime", "poststart"])
def test_output_flood(rt, bundle, stage):
    bundle.hook(stage, "/bin/sh", "-c", "dd if=/dev/zero bs=65536 count=64 2>/dev/null; exit 0")
    rt.run(bundle.payload("exit", "0"), timeout=15).ok()


def test_standard_input_may_be_left_unread(rt, bundle):
    """More state than a pipe holds, and a hook that never looks."""
    bundle.config["annotations"] = {f"k{n}": "v" * 1000 for n in range(200)}
    bundle.hook("createRuntime", "/bin/true")
    bundle.hook("createRuntime", "/bin/sh", "-c", "exec 0<&-; exit 0")
    rt.run(bundle.payload("exit", "0"), timeout=15).ok()


@pytest.mark.parametrize("path", ["/no/such/hook", "/etc/passwd"])
def test_hook_that_cannot_run(rt, bundle, path):
    bundle.hook("createRuntime", path)
    rt.run(bundle).failed(path)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("hook", [{"path": "relative"}, {"path": "/bin/true", "timeout": 0},
                                  {"args": ["x"]}, {"path": "/bin/true", "timeout": -1}])
def test_bad_hooks(rt, bundle, hook):
    bundle.config["hooks"] = {"createRuntime": [hook]}
    rt.run(bundle).failed("/hooks/createRuntime/0")
    rt.assert_clean()


def test_hooks_see_no_descriptors(rt, bundle, journal):
    note(bundle, journal, "createRuntime", "ls /proc/self/fd > $J/fds")
    rt.run(bundle.payload("exit", "0")).ok()
    names = set((journal / "fds").read_text(encoding="utf-8").split())
    assert names <= {"0", "1", "2", "3"}, "3 is the listing's own"


def test_hook_killed_by_a_signal(rt, bundle):
    bundle.hook("createRuntime", "/bin/sh", "-c", "kill -9 $$")
    rt.run(bundle).failed("")
    rt.assert_clean()
