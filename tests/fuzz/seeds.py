#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collect the seeds of the fuzz targets: the example documents of tests/spec, what earlier runs found
(tests/fuzz/corpus: a file for each target, an input a line), what once made a target fail (a folder for
each target there), and a dictionary of all member names and values of the schemas.

Usage: seeds.py TOP OUTPUT
"""
import base64
import json
import pathlib
import re
import shutil
import sys

# Beginning of an example's name, and the target that it is a seed of.
KINDS = {
    "config-": "runtime-config", "state-": "runtime-state", "features-": "runtime-features",
    "process-": "process", "descriptor-": "image-descriptor", "index-": "image-index",
    "manifest-": "image-manifest", "image-config-": "image-config", "layout-": "image-layout",
    "registry-error-": "registry-error", "tag-list-": "tag-list", "catalog-": "repository-list",
    "token-": "registry-token", "docker-list-": "docker-manifest-list",
    "docker-manifest-": "docker-manifest", "docker-config-": "docker-config",
    "linux-": "runtime-config", "resources-": "runtime-config", "seccomp-": "runtime-config",
    "annotation-": "image-descriptor", "platform-": "image-descriptor",
    "registry-t": "registry-token", "registry-repository-": "repository-list",
}
CHANGES = [b"/hostname\0\"h\"", b"/process/args/-\0\"x\"", b"/x/y/1/z\0{\"a\":[1]}",
           b"/annotations/a~1b\0\"2\"", b"\0{\"ociVersion\":\"1.0.0\"}", b"/mounts/0\0{\"destination\":\"/\"}",
           b"/linux\0{\"namespaces\":[{\"type\":\"user\"}]}", b"/process\0{\"env\":null}"]


def words(value, found):
    """Every name and every short string in a schema."""
    if isinstance(value, dict):
        found.update(name for name in value if not name.startswith("x-"))
        for item in value.values():
            words(item, found)
    elif isinstance(value, list):
        for item in value:
            words(item, found)
    elif isinstance(value, str) and re.match(r"[\w./+-]{1,60}\Z", value):
        found.add(value)


def main(top, output):
    """Write the seeds anew."""
    shutil.rmtree(output, ignore_errors=True)
    for kind in {*KINDS.values(), "change"}:
        (output / kind).mkdir(parents=True)
    for path in sorted((top / "tests/spec").rglob("*.json")):
        for prefix, kind in KINDS.items():
            if path.name.startswith(prefix) and path.stat().st_size <= 8192:
                shutil.copy(path, output / kind / f"{path.parent.name}-{path.name}")
    for number, change in enumerate(CHANGES):
        (output / "change" / str(number)).write_bytes(change)
    for path in sorted((top / "tests/fuzz/corpus").glob("*/*")):
        shutil.copy(path, output / path.parent.name / path.name)
    for path in sorted((top / "tests/fuzz/corpus").glob("*.base64")):
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines()):
            (output / path.stem / f"kept-{number}").write_bytes(base64.b64decode(line))
    found = set()
    for path in (top / "schema").rglob("*.json"):
        words(json.loads(path.read_text(encoding="utf-8")), found)
    lines = ['"\\"' + word.replace("\\", "\\\\") + '\\""' for word in sorted(found)]
    (output / "names.dict").write_text("\n".join(lines) + "\n", encoding="utf-8")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
