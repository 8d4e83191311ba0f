# SPDX-License-Identifier: Apache-2.0
"""linux.sysctl: what belongs to the container's namespaces, and nothing else."""
import pytest


@pytest.mark.proves("/linux/sysctl")
@pytest.mark.parametrize("key,path,value", [
    ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward", "1"),
    ("kernel.shmmax", "/proc/sys/kernel/shmmax", "1048576"),
    ("fs.mqueue.msg_max", "/proc/sys/fs/mqueue/msg_max", "20"),
])
def test_set(rt, bundle, key, path, value):
    with open(path, encoding="ascii") as file:
        before = file.read()
    bundle.linux["sysctl"] = {key: value}
    assert rt.report(bundle.probe(f"read:{path}"))[0]["data"].split() == [value]
    with open(path, encoding="ascii") as file:
        assert file.read() == before


@pytest.mark.parametrize("key", ["vm.swappiness", "kernel.pid_max", "fs.file-max"])
def test_of_the_host(rt, bundle, key):
    bundle.linux["sysctl"] = {key: "60"}
    rt.run(bundle).failed(key)
    rt.assert_clean()


def test_without_the_namespace(rt, bundle):
    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] != "sysfs"]
    bundle.namespace("network", False).linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    rt.run(bundle).failed("net.ipv4.ip_forward")
    rt.assert_clean()


@pytest.mark.parametrize("key", ["net.no.such.key", "net.../../../kernel.pid_max"])
def test_missing_key(rt, bundle, key):
    bundle.linux["sysctl"] = {key: "1"}
    rt.run(bundle).failed("")
    rt.assert_clean()


def test_bad_value(rt, bundle):
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "not a number"}
    rt.run(bundle).failed("invalid argument")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("key", ["net.ipv4.conf.lo.rp_filter", "net/ipv4/conf/lo/rp_filter"])
def test_both_separators(rt, bundle, key):
    bundle.linux["sysctl"] = {key: "2"}
    found, = rt.report(bundle.probe("read:/proc/sys/net/ipv4/conf/lo/rp_filter"))
    assert found["data"].strip() == "2"


@pytest.mark.ocikit
def test_of_a_user_namespace(rt, bundle):
    """user.* are limits of the user namespace; without one they would be the host's."""
    bundle.linux["sysctl"] = {"user.max_uts_namespaces": "17"}
    rt.run(bundle).failed("/linux/sysctl/user.max_uts_namespaces", "user namespace")
    rt.assert_clean()
    bundle.user_namespace()
    found, = rt.report(bundle.probe("read:/proc/sys/user/max_uts_namespaces"))
    assert found["data"].strip() == "17"


@pytest.mark.ocikit
@pytest.mark.parametrize("key,kind", [("kernel.sem", "ipc"), ("fs.mqueue.msg_max", "ipc"),
                                      ("kernel.domainname", "uts"), ("net.core.somaxconn", "network")])
def test_each_needs_its_namespace(rt, bundle, key, kind):
    bundle.config.pop("hostname", None)
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if m["type"] not in ("mqueue", "sysfs")]
    bundle.namespace(kind, False).linux["sysctl"] = {key: "1"}
    rt.run(bundle).failed(f"/linux/sysctl/{key}", kind)
    rt.assert_clean()
    bundle.namespace(kind, f"/proc/self/ns/{'net' if kind == 'network' else kind}")
    rt.run(bundle).failed("/linux/namespaces", "own")
    rt.assert_clean()
