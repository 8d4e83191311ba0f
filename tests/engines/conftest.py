# SPDX-License-Identifier: Apache-2.0
"""Engines of Debian, each once with runc and once with ocikit."""
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

# pylint: disable=wrong-import-position
import differences  # noqa: E402
import hostview  # noqa: E402
import image  # noqa: E402
import peers  # noqa: E402
import containerd as containerd_engine  # noqa: E402
import podman as podman_engine  # noqa: E402


USER = "oce-user"


def case_name(item):
    return f"{item.module.__name__}::{item.name}".replace("test_", "")


def pytest_collection_modifyitems(items):
    for item in items:
        reason = differences.WAITS.get(case_name(item))
        if reason:
            item.add_marker(pytest.mark.xfail(strict=True, reason=f"waits for {reason}"))


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(name, ...): properties that the test proves; see "
                                       "tests/lib/conformance.py")


@pytest.fixture(scope="session", autouse=True)
def host():
    if os.geteuid() != 0:
        pytest.exit("the tests of engines need root: run them with sudo", returncode=2)
    os.umask(0o022)
    hostview.settle_in()


@pytest.fixture(scope="session", autouse=True)
def accounts(work):
    """Users with subordinate ids, seen in the mount namespace of the tests only."""
    texts = {"passwd": f"{USER}:x:4242:4242::{work}/home:/bin/sh\n", "group": f"{USER}:x:4242:\n",
             "subuid": f"containers:2000000:65536\n{USER}:3000000:65536\n"}
    texts["subgid"] = texts["subuid"]
    for name, more in texts.items():
        old = pathlib.Path("/etc", name)
        new = work / name
        new.write_text(old.read_text(encoding="utf-8") + more, encoding="utf-8")
        hostview.mount(str(new), old, None, hostview.MS_BIND)
    yield
    for name in texts:
        hostview.umount(f"/etc/{name}")


@pytest.fixture(scope="session")
def runtimes():
    ours = os.environ.get("OCIKIT_RUNTIME", str(REPOSITORY / "build/cli/ocikit"))
    found = {"runc": shutil.which("runc", path="/usr/sbin:/usr/bin"), "ocikit": shutil.which(ours)}
    for name, path in found.items():
        if not path:
            pytest.exit(f"no {name} to test", returncode=2)
    return {name: os.path.abspath(path) for name, path in found.items()}


@pytest.fixture(scope="session")
def work(host):
    """podman takes no run folder with a name of more than 50 characters: not below tmp_path."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="oce-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    if not os.environ.get("OCE_KEEP"):
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def layer(work):
    (work / "rootfs").mkdir()
    image.make_rootfs(work / "rootfs")
    image.make_tar(work / "rootfs", work / "layer.tar")
    return work / "layer.tar"


def make_sides(kind, runtimes, work, layer):
    token = f"{hostview.PREFIX}{work.name[4:]}"
    sides = []
    for name, path in runtimes.items():
        side = kind(name, path, work / f"{kind.__name__.lower()[:3]}-{name[:1]}", token)
        side.prepare(layer)
        sides.append(side)
    return sides


def engine(kind, program):
    """Two fixtures: the sides of a session, and the pair of a test."""
    @pytest.fixture(scope="session")
    def sides(runtimes, work, layer, accounts):
        if not os.path.exists(program):
            pytest.fail(f"{program} is missing: tests/lib/install.sh lists what the tests need")
        made = make_sides(kind, runtimes, work, layer)
        yield made
        for side in made:
            side.end()

    name = f"{kind.__name__.lower()}_sides"

    @pytest.fixture
    def pair(request):
        return peers.Pair(request.getfixturevalue(name), case_name(request.node))

    return sides, pair


podman_sides, podman = engine(podman_engine.Podman, "/usr/bin/podman")
containerd_sides, containerd = engine(containerd_engine.Containerd, "/usr/bin/containerd")
