# SPDX-License-Identifier: Apache-2.0
"""Kinds of mounts as configurations and engines use them, their sources and their targets."""
import errno
import os
import socket
import stat

import pytest

import hostview
from test_mounts import DEVPTS_MAGIC, MQUEUE_MAGIC, PROC_MAGIC, SYSFS_MAGIC, TMPFS_MAGIC, info_at, lines_at

CGROUP_MAGIC, CGROUP2_MAGIC = 0x27e0eb, 0x63677270


def last(bundle):
    return f"/mounts/{len(bundle.config['mounts']) - 1}"


@pytest.mark.proves("/mounts/[]/type", "/mounts/[]/destination", "/mounts")
@pytest.mark.parametrize("kind,options,magic", [
    ("proc", [], PROC_MAGIC), ("sysfs", ["ro"], SYSFS_MAGIC),
    ("devpts", ["newinstance", "ptmxmode=0666"], DEVPTS_MAGIC),
    ("mqueue", [], MQUEUE_MAGIC), ("tmpfs", ["size=4k"], TMPFS_MAGIC), ("ramfs", [], 0x858458f6)])
def test_second_instance_elsewhere(rt, bundle, kind, options, magic):
    bundle.mount("/extra/deep", kind, kind, options)
    assert rt.report(bundle.probe("stat:/extra/deep"))[0]["fs_type"] == magic


def test_proc_is_of_the_container(rt, bundle):
    bundle.mount("/extra", "proc", "proc", [])
    names = rt.report(bundle.probe("list:/extra"))[0]["names"]
    assert [name for name in names if name.isdigit()] == ["1"]


def test_proc_with_options(rt, bundle):
    next(m for m in bundle.config["mounts"] if m["type"] == "proc")["options"] = ["hidepid=2", "nosuid"]
    mount, _, _, found = info_at(rt, bundle, "/proc")
    assert "nosuid" in mount and any(item.startswith("hidepid=") for item in found)


def test_sysfs_shows_the_network_of_the_container(rt, bundle):
    assert rt.report(bundle.probe("list:/sys/class/net"))[0]["names"] == ["lo"]


@pytest.mark.proves("/mounts/[]/source")
@pytest.mark.parametrize("kind", ["file", "socket", "device", "fifo", "directory"])
def test_bind_of(rt, bundle, tmp_path, kind):
    source = tmp_path / "source"
    if kind == "file":
        source.touch()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(str(source))
    elif kind == "device":
        os.mknod(source, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    elif kind == "fifo":
        os.mkfifo(source)
    else:
        source.mkdir()
    bundle.mount("/new/target", source, options=["bind"])
    found = rt.report(bundle.probe("stat:/new/target"))[0]
    assert stat.S_IFMT(found["mode"]) == stat.S_IFMT(source.stat().st_mode)
    assert found["ino"] == source.stat().st_ino
    made = (bundle.rootfs / "new/target").stat().st_mode
    assert stat.S_ISDIR(made) if kind == "directory" else stat.S_ISREG(made)


def test_bind_source_that_is_a_link(rt, bundle, outside, tmp_path):
    """Sources are the host's, and looked up as the host does."""
    (tmp_path / "link").symlink_to(outside)
    bundle.mount("/data", tmp_path / "link", options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/data/marker"))[0]["data"] == "untouched\n"


@pytest.mark.parametrize("source", ["near", "./near", "near/../near", "up/../near"])
def test_source_relative_to_the_bundle(rt, bundle, source):
    (bundle.path / "near").mkdir()
    (bundle.path / "up").mkdir()
    (bundle.path / "near/file").touch()
    bundle.mount("/data", source)
    assert rt.report(bundle.probe("stat:/data/file"))[0]["errno"] == 0


@pytest.mark.parametrize("destination", ["data", "./data", "data/", "deep/../data", "//data", "/data/."])
def test_destinations_that_are_not_plain(rt, bundle, outside, destination):
    """Relative ones, which old configurations have, are taken as from the root."""
    (bundle.rootfs / "deep").mkdir()
    bundle.mount(destination, outside, options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/data/marker"))[0]["errno"] == 0


@pytest.mark.ocikit
@pytest.mark.parametrize("destination", ["/", "", ".", "//", "/..", "a/.."])
@pytest.mark.parametrize("kind,options", [("tmpfs", []), ("bind", ["rbind"])])
def test_the_root_is_no_destination(rt, bundle, outside, destination, kind, options):
    bundle.mount(destination, outside, kind, options)
    rt.run(bundle).failed(last(bundle), "the root itself")
    rt.assert_clean()


@pytest.mark.parametrize("target", ["/run", "run", "../../run", "/var/../run"])
def test_destination_that_is_a_link(rt, bundle, outside, target):
    (bundle.rootfs / "link").symlink_to(target)
    bundle.mount("/link", outside, options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/run/marker"))[0]["data"] == "untouched\n"
    assert (bundle.rootfs / "link").is_symlink()


@pytest.mark.parametrize("target", ["/made/by/us", "made/by/us"])
def test_destination_that_is_a_link_to_nothing(rt, bundle, outside, target):
    (bundle.rootfs / "link").symlink_to(target)
    bundle.mount("/link", outside, options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/made/by/us/marker"))[0]["errno"] == 0


def test_destination_in_a_loop_of_links(rt, bundle, outside):
    (bundle.rootfs / "one").symlink_to("two")
    (bundle.rootfs / "two").symlink_to("one")
    bundle.mount("/one/x", outside, options=["bind", "ro"])
    rt.run(bundle).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("links,good", [(30, True), (60, False)])
def test_chain_of_links(rt, bundle, outside, links, good):
    (bundle.rootfs / "l0").mkdir()
    for i in range(links):
        (bundle.rootfs / f"l{i + 1}").symlink_to(f"l{i}")
    bundle.mount(f"/l{links}/new", outside, options=["bind", "ro"])
    result = rt.run(bundle.probe("read:/l0/new/marker"))
    assert (result.code == 0) is good
    if not good:
        result.failed(last(bundle), "too many levels of symbolic links")


def test_mount_in_a_mount(rt, bundle, tmp_path):
    (tmp_path / "file").write_text("below\n", encoding="utf-8")
    bundle.mount("/a", "tmpfs", "tmpfs", ["ro"]).mount("/a/b", "tmpfs", "tmpfs", [])
    bundle.mount("/a/b/file", tmp_path / "file")
    found = rt.report(bundle.probe("read:/a/b/file", "create:/a/x", "create:/a/b/x"))
    assert [item["errno"] for item in found] == [0, errno.EROFS, 0]


def test_mount_over_a_mount(rt, bundle, outside):
    bundle.mount("/data", "tmpfs", "tmpfs", []).mount("/data", outside, options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/data/marker"))[0]["errno"] == 0


def test_target_below_a_file(rt, bundle, outside):
    bundle.mount("/etc/passwd/below", outside, options=["bind"])
    rt.run(bundle).failed("not a directory")
    rt.assert_clean()


@pytest.mark.ocikit
def test_directory_over_a_file(rt, bundle, outside):
    bundle.mount("/etc/passwd", outside, options=["bind"])
    rt.run(bundle).failed(last(bundle), "not a directory")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("mount,text", [
    ({"destination": "/d", "options": []}, "needs a type"),
    ({"destination": "/d", "type": "", "source": "x"}, "needs a type"),
    ({"destination": "/d", "type": "bind", "options": ["bind"]}, "needs a source"),
    ({"destination": "/d", "type": "bind", "source": "", "options": ["bind"]}, "needs a source"),
    ({"destination": "/d", "type": "bind", "source": "missing", "options": ["bind"]}, "no such file"),
    ({"destination": "/d", "type": "no\nsuch", "source": "x"}, "no such device"),
    ({"destination": "/" + "x" * 300, "type": "tmpfs"}, "name too long"),
    ({"destination": "/" + "x/" * 3000, "type": "tmpfs"}, "name too long"),
    ({"destination": "/d", "type": "tmpfs", "options": ["="]}, "invalid argument"),
    ({"destination": "/d", "type": "tmpfs", "options": ["x" * 5000]}, "longer than"),
    ({"type": "tmpfs"}, "destination"),
    ({"destination": 5}, "destination"),
    ({"destination": "/d", "type": "tmpfs", "options": "ro"}, "options"),
    ({"destination": "/d", "type": "tmpfs", "options": [1]}, "options/0"),
    ({"destination": "/d", "type": "tmpfs", "options": [None]}, "options/0"),
    ({"destination": "/d", "type": ["tmpfs"]}, "type"),
    ({"destination": "/d", "type": "tmpfs", "source": 1}, "source"),
])
def test_bad_mounts(rt, bundle, mount, text):
    bundle.config["mounts"].append(mount)
    rt.run(bundle).failed(last(bundle), text)
    rt.assert_clean()


@pytest.mark.ocikit
def test_mounts_is_no_list(rt, bundle):
    bundle.config["mounts"] = {"destination": "/d"}
    rt.run(bundle).failed("/mounts")
    rt.assert_clean()


# Control groups

@pytest.fixture
def unified(rt):
    """A view of the host in which there is version 2 alone."""
    rt.wrapper = ["unshare", "-m", "sh", "-c",
                  'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "x"]


def groups(bundle, *options):
    bundle.linux["resources"] = {}
    return bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", *options])


@pytest.mark.version_1
@pytest.mark.parametrize("namespace", [True, False])
@pytest.mark.parametrize("option,code", [("ro", errno.EROFS), ("rw", 0)])
def test_groups_of_version_1(rt, bundle, namespace, option, code):
    """The container's own group is what it sees, with or without a namespace for it."""
    bundle.namespace("cgroup", None if namespace else False)
    found = rt.report(groups(bundle, option).probe(
        "stat:/sys/fs/cgroup/pids", "read:/sys/fs/cgroup/pids/tasks", "mkdir:/sys/fs/cgroup/pids/x",
        "stat:/sys/fs/cgroup/cpu", "stat:/sys/fs/cgroup/cpuacct"))
    assert found[0]["fs_type"] == CGROUP_MAGIC
    assert found[1]["data"].split() == ["1"]
    assert [item["errno"] for item in found[2:]] == [code, 0, 0]


@pytest.mark.ocikit
@pytest.mark.parametrize("option,code", [("ro", errno.EROFS), ("rw", 0)])
def test_the_directory_of_the_hierarchies(rt, bundle, option, code):
    assert rt.report(groups(bundle, option).probe("mkdir:/sys/fs/cgroup/new"))[0]["errno"] == code


@pytest.mark.parametrize("namespace", [True, pytest.param(False, marks=pytest.mark.ocikit)])
@pytest.mark.parametrize("kind", ["cgroup", pytest.param("cgroup2", marks=pytest.mark.ocikit)])
@pytest.mark.parametrize("option,code", [("ro", errno.EROFS), ("rw", 0)])
def test_groups_of_version_2(rt, bundle, unified, namespace, kind, option, code):
    bundle.namespace("cgroup", None if namespace else False)
    groups(bundle, option).config["mounts"][-1]["type"] = kind
    found = rt.report(bundle.probe("stat:/sys/fs/cgroup", "read:/sys/fs/cgroup/cgroup.procs",
                                   "mkdir:/sys/fs/cgroup/x"))
    assert found[0]["fs_type"] == CGROUP2_MAGIC
    assert found[1]["data"].split() == ["1"]
    assert found[2]["errno"] == code


@pytest.mark.version_1
@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["nosuid", "nodev", "noexec", "ro", "noatime"])
def test_options_of_groups(rt, bundle, option):
    groups(bundle).config["mounts"][-1]["options"] = [option]
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    text = rt.run(bundle).ok().out
    assert option in lines_at(text, "/sys/fs/cgroup/pids")[-1][0]


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["memory", "xattr", "name=mine", "size=5"])
def test_data_for_groups_is_refused(rt, bundle, option):
    groups(bundle, option)
    rt.run(bundle).failed(last(bundle), option)
    rt.assert_clean()


@pytest.mark.version_1
def test_groups_of_the_host_do_not_show(rt, bundle):
    """Nothing of another group, nor of the hierarchy's own files."""
    found = rt.report(groups(bundle, "ro").probe("list:/sys/fs/cgroup/memory"))[0]["names"]
    host = set(os.listdir(hostview.CGROUPS + "/memory"))
    assert "memory.limit_in_bytes" in found and "release_agent" not in found
    assert not [name for name in found if name.startswith("oct-")] and "release_agent" in host


@pytest.mark.ocikit
@pytest.mark.parametrize("options", [["remount", "bind"], ["remount"]])
def test_remount_of_dev_is_no_bind_of_it(rt, bundle, options):
    """Its devices are made all the same, before it turns read-only."""
    bundle.mount("/dev", "none", "none", [*options, "nosuid", "ro"])
    found = rt.report(bundle.probe("stat:/dev/null", "create:/dev/x"))
    assert found[0]["errno"] == 0 and found[1]["errno"] == errno.EROFS


@pytest.mark.ocikit
@pytest.mark.parametrize("mount", [{"destination": "/a", "type": "tmpfs", "options": ["ro"]},
                                   {"destination": "/a", "options": ["remount", "ro"]}])
def test_many_mounts(rt, bundle, mount):
    """A clear refusal in short time."""
    bundle.config["mounts"] = [mount] * 100_000
    rt.run(bundle, timeout=10).failed("/mounts", "more than 4096 mounts")
    rt.assert_clean()
    bundle.config["mounts"] = [mount] * 4000
    rt.call("plan", "-b", bundle, timeout=10)
