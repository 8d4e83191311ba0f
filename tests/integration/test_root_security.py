# SPDX-License-Identifier: Apache-2.0
"""What went wrong in other runtimes with root filesystems and mounts: a test for each row of the catalogue.

Each names its report.  The root filesystem, its links and what shares a volume with it are hostile; the
configuration is not.
"""
import ctypes
import errno
import os
import re
import shutil
import stat
import threading
from contextlib import contextmanager

import pytest

import hostview
from test_mounts import lines_at
from test_security import DOMAINNAME

RENAME_EXCHANGE = 2
ROUNDS = int(os.environ.get("OCIKIT_RACE_ROUNDS", "25"))


@contextmanager
def swapping(one, two):
    """The two names change places all the time."""
    stop = threading.Event()
    first, second = str(one).encode(), str(two).encode()

    def swap():
        while not stop.is_set():
            hostview.LIBC.renameat2(-100, first, -100, second, ctypes.c_uint(RENAME_EXCHANGE))

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def without(bundle, *prefixes):
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"].startswith(prefixes)]
    return bundle


def last(bundle):
    return f"/mounts/{len(bundle.config['mounts']) - 1}"


def domainname():
    with open(DOMAINNAME, encoding="ascii") as file:
        return file.read()


# Links on the way (CVE-2019-18837, CVE-2015-1335, CVE-2017-5985 and all that followed)

LINKS = {"absolute": "{out}", "relative": "../../../../../../../..{out}", "through proc": "/proc/self/root{out}",
         "through cwd": "/proc/self/cwd/{out}", "through fd": "/proc/self/fd/3{out}"}


@pytest.mark.ocikit
@pytest.mark.parametrize("link", list(LINKS))
@pytest.mark.parametrize("member", ["mount", "bind", "copy-up", "device", "masked", "readonly", "cwd", "remount",
                                    "cgroup"])
def test_cve_2019_18837_links_lead_nowhere_outside(rt, bundle, outside, link, member):
    """Nothing is made, mounted, hidden or changed in the host's folder (the fixture looks)."""
    (bundle.rootfs / "escape").symlink_to(LINKS[link].format(out=outside))
    place = "/escape/new"
    if member == "mount":
        bundle.mount(place, "tmpfs", "tmpfs", [])
    elif member == "bind":
        bundle.mount(place, "/etc/hostname", options=["bind"])
    elif member == "copy-up":
        bundle.mount("/escape", "tmpfs", "tmpfs", ["tmpcopyup"])
    elif member == "device":
        bundle.linux["devices"] = [{"path": place, "type": "c", "major": 1, "minor": 3}]
    elif member in ("masked", "readonly"):
        bundle.linux[member + "Paths"] = ["/escape/marker"]
    elif member == "cwd":
        bundle.process["cwd"] = place
    elif member == "remount":
        bundle.mount("/escape", "none", "none", ["remount", "bind", "ro"])
    else:
        bundle.mount(place, "cgroup", "cgroup", ["ro"])
    rt.run(bundle.payload("exit", "0"))
    (outside / "probe").touch()
    (outside / "probe").unlink()
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("path", ["/etc/mtab", "/etc/hosts", "/etc/resolv.conf", "/dev/shm", "/dev/pts",
                                  "/dev/mqueue", "/dev/console", "/dev/ptmx", "/dev/stdin", "/dev/core",
                                  "/sys/fs/cgroup", "/run", "/tmp"])
def test_cve_2024_5154_every_path_the_runtime_touches(rt, bundle, outside, path):
    """Planted as a link to the host; engines' files come as binds."""
    at = bundle.rootfs / path.lstrip("/")
    if at.is_dir() and not at.is_symlink():
        shutil.rmtree(at)
    else:
        at.unlink(missing_ok=True)
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(outside / "marker")
    without(bundle, "/dev")
    if path.startswith("/etc"):
        bundle.mount(path, "/etc/hostname", options=["bind", "ro"])
    elif path != "/dev/console":
        bundle.mount(path, "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


def test_bubblewrap_2026_a_link_inside_still_works(rt, bundle, outside):
    """The other side: /var/run -> /run is how distributions are."""
    (bundle.rootfs / "var/run").symlink_to("/run")
    (bundle.rootfs / "var/lock").symlink_to("../run/lock")
    bundle.mount("/var/run/one", outside, options=["bind", "ro"])
    bundle.mount("/var/lock/two", outside, options=["bind", "ro"])
    found = rt.report(bundle.probe("read:/run/one/marker", "read:/run/lock/two/marker"))
    assert [item["errno"] for item in found] == [0, 0]


@pytest.mark.ocikit
@pytest.mark.parametrize("count", [4000, 4095, 4096, 4200])
def test_crun_2026_05_chains_that_grow_to_the_longest_path(rt, bundle, outside, count):
    """A link whose target together with the rest passes PATH_MAX."""
    target = "/" + "/".join(["a" * 200] * 19)
    (bundle.rootfs / "grow").symlink_to(target[:3900])
    rest = "b" * max(1, count - 3900 - 200)
    bundle.mount("/grow/" + "/".join([rest[i:i + 200] for i in range(0, len(rest), 200)]), "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


# /proc and /sys

@pytest.mark.parametrize("name", ["proc", "sys"])
@pytest.mark.parametrize("what", ["file", "fifo", "dangling", "loop"])
def test_cve_2023_27561_proc_and_sys_are_directories(rt, bundle, name, what):
    at = bundle.rootfs / name
    at.rmdir()
    if what == "file":
        at.touch()
    elif what == "fifo":
        os.mkfifo(at)
    else:
        at.symlink_to(name if what == "loop" else "/no/such")
    rt.run(bundle.payload("exit", "0")).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("name", ["proc", "sys"])
def test_cve_2019_19921_proc_or_sys_turns_into_a_link(rt, bundle, name):
    (bundle.rootfs / "elsewhere").symlink_to("/home")
    for _ in range(ROUNDS):
        with swapping(bundle.rootfs / name, bundle.rootfs / "elsewhere"):
            result = rt.run(bundle.probe("stat:/home", "stat:/proc", "stat:/sys"))
        if result.code == 0:
            home, proc, sys = result.json()
            assert home["fs_type"] not in (0x9fa0, 0x62656572)
            assert stat.S_ISDIR((proc if name == "proc" else sys)["mode"]) or name
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("fake", ["tmpfs", "bind", "image"])
def test_cve_2025_52881_writes_go_to_a_real_procfs(rt, bundle, tmp_path, fake):
    """sysctl and the rest do not go astray, whatever the container has for /proc."""
    bundle.linux["sysctl"] = {"kernel.domainname": "written"}
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    without(bundle, "/proc")
    planted = bundle.rootfs / "proc/sys/kernel/domainname"
    if fake == "image":
        planted.parent.mkdir(parents=True)
        planted.write_text("planted\n", encoding="utf-8")
        assert rt.report(bundle)["domainname"] == "written"
        assert planted.read_text(encoding="utf-8") == "planted\n"
    else:
        source = tmp_path / "fake"
        (source / "sys/kernel").mkdir(parents=True)
        bundle.mount("/proc", source, "bind" if fake == "bind" else "tmpfs", ["bind"] if fake == "bind" else [])
        rt.run(bundle).failed(last(bundle), "proc")
    rt.assert_clean()


@pytest.mark.ocikit
def test_cve_2025_52881_only_files_of_a_procfs_are_written(rt, bundle, tmp_path):
    """Every file that is opened for writing below proc comes from the host's procfs, held by fd."""
    bundle.linux["sysctl"] = {"kernel.domainname": "written"}
    bundle.process["oomScoreAdj"] = 100
    trace = tmp_path / "trace"
    with rt.under_strace("-y", "-e", "trace=openat,openat2,open,write", out=trace):
        rt.run(bundle.payload("exit", "0")).ok()
    opened = [line for line in trace.read_text(encoding="utf-8").splitlines()
              if re.search(r"O_WRONLY|O_RDWR", line) and re.search(r"domainname|oom_score|attr/", line)]
    assert len(opened) == 2, opened
    for line in opened:
        assert re.search(r"openat2?\(\d+</proc>, \"(self|sys|thread-self)/", line), line


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["procfs of another", "proc of the host"])
def test_proc_by_bind_is_a_procfs(rt, bundle, kind):
    """A bind of /proc is taken where it is one; it is what some engines do for host pid namespaces."""
    without(bundle, "/proc").mount("/proc", "/proc", options=["rbind"])
    if kind == "proc of the host":
        bundle.namespace("pid", False)
    assert rt.report(bundle.probe("stat:/proc"))[0]["fs_type"] == 0x9fa0


# Masked and read-only paths

@pytest.mark.ocikit
@pytest.mark.parametrize("member", ["maskedPaths", "readonlyPaths"])
def test_a_path_that_is_a_link_out(rt, bundle, outside, member):
    (bundle.rootfs / "home/link").symlink_to(outside / "marker")
    bundle.linux[member] = ["/home/link"]
    rt.run(bundle.payload("exit", "0"))
    assert (outside / "marker").read_text(encoding="utf-8") == "untouched\n"
    assert not any(str(outside) in line for line in hostview.mounts())
    rt.assert_clean()


@pytest.mark.ocikit
def test_youki_3561_read_only_while_the_name_changes_places(rt, bundle, tmp_path):
    """The path is looked up once: what was found is what turns read-only, and nothing else."""
    volume = tmp_path / "volume"
    (volume / "a").mkdir(parents=True)
    (volume / "b").mkdir()
    bundle.mount("/volume", volume)
    bundle.linux["readonlyPaths"] = ["/volume/a"]
    bundle.payload("sleep")
    for _ in range(ROUNDS):
        with swapping(volume / "a", volume / "b"):
            name = rt.launch(bundle)
        found = [item["errno"] for item in rt.call("exec", name, "/bin/payload", "probe", "create", "/volume/a/x",
                                                   "create", "/volume/b/x").json()]
        assert sorted(found) == [0, errno.EROFS], found
        rt.delete(name, "--force")


@pytest.mark.ocikit
def test_masked_while_the_name_becomes_a_link(rt, bundle, outside, tmp_path):
    volume = tmp_path / "volume"
    (volume / "a").mkdir(parents=True)
    (volume / "a/marker").write_text("secret\n", encoding="utf-8")
    (volume / "b").symlink_to(outside)
    bundle.mount("/volume", volume)
    bundle.linux["maskedPaths"] = ["/volume/a/marker"]
    for _ in range(ROUNDS):
        with swapping(volume / "a", volume / "b"):
            rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.proves("/linux/maskedPaths", "/linux/readonlyPaths")
def test_masks_and_read_only_paths_hold(rt, bundle):
    bundle.capabilities("CAP_DAC_OVERRIDE", "CAP_FOWNER")
    (bundle.rootfs / "home/secret").write_text("secret\n", encoding="utf-8")
    bundle.linux["maskedPaths"] = ["/home/secret", "/home/user"]
    bundle.linux["readonlyPaths"] = ["/etc"]
    found = rt.report(bundle.probe("read:/home/secret", "write:/home/secret", "create:/home/user/x",
                                   "write:/etc/passwd", "create:/etc/x"))
    assert found[0]["data"] == "" and found[1]["errno"] == 0
    assert [item["errno"] for item in found[2:]] == [errno.EROFS] * 3


# /dev

@pytest.mark.ocikit
@pytest.mark.parametrize("name", ["console", "null", "ptmx", "pts", "stdin", "new"])
def test_cve_2026_88264_88265_nothing_is_made_through_dev(rt, bundle, outside, name):
    """No /dev mount; every name there is a link to a file of the host that may not exist."""
    (bundle.rootfs / "dev" / name).symlink_to(outside / "absent")
    without(bundle, "/dev")
    bundle.linux["devices"] = [{"path": "/dev/new", "type": "c", "major": 1, "minor": 3}]
    for readonly in (False, True):
        bundle.config["root"]["readonly"] = readonly
        rt.run(bundle.payload("exit", "0"))
        assert not (outside / "absent").exists()
    rt.assert_clean()


@pytest.mark.ocikit
def test_cve_2025_52565_the_console_of_a_volume(rt, bundle, tmp_path):
    """console -> a file of proc, pts/0 a link: the terminal comes from a devpts, by fd."""
    before = domainname()
    volume = tmp_path / "dev"
    (volume / "pts").mkdir(parents=True)
    (volume / "console").symlink_to(DOMAINNAME)
    (volume / "pts/0").symlink_to(DOMAINNAME)
    without(bundle, "/dev").mount("/dev", volume)
    bundle.process["terminal"] = True
    bundle.save()
    rt.run(bundle, stdin=b"")
    assert domainname() == before
    rt.assert_clean()


@pytest.mark.ocikit
def test_dev_turns_into_a_link(rt, bundle, outside):
    """CVE-2026-41579 as a race."""
    without(bundle, "/dev")
    (bundle.rootfs / "other").symlink_to(outside)
    for _ in range(ROUNDS):
        with swapping(bundle.rootfs / "dev", bundle.rootfs / "other"):
            rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


# Races of mounts

@pytest.mark.ocikit
def test_cve_2021_30465_a_target_that_turns_into_a_link(rt, bundle, outside, tmp_path):
    """Two mounts, the second below the first: no folder of the host is ever shown or made in."""
    volume = tmp_path / "volume"
    (volume / "a/b").mkdir(parents=True)
    (volume / "link").symlink_to("/")
    bundle.mount("/volume", volume).mount("/volume/a/b", "tmpfs", "tmpfs", [])
    bundle.mount("/volume/a/b/c", "/etc/hostname", options=["bind", "ro"])
    bundle.probe(f"stat:{outside}/marker", "stat:/volume/a/b/etc/shadow", f"stat:/volume/a{outside}")
    for _ in range(ROUNDS):
        with swapping(volume / "a", volume / "link"):
            result = rt.run(bundle)
        if result.code == 0:
            assert all(item["errno"] in (errno.ENOENT, errno.ENOTDIR) for item in result.json()), result
    rt.assert_clean()


@pytest.mark.ocikit
def test_cve_2024_45310_a_missing_mount_point_below_a_link(rt, bundle, outside, tmp_path):
    volume = tmp_path / "volume"
    (volume / "a").mkdir(parents=True)
    (volume / "b").symlink_to(outside)
    for i in range(ROUNDS):
        bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"].startswith("/volume")]
        bundle.mount("/volume", volume)
        bundle.mount(f"/volume/a/dir{i}", "tmpfs", "tmpfs", [])
        bundle.mount(f"/volume/a/file{i}", "/etc/hostname", options=["bind", "ro"])
        with swapping(volume / "a", volume / "b"):
            rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.ocikit
def test_copy_while_a_directory_turns_into_a_link(rt, bundle, outside, tmp_path):
    """tmpcopyup follows no link, also none that comes meanwhile."""
    (outside / "marker").chmod(0o600)
    volume = tmp_path / "volume"
    (volume / "top/a").mkdir(parents=True)
    (volume / "top/b").symlink_to(outside)
    bundle.mount("/volume", volume).mount("/volume/top", "tmpfs", "tmpfs", ["tmpcopyup"])
    bundle.args("/bin/sh", "-c", "cat /volume/top/*/marker 2>/dev/null; test -L /volume/top/a || ls /volume/top/a")
    for _ in range(ROUNDS):
        with swapping(volume / "top/a", volume / "top/b"):
            result = rt.run(bundle)
        assert "untouched" not in result.out, result
    rt.assert_clean()


# Read-only that stays (CVE-2026-115521), the old root, descriptors

@pytest.mark.ocikit
def test_cve_2026_115521_a_fake_proc_of_the_image(rt, bundle):
    """root.readonly and every ro mount hold, whatever /proc/self/fd of the image says."""
    without(bundle, "/proc")
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    for n in range(64):
        (bundle.rootfs / "proc/self/fd").mkdir(parents=True, exist_ok=True)
        (bundle.rootfs / f"proc/self/fd/{n}").mkdir()
    bundle.config["root"]["readonly"] = True
    bundle.mount("/home", "tmpfs", "tmpfs", ["ro"]).mount("/data", "/etc", options=["bind", "ro"])
    found = rt.report(bundle.probe("create:/x", "create:/home/x", "create:/data/x", "create:/etc/x"))
    assert [item["errno"] for item in found] == [errno.EROFS] * 4


@pytest.mark.mount_setattr
@pytest.mark.ocikit
def test_cve_2023_25809_groups_below_a_bound_sys_are_read_only(rt, bundle):
    """rbind of /sys with rro: no control group of the host can be written."""
    without(bundle, "/sys")
    bundle.mount("/sys", "/sys", options=["rbind", "rro", "nosuid", "noexec", "nodev"])
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    lines = [line.split() for line in rt.run(bundle).ok().out.splitlines()]
    below = [line for line in lines if line[4].startswith("/sys")]
    assert len(below) > 1 and all("ro" in line[5].split(",") for line in below)


@pytest.mark.ocikit
@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("number", [3, 4, 5, 6, 7, 8, 9, 10, 11, 20])
def test_cve_2024_21626_no_descriptor_leads_out(rt, bundle, outside, number, user):
    """As mount destination's link, as working directory, and in the program."""
    if user:
        bundle.user_namespace()
        os.chmod(bundle.rootfs, 0o755)
    (bundle.rootfs / "link").symlink_to(f"/proc/self/fd/{number}")
    bundle.process["cwd"] = f"/proc/self/fd/{number}"
    result = rt.run(bundle)
    if result.code == 0:
        assert result.json()["cwd"].startswith("/proc/")
    bundle.process["cwd"] = "/"
    bundle.mount("/link/../../../" + str(outside).lstrip("/") + "/new", "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.mount_setattr
@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["new filesystem", "idmap", "copy-up", "old", "remount", "userns"])
def test_the_program_has_no_more_descriptors(rt, bundle, tmp_path, kind):
    source = tmp_path / "source"
    source.mkdir()
    maps = [{"containerID": 0, "hostID": 5, "size": 10}]
    if kind == "idmap":
        bundle.mount("/data", source, options=["bind", "idmap"])
        bundle.config["mounts"][-1].update({"uidMappings": maps, "gidMappings": maps})
    elif kind == "userns":
        (bundle.rootfs / "data").mkdir()
        bundle.user_namespace().mount("/data", source, options=["bind", "idmap"])
        os.chmod(bundle.rootfs, 0o755)
    elif kind == "remount":
        bundle.mount("/data", source, options=["bind"]).mount("/data", "none", "none", ["remount", "bind", "ro"])
    else:
        options = {"copy-up": ["tmpcopyup"], "old": ["iversion"]}.get(kind, [])
        bundle.mount("/data", "tmpfs", "tmpfs", options)
    assert set(rt.report(bundle)["fds"]) == {"0", "1", "2"}
    name = rt.create(bundle)
    directory = f"/proc/{rt.pid(name)}/fd"
    open_ = {os.readlink(f"{directory}/{fd}") for fd in os.listdir(directory) if int(fd) > 2}
    assert all(target.startswith(("socket:", "anon_inode:", "/memfd:")) for target in open_), open_
    assert "anon_inode:[fscontext]" not in open_ and "anon_inode:[mnt" not in str(open_)


@pytest.mark.ocikit
def test_mounts_of_the_host_do_not_show(rt, bundle, tmp_path):
    """The old root and its mounts are gone from what the container can name."""
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    text = rt.run(bundle).ok().out
    places = [line.split()[4] for line in text.splitlines()]
    assert not [place for place in places if place.startswith(("/tmp/", "/var/", "/home/"))]
    assert lines_at(text, "/")[-1][1] == []


@pytest.mark.ocikit
def test_a_device_in_the_image_cannot_be_used(rt, bundle):
    """A node that the image brings along is no device that the container may open."""
    os.mknod(bundle.rootfs / "home/mem", stat.S_IFCHR | 0o666, os.makedev(1, 1))
    bundle.capabilities("CAP_DAC_OVERRIDE", "CAP_SYS_RAWIO")
    assert rt.report(bundle.probe("open:/home/mem"))[0]["errno"] == errno.EPERM
