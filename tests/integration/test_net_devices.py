# SPDX-License-Identifier: Apache-2.0
"""linux.netDevices: devices of the caller's network namespace go into the container's.

The runtime runs in a network namespace of the test, so that no device of the host is touched.
"""
import json
import os
import signal
import subprocess

import pytest

import hostview

pytestmark = pytest.mark.ocikit


class Namespace:
    """A network namespace that lives with a process."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        own = os.readlink("/proc/self/ns/net")
        self.path = f"/proc/{self.process.pid}/ns/net"
        hostview.until(lambda: os.readlink(self.path) != own, what="a network namespace")

    def ip(self, *args, check=True):
        return subprocess.run(["nsenter", f"--net={self.path}", "ip", *args], check=check,
                              capture_output=True, text=True)

    def links(self):
        return {link["ifname"]: link for link in json.loads(self.ip("-j", "addr").stdout)}

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def outside(rt):
    """The caller's namespace, with a pair of devices dev0 and dev1; dev0 has addresses."""
    namespace = Namespace()
    rt.snapshot.children.add(namespace.process.pid)
    try:
        set_up(namespace)
        rt.wrapper = ["nsenter", f"--net={namespace.path}"]
        yield namespace
    finally:
        rt.wrapper = []
        namespace.close()


def set_up(namespace):
    namespace.ip("link", "add", "dev0", "type", "veth", "peer", "name", "dev1")
    namespace.ip("link", "set", "dev0", "mtu", "1400", "address", "02:00:00:00:00:11")
    namespace.ip("addr", "add", "10.9.8.7/24", "broadcast", "10.9.8.255", "dev", "dev0")
    namespace.ip("addr", "add", "2001:db8::7/64", "nodad", "dev", "dev0")
    namespace.ip("addr", "add", "2001:db8::8/64", "valid_lft", "1000", "preferred_lft", "1000",
                 "nodad", "dev", "dev0")
    namespace.ip("link", "set", "dev0", "up")
    namespace.ip("link", "set", "dev1", "up")


def inside(rt, name):
    pid = rt.pid(name)
    text = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-j", "addr"], check=True,
                          capture_output=True, text=True).stdout
    return {link["ifname"]: link for link in json.loads(text)}


def addresses(link):
    return {(item["local"], item["prefixlen"]) for item in link["addr_info"]
            if item["scope"] == "global"}


@pytest.mark.proves("/linux/netDevices", "/linux/netDevices/{}/name")
@pytest.mark.parametrize("name", [None, "", "eth7", "fifteen-letters"])
def test_a_device_moves(rt, bundle, outside, name):
    bundle.linux["netDevices"] = {"dev0": {} if name is None else {"name": name}}
    container = rt.launch(bundle.payload("sleep"))
    links = inside(rt, container)
    link = links[name or "dev0"]
    assert set(links) == {"lo", name or "dev0"}
    assert "UP" in link["flags"]
    assert (link["mtu"], link["address"]) == (1400, "02:00:00:00:00:11")
    assert addresses(link) == {("10.9.8.7", 24), ("2001:db8::7", 64)}
    assert [i["broadcast"] for i in link["addr_info"] if i["family"] == "inet"] == ["10.9.8.255"]
    assert "dev0" not in outside.links()


def details(link):
    return {(item["local"], item.get("label"), item.get("metric")) for item in link["addr_info"]
            if item["scope"] == "global" and not item.get("valid_life_time", 0) < 2 ** 32 - 1}


@pytest.mark.proves("/linux/netDevices")
@pytest.mark.parametrize("name", ["eth0", "fifteen-letters"])
def test_labels_and_metrics_of_addresses(rt, bundle, outside, name):
    outside.ip("addr", "add", "10.9.8.9/24", "label", "dev0:1", "metric", "77", "dev", "dev0")
    outside.ip("addr", "add", "2001:db8::9/64", "metric", "78", "nodad", "dev", "dev0")
    before = details(outside.links()["dev0"])
    bundle.linux["netDevices"] = {"dev0": {"name": name}}
    container = rt.launch(bundle.payload("sleep"))
    assert details(inside(rt, container)[name]) == {
        ("10.9.8.7", name, None), ("10.9.8.9", name[:13] + ":1", 77),
        ("2001:db8::7", None, None), ("2001:db8::9", None, 78)}
    assert ("10.9.8.9", "dev0:1", 77) in before


def test_labels_and_metrics_come_back(rt, bundle, outside):
    outside.ip("addr", "add", "10.9.8.9/24", "label", "dev0:1", "metric", "77", "dev", "dev0")
    before = details(outside.links()["dev0"])
    bundle.hook("createContainer", "/bin/false").linux["netDevices"] = {"dev0": {"name": "eth0"}}
    rt.run(bundle).failed("createContainer")
    assert details(outside.links()["dev0"]) == before


def test_the_program_can_use_it(rt, bundle, outside):
    bundle.linux["netDevices"] = {"dev0": {"name": "eth0"}}
    result = rt.run(bundle.args("/bin/ip", "addr", "show", "dev", "eth0")).ok()
    assert "10.9.8.7/24" in result.out and "UP" in result.out


def test_a_template(rt, bundle, outside):
    bundle.linux["netDevices"] = {"dev0": {"name": "net%d"}, "dev1": {"name": "net%d"}}
    container = rt.launch(bundle.payload("sleep"))
    assert set(inside(rt, container)) == {"lo", "net0", "net1"}


def test_names_that_change_places(rt, bundle, outside):
    bundle.linux["netDevices"] = {"dev0": {"name": "x"}, "dev1": {"name": "dev0"}}
    container = rt.launch(bundle.payload("sleep"))
    assert set(inside(rt, container)) == {"lo", "x", "dev0"}


def test_user_namespace(rt, bundle, outside):
    bundle.user_namespace().linux["netDevices"] = {"dev0": {"name": "eth0"}}
    container = rt.launch(bundle.payload("sleep"))
    assert addresses(inside(rt, container)["eth0"]) == {("10.9.8.7", 24), ("2001:db8::7", 64)}


def test_a_joined_namespace(rt, bundle, outside):
    """It is somebody else's and lives on, and so does what was moved there."""
    other = Namespace()
    try:
        bundle.namespace("network", other.path).linux["netDevices"] = {"dev0": {"name": "eth0"}}
        rt.run(bundle.payload("exit", "0")).ok()
        assert "eth0" in other.links() and "dev0" not in outside.links()
    finally:
        other.close()


def test_delete_leaves_devices_to_their_namespace(rt, bundle, outside):
    """The kernel destroys virtual devices with their namespace; the other end goes with this one."""
    bundle.linux["netDevices"] = {"dev0": {}}
    rt.run(bundle.payload("exit", "0")).ok()
    hostview.until(lambda: set(outside.links()) == {"lo"}, what="the end of the namespace")


@pytest.mark.parametrize("change", ["missing", "taken", "cwd", "hook"])
def test_a_failed_create_brings_them_back(rt, bundle, outside, change):
    before = outside.links()
    bundle.linux["netDevices"] = {"dev0": {"name": "eth0"}}
    if change == "missing":
        bundle.linux["netDevices"]["no-such"] = {}
    elif change == "taken":
        bundle.linux["netDevices"]["dev1"] = {"name": "lo"}
    elif change == "cwd":
        bundle.process["cwd"] = "/etc/passwd"
    else:
        bundle.hook("createContainer", "/bin/false")
    rt.run(bundle).failed("")
    after = outside.links()
    assert set(after) == set(before)
    assert addresses(after["dev0"]) == {("10.9.8.7", 24), ("2001:db8::7", 64)}
    assert "UP" in after["dev0"]["flags"]
    rt.assert_clean()


@pytest.mark.parametrize("devices,texts", [
    ({"no-such": {}}, ["/linux/netDevices/no-such", "no such device"]),
    ({"dev0": {"name": "lo"}}, ["/linux/netDevices/dev0", "already"]),
    ({"lo": {"name": "x"}}, ["/linux/netDevices/lo"]),
    ({"dev0": {"name": "much-too-long-a-name"}}, ["/linux/netDevices/dev0"]),
    ({"dev0": {"name": "with space"}}, ["/linux/netDevices/dev0"]),
    ({"dev0": {"name": "a/b"}}, ["/linux/netDevices/dev0"]),
    ({"dev0": {"name": ".."}}, ["/linux/netDevices/dev0"]),
    ({"dev0": {"name": "%d"}}, ["/linux/netDevices/dev0"]),
    ({"dev0": {"name": "x%s"}}, ["/linux/netDevices/dev0"]),
    ({"a%d": {}}, ["/linux/netDevices/a%d"]),
    ({"": {}}, ["/linux/netDevices"]),
    ({"dev0": {"name": "x"}, "dev1": {"name": "x"}}, ["/linux/netDevices/dev1"]),
    ({"dev0": {"name": 5}}, ["/linux/netDevices/dev0/name"]),
    ({"dev0": []}, ["/linux/netDevices/dev0"]),
])
def test_devices_that_cannot_move(rt, bundle, outside, devices, texts):
    bundle.linux["netDevices"] = devices
    rt.run(bundle).failed(*texts)
    assert set(outside.links()) == {"lo", "dev0", "dev1"}
    rt.assert_clean()


def test_very_many_devices(rt, bundle, outside):
    """What is checked of names takes no time for each pair of them; what fails is to find the first."""
    bundle.linux["netDevices"] = {f"no{number}": {} for number in range(100_000)}
    rt.run(bundle, timeout=20).failed("/linux/netDevices/no0", "no such device")
    bundle.linux["netDevices"]["x"] = {"name": "no99999"}
    rt.run(bundle, timeout=20).failed("/linux/netDevices/x", "two network devices")


def test_without_a_namespace_to_go_to(rt, bundle, outside):
    bundle.namespace("network", False).linux["netDevices"] = {"dev0": {}}
    rt.run(bundle).failed("/linux/netDevices", "network namespace")


def test_the_caller_s_own_namespace(rt, bundle, outside):
    bundle.namespace("network", outside.path).linux["netDevices"] = {"dev0": {"name": "x"}}
    rt.run(bundle).failed("/linux/namespaces", "own")
    assert "dev0" in outside.links()
