# SPDX-License-Identifier: Apache-2.0
"""The benchmark still runs; its figures are not judged here."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("OCIKIT_BUILD", HERE.parents[2] / "build"))


def test_smoke(tmp_path):
    if not (BUILD / "bindings/python/ocikit/__init__.py").exists():
        pytest.skip(f"{BUILD} was configured without -Dbindings=true")
    result = tmp_path / "result.json"
    done = subprocess.run([sys.executable, str(HERE / "bench.py"), "--build", str(BUILD), "--rounds", "1", "--count", "2",
                           "--json", str(result)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=240)
    assert done.returncode == 0, done.stdout.decode()
    found = json.loads(result.read_text(encoding="utf-8"))
    assert {"python_read", "python_cycle"} <= set(found) and all(value > 0 for value in found.values())
