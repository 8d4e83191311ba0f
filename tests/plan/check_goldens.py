#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the plans of the configurations here with their goldens.

check_goldens.py PLAN_TEXT [--update]

Each folder NAME holds config.json and plan.txt, what PLAN_TEXT prints for it: a plan, or one line with
the error.  The folder's name ends in -v1 or -none where the host is not to have cgroup version 2, and in -user
where the caller is an ordinary user who may make no control group; it begins with running- where the plan is
to add the configuration's mount to a container that is there.  --update rewrites the goldens; look at the
difference before you commit it.
"""
import difflib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def groups_of(name: str) -> str:
    for kind in ("v1", "none", "user"):
        if name.endswith("-" + kind):
            return kind
    return "v2"


def check(program: str, folder: pathlib.Path, update: bool) -> bool:
    running = ["running"] if folder.name.startswith("running-") else []
    result = subprocess.run([program, str(folder / "config.json"), groups_of(folder.name), *running],
                            capture_output=True, text=True, check=False)
    golden = folder / "plan.txt"
    if result.returncode not in (0, 1) or result.stderr:
        print(f"{folder.name}: exit {result.returncode}\n{result.stderr}")
        return False
    if update:
        golden.write_text(result.stdout)
        return True
    wanted = golden.read_text() if golden.exists() else ""
    if wanted == result.stdout:
        return True
    sys.stdout.writelines(difflib.unified_diff(
        wanted.splitlines(True), result.stdout.splitlines(True), f"{folder.name}/plan.txt", "now"))
    return False


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folders = sorted(p.parent for p in HERE.glob("*/config.json"))
    bad = [f.name for f in folders if not check(sys.argv[1], f, "--update" in sys.argv)]
    print(f"{len(folders)} plans, {len(bad)} differ{': ' + ', '.join(bad) if bad else ''}")
    return 1 if bad or not folders else 0


if __name__ == "__main__":
    sys.exit(main())
