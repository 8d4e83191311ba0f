# SPDX-License-Identifier: Apache-2.0
"""The image that every engine gets: Debian's static busybox, as a root filesystem and as a tar."""
import io
import json
import hashlib
import pathlib
import shutil
import subprocess
import tarfile

NAME = "localhost/busy:1"
PAUSE = "localhost/pause:1"
PAUSE_CONFIG = {"Cmd": ["/bin/sleep", "1000000"], "Env": ["PATH=/bin"]}
DIRECTORIES = "bin dev etc proc root run sys tmp var home/user".split()
PASSWD = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n"
GROUP = "root:x:0:\nuser:x:1000:\nwheel:x:10:user\n"


def make_rootfs(root):
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing: install busybox-static"
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    applets = subprocess.run([busybox, "--list"], check=True, stdout=subprocess.PIPE).stdout
    for applet in applets.decode().split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/passwd").write_text(PASSWD, encoding="ascii")
    (root / "etc/group").write_text(GROUP, encoding="ascii")
    (root / "etc/data").write_text("not a program\n", encoding="ascii")
    (root / "tmp").chmod(0o1777)


def make_tar(root, target):
    def plain(member):
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = "root"
        return member
    with tarfile.open(target, "w") as archive:
        archive.add(root, arcname=".", filter=plain)


def add_bytes(archive, name, data):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    archive.addfile(member, io.BytesIO(data))


def make_archive(layer, target, name=NAME, config=None):
    """A tar with an OCI layout, which containerd imports; one layer."""
    data = pathlib.Path(layer).read_bytes()
    with tarfile.open(target, "w") as archive:
        def blob(content):
            digest = hashlib.sha256(content).hexdigest()
            add_bytes(archive, f"blobs/sha256/{digest}", content)
            return {"digest": f"sha256:{digest}", "size": len(content)}

        def document(value, kind):
            return {"mediaType": f"application/vnd.oci.image.{kind}+json",
                    **blob(json.dumps(value).encode())}

        about = document({"architecture": "amd64", "os": "linux",
                          "config": config or {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
                          "rootfs": {"type": "layers",
                                     "diff_ids": ["sha256:" + hashlib.sha256(data).hexdigest()]}},
                         "config.v1")
        tar = {"mediaType": "application/vnd.oci.image.layer.v1.tar", **blob(data)}
        manifest = document({"schemaVersion": 2, "config": about, "layers": [tar],
                             "mediaType": "application/vnd.oci.image.manifest.v1+json"},
                            "manifest.v1")
        manifest["annotations"] = {"io.containerd.image.name": name,
                                   "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        add_bytes(archive, "index.json",
                  json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode())
        add_bytes(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
