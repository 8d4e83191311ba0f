# SPDX-License-Identifier: Apache-2.0
"""Which kernel the machine boots, and in which order its modules are loaded."""
import re
import subprocess
from collections import namedtuple
from pathlib import Path

PACKAGE = "linux-image-cloud-amd64"

# For the machine's devices and filesystems, and what tests ask the kernel for.
MODULES = ("virtio_pci", "virtio_console", "virtio_blk", "virtio_rng", "virtiofs", "overlay",
           "loop", "veth", "dummy", "bfq")

Kernel = namedtuple("Kernel", "image modules")


class KernelError(Exception):
    pass


def given(image, modules):
    for path in (image, modules / "modules.dep"):
        if not path.is_file():
            raise KernelError(f"{path} is not there")
    return Kernel(image.resolve(), modules.resolve())


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise KernelError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def debian(folder):
    """Debian's kernel for clouds, unpacked and not installed: this host boots another, or none."""
    found = sorted(folder.glob("kernel/boot/vmlinuz-*"))
    if not found:
        unpack(folder)
        found = sorted(folder.glob("kernel/boot/vmlinuz-*"))
    if not found:
        raise KernelError(f"the package {PACKAGE} has no kernel")
    version = found[-1].name.removeprefix("vmlinuz-")
    return Kernel(found[-1], folder / "kernel/lib/modules" / version)


def unpack(folder):
    folder.mkdir(exist_ok=True)
    depends = output("apt-cache", "depends", PACKAGE)
    match = re.search(r"Depends: (linux-image-\S+)", depends)
    if not match:
        raise KernelError(f"the package {PACKAGE} is not to be had here")
    output("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", match[1], cwd=folder)
    package = next(folder.glob(f"{match[1]}_*.deb"))
    new = folder / "kernel.new"
    output("dpkg-deb", "-x", package, new)
    package.unlink()
    version = match[1].removeprefix("linux-image-")
    output("busybox", "depmod", "-b", new, version)
    new.rename(folder / "kernel")


def module_files(modules, names=MODULES):
    """Paths below modules, each after those that it depends on."""
    depends = {}
    for line in (modules / "modules.dep").read_text("ascii").splitlines():
        path, _, rest = line.partition(":")
        depends[Path(path).name.split(".")[0].replace("-", "_")] = [path, *rest.split()]
    order = []
    for name in names:
        # What is built in has no file.
        for path in reversed(depends.get(name, [])):
            if path not in order:
                order.append(path)
    return order
