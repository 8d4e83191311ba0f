# SPDX-License-Identifier: Apache-2.0
"""podman with everything in a folder of its own; its configuration is the one of docs/engines.md."""
import json
import subprocess

import image
import pages
import peers

# No network, and no limits that would need CAP_SYS_RESOURCE.
CONTAINERS = """
[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[network]
network_backend = "cni"
"""
# podman gives each container's group a parent; a test needs one of its own.
WRAPPER = """
case "$1 $2" in
    "pod create") shift 2; set -- pod create --cgroup-parent="$GROUP" "$@" ;;
    "run "* | "create "*) verb=$1; shift; set -- "$verb" --cgroup-parent="$GROUP" "$@" ;;
esac
exec /usr/bin/podman --root {folder}/root --runroot {folder}/run --tmpdir {folder}/tmp \\
    --cgroup-manager=cgroupfs --storage-driver=vfs --events-backend=file "$@"
"""


# The same storage, so that what one makes the other runs.
BUILDAH = """
exec /usr/bin/buildah --root {folder}/root --runroot {folder}/run --storage-driver=vfs "$@"
"""


class Podman(peers.Side):
    def prepare(self, layer):
        config = pages.block("engines.md", "# /etc/containers/containers.conf")
        config = pages.for_command(config, self.stateful())
        (self.folder / "containers.conf").write_text(config + CONTAINERS, encoding="utf-8")
        self.program("podman", WRAPPER.format(folder=self.folder))
        self.program("buildah", BUILDAH.format(folder=self.folder))
        self.podman("import", "-q", "-c", "CMD=[\"/bin/sh\"]", "-c", "ENV PATH=/bin", str(layer), image.NAME)

    def environment(self):
        return {**super().environment(), "CONTAINERS_CONF": str(self.folder / "containers.conf"),
                "IMAGE": image.NAME,
                "BUILDAH_RUNTIME": str(self.bin / self.name), "BUILDAH_ISOLATION": "oci"}

    def podman(self, *args):
        return subprocess.run([self.bin / "podman", *args], env=self.environment(), check=True,
                              capture_output=True, timeout=60).stdout

    def tidy(self):
        """Containers and volumes that a script left, by podman's own files, as each call costs."""
        left = []
        listed = self.folder / "root/vfs-containers/containers.json"
        if listed.exists():
            left += [f"container {item['names']}" for item in json.loads(listed.read_text("utf-8"))]
        volumes = self.folder / "root/volumes"
        if volumes.exists():
            left += [f"volume {path.name}" for path in volumes.iterdir()
                     if path.is_dir() and path.name != "backingFsBlockDev"]
        if left:
            for kind in ("rm", "pod rm", "volume rm"):
                subprocess.run([self.bin / "podman", *kind.split(), "-af"], env=self.environment(),
                               check=False, capture_output=True, timeout=60)
        return left
