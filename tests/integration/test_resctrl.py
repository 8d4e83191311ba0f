# SPDX-License-Identifier: Apache-2.0
"""linux.intelRdt: what a host with resctrl does with it, and what one without says.

Groups themselves are tested on a folder that behaves like the filesystem, in unit/container/test_resctrl.c.
"""
import os
import pathlib
import subprocess

import pytest

import hostview

pytestmark = pytest.mark.ocikit
PLACE = "/sys/fs/resctrl"


@pytest.mark.proves("/linux/intelRdt", "/linux/intelRdt/closID", "/linux/intelRdt/enableMonitoring",
                    "/linux/intelRdt/schemata", "/linux/intelRdt/l3CacheSchema",
                    "/linux/intelRdt/memBwSchema")
@pytest.mark.parametrize("rdt", [
    {}, {"closID": "/"}, {"enableMonitoring": True}, {"schemata": ["MB:0=100"]},
    {"l3CacheSchema": "L3:0=f"}, {"memBwSchema": "MB:0=100"}])
def test_honoured_or_named(rt, bundle, rdt):
    bundle.linux["intelRdt"] = rdt
    if not os.path.ismount(PLACE):
        rt.run(bundle).failed("/linux/intelRdt", "resctrl")
        rt.assert_clean()
        return
    name = rt.launch(bundle.payload("sleep"))
    group = os.path.join(PLACE, "" if "closID" in rdt else name)
    with open(os.path.join(group, "tasks"), encoding="ascii") as file:
        assert str(rt.pid(name)) in file.read().split()
    rt.delete(name, "--force")
    assert "closID" in rdt or not os.path.exists(group)


@pytest.mark.parametrize("rdt,place", [
    ({"closID": "a/b"}, "closID"), ({"closID": ".."}, "closID"), ({"closID": ""}, "closID"),
    ({"closID": 5}, "closID"), ({"memBwSchema": "L3:0=f"}, "memBwSchema"),
    ({"schemata": ["a\nb"]}, "schemata/0"), ({"schemata": "MB:0=1"}, "schemata"),
    ({"enableMonitoring": "yes"}, "enableMonitoring")])
def test_bad_configurations(rt, bundle, rdt, place):
    bundle.linux["intelRdt"] = rdt
    rt.run(bundle).failed(f"/linux/intelRdt/{place}")
    rt.assert_clean()


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """The library that makes a folder look like resctrl."""
    target = tmp_path_factory.mktemp("shim") / "fake_resctrl.so"
    source = pathlib.Path(__file__).with_name("fake_resctrl.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    "-o", str(target), str(source)], check=True)
    return target


@pytest.fixture
def resctrl(rt, shim, tmp_path):
    folder = tmp_path / "resctrl"
    (folder / "mon_groups").mkdir(parents=True)
    (folder / "info").mkdir()
    (folder / "info/last_cmd_status").write_text("Mask out of range\n", encoding="utf-8")
    (folder / "tasks").touch()
    (folder / "schemata").write_text("L3:0=7ff\n", encoding="utf-8")
    rt.wrapper = ["env", f"FAKE_RESCTRL={folder}", f"LD_PRELOAD={shim}",
                  "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"]
    return folder


def groups(folder):
    return sorted(entry.name for entry in folder.iterdir()
                  if entry.is_dir() and entry.name not in ("info", "mon_groups"))


def tasks(group):
    return (group / "tasks").read_text(encoding="utf-8").strip()


def test_a_group_lives_with_its_container(rt, bundle, resctrl):
    bundle.linux["intelRdt"] = {"l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
                                "schemata": ["L2:0=3"], "enableMonitoring": True}
    name = rt.launch(bundle.payload("sleep"))
    group = resctrl / name
    assert (group / "schemata").read_text(encoding="utf-8") == "L3:0=f\nMB:0=20\nL2:0=3\n"
    assert tasks(group) == tasks(group / "mon_groups" / name) == str(rt.pid(name))
    pid_file = resctrl.parent / "pid"
    rt.call("exec", "-d", "--pid-file", pid_file, name, "/bin/true").ok()
    assert tasks(group) == pid_file.read_text(encoding="utf-8")
    hostview.wait_exit(int(tasks(group)))
    rt.stop(name)
    rt.delete(name)
    assert groups(resctrl) == []


def test_update(rt, bundle, resctrl):
    bundle.linux["intelRdt"] = {"l3CacheSchema": "L3:0=7ff"}
    name = rt.launch(bundle.payload("sleep"))
    rt.call("update", "--l3-cache-schema", "L3:0=f", "--mem-bw-schema", "MB:0=20", name).ok()
    assert (resctrl / name / "schemata").read_text(encoding="utf-8") == "L3:0=f\nMB:0=20\n"
    rt.call("update", "--mem-bw-schema", "L3:0=f", name).failed("/memBwSchema")
    assert (resctrl / name / "schemata").read_text(encoding="utf-8") == "L3:0=f\nMB:0=20\n"
    rt.delete(name, "--force")


def test_update_of_a_group_of_somebody_else(rt, bundle, resctrl):
    (resctrl / "shared/mon_groups").mkdir(parents=True)
    (resctrl / "shared/tasks").touch()
    (resctrl / "shared/schemata").write_text("L3:0=7ff\n", encoding="utf-8")
    bundle.linux["intelRdt"] = {"closID": "shared"}
    name = rt.launch(bundle.payload("sleep"))
    rt.call("update", "--l3-cache-schema", "L3:0=f", name).failed("no resctrl group of its own")
    assert (resctrl / "shared/schemata").read_text(encoding="utf-8") == "L3:0=7ff\n"
    rt.delete(name, "--force")


def test_a_group_that_was_there_stays(rt, bundle, resctrl):
    (resctrl / "shared/mon_groups").mkdir(parents=True)
    (resctrl / "shared/tasks").touch()
    (resctrl / "shared/schemata").write_text("L3:0=7ff\n", encoding="utf-8")
    bundle.linux["intelRdt"] = {"closID": "shared", "enableMonitoring": True}
    name = rt.launch(bundle.payload("sleep"))
    assert tasks(resctrl / "shared") == str(rt.pid(name))
    rt.delete(name, "--force")
    assert groups(resctrl) == ["shared"]
    assert not list((resctrl / "shared/mon_groups").iterdir())
    bundle.linux["intelRdt"] = {"closID": "shared", "l3CacheSchema": "L3:0=1"}
    rt.run(bundle).failed("/linux/intelRdt", "L3:0=1")
    rt.assert_clean()
    assert groups(resctrl) == ["shared"]


@pytest.mark.parametrize("change", ["cwd", "hook", "closID"])
def test_a_failed_create_leaves_no_group(rt, bundle, resctrl, change):
    bundle.linux["intelRdt"] = {"schemata": ["MB:0=20"], "enableMonitoring": True}
    if change == "cwd":
        bundle.process["cwd"] = "/etc/passwd"
    elif change == "hook":
        bundle.hook("createContainer", "/bin/false")
    else:
        bundle.linux["intelRdt"] = {"closID": "absent"}
    rt.run(bundle).failed("")
    assert groups(resctrl) == []
    rt.assert_clean()


def test_a_killed_create_is_undone(rt, bundle, resctrl):
    bundle.linux["intelRdt"] = {"schemata": ["MB:0=20"]}
    bundle.hook("createRuntime", "/bin/sh", "-c", f"echo up > {resctrl.parent}/up; exec sleep 1000")
    name = rt.new_id()
    create = rt.popen("create", "-b", bundle, name)
    hostview.until(lambda: (resctrl.parent / "up").exists(), what="the hook")
    assert groups(resctrl) == [name]
    create.kill()
    create.wait()
    rt.delete(name, "--force")
    assert groups(resctrl) == []
    rt.assert_clean()
