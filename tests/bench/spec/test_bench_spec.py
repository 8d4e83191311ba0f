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
                           "--rounds", "1", "--json", str(result)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode()
    found = json.loads(result.read_text(encoding="utf-8"))
    assert [one["document"] for one in found["documents"]] == [
        "default spec", "engine's config", "index of 200"]
    assert all(one[key] > 0 for one in found["documents"] for key in ("parse", "write", "held"))
