#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What ocikit-spec costs: reading and writing beside yajl with callbacks that do nothing, memory, size.

Owns the documents and the table.  Only ratios within one run mean anything; each is the median over
rounds in which yajl, reading and writing take turns.

usage: bench.py [--build DIR] [--rounds N] [--json FILE]
"""
import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
TARGETS = {"parse": 1.6, "write": 1.0, "held": 1.5}


def default_spec(build):
    """What `ocikit spec` writes."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(build / "cli/ocikit"), "spec", "-b", folder], check=True)
        return (Path(folder) / "config.json").read_text(encoding="utf-8")


def engine_config(build):
    """A configuration of 10 KB as engines write it: in one line, with a filter of system calls."""
    config = json.loads(default_spec(build))
    names = (HERE / "syscalls.txt").read_text(encoding="utf-8").split()
    config["annotations"] = {f"org.example.engine.label-{i}": f"some value number {i}" for i in range(16)}
    config["process"]["env"] += [f"SERVICE_{i}_PORT_8080_TCP=tcp://10.96.0.{i}:8080" for i in range(24)]
    store = "/var/lib/engine/storage/overlay-containers/" + "0123456789abcdef" * 4 + "/userdata"
    config["mounts"] += [{"destination": destination, "type": "bind",
                          "source": f"{store}{destination}", "options": ["bind", "rprivate"]}
                         for destination in ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf",
                                             "/run/secrets", "/run/.containerenv", "/dev/shm")]
    config["linux"]["seccomp"] = {
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"},
                     {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
                      "args": [{"index": 0, "value": 131072, "op": "SCMP_CMP_EQ"}]}]}
    return json.dumps(config, separators=(",", ":"))


def index():
    """An image index with 200 manifests, as registries serve them."""
    manifests = [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 500 + i,
                  "digest": "sha256:" + f"{i:064x}",
                  "platform": {"architecture": ("amd64", "arm64", "ppc64le")[i % 3], "os": "linux"}}
                 for i in range(200)]
    return json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                       "manifests": manifests}, indent=2)


def python_time(text):
    """Nanoseconds of json.loads."""
    times = max(3, 400000 // len(text))
    begun = time.perf_counter_ns()
    for _ in range(times):
        json.loads(text)
    return (time.perf_counter_ns() - begun) / times


def measure(build, name, kind, text, rounds):
    """The figures of one document."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([str(build / "tests/bench/spec/bench-parse"), file.name, kind,
                               str(rounds)], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    yajl = statistics.median(one["yajl"] for one in found["rounds"])
    figures = {key: statistics.median(one[key] / one["yajl"] for one in found["rounds"])
               for key in ("parse", "write")}
    figures.update(document=name, bytes=found["bytes"], held=found["held"] / found["bytes"],
                   yajl_ns=yajl, python=python_time(text) / yajl)
    return figures


def sections(library):
    """Bytes of the library's sections."""
    out = subprocess.run(["size", "-A", "-d", str(library)], stdout=subprocess.PIPE, check=True,
                         universal_newlines=True).stdout
    return {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", out, re.M)}


def main():
    """The command."""
    parser = argparse.ArgumentParser(description="Measure ocikit-spec.")
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    build = options.build.resolve()
    results = [measure(build, "default spec", "runtime-config", default_spec(build), options.rounds),
               measure(build, "engine's config", "runtime-config", engine_config(build),
                       options.rounds),
               measure(build, "index of 200", "image-index", index(), options.rounds)]
    size = sections(build / "libspec/libocikit-spec.so")
    print(f"{'':16} {'bytes':>7} {'parse':>7} {'write':>7} {'held':>7} {'python':>7}")
    for one in results:
        print(f"{one['document']:16} {one['bytes']:7} {one['parse']:7.2f} {one['write']:7.2f} "
              f"{one['held']:7.2f} {one['python']:7.2f}")
    print(f"{'at most':16} {'':7} {TARGETS['parse']:7.2f} {TARGETS['write']:7.2f} "
          f"{TARGETS['held']:7.2f}")
    print("parse (with free), write, python (json.loads): times yajl with empty callbacks;\n"
          "held: heap of a parsed document, times its bytes")
    print(f"text and rodata: {size['.text'] + size['.rodata']} bytes (at most 204800); "
          f"tables with pointers (.data.rel.ro): {size['.data.rel.ro']}")
    if options.json:
        options.json.write_text(json.dumps({"documents": results, "sections": size}),
                                encoding="utf-8")


if __name__ == "__main__":
    main()
