# SPDX-License-Identifier: Apache-2.0
"""Cgroup version 2 as the only hierarchy: on such a host, else in a view of its own."""
import errno
import os
import subprocess
import time

import pytest

import groups
import hostview

pytestmark = pytest.mark.skipif(groups.top_2() is None, reason="this host has no cgroup version 2")


@pytest.fixture
def rt2(rt):
    """The runtime where there is nothing but version 2."""
    if not groups.unified():
        rt.wrapper = groups.V2_VIEW
    return rt


def folder(rt):
    return groups.top_2() / rt.token


def path_of(pid):
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as lines:
        return dict(line.split(":", 2)[1:] for line in lines.read().splitlines())[""]


def launch(rt, bundle, *command):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux.setdefault("resources", {"devices": []})
    bundle.linux["resources"].pop("pids", None)
    return rt.launch(bundle.args("/bin/sh", "-c", *command) if command else bundle.payload("sleep"))


@pytest.mark.proves("/linux/cgroupsPath")
def test_path(rt2, bundle):
    name = launch(rt2, bundle)
    assert path_of(rt2.pid(name)) == f"/{rt2.token}"
    rt2.stop(name)
    rt2.delete(name)
    rt2.assert_clean()


def test_exec_joins(rt2, bundle):
    bundle.namespace("cgroup", False)
    name = launch(rt2, bundle)
    out = rt2.call("exec", name, "/bin/cat", "/proc/self/cgroup").ok().out
    assert f"0::/{rt2.token}" in out.splitlines()
    rt2.stop(name)


def test_exec_where_the_group_takes_no_process(rt2, bundle):
    """As when a service manager runs in the container: its group has groups with controllers inside."""
    bundle.namespace("cgroup", False)
    name = launch(rt2, bundle)
    top = folder(rt2)
    available = (top / "cgroup.controllers").read_text("ascii").split()
    if not available:
        pytest.skip("version 2 has no controller on this host")
    inner = top / "a" / "b"
    inner.mkdir(parents=True)
    pid = rt2.pid(name)
    (inner / "cgroup.procs").write_text(f"{pid}\n", "ascii")
    (top / "cgroup.subtree_control").write_text(f"+{available[0]}\n", "ascii")
    out = rt2.call("exec", name, "/bin/cat", "/proc/self/cgroup").ok().out
    assert f"0::/{rt2.token}/a/b" in out.splitlines()
    rt2.stop(name)
    rt2.delete(name)
    rt2.assert_clean()


@pytest.mark.ocikit
def test_the_init_is_born_in_its_group(rt2, bundle):
    """clone puts it there: nothing joins, and nothing waits for a join."""
    plan = rt2.call("plan", "-b", bundle).ok().out
    assert "clone into the control group" in plan and "cgroup-join" not in plan


@pytest.mark.ocikit
def test_kill_ends_all(rt2, bundle):
    """Also those who share no pid namespace with the first process."""
    bundle.namespace("pid", False)
    name = launch(rt2, bundle, "sleep 1000 & sleep 1000 & echo up > /up; wait")
    hostview.until(lambda: (bundle.rootfs / "up").exists(), what="the program")
    assert len((folder(rt2) / "cgroup.procs").read_text("ascii").split()) == 3
    rt2.delete(name, "--force")
    rt2.assert_clean()


@pytest.mark.ocikit
def test_groups_of_the_container_go_too(rt2, bundle):
    name = launch(rt2, bundle)
    inner = folder(rt2) / "inner/most"
    inner.mkdir(parents=True)
    (inner / "cgroup.procs").write_text(str(rt2.pid(name)), encoding="ascii")
    rt2.delete(name, "--force")
    rt2.assert_clean()


@pytest.mark.ocikit
def test_frozen_is_paused_and_can_be_deleted(rt2, bundle):
    name = launch(rt2, bundle)
    (folder(rt2) / "cgroup.freeze").write_text("1", encoding="ascii")
    hostview.until(lambda: "frozen 1" in (folder(rt2) / "cgroup.events").read_text("ascii"),
                   what="the freeze")
    assert rt2.status(name) == "paused"
    rt2.delete(name, "--force")
    rt2.assert_clean()


@pytest.mark.ocikit
def test_delete_waits_for_the_kernels_word(rt2, bundle):
    """Not for a clock: the group is gone within moments of its last process."""
    name = launch(rt2, bundle)
    rt2.kill(name, "KILL")
    hostview.wait_exit(rt2.pids[name])
    begin = time.monotonic()
    rt2.delete(name)
    assert time.monotonic() - begin < 2
    assert not folder(rt2).exists()


@pytest.fixture
def unkillable(rt2):
    """A process that does not die before .release(): a freezer of version 1 that is another's holds it."""
    if groups.version("freezer") != 1:
        pytest.skip("this host has no freezer of version 1")
    holder = groups.TOP / "freezer" / f"{rt2.token}-holder"
    holder.mkdir()
    process = subprocess.Popen(["sleep", "1000"])  # pylint: disable=consider-using-with
    rt2.snapshot.children.add(process.pid)
    (holder / "cgroup.procs").write_text(str(process.pid), encoding="ascii")
    (holder / "freezer.state").write_text("FROZEN", encoding="ascii")

    def release():
        (holder / "freezer.state").write_text("THAWED", encoding="ascii")

    process.release = release
    yield process
    release()
    process.kill()
    process.wait()
    hostview.until(lambda: removed(holder), what="the removal of the holder's group")


@pytest.mark.ocikit
def test_a_group_that_will_not_go(rt2, bundle, unkillable):
    """A clear error within the bound, and a delete that can be repeated."""
    name = launch(rt2, bundle)
    (folder(rt2) / "cgroup.procs").write_text(str(unkillable.pid), encoding="ascii")
    rt2.stop(name)
    begin = time.monotonic()
    rt2.delete(name, check=False).failed("cannot be removed", f"process {unkillable.pid}", "delete again")
    assert time.monotonic() - begin < 9
    assert rt2.status(name) == "stopped"
    unkillable.release()
    assert unkillable.wait(timeout=5) == -9
    rt2.delete(name)
    assert rt2.entries() == [] and not folder(rt2).exists()


@pytest.mark.ocikit
def test_delegation(rt2, bundle):
    """With a user namespace, a cgroup namespace and a writable mount the group is the container's user's."""
    bundle.user_namespace().namespace("cgroup")
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "cgroup"]
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])
    name = launch(rt2, bundle)
    given = {path.name for path in folder(rt2).iterdir() if path.stat().st_uid == 100000}
    listed = set(open("/sys/kernel/cgroup/delegate", encoding="ascii").read().split())
    assert given == {file for file in listed if (folder(rt2) / file).exists()}
    assert "cgroup.procs" in given
    assert folder(rt2).stat().st_uid == 100000 and folder(rt2).stat().st_gid == 0
    rt2.call("exec", name, "/bin/mkdir", "/sys/fs/cgroup/own").ok()
    assert (folder(rt2) / "own").is_dir()
    rt2.delete(name, "-f")
    rt2.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("case", ["read only", "no cgroup namespace", "no user namespace", "no mount"])
def test_no_delegation(rt2, bundle, case):
    if case != "no user namespace":
        bundle.user_namespace()
    bundle.namespace("cgroup", False if case == "no cgroup namespace" else None)
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "cgroup"]
    if case != "no mount":
        bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup",
                     ["nosuid", "noexec", "nodev", *(["ro"] if case == "read only" else [])])
    name = launch(rt2, bundle)
    assert folder(rt2).stat().st_uid == 0
    assert (folder(rt2) / "cgroup.procs").stat().st_uid == 0
    rt2.delete(name, "-f")


@pytest.mark.ocikit
@pytest.mark.skipif(groups.version("hugetlb") != 2, reason="hugetlb is no controller of version 2 here")
def test_processes_above_hinder_a_controller(rt2, bundle):
    """Version 2 hands controllers down only from groups without processes: said in so many words."""
    outer = groups.top_2() / f"{rt2.token}-outer"
    outer.mkdir()
    rt2.snapshot.cgroups.add(str(outer))
    held = os.fork()
    if held == 0:
        os.execvp("sleep", ["sleep", "1000"])
    rt2.snapshot.children.add(held)
    try:
        (outer / "cgroup.procs").write_text(str(held), encoding="ascii")
        bundle.linux["cgroupsPath"] = f"/{rt2.token}-outer/inner"
        bundle.linux["resources"] = {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}
        rt2.run(bundle.payload("exit", "0")).failed("/linux/resources/hugepageLimits/0",
                                                    "has processes of its own")
        rt2.assert_clean()
    finally:
        os.kill(held, 9)
        hostview.wait_exit(held)
        hostview.until(lambda: removed(outer), what="the removal of the outer group")


def removed(path):
    try:
        path.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True
