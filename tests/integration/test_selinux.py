# SPDX-License-Identifier: Apache-2.0
"""selinuxLabel and mountLabel where the kernel enforces the policy of the test bed, tests/testbed/guest/policy.conf."""
import ctypes
import os

import pytest


def is_enforced():
    try:
        with open("/sys/fs/selinux/enforce", encoding="ascii") as file:
            return file.read().strip() == "1"
    except OSError:
        return False


pytestmark = [
    pytest.mark.skipif(os.environ.get("OCIKIT_TESTBED") != "selinux" or not is_enforced(),
                       reason="SELinux does not enforce the test bed's policy here"),
]

CONTAINER = "system_u:system_r:container_t"
OTHER = "system_u:system_r:other_t"
DENIED = "system_u:system_r:denied_t"
FILES = "system_u:object_r:container_file_t"
OTHER_FILES = "system_u:object_r:other_file_t"
BASE = "system_u:object_r:base_t"
SYS_KEYCTL = 250
KEYCTL_GET_SECURITY = 17

LABEL = r"tr -d '\0' </proc/self/attr/current; echo"
TOUCH = "for place in %s; do true >$place/file && echo $place; done 2>/dev/null; true"


def label_of(path):
    return os.getxattr(path, "security.selinux", follow_symlinks=False).rstrip(b"\0").decode()


def current(pid):
    with open(f"/proc/{pid}/attr/current", encoding="ascii") as file:
        return file.read().rstrip("\0\n ")


def keyring_label(name):
    """Of the only one so named, from the list of all that may be seen."""
    with open("/proc/keys", encoding="ascii") as file:
        [number] = [line.split()[0] for line in file if f"_ses.{name}" in line]
    text = ctypes.create_string_buffer(256)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.syscall(SYS_KEYCTL, KEYCTL_GET_SECURITY, int(number, 16), text, 256) > 0, ctypes.get_errno()
    return text.value.decode()


def inside(rt, name, path):
    return label_of(f"/proc/{rt.pid(name)}/root{path}")


@pytest.fixture
def places(bundle):
    """Two new filesystems with labels of their own, beside the root."""
    for name, label in ("mine", FILES), ("others", OTHER_FILES):
        bundle.mount(f"/{name}", "tmpfs", "tmpfs", [f"context={label}"])
    return bundle


@pytest.mark.proves("/process/selinuxLabel")
def test_it_confines(rt, places):
    places.process["selinuxLabel"] = CONTAINER
    script = f"{LABEL}; {TOUCH % '/mine /others'}"
    assert rt.run(places.args("/bin/sh", "-c", script)).ok().out.split() == [CONTAINER, "/mine"]


def test_without_one_nothing_is_confined(rt, places):
    assert rt.run(places.args("/bin/sh", "-c", TOUCH % "/mine /others")).ok().out.split() == ["/mine", "/others"]


def test_exec_is_confined_too(rt, places):
    places.process["selinuxLabel"] = CONTAINER
    name = rt.launch(places.payload("sleep"))
    assert current(rt.pid(name)) == CONTAINER
    script = f"{LABEL}; {TOUCH % '/mine /others'}"
    assert rt.exec(name, ["/bin/sh", "-c", script]).ok().out.split() == [CONTAINER, "/mine"]


def test_exec_with_another(rt, places):
    places.process["selinuxLabel"] = CONTAINER
    name = rt.launch(places.payload("sleep"))
    script = f"{LABEL}; {TOUCH % '/mine /others'}"
    result = rt.exec(name, "--process-label", OTHER, ["/bin/sh", "-c", script])
    assert result.ok().out.split() == [OTHER, "/others"]


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_with_no_new_privileges(rt, bundle, no_new_privileges):
    bundle.process.update(selinuxLabel=CONTAINER, noNewPrivileges=no_new_privileges)
    assert rt.run(bundle.args("/bin/sh", "-c", LABEL)).ok().out.split() == [CONTAINER]


@pytest.mark.ocikit
@pytest.mark.parametrize("kind", ["user", "pid"])
def test_in_namespaces(rt, bundle, make_bundle, kind):
    if kind == "user":
        bundle.user_namespace(host=200000, size=2000)
    else:
        first = rt.launch(make_bundle().payload("sleep"))
        bundle.namespace("pid", f"/proc/{rt.pid(first)}/ns/pid")
    bundle.process["selinuxLabel"] = CONTAINER
    name = rt.launch(bundle.payload("sleep"))
    assert current(rt.pid(name)) == CONTAINER
    assert rt.exec(name, ["/bin/sh", "-c", LABEL]).ok().out.split() == [CONTAINER]
    rt.stop(name)


@pytest.mark.parametrize("label", ["no label", "system_u:system_r:no_such_t", "no_such_u:system_r:container_t"])
def test_a_label_that_the_policy_does_not_know(rt, bundle, label):
    bundle.process["selinuxLabel"] = label
    rt.run(bundle.payload("exit", "0")).failed("")


@pytest.mark.ocikit
def test_a_label_that_the_policy_does_not_know_is_named(rt, bundle):
    bundle.process["selinuxLabel"] = "system_u:system_r:no_such_t"
    rt.run(bundle.payload("exit", "0")).failed("/process/selinuxLabel", "no_such_t")
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_domain_that_may_not_run_the_program(rt, bundle):
    """It is denied only when the program is executed, which is at start."""
    bundle.process["selinuxLabel"] = DENIED
    rt.run(bundle.payload("exit", "0")).failed("/bin/payload")
    rt.assert_clean()


def test_the_session_keyring_is_the_domain_s(rt, bundle):
    """With the runtime's label it would not be for the container to use."""
    bundle.process["selinuxLabel"] = CONTAINER
    name = rt.launch(bundle.payload("sleep"))
    assert keyring_label(name) == CONTAINER


@pytest.mark.proves("/linux/mountLabel")
def test_mounts_have_the_label(rt, bundle):
    bundle.linux["mountLabel"] = FILES
    bundle.mount("/fresh", "tmpfs", "tmpfs", ["nosuid"])
    name = rt.launch(bundle.payload("sleep"))
    labels = {path: inside(rt, name, path) for path in ("/fresh", "/dev", "/dev/pts", "/dev/mqueue", "/proc", "/sys")}
    assert labels == {"/fresh": FILES, "/dev": FILES, "/dev/pts": FILES, "/dev/mqueue": FILES,
                      "/proc": BASE, "/sys": BASE}


def test_a_masked_directory_has_the_label(rt, bundle):
    bundle.linux.update(mountLabel=FILES, maskedPaths=["/sys/firmware", "/proc/kcore"])
    name = rt.launch(bundle.payload("sleep"))
    assert inside(rt, name, "/sys/firmware") == FILES


def test_the_container_s_own_files(rt, bundle):
    """A process of one domain and mounts of the same, as an engine gives both."""
    bundle.process["selinuxLabel"] = CONTAINER
    bundle.linux["mountLabel"] = FILES
    bundle.mount("/fresh", "tmpfs", "tmpfs", [])
    assert rt.run(bundle.args("/bin/sh", "-c", TOUCH % "/fresh /dev/shm")).ok().out.split() == ["/fresh", "/dev/shm"]


def test_others_mounts_are_not_its_own(rt, bundle):
    bundle.process["selinuxLabel"] = CONTAINER
    bundle.linux["mountLabel"] = OTHER_FILES
    bundle.mount("/fresh", "tmpfs", "tmpfs", [])
    assert rt.run(bundle.args("/bin/sh", "-c", TOUCH % "/fresh /dev/shm")).ok().out == ""


@pytest.mark.ocikit
@pytest.mark.parametrize("options", [[], ["x" * 300]])
def test_categories_with_commas(rt, bundle, options):
    """What looks like two options is one label, which this policy does not have; also where mount(2) has to be used."""
    bundle.linux["mountLabel"] = FILES + ":s0:c1,c2"
    rt.run(bundle.mount("/fresh", "tmpfs", "tmpfs", options)).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_mount_label_that_the_policy_does_not_know(rt, bundle):
    bundle.linux["mountLabel"] = "system_u:object_r:no_such_t"
    rt.run(bundle.mount("/fresh", "tmpfs", "tmpfs", [])).failed("no_such_t")
    rt.assert_clean()


@pytest.mark.ocikit
def test_features_say_so(rt):
    assert rt.call("features").json()["linux"]["selinux"]["enabled"] is True
