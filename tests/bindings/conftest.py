# SPDX-License-Identifier: Apache-2.0
"""The package as the build made it, and containers for it."""
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("OCIKIT_BUILD", TOP / "build"))
PACKAGE = BUILD / "bindings/python"
PROGRAMS = ("sh", "cat", "sleep", "true", "echo", "head", "dd", "kill", "mkdir", "touch", "ls", "env", "id", "pwd", "stty")
sys.path.insert(0, str(PACKAGE))


def pytest_collection_modifyitems(items):
    """Skips name what is missing."""
    if not (PACKAGE / "ocikit/__init__.py").exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"{BUILD} was configured without -Dbindings=true"))


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory):
    """A root filesystem with busybox."""
    root = tmp_path_factory.mktemp("rootfs")
    root.chmod(0o755)
    for name in ("bin", "proc", "dev", "sys", "tmp"):
        (root / name).mkdir()
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for name in PROGRAMS:
        (root / "bin" / name).symlink_to("busybox")
    return root


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """The libraries installed below a folder, and Go's caches in it."""
    if not shutil.which("go") or not shutil.which("pkg-config"):
        pytest.skip("go or pkg-config is not installed")
    folder = tmp_path_factory.mktemp("go")
    root = folder / "root"
    subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(root)], check=True,
                   capture_output=True)
    [pc] = root.rglob("ocikit-container.pc")
    return {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
            "LD_LIBRARY_PATH": str(pc.parent.parent), "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod",
            "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "1", "HOME": str(folder)}


def groups_and_mounts(word):
    """What a test that uses this word in its names has left on the host."""
    # Groups of other tests come and go meanwhile.
    found = [os.path.join(path, name) for path, names, _ in os.walk("/sys/fs/cgroup") for name in names if word in name]
    mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    return found + [line for line in mounts if word in line]


@pytest.fixture
def word():
    """Part of every id of a test, to find what it leaves."""
    return f"oct{uuid.uuid4().hex[:10]}"


@pytest.fixture
def runtime(tmp_path, word):
    """A runtime with a state directory of its own, in which nothing may be left."""
    import ocikit
    made = ocikit.Runtime(tmp_path / "state")
    yield made
    left = made.list()
    for name in left:
        made.delete(name, force=True)
    made.close()
    assert not left, f"left behind: {left}"
    assert not groups_and_mounts(word)


@pytest.fixture
def config(rootfs):
    """The configuration of a container that runs a shell script."""
    import ocikit

    def make(*args):
        made = ocikit.default_config(str(rootfs), args or ["/bin/sleep", "1000"])
        made.hostname = "test"
        return made
    return make


@pytest.fixture
def sleeping(runtime, config, word):
    """A running container."""
    with runtime.create(word, config("/bin/sleep", "1000")) as container:
        container.start()
        yield container
