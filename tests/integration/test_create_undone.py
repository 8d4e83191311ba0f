# SPDX-License-Identifier: Apache-2.0
"""A create that fails leaves groups that were there before as they were, and finds early what the host lacks."""

import pytest

import groups

pytestmark = pytest.mark.ocikit
DENY_ALL = {"allow": False, "access": "rwm"}
MIB = 1 << 20
# controller: (file of version 1, before)
BEFORE = {"memory": ("memory.limit_in_bytes", str(256 * MIB)), "cpu": ("cpu.shares", "512"),
          "pids": ("pids.max", "77"), "devices": ("devices.deny", "a")}
RESOURCES = {"memory": {"limit": 64 * MIB}, "cpu": {"shares": 100}, "pids": {"limit": 20},
             "devices": [DENY_ALL, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}]}


@pytest.fixture
def there(rt, bundle):
    """Groups of somebody else, with limits."""
    if any(groups.version(controller) != 1 for controller in BEFORE):
        pytest.skip("this host has no control groups of version 1")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = RESOURCES
    made = []
    try:
        for controller, (file, value) in BEFORE.items():
            made.append(groups.folder(controller, rt.token))
            made[-1].mkdir()
            (made[-1] / file).write_text(value, encoding="ascii")
        (groups.folder("devices", rt.token) / "devices.allow").write_text("c 7:* rw", encoding="ascii")
        yield lambda: {controller: groups.read(controller, rt.token,
                                               "devices.list" if controller == "devices" else file)
                       for controller, (file, _) in BEFORE.items()}
    finally:
        for folder in made:
            folder.rmdir()


def failing_hook(bundle):
    bundle.hook("createRuntime", "/bin/false")


def failing_mount(bundle):
    bundle.mount("/data", "/nosuch/source")


def failing_program(bundle):
    bundle.args("/nosuch/program")


def failing_inner_hook(bundle):
    bundle.hook("createContainer", "/bin/false")


@pytest.mark.parametrize("fault", [failing_hook, failing_mount, failing_program, failing_inner_hook])
def test_groups_that_were_there(rt, bundle, there, fault):
    before = there()
    bundle.payload("sleep")
    fault(bundle)
    assert rt.call("create", "-b", bundle, rt.new_id()).code == 1
    assert there() == before


def test_groups_that_were_there_and_allowed_all(rt, bundle, there):
    """Version 1 shows no exceptions of such a group, but that it is one."""
    (groups.folder("devices", rt.token) / "devices.allow").write_text("a", encoding="ascii")
    failing_hook(bundle.payload("sleep"))
    assert rt.call("create", "-b", bundle, rt.new_id()).code == 1
    assert there()["devices"] == "a *:* rwm"


def test_and_hold_the_limits_of_a_container(rt, bundle, there):
    """While the hook runs, and once the container is there."""
    name = rt.create(bundle.payload("sleep"))
    now = there()
    assert (now["memory"], now["cpu"], now["pids"]) == (str(64 * MIB), "100", "20")
    assert "c 10:229 r" in now["devices"] and "c 7:* rw" not in now["devices"]
    rt.delete(name, "--force")


@pytest.mark.parametrize("view", ["host", "version 2"])
def test_devices_of_another_container(rt, bundle, view):
    """That shares its group with the one that fails."""
    if view == "version 2":
        if groups.unified() or groups.top_2() is None:
            pytest.skip("version 2 is the host's own hierarchy or none")
        rt.wrapper = groups.V2_VIEW
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["devices"] = [{"path": "/dev/node", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666}]
    bundle.linux["resources"] = {"devices": RESOURCES["devices"]}
    first = rt.launch(bundle.payload("sleep"))
    opens = ("exec", first, "/bin/sh", "-c", "exec 3</dev/node")
    rt.call(*opens).ok()
    bundle.linux["resources"] = {"devices": [DENY_ALL]}
    failing_hook(bundle)
    assert rt.call("create", "-b", bundle, rt.new_id()).code == 1
    rt.call(*opens).ok()
    del bundle.config["hooks"]
    second = rt.create(bundle)
    assert rt.call(*opens).code != 0
    rt.delete(second, "--force")
    rt.stop(first)


def test_no_controller_is_found_before_hooks_run(rt, bundle, tmp_path):
    """The number of processes is set last, but that it cannot be is known at once."""
    if groups.version("pids") != 1:
        pytest.skip("pids is no controller of version 1 here")
    rt.wrapper = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/pids; exec "$@"', "x"]
    bundle.linux["resources"] = {"pids": {"limit": 20}}
    bundle.hook("createRuntime", "/bin/touch", str(tmp_path / "ran"))
    rt.call("create", "-b", bundle.payload("sleep"), rt.new_id()).failed("/linux/resources/pids/limit")
    assert not (tmp_path / "ran").exists()
