# SPDX-License-Identifier: Apache-2.0
"""Guards that no other test would miss: each test here fails when one particular check is gone.

What a container is and does is the business of the other files; here is what must not happen.
"""
import errno
import json
import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

import groups
import hostview
from test_process import mask, rt_shell, sets

pytestmark = pytest.mark.ocikit
CGROUPS = Path(hostview.CGROUPS)
NO_DEV = ("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue")


def without_mounts(bundle, *destinations):
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if m["destination"] not in destinations]
    return bundle


def in_view(rt, script):
    """Run the commands that follow where the shell text has changed the mounts."""
    rt.wrapper = ["unshare", "-m", "sh", "-c", script + '; exec "$@"', "x"]


def line_of(rt, *args):
    return " ".join(shlex.quote(word) for word in rt.argv(*args))


# The waiting process

def test_waiting_process_is_closed_to_its_own_user(rt, bundle):
    """Root without CAP_SYS_PTRACE has the same user and more capabilities; it must not get in."""
    pid = rt.pid(rt.create(bundle))
    done = subprocess.run(["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace",
                           "readlink", f"/proc/{pid}/cwd"], capture_output=True, check=False)
    assert done.returncode != 0, done.stdout


# Mounts

def test_file_over_a_directory_says_so(rt, bundle, tmp_path):
    (tmp_path / "file").touch()
    bundle.mount("/home/user", tmp_path / "file")
    rt.run(bundle).failed("/mounts/", "not a directory")
    rt.assert_clean()


def test_root_that_is_a_file_says_so(rt, bundle):
    bundle.config["root"]["path"] = "/etc/passwd"
    bundle.config["mounts"] = []
    rt.run(bundle).failed("/root/path", "not a directory")
    rt.assert_clean()


def test_proc_may_only_be_a_procfs(rt, bundle, tmp_path):
    fake = tmp_path / "fake"
    (fake / "sys").mkdir(parents=True)
    without_mounts(bundle, "/proc").mount("/proc", fake)
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    rt.run(bundle.payload("exit", "0")).failed("/mounts/", "procfs")
    rt.assert_clean()


@pytest.mark.parametrize("kind", ["bind", "tmpfs"])
@pytest.mark.parametrize("destination", ["/p", "/p/self/attr", "/p/sys", "/q/self"])
def test_links_do_not_lead_mounts_into_proc(rt, bundle, tmp_path, kind, destination):
    """CVE-2019-16884 by way of a link that the image brings along."""
    (bundle.rootfs / "p").symlink_to("proc")
    (bundle.rootfs / "q").symlink_to("/proc")
    (tmp_path / "source").mkdir()
    options = ["bind"] if kind == "bind" else []
    bundle.mount(destination, tmp_path / "source", kind, options)
    rt.run(bundle.payload("exit", "0")).failed("/mounts/")
    rt.assert_clean()


def test_masks_are_the_null_device_or_nothing(rt, bundle, tmp_path):
    """A host whose /dev/null was replaced by a file: its content would show in the container."""
    (tmp_path / "fake").write_text("fake\n", encoding="utf-8")
    bundle.linux["maskedPaths"] = ["/etc/passwd"]
    in_view(rt, f"mount --bind {tmp_path}/fake /dev/null")
    rt.run(bundle.probe("read:/etc/passwd")).failed("/linux/maskedPaths/0")
    rt.wrapper = []
    rt.assert_clean()


def test_read_only_paths_keep_what_is_mounted_below(rt, bundle, tmp_path):
    below = tmp_path / "below"
    below.mkdir()
    (below / "file").write_text("seen\n", encoding="utf-8")
    bundle.mount("/home/user", below)
    bundle.linux["readonlyPaths"] = ["/home"]
    found = rt.report(bundle.probe("read:/home/user/file", "write:/home/user/file",
                                   "create:/home/user/new", "create:/home/new"))
    assert found[0].get("data") == "seen\n"
    assert [item["errno"] for item in found[1:]] == [errno.EROFS] * 3


# Device nodes and the console

def test_link_in_the_place_of_a_node(rt, bundle):
    """What the link leads to on the host has the right numbers, and is not the container's."""
    (bundle.rootfs / "home/zero").symlink_to("/dev/zero")
    bundle.linux["devices"] = [{"path": "/home/zero", "type": "c", "major": 1, "minor": 5}]
    rt.run(bundle).failed("/home/zero")
    rt.assert_clean()


def run_on_a_pty(rt, bundle):
    """The command's exit code and all that came out of the terminal."""
    bundle.process["terminal"] = True
    bundle.save()
    done = subprocess.run(["script", "-qec", line_of(rt, "run", "-b", str(bundle.path), rt.new_id()),
                           "/dev/null"], capture_output=True, check=False, timeout=30,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def test_link_in_the_place_of_the_console(rt, bundle, outside):
    pts = next(m for m in bundle.config["mounts"] if m["destination"] == "/dev/pts")
    without_mounts(bundle, *NO_DEV).config["mounts"].append(pts)
    (bundle.rootfs / "dev/console").symlink_to(outside / "marker")
    bundle.args("/bin/sh", "-c", "test -c /dev/console && echo is-a-terminal; exit 0")
    code, text = run_on_a_pty(rt, bundle)
    assert code != 0 or "is-a-terminal" in text, text
    rt.assert_clean()


def test_terminal_comes_from_a_devpts(rt, bundle):
    """A ptmx anywhere else, even one that works, is not the container's own."""
    pts = next(m for m in bundle.config["mounts"] if m["destination"] == "/dev/pts")
    without_mounts(bundle, "/dev/pts").mount("/dev/pts", "tmpfs", "tmpfs", ["mode=755"])
    bundle.config["mounts"].append({**pts, "destination": "/dev/pts/pts"})
    bundle.linux["devices"] = [{"path": "/dev/pts/ptmx", "type": "c", "major": 5, "minor": 2,
                                "fileMode": 0o666}]
    code, text = run_on_a_pty(rt, bundle.payload("exit", "0"))
    assert code != 0 and "/process/terminal" in text, text
    rt.assert_clean()


# The program and where it runs

def with_directory_kept(rt, *args):
    """The command with the host's root as fd 3, which it is told to pass on."""
    return rt_shell(rt, f"exec 3</; exec {line_of(rt, *args)}")


def test_kept_directory_is_no_working_directory(rt, bundle):
    bundle.process["cwd"] = "/proc/self/fd/3"
    result = with_directory_kept(rt, "run", "-b", str(bundle), "--preserve-fds", 1, rt.new_id())
    result.failed("/process/cwd")
    rt.assert_clean()


def test_kept_directory_is_no_working_directory_of_an_exec(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    with_directory_kept(rt, "exec", "--preserve-fds", 1, "--cwd", "/proc/self/fd/3", name,
                        "/bin/true").failed("cwd")


def test_directory_of_the_program_s_name_is_passed_over(rt, bundle):
    (bundle.rootfs / "usr/bin/payload").mkdir()
    bundle.process["env"] = ["PATH=/usr/bin:/bin"]
    rt.run(bundle.args("payload", "exit", "6")).ok(6)


# HOME

def home(rt, bundle, uid=1000):
    bundle.process["env"] = ["PATH=/bin"]
    bundle.process["user"] = {"uid": uid, "gid": uid}
    return [entry for entry in rt.report(bundle, timeout=10)["env"] if entry.startswith("HOME=")]


def passwd(bundle, data):
    """A file of its own: the tree's files are shared with other bundles."""
    path = bundle.rootfs / "etc/passwd"
    path.unlink()
    path.write_bytes(data)


def test_home_is_not_read_from_a_pipe(rt, bundle):
    path = bundle.rootfs / "etc/passwd"
    path.unlink()
    os.mkfifo(path, 0o644)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(fd, b"user:x:1000:1000::/piped:/bin/sh\n")
        assert home(rt, bundle) == ["HOME=/"]
    finally:
        os.close(fd)


def test_home_beyond_the_bound(rt, bundle):
    passwd(bundle, b"#\n" * (1 << 20) + b"user:x:1000:1000::/far:/bin/sh\n")
    assert home(rt, bundle) == ["HOME=/"]


@pytest.mark.parametrize("text", [b"/a\x01b", b"/a\x7fb", b"/a\rb", b"/a\x1b[2Jb", b"relative", b"",
                                  b"/" + b"x" * 999, b"/" + b"x" * 1100])
def test_home_that_cannot_be_used(rt, bundle, text):
    passwd(bundle, b"user:x:1000:1000::" + text + b":/bin/sh\n")
    assert home(rt, bundle) == ["HOME=/"]


def test_longest_home(rt, bundle):
    passwd(bundle, b"user:x:1000:1000::/" + b"x" * 998 + b":/bin/sh\n")
    assert home(rt, bundle) == ["HOME=/" + "x" * 998]


# Hooks

def test_children_of_a_hook_end_with_its_time(rt, bundle, tmp_path):
    told = tmp_path / "pid"
    bundle.hook("createRuntime", "/bin/sh", "-c", f"/bin/sleep 1000 & echo $! > {told}; wait",
                timeout=1)
    rt.run(bundle, timeout=15).failed("/hooks/createRuntime/0")
    pid = int(told.read_text(encoding="utf-8"))
    hostview.until(lambda: not hostview.alive(pid), timeout=2, what="the end of the hook's child")
    rt.assert_clean()


def test_time_of_a_hook_that_never_stops_printing(rt, bundle):
    flood = "PATH=/bin:/usr/bin; for n in 1 2 3; do dd if=/dev/zero bs=1M & done; wait"
    bundle.hook("createRuntime", "/bin/sh", "-c", flood, timeout=1)
    begun = time.monotonic()
    rt.run(bundle, timeout=20).failed("/hooks/createRuntime/0")
    assert time.monotonic() - begun < 5
    rt.assert_clean()


@pytest.mark.parametrize("stage", ["createContainer", "startContainer"])
def test_kept_descriptors_are_not_the_hook_s(rt, bundle, tmp_path, stage):
    bundle.mount("/journal", tmp_path)
    where = "/journal" if stage == "startContainer" else tmp_path
    bundle.hook(stage, "/bin/sh", "-c", f"PATH=/bin; ls /proc/self/fd > {where}/fds")
    line = line_of(rt, "run", "-b", str(bundle.payload("exit", "0")), "--preserve-fds", 3,
                   rt.new_id())
    rt_shell(rt, f"exec 3</ 4</ 5</; exec {line}").ok()
    names = set((tmp_path / "fds").read_text(encoding="utf-8").split())
    assert names <= {"0", "1", "2", "3"}, "3 is the listing's own"


# Records and processes

def change_record(rt, name, **members):
    path = rt.root / name / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    for member, value in members.items():
        assert member in record
        record[member] = value
    path.write_text(json.dumps(record), encoding="utf-8")


def test_pid_that_belongs_to_another_by_now(rt, bundle):
    """The record's pid was given out again: whoever has it is not the container's."""
    name = rt.launch(bundle.payload("sleep"))
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            rt.snapshot.children.add(other.pid)
            change_record(rt, name, pid=other.pid)
            state = rt.state(name)
            assert (state["status"], state.get("pid", 0)) == ("stopped", 0)
            rt.call("kill", name, "KILL").failed("")
            rt.call("kill", name, "TERM").failed("")
            rt.call("exec", name, "/bin/true").failed("")
            rt.call("start", name).failed("")
            rt.delete(name, "--force")
            assert hostview.alive(other.pid)
        finally:
            other.kill()
    rt.assert_clean()


def test_exec_in_a_created_container(rt, bundle):
    name = rt.create(bundle)
    rt.call("exec", name, "/bin/true").failed("created")
    assert rt.status(name) == "created"


def test_start_says_what_stands_against_it(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    rt.call("start", name).failed("running already")
    rt.stop(name)
    rt.call("start", name).failed("has stopped")


def test_configuration_of_more_than_16_mib_is_not_read(rt, bundle):
    bundle.save()
    os.truncate(bundle.path / "config.json", (16 << 20) + 1)
    rt.call("run", "-b", bundle.path, rt.new_id()).failed("config.json is larger than 16 MiB")
    rt.assert_clean()


# exec

@pytest.fixture
def running(rt, bundle):
    bundle.process["user"] = {"uid": 7, "gid": 8, "additionalGids": [9]}
    return rt.launch(bundle.payload("sleep"))


@pytest.mark.parametrize("user,wanted", [
    ("1", (1, 8)), ("1:2", (1, 2)), ("0:0", (0, 0)), ("007", (7, 8)),
    ("4294967294:4294967294", (4294967294, 4294967294))])
def test_good_users(rt, running, user, wanted):
    got = rt.call("exec", "--user", user, running, "/bin/payload", "report").json()
    assert (got["uid"] & 0xffffffff, got["gid"] & 0xffffffff) == wanted
    assert 9 not in got["groups"]


@pytest.mark.parametrize("user", [
    ":2", "1:", "", ":", "-1", "1:-1", "+1", "4294967295", "4294967296", "1:4294967295",
    "1:4294967296", "18446744073709551616", "18446744073709551617", "0x1", " 1", "1 ", "1a", "1:2a",
    "1:2:3", "root", "1:root"])
def test_bad_users(rt, running, user):
    rt.call("exec", f"--user={user}", running, "/bin/true").failed("user")


def test_added_capabilities_of_a_user_are_not_inheritable(rt, running):
    got = sets(rt.call("exec", "--cap", "CAP_NET_RAW", "--user", "0", running, "/bin/payload",
                       "report").json())
    assert got["CapPrm"] & mask("CAP_NET_RAW")
    assert got["CapInh"] == got["CapAmb"] == 0


# Control groups

def hierarchies():
    if groups.unified():
        return [groups.TOP]
    return [path for path in CGROUPS.iterdir() if (path / "cgroup.procs").exists()
            and not path.is_symlink()]


@pytest.fixture
def standing(rt):
    """The test's control group in every hierarchy, there before the container."""
    made = []
    for top in hierarchies():
        path = top / rt.token
        path.mkdir()
        made.append(path)
        rt.snapshot.cgroups.add(str(path))
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (path / file).exists() and (top / file).exists():
                (path / file).write_text((top / file).read_text(encoding="ascii"), encoding="ascii")
    yield made
    for path in made:
        hostview.until(lambda path=path: removed(path), what=f"the removal of {path}")


@pytest.fixture
def other(rt, standing):
    """A process that is none of the container's; .join() puts it into the groups."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        rt.snapshot.children.add(process.pid)

        def join():
            for path in standing:
                (path / "cgroup.procs").write_text(str(process.pid), encoding="ascii")

        process.join = join
        yield process
        process.kill()


def removed(path):
    try:
        path.rmdir()
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def lost(standing):
    return [str(path) for path in standing if not path.exists()]


@pytest.mark.parametrize("options", [(), ("--force",)])
def test_groups_that_were_there_before_stay(rt, bundle, standing, options):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.launch(bundle.payload("sleep"))
    if not options:
        rt.stop(name)
    rt.delete(name, *options)
    assert lost(standing) == []


def test_who_came_to_a_group_that_was_there_before_lives(rt, bundle, standing, other):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.launch(bundle.payload("sleep"))
    other.join()
    rt.delete(name, "--force")
    assert hostview.alive(other.pid) and lost(standing) == []


def test_who_was_in_a_group_before_lives(rt, bundle, standing, other):
    """Whether or not the group is taken for a container."""
    other.join()
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    name = rt.new_id()
    rt.call("create", "-b", bundle.payload("sleep"), name)
    rt.delete(name, "--force")
    assert hostview.alive(other.pid) and lost(standing) == []
