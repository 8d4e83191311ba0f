# SPDX-License-Identifier: Apache-2.0
"""examples/ocigen-custom: a project of its own generates a parser for its schema, and uses it."""
import os
import shutil
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def call(*arguments, code=0, **options):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, check=False, **options)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """The program, built outside of the tree."""
    project = tmp_path_factory.mktemp("custom") / "project"
    shutil.copytree(os.path.join(TOP, "examples", "ocigen-custom"), project)
    (project / "subprojects").mkdir()
    (project / "subprojects" / "ocikit").symlink_to(TOP)
    call("meson", "setup", "build", f"-Docikit:python={sys.executable}", cwd=project)
    call("ninja", "-C", "build", "show", cwd=project)
    return str(project / "build" / "show")


def test_good(show, tmp_path):
    path = tmp_path / "web.json"
    path.write_text('{"name": "web", "command": ["httpd", "-f"], "restart": "always", "port": 80}')
    assert call(show, path) == "web runs httpd, restarted always\n"


def test_bad(show, tmp_path):
    path = tmp_path / "web.json"
    path.write_text('{"name": "Web", "command": [],\n "restart": "alway", "port": 0, "limits": 1}')
    out = call(show, path, code=1)
    assert f"{path}:1:10 /name: expected a string that matches" in out
    assert f"{path}:1:28 /command: expected at least 1 item, found 0" in out
    assert 'did you mean "always"?' in out
    assert f"{path}:2:30 /port: expected an integer from 1 to 65535, found the number 0" in out
    assert "/limits: expected an object" in out
