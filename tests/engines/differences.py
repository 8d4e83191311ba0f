# SPDX-License-Identifier: Apache-2.0
"""Where an engine sees something else with ocikit than with runc, and why; and what is not done yet.

docs/engines.md shows DIFFERENCES as a table; test_pages.py compares.  Names are those of tests:
"module::test" without "test_".
"""
from typing import NamedTuple


class Difference(NamedTuple):
    what: str
    why: str
    lines: list  # of the comparison: "-" is runc, "+" ocikit


MASKS = ("masked folders are `nosuid,nodev,noexec` and hold nothing (`size=0k,nr_inodes=2`); masked files are the "
         "host's `/dev/null`, not the container's")
MASKS_WHY = ("an empty file system that cannot be filled is all that a mask needs; a `/dev/null` out of the container's "
             "own `/dev` may have been replaced by the image")
GROUPS = ("the control groups' tmpfs is small, and read-only unless privileged; the hierarchy of version 2 of a "
          "hybrid host is there")
GROUPS_WHY = ("it holds nothing but links and mount points; the configuration asks for `ro` (`rw` when "
              "privileged), and for the container's groups without naming a version; runc leaves the "
              "tmpfs writable and out version 2")
PARENT = "groups above the container's that ocikit made are removed once they are empty; with runc they stay"
PARENT_WHY = "what a runtime makes it removes; groups that the engine made are left to the engine"

AMBIENT = "a warning that ambient capabilities cannot be had"
AMBIENT_WHY = ("buildah asks for ambient capabilities that are not inheritable, which no kernel gives; the specification "
               "asks for a warning")


def ambient(count):
    line = ("+ocikit: warning: BUILD: /process/capabilities/ambient: what is not both permitted and inheritable cannot "
            "be ambient; ignored")
    return Difference(AMBIENT, AMBIENT_WHY, [line] * count)


DIFFERENCES = {
    "buildah::build": ambient(2),
    "buildah::podman_build": ambient(2),
    "buildah::run": ambient(4),
    "buildah::terminal": ambient(1),
    "buildah::commit": ambient(1),
    "podman_run::option[mounts]": Difference(
        f"{MASKS}; {GROUPS}", f"{MASKS_WHY}; {GROUPS_WHY}", [
            "-/proc/acpi tmpfs ro,relatime",
            "+/proc/acpi tmpfs ro,nosuid,nodev,noexec,relatime,size=0k,nr_inodes=2",
            "-/proc/keys tmpfs rw,nosuid,noexec,size=65536k,mode=755",
            "+/proc/keys devtmpfs ROOT",
            "-/proc/timer_list tmpfs rw,nosuid,noexec,size=65536k,mode=755",
            "+/proc/timer_list devtmpfs ROOT",
            "-/sys/dev/block tmpfs ro,relatime",
            "-/sys/firmware tmpfs ro,relatime",
            "-/sys/fs/cgroup tmpfs rw,nosuid,nodev,noexec,relatime,mode=755",
            "+/sys/dev/block tmpfs ro,nosuid,nodev,noexec,relatime,size=0k,nr_inodes=2",
            "+/sys/firmware tmpfs ro,nosuid,nodev,noexec,relatime,size=0k,nr_inodes=2",
            "+/sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,relatime,size=64k,mode=755",
            "+/sys/fs/cgroup/unified cgroup2 ro,nosuid,nodev,noexec,relatime"]),
    "podman_run::option[mounts-privileged]": Difference(
        GROUPS, GROUPS_WHY, [
            "-/sys/fs/cgroup tmpfs rw,nosuid,nodev,noexec,relatime,mode=755",
            "+/sys/fs/cgroup tmpfs rw,nosuid,nodev,noexec,relatime,size=64k,mode=755",
            "+/sys/fs/cgroup/unified cgroup2 rw,nosuid,nodev,noexec,relatime"]),
    "podman_run::option[propagation]": Difference(GROUPS, GROUPS_WHY, ["+/sys/fs/cgroup/unified -"]),
    "containerd::option[mounts]": Difference(
        MASKS, MASKS_WHY, [
            "-/proc/acpi tmpfs ro,relatime",
            "+/proc/acpi tmpfs ro,nosuid,nodev,noexec,relatime,size=0k,nr_inodes=2",
            "-/proc/keys tmpfs rw,nosuid,size=65536k,mode=755",
            "+/proc/keys devtmpfs ROOT",
            "-/proc/timer_list tmpfs rw,nosuid,size=65536k,mode=755",
            "+/proc/timer_list devtmpfs ROOT",
            "-/sys/firmware tmpfs ro,relatime",
            "+/sys/firmware tmpfs ro,nosuid,nodev,noexec,relatime,size=0k,nr_inodes=2"]),
    "podman_pods::pod": Difference(PARENT, PARENT_WHY, ["-left: cgroup TOKEN/ID"]),
    "podman_pods::pod_pause": Difference(PARENT, PARENT_WHY, ["-left: cgroup TOKEN/ID"]),
    "podman_pods::generate_kube": Difference(PARENT, PARENT_WHY, ["-left: cgroup TOKEN/ID"]),
}

# Cases that fail until another part of ocikit is there.  A case that passes must leave this list.
# All of it is tried by: pytest --runxfail tests/engines
WAITS = {}


def table():
    """The rows of docs/engines.md."""
    rows = {}
    for name, difference in DIFFERENCES.items():
        rows.setdefault((difference.what, difference.why), []).append(f"`{name}`")
    lines = ["| With ocikit | Why | Seen in |", "|---|---|---|"]
    lines += [f"| {what} | {why} | {', '.join(names)} |" for (what, why), names in rows.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
