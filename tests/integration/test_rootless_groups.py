# SPDX-License-Identifier: Apache-2.0
"""Control groups of an ordinary user: none, or those that were delegated."""
import os
import signal

import pytest

import hostview
import ordinary_user

V1 = ("pids", "memory", "freezer", "cpu")


def own_groups(pid):
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as lines:
        return {line.split(":")[1]: line.rstrip("\n").split(":", 2)[2] for line in lines}


def members(controller, path):
    with open(f"/sys/fs/cgroup/{controller}{path}/cgroup.procs", encoding="utf-8") as text:
        return text.read().split()


@pytest.fixture
def delegated(user_rt):
    """A group of version 1 in some hierarchies that is the user's; its path."""
    made = []
    for controller in V1:
        if not os.path.isdir(f"/sys/fs/cgroup/{controller}"):
            pytest.skip(f"this host has no {controller} hierarchy of cgroup version 1")
    path = f"/{user_rt.token}-user"
    for controller in V1:
        directory = f"/sys/fs/cgroup/{controller}{path}"
        os.mkdir(directory)
        made.append(directory)
        for name in ("", "/cgroup.procs", "/tasks"):
            os.chown(directory + name, ordinary_user.UID, ordinary_user.UID)
    yield path
    hostview.reap()
    for name in user_rt.entries():
        user_rt.call("delete", "--force", name)
    for directory in made:
        assert not [entry for entry in os.scandir(directory) if entry.is_dir()], directory
        os.rmdir(directory)


def test_without_groups(user_rt, user_bundle):
    name = user_rt.launch(user_bundle.payload("sleep"))
    assert own_groups(user_rt.pids[name]) == own_groups("self")
    user_rt.stop(name)
    user_rt.delete(name)
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_path_that_cannot_be_made(user_rt, user_bundle):
    """As engines name one for every container."""
    user_bundle.linux["cgroupsPath"] = f"/{user_rt.token}"
    user_rt.run(user_bundle).ok()
    user_rt.assert_clean()


@pytest.mark.parametrize("resources, place", [
    ({"memory": {"limit": 1 << 26}}, "memory/limit"),
    ({"memory": {"reservation": 1 << 26}}, "memory/reservation"),
    ({"pids": {"limit": 50}}, "pids/limit"),
    ({"cpu": {"shares": 512}}, "cpu/shares"),
    ({"cpu": {"quota": 50000, "period": 100000}}, "cpu/quota"),
    ({"cpu": {"cpus": "0"}}, "cpu/cpus"),
    ({"blockIO": {"weight": 100}}, "blockIO"),
    ({"memory": {"swappiness": 10}}, "memory/swappiness"),
    ({"memory": {"disableOOMKiller": True}}, "memory/disableOOMKiller"),
    ({"memory": {"kernelTCP": 1 << 26}}, "memory/kernelTCP"),
    ({"cpu": {"burst": 10}}, "cpu/burst"),
    ({"cpu": {"idle": 1}}, "cpu/idle"),
    ({"cpu": {"realtimeRuntime": 1000}}, "cpu/realtimeRuntime"),
    ({"hugepageLimits": [{"pageSize": "2MB", "limit": 1 << 22}]}, "hugepageLimits"),
    ({"unified": {"memory.high": "1"}}, "unified"),
], ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.ocikit
def test_limits_without_groups(user_rt, user_bundle, resources, place):
    user_bundle.linux["resources"] = resources
    user_rt.run(user_bundle).failed(f"/linux/resources/{place}", "/linux/cgroupsPath")
    user_rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("resources", [
    {}, {"devices": [{"allow": False, "access": "rwm"}]}, {"memory": {"limit": 0, "swap": -1}},
    {"pids": {"limit": -1}}, {"blockIO": {}}, {"cpu": {}}])
def test_resources_that_ask_for_nothing(user_rt, user_bundle, resources):
    user_bundle.linux["resources"] = resources
    user_rt.run(user_bundle).ok()
    user_rt.assert_clean()


@pytest.mark.ocikit  # runc 1.1.5 cannot
def test_delegated(user_rt, user_bundle, delegated):
    user_bundle.linux["cgroupsPath"] = f"{delegated}/box"
    user_bundle.linux["resources"] = {"memory": {"limit": 1 << 26}, "pids": {"limit": 50},
                                      "devices": [{"allow": False, "access": "rwm"}]}
    name = user_rt.launch(user_bundle.payload("sleep"))
    groups = own_groups(user_rt.pids[name])
    for controller in V1:
        assert groups[controller] == f"{delegated}/box"
    assert groups["devices"] == own_groups("self")["devices"]
    for controller, file, value in (("memory", "memory.limit_in_bytes", 1 << 26), ("pids", "pids.max", 50)):
        with open(f"/sys/fs/cgroup/{controller}{delegated}/box/{file}", encoding="utf-8") as text:
            assert int(text.read()) == value
    second = user_rt.popen("exec", name, "/bin/sleep", "100")
    hostview.until(lambda: len(members("pids", f"{delegated}/box")) == 2, what="the second process")
    user_rt.stop(name)
    assert second.wait(10) == 128 + signal.SIGKILL
    user_rt.delete(name)
    assert not os.path.exists(f"/sys/fs/cgroup/pids{delegated}/box")


@pytest.mark.ocikit
def test_limits_beside_the_delegated(user_rt, user_bundle, delegated):
    user_bundle.linux["cgroupsPath"] = f"{delegated}/box"
    user_bundle.linux["resources"] = {"pids": {"limit": 50}, "cpu": {"cpus": "0"}}
    user_rt.run(user_bundle).failed("/linux/resources/cpu/cpus", "cpuset")


@pytest.mark.ocikit
def test_what_a_container_sees(user_rt, user_bundle, delegated):
    """Of a group that is not the container's the view is read-only."""
    user_bundle.linux["cgroupsPath"] = f"{delegated}/box"
    user_bundle.config["mounts"] = [m for m in user_bundle.config["mounts"]
                                    if m["destination"] != "/sys/fs/cgroup"]
    user_bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "rw"])
    user_bundle.args("/bin/cat", "/proc/self/mountinfo")
    options = {}
    for line in user_rt.run(user_bundle).ok().out.splitlines():
        fields = line.split()
        options[fields[4]] = fields[5].split(",")
    assert "rw" in options["/sys/fs/cgroup/pids"]
    assert "ro" in options["/sys/fs/cgroup/devices"] and "ro" in options["/sys/fs/cgroup/cpuset"]


UNIFIED = r"""
umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
top=/sys/fs/cgroup/$1; shift
test -d $top/inner || { mkdir -p $top/inner; chown 54321 $top $top/cgroup.procs $top/cgroup.subtree_control; }
case $1 in inside) echo $$ > $top/inner/cgroup.procs;; esac
shift; exec "$@"
"""


@pytest.fixture
def unified(user_rt):
    """Commands see version 2 alone, where a group is the user's; call it with "inside" or "outside" first."""
    path = f"{user_rt.token}-v2"
    plain = user_rt.wrapper

    def choose(place):
        user_rt.wrapper = ["unshare", "-m", "sh", "-c", UNIFIED, "x", path, place, *plain]

    top = f"/sys/fs/cgroup/unified/{path}"
    if not os.path.exists("/sys/fs/cgroup/unified/cgroup.procs"):
        pytest.skip("this host does not have cgroup version 2 at /sys/fs/cgroup/unified")
    yield path, choose
    hostview.reap()
    for name in user_rt.entries():
        user_rt.call("delete", "--force", name)
    user_rt.wrapper = plain
    for directory in (f"{top}/inner", top):
        hostview.until(lambda place=directory: remove(place), what=f"the end of {directory}")


def remove(directory):
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def place_of(pid):
    return own_groups(pid)[""]


@pytest.mark.ocikit
def test_v2_from_inside(user_rt, user_bundle, unified):
    path, choose = unified
    choose("inside")
    user_bundle.linux["cgroupsPath"] = f"/{path}/box"
    name = user_rt.launch(user_bundle.payload("sleep"))
    assert place_of(user_rt.pids[name]) == f"/{path}/box"
    user_rt.kill(name, "KILL", "--all")
    hostview.wait_exit(user_rt.pids[name])
    user_rt.delete(name)
    assert not os.path.exists(f"/sys/fs/cgroup/unified/{path}/box")


@pytest.mark.ocikit
def test_v2_beside_the_caller_by_default(user_rt, user_bundle, unified):
    path, choose = unified
    choose("inside")
    name = user_rt.launch(user_bundle.payload("sleep"))
    assert place_of(user_rt.pids[name]) == f"/{path}/{name}"
    user_rt.stop(name)
    user_rt.delete(name)


@pytest.mark.ocikit
def test_v2_from_outside(user_rt, user_bundle, unified):
    """The kernel moves nobody into a delegated group from outside of it: done without, limits are errors."""
    path, choose = unified
    choose("outside")
    user_bundle.linux["cgroupsPath"] = f"/{path}/box"
    user_rt.run(user_bundle).ok()
    user_bundle.linux["resources"] = {"pids": {"limit": 5}}
    user_rt.run(user_bundle).failed("/linux/resources/pids/limit", f"/{path}/box")


@pytest.mark.ocikit  # runc 1.1.5 cannot
def test_kill_all_without_groups(user_rt, user_bundle):
    name = user_rt.launch(user_bundle.payload("sleep"))
    user_rt.kill(name, "KILL", "--all")
    assert hostview.wait_exit(user_rt.pids[name]) == -signal.SIGKILL


@pytest.mark.ocikit
def test_update_without_groups(user_rt, user_bundle):
    name = user_rt.launch(user_bundle.payload("sleep"))
    user_rt.call("update", "--pids-limit", "5", name).failed("has no control group")
    user_rt.stop(name)
