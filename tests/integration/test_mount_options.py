# SPDX-License-Identifier: Apache-2.0
"""Every mount option of the specification, seen in what the container has: mountinfo and behaviour.

New filesystems, binds and remounts; recursive options on a tree of mounts; flags of filesystems.
"""
import errno
import os
import subprocess

import pytest

import hostview
from test_mounts import info_at, lines_at

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 2, 4, 8, 32, 4096
MS_NOATIME, MS_NODIRATIME, MS_STRICTATIME, MS_NOSYMFOLLOW = 1024, 2048, 1 << 24, 256
MS_RDONLY = 1

# option, what mountinfo then has, what it then lacks
ON = {"ro": ("ro", "rw"), "nosuid": ("nosuid", None), "nodev": ("nodev", None), "noexec": ("noexec", None),
      "noatime": ("noatime", "relatime"), "nodiratime": ("nodiratime", None),
      "nosymfollow": ("nosymfollow", None), "strictatime": (None, "relatime"),
      "relatime": ("relatime", "noatime")}
OFF = {"rw": ("ro", MS_RDONLY), "suid": ("nosuid", MS_NOSUID), "dev": ("nodev", MS_NODEV),
       "exec": ("noexec", MS_NOEXEC), "diratime": ("nodiratime", MS_NODIRATIME),
       "symfollow": ("nosymfollow", MS_NOSYMFOLLOW), "atime": ("noatime", MS_NOATIME)}
NEWER = ("nosymfollow", "symfollow")  # than Debian 12's runc


def peers_lack(*options):
    return [pytest.param(option, marks=pytest.mark.ocikit) if option in NEWER else option
            for option in options]


@pytest.fixture
def source(tmp_path):
    """A tmpfs of the host with another one in its folder sub."""
    path = tmp_path / "tree"
    path.mkdir()
    hostview.mount("tmpfs", path, "tmpfs")
    (path / "sub").mkdir()
    hostview.mount("tmpfs", path / "sub", "tmpfs")
    yield path
    hostview.umount(path / "sub")
    hostview.umount(path)


def judge(options, wanted, unwanted):
    assert wanted is None or wanted in options, options
    assert unwanted is None or unwanted not in options, options


def tree(rt, bundle):
    """mountinfo's options of /data and of /data/sub."""
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    text = rt.run(bundle).ok().out
    return [lines_at(text, place)[-1][0] for place in ("/data", "/data/sub")]


# New filesystems

@pytest.mark.proves("option:ro", "option:nosuid", "option:nodev", "option:noexec", "option:noatime",
                    "option:nodiratime", "option:nosymfollow", "option:strictatime", "option:relatime",
                    "/mounts/[]/options", "/mounts/[]/type", "/mounts/[]/source", "/mounts/[]/destination")
@pytest.mark.parametrize("option", peers_lack(*ON))
def test_new_filesystem(rt, bundle, option):
    bundle.mount("/data", "tmpfs", "tmpfs", [option])
    judge(info_at(rt, bundle, "/data")[0], *ON[option])


@pytest.mark.proves("option:rw", "option:suid", "option:dev", "option:exec", "option:diratime",
                    "option:symfollow", "option:atime")
@pytest.mark.parametrize("option", peers_lack(*OFF))
def test_new_filesystem_with_an_option_taken_back(rt, bundle, option):
    bundle.mount("/data", "tmpfs", "tmpfs", [OFF[option][0], option])
    assert OFF[option][0] not in info_at(rt, bundle, "/data")[0]


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["r" + name for name in ON])
def test_new_filesystem_with_a_recursive_option(rt, bundle, option):
    bundle.mount("/data", "tmpfs", "tmpfs", [option])
    judge(info_at(rt, bundle, "/data")[0], *ON[option[1:]])


@pytest.mark.proves("option:norelatime", "option:nostrictatime", "option:atime", "option:rnorelatime",
                    "option:rnostrictatime", "option:ratime")
@pytest.mark.parametrize("options,wanted", [
    (["noatime", "norelatime"], "noatime"), (["noatime", "nostrictatime"], "noatime"),
    (["strictatime", "norelatime"], None), (["strictatime", "nostrictatime"], "relatime"),
    (["strictatime", "atime"], None), (["noatime", "atime"], "relatime"),
    (["relatime", "norelatime"], "relatime"), (["noatime", "strictatime"], None),
    pytest.param(["rnoatime", "rnorelatime"], "noatime", marks=pytest.mark.ocikit),
    pytest.param(["rstrictatime", "rnostrictatime"], "relatime", marks=pytest.mark.ocikit),
    pytest.param(["rnoatime", "rnostrictatime"], "noatime", marks=pytest.mark.ocikit),
    pytest.param(["rnoatime", "ratime"], "relatime", marks=pytest.mark.ocikit)])
def test_choices_of_access_time(rt, bundle, options, wanted):
    bundle.mount("/data", "tmpfs", "tmpfs", options)
    found = info_at(rt, bundle, "/data")[0]
    assert [name for name in ("noatime", "relatime") if name in found] == ([wanted] if wanted else [])


def test_nosuid_noexec_nodev_act(rt, bundle):
    """As the kernel does it, not only as it shows it."""
    bundle.capabilities("CAP_MKNOD", "CAP_DAC_OVERRIDE")
    bundle.linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
    bundle.mount("/data", "tmpfs", "tmpfs", ["noexec", "nodev"])
    bundle.args("/bin/sh", "-c", "cat /bin/busybox > /data/sh; chmod 755 /data/sh;"
                "/bin/busybox mknod /data/n c 1 3; /data/sh true; echo $?; (: < /data/n); echo $?")
    codes = rt.run(bundle).ok().out.split()
    assert codes[0] == "126" and codes[1] != "0", codes


@pytest.mark.ocikit
def test_nosymfollow_acts(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["nosymfollow"])
    bundle.args("/bin/sh", "-c", "ln -s /etc/passwd /data/l; cat /data/l; echo $?")
    assert rt.run(bundle).ok().out == "1\n"


# Flags of the filesystem

@pytest.mark.proves("option:sync", "option:dirsync", "option:lazytime", "option:mand", "option:async",
                    "option:nolazytime", "option:nomand", "option:defaults", "option:silent", "option:loud",
                    "option:iversion", "option:noiversion")
@pytest.mark.parametrize("options,wanted,unwanted", [
    (["sync"], "sync", None), (["dirsync"], "dirsync", None), (["lazytime"], "lazytime", None),
    (["sync", "async"], None, "sync"), (["lazytime", "nolazytime"], None, "lazytime"),
    pytest.param(["defaults"], "rw", "sync", marks=pytest.mark.ocikit),
    pytest.param(["mand"], "mand", None, marks=pytest.mark.ocikit),
    pytest.param(["mand", "nomand"], None, "mand", marks=pytest.mark.ocikit),
    (["silent"], "rw", None), (["loud"], "rw", None), (["iversion"], "rw", None),
    (["noiversion"], "rw", None), (["iversion", "silent", "sync", "noexec", "size=64k"], "sync", None)])
def test_flags_of_a_filesystem(rt, bundle, options, wanted, unwanted):
    bundle.mount("/data", "tmpfs", "tmpfs", options)
    mount, _, kind, found = info_at(rt, bundle, "/data")
    assert kind == "tmpfs"
    judge(found, wanted, unwanted)
    assert ("noexec" in mount) is ("noexec" in options)


def traced(rt, bundle, *options):
    """The mount(2) calls of a run whose last mount has these options."""
    bundle.mount("/data", "tmpfs", "tmpfs", options).payload("exit", "0").save()
    out = bundle.path / "trace"
    with rt.under_strace("-e", "trace=mount", out=out):
        rt.run(bundle).ok()
    return [line for line in out.read_text(encoding="utf-8").splitlines() if "mount(" in line]


@pytest.mark.ocikit
@pytest.mark.parametrize("options,wanted", [
    (["iversion"], "MS_I_VERSION"), (["silent"], "MS_SILENT"), (["iversion", "noiversion"], None),
    (["silent", "loud"], None), (["noiversion", "loud"], None)])
def test_flags_that_the_kernel_does_not_show(rt, bundle, options, wanted):
    """Linux 6.1 and later show neither: what is asked of the kernel, and that it agrees, must do."""
    calls = [line for line in traced(rt, bundle, *options) if "MS_I_VERSION" in line or "MS_SILENT" in line]
    assert bool(calls) is bool(wanted), calls
    assert all(wanted in line and line.endswith("= 0") for line in calls)


# Binds

@pytest.mark.parametrize("option", peers_lack(*ON))
def test_bind(rt, bundle, source, option):
    bundle.mount("/data", source, options=["bind", option])
    judge(info_at(rt, bundle, "/data")[0], *ON[option])


@pytest.mark.ocikit
@pytest.mark.parametrize("option", list(OFF))
def test_bind_of_a_mount_that_has_the_opposite(rt, bundle, source, option):
    name, flag = OFF[option]
    hostview.mount("none", source, None, MS_REMOUNT | MS_BIND | flag)
    bundle.mount("/data", source, options=["bind", option])
    assert name not in info_at(rt, bundle, "/data")[0]


@pytest.mark.ocikit
@pytest.mark.parametrize("flag,option,wanted", [
    (MS_STRICTATIME, "nostrictatime", "relatime"), (MS_NOATIME, "norelatime", "noatime"),
    (0, "norelatime", "relatime")])
def test_bind_takes_an_access_time_back(rt, bundle, source, flag, option, wanted):
    hostview.mount("none", source, None, MS_REMOUNT | MS_BIND | flag)
    bundle.mount("/data", source, options=["bind", option])
    assert wanted in info_at(rt, bundle, "/data")[0]


@pytest.mark.ocikit
def test_bind_keeps_what_its_source_has(rt, bundle, source):
    hostview.mount("none", source, None, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NOEXEC)
    bundle.mount("/data", source, options=["bind", "nodev"])
    assert {"nosuid", "noexec", "nodev"} <= set(info_at(rt, bundle, "/data")[0])


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["sync", "iversion", "lazytime"])
def test_flags_of_the_filesystem_behind_a_bind_are_told_of(rt, bundle, source, option):
    bundle.mount("/data", source, options=["bind", option]).payload("exit", "0")
    log = bundle.path / "log"
    rt.call("--log", log, "run", "-b", bundle, rt.new_id()).ok()
    assert option in log.read_text(encoding="utf-8")


@pytest.mark.mount_setattr
@pytest.mark.ocikit
@pytest.mark.proves("option:rro", "option:rnosuid", "option:rnodev", "option:rnoexec", "option:rnoatime",
                    "option:rnodiratime", "option:rnosymfollow", "option:rstrictatime", "option:rrelatime",
                    "option:rbind")
@pytest.mark.parametrize("option", list(ON))
def test_recursive_on_a_tree(rt, bundle, source, option):
    for place in (source, source / "sub"):
        if option == "relatime":
            hostview.mount("none", place, None, MS_REMOUNT | MS_BIND | MS_NOATIME)
    bundle.mount("/data", source, options=["rbind", "r" + option])
    for found in tree(rt, bundle):
        judge(found, *ON[option])


@pytest.mark.mount_setattr
@pytest.mark.ocikit
@pytest.mark.proves("option:rrw", "option:rsuid", "option:rdev", "option:rexec", "option:rdiratime",
                    "option:rsymfollow", "option:ratime")
@pytest.mark.parametrize("option", list(OFF))
def test_recursive_opposite_on_a_tree(rt, bundle, source, option):
    name, flag = OFF[option]
    for place in (source, source / "sub"):
        hostview.mount("none", place, None, MS_REMOUNT | MS_BIND | flag)
    bundle.mount("/data", source, options=["rbind", "r" + option])
    assert [name in found for found in tree(rt, bundle)] == [False, False]


@pytest.mark.proves("option:bind")
@pytest.mark.parametrize("option", ["ro", "nosuid", "nodev", "noexec"])
def test_an_option_is_for_the_mount_alone(rt, bundle, source, option):
    bundle.mount("/data", source, options=["rbind", option])
    assert [option in found for found in tree(rt, bundle)] == [True, False]


@pytest.mark.mount_setattr
@pytest.mark.ocikit
@pytest.mark.parametrize("options,wanted", [(["rro", "rw"], [False, True]), (["ro", "rrw"], [False, False]),
                                            (["rrw", "ro"], [True, False])])
def test_the_mount_differs_from_those_below(rt, bundle, source, options, wanted):
    bundle.mount("/data", source, options=["rbind", *options])
    assert ["ro" in found for found in tree(rt, bundle)] == wanted


# Remounts

@pytest.mark.proves("option:remount")
@pytest.mark.parametrize("option", peers_lack("ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime",
                                              "nosymfollow"))
def test_remount_of_a_bind(rt, bundle, source, option):
    bundle.mount("/data", source, options=["bind"])
    bundle.mount("/data", source, options=["remount", "bind", option])
    judge(info_at(rt, bundle, "/data")[0], *ON[option])
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        assert option not in lines_at(file.read(), str(source))[-1][3]


@pytest.mark.ocikit
def test_remount_keeps_what_it_does_not_name(rt, bundle, source):
    bundle.mount("/data", source, options=["bind", "nosuid", "noexec"])
    bundle.mount("/data", "none", "none", ["remount", "bind", "ro", "exec"])
    found = info_at(rt, bundle, "/data")[0]
    assert {"nosuid", "ro"} <= set(found) and "noexec" not in found


@pytest.mark.mount_setattr
@pytest.mark.ocikit
def test_remount_of_a_tree(rt, bundle, source):
    bundle.mount("/data", source, options=["rbind"])
    bundle.mount("/data", "none", "none", ["remount", "bind", "rro"])
    assert ["ro" in found for found in tree(rt, bundle)] == [True, True]


@pytest.mark.parametrize("options,wanted", [
    pytest.param(["remount", "ro"], "ro", marks=pytest.mark.ocikit),
    (["remount", "sync"], "sync"), (["remount", "size=128k"], "size=128k"),
    pytest.param(["remount", "lazytime"], "lazytime", marks=pytest.mark.ocikit)])
def test_remount_of_a_filesystem(rt, bundle, options, wanted):
    bundle.mount("/data", "tmpfs", "tmpfs", ["size=64k", "mode=755"])
    bundle.mount("/data", "tmpfs", "tmpfs", options)
    found = info_at(rt, bundle, "/data")
    assert wanted in found[3], found


@pytest.mark.ocikit
def test_remount_of_a_filesystem_with_old_flags_keeps_the_mount_s(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["nosuid", "noatime", "nosymfollow"])
    bundle.mount("/data", "tmpfs", "tmpfs", ["remount", "iversion", "size=64k"])
    mount, _, _, found = info_at(rt, bundle, "/data")
    assert {"nosuid", "noatime", "nosymfollow", "rw"} <= set(mount)
    assert "size=64k" in found


@pytest.mark.ocikit
def test_remount_does_not_turn_the_host_s_filesystem_read_only(rt, bundle, source):
    bundle.mount("/data", source, options=["bind"])
    bundle.mount("/data", "none", "none", ["remount", "ro"])
    assert rt.report(bundle.probe("create:/data/x"))[0]["errno"] == errno.EROFS
    (source / "still").touch()


@pytest.mark.ocikit
def test_a_read_only_tmpfs_becomes_writable_again(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["ro"])
    bundle.mount("/data", "tmpfs", "tmpfs", ["remount", "rw"])
    assert rt.report(bundle.probe("create:/data/x"))[0]["errno"] == 0


@pytest.mark.ocikit
@pytest.mark.parametrize("destination,texts", [("/etc", ["nothing is mounted there"]),
                                               ("/no/such", ["no such file"]), ("/", ["the root itself"])])
def test_remount_of_what_is_no_mount(rt, bundle, destination, texts):
    bundle.mount(destination, "none", "none", ["remount", "ro"])
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", *texts)
    rt.assert_clean()


# Data

@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["nonsense", "nonsense=1", "rnonsense", "size=wrong", "RO"])
@pytest.mark.parametrize("first", [[], ["remount"]])
def test_a_refused_option_is_named(rt, bundle, option, first):
    if first:
        bundle.mount("/data", "tmpfs", "tmpfs")
        bundle.config["mounts"][-1]["options"] = []
    bundle.mount("/data", "tmpfs", "tmpfs", [*first, option])
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", option.split("=", maxsplit=1)[0],
                          "/data")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["nonsense", "size=64k"])
def test_data_of_a_bind_is_refused(rt, bundle, source, option):
    bundle.mount("/data", source, options=["bind", option])
    rt.run(bundle).failed(option)


def test_several_options_in_one_text(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["size=64k,mode=1750", "uid=5"])
    found = rt.report(bundle.probe("stat:/data"))[0]
    assert (found["fs_bytes"], found["mode"] & 0o7777, found["uid"]) == (65536, 0o1750, 5)


def layers(tmp_path, count, name="layer"):
    made = []
    for i in range(count):
        path = tmp_path / f"{name}{i}"
        path.mkdir()
        (path / f"file{i}").write_text(f"{i}\n", encoding="utf-8")
        made.append(str(path))
    return made


@pytest.fixture
def overlay_parts(tmp_path):
    """upper and work on a filesystem that an overlay takes for them."""
    parts = tmp_path / "parts"
    parts.mkdir()
    hostview.mount("tmpfs", parts, "tmpfs")
    for name in ("upper", "work"):
        (parts / name).mkdir()
    yield parts
    hostview.umount(parts)


@pytest.mark.parametrize("count", [1, 9])
def test_overlay(rt, bundle, tmp_path, overlay_parts, count):
    """Nine layers make an option that is too long for fsconfig(2)."""
    lower = layers(tmp_path, count, "l" * 40)
    bundle.mount("/data", "overlay", "overlay", [
        "lowerdir=" + ":".join(lower), f"upperdir={overlay_parts}/upper", f"workdir={overlay_parts}/work"])
    bundle.args("/bin/sh", "-c", "cat /data/file*; touch /data/new")
    assert rt.run(bundle).ok().out == "".join(f"{i}\n" for i in range(count))
    assert (overlay_parts / "upper/new").exists()


def test_a_filesystem_on_a_device(rt, bundle, tmp_path):
    """A read-only one from a device that cannot be written to."""
    image = tmp_path / "image"
    tree_ = tmp_path / "content"
    tree_.mkdir()
    (tree_ / "file").write_text("on ext4\n", encoding="utf-8")
    subprocess.run(["truncate", "-s", "4M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", tree_, image], check=True)
    device = subprocess.run(["losetup", "--show", "-r", "-f", image], check=True, capture_output=True,
                            text=True).stdout.strip()
    try:
        # The container may not open the device; that is no reason not to mount it for it.
        bundle.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
        bundle.mount("/data", device, "ext4", ["ro"])
        found = rt.report(bundle.probe("read:/data/file", "create:/data/new"))
        assert (found[0].get("data"), found[1]["errno"]) == ("on ext4\n", errno.EROFS)
    finally:
        hostview.until(lambda: not os.system(f"losetup -d {device}"), what="the loop device")
