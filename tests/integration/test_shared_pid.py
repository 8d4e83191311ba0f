# SPDX-License-Identifier: Apache-2.0
"""A container in the pid namespace of another: it lacks nothing, and nothing of the host comes in with it.

Marked ocikit is also what runc 1.1 cannot do there: time namespaces, no mount namespace, hooks whose children stay.
"""
import json
import os
import signal
import stat

import pytest

import hostview
from test_hostile_container import PROC, ROUNDS, found_by, hostile  # pylint: disable=unused-import
from test_mounts_command import add


@pytest.fixture
def first(rt, bundle):
    """A container whose pid namespace others join; its name."""
    name = rt.launch(bundle.payload("sleep"))
    yield name
    end_others(rt, name)


def end_others(rt, first):
    """A pid namespace ends only when who made its processes, which is this one, has collected them."""
    for name in rt.entries():
        if name != first:
            rt.call("kill", name, "KILL")
            hostview.until(lambda name=name: hostview.reap() or rt.status(name) == "stopped", 20, "the end")


@pytest.fixture
def second(rt, first, make_bundle):
    return make_bundle().namespace("pid", f"/proc/{rt.pid(first)}/ns/pid")


def link(pid, kind):
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def test_proc_shows_the_joined_namespace(rt, first, second):
    """Also what the first container runs, and at numbers that are those of that namespace."""
    second.args("/bin/sh", "-c", "cat /proc/1/cmdline; echo; readlink /proc/self; echo $$; ls -d /proc/[0-9]*")
    lines = rt.run(second).ok().out.splitlines()
    assert lines[0].replace("\0", " ").strip() == "/bin/payload sleep"
    assert int(lines[2]) > 1 and int(lines[1]) > int(lines[2])
    assert {"/proc/1", f"/proc/{lines[2]}"} <= set(lines[3:])
    assert len(lines) < 8, "processes of the host are seen"


def test_every_proc_is_of_the_joined_namespace(rt, second):
    """Several of them, in their order, with their own options."""
    second.mount("/p", "proc", "proc", ["nosuid"])
    second.mount("/q", "proc", "proc", ["ro", "subset=pid"])
    second.args("/bin/sh", "-c", "for d in /proc /p /q; do cat $d/1/comm; done; ls /q; "
                                 "awk '$2 ~ /^.[pq]$/ {print $4}' /proc/mounts")
    lines = rt.run(second).ok().out.splitlines()
    assert lines[:3] == ["payload"] * 3
    assert "sys" not in lines
    assert lines[-2].startswith("rw,nosuid") and lines[-1].startswith("ro")


@pytest.mark.ocikit
@pytest.mark.parametrize("more", ["user", "time", "no-mount", "no-others", "no-pivot"])
def test_with_other_namespaces(rt, first, second, more):
    options = []
    if more == "user":
        second.user_namespace(host=200000, size=2000)
        # Who has rights in a user namespace of its own cannot make a procfs of a pid namespace that is not its.
        second.config["mounts"] = [m for m in second.config["mounts"] if m["type"] != "proc"]
        second.linux["maskedPaths"] = second.linux["readonlyPaths"] = []
        second.args("/bin/sh", "-c", "id -u; echo $$; sleep 1000")
    elif more == "time":
        second.namespace("time")
        second.linux["timeOffsets"] = {"boottime": {"secs": 1000000, "nanosecs": 0}}
    elif more == "no-mount":
        second.namespace("mount", False)
        second.linux["maskedPaths"] = second.linux["readonlyPaths"] = second.config["mounts"] = []
        second.config["root"]["readonly"] = False
    elif more == "no-others":
        second.linux["namespaces"] = [n for n in second.linux["namespaces"] if n["type"] in ("mount", "pid")]
        second.config["mounts"] = [m for m in second.config["mounts"] if m["type"] in ("proc", "tmpfs")]
        second.config.pop("hostname", None)
    else:
        options = ["--no-pivot"]
    if more != "user":
        second.payload("sleep")
    name = rt.create(second, *options)
    pid = rt.pid(name)
    assert link(pid, "pid") == link(rt.pid(first), "pid")
    for kind, file in (("user", "user"), ("time", "time"), ("mount", "mnt"), ("network", "net"), ("uts", "uts"),
                       ("ipc", "ipc"), ("cgroup", "cgroup")):
        fresh = any(n["type"] == kind for n in second.linux["namespaces"])
        assert (link(pid, file) != link("self", file)) == fresh, kind
    if more == "time":
        with open(f"/proc/{pid}/timens_offsets", encoding="utf-8") as file:
            assert "1000000" in file.read()
    rt.start(name)
    assert os.path.samefile(f"/proc/{pid}/root/bin/payload", second.rootfs / "bin/payload")
    assert rt.status(name) == "running"


@pytest.mark.ocikit
def test_with_the_user_namespace_of_the_other(rt, bundle, make_bundle):
    """Then the other's pid namespace is its user namespace's, and is entered after that."""
    name = rt.launch(bundle.user_namespace(host=200000, size=2000).payload("sleep"))
    second = make_bundle()
    second.config["mounts"] = [m for m in second.config["mounts"] if m["type"] != "mqueue"]
    for kind in ("user", "pid"):
        second.namespace(kind, f"/proc/{rt.pid(name)}/ns/{kind}")
    second.args("/bin/sh", "-c", "id -u; cat /proc/self/uid_map /proc/1/comm")
    assert rt.run(second).ok().out.split() == ["0", "0", "200000", "2000", "payload"]


def test_what_the_process_is_given(rt, second):
    """Limits, identity, capabilities, directory and environment, as without."""
    second.process.update(
        user={"uid": 1000, "gid": 1000, "additionalGids": [5], "umask": 0o27}, cwd="/tmp", oomScoreAdj=77,
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 55, "hard": 66}], noNewPrivileges=True)
    second.capabilities("CAP_KILL", ambient=["CAP_KILL"], inheritable=["CAP_KILL"])
    second.seccomp("SCMP_ACT_ERRNO", "mkdir", "mkdirat")
    second.args("/bin/sh", "-c", "id -u; id -G; pwd; umask; cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn; "
                                 "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; mkdir /tmp/x || echo no")
    lines = rt.run(second).ok().out.splitlines()
    assert lines[:7] == ["1000", "1000 5", "/tmp", "0027", "77", "55", "66"]
    assert [line.split()[1] for line in lines[7:10]] == [f"{1 << 5:016x}", "1", "2"]
    assert lines[10] == "no"


def test_session_of_its_own(rt, first, second):
    second.payload("sleep")
    pid = rt.pid(rt.launch(second))
    assert os.getsid(pid) == pid
    assert rt.pid(first) != pid


@pytest.mark.ocikit
def test_terminal(rt, second):
    """Made by the one init, used by the other: session, /dev/console and window are the process's."""
    second.process.update(terminal=True, consoleSize={"height": 33, "width": 77})
    second.args("/bin/sh", "-c", "stat -c %t:%T /dev/console; test -t 0 && test -t 1 && echo tty; "
                                 "awk '{print $6 == $1}' /proc/$$/stat; awk '{print ($7 != 0)}' /proc/$$/stat")
    master, slave = os.openpty()
    try:
        process = rt.popen("run", "-b", second, rt.new_id(), stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        assert process.wait(20) == 0
        text = os.read(master, 4096).decode()
    finally:
        os.close(master)
    words = text.split()
    assert words[0].startswith("88:") and words[1:] == ["tty", "1", "1"], text


PROBE = """pid=$(grep -o '"pid": *[0-9]*' | grep -o '[0-9]*$'); readlink /proc/$pid/fd/0 /proc/$pid/fd/1 /proc/$pid/fd/2 \
/proc/$pid/root /proc/$pid/cwd > {path}; awk '{{print $6 == $1}}' /proc/$pid/stat >> {path}; ls /proc/$pid/root/ >> {path}"""


@pytest.mark.ocikit
def test_what_waits_there_while_hooks_run(rt, second, tmp_path):
    """An own session, an empty root, and with a terminal not the caller's standard files either."""
    second.process["terminal"] = True
    second.hook("createRuntime", "/bin/sh", "-c", PROBE.format(path=tmp_path / "found"), env=["PATH=/bin:/usr/bin"])
    master, slave = os.openpty()
    try:
        process = rt.popen("run", "-b", second.payload("exit", "0"), rt.new_id(), stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        assert process.wait(20) == 0
    finally:
        os.close(master)
    assert (tmp_path / "found").read_text("utf-8").splitlines() == ["/dev/null"] * 3 + ["/", "/", "1"]


@pytest.mark.ocikit
def test_hooks_inside_are_as_without(rt, second, bundle, make_bundle, first, tmp_path):
    """The keyring and the score of the container's own."""
    plain = make_bundle()
    for number, container in enumerate((plain, second)):
        container.process["oomScoreAdj"] = 500
        container.hook("createContainer", "/bin/sh", "-c",
                       f"cat /proc/self/oom_score_adj > {tmp_path}/{number}; cat /proc/keys > {tmp_path}/keys{number}",
                       env=["PATH=/bin:/usr/bin"])
        name = rt.new_id()
        rt.run(container.payload("exit", "0"), name=name).ok()
        assert (tmp_path / str(number)).read_text("ascii") == "500\n"
        if os.path.exists("/proc/keys"):
            assert f"_ses.{name}" in (tmp_path / f"keys{number}").read_text("ascii")


@pytest.mark.ocikit
@pytest.mark.parametrize("user", [False, True])
def test_a_caller_that_may_not_trace(rt, second, user):
    if user:
        second.user_namespace(host=200000, size=2000)
        second.config["mounts"] = [m for m in second.config["mounts"] if m["type"] != "proc"]
        second.linux["maskedPaths"] = second.linux["readonlyPaths"] = []
    rt.wrapper = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    rt.run(second.payload("exit", "3")).ok(3)


@pytest.mark.ocikit
def test_a_label_in_a_new_user_namespace(rt, second):
    """There is no procfs that it could be written to."""
    second.user_namespace(host=200000, size=2000)
    second.process["apparmorProfile"] = "x"
    rt.run(second.payload("exit", "0")).failed("/process/apparmorProfile", "pid namespace by path")


@pytest.mark.ocikit
def test_a_created_container_that_is_stopped(rt, second):
    """By a process of its pid namespace, say: the start lets it go on."""
    name = rt.create(second.payload("sleep"))
    os.kill(rt.pid(name), signal.SIGSTOP)
    rt.start(name)
    assert rt.status(name) == "running"


def test_hooks_are_told_the_pid_of_the_process(rt, first, second, tmp_path):
    """And see it in its namespaces."""
    for stage in ("prestart", "createRuntime"):
        second.hook(stage, "/bin/sh", "-c", f"""cat > {tmp_path}/{stage}
            pid=$(grep -o '"pid": *[0-9]*' {tmp_path}/{stage} | grep -o '[0-9]*$')
            readlink /proc/$pid/ns/net /proc/$pid/ns/pid /proc/$pid/ns/mnt > {tmp_path}/{stage}.ns""",
                    env=["PATH=/bin:/usr/bin"])
    name = rt.create(second.payload("sleep"))
    pid = rt.pid(name)
    for stage in ("prestart", "createRuntime"):
        with open(tmp_path / stage, encoding="utf-8") as file:
            assert json.load(file)["pid"] == pid
        with open(tmp_path / f"{stage}.ns", encoding="utf-8") as file:
            assert file.read().split() == [link(pid, "net"), link(rt.pid(first), "pid"), link(pid, "mnt")]
    rt.start(name)
    assert rt.status(name) == "running"


@pytest.mark.ocikit
def test_hooks_inside_run_in_the_joined_namespace(rt, first, second, tmp_path):
    second.hook("createContainer", "/bin/sh", "-c", f"sleep 1000 & echo $! > {tmp_path}/inside",
                env=["PATH=/bin:/usr/bin"])
    second.hook("startContainer", "/bin/sh", "-c", "echo $PPID > /hook")
    name = rt.launch(second.payload("sleep"))
    inside = int((tmp_path / "inside").read_text("ascii"))
    pid = rt.pid(name)
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        numbers = [line.split() for line in file if line.startswith("NSpid")][0]
    assert int((second.rootfs / "hook").read_text("ascii")) == int(numbers[-1])
    # The process that the hook left is found by that number there.
    rt.call("exec", first, "/bin/sh", "-c", f"kill -0 {inside} && kill -9 {inside}").ok()


@pytest.mark.ocikit
def test_a_proc_is_added_later(rt, second):
    """Whichever of the two stages is heard first."""
    name = rt.launch(second.payload("sleep"))
    for _ in range(ROUNDS):
        add(rt, name, PROC).ok()


@pytest.mark.ocikit
def test_nothing_is_left(rt, second):
    """Neither of the two inits, nor a zombie of them."""
    before = hostview.children()
    rt.run(second.payload("exit", "3")).ok(3)
    assert hostview.children() == before


@pytest.mark.ocikit
@pytest.mark.parametrize("change, texts", [
    ({"options": ["hidepid=nonsense"]}, ["make a filesystem of type \"proc\" for \"/p\"", "hidepid", "/mounts/"]),
    ({"options": ["iversion"]}, ["pid namespace by path", "/mounts/"]),
    ({"type": "tmpfs", "options": ["size=nonsense"]}, ["make a filesystem of type \"tmpfs\" for \"/p\"", "/mounts/"]),
])
def test_a_mount_that_cannot_be_made(rt, second, change, texts):
    """Whichever of the two makes it, the message is the same, and nothing is left."""
    second.config["mounts"].append({"destination": "/p", "type": "proc", "source": "proc", **change})
    rt.run(second.payload("exit", "0")).failed(*texts)
    assert len(rt.entries()) == 1


@pytest.mark.ocikit
@pytest.mark.parametrize("terminal", [False, True])
def test_a_program_that_is_not_there(rt, second, terminal):
    second.process["terminal"] = terminal
    rt.call("create", "-b", second.args("/no/such"), *(["--console-socket", "/no/socket"] if terminal else []),
            rt.new_id()).failed("/no/such" if not terminal else "")
    assert len(rt.entries()) == 1


@pytest.mark.ocikit
def test_a_file_that_is_no_pid_namespace(rt, first, second):
    second.namespace("pid", f"/proc/{rt.pid(first)}/ns/net")
    rt.run(second).failed("/linux/namespaces/")


@pytest.mark.ocikit
def test_a_namespace_whose_first_process_ended(rt, first, second, tmp_path):
    """Nobody can be born there any more; the message says where the configuration is wrong."""
    path = tmp_path / "pid"
    path.touch()
    hostview.mount(f"/proc/{rt.pid(first)}/ns/pid", path, None, 0x1000)
    try:
        rt.stop(first)
        second.namespace("pid", path)
        rt.run(second.payload("exit", "0")).failed("/linux/namespaces/", "a pid namespace whose first process has ended")
    finally:
        hostview.umount(path)


@pytest.mark.ocikit
def test_nothing_of_the_host_is_open(rt, hostile, outside, make_bundle):  # noqa: F811
    """/proc/PID/fd, cwd and root of what comes into the pid namespace lead into the new container, or nowhere."""
    name = hostile("look-out", str(outside / "marker"))
    second = make_bundle().namespace("pid", f"/proc/{rt.pid(name)}/ns/pid").payload("exit", "0")
    for _ in range(ROUNDS):
        rt.run(second).ok()
    assert found_by(rt, name) == ""


@pytest.mark.ocikit
def test_an_init_that_is_stopped_goes_on(rt, hostile, make_bundle):  # noqa: F811
    name = hostile("stop")
    second = make_bundle().namespace("pid", f"/proc/{rt.pid(name)}/ns/pid").payload("sleep")
    for _ in range(3):
        rt.create(second)


@pytest.mark.ocikit
def test_an_init_that_is_killed(rt, hostile, make_bundle):  # noqa: F811
    """By another process there, at any moment: an error that says so, or a container, and nothing half-made."""
    name = hostile("kill")
    second = make_bundle().namespace("pid", f"/proc/{rt.pid(name)}/ns/pid").payload("sleep")
    for _ in range(10):
        result = rt.call("create", "-b", second, rt.new_id())
        if result.code:
            assert "ended by signal 9" in result.err or "cannot be seen" in result.err, result
        assert len(rt.entries()) == 1 + (result.code == 0)
        for entry in rt.entries():
            if entry != name:
                rt.delete(entry, "--force")


def test_device_and_links_are_there(rt, second):
    second.args("/bin/sh", "-c", "test -c /dev/null && readlink /dev/fd && echo x > /dev/null && echo ok")
    assert rt.run(second).ok().out.split() == ["/proc/self/fd", "ok"]
    assert stat.S_ISDIR(os.stat(second.rootfs).st_mode)
