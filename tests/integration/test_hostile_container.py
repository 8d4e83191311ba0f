# SPDX-License-Identifier: Apache-2.0
"""A container whose program works against what the host's commands start in its pid namespace."""
import os
import subprocess
import time
from contextlib import contextmanager

import pytest

import groups
import hostview
from test_mounts_command import add, remove, targets, tmpfs

pytestmark = pytest.mark.ocikit
ROUNDS = int(os.environ.get("OCIKIT_RACE_ROUNDS", "25"))
PROC = {"destination": "/p", "type": "proc", "source": "proc", "options": ["subset=pid"]}


@pytest.fixture
def hostile(rt, bundle):
    """Launches the payload with the capability to look into every process of the container."""
    def launch(*what):
        bundle.capabilities("CAP_SYS_PTRACE", "CAP_KILL", "CAP_DAC_OVERRIDE")
        names.append(rt.launch(bundle.payload(*what)))
        return names[-1]

    names = []
    yield launch
    for name in names:
        rt.kill(name)
        # What a container's processes traced, or exec left, is collected by who adopted it, which is this process.
        hostview.until(lambda name=name: hostview.reap() or rt.status(name) == "stopped", 20, "the end")


@contextmanager
def mounted_proc(rt, name, place, path):
    """A procfs of the container's pid namespace, on a host's path.  Who makes it has ended when it can be seen."""
    place.mkdir()
    subprocess.run(["nsenter", f"--pid=/proc/{rt.pid(name)}/ns/pid", "mount", "-t", "proc", "-o", "subset=pid", "proc",
                    str(place)], check=True)
    try:
        subprocess.run(["mount", "--bind", str(place), str(path)], check=True)
        yield
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def found_by(rt, name):
    try:
        with open(f"/proc/{rt.pid(name)}/root/home/found", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("call", ["exec", "mounts"])
def test_nothing_of_the_host_is_open_in_the_pid_namespace(rt, hostile, outside, call):
    """/proc/PID/fd, cwd and root of what the host starts there lead into the container."""
    name = hostile("look-out", str(outside / "marker"))
    for _ in range(ROUNDS):
        if call == "exec":
            rt.call("exec", name, "/bin/payload", "exit", "0").ok()
        else:
            add(rt, name, PROC).ok()
            rt.call("exec", name, "/bin/payload", "exit", "0").ok()
    assert found_by(rt, name) == ""


def test_nothing_of_the_host_without_a_mount_namespace(rt, bundle, hostile, outside, tmp_path):
    """There the host's root is the working directory and the root of what comes, until it enters the container's."""
    bundle.linux["namespaces"] = [n for n in bundle.linux["namespaces"] if n["type"] != "mount"]
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = bundle.config["mounts"] = []
    bundle.config["root"]["readonly"] = False
    (bundle.rootfs / "proc").mkdir(exist_ok=True)
    name = hostile("look-out", str(outside / "marker"))
    with mounted_proc(rt, name, tmp_path / "procfs", bundle.rootfs / "proc"):
        for _ in range(ROUNDS):
            rt.call("exec", name, "/bin/payload", "exit", "0").ok()
    found = bundle.rootfs / "home/found"
    assert not found.exists(), found.read_text("ascii")


def test_who_looks_finds_what_is_there(rt, hostile, outside):
    """The program of the test above sees a directory of the host that an exec was given."""
    name = hostile("look-out", "/marker")
    subprocess.run(["sh", "-c", 'exec 3<"$0"; exec "$@"', str(outside),
                    *rt.argv("exec", "--preserve-fds", "1", name, "/bin/payload", "sleep", "1")], check=True)
    assert "/fd/3" in found_by(rt, name)


@pytest.mark.parametrize("call", ["exec", "mounts"])
def test_an_init_that_is_stopped_goes_on(rt, hostile, call):
    """Whoever sends SIGSTOP all the time delays, and does not keep the container's lock from others."""
    name = hostile("stop")
    for _ in range(5):
        if call == "mounts":
            add(rt, name, PROC).ok()
        else:
            process = rt.popen("exec", "--detach", name, "/bin/payload", "exit", "0")
            assert process.wait(60) == 0


def test_an_init_that_is_held_is_given_up(rt, hostile):
    """Nothing lets a traced process go on: the change fails in its time, and the next one has the lock."""
    name = hostile("hold")
    for _ in range(100):
        before = time.monotonic()
        result = add(rt, name, PROC)
        if result.code:
            break
    result.failed("did not end its work in 10000 ms")
    assert 9 < time.monotonic() - before < 25
    add(rt, name, tmpfs("/a")).ok()
    assert "/a" in targets(rt, name)


@pytest.mark.skipif(not groups.has("memory"), reason="no memory controller")
@pytest.mark.parametrize("paused", [False, True])
def test_a_copy_is_charged_to_the_container(rt, bundle, paused):
    """tmpcopyup of a running container counts as its memory, and its limit bounds the copy."""
    (bundle.rootfs / "home/big").write_bytes(os.urandom(8 << 20))
    path = f"/ocikit-copy-{rt.new_id()}"
    bundle.linux["cgroupsPath"] = path
    bundle.linux["resources"] = {"memory": {"limit": 64 << 20}}
    name = rt.launch(bundle.payload("sleep"))
    if paused:
        rt.call("pause", name).ok()
    usage = "memory.usage_in_bytes" if groups.version("memory") == 1 else "memory.current"
    before = int(groups.read("memory", path[1:], usage))
    add(rt, name, tmpfs("/home", "tmpcopyup")).ok()
    if not (paused and groups.version("memory") == 2):
        assert int(groups.read("memory", path[1:], usage)) - before >= 7 << 20
    if paused:
        rt.call("resume", name).ok()
    remove(rt, name, "/home").ok()
    assert rt.status(name) == "running"


@pytest.mark.skipif(not groups.has("memory"), reason="no memory controller")
def test_a_copy_beyond_the_limit_fails(rt, bundle):
    (bundle.rootfs / "home/big").write_bytes(os.urandom(48 << 20))
    bundle.linux["resources"] = {"memory": {"limit": 24 << 20, "swap": 24 << 20}}
    name = rt.launch(bundle.payload("sleep"))
    add(rt, name, tmpfs("/home", "tmpcopyup")).failed("memory limit")
    assert "/home" not in targets(rt, name)
    add(rt, name, tmpfs("/home")).ok()
