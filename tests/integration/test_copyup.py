# SPDX-License-Identifier: Apache-2.0
"""tmpcopyup: what is in the directory below is in the new tmpfs, as it was; and mountLabel."""
import errno
import json
import os
import re
import socket
import stat
import subprocess

import pytest

import hostview

pytestmark = pytest.mark.ocikit
TIMES = (1_000_000_000 * 10**9 + 123, 1_100_000_000 * 10**9 + 456)
# A tmpfs has those of users since Linux 6.6.
USER = ("user.one",) if hostview.kernel() >= (6, 6) else ()
XATTR_LAYOUT = (*USER, "trusted.two", "security.three")


def copied(bundle, destination="/home", *options):
    return bundle.mount(destination, "tmpfs", "tmpfs", ["tmpcopyup", *options])


def look_inside(rt, bundle, path="home"):
    """Run it and look at its mount from here, through the root of its first process."""
    name = rt.launch(bundle.payload("sleep"))
    return f"/proc/{rt.pids[name]}/root/{path}"


def describe(top):
    """Everything that a copy has to keep, by path."""
    found, inodes = {}, {}
    for base, directories, files in os.walk(top):
        for name in ["", *files, *[d for d in directories if os.path.islink(os.path.join(base, d))]]:
            path = os.path.join(base, name) if name else base
            at = os.lstat(path)
            key = os.path.relpath(path, top)
            found[key] = {
                "mode": at.st_mode, "owner": (at.st_uid, at.st_gid), "mtime": at.st_mtime_ns,
                "device": at.st_rdev if stat.S_ISCHR(at.st_mode) or stat.S_ISBLK(at.st_mode) else 0,
                "target": os.readlink(path) if stat.S_ISLNK(at.st_mode) else None,
                "xattrs": {n: os.getxattr(path, n, follow_symlinks=False)
                           for n in os.listxattr(path, follow_symlinks=False)},
                "size": at.st_size if stat.S_ISREG(at.st_mode) else None}
            if stat.S_ISREG(at.st_mode):
                with open(path, "rb") as file:
                    found[key]["content"] = file.read()
                inodes.setdefault(at.st_ino, []).append(key)
    return found, sorted(sorted(names) for names in inodes.values() if len(names) > 1)


@pytest.fixture
def home(bundle):
    """The directory below, with one of everything."""
    top = bundle.rootfs / "home"
    deep = top / "a/b/c"
    deep.mkdir(parents=True)
    (top / "a").chmod(0o2751)
    (deep / "file").write_bytes(os.urandom(200_000))
    (top / "setuid").write_text("x", encoding="utf-8")
    os.chown(top / "setuid", 12, 34)
    (top / "setuid").chmod(0o6755)
    os.link(deep / "file", top / "again")
    os.link(deep / "file", top / "a/third")
    (top / "link").symlink_to("/nowhere/at/all")
    os.chown(top / "link", 5, 6, follow_symlinks=False)
    os.mkfifo(top / "fifo", 0o640)
    if not os.statvfs(top).f_flag & os.ST_NODEV:
        os.mknod(top / "null", stat.S_IFCHR | 0o604, os.makedev(1, 3))
    directory = os.open(top, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(f"/proc/self/fd/{directory}/socket")  # the whole path may be too long for an address
    os.close(directory)
    with open(top / "sparse", "wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 20)
        file.write(b"data")
    for i in range(300):
        (top / "a" / f"entry{i:03}").touch()
    for path in (top / "setuid", top / "a"):
        for name in XATTR_LAYOUT:
            os.setxattr(path, name, name.encode())
    for base, directories, files in os.walk(top, topdown=False):
        for name in files + directories:
            os.utime(os.path.join(base, name), ns=TIMES, follow_symlinks=False)
    os.chmod(top, 0o711)
    os.utime(top, ns=TIMES)
    yield top
    assert not (top / ".ocikit-copying").exists()


@pytest.mark.proves("option:tmpcopyup")
def test_the_copy_is_the_same(rt, bundle, home):
    (home / "sparse").unlink()
    os.utime(home, ns=TIMES)
    wanted, links = describe(home)
    inside = look_inside(rt, copied(bundle))
    found, found_links = describe(inside)
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        assert found[key] == value, key
    assert found_links == links and len(links) == 1 and len(links[0]) == 3
    assert os.stat(inside).st_dev != os.stat(home).st_dev
    assert os.lstat(f"{inside}/again").st_nlink == 3


def test_holes_stay_holes(rt, bundle, home):
    """A file of a gigabyte in a tmpfs of eight megabytes."""
    inside = look_inside(rt, copied(bundle, "/home", "size=8m"))
    at = os.stat(f"{inside}/sparse")
    assert at.st_size == 1 << 30 and at.st_blocks * 512 < 1 << 20
    with open(f"{inside}/sparse", "rb") as file:
        file.seek(1 << 20)
        assert file.read(6) == b"data\0\0"


def test_what_is_written_stays_in_the_copy(rt, bundle):
    before = sorted(os.listdir(bundle.rootfs / "etc"))
    found = rt.report(copied(bundle, "/etc").probe("read:/etc/passwd", "create:/etc/new"))
    assert found[0]["data"].startswith("root:") and found[1]["errno"] == 0
    assert sorted(os.listdir(bundle.rootfs / "etc")) == before


@pytest.mark.parametrize("options,wanted", [
    ([], (0o711, 12, 34)), (["mode=750"], (0o750, 12, 34)), (["uid=7"], (0o711, 7, 34)),
    (["gid=8"], (0o711, 12, 8)), (["mode=700,uid=7,gid=8"], (0o700, 7, 8))])
def test_options_of_the_root_count_for_more(rt, bundle, options, wanted):
    os.chown(bundle.rootfs / "home", 12, 34)
    (bundle.rootfs / "home").chmod(0o711)
    found = rt.report(copied(bundle, "/home", *options).probe("stat:/home"))[0]
    assert (found["mode"] & 0o7777, found["uid"], found["gid"]) == wanted


def test_read_only_copy(rt, bundle):
    found = rt.report(copied(bundle, "/etc", "ro").probe("read:/etc/passwd", "create:/etc/new"))
    assert found[0]["errno"] == 0 and found[1]["errno"] == errno.EROFS


def test_missing_directory(rt, bundle):
    found = rt.report(copied(bundle, "/not/there").probe("list:/not/there", "create:/not/there/x"))
    assert found[0]["names"] == [] and found[1]["errno"] == 0


def test_directory_behind_a_link_stays_inside(rt, bundle, outside):
    (bundle.rootfs / "link").symlink_to(outside)
    copied(bundle, "/link")
    found = rt.report(bundle.probe(f"list:{outside}"))[0]
    assert found["names"] == []


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../etc/shadow", "/proc/self/exe"])
def test_links_are_copied_not_followed(rt, bundle, target):
    (bundle.rootfs / "home/link").symlink_to(target)
    inside = look_inside(rt, copied(bundle))
    assert os.readlink(f"{inside}/link") == target


def test_mounts_below_are_not_entered(rt, bundle, outside):
    """Their mount points are there, empty; the host's own files do not spread."""
    bundle.mount("/home/volume", outside, options=["bind", "ro"])
    found = rt.report(copied(bundle).probe("list:/home/volume", "list:/home"))
    assert found[0]["names"] == [] and "volume" in found[1]["names"]


def test_full_tmpfs_is_an_error(rt, bundle):
    (bundle.rootfs / "home/big").write_bytes(b"x" * 300_000)
    copied(bundle, "/home", "size=64k")
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", "no space left", "big")
    rt.assert_clean()


def test_depth_is_bounded(rt, bundle):
    path = bundle.rootfs / "home"
    for _ in range(80):
        path = path / "d"
    path.mkdir(parents=True)
    rt.run(copied(bundle)).failed("/mounts/", "too long")
    rt.assert_clean()


def test_in_a_user_namespace(rt, bundle):
    bundle.user_namespace(100000)
    os.chmod(bundle.rootfs, 0o755)
    for path in [bundle.rootfs / "home", bundle.rootfs / "home/user"]:
        os.chown(path, 100000, 100005)
    found = rt.report(copied(bundle).probe("stat:/home/user", "create:/home/user/x"))
    assert (found[0]["uid"], found[0]["gid"], found[1]["errno"]) == (0, 5, 0)


def test_an_id_that_is_not_mapped(rt, bundle):
    bundle.user_namespace(100000, 1000)
    os.chmod(bundle.rootfs, 0o755)
    for path in [bundle.rootfs / "home", bundle.rootfs / "home/user"]:
        os.chown(path, 100000, 100000)
    path = bundle.rootfs / "home/stranger"
    path.touch()
    os.chown(path, 5000, 100000)
    rt.run(copied(bundle)).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", "stranger",
                                  "not mapped in the user namespace")
    rt.assert_clean()


def test_names_of_the_copy_itself(rt, bundle):
    """The tree has what the copy uses for a time, in every place that it may come to."""
    top = bundle.rootfs / "home"
    for name in (".ocikit-copying", *(f".ocikit-copying{i}" for i in range(1, 9))):
        (top / name).mkdir()
        (top / name / "inside").write_text(name, encoding="utf-8")
    (top / ".ocikit-copying9").touch()
    os.link(top / ".ocikit-copying/inside", top / ".ocikit-copying10")
    os.link(top / ".ocikit-copying/inside", top / "again")
    wanted = describe(top)
    assert describe(look_inside(rt, copied(bundle))) == wanted


def test_devices_of_a_mount_without_devices(rt, bundle, home):
    """What nodev kept from being used does not come to a tmpfs that has none."""
    bundle.mount("/home", home, options=["bind", "nodev"])
    inside = look_inside(rt, copied(bundle))
    assert not os.path.lexists(f"{inside}/null")
    assert stat.S_ISFIFO(os.lstat(f"{inside}/fifo").st_mode)


def test_many_attributes(rt, bundle, outside):
    """More names than fit into a page."""
    subprocess.run(["mount", "-t", "tmpfs", "many", outside], check=True)
    try:
        names = [f"trusted.{'x' * 200}{i:03}" for i in range(250)]
        (outside / "file").touch()
        for name in names:
            os.setxattr(outside / "file", name, b"value")
        bundle.mount("/home", outside)
        inside = look_inside(rt, copied(bundle))
        assert set(names) <= set(os.listxattr(f"{inside}/file"))
    finally:
        subprocess.run(["umount", outside], check=True)


def test_attributes_that_go_meanwhile(rt, bundle, home):
    with rt.under_strace("-e", "inject=fgetxattr,lgetxattr:error=ENODATA"):
        found = rt.report(copied(bundle).probe("stat:/home/setuid", "list:/home/a"))
    assert found[0]["uid"] == 12 and len(found[1]["names"]) > 300
    assert os.getxattr(home / "setuid", "trusted.two") == b"trusted.two"


@pytest.mark.parametrize("call,error", [("statx", "ESTALE"), ("statx", "ENOENT"), ("getdents64", "ENOENT"),
                                        ("getdents64", "ESTALE")])
def test_what_goes_meanwhile(rt, bundle, home, call, error):
    """The directory is removed while it is looked at."""
    with rt.under_strace("-P", "/home/a/b", "-e", f"inject={call}:error={error}"):
        found = rt.report(copied(bundle).probe("stat:/home/a/b/c", "list:/home/a", "list:/home"))
    assert found[0]["errno"] == errno.ENOENT
    assert ("b" in found[1]["names"]) == (call == "getdents64")
    assert (home / "a/b/c/file").exists() and "again" in found[2]["names"]


@pytest.mark.parametrize("several", [False, True])
def test_a_file_that_goes_meanwhile(rt, bundle, tmp_path, several):
    """It is known, but cannot be opened any more: at the same call that opened it once before."""
    (bundle.rootfs / "home/file").touch()
    if several:
        os.link(bundle.rootfs / "home/file", bundle.rootfs / "home/other")
    copied(bundle).probe("list:/home")
    with rt.under_strace("-e", "trace=openat", out=tmp_path / "trace"):
        assert "file" in rt.report(bundle)[0]["names"]
    calls = re.findall(r'^(\d+) .*"(self/fd/\d+)", (\S+)', (tmp_path / "trace").read_text(encoding="utf-8"),
                       re.MULTILINE)
    pid, path, _ = next(one for one in calls if "O_NOATIME" in one[2])
    same = [flags for *who, flags in calls if who == [pid, path]]
    which = 1 + next(i for i, flags in enumerate(same) if "O_NOATIME" in flags)
    with rt.under_strace("-P", path, "-e", f"inject=openat:error=ESTALE:when={which}"):
        names = rt.report(bundle)[0]["names"]
    assert "user" in names and ("file" in names) + ("other" in names) == several


@pytest.mark.parametrize("kind,options", [("bind", ["bind", "tmpcopyup"]), ("proc", ["tmpcopyup"]),
                                          ("tmpfs", ["remount", "tmpcopyup"])])
def test_only_for_a_new_tmpfs(rt, bundle, outside, kind, options):
    bundle.mount("/data", outside, kind, options)
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", "tmpcopyup")
    rt.assert_clean()


# Labels

def has_selinux():
    return os.path.exists("/sys/fs/selinux/enforce")


@pytest.mark.proves("/linux/mountLabel")
def test_mount_label(rt, bundle):
    """Where SELinux is it is an option of the filesystems; elsewhere nobody could honour it."""
    label = "system_u:object_r:container_file_t:s0:c1,c2"
    bundle.linux["mountLabel"] = label
    if has_selinux():
        bundle.mount("/data", "tmpfs", "tmpfs", [])
        bundle.args("/bin/grep", " /data ", "/proc/self/mountinfo")
        assert label in rt.run(bundle).ok().out
        return
    rt.run(bundle).failed("/linux/mountLabel", "SELinux")
    rt.assert_clean()
    features = json.loads(rt.call("features").ok().out)
    assert "context" not in features["mountOptions"]


def test_empty_label_is_none(rt, bundle):
    bundle.linux["mountLabel"] = ""
    rt.run(bundle.payload("exit", "0")).ok()
    hostview.reap()
