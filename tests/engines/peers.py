# SPDX-License-Identifier: Apache-2.0
"""One script, two runtimes, one result.

A Side is an engine set up with one runtime in a folder of its own.  A Pair runs the same shell script
on both sides and compares exit code, output and what is left; runc's result is checked against what
the case says first, so that two equal failures are not a success.
"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

import differences
import hostview

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 60
LONG_ID = re.compile(r"\b[0-9a-f]{64}\b")
SHORT_ID = re.compile(r"\b[0-9a-f]{12}\b")
# What a runtime says of a failure is its own; what the engine makes of it is not.
BUILD = re.compile(r"buildah-buildah\d+")
# An engine that resizes a terminal, or signals, just when the container ends.
TOO_LATE = re.compile(r"^.*(?:ERRO|level=error).*(?:container not running|resize a stopped container).*\n", re.M)
LOG_TIME = re.compile(r'time="[^"]*"')
RUNTIME_ERROR = re.compile(r"^Error: (?:.*: (OCI .*)|(OCI runtime error): .*)$", re.M)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.left = []

    def text(self):
        left = "".join(f"left: {name}\n" for name in self.left)
        return f"exit code: {self.code}\n{self.out}\n---- stderr\n{self.err}\n---- left\n{left}"


class Side:
    """The engine's own set-up is in a subclass: prepare(), tidy(), end()."""

    def __init__(self, name, runtime, folder, token):
        self.name, self.runtime = name, runtime
        self.folder, self.token = folder, f"{token}-{name}"
        self.bin = folder / "bin"
        self.case = folder / "case"
        self.state = folder / "state"
        for directory in (folder, self.bin, self.state, folder / "home"):
            directory.mkdir(parents=True)
        # The parent of all groups of this side is the test's, so that a runtime may leave it.
        for path in self.hierarchies():
            path.mkdir(exist_ok=True)
        self.program("until_it", 'for i in $(seq 200); do sh -c "$1" >/dev/null 2>&1 && exit; '
                     'sleep 0.05; done; echo "never: $1"; exit 1')
        self.program("on_pty", f'exec {sys.executable} {HERE}/on_pty.py "$@"')

    def hierarchies(self):
        with open("/proc/self/mounts", encoding="utf-8") as lines:
            mounts = [line.split() for line in lines]
        return [pathlib.Path(fields[1], self.token) for fields in mounts if fields[2] in ("cgroup", "cgroup2")]

    def program(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def stateful(self):
        """The runtime with a state directory of its own: engines drop global options of a runtime."""
        self.program(self.name, f'exec {self.runtime} --root={self.state} "$@"')
        return self.bin / self.name

    def environment(self):
        return {"PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "T": str(self.case), "LC_ALL": "C",
                "HOME": str(self.folder / "home"), "GROUP": f"/{self.token}", "RUNTIME": self.runtime}

    def normal(self, text):
        for found, name in ((str(self.case), "CASE"), (str(self.folder), "FOLDER"),
                            (self.runtime, "RUNTIME"), (self.token, "TOKEN")):
            text = text.replace(found, name)
        text = TOO_LATE.sub("", text)
        text = BUILD.sub("BUILD", text)
        text = LOG_TIME.sub("time=TIME", text)
        text = SHORT_ID.sub("SHORTID", LONG_ID.sub("ID", text))
        return RUNTIME_ERROR.sub(r"Error: RUNTIME: \1\2", text)

    def run(self, script):
        self.case.mkdir()
        outputs = [os.memfd_create(name, 0) for name in ("out", "err")]
        process = subprocess.Popen(["sh", "-c", script], cwd=self.case, env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=outputs[0], stderr=outputs[1],
                                   start_new_session=True)
        try:
            code = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = "none, it hung"
        return Result(code, *[read_all(fd) for fd in outputs])

    def leftovers(self, snapshot):
        """Wait until the engine has cleaned up; then name, and remove, what it left."""
        end = time.monotonic() + 10
        left, quiet = self.busy(snapshot), 0
        # Twice: a process that loses its parent becomes visible a moment later.
        while quiet < 2 and time.monotonic() < end:
            time.sleep(0.02)
            left = self.busy(snapshot)
            quiet = 0 if left else quiet + 1
        left += self.tidy()
        # conmon, in a group of its own, is the last to go.
        end = time.monotonic() + 2
        while any(path.endswith("/conmon") for path in self.groups(snapshot)) and time.monotonic() < end:
            time.sleep(0.02)
        left += sorted({f"cgroup {path.split('/', 5)[5]}" for path in self.groups(snapshot)})
        shutil.rmtree(self.case)
        return left

    def groups(self, snapshot):
        return [path for path in hostview.cgroups() - snapshot.cgroups if self.token in path]

    def busy(self, snapshot):
        """Processes, mounts and runtime state that are still there; control groups aside."""
        hostview.reap()
        found = [f"mount: {line}" for line in hostview.mounts() if line not in snapshot.mounts]
        found += [f"process: {pid} {about}" for pid, about in hostview.children().items()
                  if pid not in snapshot.children]
        found = [line for line in found if self.owns(line)]
        return found + [f"state of {path.name}" for path in self.states()]

    def states(self):
        return list(self.state.iterdir())

    def owns(self, leak):
        """Both sides run at the same time; what cannot be told counts for both."""
        about = leak
        if leak.startswith("process: "):
            for name in ("cmdline", "cgroup", "environ"):
                about += read_process(leak.split()[1], name)
        return f"{self.folder}/" in about or self.token in about or "/oce-" not in about

    def tidy(self):
        return []

    def end(self):
        for top in self.hierarchies():
            for path, _, _ in os.walk(top, topdown=False):
                os.rmdir(path)


class Pair:
    """What a test gets: run one script on both sides."""

    def __init__(self, sides, name):
        self.sides, self.name = sides, name

    def same(self, script, code=0, shows=(), ours=()):
        """ours: what ocikit's own words must have besides."""
        snapshot = hostview.Snapshot(self.sides[0].token.rpartition("-")[0])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            peer, result = pool.map(lambda side: side.run(script), self.sides)
        for side, done in zip(self.sides, (peer, result)):
            done.left = side.leftovers(snapshot)
        snapshot.sweep()
        # The peer first: where it fails, the case is wrong and not ocikit.
        judge(peer, "runc", code, shows)
        if self.name not in differences.DIFFERENCES:
            judge(result, "ocikit", code, shows)
        judge(result, "ocikit", result.code, ours)
        compare(self.name, self.sides[0].normal(peer.text()), self.sides[1].normal(result.text()))


def judge(result, name, code, shows):
    assert result.code == code, f"{name}: expected exit code {code}\n{result.text()}"
    for text in [shows] if isinstance(shows, str) else shows:
        assert text in result.out + result.err, f"{name}: {text!r} is missing\n{result.text()}"


def changed_lines(peer, ours):
    lines = difflib.unified_diff(peer.splitlines(), ours.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def compare(name, peer, ours):
    found = changed_lines(peer, ours)
    known = differences.DIFFERENCES.get(name)
    expected = known.lines if known else []
    if found != expected:
        pytest.fail(f"runc (-) and ocikit (+) differ in another way than tests/engines/differences.py "
                    f"says:\n" + "\n".join(found) + "\n\nrunc:\n" + peer + "\nocikit:\n" + ours,
                    pytrace=False)


def read_process(pid, name):
    try:
        return pathlib.Path("/proc", pid, name).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def read_all(fd):
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "replace")
