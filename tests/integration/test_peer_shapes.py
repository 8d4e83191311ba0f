# SPDX-License-Identifier: Apache-2.0
"""Documents beside those of runc: what engines read from runc's output they find in ours, of the same type."""
import json
import shutil
import subprocess

import pytest

import groups
import hostview

pytestmark = [pytest.mark.ocikit, pytest.mark.controller("memory", "pids"),
              pytest.mark.skipif(not shutil.which("runc"), reason="runc is not installed: apt-get install runc")]


class Peer:
    """One container of runc's beside ours, on the same bundle."""

    def __init__(self, root, name):
        self.root = root
        self.name = name

    def call(self, *args):
        return subprocess.run(["runc", "--root", str(self.root), *map(str, args)], check=False, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def json(self, *args):
        done = self.call(*args)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def pair(rt, bundle, make_bundle, tmp_path):
    """Both runtimes run a shell with a child; ours has the id that is returned."""
    other = make_bundle()
    for one in (bundle, other):
        one.config["annotations"] = {"org.example.key": "value"}
        one.linux["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 20}}
        one.args("/bin/sh", "-c", "sleep 1000 & echo up > /up; wait")
    peer = Peer(tmp_path / "runc", f"{rt.token}-peer")
    done = subprocess.run(["runc", "--root", str(peer.root), "run", "-d", "-b", str(other), peer.name], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert done.returncode == 0
        name = rt.launch(bundle)
        for one in (bundle, other):
            hostview.until((one.rootfs / "up").exists, what="the program")
        yield name, peer
    finally:
        peer.call("delete", "--force", peer.name)
        hostview.reap()


def kind(value):
    """The type as a decoder sees it: numbers are not told apart, runc writes what Go's types make of them."""
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def differences(theirs, ours, place="", open_maps=()):
    """What runc has and we lack, or have as another type."""
    if theirs is None or (isinstance(theirs, (list, dict)) and not theirs and ours is None):
        return []
    if kind(theirs) != kind(ours):
        return [f"{place}: runc {kind(theirs)}, ours {kind(ours)}"]
    found = []
    if isinstance(theirs, dict) and place not in open_maps:
        for key, value in theirs.items():
            if key not in ours:
                found.append(f"{place}/{key}: missing")
            else:
                found += differences(value, ours[key], f"{place}/{key}", open_maps)
    if isinstance(theirs, list) and theirs and ours:
        found += differences(theirs[0], ours[0], f"{place}/[]", open_maps)
    return found


def without_zeros(value):
    """What version 2 has not runc shows as 0, and ocikit does not show."""
    if isinstance(value, dict):
        kept = {key: without_zeros(item) for key, item in value.items() if item != 0}
        return {key: item for key, item in kept.items() if item != {} or value[key] == {}}
    return value


def test_differences_sees_them():
    assert differences({"a": 1, "b": {"c": []}}, {"a": "1", "b": {}}) == ["/a: runc number, ours str", "/b/c: missing"]
    assert differences({"a": [{"x": 1}]}, {"a": [{"x": "1"}]}) == ["/a/[]/x: runc number, ours str"]
    assert not differences({"a": 1.5}, {"a": 2, "more": None})


def test_state(rt, pair):
    name, peer = pair
    theirs, ours = peer.json("state", peer.name), rt.state(name)
    assert not differences(theirs, ours)
    assert set(ours) == set(theirs)
    assert ours["status"] == theirs["status"] == "running"
    assert ours["annotations"] == theirs["annotations"]


def test_state_of_each_status(rt, pair):
    name, peer = pair
    rt.call("pause", name, check=True)
    peer.call("pause", peer.name)
    assert rt.status(name) == peer.json("state", peer.name)["status"] == "paused"
    rt.call("resume", name, check=True)
    peer.call("resume", peer.name)
    assert rt.status(name) == peer.json("state", peer.name)["status"] == "running"
    rt.kill(name, "KILL")
    peer.call("kill", peer.name, "KILL")
    hostview.until(lambda: rt.status(name) == peer.json("state", peer.name)["status"] == "stopped",
                   what="both to be stopped")
    theirs, ours = peer.json("state", peer.name), rt.state(name)
    assert theirs["pid"] == ours["pid"] == 0
    assert set(theirs) == set(ours)


def test_list(rt, pair):
    name, peer = pair
    theirs, ours = peer.json("list", "--format=json"), rt.call("list", "--format=json").json()
    assert [set(item) for item in theirs] == [set(item) for item in ours]
    assert not differences(theirs, ours)
    assert theirs[0]["owner"] == ours[0]["owner"]
    header = peer.call("list").stdout.decode().splitlines()[0].split()
    assert rt.call("list").out.splitlines()[0].split() == header
    assert peer.call("list", "-q").stdout.decode().split() == [peer.name]
    assert rt.call("list", "-q").out.split() == [name]


def test_ps(rt, pair):
    name, peer = pair
    theirs, ours = peer.json("ps", "--format", "json", peer.name), rt.call("ps", "--format", "json", name).json()
    assert len(theirs) == len(ours) == 2 and all(isinstance(pid, int) for pid in ours)
    for arguments in ([], ["-ef"], ["aux"], ["-e", "-o", "pid,user"]):
        theirs = peer.call("ps", peer.name, *arguments).stdout.decode().splitlines()
        ours = rt.call("ps", name, *arguments, check=True).out.splitlines()
        assert len(theirs) == len(ours) == 3, arguments
        assert theirs[0].split() == ours[0].split()


def test_stats(rt, pair):
    name, peer = pair
    theirs, ours = peer.json("events", "--stats", peer.name), rt.call("events", "--stats", name).json()
    assert set(theirs) == set(ours) == {"type", "id", "data"}
    raw = "/data/memory/raw"
    names = set(theirs["data"]["memory"]["raw"])
    if groups.unified():
        theirs = without_zeros(theirs)
    assert not differences(theirs, ours, open_maps=(raw,))
    assert names == set(ours["data"]["memory"]["raw"])
    for path in (("memory", "usage", "limit"), ("pids", "limit"), ("pids", "current"), ("cpuset", "cpus"),
                 ("memory", "swap", "limit"), ("cpuset", "mems")):
        left, right = theirs["data"], ours["data"]
        for key in path:
            left, right = left.get(key, {}), right.get(key, {})
        # systemd may not have given the peer's group every controller.
        assert left == right or left == {}, path


def test_stats_are_of_the_same_magnitude(rt, pair):
    """Units: a second of work is counted alike."""
    name, peer = pair
    work = ["/bin/sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]
    rt.call("exec", name, *work, check=True)
    assert peer.call("exec", peer.name, *work).returncode == 0
    theirs = peer.json("events", "--stats", peer.name)["data"]["cpu"]["usage"]
    ours = rt.call("events", "--stats", name).json()["data"]["cpu"]["usage"]
    for key in ("total", "user"):
        assert 0.1 < ours[key] / theirs[key] < 10, key


@pytest.mark.parametrize("commands,text", [
    ([["state", "nobody"]], "does not exist"), ([["kill", "nobody", "9"]], "does not exist"),
    ([["delete", "nobody"]], "does not exist"), ([["pause", "nobody"]], "does not exist"),
    ([["resume", "nobody"]], "does not exist"), ([["resume", "ID"]], "container not paused"),
    ([["pause", "ID"], ["exec", "ID", "true"]], "paused"),
    ([["kill", "ID", "KILL"], ["kill", "ID", "TERM"]], "container not running"),
    ([["kill", "ID", "KILL"], ["pause", "ID"]], "container not running"),
    ([["kill", "ID", "KILL"], ["events", "--stats", "ID"]], "not running"),
])
def test_texts_that_engines_match(rt, pair, commands, text):
    name, peer = pair
    for last, command in enumerate(commands, 1):
        if last == len(commands) > 1 and commands[0][0] == "kill":
            hostview.until(lambda: rt.status(name) == peer.json("state", peer.name)["status"] == "stopped",
                           what="both to be stopped")
        ours = rt.call(*[name if word == "ID" else word for word in command])
        theirs = peer.call(*[peer.name if word == "ID" else word for word in command])
        assert (ours.code == 0) == (theirs.returncode == 0), command
    assert text in ours.err and text in theirs.stderr.decode()


def test_codes_of_both(rt, pair):
    name, peer = pair
    for command in (["exec", "ID", "/bin/sh", "-c", "exit 7"], ["exec", "ID", "/bin/sh", "-c", "kill -9 $$"],
                    ["delete", "--force", "nobody"], ["kill", "--all", "ID", "0"], ["delete", "ID"]):
        ours = rt.call(*[name if word == "ID" else word for word in command])
        theirs = peer.call(*[peer.name if word == "ID" else word for word in command])
        assert ours.code == theirs.returncode, command
