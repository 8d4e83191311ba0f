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
import subprocess
import sys
import tempfile
from pathlib import Path

import kernel
from initramfs import write_initramfs
from machine import Machine, MachineError

HERE = Path(__file__).resolve().parent
TREE = HERE.parents[1]
FAILED = 125


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def folder(text):
    """One that is there, so that a wrong name is not made."""
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def arguments():
    parser = argparse.ArgumentParser(prog="run.sh", add_help=False, allow_abbrev=False)
    parser.add_argument("--profile", choices=("minimal", "legacy", "selinux", "systemd"), default="minimal")
    parser.add_argument("--kernel", type=Path)
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--output", type=folder)
    parser.add_argument("--timeout", type=positive, default=900)
    parser.add_argument("--memory", type=positive, default=2048)
    parser.add_argument("--cpus", type=positive, default=os.cpu_count())
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
    environment = {name: value for name, value in os.environ.items()
                   if name.startswith("OCIKIT_") and name.isidentifier()}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    return (f"TREE={shlex.quote(str(TREE))}\nPROFILE={options.profile}\n"
            f"DIRECTORY={shlex.quote(os.getcwd())}\n{exports}"
            f"run() {{ {shlex.join(options.command)}\n}}\n")


def run(options, chosen, work):
    output = options.output or work / "output"
    output.mkdir(exist_ok=True)
    status = output / ".status"
    status.unlink(missing_ok=True)
    image = work / "initramfs"
    write_initramfs(image, chosen, HERE / "guest", guest_settings(options))
    with Machine(options, chosen, work, image, output.resolve(), TREE) as machine:
        machine.copy_output(sys.stdout.fileno())
    text = status.read_text("ascii") if status.exists() else ""
    if not text.strip().isdigit():
        raise MachineError("the machine ended before the command did")
    status.unlink()
    return int(text)


def check_programs():
    for name in ("busybox", "mke2fs", "unshare"):
        if not shutil.which(name):
            raise kernel.KernelError(f"{name} is not installed")


def keep_console(console):
    """Says where, if the machine came so far as to have one."""
    kept = TREE / "build-testbed" / "console.log"
    if not console.exists() or console.stat().st_size == 0:
        kept.unlink(missing_ok=True)
        return ""
    kept.parent.mkdir(exist_ok=True)
    shutil.copy(console, kept)
    return f"; its console is in {kept}"


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    os.umask(0o022)
    try:
        check_programs()
        chosen = kernel.given(options.kernel, options.modules) if options.kernel \
            else kernel.debian(TREE / "build-testbed")
    except (kernel.KernelError, OSError) as error:
        print(f"test bed: {error}", file=sys.stderr)
        return FAILED
    if options.fetch:
        print(chosen.image)
        return 0
    # Not on /tmp, where the sockets' names could be others'.
    work = Path(tempfile.mkdtemp(prefix="ocikit-testbed.", dir="/run"))
    try:
        code = run(options, chosen, work)
    except (MachineError, OSError, subprocess.SubprocessError) as error:
        print(f"test bed: {error}{keep_console(work / 'console.log')}", file=sys.stderr)
        code = FAILED
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
