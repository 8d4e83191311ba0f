# SPDX-License-Identifier: Apache-2.0
"""docs/conformance.md: current, and without a property that no test proves."""
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_property_is_proved_and_the_page_says_so():
    done = subprocess.run([sys.executable, REPOSITORY / "tests/lib/conformance.py"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
