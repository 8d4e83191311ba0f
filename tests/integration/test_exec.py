# SPDX-License-Identifier: Apache-2.0
"""exec: one more process in a running container."""
import json
import os

import pytest

import hostview
from test_process import leaked_directories, mask, sets


@pytest.fixture
def running(rt, bundle):
    bundle.capabilities("CAP_KILL", "CAP_CHOWN")
    bundle.process["env"] = ["PATH=/bin", "FROM=config"]
    bundle.process["cwd"] = "/home"
    return rt.launch(bundle.payload("sleep"))


def report(rt, name, *options, **more):
    return rt.call("exec", *options, name, "/bin/payload", "report", **more).json()


def test_defaults_come_from_the_configuration(rt, running):
    got = report(rt, running)
    assert got["cwd"] == "/home"
    assert {"PATH=/bin", "FROM=config"} <= set(got["env"])
    assert got["uid"] == 0 and got["gid"] == 0
    assert sets(got)["CapEff"] == mask("CAP_KILL", "CAP_CHOWN")
    assert sets(got)["CapInh"] == sets(got)["CapAmb"] == 0
    assert got["NoNewPrivs"] == "1"
    assert got["pid"] > 1


def test_namespaces_are_the_container_s(rt, running):
    got = report(rt, running)["namespaces"]
    pid = rt.pid(running)
    for kind, link in got.items():
        assert link == os.readlink(f"/proc/{pid}/ns/{kind}"), kind


def test_in_a_user_namespace(rt, bundle):
    name = rt.launch(bundle.user_namespace().payload("sleep"))
    got = report(rt, name)
    assert got["uid"] == 0
    assert got["namespaces"]["user"] == os.readlink(f"/proc/{rt.pid(name)}/ns/user")


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_exit_code(rt, running, code):
    rt.call("exec", running, "/bin/payload", "exit", code).ok(code)


def test_killed_by_a_signal(rt, running):
    rt.call("exec", running, "/bin/payload", "signal", "9").ok(128 + 9)


def test_environment_directory_and_user(rt, running):
    got = report(rt, running, "--env", "A=1", "--env", "B=2", "--cwd", "/tmp", "--user", "1000:1001")
    assert {"A=1", "B=2"} <= set(got["env"])
    assert (got["cwd"], got["uid"], got["gid"]) == ("/tmp", 1000, 1001)


def test_capabilities_are_added(rt, running):
    got = sets(report(rt, running, "--cap", "CAP_NET_RAW"))
    assert got["CapBnd"] & mask("CAP_NET_RAW")
    assert got["CapEff"] & mask("CAP_NET_RAW")


@pytest.mark.ocikit
def test_added_capabilities_are_never_inheritable(rt, running):
    got = sets(report(rt, running, "--cap", "CAP_NET_RAW"))
    assert got["CapInh"] == 0 and got["CapAmb"] == 0


def test_arguments_after_the_id_belong_to_the_program(rt, running):
    got = rt.call("exec", running, "/bin/payload", "report", "--env", "-x").json()
    assert got["args"][2:] == ["--env", "-x"]


def test_process_file(rt, running, tmp_path):
    process = {"args": ["/bin/payload", "report"], "cwd": "/tmp", "env": ["ONLY=this"],
               "user": {"uid": 5, "gid": 6, "additionalGids": [7]},
               "capabilities": {"bounding": ["CAP_CHOWN"]},
               "noNewPrivileges": True,
               "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]}
    path = tmp_path / "process.json"
    path.write_text(json.dumps(process), encoding="utf-8")
    got = rt.call("exec", "--process", path, running).json()
    assert "ONLY=this" in got["env"] and "FROM=config" not in got["env"]
    assert (got["cwd"], got["uid"], got["gid"]) == ("/tmp", 5, 6)
    assert 7 in got["groups"]
    assert sets(got)["CapBnd"] == mask("CAP_CHOWN")
    assert got["rlimits"]["RLIMIT_NOFILE"] == [50, 60]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"args": "x", "cwd": "/"}', '{"cwd": "/"}'])
def test_bad_process_file(rt, running, tmp_path, text):
    path = tmp_path / "process.json"
    path.write_text(text, encoding="utf-8")
    rt.call("exec", "--process", path, running).failed("")
    assert rt.status(running) == "running"


def test_detached_with_pid_file(rt, running, tmp_path):
    path = tmp_path / "pid"
    rt.call("exec", "-d", "--pid-file", path, running, "/bin/sleep", "1000").ok()
    pid = int(path.read_text(encoding="utf-8"))
    assert hostview.alive(pid)
    assert os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{rt.pid(running)}/ns/pid")
    os.kill(pid, 9)
    assert hostview.wait_exit(pid) == -9


def test_missing_program(rt, running):
    result = rt.call("exec", running, "/no/such").failed("/no/such")
    assert result.code in (127, 255)


@pytest.mark.ocikit
@pytest.mark.parametrize("program,code", [("/no/such", 127), ("nosuch", 127), ("/bin/data", 126)])
def test_codes_of_a_program_that_cannot_run(rt, running, program, code):
    rt.call("exec", running, program).ok(code)


@pytest.mark.parametrize("state", ["created", "stopped"])
def test_container_that_does_not_run(rt, bundle, state):
    name = rt.create(bundle.payload("exit", "0"))
    if state == "stopped":
        rt.kill(name)
        hostview.until(lambda: rt.status(name) == "stopped")
    result = rt.call("exec", name, "/bin/true")
    if state == "stopped":
        result.failed("")
    assert rt.status(name) == state


def test_descriptors_are_closed(rt, running):
    with leaked_directories():
        fds = report(rt, running, close_fds=False)["fds"]
    assert set(fds) == {"0", "1", "2"}


@pytest.mark.parametrize("fd", [3, 7, 10])
def test_working_directory_of_a_leaked_descriptor(rt, running, fd):
    """CVE-2024-21626, by exec."""
    with leaked_directories():
        result = rt.call("exec", "--cwd", f"/proc/self/fd/{fd}", running, "/bin/payload", "report",
                         close_fds=False)
    assert result.code != 0 or "/proc" in result.json()["cwd"]


def test_standard_input(rt, running):
    got = rt.call("exec", running, "/bin/payload", "report", "--stdin", stdin=b"text").json()
    assert got["stdin"] == "text"


def test_no_program(rt, running):
    rt.call("exec", running).failed("")


def test_container_ends_while_a_process_runs(rt, running, tmp_path):
    path = tmp_path / "pid"
    rt.call("exec", "-d", "--pid-file", path, running, "/bin/sleep", "1000").ok()
    pid = int(path.read_text(encoding="utf-8"))
    first = rt.pid(running)
    rt.kill(running, "KILL")
    assert hostview.wait_exit(pid) == -9
    assert hostview.wait_exit(first) == -9


def test_user_that_is_no_number(rt, running):
    rt.call("exec", "--user", "nobody-such", running, "/bin/true").failed("")
