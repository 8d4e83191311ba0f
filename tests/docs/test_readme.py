# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what the tree has, and it runs."""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OCIKIT_BUILD", TOP / "build")).resolve()


@pytest.fixture
def rootfs(tmp_path):
    folder = tmp_path / "rootfs"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), folder / "bin/busybox")
    (folder / "bin/sh").symlink_to("busybox")
    return folder


def test_hello_stands_whole_in_the_readme():
    hello = (TOP / "examples/hello.c").read_text(encoding="utf-8")
    assert hello.count("\n") <= 40
    assert "```c\n" + hello + "```" in (TOP / "README.md").read_text(encoding="utf-8")


def test_hello_prints_seven(rootfs):
    done = subprocess.run([BUILD / "examples/hello", rootfs], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("7\n", "", 0)


def test_hello_explains_a_missing_root(tmp_path):
    done = subprocess.run([BUILD / "examples/hello", tmp_path / "missing"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert "/root/path" in done.stderr and "no such file or directory" in done.stderr


@pytest.mark.parametrize("command", ["sudo ./examples/quickstart.sh", "sudo ./tests/run.sh"])
def test_the_two_commands(command):
    assert command in (TOP / "README.md").read_text(encoding="utf-8")
    assert os.access(TOP / command.split()[1], os.X_OK)


def test_lint_stands_whole_in_the_readme():
    lint = (TOP / "examples/lint.c").read_text(encoding="utf-8")
    assert "```c\n" + lint + "```" in (TOP / "README.md").read_text(encoding="utf-8")


def run(name, *arguments):
    return subprocess.run([BUILD / "examples" / name, *arguments], capture_output=True, text=True,
                          timeout=60, check=False)


def test_lint(tmp_path):
    path = tmp_path / "index.json"
    path.write_text('{"schemaVersion": 2,\n "manifests": [{"mediaType": "a/b", "size": -1, "digest": 5}]}')
    done = run("lint", path)
    assert done.returncode == 1
    assert f"{path}:2:45: error: /manifests/0/size: a size of -1 bytes is negative" in done.stdout
    assert "/manifests/0/digest: expected a string, found the number 5" in done.stdout
    done = run("lint", tmp_path / "none")
    assert done.returncode == 1 and "cannot be opened: no such file" in done.stdout
    path.write_text('{"foo": 1}')
    assert "none of the kinds" in run("lint", path).stdout
    path.write_text('{"ociVersion": "1.3.0", "root": {"path": "r"}, "anotations": {}}')
    assert 'did you mean "annotations"' in run("lint", path).stdout


def test_edit_keeps_what_nobody_touches(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"x-first": {"b": 1, "a": [2]}, "ociVersion": "1.3.0", "hostname": "h", "z": null,'
                    ' "process": {"user": {"gid": 1, "uid": 2}, "cwd": "/", "env": ["A=b"]}}')
    assert run("edit", path, "/process/env/-", '"LANG=C"').returncode == 0
    assert run("edit", path, "/hostname").returncode == 0
    text = path.read_text()
    assert json.loads(text) == {
        "x-first": {"b": 1, "a": [2]}, "ociVersion": "1.3.0", "z": None,
        "process": {"user": {"gid": 1, "uid": 2}, "cwd": "/", "env": ["A=b", "LANG=C"]}}
    assert text.index("x-first") < text.index("ociVersion") < text.index('"z"') < text.index("cwd")
    assert text.index('"gid"') < text.index('"uid"') and text.index('"b"') < text.index('"a"')
    done = run("edit", path, "/process/cwd", "5")
    assert done.returncode == 1 and "/process/cwd: expected a string" in done.stderr
    assert path.read_text() == text
    assert "/no: does not exist" in run("edit", path, "/no/such", "1").stderr


def test_edit_keeps_the_file_itself(tmp_path):
    """Its permissions, and a link that leads to it."""
    path, link = tmp_path / "config.json", tmp_path / "link"
    path.write_text('{"ociVersion": "1.3.0"}')
    path.chmod(0o600)
    link.symlink_to(path)
    assert run("edit", link, "/hostname", '"h"').returncode == 0
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["hostname"] == "h"
    assert sorted(tmp_path.iterdir()) == [path, link]


def test_the_policy_names_every_case():
    """Each name in docs/json-policy.md is of cases that exist, and each case is named."""
    text = (TOP / "docs/json-policy.md").read_text(encoding="utf-8")
    patterns = set(re.findall(r"`([yn]_[\w*]+)`", text))
    files = {path.stem for path in (TOP / "tests/spec/json").glob("*.json")}
    named = set()
    for pattern in patterns:
        found = set(fnmatch.filter(files, pattern))
        assert found, pattern
        named |= found
    assert not files - named
