# SPDX-License-Identifier: Apache-2.0
"""The benchmark still runs; its figures are not judged here."""
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("OCIKIT_BUILD", HERE.parents[2] / "build"))


def test_smoke(tmp_path):
    result = tmp_path / "result.json"
    done = subprocess.run([sys.executable, str(HERE / "bench.py"), "--build", str(BUILD),
                           "--count", "2", "--json", str(result)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode()
    medians = json.loads(result.read_text(encoding="utf-8"))["median_ms"]
    assert {"floor", "ocikit run", "ocikit, in process"} <= set(medians)
    assert all(value > 0 for value in medians.values())
