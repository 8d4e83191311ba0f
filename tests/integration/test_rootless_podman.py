# SPDX-License-Identifier: Apache-2.0
"""podman without root, with control groups of its own manager, as engines call the runtime."""
import os
import shutil
import subprocess

import pytest

import ordinary_user
from ordinary_user import UID

pytestmark = pytest.mark.ocikit


@pytest.fixture
def podman(user_rt, user_bundle):
    """Call podman as the user; the image "box" has the root filesystem of the tests."""
    for tool in ("podman", "conmon"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    home = user_rt.home
    (home / "run").mkdir()
    ordinary_user.own(home)
    fixed = ["podman", "--root", str(home / "storage"), "--runroot", str(home / "runroot"),
             "--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=file",
             "--runtime", user_rt.path]

    def call(*args, **options):
        done = subprocess.run(
            ordinary_user.as_user(*fixed, *args, HOME=str(home), XDG_RUNTIME_DIR=str(home / "run")),
            capture_output=True, check=False, timeout=60, cwd=home, **options)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    archive = subprocess.run(["tar", "-C", str(user_bundle.rootfs), "-c", "."], check=True, capture_output=True)
    code, _, err = call("import", "-", "localhost/box", input=archive.stdout)
    assert code == 0, err
    yield call
    call("rm", "--all", "--force", "--time", "0")
    # What the containers' users own is not the user's; podman's pause process holds the namespace.
    call("unshare", "rm", "-rf", str(home / "storage"))
    end_pause(home)


def end_pause(home):
    for path in home.rglob("pause.pid"):
        try:
            os.kill(int(path.read_text(encoding="utf-8")), 9)
        except (OSError, ValueError):
            pass


def test_run(podman):
    code, out, err = podman("run", "--rm", "--network=none", "localhost/box", "/bin/sh", "-c",
                            "cat /proc/self/uid_map; exit 7")
    assert code == 7, err
    assert out.split()[:3] == ["0", str(UID), "1"]


def test_other_user_and_host_network(podman):
    code, out, err = podman("run", "--rm", "--network=host", "--user", "33:33", "localhost/box", "/bin/id")
    assert code == 0 and "uid=33(33) gid=33(33)" in out, (out, err)


def test_detached_with_exec(podman):
    code, _, err = podman("run", "-d", "--name", "one", "--network=none", "localhost/box", "/bin/sleep", "100")
    assert code == 0, err
    code, out, err = podman("exec", "one", "/bin/id")
    assert code == 0 and "uid=0" in out, err
    assert podman("exec", "one", "/bin/sh", "-c", "exit 9")[0] == 9
    assert podman("stop", "-t", "0", "one")[0] == 0
    assert podman("rm", "one")[0] == 0


def test_limit_that_cannot_be_set(podman):
    """podman leaves limits out on cgroup version 1; what it does ask for is never dropped in silence."""
    code, _, err = podman("run", "--rm", "--network=none", "--memory=64m", "localhost/box", "/bin/true")
    assert code == 0 and "ignored" in err.lower() or code != 0 and "limit" in err, err
