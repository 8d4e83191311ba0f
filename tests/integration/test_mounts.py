# SPDX-License-Identifier: Apache-2.0
"""mounts and root: kinds, options, targets, propagation, paths that try to leave the root."""
import errno
import os

import pytest

import groups
import hostview

PROC_MAGIC, SYSFS_MAGIC, TMPFS_MAGIC, DEVPTS_MAGIC = 0x9fa0, 0x62656572, 0x01021994, 0x1cd1
MQUEUE_MAGIC = 0x19800202


def lines_at(text, target):
    """(options, optional fields, kind, super options) of each mount at target in a mountinfo text."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        dash = fields.index("-")
        if fields[4] == target:
            found.append((fields[5].split(","), fields[6:dash], fields[dash + 1],
                          fields[dash + 3].split(",")))
    return found


def info_at(rt, bundle, target):
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    found = lines_at(rt.run(bundle).ok().out, target)
    assert found, f"nothing is mounted at {target}"
    return found[-1]


def magic(rt, bundle, path):
    return rt.report(bundle.probe(f"stat:{path}"))[0]["fs_type"]


@pytest.mark.parametrize("path,kind", [("/proc", PROC_MAGIC), ("/sys", SYSFS_MAGIC),
                                       ("/dev", TMPFS_MAGIC), ("/dev/pts", DEVPTS_MAGIC),
                                       ("/dev/shm", TMPFS_MAGIC), ("/dev/mqueue", MQUEUE_MAGIC)])
def test_default_mounts(rt, bundle, path, kind):
    assert magic(rt, bundle, path) == kind


@pytest.mark.proves("/mounts", "/mounts/[]/source", "/mounts/[]/destination", "/mounts/[]/options",
                    "option:bind", "option:ro")
def test_bind_of_a_directory(rt, bundle, outside):
    bundle.mount("/data", outside, options=["bind", "ro"])
    found = rt.report(bundle.probe("read:/data/marker", "create:/data/new"))
    assert found[0]["data"] == "untouched\n"
    assert found[1]["errno"] == errno.EROFS
    assert (bundle.rootfs / "data").is_dir()


def test_bind_is_writable_by_default(rt, bundle, tmp_path):
    source = tmp_path / "shared"
    source.mkdir()
    bundle.mount("/data", source).args("/bin/touch", "/data/made")
    rt.run(bundle).ok()
    assert (source / "made").exists()


def test_bind_of_a_file(rt, bundle, tmp_path):
    source = tmp_path / "file"
    source.write_text("contents\n", encoding="utf-8")
    bundle.mount("/etc/deep/er/file", source, options=["bind", "ro"])
    found = rt.report(bundle.probe("read:/etc/deep/er/file", "write:/etc/deep/er/file"))
    assert found[0]["data"] == "contents\n"
    assert found[1]["errno"] == errno.EROFS


def test_bind_source_relative_to_the_bundle(rt, bundle):
    (bundle.path / "near").mkdir()
    (bundle.path / "near/file").write_text("near\n", encoding="utf-8")
    bundle.mount("/data", "near")
    assert rt.report(bundle.probe("read:/data/file"))[0]["data"] == "near\n"


def test_bind_over_an_existing_file_and_directory(rt, bundle, outside):
    bundle.mount("/etc/passwd", outside / "marker", options=["bind", "ro"])
    bundle.mount("/home", outside, options=["bind", "ro"])
    found = rt.report(bundle.probe("read:/etc/passwd", "read:/home/marker"))
    assert [item["data"] for item in found] == ["untouched\n"] * 2


def test_bind_without_kind(rt, bundle, outside):
    bundle.mount("/data", outside, options=["rbind", "ro"])
    bundle.config["mounts"][-1].pop("type")
    assert rt.report(bundle.probe("read:/data/marker"))[0]["errno"] == 0


@pytest.mark.parametrize("option,visible", [("bind", False), ("rbind", True)])
def test_bind_of_a_tree_with_mounts(rt, bundle, tmp_path, option, visible):
    source = tmp_path / "tree"
    (source / "sub").mkdir(parents=True)
    hostview.mount("tmpfs", source / "sub", "tmpfs")
    try:
        (source / "sub/file").touch()
        found = rt.report(bundle.mount("/data", source, options=[option]).probe(
            "stat:/data/sub/file"))
        assert (found[0]["errno"] == 0) is visible
    finally:
        hostview.umount(source / "sub")


@pytest.mark.parametrize("option", ["nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime"])
def test_options_of_a_bind(rt, bundle, outside, option):
    bundle.mount("/data", outside, options=["bind", "ro", option])
    options = info_at(rt, bundle, "/data")[0]
    assert option in options and "ro" in options


@pytest.mark.parametrize("option", ["ro", "nosuid", "nodev", "noexec", "noatime"])
def test_options_of_a_tmpfs(rt, bundle, option):
    bundle.mount("/data", "tmpfs", "tmpfs", [option])
    options, _, kind, _ = info_at(rt, bundle, "/data")
    assert kind == "tmpfs" and option in options


def test_later_options_win(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["ro", "rw", "noexec", "exec"])
    options = info_at(rt, bundle, "/data")[0]
    assert "rw" in options and "noexec" not in options


@pytest.mark.mount_setattr
@pytest.mark.ocikit
def test_recursive_read_only(rt, bundle, tmp_path):
    source = tmp_path / "tree"
    (source / "sub").mkdir(parents=True)
    hostview.mount("tmpfs", source / "sub", "tmpfs")
    try:
        bundle.mount("/data", source, options=["rbind", "rro"])
        found = rt.report(bundle.probe("create:/data/x", "create:/data/sub/x"))
        assert [item["errno"] for item in found] == [errno.EROFS] * 2
    finally:
        hostview.umount(source / "sub")


def test_tmpfs_size_and_mode(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["size=64k", "mode=1750", "uid=5", "gid=6"])
    found = rt.report(bundle.probe("stat:/data"))[0]
    assert found["fs_type"] == TMPFS_MAGIC
    assert found["fs_bytes"] == 65536
    assert found["mode"] & 0o7777 == 0o1750
    assert (found["uid"], found["gid"]) == (5, 6)


@pytest.mark.proves("option:tmpcopyup")
def test_tmpcopyup(rt, bundle):
    bundle.mount("/etc", "tmpfs", "tmpfs", ["tmpcopyup"])
    found = rt.report(bundle.probe("read:/etc/passwd", "create:/etc/new", "stat:/etc"))
    assert found[0]["data"].startswith("root:")
    assert found[1]["errno"] == 0
    assert found[2]["fs_type"] == TMPFS_MAGIC


def test_devpts_is_new(rt, bundle):
    found = rt.report(bundle.probe("list:/dev/pts", "open:/dev/ptmx"))
    assert found[0]["names"] == ["ptmx"]
    assert found[1]["errno"] == 0


def test_cgroup_mount(rt, bundle):
    """Version 1: a folder with one for each hierarchy; version 2: the container's own group."""
    wanted = {"cgroup.procs"} if groups.unified() else {"pids", "memory", "cpu"}
    target = "x" if groups.unified() else "pids/x"
    bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "ro"])
    found = rt.report(bundle.probe("list:/sys/fs/cgroup", f"mkdir:/sys/fs/cgroup/{target}"))
    assert wanted <= set(found[0]["names"])
    assert found[1]["errno"] == errno.EROFS


@pytest.mark.proves("/root/readonly", "/root/path", "/root")
def test_read_only_root(rt, bundle):
    bundle.config["root"]["readonly"] = True
    found = rt.report(bundle.probe("create:/file", "create:/dev/shm/file", "create:/etc/file"))
    assert [item["errno"] for item in found] == [errno.EROFS, 0, errno.EROFS]


def test_writable_root(rt, bundle):
    assert rt.report(bundle.probe("create:/file"))[0]["errno"] == 0


@pytest.mark.proves("/root/path")
def test_root_by_absolute_path(rt, bundle):
    bundle.config["root"]["path"] = str(bundle.rootfs)
    assert rt.report(bundle.probe("stat:/bin/payload"))[0]["errno"] == 0


def test_old_root_is_gone(rt, bundle, outside):
    found = rt.report(bundle.probe(f"stat:{outside}", "list:/"))
    assert found[0]["errno"] == errno.ENOENT
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    roots = [line.split()[4] for line in rt.run(bundle).ok().out.splitlines()]
    assert str(bundle.path) not in " ".join(roots)


@pytest.mark.parametrize("option,field", [
    ("private", None), ("rprivate", None), ("rslave", "master"),
    pytest.param("shared", "shared", marks=pytest.mark.ocikit)])
def test_root_propagation(rt, bundle, option, field, tmp_path):
    """A shared mount on the host decides what the container's root can be."""
    where = tmp_path / "shared-root"
    where.mkdir()
    hostview.mount(str(bundle.rootfs), where, None, 0x1000)
    hostview.mount("none", where, None, hostview.MS_SHARED)
    try:
        bundle.config["root"]["path"] = str(where)
        bundle.linux["rootfsPropagation"] = option
        fields = info_at(rt, bundle, "/")[1]
        wanted = [item for item in fields if field and item.startswith(field + ":")]
        assert bool(wanted) == bool(field), fields
    finally:
        hostview.umount(where)


@pytest.mark.parametrize("option,field", [("rprivate", None), ("rslave", "master"),
                                          ("rshared", "shared")])
def test_propagation_of_a_bind(rt, bundle, option, field, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    hostview.mount("tmpfs", source, "tmpfs")
    hostview.mount("none", source, None, hostview.MS_SHARED)
    try:
        bundle.mount("/data", source, options=["rbind", option])
        fields = info_at(rt, bundle, "/data")[1]
        wanted = [item for item in fields if field and item.startswith(field + ":")]
        assert bool(wanted) == bool(field), fields
    finally:
        hostview.umount(source)


def test_container_mounts_do_not_reach_the_host(rt, bundle):
    bundle.capabilities("CAP_SYS_ADMIN")
    name = rt.launch(bundle.args("/bin/sh", "-c",
                                 "mount -t tmpfs none /tmp && echo up > /home/up; sleep 1000"))
    hostview.until(lambda: (bundle.rootfs / "home/up").exists(), what="the mount")
    assert not any(str(bundle.rootfs) in line for line in hostview.mounts())
    rt.delete(name, "-f")


def test_in_root_symlink_as_target(rt, bundle, outside):
    (bundle.rootfs / "var/run").symlink_to("/run")
    bundle.mount("/var/run/data", outside, options=["bind", "ro"])
    assert rt.report(bundle.probe("read:/run/data/marker"))[0]["errno"] == 0
    assert (bundle.rootfs / "run/data").is_dir()


def test_target_symlink_stays_inside(rt, bundle, outside):
    """An absolute link to a host folder means the folder of that name inside."""
    (bundle.rootfs / "escape").symlink_to(outside)
    bundle.mount("/escape/new", "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0")).ok()
    assert (bundle.rootfs / str(outside).lstrip("/") / "new").is_dir()


def test_target_with_dots_stays_inside(rt, bundle, tmp_path):
    bundle.mount("/../../../../up", "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0"))
    assert not os.path.exists("/up") and not (tmp_path / "up").exists()


@pytest.mark.parametrize("name", ["proc", "sys"])
def test_proc_and_sys_must_be_real_directories(rt, bundle, name):
    (bundle.rootfs / name).rmdir()
    (bundle.rootfs / "elsewhere").mkdir()
    (bundle.rootfs / name).symlink_to("/elsewhere")
    rt.run(bundle).failed(f"/{name}")
    rt.assert_clean()


@pytest.mark.parametrize("mount,texts", [
    ({"destination": "/d", "type": "bind", "source": "/no/such", "options": ["bind"]}, ["/no/such"]),
    ({"destination": "/d", "type": "nosuchfs", "source": "none"}, ["no such device"]),
    ({"destination": "/bin/busybox", "type": "tmpfs", "source": "tmpfs"}, ["/bin/busybox"]),
    ({"destination": "/d", "type": "tmpfs", "source": "tmpfs", "options": ["size=wrong"]},
     ["invalid argument"]),
])
def test_failing_mount_names_the_target(rt, bundle, mount, texts):
    bundle.config["mounts"].append(mount)
    result = rt.run(bundle).failed(*texts)
    number = len(bundle.config["mounts"]) - 1
    assert mount["destination"] in result.err or f"/mounts/{number}" in result.err
    rt.assert_clean()


@pytest.mark.ocikit
def test_failing_mount_names_the_member(rt, bundle):
    bundle.config["mounts"].append({"destination": "/d", "type": "bind", "source": "/no/such",
                                    "options": ["bind"]})
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}")
