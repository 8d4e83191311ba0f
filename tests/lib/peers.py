#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What other runtimes do otherwise than the integration tests ask: docs/peers.md, from the lists of them.

A list is tests/integration/differences/NAME.txt; it tells in its first lines what it is.  The page has the
same, grouped by reason.

Usage: peers.py [--write]        without it: say what is wrong in the lists, and whether the page is current
"""
import argparse
import ast
import pathlib
import re
import sys
import textwrap

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs/peers.md"
TESTS = TOP / "tests/integration"
LISTS = TESTS / "differences"
LINE = re.compile(r"(?P<file>test_\w+\.py)::(?P<test>test_\w+)(?P<case>\[.*\])? -- (?P<reason>\S.*\S)")
NOT_RUN = "not run: "

INTRODUCTION = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Other runtimes

The integration tests are run with runc and crun too, as Debian 12 has them: what the specification asks for
must pass there as well, or the test is wrong. What only ocikit does is marked so in the tests, and left out.

    sudo tests/run.sh --peers

runs both: runc with the host's control groups, several tests at a time; crun one after the other, and where
version 1 of control groups is the only one, because it mistakes a host that has both. For one test:

    sudo OCIKIT_RUNTIME=runc /usr/bin/python3 -m pytest tests/integration/test_mounts.py -k tmpfs

Below is what fails, and why. A listed test is run and has to fail; one that passes is an error, so the lists
stay true. What would leave something behind, or hang, or ends by chance, is not run.

This page is made by `tests/lib/peers.py --write` from `tests/integration/differences/`; a test holds it to be
current.
"""


def tests_of(path):
    """The tests of a file: their names, and whether only ocikit is asked to pass them."""
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: "pytest.mark.ocikit" in [ast.unparse(mark) for mark in node.decorator_list]
            for node in tree.body if isinstance(node, ast.FunctionDef)}


def problem(found, line):
    """What is wrong with a line, if anything."""
    if not found:
        return f"is not of the form FILE::TEST -- REASON: {line}"
    tests = tests_of(TESTS / found["file"])
    if found["test"] not in tests:
        return f"no such test: {found['file']}::{found['test']}"
    if tests[found["test"]]:
        return f"is run with ocikit only: {found['file']}::{found['test']}"
    return None


def read(path):
    """A list: its matches of LINE, and what is wrong."""
    matches, problems, seen = [], [], set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        wrong = problem(found, line)
        name = line.split(" -- ")[0]
        if not wrong and name in seen:
            wrong = f"stands twice: {name}"
        seen.add(name)
        if wrong:
            problems.append(f"{path.relative_to(TOP)}:{number}: {wrong}")
        else:
            matches.append(found)
    return matches, problems


def item(reason, matches):
    """One reason and its tests, as an item of a list."""
    cases = {}
    for found in matches:
        name = f"{found['file']}::{found['test']}"
        cases[name] = cases.get(name, 0) + 1
    tests = ", ".join(f"`{name}`" + (f" ({number} cases)" if number > 1 else "")
                      for name, number in cases.items())
    return textwrap.fill(f"{reason}: {tests}", 110, initial_indent="- ", subsequent_indent="  ",
                         break_long_words=False, break_on_hyphens=False) + "\n"


def section(what, matches):
    """The items of a part, by reason in the order of the list."""
    if not matches:
        return ""
    title = f"{what}, {len(matches)} in all:"
    groups = {}
    for found in matches:
        groups.setdefault(found["reason"].removeprefix(NOT_RUN), []).append(found)
    return f"\n{title}\n\n" + "".join(item(*group) for group in groups.items())


def page(lists):
    """The whole text."""
    parts = [INTRODUCTION]
    for name, matches in lists.items():
        parts.append(f"\n## {name}\n")
        skipped = [found for found in matches if found["reason"].startswith(NOT_RUN)]
        failing = [found for found in matches if found not in skipped]
        parts.append(section("Tests that fail", failing))
        parts.append(section("Tests that are not run", skipped))
    return "".join(parts)


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="Make or check docs/peers.md.")
    parser.add_argument("--write", action="store_true", help="write the page")
    write = parser.parse_args().write
    lists, problems = {}, []
    for path in sorted(LISTS.glob("*.txt"), reverse=True):
        lists[path.stem], wrong = read(path)
        problems += wrong
    for line in problems:
        print(line)
    text = page(lists)
    if write and not problems:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(TOP)} is not current: run {sys.argv[0]} --write")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
