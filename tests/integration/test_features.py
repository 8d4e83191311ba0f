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
