#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which test proves which property of the runtime specification: docs/conformance.md, from the tests.

A test says what it proves in a marker:

    @pytest.mark.proves("/process/rlimits/[]/soft", "option:nosuid")

A property is named by its place in the schema, with [] for an item of a list and {} for a value of a map;
"/linux/resources/cpu/*" stands for all that is below.  "option:NAME" is a mount option.  The page is made
from the schema and the markers, so it cannot promise what no test shows.

Usage: conformance.py [--write]        without it: say what is not proved, and whether the page is current
"""
import argparse
import ast
import json
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "docs/conformance.md"
FOLDERS = ("tests/integration", "tests/engines", "tests/testbed", "tests/contract")

# Objects of other platforms: read, checked and written, and none of a Linux runtime's business.
ELSEWHERE = ("/windows", "/freebsd", "/solaris", "/zos", "/vm")

# Members that are of other platforms inside objects of this one, with the reason.
NOT_HERE = {
    "/process/commandLine": "Windows",
    "/process/user/username": "Windows",
}

# The mount options of config.md, and rnodev, which its list lacks.
MOUNT_OPTIONS = """async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noatime
nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime
rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime
rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow
runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable""".split()

INTRODUCTION = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Conformance

Made by `tests/lib/conformance.py --write` from the schema of the runtime specification 1.3.0 and the markers
of the tests; a test holds it to be current. Each property of a configuration that a Linux runtime acts on
stands here with the tests that prove it. `windows`, `freebsd`, `solaris`, `zos` and `vm` are read, checked and
written back, and not acted on.

A test is run by `sudo /usr/bin/python3 -m pytest tests/integration/FILE::TEST` (those of engines: `tests/engines`), in
the test bed by `sudo tests/testbed/run.sh -- ` before that (`tests/README.md`). Where a row says how it was proved:

- host: on a machine as it is, with version 1 of control groups, or both;
- test bed: in a virtual machine, where version 2 has every controller (profile minimal), or version 1 has
  (legacy), or systemd or SELinux runs;
- stand-in: no machine at hand has what it needs, and the files of the kernel are ones that the test made
  (`tests/unit/container/test_limits*.c` for control groups);
- refused: the test shows that it is an error that says so, where the host cannot do it.

"""


def resolve(schema, path, reference):
    """The schema that a $ref names, and its file."""
    name, _, pointer = reference.partition("#")
    if name:
        path = path.parent / name
        schema = json.loads(path.read_text(encoding="utf-8"))
    else:
        schema = json.loads(path.read_text(encoding="utf-8"))
    for step in pointer.split("/")[1:]:
        schema = schema[step.replace("~1", "/").replace("~0", "~")]
    return schema, path


def properties(schema, path, where, found):
    """Every place of a schema, in its order."""
    while "$ref" in schema:
        schema, path = resolve(schema, path, schema["$ref"])
    for part in schema.get("allOf", []) + schema.get("anyOf", []) + schema.get("oneOf", []):
        properties(part, path, where, found)
    for name, inner in {**schema.get("properties", {}),
                        **schema.get("x-more", {}).get("properties", {})}.items():
        place = f"{where}/{name}"
        if place.startswith(ELSEWHERE):
            continue
        if place not in found:
            found.append(place)
        properties(inner, path, place, found)
    items = schema.get("items")
    if isinstance(items, dict):
        properties(items, path, where + "/[]", found)
    for inner in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
        if isinstance(inner, dict):
            properties(inner, path, where + "/{}", found)


def markers():
    """What is proved, by which tests: (property, FILE::TEST) pairs."""
    for folder in FOLDERS:
        for path in sorted((TOP / folder).glob("test_*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            everywhere = [name for node in tree.body if isinstance(node, ast.Assign)
                          and getattr(node.targets[0], "id", "") == "pytestmark"
                          for name in proved(node.value)]
            for node in tree.body:
                if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                    continue
                for name in everywhere + [name for mark in node.decorator_list for name in proved(mark)]:
                    yield name, f"{path.relative_to(TOP).as_posix()}::{node.name}"


def proved(mark):
    """The names that a decorator gives, if it is ours."""
    if isinstance(mark, (ast.List, ast.Tuple)):
        return [name for item in mark.elts for name in proved(item)]
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.proves":
        return [ast.literal_eval(argument) for argument in mark.args]
    return []


def tables():
    """For every property and option: the tests that prove it.  Also the names that are neither."""
    places = []
    schema = TOP / "schema/runtime/config.json"
    properties(json.loads(schema.read_text(encoding="utf-8")), schema, "", places)
    known = {place: [] for place in places if place not in NOT_HERE}
    options = {f"option:{name}": [] for name in MOUNT_OPTIONS}
    strange = []
    for name, test in markers():
        if name.endswith("/*"):
            matching = [place for place in known if place.startswith(name[:-1]) or place == name[:-2]]
        else:
            matching = [name] if name in known else []
        for place in matching:
            known[place].append(test)
        if name in options:
            options[name].append(test)
        elif not matching:
            strange.append(f"{test} proves {name}, which is no property")
    return known, options, strange


def inherit(known):
    """An object is proved by what is proved of its members."""
    for place in sorted(known, key=len, reverse=True):
        if not known[place]:
            known[place] = [test for other, tests in known.items()
                            if other.startswith(place + "/") for test in tests[:1]][:1]


def cell(tests):
    """Up to five tests, short."""
    shown = [f"`{test.split('/')[-1]}`" for test in dict.fromkeys(tests)]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more if shown else "**none**"


# Where it is proved, for what is not proved both on this host and in the test bed (tests/testbed).
RUNGS = (
    ("/process/apparmorProfile", "test bed"),
    ("/process/selinuxLabel", "test bed (selinux); its refusal, everywhere"),
    ("/linux/mountLabel", "test bed (selinux); its refusal, everywhere"),
    ("/linux/intelRdt", "stand-in"),
    *((f"/linux/resources/{name}", "host and test bed (version 1); refused on version 2")
      for name in ("network", "memory/kernel", "memory/kernelTCP", "memory/swappiness", "memory/disableOOMKiller",
                   "memory/useHierarchy", "cpu/realtimeRuntime", "cpu/realtimePeriod")),
    ("/linux/resources/rdma", "stand-in"),
    ("/linux/resources/devices", "host, test bed (both versions)"),
    ("/linux/resources", "host (version 1), test bed (both versions)"),
    ("/linux/cgroupsPath", "host, test bed (both versions, systemd)"),
)


def rung(place):
    return next((text for prefix, text in RUNGS if place == prefix or place.startswith(prefix + "/")),
                "host, test bed")


def page(known, options):
    """The whole text."""
    lines = [INTRODUCTION]
    groups = {}
    for place, tests in known.items():
        parts = place.split("/")[1:]
        group = parts[0] if parts[0] != "linux" or len(parts) == 1 else f"linux.{parts[1]}"
        if parts[:2] == ["linux", "resources"] and len(parts) > 2:
            group = f"linux.resources.{parts[2]}"
        groups.setdefault(group, []).append((place, tests))
    for group, rows in groups.items():
        lines.append(f"## {group}\n\n| property | tests | where |\n|---|---|---|\n")
        lines += [f"| `{place}` | {cell(tests)} | {rung(place)} |\n" for place, tests in rows]
        lines.append("\n")
    lines.append("## Mount options\n\n| option | tests |\n|---|---|\n")
    lines += [f"| `{name.split(':')[1]}` | {cell(tests)} |\n" for name, tests in options.items()]
    return "".join(lines)


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="Make or check docs/conformance.md.")
    parser.add_argument("--write", action="store_true", help="write the page")
    write = parser.parse_args().write
    known, options, strange = tables()
    inherit(known)
    text = page(known, options)
    missing = [name for name, tests in {**known, **options}.items() if not tests]
    for problem in strange + [f"no test proves {name}" for name in missing]:
        print(problem)
    if write:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(TOP)} is not current: run {sys.argv[0]} --write")
        return 1
    return 1 if strange or missing else 0


if __name__ == "__main__":
    sys.exit(main())
