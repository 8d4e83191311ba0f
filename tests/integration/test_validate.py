# SPDX-License-Identifier: Apache-2.0
"""validate: every finding with file, line, column, pointer; exit codes 0, 1, 2."""
import json
import re

import pytest

pytestmark = pytest.mark.ocikit

CONFIG = '{\n  "ociVersion": "1.0.2",\n  "root": {"path": "rootfs"}\n}\n'
BAD = '{\n  "ociVersion": 5,\n  "hostname": {},\n  "root": {"path": "rootfs", "readonly": 1}\n}\n'
STATE = '{"ociVersion": "1.0.2", "id": "a", "status": "running", "pid": 5, "bundle": "/b"}'
FEATURES = '{"ociVersionMin": "1.0.0", "ociVersionMax": "1.2.0"}'


@pytest.fixture
def write(tmp_path):
    def make(text, name="config.json"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name
    return make


def test_good(rt, write):
    result = rt.call("validate", write(CONFIG)).ok()
    assert result.out == "" and result.err == ""


def test_every_finding_has_its_place(rt, write):
    path = write(BAD)
    result = rt.call("validate", path).ok(1)
    lines = (result.out + result.err).splitlines()
    found = {}
    for line in lines:
        match = re.fullmatch(rf"{re.escape(str(path))}:(\d+):(\d+): (error|warning): (\S*): (.+)",
                             line)
        assert match, line
        found[match[4]] = (int(match[1]), match[3])
    assert found == {"/ociVersion": (2, "error"), "/hostname": (3, "error"),
                     "/root/readonly": (4, "error")}


def test_json_format(rt, write):
    path = write(BAD)
    result = rt.call("validate", "--format", "json", path).ok(1)
    findings = json.loads(result.out)
    assert {item["pointer"]: item["code"] for item in findings} == {
        "/ociVersion": "type", "/hostname": "type", "/root/readonly": "type"}
    for item in findings:
        assert item["file"] == str(path) and item["severity"] == "error"
        assert item["line"] >= 2 and item["column"] >= 1 and item["message"]


def test_json_format_of_a_good_file(rt, write):
    assert rt.call("validate", "--format", "json", write(CONFIG)).json() == []


def test_several_files(rt, write):
    good, bad = write(CONFIG, "good.json"), write(BAD, "bad.json")
    result = rt.call("validate", good, bad).ok(1)
    text = result.out + result.err
    assert "bad.json:2:" in text and "good.json" not in text


def test_standard_input(rt):
    rt.call("validate", "-", stdin=CONFIG.encode()).ok()
    rt.call("validate", "-", stdin=b"{").ok(1)


@pytest.mark.parametrize("text,kind", [(CONFIG, "runtime-config"), (STATE, "runtime-state"),
                                       (FEATURES, "runtime-features")])
def test_types(rt, write, text, kind):
    path = write(text, "document.json")
    rt.call("validate", path).ok()
    rt.call("validate", "--type", kind, path).ok()


def test_wrong_type_of_document(rt, write):
    rt.call("validate", "--type", "runtime-state", write(CONFIG)).ok(1)


def test_strict(rt, write):
    path = write('{"ociVersion": "1.0.2", "hostnam": "x"}')
    rt.call("validate", path).ok(0)
    result = rt.call("validate", "--strict", path).ok(1)
    assert "/hostnam" in result.out + result.err and "hostname" in result.out + result.err


def test_missing_file(rt, tmp_path):
    result = rt.call("validate", tmp_path / "none.json").ok(1)
    assert "none.json" in result.out + result.err


@pytest.mark.parametrize("arguments", [[], ["--type", "nonsense", "x"], ["--format", "xml", "x"],
                                       ["--no-such-option", "x"]])
def test_misuse(rt, arguments):
    assert rt.call("validate", *arguments).failed().code == 2


def test_the_default_configuration_is_valid(rt, write, default_config):
    rt.call("validate", "--strict", write(json.dumps(default_config))).ok()
