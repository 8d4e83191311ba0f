# SPDX-License-Identifier: Apache-2.0
"""Root filesystems and bundles for the tests.

Owns the session's root filesystem (static busybox and the payload) and the configuration that tests
start from: the runtime's own default, made non-interactive.
"""
import copy
import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
APPLETS = ("sh ls cat echo true false sleep id mount umount touch mkdir rm test hostname kill ps "
           "readlink env sort head wc dd yes stat chmod ln ip awk grep").split()
DIRECTORIES = "bin dev etc proc root run sys tmp usr/bin var home/user".split()


def compile_payload(target):
    compiler = shutil.which("musl-gcc") or "gcc"
    subprocess.run([compiler, "-static", "-O1", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                    "-o", str(target), str(HERE / "payload.c")], check=True)


def make_rootfs(root):
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing: install busybox-static"
    shutil.copy(busybox, root / "bin/busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    compile_payload(root / "bin/payload")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n"
                                     "user:x:1000:1000::/home/user:/bin/sh\n"
                                     "1234:x:0:0::/:/bin/sh\n", encoding="utf-8")
    (root / "etc/group").write_text("root:x:0:\nuser:x:1000:\n", encoding="utf-8")
    (root / "bin/data").write_text("not a program\n", encoding="utf-8")
    (root / "tmp").chmod(0o1777)


class Bundle:
    """A bundle directory; change .config freely, it is written by save() or when used as a path."""

    def __init__(self, path, config, source_rootfs):
        self.path = Path(path)
        self.path.mkdir(parents=True)
        self.path.chmod(0o755)
        self.config = config
        self.rootfs = self.path / "rootfs"
        subprocess.run(["cp", "-al", str(source_rootfs), str(self.rootfs)], check=True)

    def save(self):
        (self.path / "config.json").write_text(json.dumps(self.config, indent=2),
                                               encoding="utf-8")

    def __str__(self):
        self.save()
        return str(self.path)

    __fspath__ = __str__

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    def args(self, *args):
        self.process["args"] = list(args)
        return self

    def payload(self, *args):
        return self.args("/bin/payload", *(args or ("report",)))

    def probe(self, *pairs):
        """pairs: "op:path"; the container's output is a list of objects in this order."""
        flat = [word for pair in pairs for word in pair.split(":", 1)]
        return self.payload("probe", *flat)

    def namespace(self, kind, path=None):
        """Ask for a new namespace, or one by path; path=False: share the host's."""
        kept = [item for item in self.linux["namespaces"] if item["type"] != kind]
        if path is not False:
            kept.append({"type": kind, **({"path": str(path)} if path else {})})
        self.linux["namespaces"] = kept
        return self

    def user_namespace(self, host=100000, size=65536):
        self.namespace("user")
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": host, "size": size}]
        self.config["mounts"] = [m for m in self.config["mounts"] if m["type"] != "mqueue"]
        return self

    def mount(self, destination, source, kind="bind", options=("bind",)):
        self.config["mounts"].append({"destination": destination, "type": kind,
                                      "source": str(source), "options": list(options)})
        return self

    def capabilities(self, *names, ambient=(), inheritable=()):
        full = list(names)
        self.process["capabilities"] = {
            "bounding": full, "effective": full, "permitted": full,
            "ambient": list(ambient), "inheritable": list(inheritable)}
        return self

    def hook(self, stage, *argv, **more):
        hooks = self.config.setdefault("hooks", {})
        hooks.setdefault(stage, []).append({"path": argv[0], "args": list(argv), **more})
        return self

    def seccomp(self, action, *names, default="SCMP_ACT_ALLOW", **more):
        self.linux["seccomp"] = {
            "defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": list(names), "action": action, **more}]}
        return self


def base_config(default):
    """The runtime's own default, without a terminal, writable, with the payload as program."""
    config = copy.deepcopy(default)
    config["process"]["terminal"] = False
    config["process"]["args"] = ["/bin/payload", "report"]
    config["root"] = {"path": "rootfs", "readonly": False}
    config["linux"].pop("seccomp", None)
    return config


