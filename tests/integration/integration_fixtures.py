# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests: the runtime under test, root filesystem, bundles.

The runtime is OCIKIT_RUNTIME (default: build/cli/ocikit).  Tests of what only ocikit does are marked
ocikit; with another runtime they are skipped, the others validate themselves against it (docs/peers.md).
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bundles
import groups
import hostview
import runtime

REPOSITORY = Path(__file__).resolve().parents[2]


def runtime_path():
    chosen = os.environ.get("OCIKIT_RUNTIME", str(REPOSITORY / "build/cli/ocikit"))
    found = shutil.which(chosen)
    return os.path.abspath(found) if found else None


def is_ocikit():
    return os.path.basename(runtime_path() or "ocikit").startswith("ocikit")


def pytest_configure(config):
    config.addinivalue_line("markers", "ocikit: what only ocikit does")
    config.addinivalue_line("markers", "controller(name, ...): control group controllers that the test needs")
    config.addinivalue_line("markers", "mount_setattr: what only that system call can do")
    config.addinivalue_line("markers", "version_1: about control groups of version 1")
    config.addinivalue_line("markers", "proves(name, ...): properties that the test proves; see "
                                       "tests/lib/conformance.py")


def differences(name):
    """What another runtime is known to do otherwise: TEST and the reason, a line each.  A line that begins
    with "not run: " is of a test that would leave something behind, or hang."""
    path = Path(__file__).parent / "differences" / f"{name}.txt"
    if not path.exists():
        return {}
    lines = [line.rstrip("\n") for line in path.read_text(encoding="utf-8").splitlines()]
    return dict(line.split(" -- ", 1) for line in lines if line and not line.startswith("#"))


def pytest_collection_modifyitems(items):
    for item in items:
        for marker in item.iter_markers("controller"):
            for name in marker.args:
                if not groups.has(name):
                    item.add_marker(pytest.mark.skip(reason=f"this host has no {name} controller"))
        if item.get_closest_marker("mount_setattr") and "mount_setattr" in os.environ.get("OCIKIT_WITHOUT", ""):
            item.add_marker(pytest.mark.skip(reason="OCIKIT_WITHOUT takes mount_setattr away"))
        if item.get_closest_marker("version_1") and groups.unified():
            item.add_marker(pytest.mark.skip(reason="this host has no control groups of version 1"))
    if is_ocikit():
        return
    skip = pytest.mark.skip(reason=f"ocikit only; OCIKIT_RUNTIME is {runtime_path()}")
    known = differences(os.path.basename(runtime_path()))
    for item in items:
        name = f"{item.path.name}::{item.name}"
        if item.get_closest_marker("ocikit"):
            item.add_marker(skip)
        elif name in known:
            # Strict: a difference that is gone must go from the list.
            reason = known[name]
            item.add_marker(pytest.mark.skip(reason=reason) if reason.startswith("not run: ")
                            else pytest.mark.xfail(reason=reason, strict=True))


def open_path_to_users(directory):
    """pytest's folders are closed: a test's, a session's, a parallel worker's and their parent.  One that is
    open, such as /tmp, stays what it is."""
    for folder in (directory, *directory.parents)[:4]:
        if folder.stat().st_mode & 0o055 != 0o055:
            folder.chmod(0o755)


@pytest.fixture(scope="session", autouse=True)
def host():
    if os.geteuid() != 0:
        pytest.exit("the integration tests need root: run them with sudo", returncode=2)
    if not runtime_path():
        pytest.exit("no runtime to test: build it or set OCIKIT_RUNTIME", returncode=2)
    os.umask(0o022)
    hostview.settle_in()


@pytest.fixture(scope="session")
def rootfs(host, tmp_path_factory):
    root = tmp_path_factory.mktemp("rootfs") / "tree"
    root.mkdir()
    bundles.make_rootfs(root)
    open_path_to_users(root.parent)
    return root


@pytest.fixture(scope="session")
def default_config(host, tmp_path_factory):
    """What the runtime writes as the default, as a dictionary; copy before changing."""

    directory = tmp_path_factory.mktemp("spec")
    subprocess.run([runtime_path(), "spec", "-b", str(directory)], check=True, timeout=20)
    return json.loads((directory / "config.json").read_text(encoding="utf-8"))


@pytest.fixture
def rt(host, tmp_path):
    open_path_to_users(tmp_path)
    snapshot = hostview.Snapshot(runtime.new_token())
    subject = runtime.Runtime(runtime_path(), tmp_path / "state", snapshot)
    yield subject
    subject.finish()


@pytest.fixture
def make_bundle(rt, rootfs, default_config, tmp_path):
    """A factory: make_bundle() is a new bundle each time."""
    made = []

    def make():
        bundle = bundles.Bundle(tmp_path / f"bundle{len(made)}",
                                bundles.base_config(default_config), rootfs)
        made.append(bundle)
        return bundle

    return make


@pytest.fixture
def bundle(make_bundle):
    return make_bundle()


@pytest.fixture
def outside(tmp_path):
    """A folder of the host's that no container may change; checked at the end."""
    directory = tmp_path / "outside"
    directory.mkdir()
    (directory / "marker").write_text("untouched\n", encoding="utf-8")
    (directory / "ptmx").write_text("untouched\n", encoding="utf-8")
    yield directory
    names = sorted(entry.name for entry in directory.iterdir())
    assert names == ["marker", "ptmx"], f"the host's folder changed: {names}"
    for name in names:
        assert (directory / name).read_text(encoding="utf-8") == "untouched\n"
        assert not (directory / name).is_symlink()
