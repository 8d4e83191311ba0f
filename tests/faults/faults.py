# SPDX-License-Identifier: Apache-2.0
"""Faults at exact system calls, and the search for what they left.

Owns the stepper's compilation and reports, the choice of points of a sweep, and the collection of
complaints, so that one bad point does not hide the others.  Knows nothing of the verbs under test.
"""
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import hostview

HERE = Path(__file__).resolve().parent
HANG = 10
MOST_COMPLAINTS = 15
# After one of these nothing is different for anybody else: points behind them are sampled.
PASSIVE = {
    "access", "arch_prctl", "brk", "capget", "clock_gettime", "faccessat", "faccessat2", "fcntl",
    "fstat", "fstatfs", "futex", "getdents64", "getegid", "geteuid", "getgid", "getpid",
    "getrandom", "gettid", "getuid", "lseek", "mmap", "mprotect", "munmap", "newfstatat", "pread64",
    "prlimit64", "read", "readlink", "readlinkat", "rseq", "rt_sigaction", "rt_sigprocmask",
    "set_robust_list", "set_tid_address", "stat", "statfs", "statx", "uname"}
# These move a container from one state to the next: the points behind them are never left out.
DECISIVE = {"bind", "clone3", "renameat", "renameat2", "sendto", "sendmsg"}


def compile_stepper(target):
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    "-o", str(target), str(HERE / "stepper.c")], check=True)
    return target


def call_numbers():
    """name -> number of every system call that the compiler's headers know."""
    done = subprocess.run(["gcc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"],
                          check=True, stdout=subprocess.PIPE)
    found = re.findall(r"^#define __NR_(\w+) (\d+)$", done.stdout.decode(), re.MULTILINE)
    return {name: int(number) for name, number in found}


NUMBERS = call_numbers()
NAMES = {number: name for name, number in NUMBERS.items()}


class Report:
    """What one run under the stepper did."""

    def __init__(self, path, result):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines, f"the stepper failed: {result!r}"
        self.result = result
        self.end = lines[-1]
        self.done = "done" in lines
        self.calls = {who: [NAMES.get(int(line[2:]), line[2:]) for line in lines
                            if line.startswith(who + " ")] for who in "ci"}


def even_sample(items, most):
    """At most so many, from the first to the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def kill_points(calls, thorough, most):
    """The numbers of the calls at whose entry to kill; 1 is the first."""
    every = list(range(1, len(calls) + 1))
    if thorough:
        return every
    changed = [at for at in every if at > 1 and calls[at - 2] not in PASSIVE]
    other = [at for at in every if at not in set(changed)]
    decisive = [at for at in changed if calls[at - 2] in DECISIVE]
    first = set(decisive[:most]) | set(even_sample(changed, most * 4 // 5))
    return sorted(first | set(even_sample(other, max(2, most // 5))))


def before_main(calls):
    """How many calls the dynamic linker makes: its last one of note protects what it relocated."""
    return len(calls) - calls[::-1].index("mprotect") if "mprotect" in calls else 0


class Lab:
    def __init__(self, rt, stepper, report):
        self.rt = rt
        self.stepper = stepper
        self.report = report
        self.complaints = []
        self.points = 0
        # Otherwise the first command would make it, with calls that the others do not need.
        Path(rt.root).mkdir(mode=0o700)

    def step(self, fault, *args, **options):
        """Run one command of the runtime under the stepper."""
        wrapper = self.rt.wrapper
        self.rt.wrapper = [str(self.stepper), str(self.report), str(HANG), fault]
        try:
            result = self.rt.call(*args, timeout=3 * HANG, **options)
        finally:
            self.rt.wrapper = wrapper
        return Report(self.report, result)

    def full(self):
        """No more points: enough is known to be wrong."""
        return len(self.complaints) >= MOST_COMPLAINTS

    def check(self, where, condition, what):
        if not condition:
            self.complaints.append(f"{where}: {what}")

    def check_clean(self, where):
        """Nothing of this point is left, after a moment for dying processes; else remove it."""
        self.points += 1
        end = time.monotonic() + 2
        found = self.left()
        while found and time.monotonic() < end:
            time.sleep(0.005)
            found = self.left()
        if found:
            self.check(where, False, "left behind: " + summary(found))
            self.clean_up()

    def left(self):
        return [f"state: {name}" for name in self.rt.entries()] + self.rt.snapshot.leaks()

    def becomes(self, name, status):
        """Is this its status, at least after the moment that a killed process needs?"""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            state = self.rt.call("state", name)
            if state.code == 0 and state.json()["status"] == status:
                return True
            time.sleep(0.01)
        return False

    def check_delete(self, where, name):
        """One delete --force removes everything."""
        code, err = self.delete_and_reap(name)
        self.check(where, code == 0, f"delete --force: {code}, {err.strip()}")
        self.check_clean(where)

    def delete_and_reap(self, name):
        """As a host's init does, collect orphans all the time: a pid namespace does not end before
        everybody in it was collected."""
        with tempfile.TemporaryFile() as err:
            deleting = self.rt.popen("delete", "--force", name, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=err)
            end = time.monotonic() + HANG
            while deleting.poll() is None:
                if time.monotonic() > end:
                    deleting.kill()
                hostview.reap(ignored={deleting.pid})
                time.sleep(0.002)
            err.seek(0)
            return deleting.returncode, err.read().decode("utf-8", "replace")

    def clean_up(self):
        """Whatever the state of affairs, leave none."""
        hostview.reap()
        for name in self.rt.entries():
            self.delete_and_reap(name)
            shutil.rmtree(Path(self.rt.root) / name, ignore_errors=True)
        self.rt.snapshot.sweep()

    def verdict(self):
        more = " (the sweep was cut short)" if self.full() else ""
        assert not self.complaints, (f"{len(self.complaints)} complaints after {self.points} "
                                     f"points{more}:\n  " + "\n  ".join(self.complaints))
        assert self.points > 0


def summary(found):
    """Many control groups of one container are one line."""
    kinds = Counter(line.split(":")[0] for line in found)
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items()) + f" ({found[0]})"
