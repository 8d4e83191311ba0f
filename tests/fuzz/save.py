#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keep in the tree what fuzzing has found: of the inputs in build-fuzz/corpus, those that reach code which
the seeds do not, in one file for each target, one input a line in base64.

Usage: save.py TOP BUILD [TARGET...]
"""
import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile

LONGEST = 2048


def save(top, build, target):
    """Write the file of one target anew; returns how many inputs it has."""
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder) / "kept"
        shutil.copytree(build / "seeds" / target, kept)
        known = {path.name for path in kept.iterdir()}
        subprocess.run([build / "tests/fuzz" / f"fuzz-{target}", "-merge=1", "-use_counters=0",
                        f"-max_len={LONGEST}", kept, build / "corpus" / target],
                       check=True, stderr=subprocess.DEVNULL)
        found = sorted(path.read_bytes() for path in kept.iterdir() if path.name not in known)
    lines = [base64.b64encode(data).decode("ascii") for data in found]
    (top / "tests/fuzz/corpus" / f"{target}.base64").write_text(
        "".join(line + "\n" for line in lines), encoding="ascii")
    return len(lines)


def main(top, build, targets):
    """All targets, or those named."""
    (top / "tests/fuzz/corpus").mkdir(exist_ok=True)
    for target in targets or sorted(path.name for path in (build / "corpus").iterdir()):
        print(f"{target}: {save(top, build, target)} inputs")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
