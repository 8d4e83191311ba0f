# SPDX-License-Identifier: Apache-2.0
"""--systemd-cgroup as an ordinary user, whose own systemd makes the scopes; in the test bed only, as the user has to
be one of the host's.
"""
import os
import subprocess
from pathlib import Path

import pytest

import hostview
import ordinary_user
from ordinary_user import UID
from test_systemd import pytestmark as systemd_marks

RUNTIME = f"/run/user/{UID}"
SIZE = 64 << 20
pytestmark = [*systemd_marks, pytest.mark.ocikit,
              pytest.mark.skipif(not os.environ.get("OCIKIT_TESTBED"), reason="this is not the test bed"),
              pytest.mark.skipif(not os.path.exists("/usr/lib/systemd/user/dbus.socket"),
                                 reason="dbus-user-session is not installed")]


@pytest.fixture(scope="session")
def manager(host):
    """The user's systemd and bus."""
    passwd = Path("/etc/passwd")
    line = f"{ordinary_user.NAME}:x:{UID}:{UID}::/:/bin/sh\n"
    if line not in passwd.read_text("utf-8"):
        passwd.write_text(passwd.read_text("utf-8") + line, "utf-8")
    # What logind and PAM would do.
    os.makedirs(RUNTIME, mode=0o700, exist_ok=True)
    os.chown(RUNTIME, UID, UID)
    unit = f"user@{UID}.service"
    for template, text in (("user-runtime-dir@", "ExecStart=\nExecStart=/bin/true\nExecStop=\n"),
                           ("user@", "PAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%i\n")):
        drop_in = Path(f"/run/systemd/system/{template}.service.d/testbed.conf")
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text(f"[Service]\n{text}", "ascii")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    done = subprocess.run(["systemctl", "start", unit], capture_output=True, check=False)
    assert done.returncode == 0, subprocess.run(["systemctl", "status", unit], capture_output=True, check=False).stdout
    hostview.until(lambda: os.path.exists(f"{RUNTIME}/bus"), 30, "the user's bus")
    return ordinary_user.as_user(XDG_RUNTIME_DIR=RUNTIME)


@pytest.fixture
def systemd(manager, user_rt, user_bundle):
    """The runtime as a program of the user's own manager calls it."""
    user_rt.wrapper = [*manager, "systemd-run", "--user", "--scope", "--quiet", "--collect"]
    user_rt.globals = ["--systemd-cgroup"]
    user_bundle.linux["cgroupsPath"] = f"oct-test.slice:{user_rt.token}:web"
    user_bundle.config["mounts"] = [m for m in user_bundle.config["mounts"] if m["type"] != "cgroup"]
    return user_rt


def show(manager, unit, *names):
    out = subprocess.run([*manager, "systemctl", "--user", "show", unit, "-p", ",".join(names)], check=True,
                         capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in out.splitlines())


def test_scope_of_the_user(systemd, manager, user_bundle):
    scope = f"{systemd.token}-web.scope"
    user_bundle.linux["resources"] = {"memory": {"limit": SIZE}, "pids": {"limit": 20}}
    name = systemd.launch(user_bundle.args("/bin/sleep", "1000"))
    found = show(manager, scope, "MemoryMax", "TasksMax", "Slice", "ControlGroup")
    assert (found["MemoryMax"], found["TasksMax"], found["Slice"]) == (str(SIZE), "20", "oct-test.slice")
    assert found["ControlGroup"].startswith(f"/user.slice/user-{UID}.slice/user@{UID}.service/oct.slice/")
    folder = f"/sys/fs/cgroup{found['ControlGroup']}"
    assert Path(folder, "memory.max").read_text("ascii").strip() == str(SIZE)
    assert Path(folder, "cgroup.procs").read_text("ascii").split() == [str(systemd.pid(name))]
    systemd.call("update", "--pids-limit", "30", name).ok()
    assert show(manager, scope, "TasksMax")["TasksMax"] == "30"
    assert systemd.exec(name, ["/bin/echo", "hello"]).ok().out == "hello\n"
    systemd.stop(name)
    systemd.delete(name)
    hostview.until(lambda: show(manager, scope, "ActiveState")["ActiveState"] == "inactive")


def test_name_without_a_path(systemd, manager, user_bundle):
    user_bundle.linux.pop("cgroupsPath")
    name = systemd.launch(user_bundle.args("/bin/sleep", "1000"))
    assert show(manager, f"ocikit-{name}.scope", "Slice", "ActiveState") == {"Slice": "user.slice",
                                                                            "ActiveState": "active"}


def test_from_outside_of_the_manager_s_groups(systemd, manager, user_bundle):
    """The kernel lets a user move no process out of a group that is not the user's: said so, and nothing left."""
    systemd.wrapper = manager
    systemd.call("create", "-b", user_bundle.args("/bin/sleep", "1000"), systemd.new_id()).failed(
        "control group", "systemd-run --user --scope")
    assert systemd.entries() == []


def test_no_bus(systemd, manager, user_bundle):
    systemd.wrapper = ordinary_user.as_user(XDG_RUNTIME_DIR=str(systemd.home))
    systemd.run(user_bundle).failed(f"{systemd.home}/bus", "no such file")
