# SPDX-License-Identifier: Apache-2.0
"""Default device nodes and links, linux.devices, and what the device rules allow."""
import errno
import os
import stat

import pytest

NODES = {"/dev/null": (1, 3), "/dev/zero": (1, 5), "/dev/full": (1, 7), "/dev/random": (1, 8),
         "/dev/urandom": (1, 9), "/dev/tty": (5, 0)}
LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0",
         "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2", "/dev/ptmx": "pts/ptmx"}


@pytest.mark.proves("/linux/devices")
def test_default_nodes(rt, bundle):
    for item in rt.report(bundle.probe(*[f"stat:{path}" for path in NODES])):
        assert item["errno"] == 0, item
        assert stat.S_ISCHR(item["mode"])
        assert item["mode"] & 0o777 == 0o666, item
        assert (item["major"], item["minor"]) == NODES[item["path"]]


def test_default_links(rt, bundle):
    for item in rt.report(bundle.probe(*[f"stat:{path}" for path in LINKS])):
        assert item.get("target", "").replace("/dev/pts", "pts") == LINKS[item["path"]], item


def test_default_nodes_work(rt, bundle):
    found = rt.report(bundle.probe("write:/dev/null", "read:/dev/null", "write:/dev/full",
                                   "read:/dev/zero", "read:/dev/urandom"))
    assert [item["errno"] for item in found] == [0, 0, errno.ENOSPC, 0, 0]


def test_default_nodes_in_a_user_namespace(rt, bundle):
    """Nodes cannot be made there; the host's are shown instead."""
    bundle.user_namespace()
    os.chmod(bundle.rootfs, 0o755)
    for item in rt.report(bundle.probe(*[f"stat:{path}" for path in NODES])):
        assert (item["major"], item["minor"]) == NODES[item["path"]]


@pytest.mark.proves("/linux/devices/*")
@pytest.mark.parametrize("type_bits", [0, stat.S_IFCHR])
def test_listed_node(rt, bundle, type_bits):
    """Engines copy the mode of a device of the host, with its type."""
    bundle.linux["devices"] = [{"path": "/dev/sub/fuse", "type": "c", "major": 10, "minor": 229,
                                "fileMode": 0o640 | type_bits, "uid": 3, "gid": 4}]
    item = rt.report(bundle.probe("stat:/dev/sub/fuse"))[0]
    assert stat.S_ISCHR(item["mode"]) and item["mode"] & 0o777 == 0o640
    assert (item["major"], item["minor"], item["uid"], item["gid"]) == (10, 229, 3, 4)


def test_listed_node_whose_mode_has_its_type(rt, bundle):
    """What podman writes for --device: the mode of the node that it has looked at, type and all."""
    bundle.linux["devices"] = [{"path": "/dev/odd", "type": "b", "major": 7, "minor": 1,
                                "fileMode": stat.S_IFCHR | 0o640}]
    item = rt.report(bundle.probe("stat:/dev/odd"))[0]
    assert stat.S_ISBLK(item["mode"]) and item["mode"] & 0o7777 == 0o640


def test_listed_fifo(rt, bundle):
    bundle.linux["devices"] = [{"path": "/dev/pipe", "type": "p", "fileMode": 0o600}]
    assert stat.S_ISFIFO(rt.report(bundle.probe("stat:/dev/pipe"))[0]["mode"])


@pytest.mark.ocikit
def test_listed_default_node(rt, bundle):
    bundle.linux["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3,
                                "fileMode": 0o666, "uid": 0, "gid": 0}]
    assert rt.report(bundle.probe("stat:/dev/null"))[0]["minor"] == 3


@pytest.mark.ocikit
def test_mismatching_node_is_an_error(rt, bundle):
    """A node that is there already, with other numbers, is not taken for the one asked for."""
    os.mknod(bundle.rootfs / "home/zero", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    bundle.linux["devices"] = [{"path": "/home/zero", "type": "c", "major": 1, "minor": 5}]
    rt.run(bundle).failed("/home/zero")
    rt.assert_clean()


def test_other_nodes_are_refused(rt, bundle):
    """mknod works for what is harmless; opening a disk does not."""
    bundle.capabilities("CAP_MKNOD", "CAP_DAC_OVERRIDE")
    bundle.linux["devices"] = [{"path": "/dev/mem0", "type": "c", "major": 1, "minor": 1,
                                "fileMode": 0o666}]
    assert rt.report(bundle.probe("open:/dev/mem0"))[0]["errno"] == errno.EPERM


def test_rules_of_the_configuration(rt, bundle):
    bundle.linux["devices"] = [{"path": "/dev/kmsg0", "type": "c", "major": 1, "minor": 11,
                                "fileMode": 0o666}]
    bundle.linux["resources"] = {"devices": [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rw"}]}
    bundle.capabilities("CAP_SYSLOG")
    assert rt.report(bundle.probe("open:/dev/kmsg0"))[0]["errno"] == 0


@pytest.mark.proves("/linux/devices/[]/type")
@pytest.mark.parametrize("kind,mode", [("c", stat.S_IFCHR), ("u", stat.S_IFCHR), ("b", stat.S_IFBLK)])
def test_types(rt, bundle, kind, mode):
    bundle.linux["devices"] = [{"path": "/dev/node", "type": kind, "major": 7, "minor": 300}]
    found = rt.report(bundle.probe("stat:/dev/node"))[0]
    assert stat.S_IFMT(found["mode"]) == mode and (found["major"], found["minor"]) == (7, 300)


@pytest.mark.proves("/linux/devices/[]/fileMode", "/linux/devices/[]/uid", "/linux/devices/[]/gid")
@pytest.mark.parametrize("mode,wanted", [
    (None, 0o666), (0, 0), (0o600, 0o600), (0o777, 0o777),
    pytest.param(8630, 0o666, marks=pytest.mark.ocikit),  # as podman writes it: S_IFCHR and 0666
    pytest.param(0o4755, 0o4755, marks=pytest.mark.ocikit),
    pytest.param(0o21777, 0o1777, marks=pytest.mark.ocikit)])
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_file_modes(rt, bundle, mode, wanted, umask):
    """Set-user-id included; the caller's umask has no part in it."""
    bundle.linux["devices"] = [{"path": "/dev/node", "type": "c", "major": 1, "minor": 5, "uid": 12, "gid": 34}]
    if mode is not None:
        bundle.linux["devices"][0]["fileMode"] = mode
    bundle.save()
    old = os.umask(umask)
    try:
        found = rt.report(bundle.probe("stat:/dev/node"))[0]
    finally:
        os.umask(old)
    assert (found["mode"] & 0o7777, found["uid"], found["gid"]) == (wanted, 12, 34)


@pytest.mark.ocikit
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/../dev/zero", "//dev//zero"])
def test_listed_default_has_its_own_mode(rt, bundle, path):
    bundle.linux["devices"] = [{"path": path, "type": "c", "major": 1, "minor": 5, "fileMode": 0o640}]
    found = rt.report(bundle.probe("stat:/dev/zero"))[0]
    assert found["mode"] & 0o777 == 0o640


@pytest.mark.ocikit
@pytest.mark.parametrize("device", [
    {"type": "b", "major": 1, "minor": 3}, {"type": "c", "major": 1, "minor": 5}, {"type": "p"},
    {"type": "c", "major": 2, "minor": 3}])
def test_existing_node_that_does_not_match(rt, bundle, device):
    """The specification wants an error."""
    os.mknod(bundle.rootfs / "home/node", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    bundle.linux["devices"] = [{"path": "/home/node", **device}]
    rt.run(bundle).failed("/linux/devices/0", "/home/node", "already there")
    rt.assert_clean()


@pytest.mark.parametrize("device", [{"type": "c", "major": 1, "minor": 3}, {"type": "u", "major": 1, "minor": 3}])
def test_existing_node_that_matches(rt, bundle, device):
    os.mknod(bundle.rootfs / "home/node", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    bundle.linux["devices"] = [{"path": "/home/node", **device}]
    assert rt.report(bundle.probe("stat:/home/node"))[0]["errno"] == 0


@pytest.mark.ocikit
@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.touch(), os.mkfifo,
                                  lambda path: path.symlink_to("/dev/null")],
                         ids=["directory", "file", "fifo", "link"])
def test_something_else_in_the_place(rt, bundle, make):
    make(bundle.rootfs / "home/node")
    bundle.linux["devices"] = [{"path": "/home/node", "type": "c", "major": 1, "minor": 3}]
    rt.run(bundle).failed("/linux/devices/0", "already there")
    rt.assert_clean()


@pytest.mark.parametrize("minor", [0, 255, 256, 0xfffff])
@pytest.mark.parametrize("major", [0, 4095])
def test_numbers(rt, bundle, major, minor):
    if (major, minor) == (0, 0):
        minor = 1
    bundle.linux["devices"] = [{"path": "/dev/node", "type": "c", "major": major, "minor": minor}]
    found = rt.report(bundle.probe("stat:/dev/node"))[0]
    assert (found["major"], found["minor"]) == (major, minor)


@pytest.mark.ocikit
def test_fifo_in_a_user_namespace(rt, bundle):
    """It need not be bound from the host, where there is none."""
    bundle.user_namespace()
    os.chmod(bundle.rootfs, 0o755)
    bundle.linux["devices"] = [{"path": "/dev/pipe", "type": "p", "fileMode": 0o600, "uid": 5}]
    found = rt.report(bundle.probe("stat:/dev/pipe"))[0]
    assert stat.S_ISFIFO(found["mode"]) and found["uid"] == 5


@pytest.mark.ocikit
def test_listed_node_in_a_user_namespace(rt, bundle):
    bundle.user_namespace()
    os.chmod(bundle.rootfs, 0o755)
    bundle.linux["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5}]
    found = rt.report(bundle.probe("stat:/dev/zero", "read:/dev/zero"))
    assert (found[0]["major"], found[0]["minor"], found[1]["errno"]) == (1, 5, 0)


@pytest.mark.ocikit
def test_node_that_the_host_lacks_in_a_user_namespace(rt, bundle):
    bundle.user_namespace()
    os.chmod(bundle.rootfs, 0o755)
    bundle.linux["devices"] = [{"path": "/dev/no-such", "type": "c", "major": 1, "minor": 5}]
    rt.run(bundle).failed("/linux/devices/0", "/dev/no-such")
    rt.assert_clean()


@pytest.mark.ocikit
def test_the_host_s_node_has_to_match_too(rt, bundle):
    bundle.user_namespace()
    os.chmod(bundle.rootfs, 0o755)
    bundle.linux["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 7}]
    rt.run(bundle).failed("/linux/devices/0", "already there")
    rt.assert_clean()


def without_mknod(rt):
    rt.wrapper = ["setpriv", "--bounding-set", "-mknod", "--inh-caps", "-mknod"]


@pytest.mark.ocikit
def test_caller_who_may_not_make_nodes(rt, bundle):
    """As root in a container: the host's nodes are shown, as in a user namespace."""
    bundle.linux["devices"] = [{"path": "/dev/pipe", "type": "p"}]
    for name in list(bundle.process["capabilities"]):
        bundle.process["capabilities"][name] = []
    without_mknod(rt)
    found = rt.report(bundle.probe(*[f"stat:{path}" for path in [*NODES, "/dev/pipe"]]))
    for item in found[:-1]:
        assert (item["major"], item["minor"]) == NODES[item["path"]]
    assert stat.S_ISFIFO(found[-1]["mode"])


@pytest.mark.ocikit
def test_dev_of_the_host(rt, bundle, tmp_path):
    """Nothing is made in it, and no link replaced; devices elsewhere are."""
    dev = tmp_path / "dev"
    dev.mkdir()
    os.mknod(dev / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"].startswith("/dev")]
    bundle.mount("/dev", dev)
    bundle.linux["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5},
                               {"path": "/home/zero", "type": "c", "major": 1, "minor": 5}]
    log = tmp_path / "log"
    found = rt.call("--log", log, "run", "-b", bundle.probe("stat:/home/zero", "list:/dev"), rt.new_id()).json()
    assert found[0]["minor"] == 5 and found[1]["names"] == ["null"]
    assert "/dev/zero" in log.read_text(encoding="utf-8")
    assert [path.name for path in dev.iterdir()] == ["null"]


@pytest.mark.parametrize("device,place", [
    ({"path": "/dev/x", "type": "q", "major": 1, "minor": 3}, "type"),
    ({"path": "/bin/sh", "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "dev/x", "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "", "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "/", "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "/dev/..", "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "/dev/x", "type": "c"}, ""),
    ({"path": "/dev/x", "type": "c", "major": 1}, ""),
    ({"path": "/dev/x", "type": "b", "minor": 1}, ""),
    ({"path": "/dev/x", "type": "c", "major": -1, "minor": 3}, ""),
    ({"path": "/dev/x", "type": "c", "major": 4096, "minor": 3}, ""),
    ({"path": "/dev/x", "type": "c", "major": 1, "minor": 0x100000}, ""),
    ({"path": "/dev/x", "type": "c", "major": 1 << 32, "minor": 3}, ""),
    ({"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": -1}, "fileMode"),
    ({"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 1 << 32}, "fileMode"),
    ({"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "uid": -1}, "uid"),
    ({"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "gid": "0"}, "gid"),
    ({"path": "/dev/x", "type": 5, "major": 1, "minor": 3}, "type"),
    ({"type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "/dev/" + "x" * 300, "type": "c", "major": 1, "minor": 3}, ""),
    ({"path": "/etc/passwd/x", "type": "c", "major": 1, "minor": 3}, ""),
])
@pytest.mark.ocikit
def test_bad_devices(rt, bundle, device, place):
    bundle.linux["devices"] = [device]
    rt.run(bundle).failed("/linux/devices/0" + (f"/{place}" if place else ""))
    rt.assert_clean()
