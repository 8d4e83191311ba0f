# SPDX-License-Identifier: Apache-2.0
"""Propagation of every kind, of each sort of mount and of the root: what mountinfo says, and what then
passes between host and container."""
import os

import pytest

import hostview
from test_mounts import info_at, lines_at

KINDS = ["private", "shared", "slave", "unbindable"]
FIELD = {"private": set(), "shared": {"shared"}, "slave": {"master"}, "unbindable": {"unbindable"}}


@pytest.fixture
def shared(tmp_path):
    """A shared tmpfs of the host with another one, shared too, in its folder sub."""
    path = tmp_path / "shared"
    path.mkdir()
    hostview.mount("tmpfs", path, "tmpfs")
    hostview.mount("none", path, None, hostview.MS_SHARED)
    for name in ("sub", "late", "from-inside"):
        (path / name).mkdir()
    hostview.mount("tmpfs", path / "sub", "tmpfs")
    hostview.mount("none", path / "sub", None, hostview.MS_SHARED)
    yield path
    for name in ("late", "from-inside"):
        if os.path.ismount(path / name):
            hostview.umount(path / name)
    hostview.umount(path / "sub")
    hostview.umount(path)


def fields_of(text, place):
    return {item.split(":")[0] for item in lines_at(text, place)[-1][1]}


def both(rt, bundle):
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    text = rt.run(bundle).ok().out
    return [fields_of(text, place) for place in ("/data", "/data/sub")]


@pytest.mark.proves("option:rprivate", "option:rshared", "option:rslave", "option:runbindable")
@pytest.mark.parametrize("kind", KINDS)
def test_tree(rt, bundle, shared, kind):
    if kind == "shared":
        bundle.linux["rootfsPropagation"] = "shared"  # without it runc's mounts are slaves of the host's
    bundle.mount("/data", shared, options=["rbind", "r" + kind])
    assert both(rt, bundle) == [FIELD[kind]] * 2


@pytest.mark.ocikit
@pytest.mark.proves("option:private", "option:shared", "option:slave", "option:unbindable")
@pytest.mark.parametrize("kind", KINDS)
def test_mount_without_those_below(rt, bundle, shared, kind):
    """Those below stay as they were on the host: shared."""
    bundle.mount("/data", shared, options=["rbind", kind])
    assert both(rt, bundle) == [FIELD[kind], {"shared"}]


@pytest.mark.parametrize("option", [*KINDS, *("r" + kind for kind in KINDS)])
def test_new_filesystem(rt, bundle, option):
    """One that nobody shares with has no master."""
    bundle.mount("/data", "tmpfs", "tmpfs", [option])
    wanted = FIELD[option.removeprefix("r") if option[1:] in KINDS else option] - {"master"}
    found = {item.split(":")[0] for item in info_at(rt, bundle, "/data")[1]}
    assert found == wanted


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["private", "rslave"])
def test_control_groups(rt, bundle, option):
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro", option])
    assert info_at(rt, bundle, "/sys/fs/cgroup")[1] == []


@pytest.mark.ocikit
def test_without_an_option_nothing_comes_back(rt, bundle, shared):
    bundle.mount("/data", shared, options=["rbind"])
    assert both(rt, bundle) == [{"master"}] * 2


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["private", "shared", "unbindable"])
def test_remount_changes_it(rt, bundle, shared, kind):
    bundle.mount("/data", shared, options=["rbind"])
    bundle.mount("/data", "none", "none", ["remount", "bind", "r" + kind])
    wanted = FIELD[kind] | ({"master"} if kind == "shared" else set())
    assert both(rt, bundle) == [wanted] * 2


@pytest.mark.ocikit
@pytest.mark.parametrize("options", [["rslave", "rprivate"], ["rshared", "private", "rprivate"]])
def test_the_last_one_counts(rt, bundle, shared, options):
    bundle.mount("/data", shared, options=["rbind", *options])
    assert both(rt, bundle) == [set()] * 2


def comes_in(rt, name, shared):
    """Whether a new mount of the host shows in the container."""
    hostview.mount("tmpfs", shared / "late", "tmpfs")
    with open(f"/proc/{rt.pid(name)}/mountinfo", encoding="utf-8") as file:
        return bool(lines_at(file.read(), "/data/late"))


def goes_out(rt, name, shared):
    """Whether a mount that the container makes shows on the host."""
    done = rt.call("exec", name, "/bin/mount", "-t", "tmpfs", "tmpfs", "/data/from-inside")
    done.ok()
    return os.path.ismount(shared / "from-inside")


@pytest.mark.parametrize("option,inwards,outwards", [("rprivate", False, False), ("rslave", True, False),
                                                     ("rshared", True, True)])
def test_what_passes(rt, bundle, shared, option, inwards, outwards):
    if outwards:
        bundle.linux["rootfsPropagation"] = "shared"
    bundle.capabilities("CAP_SYS_ADMIN").mount("/data", shared, options=["rbind", option])
    name = rt.launch(bundle.payload("sleep"))
    assert comes_in(rt, name, shared) is inwards
    assert goes_out(rt, name, shared) is outwards
    rt.delete(name, "--force")


@pytest.mark.parametrize("option,code", [("rprivate", 0), ("runbindable", 1)])
def test_unbindable_cannot_be_bound(rt, bundle, shared, option, code):
    bundle.capabilities("CAP_SYS_ADMIN").mount("/data", shared, options=["rbind", option])
    bundle.args("/bin/sh", "-c", "mount -o bind /data /tmp 2>/dev/null; echo $?")
    assert (rt.run(bundle).ok().out.strip() != "0") is bool(code)


# The root

@pytest.fixture
def shared_root(bundle, tmp_path):
    where = tmp_path / "shared-root"
    where.mkdir()
    hostview.mount(str(bundle.rootfs), where, None, 0x1000)
    hostview.mount("none", where, None, hostview.MS_SHARED)
    (where / "late").mkdir()
    bundle.config["root"]["path"] = str(where)
    yield where
    if os.path.ismount(where / "late"):
        hostview.umount(where / "late")
    hostview.umount(where)


@pytest.mark.proves("/linux/rootfsPropagation")
@pytest.mark.parametrize("kind,wanted", [
    ("private", set()), ("rprivate", set()), ("rslave", {"master"}),
    pytest.param("slave", {"master"}, marks=pytest.mark.ocikit),
    pytest.param("shared", {"shared", "master"}, marks=pytest.mark.ocikit),
    pytest.param("rshared", {"shared", "master"}, marks=pytest.mark.ocikit),
    pytest.param("unbindable", {"unbindable"}, marks=pytest.mark.ocikit),
    pytest.param("runbindable", {"unbindable"}, marks=pytest.mark.ocikit)])
def test_root(rt, bundle, shared_root, kind, wanted):
    bundle.linux["rootfsPropagation"] = kind
    assert {item.split(":")[0] for item in info_at(rt, bundle, "/")[1]} == wanted


@pytest.mark.proves("/linux/rootfsPropagation")
@pytest.mark.parametrize("kind,inwards", [("private", False), ("rslave", True),
                                          pytest.param("slave", True, marks=pytest.mark.ocikit),
                                          pytest.param("shared", True, marks=pytest.mark.ocikit)])
def test_what_passes_to_the_root(rt, bundle, shared_root, kind, inwards):
    bundle.linux["rootfsPropagation"] = kind
    name = rt.launch(bundle.payload("sleep"))
    hostview.mount("tmpfs", shared_root / "late", "tmpfs")
    with open(f"/proc/{rt.pid(name)}/mountinfo", encoding="utf-8") as file:
        assert bool(lines_at(file.read(), "/late")) is inwards
    rt.delete(name, "--force")


@pytest.mark.ocikit
@pytest.mark.parametrize("value", ["sharedd", "", "Shared", 5])
def test_bad_root_propagation(rt, bundle, value):
    bundle.linux["rootfsPropagation"] = value
    rt.run(bundle).failed("/linux/rootfsPropagation")
    rt.assert_clean()
