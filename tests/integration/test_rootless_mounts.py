# SPDX-License-Identifier: Apache-2.0
"""Mounts and devices in the user namespace of an ordinary user."""
import os
import stat

import pytest

import hostview
import ordinary_user
from test_rootless import maps

MS_BIND, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_RDONLY = 4096, 2, 4, 8, 32, 1


def table(text):
    """mount point -> (options, type), from the output of cat /proc/self/mountinfo."""
    found = {}
    for line in text.splitlines():
        fields = line.split()
        kind = fields[fields.index("-") + 1]
        found[fields[4]] = (fields[5].split(","), kind)
    return found


def mounts_of(rt, bundle):
    return table(rt.run(bundle.args("/bin/cat", "/proc/self/mountinfo")).ok().out)


# Before user_rt, whose snapshot of the host's mounts comes after it.
@pytest.fixture
def locked(user_home):
    """A folder of the user's on a mount that is nosuid, nodev and noexec, with one more mount below it."""
    source = user_home / "locked"
    source.mkdir()
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    hostview.mount("tmpfs", source, "tmpfs", flags, "mode=777")
    (source / "below").mkdir()
    hostview.mount("tmpfs", source / "below", "tmpfs", 0, "mode=777")
    yield source
    hostview.umount(source / "below")
    hostview.umount(source)


def kept(rt, bundle, locked, options):
    bundle.mount("/l", locked, options=options)
    return mounts_of(rt, bundle)["/l"][0]


def test_locked_flags_are_kept(locked, user_rt, user_bundle):
    assert {"nosuid", "nodev", "noexec"} <= set(kept(user_rt, user_bundle, locked, ["rbind", "rw"]))


@pytest.mark.ocikit  # runc 1.1.5 cannot
def test_locked_flags_are_kept_read_only(locked, user_rt, user_bundle):
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(
        kept(user_rt, user_bundle, locked, ["rbind", "ro", "nosuid"]))


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["suid", "dev", "exec", "rexec"])
def test_locked_flags_cannot_be_taken_away(locked, user_rt, user_bundle, option):
    user_bundle.mount("/l", locked, options=["rbind", option])
    user_rt.run(user_bundle).failed(f"/mounts/{len(user_bundle.config['mounts']) - 1}", "leave out")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_access_times_stay_as_they_are(user_rt, user_bundle):
    source = user_rt.home / "noatime"
    source.mkdir()
    hostview.mount("tmpfs", source, "tmpfs", 1024, "mode=777")  # MS_NOATIME
    try:
        assert "noatime" in kept(user_rt, user_bundle, source, ["rbind", "relatime", "ro"])
    finally:
        hostview.umount(source)


@pytest.mark.ocikit
def test_bind_without_what_is_below(locked, user_rt, user_bundle):
    user_bundle.mount("/l", locked, options=["bind"])
    user_rt.run(user_bundle).failed("rbind")
    user_rt.assert_clean()


def test_read_only_root(user_rt, user_bundle):
    user_bundle.config["root"]["readonly"] = True
    user_rt.run(user_bundle.args("/bin/touch", "/x")).failed("read-only")


def test_masked_and_read_only_paths(user_rt, user_bundle):
    (user_bundle.rootfs / "secret").write_text("s", encoding="utf-8")
    user_bundle.linux["maskedPaths"] = ["/secret", "/proc/kcore"]
    user_bundle.linux["readonlyPaths"] = ["/etc"]
    user_bundle.args("/bin/sh", "-c", "cat /secret; cat /proc/kcore | wc -c; touch /etc/x || echo refused")
    assert user_rt.run(user_bundle).ok().out == "0\nrefused\n"


def test_tmpfs_and_overlay(user_rt, user_bundle):
    for name in ("lower", "upper", "work"):
        (user_rt.home / name).mkdir()
    (user_rt.home / "lower/old").write_text("old\n", encoding="utf-8")
    ordinary_user.own(user_rt.home)
    user_bundle.mount("/t", "tmpfs", "tmpfs", ["nosuid", "size=1m", "mode=700"])
    user_bundle.mount("/o", "overlay", "overlay", [
        f"lowerdir={user_rt.home}/lower", f"upperdir={user_rt.home}/upper", f"workdir={user_rt.home}/work"])
    user_bundle.args("/bin/sh", "-c", "echo x > /t/x; cat /o/old; echo new > /o/new; cat /o/new")
    assert user_rt.run(user_bundle).ok().out == "old\nnew\n"
    assert os.stat(user_rt.home / "upper/new").st_uid == ordinary_user.UID


@pytest.mark.proves("/linux/devices/[]/path")
def test_devices_are_the_host_s(user_rt, user_bundle):
    user_bundle.args("/bin/sh", "-c", "echo x > /dev/null && head -c 3 /dev/zero | wc -c && "
                                      "test -c /dev/urandom && test -c /dev/tty && test -c /dev/full")
    assert user_rt.run(user_bundle).ok().out == "3\n"
    assert stat.S_ISREG(os.lstat(user_bundle.rootfs / "dev").st_mode) is False


@pytest.mark.ocikit
def test_devices_that_are_asked_for(user_rt, user_bundle):
    found = os.stat("/dev/random")
    user_bundle.linux["devices"] = [
        {"path": "/dev/random", "type": "c", "major": os.major(found.st_rdev),
         "minor": os.minor(found.st_rdev)},
        {"path": "/dev/pipe", "type": "p"}]
    user_rt.run(user_bundle.args("/bin/sh", "-c", "test -c /dev/random && test -p /dev/pipe")).ok()


@pytest.mark.ocikit
@pytest.mark.parametrize("device, text", [
    ({"path": "/dev/oct-none", "type": "c", "major": 1, "minor": 9}, "only the devices that the host has"),
    ({"path": "/dev/zero", "type": "c", "major": 1, "minor": 3}, "something else"),
])
def test_devices_that_cannot_be_had(user_rt, user_bundle, device, text):
    user_bundle.linux["devices"] = [device]
    user_rt.run(user_bundle).failed("/linux/devices/0", text)
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_group_of_terminals_that_is_not_mapped(user_rt, user_bundle):
    """Engines write gid=5 whatever the mappings are."""
    for mount in user_bundle.config["mounts"]:
        if mount["type"] == "devpts":
            mount["options"].append("gid=5")
    result = user_rt.run(user_bundle).ok()
    assert "gid=5" in result.err and "left out" in result.err
    maps(user_bundle, ordinary_user.whole())
    result = user_rt.run(user_bundle.args("/bin/cat", "/proc/self/mountinfo")).ok()
    assert f"gid={ordinary_user.FIRST + 4}" in result.out and "left out" not in result.err


# ---- what the host's is shown of, where the user namespace has none of its own ----

def sysfs(bundle, options=("nosuid", "noexec", "nodev")):
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"].startswith("/sys")]
    return bundle.mount("/sys", "sysfs", "sysfs", list(options))


@pytest.mark.ocikit
def test_sysfs_with_a_network_of_its_own(user_rt, user_bundle):
    sysfs(user_bundle).namespace("network")
    user_bundle.args("/bin/ls", "/sys/class/net")
    assert user_rt.run(user_bundle).ok().out.split() == ["lo"]


@pytest.mark.ocikit
def test_sysfs_of_the_host(user_rt, user_bundle):
    """CVE-2023-25809: the host's control groups come with it, and must not be writable, whatever is asked."""
    found = mounts_of(user_rt, sysfs(user_bundle).namespace("network", False))
    below = {where: options for where, (options, _) in found.items() if where.startswith("/sys")}
    assert below and all("ro" in options for options in below.values()), below


@pytest.mark.ocikit
def test_sys_bound_read_only(user_rt, user_bundle):
    user_bundle.config["mounts"] = [m for m in user_bundle.config["mounts"]
                                    if not m["destination"].startswith("/sys")]
    user_bundle.mount("/sys", "/sys", options=["rbind", "ro"])
    found = mounts_of(user_rt, user_bundle)
    groups = [options for where, (options, kind) in found.items() if kind.startswith("cgroup")]
    assert groups and all("ro" in options for options in groups)


@pytest.mark.ocikit
def test_proc_of_the_host(user_rt, user_bundle):
    user_bundle.namespace("pid", False).linux["maskedPaths"] = []
    user_bundle.args("/bin/sh", "-c", "echo $$; readlink /proc/self; true")
    shell, own = user_rt.run(user_bundle).ok().out.split()
    assert int(own) != int(shell) and int(shell) > 1 and int(own) > 1  # numbers begin anew now and then


@pytest.mark.ocikit
def test_mqueue_of_the_host(user_rt, user_bundle):
    user_bundle.config["mounts"] = [m for m in user_bundle.config["mounts"] if m["type"] != "mqueue"]
    user_bundle.mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"])
    user_bundle.namespace("ipc", False)
    if os.path.isdir("/dev/mqueue"):
        user_rt.run(user_bundle).ok()
    else:
        user_rt.run(user_bundle).failed("ipc namespace", "/dev/mqueue")
        user_rt.assert_clean()
    user_rt.run(user_bundle.namespace("ipc")).ok()


@pytest.mark.ocikit
def test_filesystem_that_may_not_be_mounted(user_rt, user_bundle):
    user_bundle.mount("/x", "/dev/null", "ext4", [])
    user_rt.run(user_bundle).failed("/mounts/", "user namespace")
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_sysctl_and_time(user_rt, user_bundle):
    user_bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    user_bundle.namespace("time").linux["timeOffsets"] = {"boottime": {"secs": 86400 * 365, "nanosecs": 0}}
    user_bundle.args("/bin/cat", "/proc/sys/net/ipv4/ip_forward", "/proc/uptime")
    forward, uptime = user_rt.run(user_bundle).ok().out.splitlines()
    assert forward == "1" and float(uptime.split()[0]) > 86400 * 365
