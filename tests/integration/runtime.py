# SPDX-License-Identifier: Apache-2.0
"""The runtime under test as a Python object: one state directory, every command as a method.

Owns how the command is called; judges only the exit code, and only where asked (check=True).
"""
import contextlib
import json
import os
import secrets
import subprocess

import hostview

TIMEOUT = 30


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "replace") if done.stdout is not None else ""
        self.err = done.stderr.decode("utf-8", "replace") if done.stderr is not None else ""

    def __repr__(self):
        return f"code {self.code}\n-- out --\n{self.out}\n-- err --\n{self.err}"

    def ok(self, code=0):
        assert self.code == code, f"expected code {code}, got {self!r}"
        return self

    def failed(self, *texts):
        assert self.code != 0, f"expected a failure, got {self!r}"
        assert self.err.strip(), f"a failure without a message: {self!r}"
        for text in texts:
            assert text.lower() in self.err.lower(), f"the message lacks {text!r}: {self!r}"
        return self

    def json(self):
        assert self.code == 0, repr(self)
        return json.loads(self.out)


class Runtime:
    def __init__(self, path, root, snapshot):
        self.path = str(path)
        self.root = root
        self.snapshot = snapshot
        self.token = snapshot.token
        # See tests/lib/without.c; its path and the calls that there are not.
        self.wrapper = os.environ.get("OCIKIT_WITHOUT", "").split()
        self.globals = []
        self.is_ocikit = os.path.basename(self.path).startswith("ocikit")
        self.count = 0
        self.ids = []
        self.pids = {}

    def new_id(self):
        self.count += 1
        name = f"{self.token}-{self.count}"
        self.ids.append(name)
        return name

    def argv(self, *args):
        return [*self.wrapper, self.path, "--root", str(self.root), *self.globals, *map(str, args)]

    @contextlib.contextmanager
    def under_strace(self, *options, out=os.devnull):
        """Every command in here runs under strace -f with these options; its lines go to out."""
        # The leak sanitizer cannot work in a process that is traced.
        self.wrapper = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-o", str(out), *options]
        try:
            yield
        finally:
            self.wrapper = []

    def popen(self, *args, **options):
        return subprocess.Popen(self.argv(*args), **options)

    def call(self, *args, timeout=TIMEOUT, stdin=b"", check=False, **options):
        """Run one command; its output goes to files, as a container may hold a pipe open."""
        out = os.memfd_create("out", 0)
        err = os.memfd_create("err", 0)
        try:
            done = subprocess.run(self.argv(*args), input=stdin, stdout=out, stderr=err,
                                  timeout=timeout, check=False, **options)
            done.stdout = read_all(out)
            done.stderr = read_all(err)
        finally:
            os.close(out)
            os.close(err)
        result = Result(done)
        return result.ok() if check else result

    def run(self, bundle, *args, name=None, **options):
        return self.call("run", "-b", bundle, *args, name or self.new_id(), **options)

    def report(self, bundle, *args, **options):
        return self.run(bundle, *args, **options).json()

    def create(self, bundle, *args, name=None, **options):
        name = name or self.new_id()
        options.setdefault("check", True)
        self.call("create", "-b", bundle, *args, name, **options)
        return name

    def start(self, name, **options):
        options.setdefault("check", True)
        return self.call("start", name, **options)

    def launch(self, bundle, *args, **options):
        """Created and started; returns the id."""
        name = self.create(bundle, *args, **options)
        self.pids[name] = self.pid(name)
        self.start(name)
        return name

    def state(self, name):
        return self.call("state", name, check=True).json()

    def status(self, name):
        return self.state(name)["status"]

    def pid(self, name):
        return self.state(name)["pid"]

    def kill(self, name, signal="KILL", *args, **options):
        options.setdefault("check", True)
        return self.call("kill", *args, name, signal, **options)

    def delete(self, name, *args, **options):
        options.setdefault("check", True)
        return self.call("delete", *args, name, **options)

    def exec(self, name, *args, **options):
        return self.call("exec", *args[:-1], name, *args[-1], **options)

    def wait(self, name):
        """The exit code of the first process of a launched container, which the test process adopted."""
        return hostview.wait_exit(self.pids[name])

    def stop(self, name):
        pid = self.pid(name)
        self.kill(name, "KILL")
        hostview.wait_exit(pid)

    def entries(self):
        """What is in the state directory, hidden caches aside."""
        if not os.path.isdir(self.root):
            return []
        return sorted(entry for entry in os.listdir(self.root) if not entry.startswith("."))

    def assert_clean(self):
        assert self.entries() == [], f"state directory is not empty: {self.entries()}"
        self.snapshot.assert_clean()

    def finish(self):
        hostview.reap()
        for name in self.entries():
            self.call("delete", "--force", name)
        try:
            self.assert_clean()
        finally:
            self.snapshot.sweep()


def read_all(fd):
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read()


def new_token():
    return hostview.PREFIX + secrets.token_hex(4)
