# SPDX-License-Identifier: Apache-2.0
"""linux.resources.devices: what a container may open, by version 1's files and by version 2's programs alike.

Every test runs where the host's own hierarchies are, and again where version 2 is the only one.
"""
import errno
import json

import pytest

import groups

DENY_ALL = {"allow": False, "access": "rwm"}
# A device that anybody may open, to read and to write, when no rule forbids it: fuse, which engines hand out.
MAJOR, MINOR = 10, 229


def has_fuse():
    with open("/proc/misc", encoding="ascii") as lines:
        return any(line.split() == [str(MINOR), "fuse"] for line in lines)


pytestmark = pytest.mark.skipif(not has_fuse(), reason="this kernel has no fuse device")


def rule(allow, kind="c", major=None, minor=None, access=None):
    found = {"allow": allow, "type": kind, "major": major, "minor": minor, "access": access}
    return {key: value for key, value in found.items() if value is not None}


@pytest.fixture(params=["host", "version 2"])
def subject(rt, request):
    if request.param == "version 2" and groups.top_2() is None:
        pytest.skip("this host has no cgroup version 2")
    if request.param == "host" and groups.unified():
        pytest.skip("the host's own hierarchy is version 2, which the other half of this test is about")
    if request.param == "version 2" and not groups.unified():
        rt.wrapper = groups.V2_VIEW
    return rt


@pytest.fixture
def nodes(bundle):
    bundle.capabilities("CAP_MKNOD", "CAP_DAC_OVERRIDE")
    bundle.linux["devices"] = [
        {"path": "/dev/node", "type": "c", "major": MAJOR, "minor": MINOR, "fileMode": 0o666}]
    return bundle


OPENS = 'for m in "<" ">" "<>"; do if (eval "exec 3$m/dev/node") 2>/dev/null; then echo "$m"; fi; done'
READ, WRITE, ALL = ["<"], [">"], ["<", ">", "<>"]


def opened(rt, bundle, rules):
    """How it can be opened: to read, to write, for both."""
    bundle.linux["resources"] = {"devices": rules}
    bundle.args("/bin/sh", "-c", OPENS)
    return rt.run(bundle).ok().out.split()


@pytest.mark.proves("/linux/resources/devices", "/linux/resources/devices/[]/allow",
                    "/linux/resources/devices/[]/type", "/linux/resources/devices/[]/major",
                    "/linux/resources/devices/[]/minor", "/linux/resources/devices/[]/access")
@pytest.mark.parametrize("rules,found", [
    ([DENY_ALL], []),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "r")], READ),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "w")], WRITE),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "rw")], ALL),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "rwm")], ALL),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "m")], []),
    ([DENY_ALL, rule(True, "b", MAJOR, MINOR, "rwm")], []),
    ([DENY_ALL, rule(True, "c", MAJOR, None, "rwm")], ALL),
    ([DENY_ALL, rule(True, "c", None, MINOR, "rwm")], ALL),
    ([DENY_ALL, rule(True, "c", -1, -1, "r")], READ),
    ([DENY_ALL, rule(True, "c", 2, MINOR, "rwm")], []),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "rwm"), rule(False, "c", MAJOR, MINOR, "w")], READ),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "rwm"), DENY_ALL], []),
    ([DENY_ALL, rule(True, "a", access="rwm")], ALL),
    ([rule(True, "c", MAJOR, MINOR, "rwm"), DENY_ALL, rule(True, "c", MAJOR, MINOR, "r")], READ),
], ids=str)
def test_rules(subject, nodes, rules, found):
    assert opened(subject, nodes, rules) == found


@pytest.mark.ocikit
@pytest.mark.parametrize("rules,found", [
    ([rule(False, "c", MAJOR, MINOR, "w")], READ),
    ([rule(False, "c", MAJOR, MINOR, "rw"), rule(True, "c", MAJOR, MINOR, "w")], WRITE),
    ([DENY_ALL, rule(True, "a", MAJOR, MINOR, "r")], READ),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR)], ALL),
    ([{"allow": False}, rule(True)], ALL),
], ids=str)
def test_rules_that_say_less(subject, nodes, rules, found):
    """Without a rule about all devices the group allows all; what a rule leaves out it does not limit."""
    assert opened(subject, nodes, rules) == found


@pytest.mark.ocikit
def test_a_part_of_an_earlier_rule(subject, nodes):
    """Version 2 can take back a part of what was allowed; version 1 cannot, and says so."""
    rules = [DENY_ALL, rule(True, "c", MAJOR, None, "rwm"), rule(False, "c", MAJOR, MINOR, "rw")]
    if not subject.wrapper and groups.version("devices") == 1:
        nodes.linux["resources"] = {"devices": rules}
        subject.run(nodes.payload("exit", "0")).failed("/linux/resources/devices/2", "version 1")
        subject.assert_clean()
    else:
        assert opened(subject, nodes, rules) == []


@pytest.mark.parametrize("rules", [[DENY_ALL], [DENY_ALL, rule(False, "c", 1, 3, "rwm")]])
def test_what_every_container_needs(subject, bundle, rules):
    bundle.linux["resources"] = {"devices": rules}
    names = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")
    found = subject.report(bundle.probe(*[f"open:/dev/{name}" for name in names]))
    # Without a terminal of its own a process cannot open /dev/tty, whatever the rules are.
    assert [item["errno"] for item in found] == [0, 0, 0, 0, 0, errno.ENXIO, 0]


def test_nodes_may_be_made(subject, nodes):
    nodes.linux["resources"] = {"devices": [DENY_ALL]}
    assert subject.report(nodes.probe("mknod:/dev/other"))[0]["errno"] == 0


@pytest.mark.ocikit
def test_update(subject, nodes):
    """New rules take the place of the old ones, again and again, and nothing piles up."""
    nodes.linux["resources"] = {"devices": [DENY_ALL]}
    name = subject.launch(nodes.payload("sleep"))

    def opens():
        return subject.call("exec", name, "/bin/sh", "-c", OPENS).ok().out.split()

    def update(*rules):
        subject.call("update", "-r", "-", name,
                     stdin=json.dumps({"devices": list(rules)}).encode()).ok()

    assert opens() == []
    update(DENY_ALL, rule(True, "c", MAJOR, MINOR, "r"))
    assert opens() == READ
    for _ in range(70):  # more than the kernel takes for one group
        update(DENY_ALL, rule(True, "c", MAJOR, MINOR, "w"))
    assert opens() == WRITE
    update(rule(True, "a"))
    assert opens() == ALL
    update(DENY_ALL)
    assert opens() == []
    subject.call("update", "-r", "-", name, stdin=b'{"devices": []}').ok()
    assert opens() == []
    subject.stop(name)


@pytest.mark.ocikit
def test_update_without_a_gap(subject, nodes):
    """What is allowed before and after is allowed in between, and what is not is not.

    A shell opens all the time, without a new process for each, so that it hits the moments between."""
    nodes.linux["resources"] = {"devices": [DENY_ALL, rule(True, "c", MAJOR, MINOR, "r")]}
    nodes.args("/bin/sh", "-c", "while [ ! -e /stop ]; do "
               "{ :; } 3</dev/node || echo lost >>/wrong; "
               "{ :; } 4>/dev/node && echo opened >>/wrong; done 2>/dev/null; :")
    name = subject.launch(nodes)
    for i in range(100):
        rules = [DENY_ALL, rule(True, "c", MAJOR, MINOR, "r"), rule(True, "c", 10, 300 + i % 2, "rw")]
        subject.call("update", "-r", "-", name, stdin=json.dumps({"devices": rules}).encode()).ok()
    (nodes.rootfs / "stop").touch()
    assert subject.wait(name) == 0
    assert not (nodes.rootfs / "wrong").exists()


@pytest.mark.ocikit
def test_many_rules(subject, nodes):
    """The kernel's verifier takes as many as the library does."""
    rules = [DENY_ALL, *[rule(True, "bc"[i % 2], i % 2000 + 300 if i % 7 else None, i + 300, "rwm"[i % 3:])
                         for i in range(4000)], rule(True, "c", MAJOR, MINOR, "r")]
    assert opened(subject, nodes, rules) == READ


@pytest.mark.ocikit
def test_too_many_rules(subject, bundle):
    bundle.linux["resources"] = {"devices": [DENY_ALL] * 5000}
    subject.run(bundle.payload("exit", "0")).failed("/linux/resources/devices", "more than")
    subject.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("number", [{"major": 0xffffffff, "minor": 0xffffffff}, {"major": 4096}, {"major": 1 << 40},
                                    {"major": -2}, {"minor": 0x100000}, {"minor": 0xffffffff}, {"minor": -2}])
def test_numbers_that_no_device_has(subject, nodes, number):
    """Of which 4294967295 is what version 1 takes for every device."""
    bad = {"allow": True, "type": "b", "access": "rwm", "major": 7, "minor": 0, **number}
    place = f"/devices/1/{list(number)[0]}"
    nodes.linux["resources"] = {"devices": [DENY_ALL, bad]}
    subject.run(nodes.payload("exit", "0")).failed("/linux/resources" + place, "number of a device is from")
    subject.assert_clean()
    nodes.linux["resources"] = {"devices": [DENY_ALL]}
    name = subject.launch(nodes.payload("sleep"))
    subject.call("update", "-r", "-", name, stdin=json.dumps({"devices": [DENY_ALL, bad]}).encode()) \
        .failed(place, "number of a device is from")
    subject.stop(name)


def test_the_highest_numbers(subject, nodes):
    assert opened(subject, nodes, [DENY_ALL, rule(True, "b", 0xfff, 0xfffff, "rwm"),
                                   rule(True, "c", MAJOR, MINOR, "r")]) == READ


@pytest.fixture
def listed(rt, bundle):
    """The group's list, on version 1."""
    if groups.version("devices") != 1:
        pytest.skip("devices is no controller of version 1 here")
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    return groups.folder("devices", rt.token) / "devices.list"


@pytest.mark.ocikit
def test_update_of_rules_of_somebody_else(rt, bundle, listed):
    """With numbers that no device has, but that the kernel takes."""
    bundle.linux["resources"] = {"devices": [DENY_ALL]}
    name = rt.launch(bundle.payload("sleep"))
    (listed.parent / "devices.allow").write_text("c 3000000000:5 rwm", encoding="ascii")
    assert "c 3000000000:5 rwm" in listed.read_text("ascii")
    rt.call("update", "-r", "-", name, stdin=json.dumps({"devices": [DENY_ALL]}).encode()).ok()
    assert "c 3000000000:5" not in listed.read_text("ascii")
    rt.stop(name)


@pytest.mark.parametrize("hook", ["prestart", "createRuntime", None])
def test_rules_hold_before_hooks_run(rt, bundle, listed, tmp_path, hook):
    """So that hooks may add to them; and they hold once the container is created."""
    bundle.linux["resources"] = {"devices": [DENY_ALL]}
    if hook:
        bundle.hook(hook, "/bin/sh", "-c", f"cat {listed} >{tmp_path}/seen; "
                    f"echo 'c {MAJOR}:{MINOR} rw' >{listed.parent}/devices.allow")
    name = rt.create(bundle.payload("sleep"))
    rules = listed.read_text("ascii").splitlines()
    assert "a *:* rwm" not in rules and "c 1:3 rwm" in rules
    if hook:
        assert (tmp_path / "seen").read_text("ascii").splitlines() == \
            [line for line in rules if line != f"c {MAJOR}:{MINOR} rw"]
    assert (f"c {MAJOR}:{MINOR} rw" in rules) == bool(hook)
    rt.delete(name, "--force")


@pytest.fixture
def inner(listed):
    """A group inside the container's, as an init in it makes."""
    made = listed.parent / "inner"
    yield made
    if made.exists():
        made.rmdir()


@pytest.mark.ocikit
@pytest.mark.parametrize("before,after,found", [
    ([rule(True, "a")], [rule(True, "a"), rule(False, "c", MAJOR, MINOR, "w")], READ),
    ([DENY_ALL], [DENY_ALL, rule(True, "c", MAJOR, MINOR, "r")], READ),
    ([DENY_ALL, rule(True, "c", MAJOR, MINOR, "rw")], [DENY_ALL, rule(True, "c", MAJOR, MINOR, "w")], WRITE)])
def test_update_with_groups_inside(rt, nodes, listed, inner, before, after, found):
    nodes.linux["resources"] = {"devices": before}
    name = rt.launch(nodes.payload("sleep"))
    inner.mkdir()
    rt.call("update", "-r", "-", name, stdin=json.dumps({"devices": after}).encode()).ok()
    assert rt.call("exec", name, "/bin/sh", "-c", OPENS).ok().out.split() == found
    inner.rmdir()
    rt.stop(name)


@pytest.mark.ocikit
@pytest.mark.parametrize("before,after,words", [
    ([rule(True, "a")], [DENY_ALL], "deny all devices"), ([DENY_ALL], [rule(True, "a")], "allow all devices"),
    ([rule(True, "a")], [rule(True, "a")], "allow all devices")])
def test_turn_with_groups_inside(rt, nodes, listed, inner, before, after, words):
    """Which version 1 cannot do: said so, and nothing is changed."""
    nodes.linux["resources"] = {"devices": before}
    name = rt.launch(nodes.payload("sleep"))
    inner.mkdir()
    rules = listed.read_text("ascii")
    rt.call("update", "-r", "-", name, stdin=json.dumps({"devices": after}).encode()) \
        .failed("/devices", words, "groups inside it", "remove those first")
    assert listed.read_text("ascii") == rules
    inner.rmdir()
    rt.stop(name)
