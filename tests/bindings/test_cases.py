# SPDX-License-Identifier: Apache-2.0
"""cases.json: the same calls in C, Python and Go give the same.

`test_cases.py --update` writes what C gives into the table: read the difference before you commit it.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import BUILD, TOP

ocikit = pytest.importorskip("ocikit")
from ocikit import spec  # noqa: E402

TABLE = Path(__file__).parent / "cases.json"
CASES = json.loads(TABLE.read_text("utf-8"))


def in_c(rootfs, state, name):
    done = subprocess.run([str(BUILD / "tests/bindings/cases"), str(TABLE), str(rootfs), str(state), name],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected(case, name):
    """The id of a container is the test's."""
    return {key: name if value == "$ID" else value for key, value in case["expect"].items()}


def compare(found, name):
    cases = CASES["documents"] + CASES["containers"]
    assert len(found) == len(cases)
    wrong = [f"{case['name']} ({case['op']}): {result} is not {expected(case, name)}"
             for case, result in zip(cases, found) if result != expected(case, name)]
    assert not wrong, "\n".join(wrong)


def test_c(rootfs, tmp_path, word):
    compare(in_c(rootfs, tmp_path / "state", word), word)


# ---- Python ----

def classes():
    return {one.name: one.type for one in spec.kinds()}


def document_case(case):
    if case["op"] == "detect":
        return {"text": spec.detect(case["text"]) or ""}
    if case["op"] == "check":
        found = spec.check(case["text"], case["kind"] or None, unknown=case.get("unknown", "keep"),
                           ignore=case.get("ignore", []))
        return {"findings": [[one.rule or "", one.pointer, one.line or 0, one.column or 0] for one in found]}
    try:
        document = classes()[case["kind"]].from_json(case["text"], unknown=case.get("unknown", "keep"))
    except ocikit.SpecError as error:
        return {"code": error.code.name.lower(), "pointer": error.pointer, "line": error.line, "column": error.column}
    if case["op"] == "diff":
        other = classes()[case["kind"]].from_json(case["other"])
        return {"differences": [one.pointer for one in document.diff(other)]}
    if case["op"] == "get":
        try:
            value = document[case["pointer"]]
        except KeyError:
            return {"code": "not_found"}
        return {"text": value.to_json(canonical=True) if isinstance(value, spec.Object) else
                json.dumps(value, separators=(",", ":"), ensure_ascii=False)}
    if case["op"] == "set":
        document[case["pointer"]] = json.loads(case["value"])
    if case["op"] == "remove":
        del document[case["pointer"]]
    return {"text": document.to_json(canonical=True)}


def refusal(case, runtime, config, name):
    op = case["op"]
    with runtime.create(name, config, stdin=ocikit.DEVNULL) as container:
        if op == "open-missing":
            return runtime.open("nobody")
        if op in ("create-twice", "id-with-slash", "id-empty"):
            return runtime.create({"create-twice": name, "id-with-slash": "a/b", "id-empty": ""}[op], config)
        if op == "pause-created":
            return container.pause()
        container.start()
        if op in ("kill-stopped", "exec-stopped"):
            container.kill()
            container.wait()
        return {"start-twice": container.start, "delete-running": container.delete, "kill-stopped": container.kill,
                "exec-missing": lambda: container.exec(["/nope"]), "exec-stopped": lambda: container.exec(["/bin/true"]),
                "update-wrong": lambda: container.update({"pids": {"limit": "many"}}),
                "mount-wrong": lambda: container.add_mount({"type": "tmpfs"}),
                "unmount-nothing": lambda: container.remove_mount("/tmp")}[op]()


def container_case(case, runtime, rootfs, name):
    config = ocikit.default_config(str(rootfs), case["args"])
    for pointer, value in case["change"].items():
        config[pointer] = value
    try:
        if case["op"] != "run":
            return {"result": refusal(case, runtime, config, name)}
        with runtime.create(name, config, stdin=ocikit.DEVNULL, stdout=ocikit.PIPE, stderr=ocikit.DEVNULL) as container:
            container.start()
            out, _ = container.communicate()
            status = container.wait()
        return {"exit": status.code, "signal": status.signal, "stdout": out.decode()}
    except ocikit.Error as error:
        return {"code": error.code.name.lower(), "pointer": error.pointer or "", "id": error.container_id}


def test_python(runtime, rootfs, word):
    compare([document_case(case) for case in CASES["documents"]] +
            [container_case(case, runtime, rootfs, word) for case in CASES["containers"]], word)


# ---- Go ----

def test_go(environment, rootfs, tmp_path, word):
    done = subprocess.run(["go", "run", "./internal/cases", str(TABLE), str(rootfs), str(tmp_path / "state"), word],
                          cwd=TOP / "bindings/go", env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    compare([json.loads(line) for line in done.stdout.splitlines()], word)


def update():
    with tempfile.TemporaryDirectory() as folder:
        found = in_c(sys.argv[2], folder, "ocikit-update")
    for case, result in zip(CASES["documents"] + CASES["containers"], found):
        case["expect"] = {key: "$ID" if value == "ocikit-update" else value for key, value in result.items()}
    TABLE.write_text(json.dumps(CASES, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__" and sys.argv[1:2] == ["--update"]:
    os.chdir(TOP)
    update()
