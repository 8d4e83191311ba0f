# SPDX-License-Identifier: Apache-2.0
"""features: the document that tells what the runtime can do."""
import pytest


@pytest.fixture
def features(rt):
    return rt.call("features").json()


def test_versions(features):
    assert features["ociVersionMin"].startswith("1.0.")
    assert features["ociVersionMax"].startswith("1.")


def test_lists(features):
    assert {"createRuntime", "createContainer", "startContainer", "poststart",
            "poststop"} <= set(features["hooks"])
    assert {"bind", "rbind", "ro", "nosuid", "nodev", "noexec"} <= set(features["mountOptions"])
    linux = features["linux"]
    assert {"mount", "pid", "network", "ipc", "uts", "user", "cgroup"} <= set(linux["namespaces"])
    assert linux["cgroup"]["v1"] and linux["cgroup"]["v2"]
    assert {"CAP_CHOWN", "CAP_SYS_ADMIN"} <= set(linux["capabilities"])


@pytest.mark.ocikit
def test_rdma(features):
    assert features["linux"]["cgroup"]["rdma"]


def test_seccomp(features):
    seccomp = features["linux"]["seccomp"]
    assert seccomp["enabled"] is True
    assert {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"} <= set(seccomp["actions"])
    assert "SCMP_CMP_MASKED_EQ" in seccomp["operators"]


@pytest.mark.ocikit
def test_mount_options_are_those_of_the_specification(features):
    attributes = ("ro rw nosuid suid nodev dev noexec exec nodiratime diratime nosymfollow symfollow noatime "
                  "strictatime relatime atime norelatime nostrictatime private shared slave unbindable").split()
    others = ("sync async dirsync lazytime nolazytime defaults silent loud iversion noiversion mand nomand bind "
              "rbind remount idmap ridmap tmpcopyup").split()
    assert sorted(features["mountOptions"]) == sorted([*attributes, *("r" + name for name in attributes), *others])
    assert len(features["mountOptions"]) == 62
    assert features["linux"]["mountExtensions"]["idmap"]["enabled"] is True


@pytest.mark.ocikit
def test_every_mount_option_that_is_named_is_accepted(rt, bundle, features):
    """Each on a mount of its own; the ones left out need more than an option."""
    skipped = {"remount", "idmap", "ridmap", "mand", "loud", "silent"}
    of_filesystems = {"tmpcopyup", "async", "sync", "dirsync", "defaults", "iversion",
                      "noiversion", "lazytime", "nolazytime", "nomand"}
    for option in sorted(set(features["mountOptions"]) - skipped):
        if option in of_filesystems:
            bundle.mount(f"/mnt/{option}", "tmpfs", "tmpfs", [option])
        else:
            bundle.mount(f"/mnt/{option}", bundle.path, options=["bind", option])
    rt.run(bundle.payload("exit", "0")).ok()


@pytest.mark.ocikit
def test_what_this_build_does(features):
    linux = features["linux"]
    for part in ("apparmor", "selinux", "intelRdt", "netDevices"):
        assert linux[part]["enabled"] is True, part
    assert linux["intelRdt"]["schemata"] is linux["intelRdt"]["monitoring"] is True
    assert set(linux["memoryPolicy"]["modes"]) == {
        "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED",
        "MPOL_PREFERRED_MANY", "MPOL_LOCAL"}
    assert set(linux["memoryPolicy"]["flags"]) == {
        "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"}
    assert "time" in linux["namespaces"]
    assert "io.github.seccomp.libseccomp.version" in features["annotations"]
    assert "run.oci.keep_original_groups" in features["potentiallyUnsafeConfigAnnotations"]


@pytest.mark.ocikit
def test_every_flag_action_and_operator(features):
    seccomp = features["linux"]["seccomp"]
    actions = "KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE ALLOW LOG NOTIFY"
    assert set(seccomp["actions"]) == {f"SCMP_ACT_{name}" for name in actions.split()}
    assert set(seccomp["operators"]) == {f"SCMP_CMP_{name}" for name in
                                         "NE LT LE EQ GE GT MASKED_EQ".split()}
    flags = {f"SECCOMP_FILTER_FLAG_{name}" for name in
             "TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV".split()}
    assert set(seccomp["knownFlags"]) == flags
    assert set(seccomp["supportedFlags"]) <= flags
    assert "SCMP_ARCH_X86_64" in seccomp["archs"]
