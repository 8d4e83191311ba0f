# SPDX-License-Identifier: Apache-2.0
"""The tutorials, each in an empty folder: what stands in them runs, and prints what stands below it."""
import re
import subprocess
import sys

import pytest
from conftest import PACKAGE, TOP

pytest.importorskip("ocikit")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def blocks(name):
    text = (TOP / "docs" / name).read_text("utf-8")
    return [(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in BLOCK.finditer(text)]


def shell(text, folder, environment=None):
    subprocess.run(["sh", "-eu", "-c", text], cwd=folder, env=environment, check=True)


def script(name):
    """One program of all Python blocks, which says where each block's output ends."""
    lines = []
    for kind, text, line in blocks(name):
        if kind == "python":
            lines += ["\n" * 2 + text, f"print('--- {line}', flush=True)"]
    return "\n".join(lines)


def test_python(tmp_path):
    for kind, text, _ in blocks("python.md"):
        if kind == "sh":
            shell(text, tmp_path)
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", script("python.md")], cwd=tmp_path,
                          env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = {int(number): text for text, number in re.findall(r"(.*?)--- (\d+)\n", done.stdout, re.DOTALL)}
    found = blocks("python.md")
    for (kind, _, line), (next_kind, expected, where) in zip(found, found[1:] + [("", "", 0)]):
        if kind == "python":
            assert printed[line] == (expected if next_kind == "text" else ""), f"docs/python.md:{where}"


def test_go(tmp_path, environment):
    """A program a block."""
    environment = {**environment, "OCIKIT": str(TOP)}
    found = blocks("go.md")
    for (kind, text, line), (_, expected, where) in zip(found, found[1:] + [("", "", 0)]):
        if kind == "sh":
            shell(text, tmp_path, environment)
        elif kind == "go":
            (tmp_path / "main.go").write_text(text, "utf-8")
            formatted = subprocess.run(["gofmt", "-l", "main.go"], cwd=tmp_path, capture_output=True, text=True, check=True)
            assert formatted.stdout == "", f"docs/go.md:{line} is not as gofmt has it"
            done = subprocess.run(["go", "run", "main.go"], cwd=tmp_path, env=environment, capture_output=True, text=True,
                                  check=False)
            assert (done.stdout, done.stderr, done.returncode) == (expected, "", 0), f"docs/go.md:{where}"
