#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compare the life of a container (create, start, wait, delete) with the peers, in one run.

Owns the bundle, the interleaving and the table.  Only ratios within one run mean anything.  The host
is left alone: everything runs in a private mount namespace, on a v1-only view of the control groups
where the host has both kinds (crun needs that).

usage: bench.py [--build DIR] [--count N] [--json FILE] [--view v1|v2|host]
"""
import argparse
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
VIEWS = {
    "host": "exec \"$@\"",
    "v1": "if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified; fi; exec \"$@\"",
    "v2": "umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec \"$@\"",
}


def make_program(path):
    """A static program that does nothing."""
    compiler = shutil.which("musl-gcc") or "gcc"
    subprocess.run([compiler, "-static", "-Os", "-x", "c", "-o", str(path), "-"], check=True,
                   input=b"int main(void) { return 0; }\n")


def make_bundle(work, runtime):
    """The runtime's own default configuration, for a program that ends at once."""
    bundle = work / "bundle"
    for name in "bin proc sys dev etc tmp".split():
        (bundle / "rootfs" / name).mkdir(parents=True)
    make_program(bundle / "rootfs/bin/true")
    subprocess.run([str(runtime), "spec", "-b", str(bundle)], check=True)
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    config["ociVersion"] = "1.0.2"
    config["process"].update(terminal=False, args=["/bin/true"])
    (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return bundle


def timed(argv):
    """Milliseconds and output; the output goes to files, as a created container keeps it open."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begun = time.perf_counter()
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False)
        took = (time.perf_counter() - begun) * 1000
        out.seek(0)
        err.seek(0)
        if done.returncode:
            sys.exit(f"{' '.join(argv)}: code {done.returncode}\n{err.read().decode()}")
        return took, out.read()


def by_command(runtime, root, bundle):
    """One run command: the path of a caller that just wants the result."""
    name = f"oct-bench-{os.getpid()}"
    return lambda: timed([runtime, "--root", str(root), "run", "-b", str(bundle), name])[0]


def by_four_commands(runtime, root, bundle):
    """create, start, wait, delete as engines do; the waiting is done by this process."""
    name, pid_file = f"oct-bench-{os.getpid()}", root.parent / f"{root.name}.pid"
    base = [runtime, "--root", str(root)]

    def run():
        begun = time.perf_counter()
        timed([*base, "create", "-b", str(bundle), "--pid-file", str(pid_file), name])
        timed([*base, "start", name])
        os.waitpid(int(pid_file.read_text(encoding="ascii")), 0)
        timed([*base, "delete", name])
        return (time.perf_counter() - begun) * 1000
    return run


def by_program(*argv):
    return lambda: timed(list(map(str, argv)))[0]


def in_process(program, *argv):
    """The program measures itself, without its own start."""
    def run():
        _, out = timed([str(program), *map(str, argv)])
        return float(out.split()[-1]) / 1000
    return run


def can_run(runtime, root, bundle):
    """Whether a peer works in this view at all."""
    done = subprocess.run([runtime, "--root", str(root), "run", "-b", str(bundle),
                           f"oct-bench-{os.getpid()}"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        for path in Path("/sys/fs/cgroup").glob(f"**/oct-bench-{os.getpid()}"):
            path.rmdir()
    return done.returncode == 0


def subjects(build, work, bundle, runtime):
    """name -> function that performs one life and returns milliseconds"""
    bench = build / "tests/bench/lifecycle"
    rootfs = bundle / "rootfs"
    found = {"floor": by_program(bench / "bench-floor", rootfs, "/bin/true")}
    found["floor, in process"] = in_process(bench / "bench-floor", rootfs, "/bin/true", 2)
    found["ocikit, in process"] = in_process(bench / "bench-inproc", bundle, work / "inproc", 2)
    commands = {"ocikit": str(runtime), "crun": shutil.which("crun"), "runc": shutil.which("runc")}
    for name, path in commands.items():
        if not path:
            continue
        (work / name).mkdir()
        if name != "ocikit" and not can_run(path, work / name, bundle):
            print(f"{name} cannot run here and is left out", file=sys.stderr)
            continue
        found[f"{name} run"] = by_command(path, work / name, bundle)
        found[f"{name} create..delete"] = by_four_commands(path, work / name, bundle)
    return found


def measure(found, count):
    samples = {name: [] for name in found}
    for name, run in found.items():
        run()
    for _ in range(count):
        for name, run in found.items():
            samples[name].append(run())
    return samples


def table(samples):
    floor = statistics.median(samples["floor"])
    rows = [f"{'':24}{'median ms':>10}{'fastest':>10}{'x floor':>9}"]
    for name, values in samples.items():
        middle = statistics.median(values)
        rows.append(f"{name:24}{middle:10.2f}{min(values):10.2f}{middle / floor:9.2f}")
    return "\n".join(rows)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--json", type=Path, help="write the samples to this file too")
    parser.add_argument("--view", choices=VIEWS, default="v1")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        sys.exit("bench.py: root is needed; run it with sudo")
    if not options.inside:
        os.execvp("unshare", ["unshare", "-m", "sh", "-c", VIEWS[options.view], "x",
                              sys.executable, *sys.argv, "--inside"])
    build = options.build.resolve()
    runtime = build / "cli/ocikit"
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # a subreaper: it waits for what create leaves
    with tempfile.TemporaryDirectory(prefix="ocikit-bench-") as directory:
        work = Path(directory)
        samples = measure(subjects(build, work, make_bundle(work, runtime), runtime), options.count)
    print(table(samples))
    if options.json:
        middle = {name: statistics.median(values) for name, values in samples.items()}
        options.json.write_text(json.dumps({"view": options.view, "count": options.count,
                                            "median_ms": middle, "samples_ms": samples}, indent=2),
                                encoding="utf-8")


if __name__ == "__main__":
    main()
