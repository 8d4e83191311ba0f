# SPDX-License-Identifier: Apache-2.0
"""create, start, state, kill, delete, list: order, wrong states, bad ids."""
import subprocess
import time

import pytest

import hostview


def test_create_start_wait_delete(rt, bundle):
    bundle.payload("exit", "7")
    name = rt.create(bundle)
    state = rt.state(name)
    assert state["id"] == name
    assert state["status"] == "created"
    assert state["pid"] > 0
    assert state["bundle"] == str(bundle.path)
    assert state["ociVersion"].startswith("1.")
    rt.start(name)
    assert hostview.wait_exit(state["pid"]) == 7
    stopped = rt.state(name)
    assert stopped["status"] == "stopped"
    assert stopped.get("pid", 0) == 0
    rt.delete(name)
    rt.call("state", name).failed("does not exist")
    rt.assert_clean()


def test_run_returns_the_exit_code(rt, bundle):
    rt.run(bundle.payload("exit", "42")).ok(42)
    rt.assert_clean()


def test_run_returns_128_and_the_signal(rt, bundle):
    bundle.namespace("pid", False)
    rt.run(bundle.payload("signal", "15")).ok(128 + 15)
    rt.assert_clean()


def test_created_container_has_not_run_the_program(rt, bundle):
    name = rt.create(bundle.args("/bin/touch", "/ran"))
    time.sleep(0.05)
    assert not (bundle.rootfs / "ran").exists()
    rt.start(name)
    hostview.until(lambda: (bundle.rootfs / "ran").exists(), what="the program's file")


def test_state_of_a_running_container(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    state = rt.state(name)
    assert state["status"] == "running"
    assert hostview.alive(state["pid"])
    rt.stop(name)
    assert rt.status(name) == "stopped"


@pytest.mark.proves("/annotations")
def test_annotations_are_in_the_state(rt, bundle):
    bundle.config["annotations"] = {"org.example.key": "a value"}
    name = rt.create(bundle)
    assert rt.state(name)["annotations"]["org.example.key"] == "a value"


def test_start_twice_fails_and_leaves_it_running(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    rt.call("start", name).failed("")
    assert rt.status(name) == "running"


def test_start_of_a_stopped_container_fails(rt, bundle):
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    rt.call("start", name).failed("")
    assert rt.status(name) == "stopped"


def test_delete_of_a_running_container_fails(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    rt.call("delete", name).failed("")
    assert rt.status(name) == "running"


def test_delete_of_a_created_container_works(rt, bundle):
    name = rt.create(bundle)
    rt.delete(name)
    rt.assert_clean()


def test_delete_force_kills_and_may_be_repeated(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    rt.delete(name, "--force")
    rt.delete(name, "--force")
    rt.assert_clean()


def test_delete_of_an_unknown_id(rt):
    rt.call("delete", "nobody").failed("does not exist")
    rt.delete("nobody", "-f")


@pytest.mark.parametrize("command", [("start",), ("state",), ("kill",), ("exec",)])
def test_unknown_id(rt, command):
    arguments = {"kill": ["nobody", "KILL"], "exec": ["nobody", "true"]}
    rt.call(*command, *arguments.get(command[0], ["nobody"])).failed("does not exist")


def test_duplicate_id_leaves_the_first_alone(rt, bundle, make_bundle):
    name = rt.launch(bundle.payload("sleep"))
    pid = rt.pid(name)
    rt.call("create", "-b", make_bundle(), name).failed("exist")
    assert rt.pid(name) == pid
    assert rt.status(name) == "running"


def test_id_can_be_used_again(rt, bundle):
    name = rt.create(bundle)
    rt.delete(name)
    rt.create(bundle, name=name)
    assert rt.status(name) == "created"


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "../up", "a b", "a\tb", "é", "a\nb"])
def test_bad_ids(rt, bundle, name):
    rt.call("create", "-b", bundle, name).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("name", [".hidden", "a:b", "x" * 1025])
def test_bad_ids_of_ours(rt, bundle, name):
    rt.call("create", "-b", bundle, "--", name).failed("id")
    rt.assert_clean()


@pytest.mark.parametrize("name", ["a", "A.b_c+d-e", "0", "x" * 200])
def test_good_ids(rt, bundle, name):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    rt.create(bundle, name=name)
    assert rt.state(name)["id"] == name


def test_kill_by_name_number_and_default(rt, bundle):
    bundle.args("/bin/sh", "-c", "trap 'exit 9' TERM USR1; echo up > /up; while :; do sleep 0.02; done")
    for signal in (["TERM"], ["SIGUSR1"], ["15"], []):
        name = rt.launch(bundle)
        hostview.until(lambda: (bundle.rootfs / "up").exists(), what="the program")
        pid = rt.pid(name)
        rt.call("kill", name, *signal, check=True)
        assert hostview.wait_exit(pid) == 9, signal
        rt.delete(name)
        (bundle.rootfs / "up").unlink()


def test_kill_of_a_created_container(rt, bundle):
    name = rt.create(bundle)
    pid = rt.pid(name)
    rt.kill(name, "KILL")
    assert hostview.wait_exit(pid) == -9
    assert rt.status(name) == "stopped"


def test_kill_of_a_stopped_container(rt, bundle):
    name = rt.launch(bundle.payload("exit", "0"))
    rt.wait(name)
    rt.call("kill", name, "TERM").failed("container not running")


def test_kill_with_a_bad_signal(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    rt.call("kill", name, "NOSUCHSIGNAL").failed("signal")
    assert rt.status(name) == "running"


def test_kill_all_without_a_pid_namespace(rt, bundle):
    bundle.namespace("pid", False)
    bundle.args("/bin/sh", "-c", "sleep 1000 & sleep 1000 & echo up > /up; wait")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.launch(bundle)
    hostview.until(lambda: (bundle.rootfs / "up").exists(), what="the program")
    pid = rt.pid(name)
    rt.kill(name, "KILL", "--all")
    assert hostview.wait_exit(pid) == -9
    rt.delete(name)
    rt.assert_clean()


def test_delete_removes_processes_that_outlived_the_first(rt, bundle):
    bundle.namespace("pid", False)
    name = rt.launch(bundle.args("/bin/sh", "-c", "sleep 1000 & exit 0"))
    rt.wait(name)
    rt.delete(name, "--force")
    rt.assert_clean()


def test_pid_file(rt, bundle, tmp_path):
    path = tmp_path / "pid"
    name = rt.create(bundle, "--pid-file", path)
    assert path.read_text(encoding="utf-8") == str(rt.pid(name))


def test_pid_file_that_cannot_be_written(rt, bundle, tmp_path):
    rt.call("create", "-b", bundle, "--pid-file", tmp_path / "no/such/pid", rt.new_id()).failed("")
    rt.assert_clean()


def test_run_detached(rt, bundle, tmp_path):
    path = tmp_path / "pid"
    name = rt.new_id()
    rt.run(bundle.payload("sleep"), "-d", "--pid-file", path, name=name).ok()
    assert rt.status(name) == "running"
    assert rt.pid(name) == int(path.read_text(encoding="utf-8"))


def test_list(rt, bundle, make_bundle):
    first = rt.create(bundle)
    second = rt.launch(make_bundle().payload("sleep"))
    assert rt.call("list", "-q").ok().out.split() == sorted([first, second])
    rows = {row["id"]: row for row in rt.call("list", "-f", "json").json()}
    assert rows[first]["status"] == "created"
    assert rows[second]["status"] == "running"
    assert rows[second]["pid"] == rt.pid(second)
    table = rt.call("list").ok().out.splitlines()
    assert table[0].split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert len(table) == 3


def test_list_of_nothing(rt):
    assert rt.call("list", "-q").ok().out == ""
    assert not rt.call("list", "-f", "json").json()


def test_the_creator_may_be_gone(rt, bundle):
    """A container outlives the command that made it, and its parent."""
    name = rt.new_id()
    shell = " ".join(rt.argv("create", "-b", bundle.payload("exit", "3"), name))
    subprocess.run(["sh", "-c", shell], check=True, timeout=20, stdin=subprocess.DEVNULL)
    pid = rt.pid(name)
    rt.start(name)
    assert hostview.wait_exit(pid) == 3


def test_foreground_run_forwards_signals(rt, bundle):
    bundle.args("/bin/sh", "-c", "trap 'exit 5' TERM; echo up > /up; while :; do sleep 0.02; done")
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=subprocess.DEVNULL)
    hostview.until(lambda: (bundle.rootfs / "up").exists(), what="the program")
    process.terminate()
    assert process.wait(10) == 5
    rt.assert_clean()


def test_version(rt):
    lines = rt.call("--version").ok().out.splitlines()
    assert lines[0].split()[1:2] == ["version"]
    assert lines[1].startswith("commit: ")
    assert lines[2].startswith("spec: 1.")
