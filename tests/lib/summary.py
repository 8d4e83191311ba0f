#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Add up the results of test suites.

Reads what Meson (testlog.json) and pytest (JUnit XML) leave and one-line "name passed|failed" step
files; prints what failed and, as the very last line, "N passed, N failed" (", N skipped").

usage: summary.py FOLDER      every *.json, *.xml and *.step in it; exit code 1 on failures
"""
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

OUTPUT_LINES = 60


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def fail(self, name, output):
        self.failed += 1
        self.failures.append((name, output))


def tail(text):
    lines = (text or "").strip().splitlines()
    return "\n".join(lines[-OUTPUT_LINES:])


def errors(text):
    """What follows the first FAILED of a build, which others may have finished after."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("FAILED:")]
    return "\n".join(lines[starts[0]:starts[0] + OUTPUT_LINES]) if starts else ""


def add_program(totals, entry, suite):
    """Meson's entry is one program; a cmocka program counts as one test."""
    result = entry["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        totals.passed += 1
    elif result == "SKIP":
        totals.skipped += 1
    else:
        text = (entry.get("stdout") or "") + (entry.get("stderr") or "")
        totals.fail(f"{suite}: {entry['name']} ({result})", tail(text))


def read_meson(totals, path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            add_program(totals, json.loads(line), path.stem)


def read_pytest(totals, path):
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{path.stem}: {case.get('classname')}.{case.get('name')}"
        problems = [item for item in case if item.tag in ("failure", "error")]
        if problems:
            totals.fail(name, tail(problems[0].text))
        elif case.find("skipped") is not None:
            totals.skipped += 1
        else:
            totals.passed += 1


def read_step(totals, path):
    """First line: "passed", "skipped" or "failed"; the rest is output."""
    first, _, rest = path.read_text(encoding="utf-8", errors="replace").partition("\n")
    if first.strip() == "passed":
        totals.passed += 1
    elif first.strip() == "skipped":
        totals.skipped += 1
    else:
        totals.fail(path.stem, errors(rest) or tail(rest))


READERS = {".json": read_meson, ".xml": read_pytest, ".step": read_step}


def read_all(folder):
    totals = Totals()
    for path in sorted(folder.iterdir()):
        reader = READERS.get(path.suffix)
        if not reader:
            continue
        try:
            reader(totals, path)
        except (ValueError, KeyError, ElementTree.ParseError) as error:
            totals.fail(f"{path.name}: results cannot be read", str(error))
    return totals


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    totals = read_all(Path(sys.argv[1]))
    for name, output in totals.failures:
        print(f"\n=== failed: {name}\n{output}")
    line = f"{totals.passed} passed, {totals.failed} failed"
    print(f"\n{line}, {totals.skipped} skipped" if totals.skipped else f"\n{line}")
    sys.exit(1 if totals.failed or not totals.passed else 0)


if __name__ == "__main__":
    main()
