# SPDX-License-Identifier: Apache-2.0
"""Containers made by the root of a user namespace, as engines without privileges make them."""
import subprocess

import pytest

import ordinary_user
from test_rootless import lines, maps

# How the user becomes root: with the user's id alone or all of them; with mounts of its own or the host's.
ALL = ["unshare", "-U", "--map-auto", "--map-root-user"]
WAYS = {
    "one-id": ["unshare", "-Ur"],
    "one-id-mounts": ["unshare", "-Urm"],
    "all-ids": ALL,
    "all-ids-mounts": [*ALL, "-m"],
    "all-ids-pid": [*ALL, "-mpf", "--mount-proc"],
}


@pytest.fixture(params=WAYS)
def nested_rt(request, user_rt):
    user_rt.wrapper = [*user_rt.wrapper, *WAYS[request.param]]
    user_rt.way = request.param
    return user_rt


def no_user_namespace(bundle):
    bundle.namespace("user", False)
    for member in ("uidMappings", "gidMappings"):
        bundle.linux.pop(member, None)
    return bundle


@pytest.mark.ocikit
def test_in_the_caller_s_namespace(nested_rt, user_bundle):
    no_user_namespace(user_bundle).args("/bin/sh", "-c", "cat /proc/self/uid_map; test -c /dev/null; exit 7")
    out = nested_rt.run(user_bundle).ok(7).out
    assert lines(out)[0] == ["0", str(ordinary_user.UID), "1"]
    assert len(lines(out)) == (2 if "all-ids" in nested_rt.way else 1)
    nested_rt.assert_clean()


@pytest.mark.ocikit
def test_in_a_namespace_below(nested_rt, user_bundle):
    maps(user_bundle, [{"containerID": 0, "hostID": 0, "size": 1}])
    user_bundle.args("/bin/cat", "/proc/self/uid_map")
    assert lines(nested_rt.run(user_bundle).ok().out) == [["0", "0", "1"]]
    nested_rt.assert_clean()


@pytest.mark.ocikit
def test_ids_that_the_caller_does_not_have(nested_rt, user_bundle):
    maps(user_bundle, [{"containerID": 0, "hostID": 200000, "size": 1}])
    nested_rt.run(user_bundle).failed("/linux/uidMappings", "/proc/self/uid_map")
    nested_rt.assert_clean()


@pytest.mark.ocikit
def test_process_with_an_id_that_the_caller_does_not_have(nested_rt, user_bundle):
    no_user_namespace(user_bundle).process["user"] = {"uid": 200000, "gid": 0}
    nested_rt.run(user_bundle).failed("/process/user/uid", "200000", "/proc/self/uid_map")
    nested_rt.assert_clean()


@pytest.mark.ocikit
def test_device_rules_and_groups(nested_rt, user_bundle):
    no_user_namespace(user_bundle).linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    user_bundle.linux["cgroupsPath"] = f"/{nested_rt.token}"
    nested_rt.run(user_bundle).ok()
    user_bundle.linux["resources"] = {"memory": {"limit": 1 << 26}}
    nested_rt.run(user_bundle).failed("/linux/resources/memory/limit")
    nested_rt.assert_clean()


@pytest.mark.ocikit
def test_oom_score_and_limits(nested_rt, user_bundle):
    no_user_namespace(user_bundle).process["oomScoreAdj"] = 100
    user_bundle.args("/bin/cat", "/proc/self/oom_score_adj")
    assert nested_rt.run(user_bundle).ok().out == "100\n"
    user_bundle.process["oomScoreAdj"] = -1000
    assert "privileges" in nested_rt.run(user_bundle).ok().err
    user_bundle.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1 << 30, "hard": 1 << 30}]
    nested_rt.run(user_bundle).failed("/process/rlimits/0", "CAP_SYS_RESOURCE")


@pytest.mark.ocikit
@pytest.mark.parametrize("way", ["one-id-mounts", "all-ids-mounts"])
def test_life_in_one_namespace(user_rt, user_bundle, way):
    """create, start, exec, kill and delete, all called in the same user namespace, by one script."""
    no_user_namespace(user_bundle).payload("sleep")
    name = user_rt.new_id()
    script = f"""set -e
        r="{user_rt.path} --root {user_rt.root}"
        $r create -b {user_bundle} {name} </dev/null >/dev/null
        $r start {name}
        $r exec {name} /bin/sh -c 'exit 9' || test $? = 9
        $r exec {name} /bin/id
        $r kill {name} KILL
        while $r state {name} | grep -q running; do sleep 0.05; done
        $r delete {name}"""
    done = subprocess.run([*user_rt.wrapper, *WAYS[way], "sh", "-c", script], capture_output=True,
                          check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    assert b"uid=0" in done.stdout
    user_rt.assert_clean()


@pytest.mark.ocikit
def test_state_directory_of_a_namespace_s_root(user_rt, user_bundle):
    """It is root, but not of the host: /run/ocikit is not its own."""
    name = user_rt.new_id()
    done = subprocess.run([*user_rt.wrapper, "unshare", "-Urm", user_rt.path, "run", "-b",
                           str(no_user_namespace(user_bundle)), name], capture_output=True, check=False,
                          timeout=20)
    assert done.returncode == 0, done.stderr
    assert (user_rt.home / "ocikit").is_dir()
