# SPDX-License-Identifier: Apache-2.0
"""process.terminal: run through a pty, create with a console socket."""
import array
import fcntl
import json
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

import hostview


def read_until(fd, wanted, timeout=10):
    """What can be read until wanted appears or the other end is gone."""
    text, end = b"", time.monotonic() + timeout
    while wanted not in text and time.monotonic() < end:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        text += data
    return text


@pytest.fixture
def console(tmp_path):
    """A listening console socket; .receive() is the fd that the runtime sent."""
    class Console:
        path = tmp_path / "console.sock"
        fd = None

        def __init__(self):
            self.server = socket.socket(socket.AF_UNIX)
            self.server.bind(str(self.path))
            self.server.listen()
            self.server.settimeout(10)
            self.thread = threading.Thread(target=self.accept)
            self.thread.start()

        def accept(self):
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            with peer:
                fds = array.array("i")
                data, parts, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(fds.itemsize))
                self.messages = [(data, len(parts))]
                for level, kind, payload in parts:
                    assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                    fds.frombytes(payload[:fds.itemsize])
                    self.fd = fds[0]

        def receive(self):
            self.thread.join(10)
            assert self.fd is not None, "no fd was sent"
            return self.fd

    made = Console()
    yield made
    made.server.close()
    made.thread.join(11)
    if made.fd is not None:
        os.close(made.fd)


@pytest.mark.proves("/process/terminal")
def test_run_through_a_pty(rt, bundle):
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "test -t 0 && test -t 1 && test -t 2 && read x && echo got:$x; exit 6")
    master, slave = pty.openpty()
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=slave, stdout=slave, stderr=slave,
                       start_new_session=True)
    os.close(slave)
    os.write(master, b"word\n")
    text = read_until(master, b"got:word")
    assert b"got:word" in text, text
    read_until(master, b"never", timeout=1)
    assert process.wait(10) == 6
    os.close(master)
    rt.assert_clean()


def test_terminal_settings_are_restored(rt, bundle):
    bundle.process["terminal"] = True
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = rt.popen("run", "-b", bundle.payload("exit", "0"), rt.new_id(), stdin=slave,
                       stdout=slave, stderr=slave, start_new_session=True)
    read_until(master, b"never", timeout=0.3)
    assert process.wait(10) == 0
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)


def test_output_is_complete_at_the_end(rt, bundle):
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "yes 0123456789 | head -n 2000; echo the-end")
    master, slave = pty.openpty()
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=slave, stdout=slave, stderr=slave,
                       start_new_session=True)
    os.close(slave)
    text = read_until(master, b"the-end")
    assert text.count(b"0123456789") == 2000 and b"the-end" in text
    assert process.wait(10) == 0
    os.close(master)


@pytest.mark.ocikit
@pytest.mark.parametrize("comes_back", [True, False])
def test_a_reader_that_stalls_at_the_end(rt, bundle, comes_back):
    """Standard output does not block and is full: the last output waits, but not for ever."""
    bundle.process["terminal"] = True
    bundle.args("/bin/echo", "the-end")
    reader, writer = os.pipe2(os.O_NONBLOCK)
    size = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
    assert os.write(writer, b"x" * size) == size
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=subprocess.DEVNULL, stdout=writer)
    os.close(writer)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        if comes_back:
            assert b"the-end" in read_until(reader, b"the-end")
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reader)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("attempt", range(10))
def test_a_shell_ends_with_its_input(rt, bundle, attempt):
    """An end that is typed while the shell changes the terminal's mode is lost: it is typed again."""
    bundle.process["terminal"] = True
    bundle.args("sh")
    process = rt.popen("run", "-b", bundle, rt.new_id(), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text, _ = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail(f"attempt {attempt}: the shell still runs after 10 s")
    assert process.returncode == 0, text
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("attempt", range(5))
def test_a_last_line_without_an_end(rt, bundle, attempt):
    """As from a pipe, a shell carries out what stands before the end."""
    bundle.process["terminal"] = True
    bundle.args("sh")
    result = rt.run(bundle, stdin=b"exit 5", timeout=15)
    assert result.code == 5, f"attempt {attempt}: {result!r}"
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_last_line_without_an_end_stays_so(rt, bundle):
    """A program that reads lines gets exactly what was sent."""
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "cat > /out")
    rt.run(bundle, stdin=b"one\ntwo", timeout=15).ok()
    assert (bundle.rootfs / "out").read_bytes() == b"one\ntwo"


def test_create_sends_the_terminal(rt, bundle, console):
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "tty_of=$(readlink /proc/self/fd/0); echo on:$tty_of; read x; exit 3")
    name = rt.create(bundle, "--console-socket", console.path)
    fd = console.receive()
    data, parts = console.messages[0]
    assert 1 <= len(data) < 4096 and parts == 1
    assert os.isatty(fd)
    pid = rt.pid(name)
    rt.start(name)
    assert b"on:/dev/pts/0" in read_until(fd, b"on:/dev/pts/0")
    os.write(fd, b"\n")
    assert hostview.wait_exit(pid) == 3


def test_console_device(rt, bundle, console):
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "test -c /dev/console && echo console > /dev/console; sleep 100")
    rt.launch(bundle, "--console-socket", console.path)
    assert b"console" in read_until(console.receive(), b"console")


@pytest.mark.proves("/process/consoleSize", "/process/consoleSize/height",
                    "/process/consoleSize/width")
@pytest.mark.ocikit
@pytest.mark.proves("/process/consoleSize", "/process/consoleSize/height", "/process/consoleSize/width")
def test_console_size(rt, bundle, console):
    bundle.process.update(terminal=True, consoleSize={"height": 33, "width": 99})
    rt.create(bundle, "--console-socket", console.path)
    size = fcntl.ioctl(console.receive(), termios.TIOCGWINSZ, b"\0" * 8)
    assert struct.unpack("HHHH", size)[:2] == (33, 99)


@pytest.mark.ocikit
@pytest.mark.parametrize("size, place", [
    ({"height": 70000, "width": 80}, "height"), ({"height": 24, "width": 65536}, "width"),
    ({"height": -1, "width": 80}, "height"), ({"height": "24", "width": 80}, "height"),
    ({"height": 24}, "width")])
def test_bad_console_size(rt, bundle, size, place):
    bundle.process.update(terminal=True, consoleSize=size)
    rt.run(bundle).failed("/process/consoleSize", place)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("what", ["nothing", "file", "directory", "datagram"])
def test_console_socket_that_is_none(rt, bundle, tmp_path, what):
    bundle.process["terminal"] = True
    path = tmp_path / "s"
    server = None
    if what == "file":
        path.write_text("x", encoding="utf-8")
    elif what == "directory":
        path.mkdir()
    elif what == "datagram":
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(str(path))
    rt.call("create", "-b", bundle, "--console-socket", path, rt.new_id()).failed(
        "connect to console socket", str(path))
    if server:
        server.close()
    rt.assert_clean()


@pytest.mark.ocikit
def test_receiver_that_vanishes(rt, bundle, console):
    """Its end hangs the terminal up: the program hears of it."""
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "trap 'exit 8' HUP; echo ready; while :; do sleep 0.02; done")
    name = rt.launch(bundle, "--console-socket", console.path)
    assert b"ready" in read_until(console.receive(), b"ready")
    os.close(console.fd)
    console.fd = None
    assert hostview.wait_exit(rt.pids[name]) == 8


def test_controlling_terminal(rt, bundle, console):
    bundle.process["terminal"] = True
    bundle.args("/bin/sh", "-c", "echo ctl > /dev/tty; sleep 100")
    rt.launch(bundle, "--console-socket", console.path)
    assert b"ctl" in read_until(console.receive(), b"ctl")


def test_exec_with_a_terminal(rt, bundle, console):
    name = rt.launch(bundle.payload("sleep"))
    rt.call("exec", "-t", "-d", "--console-socket", console.path, name, "/bin/sh", "-c",
            "test -t 1 && echo yes-tty").ok()
    assert b"yes-tty" in read_until(console.receive(), b"yes-tty")
    hostview.until(lambda: "Z" in [state for state, _ in hostview.children().values()])


@pytest.mark.ocikit
@pytest.mark.proves("/process/consoleSize")
def test_console_size_of_exec(rt, bundle, console, tmp_path):
    name = rt.launch(bundle.payload("sleep"))
    document = {**bundle.process, "terminal": True, "consoleSize": {"height": 21, "width": 77},
                "args": ["/bin/true"]}
    path = tmp_path / "process.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    rt.call("exec", "-d", "--console-socket", console.path, "--process", path, name).ok()
    size = fcntl.ioctl(console.receive(), termios.TIOCGWINSZ, b"\0" * 8)
    assert struct.unpack("HHHH", size)[:2] == (21, 77)
    hostview.until(lambda: "Z" in [state for state, _ in hostview.children().values()])


def test_terminal_without_a_console_socket(rt, bundle):
    bundle.process["terminal"] = True
    rt.call("create", "-b", bundle, rt.new_id()).failed("console")
    rt.assert_clean()


def test_console_socket_that_nobody_listens_on(rt, bundle, tmp_path):
    bundle.process["terminal"] = True
    rt.call("create", "-b", bundle, "--console-socket", tmp_path / "none", rt.new_id(),
            timeout=10).failed("")
    rt.assert_clean()


def test_console_socket_without_a_terminal(rt, bundle, console):
    result = rt.call("create", "-b", bundle, "--console-socket", console.path, rt.new_id())
    if result.code:
        result.failed("")
        rt.assert_clean()
    console.server.shutdown(socket.SHUT_RDWR)


@pytest.mark.ocikit
def test_console_socket_with_a_long_path(rt, bundle, tmp_path):
    bundle.process["terminal"] = True
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    server = socket.socket(socket.AF_UNIX)
    parent = os.open(deep, os.O_RDONLY)
    server.bind(f"/proc/self/fd/{parent}/s")
    server.listen()
    rt.create(bundle, "--console-socket", deep / "s")
    server.close()
    os.close(parent)
