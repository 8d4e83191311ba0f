# SPDX-License-Identifier: Apache-2.0
"""Documents in Python."""
import copy
import json
import os
import pickle
import sys
import threading
import types
from pathlib import Path

import pytest

ocikit = pytest.importorskip("ocikit")
from ocikit import spec  # noqa: E402

TOP = Path(__file__).resolve().parents[2]
GOOD = sorted((TOP / "tests/spec/good").glob("*.json"))
SMALL = '{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "mounts": [{"destination": "/a"}], "x-own": {"b": [1]}}'


def small():
    return spec.RuntimeConfig.from_json(SMALL)


# ---- reading and writing ----

@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_round_trip(path):
    """As it was read, and after every member was made a Python value."""
    text = path.read_bytes()
    kind = spec.detect(text)
    if kind is None:
        pytest.skip("no document of a known kind")
    of = next(one.type for one in spec.kinds() if one.name == kind)
    try:
        document = of.from_json(text)
    except ocikit.SpecError:
        pytest.skip("a document that is good for another reader")
    assert json.loads(document.to_json()) == json.loads(text)
    touched = of.from_json(text)
    assert touched.to_dict() == json.loads(text)
    for options in ({}, {"pretty": True}, {"canonical": True}):
        assert touched.to_json(**options) == document.to_json(**options)
    assert touched == document


def test_unknown_members_stay_where_they_were():
    text = '{"z":1,"ociVersion":"1.3.0","root":{"path":"r","y":null},"a":[{"q":1.50}]}'
    config = spec.RuntimeConfig.from_json(text)
    assert config.to_json() == text
    assert config.root.path == "r"
    config.hostname = "h"
    assert config.to_json() == text[:-1] + ',"hostname":"h"}'
    assert config.unknown == {"z": 1, "a": [{"q": 1.5}]}


def test_from_file(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(SMALL, "utf-8")
    assert spec.RuntimeConfig.from_file(path) == spec.RuntimeConfig.from_file(str(path)) == small()
    with pytest.raises(ocikit.HostError) as caught:
        spec.RuntimeConfig.from_file(tmp_path / "none")
    assert caught.value.errno == 2 and str(tmp_path / "none") in str(caught.value)


@pytest.mark.parametrize("text", [b"{}", bytearray(b"{}"), memoryview(b"{}"), "{}"])
def test_any_buffer(text):
    assert spec.LinuxResources.from_json(text) == spec.LinuxResources()


def test_numbers_keep_all_their_bits():
    for value in (0, 2 ** 64 - 1):
        resources = spec.LinuxResources(hugepage_limits=[spec.HugepageLimit(page_size="2MB", limit=value)])
        assert spec.LinuxResources.from_json(resources.to_json()).hugepage_limits[0].limit == value
    low = spec.LinuxMemory(limit=-2 ** 63)
    assert spec.LinuxMemory.from_json(low.to_json()).limit == -2 ** 63


# ---- errors ----

@pytest.mark.parametrize("text, code, pointer, line, column", [
    ('{"ociVersion": 1, "root": {"path": "r"}}', "TYPE", "/ociVersion", 1, 16),
    ('{\n"ociVersion": "1.3.0",\n "root": {}}', "REQUIRED", "/root", 3, 10),
    ('{"ociVersion": "1.3.0"', "SYNTAX", "", 1, 23),
    ('{"ociVersion": "1.3.0", "ociVersion": "1"}', "DUPLICATE_KEY", "", 1, 25),
    ('{"ociVersion": "1.3.0", "process": {"cwd": "/", "user": {"uid": 4294967296}}}', "RANGE", "/process/user/uid", 1, 65),
])
def test_errors_tell_the_place(text, code, pointer, line, column):
    with pytest.raises(ocikit.SpecError) as caught:
        spec.RuntimeConfig.from_json(text, name="x.json")
    error = caught.value
    assert (error.code, error.line, error.column) == (ocikit.Code[code], line, column)
    assert error.pointer.startswith(pointer) and str(error).startswith(f"x.json:{line}:{column}: error: ")
    assert error.findings[0].message == str(error) == error.message
    assert isinstance(error, ValueError) and isinstance(error, ocikit.Error)


def test_all_findings_are_told():
    with pytest.raises(ocikit.SpecError) as caught:
        spec.RuntimeConfig.from_json('{"ociVersion": 1, "hostname": 2, "mounts": [{"destination": 3}]}')
    assert [one.pointer for one in caught.value.findings] == ["/ociVersion", "/hostname", "/mounts/0/destination"]
    assert "^" in caught.value.findings[0].excerpt


def test_unknown_members_can_be_refused():
    with pytest.raises(ocikit.SpecError) as caught:
        spec.RuntimeConfig.from_json(SMALL, unknown="refuse")
    assert caught.value.code == ocikit.Code.UNKNOWN_MEMBER and caught.value.pointer == "/x-own"
    with pytest.raises(ValueError, match="unknown: 'sometimes' is none of"):
        spec.RuntimeConfig.from_json(SMALL, unknown="sometimes")


@pytest.mark.parametrize("text", [None, 5, 1.5, [], object()])
def test_what_is_no_text(text):
    with pytest.raises(TypeError):
        spec.RuntimeConfig.from_json(text)
    with pytest.raises(TypeError):
        spec.RuntimeConfig.from_dict(text)


def test_errors_can_be_pickled():
    with pytest.raises(ocikit.SpecError) as caught:
        spec.RuntimeConfig.from_json("{")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.code, again.line, str(again), again.findings) == \
        (caught.value.code, caught.value.line, str(caught.value), caught.value.findings)


# ---- attributes ----

def test_absent_and_empty():
    config = small()
    assert config.process is None and config.linux is None and config.hostname is None
    assert config.annotations == {} and config.mounts[0].options == []
    assert "annotations" not in config.to_json()
    config.annotations = {}
    config.mounts[0].options = []
    assert config.to_dict()["annotations"] == {} and config.to_dict()["mounts"][0]["options"] == []
    config.annotations = None
    del config.mounts[0].options
    assert "annotations" not in config.to_dict() and "options" not in config.to_dict()["mounts"][0]


def test_a_list_that_was_absent_is_there_once_it_has_something():
    config = small()
    first, second = config.annotations, config.annotations
    first["a"] = "1"
    second["b"] = "2"
    assert config.to_dict()["annotations"] == {"a": "1", "b": "2"}
    options = config.mounts[0].options
    options += ["ro"]
    assert config.to_dict()["mounts"][0]["options"] == ["ro"]


def test_a_required_member_that_is_not_there_yet():
    mount = spec.Mount()
    assert not hasattr(mount, "destination")
    with pytest.raises(AttributeError, match="destination"):
        mount.destination
    assert [one.pointer for one in mount.validate() if one.is_error] == [""]


def test_lists_are_lists():
    config = small()
    config.mounts.append({"destination": "/b", "options": ["ro"]})
    config.mounts.insert(0, spec.Mount(destination="/0"))
    config.mounts.extend([{"destination": "/c"}])
    config.mounts[1:2] = [{"destination": "/x"}, {"destination": "/y"}]
    assert [one.destination for one in config.mounts] == ["/0", "/x", "/y", "/b", "/c"]
    assert isinstance(config.mounts, list) and all(isinstance(one, spec.Mount) for one in config.mounts)
    config.mounts.sort(key=lambda one: one.destination, reverse=True)
    del config.mounts[1:]
    assert config.mounts.pop().destination == "/y" and config.mounts == []
    config.mounts *= 2
    assert config.to_dict()["mounts"] == []


def test_maps_are_dicts():
    config = small()
    config.annotations.update({"a": "1"}, b="2")
    config.annotations |= {"c": "3"}
    assert config.annotations.setdefault("d", "4") == "4"
    assert config.annotations.pop("a") == "1" and isinstance(config.annotations, dict)
    assert list(config.annotations) == ["b", "c", "d"]


@pytest.mark.parametrize("change", [
    lambda c: setattr(c, "hostname", 5),
    lambda c: setattr(c, "hostname", b"h"),
    lambda c: setattr(c, "mounts", "abc"),
    lambda c: setattr(c, "mounts", {"destination": "/"}),
    lambda c: setattr(c, "mounts", [5]),
    lambda c: setattr(c, "annotations", [("a", "b")]),
    lambda c: setattr(c, "root", 5),
    lambda c: setattr(c.root, "readonly", 1),
    lambda c: setattr(c.root, "readonly", "yes"),
    lambda c: c.mounts.append(None),
    lambda c: c.mounts[0].options.append(7),
    lambda c: c.annotations.update(a=1),
    lambda c: c.annotations.__setitem__(1, "a"),
    lambda c: c.__setitem__("/linux/resources/memory/limit", 1.5),
    lambda c: c.__setitem__("/linux/resources/memory/limit", True),
    lambda c: c.__setitem__("/x", object()),
    lambda c: c.__setitem__(5, "x"),
    lambda c: spec.Mount(nothing="x"),
    lambda c: spec.Mount("x"),
])
def test_wrong_types(change):
    config = small()
    with pytest.raises(TypeError):
        change(config)
    assert config == small()


@pytest.mark.parametrize("change, text", [
    (lambda c: c.__setitem__("/linux/resources/memory/limit", 2 ** 63), "is not from"),
    (lambda c: c.__setitem__("/process/user/uid", -1), "is not from"),
    (lambda c: setattr(c, "linux", spec.Linux(rootfs_propagation="sideways")), "is none of"),
    (lambda c: c.__setitem__("mounts/0", 1), "begins with /"),
    (lambda c: c.__setitem__("", 1), "whole document"),
    (lambda c: setattr(c, "root", {}), "path"),
])
def test_wrong_values(change, text):
    config = small()
    with pytest.raises(ValueError, match=text):
        change(config)


def test_half_a_surrogate_pair():
    config = small()
    config.annotations["a/b"] = "x\ud800"
    with pytest.raises(ocikit.EncodingError) as caught:
        config.to_json()
    assert caught.value.pointer == "/annotations/a~1b" and caught.value.code == ocikit.Code.ENCODING
    with pytest.raises(ValueError):
        spec.RuntimeConfig.from_json('{"a": "\ud800"}')


def test_nothing_that_json_has_not():
    config = small()
    for call in (lambda: config.__setitem__("/x", float("nan")), lambda: config.__setitem__("/x", [object()])):
        with pytest.raises((ValueError, TypeError)):
            call()
    assert "/x" not in config


# ---- JSON pointers ----

def test_pointers():
    config = small()
    assert config["/mounts/0/destination"] == "/a" and config["/x-own/b/0"] == 1 and config[""] is config
    assert config.get("/process/cwd") is None and config.get("/mounts/7", "no") == "no"
    assert "/root/path" in config and "/root/readonly" not in config and "/annotations" not in config
    config["/linux/resources/memory/limit"] = 64 << 20
    config["/mounts/-"] = {"destination": "/b"}
    config["/annotations/a~1b"] = "c"
    config["/x-own/b/-"] = 2
    assert config.linux.resources.memory.limit == 64 << 20 and config.annotations == {"a/b": "c"}
    assert config.mounts[1].destination == "/b" and config["/x-own/b"] == [1, 2]
    del config["/mounts/0"]
    del config["/linux/resources/memory/limit"]
    del config["/x-own"]
    assert config.to_dict()["mounts"] == [{"destination": "/b"}] and config.unknown == {}
    for pointer in ("/none", "/mounts/1", "/mounts/01", "/mounts/x", "/root/path/x", "/mounts/-1"):
        with pytest.raises(KeyError):
            config[pointer]
        with pytest.raises(KeyError):
            del config[pointer]
    with pytest.raises(KeyError):
        config["/none/below"] = 1


# ---- comparing, copying ----

def test_equality_and_difference():
    left, right = small(), small()
    assert left == right and left.diff(right) == [] and left != 5
    right.mounts[0].type = "bind"
    right.hostname = "h"
    del right["/x-own"]
    assert left != right
    assert [(one.pointer, one.left, one.right) for one in left.diff(right)] == [
        ("/hostname", spec.MISSING, "h"), ("/mounts/0/type", spec.MISSING, "bind"), ("/x-own", {"b": [1]}, spec.MISSING)]
    with pytest.raises(TypeError):
        left.diff({})
    with pytest.raises(TypeError):
        hash(left)


@pytest.mark.parametrize("way", [spec.RuntimeConfig.copy, copy.copy, copy.deepcopy,
                                 lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_have_values_of_their_own(way):
    config = small()
    other = way(config)
    assert other == config
    if way is not copy.copy:
        other.mounts[0].destination = "/other"
        other["/x-own/b/0"] = 5
        assert config == small()


def test_objects_may_be_incomplete():
    mount = pickle.loads(pickle.dumps(spec.Mount(type="bind")))
    assert mount.type == "bind" and mount.to_json() == '{"type":"bind"}'


def test_repr():
    assert repr(spec.Mount(destination="/a", options=["ro"])) == "Mount(destination='/a', options=['ro'])"
    assert "x-own" in repr(small()) and "Mount(destination='/a')" in repr(small())


# ---- checking ----

def test_validate():
    config = small()
    config.process = spec.Process(cwd="here", args=["x"])
    findings = config.validate()
    assert [(one.pointer, one.rule) for one in findings if one.is_error] == [("/process/cwd", "process-cwd-absolute")]
    assert config.validate(ignore=["process-cwd-absolute"]) == []
    assert [one.rule for one in small().validate(startable=True) if one.is_error] == ["process-required"] or \
        small().validate(startable=True)
    with pytest.raises(TypeError):
        config.validate(ignore=[5])


def test_names_that_are_nearly_right():
    config = small()
    config["/linux"] = {"resources": {"memory": {"limt": 5}}}
    assert [(one.pointer, one.suggestion) for one in config.validate()] == [("/linux/resources/memory/limt", "limit")]
    assert config.validate(unknown="keep") == []
    config.process = spec.Process(cwd="/", args=["a"])
    with pytest.raises(KeyError, match="the name in JSON is noNewPrivileges"):
        config["/process/no_new_privileges"] = True
    with pytest.raises(TypeError):
        spec.Mount("/x")


def test_check_and_detect():
    assert spec.detect(SMALL) == "runtime-config" and spec.detect("[]") is None
    assert spec.check(SMALL) == [] or not any(one.is_error for one in spec.check(SMALL))
    found = spec.check('{"ociVersion": 5}', "runtime-config", name="n")
    assert "n:1:16: error: /ociVersion: expected a string, found the number 5" in [one.message for one in found]
    assert [one.code for one in spec.check('{"a": 1}')] == [ocikit.Code.UNKNOWN_KIND]
    with pytest.raises(ValueError, match="no-such"):
        spec.check(SMALL, "no-such")


def test_rules_and_kinds():
    assert len(spec.rules()) > 100 and all(one.summary for one in spec.rules())
    assert {one.name for one in spec.kinds()} >= {"runtime-config", "image-manifest"}
    assert all(issubclass(one.type, spec.Document) for one in spec.kinds())


# ---- threads, life ----

def test_a_part_outlives_its_document():
    parts = [spec.RuntimeConfig.from_json(SMALL).mounts[0] for _ in range(100)]
    assert all(one.destination == "/a" for one in parts)


def test_many_threads_read_one_document():
    text = (TOP / "tests/spec/good").joinpath(GOOD[0].name).read_bytes()
    config = spec.RuntimeConfig.from_json(SMALL)
    found, start = [], threading.Barrier(8)

    def read():
        start.wait()
        found.append((config.mounts[0].destination, config.root.path, config["/x-own/b/0"], config.to_json()))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(found)) == 1 and len(found) == 8 and text


# ---- reading changes nothing ----

IMAGE = '{"architecture":"amd64","os":"linux","config":{"Env":null,"Cmd":null,"Labels":null,"Entrypoint":["a"]},' \
        '"rootfs":{"type":"layers","diff_ids":[]}}'


def test_null_stays():
    image = spec.ImageConfig.from_json(IMAGE)
    assert (image.config.cmd, image.config.env, image.config.labels) == ([], [], {})
    for one in (image, image.copy(), copy.deepcopy(image), pickle.loads(pickle.dumps(image))):
        assert one.to_json() == IMAGE
    image["/config/Labels/a"] = "b"
    image["/config/Env/-"] = "A=1"
    image.config.cmd.append("sh")
    assert json.loads(image.to_json())["config"] == {"Env": ["A=1"], "Cmd": ["sh"], "Labels": {"a": "b"},
                                                     "Entrypoint": ["a"]}


def test_an_empty_list_that_was_replaced_is_nobody_s():
    config = small()
    old = config.annotations
    assert config.annotations is old
    config.annotations = {"a": "b"}
    old["c"] = "d"
    assert config.annotations == {"a": "b"}
    del config.annotations
    assert "/annotations" not in config and config.annotations == {}
    with pytest.raises(AttributeError):
        del config.annotations


def test_json_that_was_looked_at_is_written_as_it_was():
    text = SMALL[:-1] + ', "x": [1.10, 12345678901234567890.123], "y": 1e999, "z": {"a": 1}}'
    config = spec.RuntimeConfig.from_json(text)
    before = config.to_json()
    assert config["/x/0"] == 1.1 and config["/y"] == float("inf") and config["/z"] == {"a": 1}
    assert config.to_json() == before and "1.10" in before and "1e999" in before
    config["/z"]["a"] = True  # equal to what was there, and another value
    assert '"z":{"a":true}' in config.to_json()
    config["/x/1"] = 5
    assert '"x":[1.1,5]' in config.to_json()


def test_threads_that_only_read_do_not_disturb_each_other():
    problems = []

    def read(document, barrier):
        barrier.wait()
        _ = document.process.args, document.annotations, document.hooks, document.process.env, document.linux.sysctl
        _ = [mount.options for mount in document.mounts], document.linux.devices

    def write(document, barrier):
        barrier.wait()
        try:
            document.to_json()
            document.to_dict()
            repr(document)
        except RuntimeError as error:
            problems.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            document = spec.RuntimeConfig.from_json(
                '{"ociVersion":"1.2.0","process":{"cwd":"/","args":["a"]},"root":{"path":"r"},'
                '"linux":{"namespaces":[{"type":"pid"}]},"mounts":[{"destination":"/a"},{"destination":"/b"}]}')
            barrier = threading.Barrier(3)
            threads = [threading.Thread(target=work, args=(document, barrier)) for work in (read, write, write)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
    finally:
        sys.setswitchinterval(interval)
    assert problems == []


# ---- classes of one's own, copies, mappings ----

class Mine(spec.RuntimeConfig):
    """A class of a user's."""


def test_a_subclass():
    mine = Mine.from_json(SMALL)
    assert mine.root.path == "rootfs" and mine.mounts[0].destination == "/a"
    assert Mine.__module__ == __name__ and spec.RuntimeConfig.__module__ == "ocikit.spec"
    for one in (pickle.loads(pickle.dumps(mine)), mine.copy()):
        assert type(one) is Mine and one == mine


def test_copies_of_what_is_incomplete():
    config = spec.RuntimeConfig(process=spec.Process(args=["x"]), hooks=spec.Hooks(prestart=[spec.Hook(args=["y"])]))
    config["/x"] = {"a": [1]}
    for one in (config.copy(), copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert one == config and one.process is not config.process
        one.process.args.append("z")
        one["/x/a/0"] = 2
        assert config.process.args == ["x"] and config["/x/a"] == [1]


def test_mappings_and_objects_in_dicts():
    values = types.MappingProxyType({"ociVersion": "1.3.0", "process": spec.Process(cwd="/", args=["a"]),
                                     "annotations": types.MappingProxyType({"a": "b"})})
    config = spec.RuntimeConfig.from_dict(values)
    assert config.process.cwd == "/" and config.annotations == {"a": "b"}
    config.process = types.MappingProxyType({"cwd": "/b", "args": ["c"]})
    assert config.process.args == ["c"]
    with pytest.raises(TypeError):
        spec.RuntimeConfig.from_dict({"ociVersion": object()})


def test_errors_say_what_was_read(tmp_path):
    for path in (tmp_path / "nothere.json", str(tmp_path / "b\udcff.json")):
        with pytest.raises(ocikit.Error) as caught:
            spec.RuntimeConfig.from_file(path)
        assert (caught.value.file, caught.value.operation) == (os.fspath(path), "read")
    with pytest.raises(ocikit.SpecError) as caught:
        spec.RuntimeConfig.from_json("{", name="here")
    assert (caught.value.file, caught.value.operation) == ("here", "parse")
    with pytest.raises(ocikit.EncodingError):
        spec.RuntimeConfig.from_json(SMALL + "\udc80")


def test_what_was_looked_at_while_absent_stays_the_member():
    config = spec.RuntimeConfig.from_json('{"ociVersion": "1.0.0"}')
    seen = config.annotations
    config["/annotations/a"] = "1"
    seen["b"] = "2"
    assert config.annotations == {"a": "1", "b": "2"} and config.annotations is seen
    mounts = config.mounts
    config.mounts = mounts
    assert '"mounts":[]' in config.to_json()
    mounts.append({"destination": "/y"})
    assert len(config.mounts) == 1
    config.mounts = None
    assert not config.mounts
    config.mounts = mounts
    config.mounts += [{"destination": "/z"}]
    assert [one.destination for one in config.mounts] == ["/y", "/z"]


def test_a_list_that_is_set_to_itself_is_the_same():
    config = spec.RuntimeConfig.from_json('{"ociVersion": "1.0.0", "mounts": [{"destination": "/x"}]}')
    mounts = config.mounts
    config.mounts += [{"destination": "/y"}]
    mounts.append({"destination": "/z"})
    assert [one.destination for one in config.mounts] == ["/x", "/y", "/z"]


def test_a_wrong_value_in_an_absent_list_changes_nothing():
    config = spec.RuntimeConfig.from_json('{"ociVersion": "1.0.0"}')
    with pytest.raises(TypeError):
        config["/mounts/-"] = 5
    assert config.to_json() == '{"ociVersion":"1.0.0"}'
