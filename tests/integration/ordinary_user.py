# SPDX-License-Identifier: Apache-2.0
"""An ordinary user for the tests of rootless containers: a number without an entry on the host.

Owns the private copies of /etc/passwd, /etc/subuid and /etc/subgid, bound over the host's in the test process's
own mount namespace, and how a command is run as that user.
"""
import os
import shutil
import subprocess
from pathlib import Path

import hostview

UID = 54321
NAME = "oct-user"
FIRST, COUNT = 2000000, 65536
FILES = ("passwd", "subuid", "subgid")


def missing_facility():
    """Why rootless containers cannot be tested here; None when they can."""
    for tool in ("setpriv", "newuidmap", "newgidmap"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    probe = subprocess.run(as_user("unshare", "-Ur", "true"), capture_output=True, check=False)
    if probe.returncode:
        return f"users may make no user namespace: {probe.stderr.decode().strip()}"
    return None


def as_user(*command, **environment):
    settings = [f"{name}={value}" for name, value in environment.items()]
    return ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=-all",
            "--ambient-caps=-all", "env", "-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", *settings, *command]


class Files:
    """The private copies; change what they say with write()."""

    def __init__(self, directory):
        self.directory = Path(directory)
        for name in FILES:
            self.write(name, self.original(name))
            hostview.mount(str(self.directory / name), f"/etc/{name}", None, 4096)  # MS_BIND

    def original(self, name):
        if name == "passwd":
            host = Path("/etc/passwd").read_text(encoding="utf-8")
            return host + f"{NAME}:x:{UID}:{UID}::/nonexistent:/bin/sh\n"
        return f"{NAME}:{FIRST}:{COUNT}\n"

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)

    def restore(self):
        self.write("subuid", self.original("subuid"))
        self.write("subgid", self.original("subgid"))

    def remove(self):
        for name in FILES:
            hostview.umount(f"/etc/{name}")


def own(path):
    """Give a tree to the user."""
    for directory, folders, files in os.walk(path):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(directory, name), UID, UID, follow_symlinks=False)


def whole():
    """Mappings of the user and all its subordinate ids."""
    return [{"containerID": 0, "hostID": UID, "size": 1},
            {"containerID": 1, "hostID": FIRST, "size": COUNT}]


def single(container=0):
    return [{"containerID": container, "hostID": UID, "size": 1}]
