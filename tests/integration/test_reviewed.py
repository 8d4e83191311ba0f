# SPDX-License-Identifier: Apache-2.0
"""What reviews found wrong once, each with the case that showed it."""
import os
import subprocess
import time
from pathlib import Path

import pytest

import hostview

pytestmark = pytest.mark.ocikit
CGROUPS = Path(hostview.CGROUPS)


def without_mount_namespace(bundle):
    bundle.namespace("mount", False)
    bundle.config["mounts"] = []
    for part in ("maskedPaths", "readonlyPaths"):
        bundle.linux.pop(part, None)
    return bundle


def test_exec_without_a_mount_namespace_stays_in_the_root(rt, bundle):
    name = rt.launch(without_mount_namespace(bundle).payload("sleep"))
    out = rt.call("exec", name, "/bin/payload", "probe", "stat", "/bin/payload",
                  "stat", "/usr/bin/dpkg").json()
    assert out[0]["errno"] == 0 and out[1]["errno"] != 0


@pytest.mark.parametrize("member", ["uid", "gid"])
def test_the_id_that_means_no_change(rt, bundle, member):
    bundle.process["user"][member] = 4294967295
    rt.run(bundle).failed(f"/process/user/{member}")
    rt.assert_clean()


def test_hooks_have_the_callers_umask(rt, bundle, tmp_path):
    target = tmp_path / "made"
    bundle.hook("createRuntime", "/bin/sh", "-c", f": > {target}")
    old = os.umask(0o077)
    try:
        rt.run(bundle.payload("exit", "0")).ok()
    finally:
        os.umask(old)
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not (CGROUPS / "memory").is_dir(), reason="no memory controller of version 1")
def test_a_limit_without_its_controller(rt, bundle):
    bundle.linux["resources"] = {"memory": {"limit": 64 << 20}}
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "cgroup"]
    rt.wrapper = ["unshare", "-m", "sh", "-c", f'umount {CGROUPS}/memory; exec "$@"', "x"]
    rt.run(bundle).failed("/linux/resources/memory/limit", "no memory controller")


@pytest.mark.parametrize("path", ["/oct/.", "/./oct", "."])
def test_dots_in_the_group_s_path(rt, bundle, path):
    bundle.linux["cgroupsPath"] = path
    rt.run(bundle).failed("/linux/cgroupsPath")
    rt.assert_clean()


@pytest.mark.controller("pids")
def test_one_process_in_a_user_namespace(rt, bundle):
    bundle.user_namespace()
    bundle.linux["resources"] = {"pids": {"limit": 1}}
    rt.run(bundle.payload("exit", "0")).ok()


def test_the_callers_own_uts_namespace_by_path(rt, bundle):
    bundle.namespace("uts", "/proc/self/ns/uts")
    before = os.uname().nodename
    rt.run(bundle).failed("/linux/namespaces/", "the caller's own")
    assert os.uname().nodename == before
    rt.assert_clean()


@pytest.mark.parametrize("inside", ["", "/sys/net"])
def test_a_link_to_proc_as_mount_point(rt, bundle, tmp_path, inside):
    (bundle.rootfs / "vol").symlink_to("/proc")
    bundle.mount("/vol" + inside, tmp_path)
    rt.run(bundle).failed("/mounts/", "inside /proc")
    rt.assert_clean()


def test_a_directory_that_only_root_may_enter(rt, bundle):
    (bundle.rootfs / "closed").mkdir(mode=0o700)
    bundle.process["cwd"] = "/closed"
    bundle.process["user"] = {"uid": 1000, "gid": 1000}
    assert rt.report(bundle)["cwd"] == "/closed"


@pytest.mark.skipif(not (CGROUPS / "freezer").is_dir(), reason="no freezer of version 1")
def test_a_frozen_container(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    group = next((CGROUPS / "freezer").glob(f"**/{name}"))
    (group / "freezer.state").write_text("FROZEN", encoding="ascii")
    assert rt.state(name)["status"] == "paused"
    rt.call("exec", name, "/bin/payload", "exit", "0", check=False).failed("paused")
    rt.call("delete", name, check=False).failed("paused")
    began = time.monotonic()
    rt.delete(name, "--force")
    assert time.monotonic() - began < 5


def test_a_long_path_times_a_long_name(rt, bundle):
    bundle.process["env"] = ["PATH=" + ":" * 100000]
    bundle.args("x" * 100000)
    began = time.monotonic()
    rt.run(bundle).failed("too long")
    assert time.monotonic() - began < 5
    rt.assert_clean()


@pytest.mark.parametrize("user", [False, True])
def test_a_cancelled_create_takes_its_hook_along(rt, bundle, tmp_path, user):
    """The hook's own child, too: they are one process group."""
    if user:
        bundle.user_namespace()
    bundle.hook("createRuntime", "/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60; true")
    process = rt.popen("create", "-b", bundle.save().path if hasattr(bundle.save(), "path")
                       else bundle.path, rt.new_id(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pid = tmp_path / "pid"
    for _ in range(100):
        if pid.exists() and pid.read_text(encoding="ascii").strip():
            break
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode != 0
    time.sleep(0.1)
    assert not Path(f"/proc/{pid.read_text(encoding='ascii').strip()}/cwd").exists()
    rt.assert_clean()


@pytest.mark.skipif(not (CGROUPS / "freezer").is_dir(), reason="no freezer of version 1")
def test_looking_at_a_frozen_init(rt, bundle):
    """Nobody may wait for what does not answer: each look would take a place in its queue."""
    name = rt.create(bundle.payload("sleep"))
    group = next((CGROUPS / "freezer").glob(f"**/{name}"))
    (group / "freezer.state").write_text("FROZEN", encoding="ascii")
    began = time.monotonic()
    for _ in range(12):
        assert rt.state(name)["status"] == "created"
    rt.delete(name, "--force")
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not (CGROUPS / "freezer").is_dir(), reason="no freezer of version 1")
def test_frozen_survivors_of_a_dead_init(rt, bundle):
    bundle.namespace("pid", False)
    name = rt.launch(bundle.args("sh", "-c", "sleep 50 & sleep 60"))
    time.sleep(0.2)
    group = next((CGROUPS / "freezer").glob(f"**/{name}"))
    rt.call("kill", name, "KILL")
    time.sleep(0.2)
    (group / "freezer.state").write_text("FROZEN", encoding="ascii")
    began = time.monotonic()
    rt.delete(name, "--force")
    assert time.monotonic() - began < 4


def test_a_component_that_is_too_long(rt, bundle):
    bundle.linux["cgroupsPath"] = "/oct" + "x" * 300
    rt.run(bundle).failed("/linux/cgroupsPath")
    rt.assert_clean()


def test_a_start_hook_under_an_early_filter(rt, bundle):
    bundle.process["noNewPrivileges"] = False
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid")
    bundle.hook("startContainer", "/bin/sh", "-c", "exit 0")
    rt.run(bundle.payload("exit", "0")).ok()


def test_created_until_the_program_runs(rt, bundle):
    bundle.hook("startContainer", "/bin/sh", "-c", "sleep 1")
    name = rt.create(bundle.payload("sleep"))
    process = rt.popen("start", name)
    time.sleep(0.4)
    assert rt.state(name)["status"] == "created"
    process.wait(timeout=10)
    assert rt.state(name)["status"] == "running"
