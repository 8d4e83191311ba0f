# SPDX-License-Identifier: Apache-2.0
"""QEMU and the two servers of files beside it: started, watched, ended."""
import ctypes
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
QEMU = "qemu-system-x86_64"
VIRTIOFSD_FILES = Path("/run/virtiofsd")
WHAT = {"qemu": "QEMU", "root": "the server of this host's files", "output": "the server of the output folder"}
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1

# Inside a mount namespace of its own: the host's root as it is, without what is mounted on it, but with the tree.
SHARE_ROOT = """
mount --make-rprivate / && mount --bind / "$1" && mount -o remount,bind,ro "$1" || exit 1
if [ "$(stat -c %d /)" != "$(stat -c %d "$2")" ]; then
    mount --bind "$2" "$1$2" && mount -o remount,bind,ro "$1$2" || exit 1
fi
exec "$3" --socket-path="$4" -o source="$1" -o sandbox=chroot -o cache=always -o xattr
"""


class MachineError(Exception):
    pass


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Machine:
    def __init__(self, options, kernel, work, image, output, tree):
        self.options = options
        self.kernel = kernel
        self.work = work
        self.image = image
        self.output = output
        self.tree = tree
        self.processes = []
        self.port = None
        self.image_of_disk = None
        self.end = time.monotonic() + options.timeout

    def __enter__(self):
        try:
            self.share_files()
            self.boot()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *about):
        self.stop()

    def start(self, name, *command, **more):
        log = open(self.work / f"{name}.log", "wb")
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=die_with_parent, **more)
        except FileNotFoundError as error:
            raise MachineError(f"{command[0]} is not installed") from error
        finally:
            log.close()
        self.processes.append((name, process))
        return process

    def share_files(self):
        root = self.work / "root"
        root.mkdir()
        self.start("root", "unshare", "--mount", "sh", "-c", SHARE_ROOT, "sh", str(root), str(self.tree), VIRTIOFSD,
                   str(self.work / "root.sock"))
        self.start("output", VIRTIOFSD, f"--socket-path={self.work}/output.sock", "-o", f"source={self.output}",
                   "-o", "sandbox=chroot", "-o", "cache=none")
        for name in ("root", "output"):
            while not (self.work / f"{name}.sock").exists():
                self.check_alive()
                time.sleep(0.01)

    def disk(self):
        """Where there is room, and without a name once the machine runs."""
        with tempfile.NamedTemporaryFile(prefix="ocikit-testbed.", dir="/var/tmp", delete=False) as file:
            self.image_of_disk = Path(file.name)
            file.truncate(4 << 30)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1", file.name], check=True)
        return file.name

    def boot(self):
        self.port, theirs = socket.socketpair()
        memory = f"{self.options.memory}M"
        command = [
            QEMU, "-accel", self.options.accel, "-M", "q35,memory-backend=mem", "-m", memory,
            "-smp", str(self.options.cpus), "-nographic", "-nodefaults", "-no-reboot",
            "-object", f"memory-backend-memfd,id=mem,size={memory},share=on",
            "-kernel", str(self.kernel.image), "-initrd", str(self.image),
            "-append", f"console=ttyS0 quiet panic=-1 reboot=t {self.more_parameters()}",
            "-serial", f"file:{self.work}/console.log",
            "-drive", f"file={self.disk()},if=none,id=disk,format=raw,cache=unsafe",
            "-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci",
            "-chardev", f"socket,id=port,fd={theirs.fileno()}", "-device", "virtio-serial-pci",
            "-device", "virtserialport,chardev=port,name=testbed"]
        for name in ("root", "output"):
            command += ["-chardev", f"socket,id={name},path={self.work}/{name}.sock",
                        "-device", f"vhost-user-fs-pci,chardev={name},tag={name}"]
        with theirs:
            self.start("qemu", *command, pass_fds=(theirs.fileno(),))

    def more_parameters(self):
        """Of the two modules that label processes, a kernel has one at a time."""
        return "security=selinux" if self.options.profile == "selinux" else ""

    def check_alive(self):
        """The last that was started comes first: the servers of files end with the machine."""
        for name, process in reversed(self.processes):
            if process.poll() is not None:
                text = (self.work / f"{name}.log").read_text("utf-8", "replace").strip()
                raise MachineError(f"{WHAT[name]} ended with status {process.returncode}: {text}")
        self.check_time()

    def check_time(self):
        if time.monotonic() > self.end:
            hint = "; --accel tcg needs no /dev/kvm, which hangs on some hosts" if self.options.accel == "kvm" else ""
            raise MachineError(f"the command did not end in {self.options.timeout} seconds{hint}")

    def copy_output(self, to):
        """What the guest says, until the machine ends."""
        qemu = self.processes[-1][1]
        while True:
            ready, _, _ = select.select([self.port], [], [], 0.2)
            if ready:
                data = self.port.recv(65536)
                self.forget_disk()  # the guest runs, from the file that QEMU has open
                if not data:
                    break
                os.write(to, data)
            elif qemu.poll() is not None:
                break
            self.check_time()
        if qemu.wait(30):
            self.check_alive()

    def forget_disk(self):
        if self.image_of_disk:
            self.image_of_disk.unlink(missing_ok=True)
            self.image_of_disk = None

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.port:
            self.port.close()
        self.forget_disk()
        # virtiofsd leaves a file for each of its sockets, named after the path.
        for path in VIRTIOFSD_FILES.glob(f".*{self.work.name}.*.pid"):
            path.unlink(missing_ok=True)
