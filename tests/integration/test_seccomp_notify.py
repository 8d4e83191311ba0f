# SPDX-License-Identifier: Apache-2.0
"""linux.seccomp: filters that notify a listener, and calls that are newer than a profile."""
import array
import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import threading
import time

import pytest

GETPPID, PERSONALITY, NEWEST = 110, 135, 440
RECEIVE, SEND = 0xC0502100, 0xC0182101


def complete(data):
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


class Listener(threading.Thread):
    """An agent: takes one connection after the other, and answers notified calls with 4242."""

    def __init__(self, path, answer=4242):
        super().__init__(daemon=True)
        self.path, self.answer = path, answer
        self.documents, self.calls, self.fds = [], [], []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        self.socket.listen(8)

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                self.take(peer)

    def take(self, peer):
        fds = array.array("i")
        data, control, _, _ = peer.recvmsg(1 << 20, socket.CMSG_SPACE(64))
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(payload[:len(payload) - len(payload) % 4])
        while not complete(data):
            data += peer.recv(1 << 20)
        self.documents.append(json.loads(data))
        assert len(fds) == 1, fds
        self.fds.append(fds[0])
        threading.Thread(target=self.serve, args=(fds[0],), daemon=True).start()

    def serve(self, fd):
        while True:
            request = bytearray(80)
            try:
                fcntl.ioctl(fd, RECEIVE, request)
                number, = struct.unpack_from("<Q", request)
                self.calls.append(struct.unpack_from("<i", request, 16)[0])
                fcntl.ioctl(fd, SEND, struct.pack("<QqiI", number, self.answer, 0, 0))
            except OSError:
                return

    def close(self):
        # A thread in accept() does not wake up by itself.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for fd in self.fds:
            os.close(fd)


@pytest.fixture
def listener(tmp_path):
    agent = Listener(tmp_path / "agent.sock")
    agent.start()
    yield agent
    agent.close()


@pytest.fixture
def notifying(bundle, tmp_path):
    """personality is notified: a call that no runtime makes on its way to the program."""
    bundle.seccomp("SCMP_ACT_NOTIFY", "personality")
    bundle.linux["seccomp"].update(listenerPath=str(tmp_path / "agent.sock"),
                                   listenerMetadata="some \"metadata\"\n")
    bundle.config["annotations"] = {"org.example": "x"}
    return bundle.payload("call", str(PERSONALITY))


@pytest.mark.proves("/linux/seccomp/listenerPath", "/linux/seccomp/listenerMetadata")
@pytest.mark.parametrize("forbidden", [True, False])
def test_a_listener_answers(rt, notifying, listener, forbidden):
    notifying.process["noNewPrivileges"] = forbidden
    assert rt.report(notifying)["result"] == 4242
    assert listener.calls == [PERSONALITY]
    document, = listener.documents
    assert document["fds"] == ["seccompFd"]
    assert document["metadata"] == "some \"metadata\"\n"
    state = document["state"]
    assert state["id"] == rt.ids[0] and state["bundle"] == str(notifying.path)
    assert state["status"] in ("creating", "created")
    assert state["pid"] == document["pid"] > 1
    assert state["annotations"]["org.example"] == "x"


@pytest.mark.ocikit
def test_versions_in_the_document(rt, notifying, listener):
    rt.run(notifying).ok()
    document, = listener.documents
    assert document["ociVersion"] == document["state"]["ociVersion"] == \
        notifying.config["ociVersion"]


@pytest.mark.parametrize("user", [0, 1000])
@pytest.mark.parametrize("forbidden", [True, False])
def test_exec_has_a_listener_of_its_own(rt, notifying, listener, user, forbidden):
    notifying.process["noNewPrivileges"] = forbidden
    name = rt.launch(notifying.payload("sleep"))
    result = rt.call("exec", "--user", user, name, "/bin/payload", "call", str(PERSONALITY))
    assert result.json()["result"] == 4242
    first, second = listener.documents
    assert first["pid"] == first["state"]["pid"] == second["state"]["pid"] == rt.pid(name)
    assert second["pid"] != first["pid"]
    assert second["state"]["status"] == "running"


@pytest.mark.ocikit
def test_two_stages(rt, notifying, listener):
    notifying.user_namespace()
    os.chmod(listener.path, 0o666)
    assert rt.report(notifying)["result"] == 4242
    assert listener.documents[0]["pid"] > 1


@pytest.mark.ocikit
def test_the_pid_is_the_host_s(rt, notifying, listener):
    name = rt.launch(notifying.payload("sleep"))
    assert listener.documents[0]["pid"] == rt.pid(name)


@pytest.mark.ocikit
def test_a_large_document(rt, notifying, listener):
    """More than a socket holds at once."""
    notifying.config["annotations"] = {f"k{n}": "v" * 10000 for n in range(100)}
    assert rt.report(notifying)["result"] == 4242
    assert len(listener.documents[0]["state"]["annotations"]) == 100


@pytest.mark.parametrize("forbidden", [True, False])
def test_nobody_listens(rt, notifying, forbidden):
    notifying.process["noNewPrivileges"] = forbidden
    notifying.args("/bin/touch", "/ran")
    rt.run(notifying).failed("agent.sock")
    assert not (notifying.rootfs / "ran").exists()
    rt.assert_clean()


@pytest.mark.ocikit
def test_the_error_names_the_property(rt, notifying):
    rt.run(notifying).failed("/linux/seccomp/listenerPath", "no such file")


@pytest.mark.ocikit
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_listener_that_closes_early(rt, notifying, tmp_path, size):
    """Before it has read what was sent, whether that fits into the socket or not."""
    notifying.config["annotations"] = {"k": "v" * size}
    notifying.args("/bin/touch", "/ran")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "agent.sock"))
        server.listen(1)

        def rude():
            peer, _ = server.accept()
            time.sleep(0.2)
            peer.close()

        thread = threading.Thread(target=rude, daemon=True)
        thread.start()
        rt.run(notifying).failed("/linux/seccomp/listenerPath")
        thread.join()
    assert not (notifying.rootfs / "ran").exists()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_listener_that_hangs_up_and_does_not_close(rt, notifying, tmp_path, size):
    """It will not read what it was sent, and the socket has no error to tell."""
    notifying.config["annotations"] = {"k": "v" * size}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "agent.sock"))
        server.listen(1)
        peers = []

        def rude():
            peers.append(server.accept()[0])
            time.sleep(0.2)
            peers[0].shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=rude, daemon=True)
        thread.start()
        begun = time.monotonic()
        rt.run(notifying, timeout=25).failed("/linux/seccomp/listenerPath", "broken pipe")
        assert time.monotonic() - begun < 5
        thread.join()
        peers[0].close()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_listener_that_never_reads(rt, notifying, tmp_path, size):
    notifying.config["annotations"] = {"k": "v" * size}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "agent.sock"))
        server.listen(1)
        begun = time.monotonic()
        rt.run(notifying, timeout=25).failed("/linux/seccomp/listenerPath", "timed out")
        assert time.monotonic() - begun < 20
    rt.assert_clean()


@pytest.mark.ocikit
def test_delete_ends_a_start_whose_listener_never_answers(rt, bundle, tmp_path):
    """execve is notified and nobody answers: start waits, with the container's lock."""
    bundle.process["noNewPrivileges"] = True
    bundle.seccomp("SCMP_ACT_NOTIFY", "execve", "execveat")
    bundle.linux["seccomp"]["listenerPath"] = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "agent.sock"))
        server.listen(1)
        name = rt.create(bundle.payload("sleep"))
        start = rt.popen("start", name, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peer, _ = server.accept()
        with peer:
            data, control, _, _ = peer.recvmsg(1 << 20, socket.CMSG_SPACE(64))
            while not complete(data):
                data += peer.recv(1 << 20)
            (_, _, payload), = control
            fd, = struct.unpack("i", payload)
            try:
                request = bytearray(80)
                fcntl.ioctl(fd, RECEIVE, request)
                begun = time.monotonic()
                rt.call("delete", "--force", name, timeout=25).ok()
                assert time.monotonic() - begun < 5
                start.wait(timeout=10)
            finally:
                os.close(fd)
                start.kill()
                start.wait()
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_filter_that_kills_while_its_fd_is_handed_over(rt, notifying, listener):
    """No start may succeed of which the listener knows nothing."""
    notifying.linux["seccomp"]["syscalls"].append(
        {"names": ["sendmsg"], "action": "SCMP_ACT_KILL_PROCESS",
         "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_GE"}]})
    notifying.args("/bin/touch", "/ran")
    container = rt.create(notifying)
    rt.call("start", container, timeout=15).failed("")
    assert not (notifying.rootfs / "ran").exists() and not listener.documents
    assert rt.status(container) == "stopped"


@pytest.mark.ocikit
@pytest.mark.proves("/linux/seccomp/listenerPath")
@pytest.mark.parametrize("forbidden", [True, False])
@pytest.mark.parametrize("call,action", [
    ("sendmsg", "SCMP_ACT_ERRNO"), ("sendmsg", "SCMP_ACT_TRAP"), ("recvfrom", "SCMP_ACT_ERRNO"),
    ("recvfrom", "SCMP_ACT_KILL_PROCESS"), ("close", "SCMP_ACT_KILL_PROCESS"), ("close", "SCMP_ACT_TRAP")])
def test_a_filter_that_denies_to_hand_its_fd_over(rt, notifying, listener, call, action, forbidden):
    notifying.process["noNewPrivileges"] = forbidden
    notifying.linux["seccomp"]["syscalls"].append({"names": ["getppid", call], "action": action})
    rt.run(notifying).failed("/linux/seccomp", f"allows {call}")
    assert not listener.documents
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("call", ["sendmsg", "recvfrom"])
def test_a_default_that_denies_to_hand_the_fd_over(rt, notifying, listener, call):
    seccomp = notifying.linux["seccomp"]
    allow_all_but(notifying, call, listenerPath=str(listener.path))
    notifying.linux["seccomp"]["syscalls"] += seccomp["syscalls"]
    rt.run(notifying).failed("/linux/seccomp", f"allows {call}")
    rt.assert_clean()


@pytest.mark.ocikit
def test_an_fd_can_be_handed_over_without_closing_it(rt, notifying, listener):
    notifying.linux["seccomp"]["syscalls"].append({"names": ["close"], "action": "SCMP_ACT_ERRNO"})
    assert rt.report(notifying)["result"] == 4242


@pytest.mark.ocikit
def test_a_failed_exec_leaves_the_container_alone(rt, notifying, listener):
    name = rt.launch(notifying.payload("sleep"))
    listener.path.unlink()
    rt.call("exec", name, "/bin/true").failed("/linux/seccomp/listenerPath")
    assert rt.status(name) == "running"


@pytest.mark.proves("/linux/seccomp/listenerPath")
def test_a_listener_without_notifications_is_ignored(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid")
    bundle.linux["seccomp"]["listenerPath"] = "/no/such/socket"
    rt.run(bundle.payload("exit", "0")).ok()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/seccomp/flags")
@pytest.mark.parametrize("flags", [
    [], ["SECCOMP_FILTER_FLAG_TSYNC"], ["SECCOMP_FILTER_FLAG_LOG"],
    ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"], ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
    ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]])
def test_flags_with_and_without_a_listener(rt, notifying, listener, flags):
    notifying.linux["seccomp"]["flags"] = flags
    assert rt.report(notifying)["result"] == 4242
    notifying.linux["seccomp"]["syscalls"][0].update(action="SCMP_ACT_ERRNO", errnoRet=5)
    assert rt.report(notifying)["errno"] == 5


@pytest.mark.ocikit
@pytest.mark.parametrize("change,place", [
    ({"defaultAction": "SCMP_ACT_NOTIFY"}, "defaultAction"),
    ({"listenerPath": "relative"}, "listenerPath"),
    ({"listenerPath": ""}, "/linux/seccomp"),
    ({"syscalls": [{"names": ["recvfrom"], "action": "SCMP_ACT_NOTIFY"}]}, "syscalls/0/names/0"),
    ({"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY", "errnoRet": 1}]},
     "syscalls/0"),
    ({"listenerPath": 5}, "listenerPath"),
])
def test_profiles_that_cannot_notify(rt, notifying, change, place):
    notifying.linux["seccomp"].update(change)
    rt.run(notifying).failed(place)
    rt.assert_clean()


@pytest.mark.ocikit
def test_metadata_needs_a_listener(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid")
    bundle.linux["seccomp"]["listenerMetadata"] = "x"
    rt.run(bundle).failed("/linux/seccomp/listenerMetadata")


# What a static program and an init need; its highest number is faccessat2's, 439.
ALLOWED = """accept4 access arch_prctl brk capget capset chdir clock_gettime clone clone3 close close_range
dup3 execve execveat exit exit_group faccessat faccessat2 fcntl fstat futex getcwd getegid geteuid getgid
getgroups getpgrp getpid getppid getrandom getsid getuid ioctl lseek mmap mprotect munmap newfstatat open
openat openat2 pidfd_send_signal pipe2 poll ppoll prctl prlimit64 read readlink readlinkat recvfrom rseq
rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sendmsg sendto set_robust_list set_tid_address
setgid setgroups setresgid setresuid setsid setuid stat statfs statx umask uname unlinkat wait4 waitid write
writev seccomp fchdir gettid tgkill setpgid kill epoll_ctl epoll_pwait epoll_create1 nanosleep madvise
sigaltstack sched_yield mount umount2 getdents64 connect socket fstatfs pselect6 eventfd2
clock_nanosleep membarrier""".split()


def allow_all_but(bundle, *names, action="SCMP_ACT_ERRNO", **more):
    """A profile as engines write it: a list of what is allowed."""
    bundle.seccomp("SCMP_ACT_ALLOW", *sorted(set(ALLOWED) - set(names)), default=action)
    bundle.linux["seccomp"].update(more)
    return bundle


@pytest.mark.proves("/linux/seccomp/defaultAction", "/linux/seccomp/syscalls",
                    "/linux/seccomp/syscalls/[]/names", "/linux/seccomp/syscalls/[]/action")
@pytest.mark.parametrize("action", ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"])
def test_newer_calls_do_not_exist(rt, bundle, action):
    """What the profile could have named is forbidden; what it could not is answered like an old kernel."""
    allow_all_but(bundle, "personality", action=action).namespace("pid", False)
    assert rt.report(bundle.payload("call", str(NEWEST)))["errno"] == errno.ENOSYS
    forbidden = rt.run(bundle.payload("call", str(PERSONALITY), "0xffffffff"))
    if action == "SCMP_ACT_ERRNO":
        assert forbidden.json()["errno"] == errno.EPERM
    else:
        assert forbidden.code == 128 + 31


@pytest.mark.proves("/linux/seccomp/architectures")
def test_newer_calls_of_an_architecture_that_is_not_named(rt, bundle):
    """This machine's own is filtered all the same."""
    allow_all_but(bundle, "personality", architectures=["SCMP_ARCH_X86"]).namespace("pid", False)
    assert rt.report(bundle.payload("call", str(NEWEST)))["errno"] == errno.ENOSYS


@pytest.mark.proves("/linux/seccomp/defaultErrnoRet")
def test_the_default_number(rt, bundle):
    allow_all_but(bundle, "personality", defaultErrnoRet=errno.EXDEV)
    assert rt.report(bundle.payload("call", str(PERSONALITY)))["errno"] == errno.EXDEV
    assert rt.report(bundle.payload("call", str(NEWEST)))["errno"] == errno.ENOSYS


def test_a_list_of_what_is_forbidden_stays_one(rt, bundle):
    bundle.seccomp("SCMP_ACT_ERRNO", "getppid", default="SCMP_ACT_LOG", errnoRet=errno.EXDEV)
    assert rt.report(bundle.payload("call", str(GETPPID)))["errno"] == errno.EXDEV
    assert rt.report(bundle.payload("call", str(PERSONALITY), "0xffffffff"))["errno"] == 0


@pytest.mark.proves("/linux/seccomp/syscalls/[]/errnoRet")
def test_trap(rt, bundle):
    bundle.seccomp("SCMP_ACT_TRAP", "getppid").namespace("pid", False)
    assert rt.run(bundle.payload("call", str(GETPPID))).code == 128 + 31


def test_trace_without_a_tracer(rt, bundle):
    bundle.seccomp("SCMP_ACT_TRACE", "getppid", errnoRet=7)
    assert rt.report(bundle.payload("call", str(GETPPID)))["errno"] == errno.ENOSYS


@pytest.mark.parametrize("action", ["SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD"])
def test_kill_of_a_thread(rt, bundle, action):
    bundle.seccomp(action, "getppid").namespace("pid", False)
    assert rt.run(bundle.payload("call", str(GETPPID))).code == 128 + 31


def test_log(rt, bundle):
    bundle.seccomp("SCMP_ACT_LOG", "getppid")
    assert rt.report(bundle.payload("call", str(GETPPID)))["errno"] == 0


@pytest.mark.proves("/linux/seccomp/syscalls/[]/args", "/linux/seccomp/syscalls/[]/args/[]/index",
                    "/linux/seccomp/syscalls/[]/args/[]/value",
                    "/linux/seccomp/syscalls/[]/args/[]/valueTwo",
                    "/linux/seccomp/syscalls/[]/args/[]/op")
@pytest.mark.parametrize("op,value,two,matching,other", [
    ("SCMP_CMP_NE", 5, 0, 6, 5), ("SCMP_CMP_LT", 5, 0, 4, 5), ("SCMP_CMP_LE", 5, 0, 5, 6),
    ("SCMP_CMP_EQ", 5, 0, 5, 6), ("SCMP_CMP_GE", 5, 0, 5, 4), ("SCMP_CMP_GT", 5, 0, 6, 5),
    ("SCMP_CMP_MASKED_EQ", 0xf0, 0x50, 0x5f, 0x6f)])
def test_operators(rt, bundle, op, value, two, matching, other):
    bundle.seccomp("SCMP_ACT_ERRNO", "personality", errnoRet=errno.EXDEV,
                   args=[{"index": 0, "value": value, "valueTwo": two, "op": op}])
    assert rt.report(bundle.payload("call", str(PERSONALITY), str(matching)))["errno"] == errno.EXDEV
    assert rt.report(bundle.payload("call", str(PERSONALITY), str(other)))["errno"] == 0


@pytest.mark.ocikit
@pytest.mark.proves("/linux/seccomp/architectures")
def test_every_architecture_that_is_named(rt, bundle):
    for arch in rt.call("features").json()["linux"]["seccomp"]["archs"]:
        allow_all_but(bundle, "personality")
        bundle.linux["seccomp"]["architectures"] = ["SCMP_ARCH_X86_64", arch]
        result = rt.run(bundle.payload("call", str(NEWEST)))
        # Architectures of the other byte order cannot share a filter with this one's.
        if result.code == 0:
            assert result.json()["errno"] == errno.ENOSYS, arch
        else:
            result.failed("/linux/seccomp/architectures/1")
