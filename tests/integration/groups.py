# SPDX-License-Identifier: Apache-2.0
"""The host's control groups as tests see them: which controllers there are, and what a group's files hold.

Knows both versions: one hierarchy of version 2, or one for each controller of version 1, perhaps with one of
version 2 beside them.
"""
from pathlib import Path

import hostview

TOP = Path(hostview.CGROUPS)
V2_VIEW = ["unshare", "-m", "sh", "-c",
           'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "x"]
# What the two versions call differently.
NAMES_IN_VERSION_2 = {"blkio": "io"}


def unified():
    """Is version 2 the only one?"""
    return (TOP / "cgroup.controllers").exists()


def top_2():
    """Where version 2 is mounted, or None."""
    if unified():
        return TOP
    beside = TOP / "unified"
    return beside if (beside / "cgroup.controllers").exists() else None


def version(controller):
    """1, 2, or 0 where the host lacks it."""
    if not unified() and (TOP / controller / "tasks").exists():
        return 1
    top = top_2()
    name = NAMES_IN_VERSION_2.get(controller, controller)
    return 2 if top and name in (top / "cgroup.controllers").read_text("ascii").split() else 0


def has(controller):
    return version(controller) != 0


def folder(controller, name):
    """The group's folder: of the controller's hierarchy, or of version 2 for ""."""
    top = TOP / controller if controller and version(controller) == 1 else top_2()
    return top / name


def read(controller, name, file):
    return (folder(controller, name) / file).read_text("ascii").strip()


def parents_have(controller, name, file):
    """Does the kernel make this file in groups?  Asked of a group that is there."""
    return (folder(controller, name) / file).exists()
