# SPDX-License-Identifier: Apache-2.0
"""What a test can see of the host: control groups, mounts, child processes.

Owns the snapshots that prove that nothing was left behind.  It changes nothing except that the test
process becomes a subreaper in a mount namespace of its own.
"""
import ctypes
import os
import signal
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CGROUPS = "/sys/fs/cgroup"
PREFIX = "oct-"
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE, MS_SHARED = 0x1000, 0x4000, 1 << 18, 1 << 20
PR_SET_CHILD_SUBREAPER = 36


def libc_call(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def mount(source, target, kind, flags=0, data=None):
    libc_call(LIBC.mount(source.encode(), str(target).encode(), kind.encode() if kind else None,
                         ctypes.c_ulong(flags), data.encode() if data else None))


def umount(target, flags=2):
    libc_call(LIBC.umount2(str(target).encode(), flags))


def kernel():
    """The kernel's version, to be compared with (6, 3)."""
    return tuple(int(number) for number in os.uname().release.split("-", maxsplit=1)[0].split(".")[:2])


def settle_in():
    """Adopt orphans, and see no mounts but our own."""
    libc_call(LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    libc_call(LIBC.unshare(CLONE_NEWNS))
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def mounts():
    """One line per mount; the optional fields (propagation) are part of it.  Options of the hierarchy of version 2 are
    not: there is one for all, and whoever mounts it changes them."""
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        return sorted(line.partition(" - cgroup2 ")[0] for line in lines.read().splitlines())


def cgroups():
    return {directory for directory, _, _ in os.walk(CGROUPS)}


def children():
    """pid -> (state, name) of every child of this process, orphans it adopted included."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2:].split()
        if int(fields[1]) == os.getpid():
            found[int(name)] = (fields[0], text[text.index("(") + 1:text.rindex(")")])
    return found


def reap(ignored=()):
    """Collect ended children that nobody else waits for."""
    for pid, (state, _) in children().items():
        if state == "Z" and pid not in ignored:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def wait_exit(pid, timeout=10):
    """The exit code of an adopted child, or -signal."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    raise AssertionError(f"process {pid} did not end within {timeout} s")


def until(condition, timeout=5, what="a condition"):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {timeout} s"
        time.sleep(0.005)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Snapshot:
    """The host before a test; leaks() says what is there that was not."""

    def __init__(self, token):
        self.token = token
        self.mounts = mounts()
        self.cgroups = cgroups()
        self.children = set(children())

    def foreign(self, path):
        """A control group of another test run, or of anybody else when the host is shared."""
        if self.token in path:
            return False
        return PREFIX in path or os.environ.get("OCIKIT_TEST_SHARED_HOST") == "1"

    def leaks(self):
        reap()
        found = [f"mount: {line}" for line in mounts() if line not in self.mounts]
        found += [f"changed or lost mount: {line}" for line in self.mounts
                  if line not in mounts()]
        found += [f"cgroup: {path}" for path in sorted(cgroups() - self.cgroups)
                  if not self.foreign(path)]
        found += [f"process: {pid} {about}" for pid, about in children().items()
                  if pid not in self.children]
        return found

    def assert_clean(self, timeout=2):
        """Killed processes need a moment to disappear, leaks never do."""
        end = time.monotonic() + timeout
        found = self.leaks()
        while found and time.monotonic() < end:
            time.sleep(0.01)
            found = self.leaks()
        assert not found, "left behind:\n  " + "\n  ".join(found)

    def sweep(self):
        """Remove what a failed test left, so that the next one starts clean."""
        for pid in set(children()) - self.children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
        reap()
        for path in sorted(cgroups() - self.cgroups, reverse=True):
            if self.token in path:
                try:
                    os.rmdir(path)
                except OSError:
                    pass
        for line in mounts():
            if line not in self.mounts:
                try:
                    umount(line.split()[4].replace("\\040", " "))
                except OSError:
                    pass
