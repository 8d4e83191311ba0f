# SPDX-License-Identifier: Apache-2.0
"""The first filesystem of the machine: busybox, a few modules, the scripts of guest/.  In cpio's "newc" format."""
import shlex
import shutil
import stat
from pathlib import Path

from kernel import module_files

DIRECTORIES = ("bin", "dev", "proc", "sys", "modules", "lower", "upper", "newroot", "guest")


class Archive:
    def __init__(self, file):
        self.file = file
        self.number = 0

    def pad(self):
        self.file.write(b"\0" * (-self.file.tell() % 4))

    def add(self, name, mode, data=b""):
        self.number += 1
        fields = (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        self.file.write(b"070701" + b"".join(b"%08x" % field for field in fields))
        self.file.write(name.encode() + b"\0")
        self.pad()
        self.file.write(data)
        self.pad()


def write_initramfs(path, kernel, guest, settings):
    busybox = shutil.which("busybox")
    modules = module_files(kernel.modules)
    with open(path, "wb") as file:
        archive = Archive(file)
        for name in DIRECTORIES:
            archive.add(name, stat.S_IFDIR | 0o755)
        archive.add("bin/busybox", stat.S_IFREG | 0o755, Path(busybox).read_bytes())
        archive.add("init", stat.S_IFREG | 0o755, (guest / "init.sh").read_bytes())
        for number, module in enumerate(modules):
            archive.add(f"modules/{number:02}.ko", stat.S_IFREG | 0o644, (kernel.modules / module).read_bytes())
        settings = f"MODULES={shlex.quote(str(kernel.modules))}\n{settings}"
        archive.add("guest/settings", stat.S_IFREG | 0o644, settings.encode())
        for script in sorted(guest.iterdir()):
            if script.name != "init.sh":
                archive.add(f"guest/{script.name}", stat.S_IFREG | 0o755, script.read_bytes())
        archive.add("TRAILER!!!", 0)
