#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the bindings cost: ratios of medians, measured in turns within one run.

    bench.py [--build DIR] [--rounds N] [--count N] [--json FILE]

Reading a configuration of 10 KB as engines write it: Python to an object against json.loads of the same text (str and
bytes), Go through the C library against encoding/json into structs of the same shape.  Create, start, wait, delete:
Python against C, so many times in turns.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
TEXT = TOP / "bindings/go/spec/testdata/engine-config.json"


def per_call(call, seconds=0.02):
    """Nanoseconds of one call, from as many as fit into the time."""
    count, taken = 0, 0
    begin = time.perf_counter_ns()
    while taken < seconds * 1e9:
        for _ in range(100):
            call()
        count += 100
        taken = time.perf_counter_ns() - begin
    return taken / count


def medians(rounds, *calls):
    """Of each call, all of which take turns."""
    found = [[per_call(call) for call in calls] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*found)]


def reading_in_python(rounds):
    from ocikit import spec
    text = TEXT.read_text("utf-8")
    data = text.encode()
    own, plain = medians(rounds, lambda: spec.RuntimeConfig.from_json(text), lambda: json.loads(text))
    own_bytes, plain_bytes = medians(rounds, lambda: spec.RuntimeConfig.from_json(data), lambda: json.loads(data))
    return {"python_read_us": own / 1e3, "json_loads_us": plain / 1e3, "python_read": own / plain,
            "python_read_bytes": own_bytes / plain_bytes}


def reading_in_go(build, rounds):
    if not shutil.which("go"):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        subprocess.run(["meson", "install", "-C", str(build), "--no-rebuild", "--destdir", str(root)], check=True,
                       capture_output=True)
        [pc] = root.rglob("ocikit-container.pc")
        environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
                       "LD_LIBRARY_PATH": str(pc.parent.parent), "GOFLAGS": "-mod=mod",
                       "GOCACHE": os.environ.get("GOCACHE", str(Path(folder, "cache")))}
        out = subprocess.run(["go", "test", "-run", "NONE", "-bench", "BenchmarkRead", "-benchtime", "50ms", "-count",
                              str(rounds), "."], cwd=TOP / "bindings/go", env=environment, check=True,
                             capture_output=True, text=True).stdout
    times = {}
    for line in out.splitlines():
        words = line.split()
        if len(words) > 3 and words[0].startswith("BenchmarkRead") and words[3] == "ns/op":
            times.setdefault(words[0].split("-")[0], []).append(float(words[2]))
    own, plain = (statistics.median(times[name]) for name in ("BenchmarkReadDocument", "BenchmarkReadPlain"))
    return {"go_read_us": own / 1e3, "encoding_json_us": plain / 1e3, "go_read": own / plain}


def rootfs_of(folder):
    (folder / "bin").mkdir(parents=True)
    for name in ("proc", "dev", "sys"):
        (folder / name).mkdir()
    shutil.copy(shutil.which("busybox"), folder / "bin/true")
    return folder


def lifecycle(build, count, rounds):
    """In turns of so many cycles each."""
    import ocikit
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config = ocikit.default_config(str(rootfs_of(folder / "rootfs")), ["/bin/true"])
        (folder / "config.json").write_text(config.to_json(), "utf-8")
        runtime = ocikit.Runtime(folder / "python")

        def in_python():
            taken = []
            for _ in range(count):
                begin = time.perf_counter_ns()
                with runtime.create("bench", bundle=folder) as container:
                    container.start()
                    container.wait()
                    container.delete()
                taken.append((time.perf_counter_ns() - begin) / 1e3)
            return taken

        def in_c():
            done = subprocess.run([str(build / "tests/bench/lifecycle/bench-inproc"), str(folder), str(folder / "c"), str(count)],
                                  check=True, capture_output=True, text=True)
            return [float(line) for line in done.stdout.split()]

        found = {"python": [], "c": []}
        for _ in range(rounds):
            found["python"] += in_python()
            found["c"] += in_c()
        runtime.close()
    own, plain = statistics.median(found["python"]), statistics.median(found["c"])
    return {"python_cycle_us": own, "c_cycle_us": plain, "python_cycle": own / plain}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=TOP / "build")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=20, help="cycles of a container in a round")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    options = parser.parse_args()
    build = options.build.resolve()
    sys.path.insert(0, str(build / "bindings/python"))
    figures = {**reading_in_python(options.rounds), **reading_in_go(build, options.rounds),
               **lifecycle(build, options.count, max(1, options.rounds // 3))}
    for name, value in figures.items():
        print(f"{name:20} {value:10.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures), "utf-8")


if __name__ == "__main__":
    main()
