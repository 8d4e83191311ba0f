# SPDX-License-Identifier: Apache-2.0
"""docs/peers.md: current, and made from lists whose every line is of a test that there is."""
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LISTS = sorted((REPOSITORY / "tests/integration/differences").glob("*.txt"))


def test_the_lists_are_well_formed_and_the_page_is_current():
    done = subprocess.run([sys.executable, REPOSITORY / "tests/lib/peers.py"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_line_is_of_a_case_that_pytest_finds():
    """A line with the wrong parameters would do nothing."""
    done = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
                           REPOSITORY / "tests/integration"], capture_output=True, text=True, check=False,
                          cwd=REPOSITORY, env={**os.environ, "OCIKIT_RUNTIME": "sh"})
    found = {line.removeprefix("tests/integration/") for line in done.stdout.splitlines()}
    named = {line.split(" -- ")[0] for path in LISTS for line in path.read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")}
    assert LISTS and not named - found, done.stdout[-500:] + done.stderr
