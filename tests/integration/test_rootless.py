# SPDX-License-Identifier: Apache-2.0
"""Containers of an ordinary user: life cycle, mappings, what cannot be had."""
import os
import pty
import shutil
import signal
import stat
import subprocess

import pytest

import hostview
import ordinary_user
from ordinary_user import COUNT, FIRST, UID
from test_terminal import read_until


def maps(bundle, mappings, groups=None):
    bundle.linux["uidMappings"] = mappings
    bundle.linux["gidMappings"] = groups or mappings
    return bundle


def lines(text):
    return [line.split() for line in text.splitlines()]


def test_run(user_rt, user_bundle):
    user_bundle.args("/bin/sh", "-c", "id; exit 7")
    result = user_rt.run(user_bundle).ok(7)
    assert "uid=0" in result.out
    user_rt.assert_clean()


@pytest.mark.proves("/linux/uidMappings", "/linux/gidMappings", "/linux/uidMappings/[]/containerID", "/linux/gidMappings/[]/containerID")
def test_one_id(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.single())
    user_bundle.args("/bin/cat", "/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups")
    out = user_rt.run(user_bundle).ok().out
    assert lines(out) == [["0", str(UID), "1"], ["0", str(UID), "1"], ["deny"]]


@pytest.mark.proves("/linux/uidMappings/[]/hostID", "/linux/gidMappings/[]/hostID",
                    "/linux/uidMappings/[]/size", "/linux/gidMappings/[]/size")
def test_two_mappings(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.whole())
    user_bundle.args("/bin/cat", "/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups")
    out = user_rt.run(user_bundle).ok().out
    wanted = [["0", str(UID), "1"], ["1", str(FIRST), str(COUNT)]]
    assert lines(out) == [*wanted, *wanted, ["allow"]]


@pytest.mark.ocikit
def test_root_without_the_user(user_rt, user_bundle):
    """The home is closed to all but the user, who is not root of the container here."""
    maps(user_bundle, [{"containerID": 0, "hostID": FIRST, "size": COUNT}])
    user_bundle.args("/bin/cat", "/proc/self/uid_map")
    assert lines(user_rt.run(user_bundle).ok().out) == [["0", str(FIRST), str(COUNT)]]


@pytest.mark.ocikit
def test_no_root_in_the_container(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.single(1000)).process["user"] = {"uid": 1000, "gid": 1000}
    user_bundle.args("/bin/cat", "/proc/self/uid_map", "/proc/self/gid_map")
    assert lines(user_rt.run(user_bundle).ok().out) == [["1000", str(UID), "1"]] * 2
    assert "uid=1000(user) gid=1000(user)" in user_rt.run(user_bundle.args("/bin/id")).ok().out


@pytest.mark.ocikit  # runc 1.1.5 cannot
@pytest.mark.proves("/process/user/uid", "/process/user/gid", "/process/user/additionalGids")
def test_other_ids_and_groups(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.whole())
    user_bundle.process["user"] = {"uid": 33, "gid": 34, "additionalGids": [5, 7]}
    found = user_rt.report(user_bundle.payload())
    assert (found["uid"], found["gid"]) == (33, 34)
    assert sorted(found["groups"]) == [5, 7]


def test_exec(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.whole())
    name = user_rt.launch(user_bundle.payload("sleep"))
    assert "uid=0" in user_rt.exec(name, ["/bin/id"]).ok().out
    user_rt.exec(name, ["/bin/sh", "-c", "exit 9"]).ok(9)
    inside = user_rt.exec(name, ["/bin/readlink", "/proc/self/ns/user"]).ok().out.strip()
    assert inside == os.readlink(f"/proc/{user_rt.pids[name]}/ns/user")
    assert "uid=12 gid=13" in user_rt.exec(name, "-u", "12:13", ["/bin/id"]).ok().out
    user_rt.stop(name)


def test_exec_in_a_container_with_one_id(user_rt, user_bundle):
    name = user_rt.launch(maps(user_bundle, ordinary_user.single()).payload("sleep"))
    assert "uid=0" in user_rt.exec(name, ["/bin/id"]).ok().out
    user_rt.stop(name)


def test_life_cycle(user_rt, user_bundle):
    name = user_rt.create(user_bundle.args("/bin/sh", "-c", "trap 'exit 5' TERM; echo > /up; while :; do sleep 0.02; done"))
    assert user_rt.status(name) == "created"
    pid = user_rt.pid(name)
    user_rt.start(name)
    assert user_rt.status(name) == "running"
    assert name in user_rt.call("list", check=True).out
    hostview.until(lambda: (user_bundle.rootfs / "up").exists(), what="the trap")
    user_rt.kill(name, "TERM")
    assert hostview.wait_exit(pid) == 5
    assert user_rt.status(name) == "stopped"
    user_rt.delete(name)
    user_rt.call("state", name).failed("exist")


def test_created_and_deleted(user_rt, user_bundle):
    name = user_rt.create(user_bundle)
    user_rt.delete(name, "--force")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_owner(user_rt, user_bundle):
    name = user_rt.create(user_bundle)
    assert user_rt.state(name)["owner"] in (ordinary_user.NAME, str(UID))
    assert os.stat(user_rt.root).st_uid == UID
    assert os.stat(user_rt.root).st_mode & 0o777 == 0o700


@pytest.mark.ocikit
def test_state_directory_of_the_user(user_rt, user_bundle):
    """Without --root it is below XDG_RUNTIME_DIR."""
    name = user_rt.new_id()
    command = [*user_rt.wrapper, user_rt.path]
    subprocess.run([*command, "create", "-b", str(user_bundle), name], check=True, timeout=20,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert (user_rt.home / "ocikit" / name).is_dir()
    assert name in subprocess.run([*command, "list", "-q"], check=True, timeout=20,
                                  capture_output=True).stdout.decode()
    subprocess.run([*command, "delete", "--force", name], check=True, timeout=20)


@pytest.mark.ocikit
def test_no_state_directory(user_rt, user_bundle):
    user_rt.wrapper = ordinary_user.as_user()
    done = subprocess.run([*user_rt.wrapper, user_rt.path, "create", "-b", str(user_bundle), "x"],
                          capture_output=True, check=False, timeout=20)
    assert done.returncode == 1
    assert b"XDG_RUNTIME_DIR" in done.stderr and b"--root" in done.stderr


def test_terminal(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.whole()).process["terminal"] = True
    user_bundle.args("/bin/sh", "-c", "test -t 0 && read x && echo got:$x; exit 6")
    master, slave = pty.openpty()
    process = user_rt.popen("run", "-b", user_bundle, user_rt.new_id(), stdin=slave, stdout=slave,
                            stderr=slave, start_new_session=True)
    os.close(slave)
    os.write(master, b"word\n")
    assert b"got:word" in read_until(master, b"got:word")
    read_until(master, b"never", timeout=1)
    assert process.wait(10) == 6
    os.close(master)


def test_signals_reach_the_program(user_rt, user_bundle):
    user_bundle.args("/bin/sh", "-c", "trap 'exit 4' USR1; echo ready; while :; do sleep 0.02; done")
    process = user_rt.popen("run", "-b", user_bundle, user_rt.new_id(), stdout=subprocess.PIPE,
                            stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGUSR1)
    assert process.wait(10) == 4
    process.stdout.close()


@pytest.mark.parametrize("stage", ["prestart", "createRuntime", "createContainer", "poststop"])
def test_hooks_are_the_user_s(user_rt, user_bundle, stage):
    mark = user_rt.home / "mark"
    user_bundle.hook(stage, "/bin/sh", "-c", f"cat >/dev/null; echo > {mark}")
    name = user_rt.create(user_bundle)
    user_rt.start(name)
    hostview.until(lambda: user_rt.status(name) == "stopped", what="the end")
    user_rt.delete(name)
    if stage != "createContainer":
        assert os.stat(mark).st_uid == UID


# ---- what cannot be had ----

@pytest.mark.ocikit
def test_no_user_namespace(user_rt, user_bundle):
    user_bundle.namespace("user", False)
    for member in ("uidMappings", "gidMappings"):
        del user_bundle.linux[member]
    user_rt.run(user_bundle).failed("/linux/namespaces", "type user", "spec --rootless")
    user_rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("mappings", [
    [{"containerID": 0, "hostID": 0, "size": 1}],
    [{"containerID": 0, "hostID": UID, "size": 2}],
    [{"containerID": 0, "hostID": FIRST - 1, "size": 10}],
    [{"containerID": 0, "hostID": FIRST, "size": COUNT + 1}],
    [{"containerID": 0, "hostID": UID, "size": 1}, {"containerID": 1, "hostID": 1, "size": 1}],
], ids=["root", "neighbour", "below", "beyond", "root-too"])
def test_ids_of_others(user_rt, user_bundle, mappings):
    user_rt.run(maps(user_bundle, mappings)).failed("/linux/uidMappings", "newuidmap", "/etc/subuid")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_groups_of_others(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.single(), [{"containerID": 0, "hostID": 0, "size": 1}])
    user_rt.run(user_bundle).failed("/linux/gidMappings", "newgidmap", "/etc/subgid")
    user_rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("overlap", ["container", "host"])
def test_overlapping_mappings(user_rt, user_bundle, overlap):
    second = {"containerID": 0 if overlap == "container" else 1,
              "hostID": FIRST if overlap == "container" else UID, "size": 1}
    user_rt.run(maps(user_bundle, [*ordinary_user.single(), second])).failed("uidMappings")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_no_line_in_subuid(user_rt, user_bundle):
    user_rt.files.write("subuid", "somebody:100000:65536\n")
    user_rt.run(maps(user_bundle, ordinary_user.whole())).failed(
        "/etc/subuid has no line for " + ordinary_user.NAME, f"{ordinary_user.NAME}:100000:65536")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_line_by_number(user_rt, user_bundle):
    for name in ("subuid", "subgid"):
        user_rt.files.write(name, f"{UID}:{FIRST}:{COUNT}\n")
    user_rt.run(maps(user_bundle, ordinary_user.whole())).ok()


@pytest.fixture
def helpers(user_rt):
    """A PATH with programs of the test's own; the caller finds newuidmap there."""
    directory = user_rt.home / "bin"
    directory.mkdir()
    directory.chmod(0o755)
    user_rt.wrapper = [word.replace("PATH=", f"PATH={directory}:") if word.startswith("PATH=") else word
                       for word in user_rt.wrapper]
    return directory


@pytest.mark.ocikit
def test_helper_without_setuid(user_rt, user_bundle, helpers):
    shutil.copy(shutil.which("newuidmap"), helpers / "newuidmap")
    (helpers / "newuidmap").chmod(0o755)
    user_rt.run(maps(user_bundle, ordinary_user.whole())).failed(str(helpers / "newuidmap"), "setuid")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_helper_that_is_missing(user_rt, user_bundle, tmp_path):
    directory = os.path.dirname(shutil.which("newuidmap"))
    upper, work = tmp_path / "upper", tmp_path / "work"
    for path in (upper, work):
        path.mkdir()
    os.mknod(upper / "newuidmap", 0o600 | stat.S_IFCHR, 0)  # to overlayfs: not there
    hostview.mount("overlay", directory, "overlay", 0,
                   f"lowerdir={directory},upperdir={upper},workdir={work}")
    try:
        result = user_rt.run(maps(user_bundle, ordinary_user.whole()))
    finally:
        hostview.umount(directory)
    result.failed("/linux/uidMappings", "/usr/bin/newuidmap", "does not exist", "install", f"id, {UID}")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_helper_that_may_gain_nothing(user_rt, user_bundle):
    user_rt.wrapper = ["setpriv", "--no-new-privs", *user_rt.wrapper]
    user_rt.run(maps(user_bundle, ordinary_user.whole())).failed("newuidmap", "no_new_privs")
    user_rt.run(maps(user_bundle, ordinary_user.single())).ok()


@pytest.mark.ocikit
def test_helper_on_a_nosuid_mount(user_rt, user_bundle, helpers):
    hostview.mount("tmpfs", helpers, "tmpfs", 2, "mode=755")  # MS_NOSUID
    try:
        shutil.copy(shutil.which("newuidmap"), helpers / "newuidmap")
        (helpers / "newuidmap").chmod(0o4755)
        user_rt.run(maps(user_bundle, ordinary_user.whole())).failed("newuidmap", "nosuid")
    finally:
        hostview.umount(helpers)


@pytest.mark.ocikit
def test_helper_that_fails_without_a_word(user_rt, user_bundle, helpers):
    (helpers / "newuidmap").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    os.chown(helpers / "newuidmap", 0, 0)
    (helpers / "newuidmap").chmod(0o4755)
    user_rt.run(maps(user_bundle, ordinary_user.whole())).failed("ended with status 3")
    user_rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("member, value", [("uid", 70000), ("gid", 70000), ("additionalGids", [70000])])
def test_ids_that_are_not_mapped(user_rt, user_bundle, member, value):
    maps(user_bundle, ordinary_user.whole()).process["user"] = {"uid": 0, "gid": 0, member: value}
    user_rt.run(user_bundle).failed(f"/process/user/{member}", "70000", "/linux/" + (
        "uidMappings" if member == "uid" else "gidMappings"))
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_exec_with_an_id_that_is_not_mapped(user_rt, user_bundle):
    name = user_rt.launch(user_bundle.payload("sleep"))
    user_rt.exec(name, "-u", "5", ["/bin/id"]).failed("5 does not exist in the container")
    user_rt.stop(name)


@pytest.mark.ocikit
def test_additional_groups_with_one_id(user_rt, user_bundle):
    maps(user_bundle, ordinary_user.single()).process["user"] = {"uid": 0, "gid": 0, "additionalGids": [0]}
    user_rt.run(user_bundle).failed("/process/user/additionalGids", "/etc/subgid")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_limits_that_may_not_be_raised(user_rt, user_bundle):
    user_bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1 << 30, "hard": 1 << 30}]
    user_rt.run(user_bundle).failed("/process/rlimits/0", "CAP_SYS_RESOURCE")
    user_rt.assert_clean()


def test_oom_score_can_be_raised(user_rt, user_bundle):
    user_bundle.process["oomScoreAdj"] = 321
    assert user_rt.run(user_bundle.args("/bin/cat", "/proc/self/oom_score_adj")).ok().out == "321\n"


@pytest.mark.ocikit
def test_oom_score_that_may_not_be_lowered(user_rt, user_bundle):
    with open("/proc/self/oom_score_adj", encoding="utf-8") as file:
        own = file.read()
    user_bundle.process["oomScoreAdj"] = -999
    result = user_rt.run(user_bundle.args("/bin/cat", "/proc/self/oom_score_adj")).ok()
    assert result.out == own
    assert "/process/oomScoreAdj" in result.err and "privileges" in result.err


@pytest.mark.ocikit
def test_state_of_another_user(user_rt, rt, tmp_path):
    """Root's containers are not this user's to see or change."""
    user_rt.call("--root", tmp_path / "no", "list")
    (tmp_path / "theirs").mkdir(mode=0o700)
    done = subprocess.run([*user_rt.wrapper, user_rt.path, "--root", str(tmp_path / "theirs"), "list"],
                          capture_output=True, check=False, timeout=20)
    assert done.returncode != 0 and b"permission denied" in done.stderr


@pytest.mark.ocikit
def test_plan_needs_no_privileges(user_rt, user_bundle):
    """With a user namespace it is what the user would do, without one what root would do."""
    assert "become-root" in user_rt.call("plan", "-b", user_bundle).ok().out
    user_bundle.namespace("user", False)
    for member in ("uidMappings", "gidMappings"):
        del user_bundle.linux[member]
    user_bundle.linux["resources"] = {"memory": {"limit": 1 << 26}}
    out = user_rt.call("plan", "-b", user_bundle).ok().out
    assert "become-root" not in out and "root-pivot" in out
    user_rt.assert_clean()


def test_many_mappings(user_rt, user_bundle):
    many = [{"containerID": i, "hostID": FIRST + 10 * i, "size": 1} for i in range(1, 60)]
    maps(user_bundle, [*ordinary_user.single(), *many])
    out = user_rt.run(user_bundle.args("/bin/cat", "/proc/self/uid_map")).ok().out
    assert lines(out)[1:] == [[str(i), str(FIRST + 10 * i), "1"] for i in range(1, 60)]


@pytest.mark.ocikit
def test_host_without_user_namespaces(user_rt, user_bundle):
    """As where sysctl user.max_user_namespaces forbids more of them."""
    user_rt.wrapper = [*user_rt.wrapper, "unshare", "-Ur", "sh", "-c",
                       'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "x"]
    maps(user_bundle, [{"containerID": 0, "hostID": 0, "size": 1}])
    user_rt.run(user_bundle).failed("/linux/namespaces", "user.max_user_namespaces")
    user_rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("member, value", [
    ("scheduler", {"policy": "SCHED_FIFO", "priority": 10}),
    ("scheduler", {"policy": "SCHED_OTHER", "nice": -5}),
    ("ioPriority", {"class": "IOPRIO_CLASS_RT", "priority": 1})])
def test_priorities_that_may_not_be_raised(user_rt, user_bundle, member, value):
    user_bundle.process[member] = value
    user_rt.run(user_bundle).failed(f"/process/{member}", "CAP_SYS_NICE")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_network_devices(user_rt, user_bundle):
    user_bundle.namespace("network").linux["netDevices"] = {"oct-none": {"name": "eth0"}}
    user_rt.run(user_bundle).failed("/linux/netDevices", "CAP_NET_ADMIN")
    user_rt.assert_clean()
