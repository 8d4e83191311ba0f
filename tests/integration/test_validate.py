# SPDX-License-Identifier: Apache-2.0
"""validate: every finding with file, line, column, pointer; exit codes 0, 1, 2."""
import hashlib
import json
import os
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


def lines_of(result):
    """The lines of findings, without excerpts."""
    return [line for line in result.out.splitlines() if re.search(r" (error|warning): ", line)]


def test_every_finding_has_its_place(rt, write):
    path = write(BAD)
    result = rt.call("validate", path).ok(1)
    found = {}
    for line in lines_of(result):
        match = re.fullmatch(
            rf"{re.escape(str(path))}:(\d+):(\d+): (error|warning): (\S*): (.+) \[([\w-]+)\]", line)
        assert match, line
        found[match[4]] = (int(match[1]), match[3], match[6])
    assert found == {"/ociVersion": (2, "error", "type"), "/hostname": (3, "error", "type"),
                     "/root/readonly": (4, "error", "type")}


def test_carets_stand_below_the_value(rt, write):
    out = rt.call("validate", write(BAD)).ok(1).out.splitlines()
    line = next(i for i, text in enumerate(out) if "/root/readonly" in text)
    assert out[line + 1] == '  "root": {"path": "rootfs", "readonly": 1}'
    assert out[line + 2] == " " * out[line + 1].index("1}") + "^"


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
    path = write('{"ociVersion": "1.0.2", "root": {"path": "r"}, "hostnam": "x"}')
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


def test_rules_are_checked_and_can_be_ignored(rt, write):
    path = write('{"ociVersion": "1.0", "root": {"path": "r"}, "process": {"cwd": "x"}}')
    result = rt.call("validate", path).ok(1)
    assert re.findall(r"\[([\w-]+)\]$", result.out, re.M) == ["config-version-form",
                                                             "process-cwd-absolute"]
    result = rt.call("validate", "--ignore", "config-version-form", "--ignore",
                     "process-cwd-absolute", path).ok()
    assert result.out == ""
    result = rt.call("validate", "--ignore", "no-such-rule", path).ok(2)
    assert "--list-rules" in result.err


def test_list_of_rules(rt):
    rules = rt.call("validate", "--list-rules").ok().out.splitlines()
    assert len(rules) > 100
    assert any(line.startswith("process-cwd-absolute ") and "config.md#process" in line
               for line in rules)
    assert any(line.startswith("layout-blob-size ") for line in rules)


def test_start_asks_for_a_process(rt, write):
    path = write(CONFIG)
    rt.call("validate", path).ok()
    assert "config-process-missing" in rt.call("validate", "--start", path).ok(1).out


def test_strict_fails_for_warnings(rt, write):
    path = write('{"ociVersion": "1.0.2", "root": {"path": "r"}, "process": {"cwd": "/", "env": ["A"]}}')
    rt.call("validate", path).ok()
    rt.call("validate", "--strict", path).ok(1)


def test_colour(rt, write):
    path = write(BAD)
    assert "\033" not in rt.call("validate", path).ok(1).out
    assert "\033" not in rt.call("validate", "--colour", "never", path).ok(1).out
    assert "\033[31;1merror" in rt.call("validate", "--colour", "always", path).ok(1).out
    rt.call("validate", "--colour", "pink", path).ok(2)


def test_nothing_hostile_reaches_the_terminal(rt, write):
    path = write('{"ociVersion": "1.0.2", "\x1b[2J": 1, "\\u001b[31m": 2, "\u202ex": 3, "root": {"path": 1}}',
                 "a\033[2Jb\u202e.json")
    for form in ("text", "json", "sarif"):
        out = rt.call("validate", "--format", form, path).ok(1).out
        assert "\033" not in out
        if form == "text":
            assert "\u202e" not in out


def sarif(rt, path, code=1):
    return json.loads(rt.call("validate", "--format", "sarif", path).ok(code).out)


def test_sarif(rt, write):
    path = write('{"ociVersion": "1.0.2", "root": {"path": "r"},\n"a\u00e9\u4e16": 1, "hostname": 5}',
                 "my file%.json")
    log = sarif(rt, path)
    assert log["version"] == "2.1.0"
    run, = log["runs"]
    assert run["tool"]["driver"]["name"] == "ocikit"
    assert run["columnKind"] == "unicodeCodePoints"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert {result["ruleId"] for result in run["results"]} == set(rules)
    wrong = next(result for result in run["results"] if result["ruleId"] == "type")
    place, = wrong["locations"]
    assert place["logicalLocations"] == [{"fullyQualifiedName": "/hostname"}]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == (
        "file://" + str(path).replace("%", "%25").replace(" ", "%20"))
    region = place["physicalLocation"]["region"]
    line = path.read_text(encoding="utf-8").splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1:region["endColumn"] - 1] == "5"
    data = path.read_bytes()
    assert data[region["byteOffset"]:region["byteOffset"] + region["byteLength"]] == b"5"
    assert wrong["level"] == "error" and wrong["message"]["text"]


def test_sarif_of_a_good_file(rt, write):
    log = sarif(rt, write(CONFIG), 0)
    assert log["runs"][0]["results"] == [] and log["runs"][0]["tool"]["driver"]["rules"] == []


def test_bundle(rt, write, tmp_path):
    write(BAD)
    result = rt.call("validate", tmp_path).ok(1)
    assert f"{tmp_path}/config.json:2:" in result.out
    (tmp_path / "empty").mkdir()
    assert "neither a bundle" in rt.call("validate", tmp_path / "empty").ok(1).out


class Layout:
    """An image layout that is made file by file."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, document, media_type):
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def index(self, *descriptors):
        (self.folder / "index.json").write_text(json.dumps(index(*descriptors)))


def index(*descriptors):
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}


INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@pytest.fixture
def layout(tmp_path):
    made = Layout(tmp_path)
    layer = made.blob(b"layer", LAYER)
    config = made.blob({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [layer["digest"]]}}, IMAGE)
    made.manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    return made


def test_layout(rt, layout):
    layout.index(layout.blob(layout.manifest, MANIFEST))
    result = rt.call("validate", layout.folder).ok()
    assert result.out == ""


def test_layout_finds_what_is_wrong_in_a_blob(rt, layout):
    layout.manifest["config"] = layout.blob({"architecture": "amd64", "os": 5}, IMAGE)
    inner = layout.blob(index(layout.blob(layout.manifest, MANIFEST)), INDEX)
    layout.index(inner)
    out = rt.call("validate", layout.folder).ok(1).out
    digest = layout.manifest["config"]["digest"].split(":")[1]
    assert f"{layout.folder}/blobs/sha256/{digest}:1:" in out and "/os" in out


def test_layout_with_missing_and_wrong_blobs(rt, layout):
    manifest = layout.blob(layout.manifest, MANIFEST)
    layout.index(manifest)
    layer = layout.folder / "blobs/sha256" / layout.manifest["layers"][0]["digest"].split(":")[1]
    layer.write_bytes(b"longer than before")
    assert "[layout-blob-size]" in rt.call("validate", layout.folder).ok(1).out
    layer.unlink()
    result = rt.call("validate", layout.folder).ok()
    assert "[layout-blob-missing]" in result.out and "/layers/0/digest" in result.out
    os.mkfifo(layer)
    assert "[layout-blob-kind]" in rt.call("validate", layout.folder).ok(1).out
    layer.unlink()
    layer.symlink_to("/etc/passwd")
    assert "[layout-blob-kind]" in rt.call("validate", layout.folder).ok(1).out


def test_layout_that_leads_in_a_circle(rt, layout):
    path = layout.folder / "blobs/sha256" / ("0" * 64)
    loop = {"mediaType": INDEX, "digest": "sha256:" + "0" * 64, "size": 0}
    for _ in range(3):
        loop["size"] = len(json.dumps(index(loop)))
    path.write_text(json.dumps(index(loop)))
    layout.index(loop)
    assert rt.call("validate", layout.folder).ok().out == ""


def test_layout_whose_digests_lead_elsewhere(rt, layout):
    for digest in ("sha256:../../../../etc/passwd", "..:x", "sha256:..", "sha256:"):
        layout.index({"mediaType": MANIFEST, "digest": digest, "size": 1})
        out = rt.call("validate", layout.folder).ok(1).out
        assert "passwd:" not in out.replace("../../etc/passwd", "")
