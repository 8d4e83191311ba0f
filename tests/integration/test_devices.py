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


@pytest.mark.parametrize("device", [
    {"path": "/dev/x", "type": "q", "major": 1, "minor": 3},
    {"path": "/bin/sh", "type": "c", "major": 1, "minor": 3},
])
@pytest.mark.ocikit
def test_bad_devices(rt, bundle, device):
    bundle.linux["devices"] = [device]
    rt.run(bundle).failed("/linux/devices/0")
    rt.assert_clean()
