# SPDX-License-Identifier: Apache-2.0
"""The library in a process without privileges."""
import shutil
import subprocess

import pytest

import ordinary_user

pytestmark = pytest.mark.ocikit


def test_it_runs_containers(build, user_rt, user_bundle):
    for member in ("uidMappings", "gidMappings"):
        user_bundle.linux[member] = ordinary_user.whole()
    user_bundle.payload("sleep").save()
    program = build / "tests/contract/contract-rootless"
    done = subprocess.run(
        ordinary_user.as_user(str(program), str(user_bundle.rootfs), str(user_bundle.path),
                              str(user_rt.home / "contract"), shutil.which("newuidmap"),
                              shutil.which("newgidmap")),
        capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    user_rt.assert_clean()
