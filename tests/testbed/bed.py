# SPDX-License-Identifier: Apache-2.0
"""The test bed's driver: see run.sh.

Owns the life of the machine: what is started here is ended here, also when this program is killed (the machine's
socket ends with it, and the others are told by the kernel).  What is in the machine is guest/'s business.
"""
import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import kernel
from initramfs import write_initramfs
from machine import Machine, MachineError

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
FAILED = 125


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", add_help=False)
    parser.add_argument("--profile", choices=("minimal", "legacy", "selinux", "systemd"), default="minimal")
    parser.add_argument("--kernel", type=Path)
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--timeout", type=int, default=900)
    parser.add_argument("--memory", type=int, default=2048)
    parser.add_argument("--cpus", type=int, default=os.cpu_count())
    parser.add_argument("--accel", choices=("tcg", "kvm"), default="tcg")
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if not options.command and not options.fetch:
        parser.error("there is no command: -- COMMAND [ARGUMENT]...")
    if bool(options.kernel) != bool(options.modules):
        parser.error("--kernel and --modules go together")
    return options


def guest_settings(options):
    """Shell text for the guest: where things are, what to run."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("OCIKIT_")}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    return (f"TREE={shlex.quote(str(TREE))}\nPROFILE={options.profile}\n"
            f"DIRECTORY={shlex.quote(os.getcwd())}\n{exports}"
            f"run() {{ {shlex.join(options.command)}\n}}\n")


def run(options, chosen, work):
    output = options.output or work / "output"
    output.mkdir(parents=True, exist_ok=True)
    image = work / "initramfs"
    write_initramfs(image, chosen, HERE / "guest", guest_settings(options))
    with Machine(options, chosen, work, image, output.resolve(), TREE) as machine:
        machine.copy_output(sys.stdout.fileno())
    status = output / ".status"
    if not status.exists():
        raise MachineError("the machine ended before the command did")
    code = int(status.read_text("ascii"))
    status.unlink()
    return code


def main():
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    os.umask(0o022)
    try:
        chosen = kernel.given(options.kernel, options.modules) if options.kernel \
            else kernel.debian(TREE / "build-testbed")
    except kernel.KernelError as error:
        print(f"test bed: {error}", file=sys.stderr)
        return FAILED
    if options.fetch:
        print(chosen.image)
        return 0
    # Not on /tmp, where the sockets' names could be others'.
    work = Path(tempfile.mkdtemp(prefix="ocikit-testbed.", dir="/run"))
    try:
        code = run(options, chosen, work)
    except MachineError as error:
        kept = TREE / "build-testbed" / "console.log"
        kept.parent.mkdir(exist_ok=True)
        if (work / "console.log").exists():
            shutil.copy(work / "console.log", kept)
        print(f"test bed: {error}; its console is in {kept}", file=sys.stderr)
        code = FAILED
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
