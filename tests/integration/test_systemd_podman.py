# SPDX-License-Identifier: Apache-2.0
"""podman with --cgroup-manager=systemd, where systemd runs the host: its scopes are ocikit's to ask for."""
import json
import os
import shutil
import subprocess
import tempfile

import pytest

from test_systemd import pytestmark as systemd_marks, show

pytestmark = [*systemd_marks, pytest.mark.ocikit,
              pytest.mark.skipif(not shutil.which("podman"), reason="podman is not installed")]


@pytest.fixture
def podman(rt, bundle, tmp_path):
    # It takes no more than 50 characters.
    runroot = tempfile.mkdtemp(dir="/run")
    fixed = ["podman", "--root", str(tmp_path / "root"), "--runroot", runroot,
             "--tmpdir", str(tmp_path / "tmp"), "--storage-driver=vfs", "--cgroup-manager=systemd",
             "--events-backend=file", "--runtime", rt.path]

    # Tests that run at the same time must not share what it locks in shared memory.
    config = tmp_path / "containers.conf"
    config.write_text('[engine]\nlock_type = "file"\n', encoding="utf-8")
    environment = {**os.environ, "CONTAINERS_CONF": str(config)}

    def call(*args, code=0):
        done = subprocess.run([*fixed, *map(str, args)], capture_output=True, check=False, timeout=120, env=environment)
        assert done.returncode == code, done
        return done.stdout.decode()

    yield call
    call("rm", "--all", "--force", "--time", "0")
    shutil.rmtree(runroot)


def run(podman, bundle, *options, command):
    return podman("run", "--network=none", *options, "--rootfs", bundle.rootfs, *command)


def test_run(podman, bundle):
    out = run(podman, bundle, "--rm", "--memory=64m", "--pids-limit=40", "--cpus=0.5", "--cgroupns=host",
              command=["/bin/sh", "-c", "cat /proc/self/cgroup"])
    assert out.strip().startswith("0::/machine.slice/libpod-") and out.strip().endswith(".scope")


def test_life(podman, bundle):
    name = run(podman, bundle, "-d", "--memory=64m", "--pids-limit=40", command=["/bin/sleep", "1000"]).strip()
    scope = f"libpod-{name}.scope"
    assert show(scope, "MemoryMax", "TasksMax", "Slice", "ActiveState") == {
        "MemoryMax": str(64 << 20), "TasksMax": "40", "Slice": "machine.slice", "ActiveState": "active"}
    assert podman("exec", name, "/bin/echo", "hello") == "hello\n"
    podman("pause", name)
    podman("unpause", name)
    stats = json.loads(podman("stats", "--no-stream", "--format=json", name))
    assert stats[0]["pids"] == "1"
    podman("stop", "--time=0", name)
    podman("rm", name)
    assert show(scope, "ActiveState")["ActiveState"] == "inactive"


def test_exit_code(podman, bundle):
    name = run(podman, bundle, "-d", command=["/bin/sh", "-c", "exit 7"]).strip()
    assert podman("wait", name).strip() == "7"
