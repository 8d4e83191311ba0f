# SPDX-License-Identifier: Apache-2.0
"""create, run and exec as engines and service managers call them: sockets, descriptors, pid files."""
import array
import contextlib
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import hostview
from runtime import Result


class Receiver:
    """A socket that is sent one fd with one message."""

    def __init__(self, path):
        self.path = path
        self.fd = self.parts = None
        self.server = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            self.server.bind(path.name)
        finally:
            os.chdir(here)
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
            self.parts = (len(data), len(parts))
            for level, kind, payload in parts:
                assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                fds.frombytes(payload)
            self.fd = fds[0]

    def close(self):
        self.server.close()
        self.thread.join(11)
        if self.fd is not None:
            os.close(self.fd)


def pid_of(pidfd):
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="utf-8") as lines:
        return int([line for line in lines if line.startswith("Pid:")][0].split()[1])


@pytest.fixture
def receiver(tmp_path):
    made = []

    def make(name="pidfd.sock"):
        made.append(Receiver(tmp_path / name))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.ocikit
@pytest.mark.parametrize("command", ["create", "run"])
def test_pidfd_socket(rt, bundle, receiver, command):
    to = receiver()
    arguments = ["create"] if command == "create" else ["run", "-d"]
    name = rt.new_id()
    rt.call(*arguments, "-b", bundle.payload("sleep"), "--pidfd-socket", to.path, name, check=True)
    assert not to.thread.is_alive() or to.thread.join(1) is None
    assert to.fd is not None, "it is sent before the command returns"
    assert to.parts[1] == 1 and 0 < to.parts[0] < 4096
    assert pid_of(to.fd) == rt.pid(name)
    signal.pidfd_send_signal(to.fd, signal.SIGKILL)
    hostview.until(lambda: select.select([to.fd], [], [], 0)[0])


@pytest.mark.ocikit
def test_pidfd_socket_of_exec(rt, bundle, receiver):
    name = rt.launch(bundle.payload("sleep"))
    to = receiver()
    rt.call("exec", "-d", "--pidfd-socket", to.path, "--pid-file", bundle.path / "pid", name, "/bin/sleep", "1000",
            check=True)
    to.thread.join(5)
    pid = int((bundle.path / "pid").read_text(encoding="utf-8"))
    assert pid_of(to.fd) == pid != rt.pid(name)
    os.kill(pid, signal.SIGKILL)
    hostview.wait_exit(pid)


@pytest.mark.ocikit
def test_pidfd_socket_that_nobody_listens_to(rt, bundle, tmp_path):
    rt.call("create", "-b", bundle, "--pidfd-socket", tmp_path / "none", rt.new_id()).failed("pidfd socket",
                                                                                          "no such file")
    rt.assert_clean()
    name = rt.launch(bundle.payload("sleep"))
    rt.call("exec", "--pidfd-socket", tmp_path / "none", name, "/bin/true").failed("pidfd socket").ok(255)
    assert rt.call("ps", "-f", "json", name).json() == [rt.pid(name)]


@pytest.mark.ocikit
def test_pidfd_socket_with_a_long_path(rt, bundle, receiver, tmp_path):
    (tmp_path / ("x" * 120)).mkdir()
    to = receiver("x" * 120 + "/s")
    rt.run(bundle.payload("exit", "0"), "--pidfd-socket", to.path).ok()
    to.thread.join(5)
    assert to.fd is not None


def activated(rt, environment, descriptors, *arguments):
    """The runtime with fds from 3 on and LISTEN_PID naming it, as a service manager starts it."""
    script = (f"{environment}; exec " + " ".join(f"{3 + i}<&{20 + i}" for i in range(descriptors)) +
              '; export LISTEN_PID=$$; exec "$@"')
    fds = []
    for i in range(descriptors):
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen()
        fds.append(server)
        os.dup2(server.fileno(), 20 + i, inheritable=True)
    try:
        # To a file: a created container would hold a pipe open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            done = subprocess.run(["bash", "-c", script, "x", *rt.argv(*arguments)], stdout=out, stderr=err,
                                  check=False, timeout=30, pass_fds=range(20, 20 + descriptors))
            out.seek(0)
            err.seek(0)
            done.stdout, done.stderr = out.read(), err.read()
        ports = [server.getsockname()[1] for server in fds]
    finally:
        for i, server in enumerate(fds):
            server.close()
            os.close(20 + i)
    return Result(done), ports


def test_socket_activation(rt, bundle):
    result, _ = activated(rt, "export LISTEN_FDS=2", 2, "run", "-b", bundle.payload(), rt.new_id())
    found = result.json()
    assert "LISTEN_FDS=2" in found["env"] and "LISTEN_PID=1" in found["env"]
    assert set(found["fds"]) == {"0", "1", "2", "3", "4"}
    assert all(found["fds"][fd].startswith("socket:") for fd in ("3", "4"))


@pytest.mark.ocikit
def test_socket_activation_adds_to_preserved_descriptors(rt, bundle):
    result, _ = activated(rt, "export LISTEN_FDS=1 LISTEN_FDNAMES=web", 3, "run", "--preserve-fds", 2, "-b",
                          bundle.payload(), rt.new_id())
    found = result.json()
    assert {"LISTEN_FDS=1", "LISTEN_PID=1", "LISTEN_FDNAMES=web"} <= set(found["env"])
    assert set(found["fds"]) == {"0", "1", "2", "3", "4", "5"}


@pytest.mark.ocikit
@pytest.mark.parametrize("environment", ["export LISTEN_FDS=0", "export LISTEN_FDS=x", "export LISTEN_FDS=-1", ":"])
def test_activation_that_is_none(rt, bundle, environment):
    result, _ = activated(rt, environment, 1, "run", "-b", bundle.payload(), rt.new_id())
    found = result.json()
    assert set(found["fds"]) == {"0", "1", "2"}
    assert not [one for one in found["env"] if one.startswith("LISTEN_")]


def test_activation_meant_for_another_process(rt, bundle):
    found = rt.report(bundle, env={**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert not [one for one in found["env"] if one.startswith("LISTEN_")]


@pytest.mark.ocikit
def test_activation_with_a_closed_descriptor(rt, bundle):
    result, _ = activated(rt, "export LISTEN_FDS=3", 1, "run", "-b", bundle.payload(), rt.new_id())
    result.failed("is not open")
    rt.assert_clean()


@pytest.mark.ocikit
def test_environment_of_the_activation_is_not_for_exec(rt, bundle):
    name = rt.new_id()
    activated(rt, "export LISTEN_FDS=1", 1, "create", "-b", bundle.payload("sleep"), name)[0].ok()
    rt.start(name)
    found = rt.call("exec", name, "/bin/payload", "report").json()
    assert not [one for one in found["env"] if one.startswith("LISTEN_")]


class Manager:
    """The service manager's side of sd_notify."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(10)

    def lines(self):
        return self.socket.recv(4096).decode().split("\n")[:-1]


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, rt):
    address = str(tmp_path / "manager.sock") if request.param == "path" else f"\0{rt.token}"
    made = Manager(address)
    made.environment = {**os.environ, "NOTIFY_SOCKET": address.replace("\0", "@")}
    yield made
    made.socket.close()


@pytest.mark.ocikit
def test_readiness_in_two_steps(rt, bundle, manager):
    name = rt.create(bundle.payload("ready"), env=manager.environment)
    pid = rt.pid(name)
    begin = time.monotonic()
    rt.start(name, env=manager.environment)
    assert time.monotonic() - begin > 0.15, "start waits until the program is ready"
    assert sorted(manager.lines()) == [f"MAINPID={pid}", "READY=1"]
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.lines()  # nothing else of the container's is believed
    rt.stop(name)
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_second_start_does_not_take_the_messages(rt, bundle, manager):
    bundle.args("/bin/sh", "-c", "while [ ! -e /go ]; do sleep 0.02; done; exec /bin/payload ready")
    name = rt.create(bundle, env=manager.environment)
    waiting = rt.popen("start", name, env=manager.environment)
    try:
        hostview.until(lambda: rt.status(name) == "running")
        rt.call("start", name, env=manager.environment, timeout=10).failed("")
        assert waiting.poll() is None
        (bundle.rootfs / "go").touch()
        assert "READY=1" in manager.lines()
        assert waiting.wait(10) == 0
    finally:
        waiting.kill()
        waiting.wait()


@pytest.mark.ocikit
@pytest.mark.parametrize("detach", [True, False])
def test_readiness_of_run(rt, bundle, manager, detach):
    name = rt.new_id()
    if detach:
        bundle.user_namespace()
        (bundle.rootfs / "run/notify").mkdir()
    running = rt.popen("run", *(["-d"] if detach else []), "-b", str(bundle.payload("ready")), name,
                       env=manager.environment)
    try:
        assert sorted(manager.lines()) == [f"MAINPID={rt.pid(name)}", "READY=1"]
        if detach:
            assert running.wait(10) == 0
        rt.kill(name, "KILL")
        assert running.wait(10) == (0 if detach else 137)
    finally:
        running.kill()
        running.wait()


@pytest.mark.ocikit
def test_a_program_that_never_says_so(rt, bundle, manager):
    name = rt.create(bundle.payload("exit", "0"), env=manager.environment)
    rt.start(name, env=manager.environment, timeout=10)
    rt.delete(name)
    rt.assert_clean()


def is_running(rt, name):
    found = rt.call("state", name)
    return found.code == 0 and found.json()["status"] == "running"


@pytest.mark.ocikit
def test_a_flood_does_not_hold_signals_up(rt, bundle, manager):
    """Four processes keep the queue full, as each message takes long to read: the rest is done all the same."""
    rt.wrapper = ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-D", "-qq", "-o", os.devnull,
                  "-e", "inject=recvfrom:delay_exit=2000"]
    running = rt.popen("run", "-b", str(bundle.payload("flood", "3")), rt.new_id(), env=manager.environment,
                       stdout=subprocess.PIPE)
    rt.wrapper = []
    try:
        assert running.stdout.readline() == b"ready\n"
        time.sleep(0.3)
        running.terminate()
        assert running.wait(10) == 3
    finally:
        running.kill()
        running.wait()
        running.stdout.close()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("program", ["flood", "term"])
def test_waiting_for_readiness_can_be_cancelled(rt, bundle, manager, program):
    name = rt.new_id()
    running = rt.popen("run", "-d", "-b", str(bundle.payload(program, "3")), name, env=manager.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        hostview.until(lambda: is_running(rt, name))
        time.sleep(0.3)
        assert running.poll() is None
        running.terminate()
        assert running.wait(10) == 1
        assert b"before the program had said that it is ready" in running.stderr.readline()
    finally:
        running.kill()
        running.wait()
        running.stderr.close()
    assert rt.status(name) == "running"
    rt.delete(name, "--force")
    rt.assert_clean()


@pytest.fixture
def busy(manager):
    """A manager whose queue is full: of senders that each have room for no more, the last had not room for one."""
    sent = 1
    while sent:
        sent = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other, \
                contextlib.suppress(BlockingIOError):
            while True:
                other.sendto(b"OTHER=1\n", manager.socket.getsockname())
                sent += 1
    return manager


@pytest.mark.ocikit
def test_a_manager_with_a_full_queue_holds_nothing_up(rt, bundle, busy):
    name = rt.new_id()
    running = rt.popen("run", "-b", str(bundle.payload("ready")), name, env=busy.environment)
    try:
        hostview.until(lambda: is_running(rt, name))
        time.sleep(0.5)
        rt.kill(name, "KILL")
        assert running.wait(10) == 137
    finally:
        running.kill()
        running.wait()


@pytest.mark.ocikit
@pytest.mark.parametrize("detach", [True, False])
def test_a_manager_with_a_full_queue_hears_of_it_later(rt, bundle, busy, detach):
    name = rt.new_id()
    running = rt.popen("run", *(["-d"] if detach else []), "-b", str(bundle.payload("ready")), name,
                       env=busy.environment)
    try:
        hostview.until(lambda: is_running(rt, name))
        time.sleep(0.5)
        assert running.poll() is None
        lines = busy.lines()
        while lines == ["OTHER=1"]:
            lines = busy.lines()
        assert sorted(lines) == [f"MAINPID={rt.pid(name)}", "READY=1"]
        if detach:
            assert running.wait(10) == 0
        rt.kill(name, "KILL")
        assert running.wait(10) == (0 if detach else 137)
    finally:
        running.kill()
        running.wait()


@pytest.mark.ocikit
def test_notify_socket_in_the_container(rt, bundle, manager):
    bundle.args("/bin/sh", "-c", "echo $NOTIFY_SOCKET; touch /run/notify/x || echo read-only; ls /run/notify")
    found = rt.run(bundle, env=manager.environment).ok().out.split()
    assert found == ["/run/notify/notify.sock", "read-only", "notify.sock"]
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("value", ["", "relative", "@", "/" + "x" * 200])
def test_notify_socket_that_is_none(rt, bundle, value):
    found = rt.report(bundle, env={**os.environ, "NOTIFY_SOCKET": value})
    assert not [one for one in found["env"] if one.startswith("NOTIFY_SOCKET")]


@pytest.mark.ocikit
def test_started_by_who_knows_no_manager(rt, bundle, manager):
    """Created with NOTIFY_SOCKET, started without: nobody waits, nobody listens."""
    name = rt.create(bundle.payload("ready"), env=manager.environment)
    pid = rt.pid(name)
    rt.start(name, timeout=10)
    assert hostview.wait_exit(pid) == 2
    other = rt.create(bundle.payload("sleep"))
    rt.start(other, env=manager.environment, timeout=10)


def test_accepted_for_callers_of_other_runtimes(rt, bundle):
    rt.run(bundle.payload("exit", "4"), "--no-subreaper", "--no-new-keyring").ok(4)


def test_pid_file_is_whole_or_absent(rt, bundle, tmp_path):
    path = tmp_path / "pid"
    path.write_text("an old one that is much longer than a pid\n", encoding="utf-8")
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            seen.add(path.read_text(encoding="utf-8"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        name = rt.create(bundle.payload("sleep"), "--pid-file", path)
    finally:
        done.set()
        thread.join()
    pid = str(rt.pid(name))
    assert path.read_text(encoding="utf-8") == pid
    assert seen <= {pid, "an old one that is much longer than a pid\n"}
    assert [entry.name for entry in tmp_path.iterdir() if "pid" in entry.name] == ["pid"]


@pytest.mark.ocikit
def test_run_keep(rt, bundle):
    name = rt.new_id()
    rt.run(bundle.payload("exit", "5"), "--keep", name=name).ok(5)
    assert rt.status(name) == "stopped"
    rt.delete(name)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("command", [["run"], ["run", "-d"], ["create"]])
def test_preserved_descriptors_that_are_closed(rt, bundle, command):
    """The command's own descriptors must not take their numbers."""
    for count in (1, 2, 3, 4, 5, 2147483647):
        rt.call(*command, "-b", bundle, "--preserve-fds", count, rt.new_id()).failed("is not open")
    rt.assert_clean()
