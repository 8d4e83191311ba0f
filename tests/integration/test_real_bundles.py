# SPDX-License-Identifier: Apache-2.0
"""Configurations that engines and runc write, run unchanged."""
import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile

import pytest

import bundles
import hostview
from test_terminal import read_until

# Keeps the configuration that the engine made and then fails, so that no container is left.
SPY = """#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in --bundle|-b) cp "$2/config.json" "{target}"; exit 1;; esac
    shift
done
exit 1
"""


@pytest.fixture(scope="session")
def podman_config(rootfs):
    """The config.json that podman hands to a runtime for a small container."""
    if not shutil.which("podman"):
        pytest.skip("podman is missing")
    # podman takes no run folder with a name of more than 50 characters.
    work = pathlib.Path(tempfile.mkdtemp(prefix="podman", dir="/tmp"))
    target, spy = work / "config.json", work / "spy"
    spy.write_text(SPY.format(target=target), encoding="utf-8")
    spy.chmod(0o755)
    podman = ["podman", "--root", str(work / "root"), "--runroot", str(work / "run"),
              "--tmpdir", str(work / "tmp"), "--cgroup-manager=cgroupfs", "--storage-driver=vfs",
              "--events-backend=none", "--runtime", str(spy)]
    done = subprocess.run([*podman, "create", "--name", "c", "--network=none",
                           "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096",
                           "--rootfs", str(rootfs), "/bin/payload", "exit", "11"],
                          capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    subprocess.run([*podman, "start", "c"], capture_output=True, check=False, timeout=60)
    text = target.read_text(encoding="utf-8") if target.exists() else None
    yield text
    subprocess.run([*podman, "rm", "-f", "c"], capture_output=True, check=False, timeout=60)
    shutil.rmtree(work)


@pytest.mark.controller("pids")
def test_podman(rt, podman_config, bundle):
    """Unchanged, apart from the files that podman prepares for its mounts."""
    assert podman_config, "podman did not call its runtime"
    config = json.loads(podman_config)
    # The whole of what an engine asks for: its filter, masks and capabilities.
    assert len(config["linux"]["seccomp"]["syscalls"]) > 5
    assert config["linux"]["maskedPaths"] and config["process"]["capabilities"]["bounding"]
    for mount in config["mounts"]:
        if mount["type"] == "bind" and not os.path.exists(mount["source"]):
            os.makedirs(os.path.dirname(mount["source"]), exist_ok=True)
            open(mount["source"], "w", encoding="ascii").close()
    bundle.path.joinpath("config.json").write_text(podman_config, encoding="utf-8")
    try:
        rt.call("run", "-b", str(bundle.path), rt.new_id()).ok(11)
    finally:
        for path in hostview.cgroups() - rt.snapshot.cgroups:
            if path.endswith("/libpod_parent"):
                os.rmdir(path)


def test_runc_spec(rt, rootfs, tmp_path):
    """terminal is true there, so it gets a pty."""
    if not shutil.which("runc"):
        pytest.skip("runc is missing")
    bundle = bundles.Bundle(tmp_path / "b", {}, rootfs)
    subprocess.run(["runc", "spec", "-b", str(bundle.path)], check=True, timeout=20)
    master, slave = pty.openpty()
    process = rt.popen("run", "-b", str(bundle.path), rt.new_id(), stdin=slave, stdout=slave,
                       stderr=slave, start_new_session=True)
    os.close(slave)
    os.write(master, b"echo from-$((40+2)); exit 9\n")
    text = read_until(master, b"from-42")
    assert b"from-42" in text, text
    read_until(master, b"never", timeout=0.3)
    assert process.wait(10) == 9
    os.close(master)


def test_crun_spec(rt, rootfs, tmp_path):
    if not shutil.which("crun"):
        pytest.skip("crun is missing")
    bundle = bundles.Bundle(tmp_path / "b", {}, rootfs)
    subprocess.run(["crun", "spec", "-b", str(bundle.path)], check=True, timeout=20)
    config = json.loads((bundle.path / "config.json").read_text(encoding="utf-8"))
    config["process"].update(terminal=False, args=["/bin/payload", "exit", "8"])
    bundle.config = config
    rt.run(bundle).ok(8)
