# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what the tree has, and it runs."""
import os
import pathlib
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
