# SPDX-License-Identifier: Apache-2.0
"""Bundles and configurations that are wrong: a message that helps, and nothing left behind."""
import json
import os
import time

import pytest

import hostview


def raw(bundle, text):
    """The bundle with this text as its configuration; returns its path as is."""
    bundle.save()
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    (bundle.path / "config.json").write_bytes(data)
    return str(bundle.path)


def test_missing_bundle(rt):
    rt.call("run", "-b", "/no/such/bundle", rt.new_id()).failed("/no/such/bundle")
    rt.assert_clean()


def test_bundle_is_a_file(rt, tmp_path):
    (tmp_path / "file").touch()
    rt.call("run", "-b", tmp_path / "file", rt.new_id()).failed("file")
    rt.assert_clean()


def test_missing_config(rt, tmp_path):
    rt.call("run", "-b", tmp_path, rt.new_id()).failed("config.json")
    rt.assert_clean()


@pytest.mark.ocikit
def test_config_that_is_no_file(rt, tmp_path):
    (tmp_path / "config.json").mkdir()
    rt.call("run", "-b", tmp_path, rt.new_id()).failed("config.json")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("make", [lambda p: os.mkfifo(p), lambda p: os.symlink("/dev/zero", p),
                                  lambda p: os.symlink("config.json", p)],
                         ids=["fifo", "zero", "loop"])
def test_config_that_never_ends(rt, tmp_path, make):
    make(tmp_path / "config.json")
    rt.call("run", "-b", tmp_path, rt.new_id(), timeout=10).failed("config.json")
    rt.assert_clean()


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", '"text"', "{} {}", '{"process": }',
                                  b"{\xff}", '{"ociVersion": "1.0.2", }'])
def test_not_json(rt, bundle, text):
    rt.run(raw(bundle, text)).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
def test_message_has_file_line_and_column(rt, bundle):
    result = rt.run(raw(bundle, '{\n  "ociVersion": "1.0.2",\n  "hostname": 5\n}')).failed()
    assert "config.json:3:" in result.err and "/hostname" in result.err


@pytest.mark.ocikit
def test_too_deep(rt, bundle):
    rt.run(raw(bundle, '{"x":' * 100000)).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
def test_too_large(rt, bundle):
    rt.run(raw(bundle, '{"ociVersion": "1.0.2", "x": "' + "y" * (17 << 20) + '"}')).failed("large")
    rt.assert_clean()


WRONG_TYPES = [
    ("/ociVersion", 5), ("/process", []), ("/process/args", "sh"), ("/process/args/0", 5),
    ("/process/env", {}), ("/process/cwd", 5), ("/process/user/uid", "root"),
    ("/process/user/uid", -1), ("/process/user/uid", 1 << 32), ("/process/terminal", "no"),
    ("/root/path", 7), ("/root/readonly", 1), ("/hostname", {}), ("/mounts", {}),
    ("/mounts/0", "proc"), ("/mounts/0/options", "ro"), ("/linux", 5), ("/linux/namespaces", {}),
    ("/linux/namespaces/0/type", 5), ("/linux/maskedPaths", "x"), ("/hooks", []),
    ("/annotations", {"a": 1}), ("/annotations", []), ("/process/rlimits", {}),
    ("/process/oomScoreAdj", "high"), ("/process/noNewPrivileges", "yes"),
    ("/linux/resources", []), ("/linux/devices", {}), ("/linux/seccomp", "strict"),
    ("/linux/sysctl", {"a": 5}),
]


def put(document, pointer, value):
    *parents, last = pointer.split("/")[1:]
    at = document
    for word in parents:
        at = at[int(word)] if isinstance(at, list) else at.setdefault(word, {})
    if isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value


@pytest.mark.ocikit
@pytest.mark.parametrize("pointer,value", WRONG_TYPES)
def test_wrong_type_or_range(rt, bundle, pointer, value):
    put(bundle.config, pointer, value)
    rt.run(bundle).failed("config.json:", pointer)
    rt.assert_clean()


MISSING = ["/ociVersion", "/process/cwd", "/process/args", "/root/path", "/mounts/0/destination",
           "/linux/namespaces/0/type"]


@pytest.mark.ocikit
@pytest.mark.parametrize("pointer", MISSING)
def test_missing_member(rt, bundle, pointer):
    *parents, last = pointer.split("/")[1:]
    at = bundle.config
    for word in parents:
        at = at[int(word)] if isinstance(at, list) else at[word]
    del at[last]
    rt.run(bundle).failed(last)
    rt.assert_clean()


@pytest.mark.ocikit
def test_duplicate_member(rt, bundle):
    bundle.save()
    text = (bundle.path / "config.json").read_text(encoding="utf-8")
    text = text.replace('"hostname"', '"hostname": "first",\n  "hostname"', 1)
    rt.run(raw(bundle, text)).failed("hostname")
    rt.assert_clean()


@pytest.mark.parametrize("change", [
    lambda c: c.pop("process"), lambda c: c.pop("root"),
    lambda c: c["root"].update(path="no-such-rootfs"), lambda c: c["root"].update(path=""),
    lambda c: c["root"].update(path="/etc/passwd"),
], ids=["no process", "no root", "missing rootfs", "empty rootfs", "rootfs is a file"])
def test_missing_parts(rt, bundle, change):
    change(bundle.config)
    assert rt.run(bundle).code != 0
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("version", ["", "banana", "2.0.0", "0.1.0", "1"])
def test_version(rt, bundle, version):
    bundle.config["ociVersion"] = version
    rt.run(bundle).failed("ociVersion")
    rt.assert_clean()


@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.0.2"])
def test_older_versions(rt, bundle, version):
    bundle.config["ociVersion"] = version
    rt.run(bundle.payload("exit", "0")).ok()


def test_unknown_members_are_ignored(rt, bundle):
    bundle.config["x-vendor"] = {"deep": [1, {"er": None}]}
    bundle.process["x-vendor"] = True
    rt.run(bundle.payload("exit", "0")).ok()


@pytest.mark.ocikit
def test_messages_are_distinct(rt, bundle, make_bundle):
    """Each mistake has a message of its own; none is the text of another with names replaced."""
    def message(change):
        made = make_bundle()
        change(made)
        return rt.run(made).failed().err.splitlines()[0].replace(str(made.path), "")

    texts = [message(change) for change in (
        lambda b: b.args("/no/such"), lambda b: b.args("/etc"),
        lambda b: b.config["root"].update(path="none"),
        lambda b: b.process.update(cwd="/etc/passwd"),
        lambda b: b.namespace("network", "/no/such/ns"),
        lambda b: b.mount("/d", "/no/such/source"),
        lambda b: b.config.pop("ociVersion"))]
    assert len(set(texts)) == len(texts), texts


def test_state_directory_that_cannot_be_made(rt, bundle, tmp_path):
    (tmp_path / "file").touch()
    rt.root = tmp_path / "file/state"
    rt.run(bundle).failed("")
    rt.root = tmp_path / "state"
    rt.assert_clean()


def test_state_directory_is_full(rt, bundle, tmp_path):
    """A file system without room for the state: an error, and the container does not exist."""

    root = tmp_path / "small"
    root.mkdir()
    hostview.mount("tmpfs", root, "tmpfs", 0, "size=4k,nr_inodes=3")
    try:
        (root / "filler").write_bytes(b"x" * 4096)
        before, rt.root = rt.root, root
        rt.call("create", "-b", bundle, rt.new_id()).failed("")
        (root / "filler").unlink()
        assert rt.entries() == []
        rt.root = before
    finally:
        hostview.umount(root)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_corrupt_state(rt, bundle, text):
    """A state record that cannot be read is an error that changes nothing."""
    name = rt.create(bundle)
    pid = rt.pid(name)
    records = {entry: entry.read_bytes() for entry in (rt.root / name).iterdir()
               if entry.suffix == ".json"}
    assert records
    for entry in records:
        entry.write_text(text, encoding="utf-8")
    for command in ("state", "start", "kill", "delete"):
        rt.call(command, name).failed("")
    assert hostview.alive(pid)
    for entry, data in records.items():
        entry.write_bytes(data)
    assert rt.status(name) == "created"


@pytest.mark.ocikit
def test_delete_force_of_a_corrupt_state(rt, bundle):
    name = rt.create(bundle)
    pid = rt.pid(name)
    for entry in (rt.root / name).iterdir():
        if entry.suffix == ".json":
            entry.write_text("{", encoding="utf-8")
    os.kill(pid, 9)
    rt.delete(name, "--force")
    assert rt.entries() == []
    rt.snapshot.sweep()


@pytest.mark.ocikit
def test_unknown_command_and_option(rt):
    assert rt.call("crate").failed("create").code == 2
    assert rt.call("create", "--bundel", "x", "id").failed("--bundle").code == 2


@pytest.mark.ocikit
def test_option_without_its_value(rt):
    rt.call("create", "--bundle").failed("flag needs an argument")


@pytest.mark.ocikit
def test_json_log_has_one_line(rt, tmp_path):

    log = tmp_path / "log.json"
    rt.call("--log", log, "--log-format", "json", "state", "nobody").failed("does not exist")
    entry = json.loads(log.read_text(encoding="utf-8"))
    assert entry["level"] == "error" and "does not exist" in entry["msg"] and entry["time"]


def test_failures_are_quick(rt, bundle):
    begun = time.monotonic()
    rt.run(bundle.args("/no/such")).failed("")
    assert time.monotonic() - begun < 2
