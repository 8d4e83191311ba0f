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


@pytest.mark.proves("/hooks", "/hooks/prestart", "/hooks/createRuntime", "/hooks/createContainer",
                    "/hooks/startContainer", "/hooks/poststart", "/hooks/poststop")
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


@pytest.mark.proves("/hooks/prestart/[]/env", "/hooks/createRuntime/[]/env",
                    "/hooks/createContainer/[]/env", "/hooks/startContainer/[]/env",
                    "/hooks/poststart/[]/env", "/hooks/poststop/[]/env")
@pytest.mark.parametrize("stage", STAGES)
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


@pytest.mark.proves("/hooks/prestart/[]/args", "/hooks/createRuntime/[]/args",
                    "/hooks/createContainer/[]/args", "/hooks/startContainer/[]/args",
                    "/hooks/poststart/[]/args", "/hooks/poststop/[]/args",
                    "/hooks/prestart/[]/path", "/hooks/createRuntime/[]/path",
                    "/hooks/createContainer/[]/path", "/hooks/startContainer/[]/path",
                    "/hooks/poststart/[]/path", "/hooks/poststop/[]/path")
@pytest.mark.parametrize("stage", STAGES)
def test_arguments(rt, bundle, journal, stage):
    bundle.hook(stage, "/bin/sh")
    hook = bundle.config["hooks"][stage][0]
    where = "/journal" if inside(stage) else journal
    # busybox, the shell inside, goes by its name.
    hook["args"] = ["sh" if inside(stage) else "name-of-its-own", "-c", f"echo $0 $1 > {where}/order", "zero", "one two"]
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
def test_poststart_may_use_its_own_container(rt, bundle, journal):
    """The container is not locked while its poststart hooks run."""
    name = rt.new_id()
    command = " ".join(rt.argv("exec", name, "/bin/touch", "/journal/ran"))
    note(bundle, journal, "poststart", command)
    begun = time.monotonic()
    rt.create(bundle.payload("sleep"), name=name)
    rt.start(name)
    assert time.monotonic() - begun < 8
    assert (journal / "ran").exists()


@pytest.mark.ocikit
def test_poststart_that_deletes_its_own_container(rt, bundle, journal):
    name = rt.new_id()
    note(bundle, journal, "poststart", " ".join(rt.argv("delete", "--force", name)) + " && touch $J/deleted; exit 3")
    note(bundle, journal, "poststop", "echo poststop >> $J/order")
    rt.create(bundle.payload("sleep"), name=name)
    rt.call("start", name).failed("/hooks/poststart/0")
    assert (journal / "deleted").exists()
    assert order(journal) == ["poststop"]
    rt.assert_clean()


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


def status_of(rt, name):
    result = rt.call("state", name)
    return result.json()["status"] if result.code == 0 else "gone"


@pytest.mark.ocikit
@pytest.mark.proves("/hooks/startContainer", "/hooks/poststart")
@pytest.mark.parametrize("stage", ["startContainer", "poststart"])
def test_a_hook_that_fails_in_start_deletes_the_container(rt, bundle, journal, stage):
    """The specification: an error, the container stopped, and on with its destruction and poststop."""
    note(bundle, journal, stage, "exit 3")
    note(bundle, journal, "poststop", "echo poststop >> $J/order")
    name = rt.create(bundle.payload("sleep"))
    rt.call("start", name).failed(f"/hooks/{stage}/0", "status 3")
    assert status_of(rt, name) == "gone"
    assert order(journal) == ["poststop"]
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_program_that_cannot_run_is_no_hook_s_failure(rt, bundle, journal):
    """The container stays, stopped, for the caller to look at and to delete."""
    note(bundle, journal, "startContainer", "rm /bin/payload")
    name = rt.create(bundle.payload("sleep"))
    pid = rt.pid(name)
    rt.call("start", name).failed("/bin/payload")
    hostview.wait_exit(pid)
    assert status_of(rt, name) == "stopped"


@pytest.mark.ocikit
def test_poststop_runs_after_a_create_that_failed_late(rt, bundle, journal):
    note(bundle, journal, "poststop", "cat > $J/poststop; echo poststop >> $J/order")
    bundle.process["cwd"] = "/etc/passwd"
    rt.run(bundle).failed("/process/cwd")
    assert order(journal) == ["poststop"]
    assert json.loads((journal / "poststop").read_text(encoding="utf-8"))["status"] == "stopped"
    rt.assert_clean()


@pytest.mark.proves("/ociVersion")
@pytest.mark.ocikit
def test_the_version_is_the_configuration_s(rt, bundle, journal):
    bundle.config["ociVersion"] = "1.0.1"
    record_all(bundle, journal)
    rt.run(bundle.payload("exit", "0")).ok()
    for stage in STAGES:
        state = json.loads((journal / stage).read_text(encoding="utf-8"))
        assert state["ociVersion"] == "1.0.1", stage


@pytest.mark.proves("/hooks/createRuntime")
def test_a_hook_that_kills_the_first_process(rt, bundle, journal):
    note(bundle, journal, "createRuntime",
         "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); kill -9 $pid; exit 0")
    result = rt.run(bundle.args("/bin/touch", "/journal/ran"), timeout=15)
    assert result.code != 0
    assert not (journal / "ran").exists()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("stage", ["createContainer", "startContainer"])
def test_a_hook_inside_that_kills_its_parent(rt, bundle, journal, stage):
    bundle.namespace("pid", False)
    note(bundle, journal, stage, "kill -9 $PPID; sleep 5")
    begun = time.monotonic()
    rt.run(bundle.args("/bin/touch", "/journal/ran"), timeout=15).failed("")
    assert time.monotonic() - begun < 4
    assert not (journal / "ran").exists()
    rt.assert_clean()


@pytest.mark.proves("/hooks/prestart/[]/timeout", "/hooks/createRuntime/[]/timeout",
                    "/hooks/createContainer/[]/timeout", "/hooks/startContainer/[]/timeout",
                    "/hooks/poststart/[]/timeout", "/hooks/poststop/[]/timeout")
@pytest.mark.ocikit
@pytest.mark.parametrize("stage", STAGES)
def test_timeouts_of_every_stage(rt, bundle, stage):
    bundle.hook(stage, "/bin/sleep", "100", timeout=1)
    begun = time.monotonic()
    result = rt.run(bundle.payload("exit", "0"), timeout=15)
    assert time.monotonic() - begun < 5
    if stage == "poststop":
        result.ok()
    else:
        result.failed(f"/hooks/{stage}/0", "timeout")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("stage", ["createContainer", "startContainer"])
def test_output_flood_inside(rt, bundle, stage):
    bundle.hook(stage, "/bin/sh", "-c", "dd if=/dev/zero bs=65536 count=64 2>/dev/null; exit 0")
    rt.run(bundle.payload("exit", "0"), timeout=15).ok()


@pytest.mark.ocikit
def test_an_endless_flood_has_its_timeout(rt, bundle):
    bundle.hook("createRuntime", "/bin/sh", "-c", "exec yes", timeout=1)
    begun = time.monotonic()
    rt.run(bundle, timeout=15).failed("/hooks/createRuntime/0", "timeout")
    assert time.monotonic() - begun < 4
    rt.assert_clean()


@pytest.mark.ocikit
def test_the_first_failure_ends_the_stage(rt, bundle, journal):
    note(bundle, journal, "createRuntime", "echo one >> $J/order; exit 1")
    note(bundle, journal, "createRuntime", "echo two >> $J/order")
    note(bundle, journal, "createContainer", "echo three >> $J/order")
    rt.run(bundle).failed("/hooks/createRuntime/0")
    assert order(journal) == ["one"]
    rt.assert_clean()
