# SPDX-License-Identifier: Apache-2.0
"""--systemd-cgroup with a stand-in for systemd: what it is told, and what becomes of a create when it misbehaves.

The stand-in answers at the address of the system's bus in the test's own mount namespace.
"""
import os
import pathlib
import shutil
import subprocess
import time

import pytest

import groups
import hostview

HEADERS = "/usr/include/systemd/sd-bus.h"
pytestmark = [
    pytest.mark.ocikit,
    pytest.mark.skipif(not groups.unified(), reason="version 2 of control groups is not alone here"),
    pytest.mark.skipif(not os.path.exists(HEADERS), reason="libsystemd-dev is not installed"),
]


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    target = tmp_path_factory.mktemp("systemd") / "fake_systemd"
    subprocess.run([shutil.which("gcc"), "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", str(target),
                    str(pathlib.Path(__file__).with_name("fake_systemd.c")), "-lsystemd"], check=True)
    return target


class Fake:
    def __init__(self, process, log, token):
        self.process = process
        self.log = log
        self.scope = f"{token}-x.scope"

    def calls(self):
        return self.log.read_text("utf-8").splitlines()


@pytest.fixture
def systemd(rt, bundle, program, tmp_path):
    """systemd(BEHAVIOUR): the runtime's systemd from now on."""
    folder = tmp_path / "dbus"
    folder.mkdir()
    os.makedirs("/run/dbus", exist_ok=True)
    hostview.mount(str(folder), "/run/dbus", None, 0x1000)
    fakes = []

    def start(behaviour):
        log = tmp_path / "calls"
        with open(log, "wb") as out:
            process = subprocess.Popen([program, folder / "system_bus_socket", behaviour], stdout=out)
        fakes.append(Fake(process, log, rt.token))
        hostview.until(lambda: (folder / "system_bus_socket").exists())
        return fakes[-1]

    rt.globals = ["--systemd-cgroup"]
    bundle.linux["cgroupsPath"] = f"{rt.token}.slice:{rt.token}:x"
    yield start
    for name in rt.entries():
        rt.call("delete", "-f", name)
    for fake in fakes:
        fake.process.kill()
        fake.process.wait()
    hostview.umount("/run/dbus")
    # Slices are systemd's, and stay when a scope ends.
    for above in ("", "/fake.slice"):
        for path in (f"{above}/oct.slice/{rt.token}.slice", f"{above}/oct.slice", above):
            try:
                os.rmdir(f"/sys/fs/cgroup{path}")
            except OSError:
                pass  # It is not there, or other tests use it too.


def test_what_systemd_is_told(rt, bundle, systemd):
    fake = systemd("works")
    limits = {"TasksMax=30"} if groups.has("pids") else set()
    if limits:
        bundle.linux["resources"]["pids"] = {"limit": 30}
    bundle.config["annotations"] = {"org.systemd.property.TimeoutStopSec": "uint64 3"}
    name = rt.launch(bundle.payload("sleep"))
    start, settle = fake.calls()
    words = start.split()
    assert words[:2] == ["start", fake.scope]
    assert {"Description", "Slice", "PIDs", "Delegate", "CollectMode", "TimeoutStopUSec=3000000"} <= set(words)
    # The set-up itself needs more processes.
    assert not any(word.startswith("TasksMax") for word in words)
    assert settle.split()[:2] == ["set", fake.scope]
    assert limits | {"DevicePolicy", "DeviceAllow"} <= set(settle.split())
    with open(f"/proc/{rt.pid(name)}/cgroup", encoding="ascii") as file:
        assert file.read().strip().endswith(f"/{fake.scope}")
    rt.stop(name)
    rt.delete(name)
    assert fake.calls()[-1] == f"stop {fake.scope}"


def test_update(rt, bundle, systemd):
    if not groups.has("hugetlb"):
        pytest.skip("this host has no hugetlb controller of version 2")
    fake = systemd("works")
    name = rt.launch(bundle.payload("sleep"))
    text = '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}], "devices": [{"allow": false, "access": "rwm"}]}'
    rt.call("update", "-r", "-", name, stdin=text.encode()).ok()
    assert fake.calls()[-1].startswith(f"set {fake.scope}") and "DevicePolicy" in fake.calls()[-1]
    rt.stop(name)


def test_below_the_manager_s_own_group(rt, bundle, systemd):
    fake = systemd("elsewhere")
    name = rt.launch(bundle.payload("sleep"))
    with open(f"/proc/{rt.pid(name)}/cgroup", encoding="ascii") as file:
        path = file.read().strip()
    assert "/fake.slice/" in path and path.endswith(fake.scope)
    rt.stop(name)
    rt.delete(name)


@pytest.mark.parametrize("behaviour, texts", [
    ("refuses", ["start scope", "was already loaded", "systemctl stop"]),
    ("refuses-limits", ["change scope", "Not today"]),
    ("closes", ["/run/dbus/system_bus_socket", "connection"]),
    ("nonsense", ["/run/dbus/system_bus_socket"]),
])
def test_failures(rt, bundle, systemd, behaviour, texts):
    fake = systemd(behaviour)
    rt.run(bundle.payload("exit", "0")).failed(*texts)
    assert rt.entries() == []
    # What was started is stopped, and what was not is somebody else's.
    stopped = f"stop {fake.scope}" in fake.calls()
    assert stopped == (behaviour == "refuses-limits")
    hostview.until(lambda: not hostview.children().keys() - {fake.process.pid})


@pytest.mark.parametrize("behaviour, text", [("silent", "connection timed out"), ("mute", "connection timed out"), ("lost", "did not start scope")])
def test_failures_that_take_their_time(rt, bundle, systemd, behaviour, text):
    """Bounded: ten seconds for an answer, and for a process to be where it belongs."""
    systemd(behaviour)
    before = time.monotonic()
    rt.run(bundle.payload("exit", "0"), timeout=60).failed(text)
    assert 9 < time.monotonic() - before < 25
    assert rt.entries() == []


@pytest.mark.parametrize("address", ["unixexec:path=/bin/touch,argv1={mark}", "tcp:host=127.0.0.1,port=1",
                                     "unix:path=/nowhere;unixexec:path=/bin/touch,argv1={mark}", "nonsense"])
def test_addresses_that_are_not_local(rt, bundle, systemd, tmp_path, address):
    """Some would start a program in the caller's name.  The address of a record is one that was used before."""
    fake = systemd("works")
    name = rt.launch(bundle.payload("sleep"))
    record = rt.root / name / "record.json"
    text = record.read_text("utf-8")
    assert "unix:path=/run/dbus/system_bus_socket" in text
    record.write_text(text.replace("unix:path=/run/dbus/system_bus_socket", address.format(mark=tmp_path / "mark")), "utf-8")
    rt.call("update", "-r", "-", name, stdin=b'{"devices": [{"allow": true, "access": "rwm"}]}').failed("begins with unix:")
    assert not (tmp_path / "mark").exists() and fake.process.poll() is None
    record.write_text(text, "utf-8")
    rt.stop(name)


def test_no_bus(rt, bundle, systemd):
    rt.run(bundle.payload("exit", "0")).failed("/run/dbus/system_bus_socket", "no such file")
    assert rt.entries() == []


def test_systemd_ends_before_the_container(rt, bundle, systemd):
    """The container goes all the same: its group is empty, and a scope without a group is none."""
    fake = systemd("works")
    name = rt.launch(bundle.payload("sleep"))
    fake.process.kill()
    fake.process.wait()
    rt.stop(name)
    result = rt.delete(name)
    assert "message bus" in result.err
    assert rt.entries() == []


def test_a_killed_create_stops_nobody_s_scope(rt, bundle, systemd):
    """The process that held the scope ends with the create."""
    fake = systemd("lost")
    process = rt.popen("create", "-b", bundle.payload("sleep"), rt.new_id(), stderr=subprocess.DEVNULL)
    hostview.until(lambda: fake.calls())
    process.kill()
    process.wait()
    hostview.until(lambda: hostview.reap([fake.process.pid]) or set(hostview.children()) == {fake.process.pid})
    for name in rt.entries():
        rt.delete(name, "--force")
    assert not any(call.startswith("stop") for call in fake.calls())


def test_not_on_version_1(rt, bundle, tmp_path):
    """Said of a hybrid host by test_commands.py; here only that a plan needs no bus."""
    rt.globals = ["--systemd-cgroup"]
    bundle.linux["cgroupsPath"] = f"{rt.token}.slice:{rt.token}:x"
    assert "clone into the control group" in rt.call("plan", "-b", bundle).ok().out
