# SPDX-License-Identifier: Apache-2.0
"""apparmorProfile where the kernel enforces AppArmor, as in the test bed: a profile is loaded, and confines."""
import os
import shutil
import subprocess

import pytest


def is_enforced():
    try:
        with open("/sys/module/apparmor/parameters/enabled", encoding="ascii") as file:
            return file.read().strip() == "Y" and os.path.isdir("/sys/kernel/security/apparmor")
    except OSError:
        return False


pytestmark = [
    pytest.mark.skipif(not is_enforced(), reason="this kernel enforces no AppArmor"),
    pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="apparmor is not installed"),
]

PROFILE = """
profile {name} flags=(attach_disconnected,mediate_deleted) {{
  file, capability, network, mount, umount, signal, ptrace, unix, pivot_root,
  deny {denied} rwkl,
}}
"""
LABEL = "cat /proc/self/attr/current"
ALLOWED = "cat /etc/passwd >/dev/null 2>&1 && echo passwd; cat /etc/group >/dev/null 2>&1 && echo group; " + LABEL


def parser(option, text):
    subprocess.run(["apparmor_parser", option, "--skip-cache"], input=text.encode(), check=True, capture_output=True)


@pytest.fixture
def profiles(rt):
    """Two of them: one that denies /etc/passwd, one that denies /etc/group."""
    names = [f"{rt.token}-passwd", f"{rt.token}-group"]
    texts = [PROFILE.format(name=name, denied=f"/etc/{name.rsplit('-')[-1]}") for name in names]
    for text in texts:
        parser("--replace", text)
    yield names
    for name in rt.entries():
        rt.call("delete", "-f", name)
    for text in texts:
        parser("--remove", text)


@pytest.mark.proves("/process/apparmorProfile")
def test_it_confines(rt, bundle, profiles):
    bundle.process["apparmorProfile"] = profiles[0]
    lines = rt.run(bundle.args("/bin/sh", "-c", ALLOWED)).ok().out.splitlines()
    assert lines == ["group", f"{profiles[0]} (enforce)"]


def test_without_one_nothing_is_confined(rt, bundle):
    lines = rt.run(bundle.args("/bin/sh", "-c", ALLOWED)).ok().out.splitlines()
    assert lines == ["passwd", "group", "unconfined"]


def test_exec_is_confined_too(rt, bundle, profiles):
    bundle.process["apparmorProfile"] = profiles[0]
    name = rt.launch(bundle.payload("sleep"))
    assert rt.exec(name, ["/bin/sh", "-c", ALLOWED]).ok().out.splitlines() == ["group", f"{profiles[0]} (enforce)"]


def test_exec_with_another(rt, bundle, profiles):
    bundle.process["apparmorProfile"] = profiles[0]
    name = rt.launch(bundle.payload("sleep"))
    result = rt.exec(name, "--apparmor", profiles[1], ["/bin/sh", "-c", ALLOWED])
    assert result.ok().out.splitlines() == ["passwd", f"{profiles[1]} (enforce)"]


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["user", "pid"])
def test_in_namespaces(rt, bundle, make_bundle, profiles, kind):
    """In a user namespace, and in another container's pid namespace, where the procfs is another one."""
    if kind == "user":
        bundle.user_namespace(host=200000, size=2000)
    else:
        first = rt.launch(make_bundle().payload("sleep"))
        bundle.namespace("pid", f"/proc/{rt.pid(first)}/ns/pid")
    bundle.process["apparmorProfile"] = profiles[0]
    name = rt.launch(bundle.payload("sleep"))
    with open(f"/proc/{rt.pid(name)}/attr/current", encoding="ascii") as file:
        assert file.read().strip() == f"{profiles[0]} (enforce)"
    assert rt.exec(name, ["/bin/sh", "-c", ALLOWED]).ok().out.splitlines() == ["group", f"{profiles[0]} (enforce)"]
    rt.stop(name)


def test_hooks_inside_are_not_what_the_profile_is_for(rt, bundle, profiles, tmp_path):
    """createContainer hooks are the host's programs."""
    bundle.process["apparmorProfile"] = profiles[0]
    bundle.hook("createContainer", "/bin/sh", "-c", f"cat /proc/self/attr/current > {tmp_path}/label",
                env=["PATH=/bin:/usr/bin"])
    rt.run(bundle.payload("exit", "0")).ok()
    assert (tmp_path / "label").read_text("ascii").strip() == "unconfined"


def test_a_profile_that_is_not_loaded(rt, bundle):
    bundle.process["apparmorProfile"] = f"{rt.token}-none"
    rt.run(bundle.payload("exit", "0")).failed("apparmor")


@pytest.mark.ocikit
def test_a_profile_that_is_not_loaded_is_named(rt, bundle):
    bundle.process["apparmorProfile"] = f"{rt.token}-none"
    rt.run(bundle.payload("exit", "0")).failed("/process/apparmorProfile", f"{rt.token}-none")
    rt.assert_clean()
