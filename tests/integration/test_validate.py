# SPDX-License-Identifier: Apache-2.0
"""validate: every finding with file, line, column, pointer; exit codes 0, 1, 2."""
import json
import os
import re
import subprocess
import time

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


def findings(rt, path, *arguments, code=1):
    """The findings as objects."""
    return json.loads(rt.call("validate", "--format", "json", *arguments, path).ok(code).out)


def test_pipes(rt, write, tmp_path):
    path = write(BAD)
    for command in (f"exec {rt.path} validate <(cat {path})", f"cat {path} | {rt.path} validate /dev/stdin",
                    f"cat {path} | {rt.path} validate -"):
        result = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=False)
        assert result.returncode == 1 and b"/root/readonly" in result.stdout, command
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = f"cat {path} >{fifo} & {rt.path} validate {fifo}; code=$?; wait; exit $code"
    result = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=False, timeout=60)
    assert result.returncode == 1 and b"/root/readonly" in result.stdout


def test_a_dash_is_standard_input_even_where_a_folder_has_that_name(rt, tmp_path):
    (tmp_path / "-").mkdir()
    result = subprocess.run([rt.path, "validate", "-"], input=CONFIG.encode(), cwd=tmp_path, check=False)
    assert result.returncode == 0


@pytest.mark.parametrize("name,text", [("", "the path is empty"), ("/dev/null", "the text is empty")])
def test_nothing_to_read(rt, name, text):
    assert text in rt.call("validate", name).ok(1).out


def test_a_file_that_is_too_large(rt, tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(17 << 20)
    assert "larger than the limit of 16777216 bytes" in rt.call("validate", tmp_path / "large").ok(1).out


def test_bundle_with_a_link_for_its_configuration(rt, write, tmp_path):
    write(BAD, "real.json")
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "config.json").symlink_to(tmp_path / "real.json")
    assert "bundle/config.json:2:" in rt.call("validate", bundle).ok(1).out
    (bundle / "config.json").unlink()
    os.mkfifo(bundle / "config.json")
    assert "it is not a regular file" in rt.call("validate", bundle).ok(1).out


def test_more_findings_than_are_shown(rt, write):
    path = write(json.dumps({"cwd": "/", "env": ["x"] * 1500}), "process.json")
    result = rt.call("validate", path).ok(0)
    assert len(lines_of(result)) == 1000
    assert "process.json: 500 more findings are not shown" in result.err
    result = rt.call("validate", "--format", "json", path).ok(0)
    assert len(json.loads(result.out)) == 1000 and "500 more" in result.err


def test_unknown_kind_of_document(rt, write):
    result = rt.call("validate", write('{"a": 1}')).ok(1)
    assert "[unknown_kind]" in result.out and "say which with --type" in result.out


def test_json_names_the_kind(rt, write):
    assert {item["kind"] for item in findings(rt, write(BAD))} == {"runtime-config"}
    assert {item["kind"] for item in findings(rt, write('{"a": 1}'))} == {None}


def test_misspelt_names_are_corrected(rt, write):
    path = write(CONFIG)
    err = rt.call("validate", "--type", "runtime-confg", path).ok(2).err
    assert '"runtime-confg" is no kind of document; did you mean "runtime-config"?' in err
    err = rt.call("validate", "--ignore", "process-cwd-absolut", path).ok(2).err
    assert 'did you mean "process-cwd-absolute"?' in err
    assert "--list-rules" in rt.call("validate", "--ignore", "type", path).ok(2).err


def test_list_of_rules_for_programs(rt):
    rules = json.loads(rt.call("validate", "--list-rules", "--format", "json").ok().out)
    text = rt.call("validate", "--list-rules").ok().out.splitlines()
    assert [rule["name"] for rule in rules] == [line.split()[0] for line in text]
    address = {rule["name"]: rule["address"] for rule in rules}
    assert address["process-cwd-absolute"].endswith("/runtime-spec/blob/v1.3.0/config.md#process")
    assert "/image-spec/blob/v1.1.1/" in address["descriptor-size"]
    assert "/distribution-spec/blob/v1.1.1/spec.md#" in address["registry-tag-form"]
    assert address["docker-media-type"].endswith("/spec/manifest-v2-2/#image-manifest")
    assert address["registry-token-time"].endswith("/auth/token/#token-response-fields")
    log = json.loads(rt.call("validate", "--list-rules", "--format", "sarif").ok().out)
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == list(address)


def test_sarif_describes_every_rule(rt, write):
    log = sarif(rt, write('{"ociVersion": "1.0", "root": {"path": 5}, "x": 1}'))
    rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert set(rules) == {"config-version-form", "type", "unknown_member"}
    assert all(rule["shortDescription"]["text"] not in ("", rule["id"]) for rule in rules.values())
    assert rules["config-version-form"]["helpUri"].startswith("https://github.com/opencontainers/")


def test_sarif_of_findings_without_length_and_of_standard_input(rt):
    result = rt.call("validate", "--format", "sarif", "-", stdin=b'{"ociVersion": ').ok(1)
    found, = json.loads(result.out)["runs"][0]["results"]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "stdin:"
    assert place["region"]["endColumn"] >= place["region"]["startColumn"]


def test_what_is_harmless_is_printed_as_it_is(rt, write):
    path = write('{"ociVersion": "1.0.2", "root": {"path": 5}}', "\u00a7\u061cx\u009b.json")
    out = rt.call("validate", path).ok(1).out
    assert "\u00a7" in out and "\u061c" not in out and "\u009b" not in out


def test_start_asks_for_a_program(rt, write):
    path = write('{"ociVersion": "1.0.2", "root": {"path": "r"}, "process": {"cwd": "/"}}')
    rt.call("validate", path).ok()
    assert "process-args-missing" in rt.call("validate", "--start", path).ok(1).out


@pytest.mark.parametrize("document,rules", [
    ({"process": {"cwd": "foo:bar"}}, ["process-cwd-absolute"]),
    ({"process": {"cwd": "rel", "commandLine": "x"}}, ["process-cwd-absolute"]),
    ({"process": {"cwd": "rel", "commandLine": "x"}, "linux": {}}, ["process-cwd-absolute"]),
    ({"process": {"cwd": "C:\\x", "args": ["x"]}, "linux": {}}, ["process-cwd-absolute"]),
    ({"process": {"cwd": "C:\\x", "args": ["x"]}, "windows": {"layerFolders": ["C:\\l"]}}, []),
    ({"process": {"cwd": "C:\\x"}, "windows": {"layerFolders": ["C:\\l"]}}, ["process-args-missing"]),
    ({"process": {"cwd": "/x", "commandLine": "x"}, "windows": {"layerFolders": ["C:\\l"]}},
     ["process-cwd-absolute"]),
    ({"process": {"cwd": "/", "rlimits": [{"type": "RLIMIT_VMEM", "soft": 1, "hard": 1}]},
      "solaris": {}}, []),
    ({"process": {"cwd": "/", "rlimits": [{"type": "RLIMIT_VMEM", "soft": 1, "hard": 1}]}},
     ["process-rlimit-type"]),
    ({"annotations": {"org.opencontainers.image.created": "now"}}, ["annotation-created"]),
])
def test_what_depends_on_the_platform(rt, write, document, rules):
    path = write(json.dumps({"ociVersion": "1.0.2", "root": {"path": "r"}, **document}))
    found = findings(rt, path, code=1 if rules else 0)
    assert [item["rule"] for item in found] == rules


def test_strict_hides_no_rule(rt, write):
    """An unknown member is no reason to pass over a rule on the object that it stands in."""
    path = write('{"cwd": "/", "consoleSize": {"height": 1, "width": 1, "x.y": 1}, "x.y": 1}')
    expected = ["process-console-size", "unknown_member", "unknown_member"]
    assert [item["rule"] for item in findings(rt, path, code=0)] == expected
    assert [item["rule"] for item in findings(rt, path, "--strict")] == expected


@pytest.mark.parametrize("line,answers", [
    ("validate -t im", ["image-config", "image-descriptor", "image-index", "image-layout", "image-manifest"]),
    ("validate --type im", ["image-config", "image-descriptor", "image-index", "image-layout", "image-manifest"]),
    ("validate --type = im", ["image-config", "image-descriptor", "image-index", "image-layout", "image-manifest"]),
    ("validate --type =", None),
    ("validate -f s", ["sarif"]), ("validate --format = s", ["sarif"]), ("validate --colour = a", ["always", "auto"]),
    ("validate --ignore = process-cwd", ["process-cwd-absolute"]),
])
def test_completion(rt, line, answers):
    """Words as bash hands them over: "=" is one of its own."""
    script = os.path.join(os.path.dirname(__file__), "../../cli/completion/ocikit.bash")
    words = [str(rt.path), *line.split()]
    code = (f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ocikit; '
            'printf "%s\\n" "${COMPREPLY[@]}" | sort')
    result = subprocess.run(["bash", "-c", code, "bash", *words], stdout=subprocess.PIPE,
                            universal_newlines=True, check=True)
    found = result.stdout.split()
    assert found == answers if answers else "runtime-config" in found


@pytest.mark.parametrize("document", [
    {"cwd": "/", "capabilities": {"ambient": ["CAP_CHOWN"] * 300000, "permitted": ["x"] * 300000}},
    {"cwd": "/", "env": ["x"] * 900000},
    {"cwd": "/", "rlimits": [{"type": f"RLIMIT_{i}", "soft": 1, "hard": 0} for i in range(100000)]},
    {"imageLayoutVersion": "1.0.0", **{f"imageLayout{i}": 1 for i in range(300000)}},
])
def test_no_document_takes_long(rt, write, document):
    """What is hostile costs what its size does; it was minutes."""
    path = write(json.dumps(document))
    start = time.monotonic()
    assert rt.call("validate", path).code in (0, 1)
    assert time.monotonic() - start < (60 if os.environ.get("OCIKIT_TESTBED") else 10)
