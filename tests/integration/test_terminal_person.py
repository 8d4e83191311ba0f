# SPDX-License-Identifier: Apache-2.0
"""run and exec as a person uses them: at a controlling terminal, with keys, windows and a shell around."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pytest

import hostview

TIOCGPTPEER = 0x5441
CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"


class Person:
    """Somebody at a terminal, in which a command runs in the foreground."""

    def __init__(self, argv, rows=24, columns=80):
        self.seen = b""
        parent, child = os.pipe()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.read(parent, 1)
            os.execvp(argv[0], argv)
        # A second fd of the terminal, so that it lives on when the command has ended.
        self.slave = fcntl.ioctl(self.master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        self.before = termios.tcgetattr(self.slave)
        self.size(rows, columns)
        os.write(child, b"x")
        os.close(parent)
        os.close(child)
        self.code = None

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data):
        os.write(self.master, data)

    def sees(self, wanted, timeout=10):
        end = time.monotonic() + timeout
        while wanted not in self.seen:
            assert time.monotonic() < end, f"{wanted!r} does not appear in {self.seen!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 4096)
        self.seen = self.seen[self.seen.index(wanted) + len(wanted):]

    def wait(self, timeout=10):
        if self.code is None:
            end = time.monotonic() + timeout
            while True:
                if select.select([self.master], [], [], 0.01)[0]:
                    self.seen += os.read(self.master, 4096)
                done, status = os.waitpid(self.pid, os.WNOHANG)
                if done:
                    break
                assert time.monotonic() < end, f"it does not end: {self.seen!r}"
            self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def mode(self):
        return termios.tcgetattr(self.slave)

    def is_restored(self):
        return self.mode() == self.before

    def leave(self):
        if self.code is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        for name in ("slave", "master"):
            fd = getattr(self, name)
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def sit_down(rt):
    people = []

    def sit(*args, **options):
        people.append(Person(rt.argv(*args), **options))
        return people[-1]

    yield sit
    for person in people:
        person.leave()


@pytest.fixture
def shell(rt, bundle, sit_down):
    """A person at an interactive shell in a container."""
    bundle.process["terminal"] = True
    bundle.process["env"] = ["PATH=/bin", "PS1=ready> ", "TERM=dumb"]
    bundle.args("/bin/sh", "-i")
    person = sit_down("run", "-b", str(bundle), rt.new_id())
    person.sees(b"ready> ")
    person.bundle = bundle
    return person


def test_exit_code_and_mode(shell):
    assert not shell.is_restored()
    shell.type(b"exit 9\n")
    assert shell.wait() == 9
    assert shell.is_restored()


def test_end_of_input(shell):
    shell.type(CTRL_D)
    assert shell.wait() == 0
    assert shell.is_restored()


def test_interrupt(shell):
    shell.type(b"sleep 100; echo code $?\n")
    shell.sees(b"code $?")
    time.sleep(0.2)
    shell.type(CTRL_C)
    shell.sees(b"ready> ")
    shell.type(b"exit 3\n")
    assert shell.wait() == 3


def test_job_control(shell):
    shell.type(b"sleep 100\n")
    time.sleep(0.3)
    shell.type(CTRL_Z)
    shell.sees(b"Stopped")
    shell.type(b"jobs; echo listed\n")
    shell.sees(b"sleep 100")
    shell.type(b"fg\n")
    shell.sees(b"fg")
    time.sleep(0.3)
    shell.type(CTRL_C)
    shell.sees(b"ready> ")
    shell.type(b"exit\n")
    shell.wait()
    assert shell.is_restored()


def test_window(shell):
    shell.type(b"busybox stty size; echo end-$?\n")
    shell.sees(b"24 80")
    shell.sees(b"end-0")
    shell.type(b"trap 'echo changed' WINCH\n")
    shell.sees(b"ready> ")
    shell.size(41, 132)
    hostview.until(lambda: shell.type(b"busybox stty size\n") or can_see(shell, b"41 132"),
                   what="the new size")
    shell.type(b"exit 0\n")
    assert shell.wait() == 0


def can_see(person, wanted):
    try:
        person.sees(wanted, timeout=1)
    except AssertionError:
        return False
    return True


def test_eight_bits_and_no_echo_of_the_outer_terminal(shell):
    shell.type("echo grün\n".encode())
    shell.sees("grün\r\n".encode())
    shell.sees("grün\r\n".encode())
    assert "grün".encode() not in shell.seen
    shell.type(b"exit 0\n")
    shell.wait()


@pytest.mark.ocikit
def test_killed_container(rt, shell):
    rt.kill(rt.ids[-1], "KILL")
    assert shell.wait() == 128 + signal.SIGKILL
    assert shell.is_restored()


@pytest.mark.ocikit
def test_terminated_command(rt, bundle, sit_down):
    """A signal for the command is the program's, and the terminal is restored."""
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done")
    person = sit_down("run", "-b", str(bundle), rt.new_id())
    person.sees(b"ready")
    os.kill(person.pid, signal.SIGTERM)
    assert person.wait() == 4
    assert person.is_restored()


@pytest.mark.ocikit
def test_failed_start(rt, bundle, sit_down):
    bundle.process["terminal"] = True
    person = sit_down("run", "-b", str(bundle.args("/bin/none")), rt.new_id())
    assert person.wait() == 127
    assert person.is_restored()


@pytest.mark.ocikit
def test_terminal_that_vanishes(rt, bundle, sit_down):
    """As when a window is closed: the program in the container hears of it too, and ends."""
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "trap '' HUP; echo ready; read x; echo gone > /end; exit 0")
    person = sit_down("run", "-b", str(bundle), rt.new_id())
    person.sees(b"ready")
    os.close(person.slave)
    os.close(person.master)
    person.slave = person.master = -1
    assert hostview.wait_exit(person.pid) == 0
    person.code = 0
    assert (bundle.rootfs / "end").read_text(encoding="utf-8") == "gone\n"


@pytest.mark.ocikit
def test_exec(rt, bundle, sit_down):
    name = rt.launch(bundle.payload("sleep"))
    person = sit_down("exec", "-t", name, "/bin/sh", "-c", "busybox stty size; read x; exit $x", rows=33,
                      columns=99)
    person.sees(b"33 99")
    person.type(b"6\n")
    assert person.wait() == 6
    assert person.is_restored()
    rt.stop(name)


@pytest.mark.ocikit
def test_size_is_there_from_the_beginning(rt, bundle, sit_down):
    """Not a moment after the program began to look."""
    name = rt.launch(bundle.payload("sleep"))
    for _ in range(10):
        person = sit_down("exec", "-t", name, "/bin/busybox", "stty", "size", rows=33, columns=99)
        person.sees(b"33 99")
        assert person.wait() == 0
    rt.stop(name)


@pytest.mark.ocikit
def test_exec_whose_container_is_killed(rt, bundle, sit_down):
    name = rt.launch(bundle.payload("sleep"))
    person = sit_down("exec", "-t", name, "/bin/sh", "-c", "echo ready; sleep 100")
    person.sees(b"ready")
    rt.kill(name, "KILL")
    assert person.wait() == 128 + signal.SIGKILL
    assert person.is_restored()
    assert hostview.wait_exit(rt.pids[name]) == -signal.SIGKILL


# ---- the command as a job of a shell of the host ----

@pytest.fixture
def outer(rt, bundle):
    """An interactive shell of the host."""
    bundle.process["terminal"] = True
    bundle.process["env"] = ["PATH=/bin", "PS1=inside> ", "TERM=dumb"]
    bundle.args("/bin/sh", "-i")
    person = Person(["env", "PS1=outside> ", "TERM=dumb", "bash", "--norc", "--noprofile", "--noediting", "-i"])
    person.sees(b"outside> ")
    person.command = " ".join(rt.argv("run", "-b", bundle, rt.new_id())).encode()
    yield person
    person.leave()


@pytest.mark.ocikit
def test_stopped_and_continued(outer, rt):
    outer.type(outer.command + b"\n")
    outer.sees(b"inside> ")
    name = rt.ids[-1]
    job = hostview.until(lambda: command_of(name), what="the command")
    raw = outer.mode()
    os.kill(job, signal.SIGSTOP)
    outer.sees(b"outside> ")
    hostview.until(lambda: outer.mode()[3] & termios.ICANON, what="the shell's own mode")
    outer.type(b"fg\n")
    hostview.until(lambda: outer.mode() == raw, what="the mode")
    outer.type(b"echo in-$((1 + 1))\n")
    outer.sees(b"in-2")
    outer.type(b"exit\n")
    outer.sees(b"outside> ")
    outer.type(b"exit\n")
    outer.wait()


@pytest.mark.ocikit
def test_begun_in_the_background(outer):
    outer.type(outer.command + b" &\n")
    outer.sees(b"inside> ")
    before = outer.mode()
    outer.type(b"fg\n")
    hostview.until(lambda: outer.mode() != before and not outer.mode()[3] & termios.ICANON
                   and not outer.mode()[3] & termios.ISIG, what="the mode")
    outer.type(b"echo in-$((1 + 1))\n")
    outer.sees(b"in-2")
    outer.type(b"exit\n")
    outer.sees(b"outside> ")
    outer.type(b"exit\n")
    outer.wait()


def command_of(name):
    """The process that runs `ocikit run` for a container."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if entry.isdigit() and name.encode() in words and b"run" in words and b"-c" not in words:
            return int(entry)
    return None
