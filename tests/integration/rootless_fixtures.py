# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of rootless containers: the runtime and its bundles as an ordinary user's."""
import copy
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import bundles
import integration_fixtures
import ordinary_user


@pytest.fixture(scope="module")
def user_files(host, tmp_path_factory):
    directory = tmp_path_factory.mktemp("etc")
    files = ordinary_user.Files(directory)
    reason = ordinary_user.missing_facility()
    try:
        if reason:
            pytest.skip(reason)
        runtime = integration_fixtures.runtime_path()
        if subprocess.run(ordinary_user.as_user("test", "-x", runtime), check=False).returncode:
            pytest.skip(f"{runtime} cannot be reached by an ordinary user")
        yield files
    finally:
        files.remove()


@pytest.fixture(scope="module")
def user_rootfs(user_files, rootfs):
    # Not in pytest's own folder, which every run of it closes to other users.
    top = Path(tempfile.mkdtemp(prefix="oct-user-"))
    top.chmod(0o755)
    tree = top / "tree"
    shutil.copytree(rootfs, tree, symlinks=True)
    ordinary_user.own(tree)
    yield tree
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def user_config(user_files):
    """What `spec --rootless` writes for the user; copy before changing."""
    directory = Path(tempfile.mkdtemp(prefix="oct-user-"))
    ordinary_user.own(directory)
    subprocess.run(ordinary_user.as_user(integration_fixtures.runtime_path(), "spec", "--rootless", "-b",
                                         str(directory), XDG_RUNTIME_DIR=str(directory)),
                   check=True, timeout=20)
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    shutil.rmtree(directory)
    return config


@pytest.fixture
def user_home(host):
    home = Path(tempfile.mkdtemp(prefix="oct-home-"))
    home.chmod(0o700)
    ordinary_user.own(home)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def user_rt(user_files, user_home, rt):
    """The runtime as the user calls it; its state and its bundles are in a home that nobody else may enter."""
    rt.home = user_home
    rt.root = rt.home / "state"
    rt.wrapper = ordinary_user.as_user(XDG_RUNTIME_DIR=str(rt.home))
    rt.files = user_files
    yield rt
    user_files.restore()


@pytest.fixture
def make_user_bundle(user_rt, user_rootfs, user_config):
    made = []

    def make():
        bundle = bundles.Bundle(user_rt.home / f"bundle{len(made)}",
                                bundles.base_config(copy.deepcopy(user_config)), user_rootfs)
        bundle.args("/bin/sh", "-c", "id")
        made.append(bundle)
        return bundle

    return make


@pytest.fixture
def user_bundle(make_user_bundle):
    return make_user_bundle()
