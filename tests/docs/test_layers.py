# SPDX-License-Identifier: Apache-2.0
"""Who includes whom: the rules of docs/architecture.md, over every #include line."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#include [<"]([\w./]+)[>"]', re.M)

# What the files of a folder of libcontainer may include besides their own folder.
MAY = {
    "base": set(),
    "config": {"base"},
    "seccomp": {"base"},
    "cgroup": {"base"},
    "plan": {"base", "cgroup", "seccomp"},
    "launch": {"base", "plan"},
    "state": {"base", "config"},
    "terminal": {"base"},
    "resctrl": {"base"},
    "systemd": {"base", "cgroup"},
    "api": {"systemd", "base", "config", "plan", "seccomp", "cgroup", "launch", "state", "terminal",
            "resctrl"},
    "init": {"plan"},
}


def folders_included(path):
    return {name.split("/")[0] for name in INCLUDE.findall(path.read_text(encoding="utf-8"))
            if "/" in name and name.split("/")[0] in MAY}


def test_libcontainer():
    bad = []
    for path in sorted((TOP / "libcontainer").glob("*/*.[ch]")):
        folder = path.parent.name
        if folder not in MAY:
            continue
        for other in folders_included(path) - MAY[folder] - {folder}:
            bad.append(f"{path.relative_to(TOP)} includes {other}/")
    assert not bad, "\n".join(bad)


def test_init_sees_the_plan_s_form_only():
    for path in (TOP / "libcontainer/init").glob("*.[ch]"):
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            assert not name.startswith("plan/") or name in ("plan/plan.h", "plan/verify.h"), path
            assert not name.startswith("ocikit/"), path


def test_programs_use_the_public_headers():
    for folder in ("cli", "examples"):
        for path in (TOP / folder).rglob("*.[ch]"):
            assert not folders_included(path), path


def test_yajl_stays_behind_the_reader():
    for path in TOP.rglob("*.[ch]"):
        if "build" in path.parts[len(TOP.parts)] or path.name == "reader.c":
            continue
        assert not any(name.startswith("yajl") for name in INCLUDE.findall(
            path.read_text(encoding="utf-8"))) or "tests" in path.parts, path


def test_public_headers_need_libc_only():
    for path in list((TOP / "libcontainer/include").rglob("*.h")) + list(
            (TOP / "codegen/runtime/include").rglob("*.h")):
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            assert name.startswith(("ocikit/", "std", "sys/")), f"{path}: {name}"


def test_rules_use_the_engine_in_a_few_places():
    """libspec sees documents through public headers; the engine's own only to run and to report."""
    engine = {path.name for path in (TOP / "codegen/runtime").glob("*.h")}
    may = {"rule.h": {"line.h", "report.h"}, "check.c": {"parse.h", "place.h"},
           "detect.c": {"parse.h", "reader.h"}}
    for path in (TOP / "libspec").glob("*.[ch]"):
        used = set(INCLUDE.findall(path.read_text(encoding="utf-8"))) & engine
        assert used <= may.get(path.name, set()), path


def test_the_engine_knows_no_document():
    for path in (TOP / "codegen/runtime").rglob("*.[ch]"):
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            assert not re.match(r"ocikit/(spec|check|runtime_|image_|docker_|distribution_)", name), path


def test_rules_are_documented():
    """docs/rules.md lists what the command lists."""
    import os
    import subprocess
    build = pathlib.Path(os.environ.get("OCIKIT_BUILD", TOP / "build")).resolve()
    listed = subprocess.run([build / "cli/ocikit", "validate", "--list-rules"], check=True,
                            stdout=subprocess.PIPE, universal_newlines=True).stdout
    text = (TOP / "docs/rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| ([\w-]+) \| (.+?) \| (.+?) \|$", text, re.M)
    expected = [(name, severity, document, summary, section) for name, severity, document, summary,
                section in re.findall(r"^(\S+) +(\w+) +(\S+) +(.+) \((\S+)\)$", listed, re.M)]
    assert rows == expected and len(rows) > 100
