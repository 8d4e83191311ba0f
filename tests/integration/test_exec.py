# SPDX-License-Identifier: Apache-2.0
"""exec: one more process in a running container."""
import json
import os
from pathlib import Path

import pytest

import groups
import hostview
from test_process import LEAKY, mask, sets


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
    fds = report(rt, running, **LEAKY)["fds"]
    assert set(fds) == {"0", "1", "2"}


@pytest.mark.parametrize("fd", [3, 7, 10])
def test_working_directory_of_a_leaked_descriptor(rt, running, fd):
    """CVE-2024-21626, by exec."""
    result = rt.call("exec", "--cwd", f"/proc/self/fd/{fd}", running, "/bin/payload", "report", **LEAKY)
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


@pytest.mark.parametrize("options, wanted", [
    (["--user", "5:6", "-g", "70", "-g", "80"], {70, 80}),
    (["-u", "5:6", "-additional-gids=70"], {70}),
])
def test_additional_groups(rt, running, options, wanted):
    assert set(report(rt, running, *options)["groups"]) - {6} == wanted


@pytest.mark.ocikit
@pytest.mark.parametrize("text", ["x", "5,", "-1", "4294967295", "5 6", ""])
def test_additional_groups_that_are_no_numbers(rt, running, text):
    rt.call("exec", f"--additional-gids={text}", running, "/bin/true").failed("--additional-gids")


@pytest.fixture
def below(rt, running):
    """Names of control groups to be made below the container's in every hierarchy; gone at the end."""
    made = []
    with open(f"/proc/{rt.pid(running)}/cgroup", encoding="ascii") as file:
        lines = [line.rstrip("\n").split(":", 2) for line in file]
    tops = {}
    for _, controllers, path in lines:
        key = controllers.removeprefix("name=").split(",")[0]
        top = str(groups.top_2()) if not controllers else f"{hostview.CGROUPS}/{key}"
        if rt.token in path:
            tops[key] = top + path

    def make(name):
        for top in tops.values():
            os.mkdir(f"{top}/{name}")
            made.append(f"{top}/{name}")
            for file in ("cpuset.cpus", "cpuset.mems"):  # a new group of version 1 has none
                if os.path.exists(f"{top}/{file}") and groups.version("cpuset") == 1:
                    Path(top, name, file).write_text(Path(top, file).read_text("ascii"), "ascii")
        return tops

    yield make
    rt.kill(running, "KILL")
    for folder in reversed(made):
        hostview.until(lambda path=folder: removed(path), what=f"{folder} is empty")


def removed(folder):
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def ends_of_groups(rt, running, *options):
    """The last component of the path in each hierarchy that has the container."""
    lines = rt.call("exec", *options, running, "/bin/cat", "/proc/self/cgroup").ok().out.splitlines()
    return {line.split(":")[1].removeprefix("name=").split(",")[0]: os.path.basename(line) for line in lines}


def test_control_group_below_the_container_s(rt, running, below):
    tops = below("sub")
    found = ends_of_groups(rt, running, "--cgroup", "/sub")
    assert {found[key] for key in tops} == {"sub"}
    assert "sub" not in ends_of_groups(rt, running).values()


@pytest.mark.controller("pids", "memory")
def test_control_group_of_one_controller(rt, running, below):
    if groups.version("pids") == 2:
        pytest.skip("controllers of version 2 have one group for all")
    below("sub")
    found = ends_of_groups(rt, running, "--cgroup", "pids:sub")
    assert [key for key, end in found.items() if end == "sub"] == ["pids"]
    found = ends_of_groups(rt, running, "--cgroup", "pids,memory:sub")
    assert sorted(key for key, end in found.items() if end == "sub") == ["memory", "pids"]


@pytest.mark.ocikit
@pytest.mark.parametrize("text, words", [
    ("no-such", ["no-such", "no such file"]), ("..", ["below"]), ("a/../..", ["below"]), ("/", ["below"]),
    ("", ["below"]), ("pids:", ["below"]), ("nothing:sub", ["nothing"]), (":sub", ["controller"])])
def test_control_group_that_is_none(rt, running, text, words):
    rt.call("exec", "--cgroup", text, running, "/bin/true").failed(*words)


@pytest.mark.ocikit
@pytest.mark.parametrize("option, member", [("--apparmor", "apparmorProfile"), ("--process-label", "selinuxLabel")])
def test_labels_of_a_host_that_has_none(rt, running, option, member):
    for path in ("/sys/module/apparmor/parameters/enabled", "/sys/fs/selinux/enforce"):
        if os.path.exists(path):
            pytest.skip(f"this host has {path}")
    rt.call("exec", option, "no-such-label", running, "/bin/true").failed(member)
