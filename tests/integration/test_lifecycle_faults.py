# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in the middle: processes that die, two callers at once, full disks, callers that go."""
import errno
import os
import signal
import shutil
import subprocess
import time

import pytest

import hostview


def finished(process, timeout=15):
    return process.wait(timeout)


def test_start_after_the_first_process_died(rt, bundle):
    name = rt.create(bundle.args("/bin/touch", "/ran"))
    pid = rt.pid(name)
    os.kill(pid, signal.SIGKILL)
    hostview.wait_exit(pid)
    rt.call("start", name, timeout=10).failed("")
    assert rt.status(name) == "stopped"
    assert not (bundle.rootfs / "ran").exists()
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
def test_two_starts_at_once(rt, bundle):
    """One starts it, the other is told; the program runs once.  A second start of runc hangs."""
    for _ in range(5):
        name = rt.create(bundle.args("/bin/sh", "-c", "echo ran >> /runs; exec sleep 1000"))
        (bundle.rootfs / "runs").unlink(missing_ok=True)
        starts = [rt.popen("start", name, stderr=subprocess.PIPE) for _ in range(2)]
        texts = [start.communicate(timeout=15)[1] for start in starts]
        codes = sorted(start.returncode != 0 for start in starts)
        assert codes == [False, True], texts
        hostview.until(lambda: (bundle.rootfs / "runs").exists(), what="the program")
        assert (bundle.rootfs / "runs").read_text(encoding="utf-8") == "ran\n"
        rt.stop(name)
        rt.delete(name)
    rt.assert_clean()


def test_exec_into_a_container_that_dies(rt, bundle):
    """Whatever the moment: it ran, or the reason is told; nothing hangs, nothing is left."""
    outcomes = set()
    for delay in (0.0, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03, 0.05):
        name = rt.launch(bundle.args("/bin/sh", "-c", "sleep 0.02"))
        time.sleep(delay)
        result = rt.call("exec", name, "/bin/true", timeout=10)
        outcomes.add(result.code == 0)
        if result.code != 0:
            assert result.err.strip() or result.code == 137, result
        rt.wait(name)
        rt.delete(name)
        rt.assert_clean()
    assert False in outcomes


@pytest.mark.ocikit
def test_exec_while_the_container_is_deleted(rt, bundle):
    for delay in (0.0, 0.003, 0.006, 0.01):
        name = rt.launch(bundle.payload("sleep"))
        deletion = rt.popen("delete", "--force", name)
        time.sleep(delay)
        result = rt.call("exec", name, "/bin/sleep", "1000", timeout=15)
        assert result.code != 0
        assert finished(deletion) == 0
        rt.assert_clean()


def slow_start(rt, bundle):
    """A container whose start waits for a hook; the starting process and the container's."""
    bundle.hook("startContainer", "/bin/sh", "-c", "echo up > /up; exec sleep 1000")
    name = rt.create(bundle.args("/bin/touch", "/ran"))
    start = rt.popen("start", name, stderr=subprocess.PIPE)
    hostview.until(lambda: (bundle.rootfs / "up").exists(), what="the hook")
    return name, start


@pytest.mark.ocikit
def test_kill_during_start(rt, bundle):
    name, start = slow_start(rt, bundle)
    pid = rt.pid(name)
    rt.kill(name, "KILL")
    assert start.communicate(timeout=10)[1].strip()
    assert start.returncode != 0
    hostview.wait_exit(pid)
    assert rt.status(name) == "stopped"
    assert not (bundle.rootfs / "ran").exists()
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
def test_the_starter_is_killed(rt, bundle):
    """The hook ends with who waited for it, and the program does not run behind everybody's back."""
    name, start = slow_start(rt, bundle)
    pid = rt.pid(name)
    start.kill()
    start.communicate(timeout=10)
    hostview.wait_exit(pid)
    assert rt.status(name) == "stopped"
    assert not (bundle.rootfs / "ran").exists()
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
def test_delete_during_start(rt, bundle):
    name, start = slow_start(rt, bundle)
    rt.call("delete", "--force", name).ok()
    assert start.wait(10) != 0
    start.communicate()
    rt.assert_clean()


@pytest.fixture
def small_disk(rt, tmp_path):
    """A filesystem of a megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    hostview.mount("small", place, "tmpfs", 0, "size=1m,mode=755")
    rt.snapshot.mounts = hostview.mounts()
    yield place
    hostview.umount(place)
    rt.snapshot.mounts = hostview.mounts()


def fill(place):
    with open(place / "filler", "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


@pytest.mark.ocikit
def test_state_on_a_full_disk(rt, bundle, small_disk):
    rt.root = small_disk / "state"
    rt.root.mkdir()
    fill(small_disk)
    bundle.hook("poststop", "/bin/true")
    for _ in range(3):
        rt.call("create", "-b", bundle, rt.new_id()).failed("no space left")
        rt.assert_clean()
    (small_disk / "filler").unlink()
    rt.run(bundle.payload("exit", "6")).ok(6)
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_disk_that_fills_up_while_the_container_runs(rt, bundle, small_disk):
    """What has to be written to start and to delete it is nothing."""
    rt.root = small_disk / "state"
    rt.root.mkdir()
    name = rt.create(bundle.payload("sleep"))
    rt.pids[name] = rt.pid(name)
    fill(small_disk)
    rt.start(name)
    rt.call("exec", name, "/bin/true").ok()
    assert rt.status(name) == "running"
    rt.delete(name, "--force")
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_bundle_on_a_full_disk(rt, bundle, tmp_path):
    """Mount points cannot be made; what was made of them before is the bundle's, as always."""
    place = tmp_path / "disk"
    place.mkdir()
    hostview.mount("disk", place, "tmpfs", 0, "size=8m,nr_inodes=120,mode=755")
    rt.snapshot.mounts = hostview.mounts()
    try:
        shutil.copytree(bundle.rootfs, place / "rootfs", symlinks=True)
        with pytest.raises(OSError):
            for number in range(200):
                (place / f"filler{number}").touch()
        bundle.config["root"]["path"] = str(place / "rootfs")
        bundle.mount("/new/folder", "tmpfs", "tmpfs", [])
        place_of = f"/mounts/{len(bundle.config['mounts']) - 1}"
        rt.run(bundle).failed(place_of, "no space left")
        rt.assert_clean()
    finally:
        hostview.umount(place)
        rt.snapshot.mounts = hostview.mounts()
