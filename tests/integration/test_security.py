# SPDX-License-Identifier: Apache-2.0
"""What went wrong in other runtimes, once per kind; each name says which report it is from."""
import ctypes
import errno
import fcntl
import hashlib
import os
import stat
import threading

import pytest

import hostview

F_GET_SEALS = 1034
DOMAINNAME = "/proc/sys/kernel/domainname"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@pytest.mark.ocikit
def test_cve_2019_5736_the_waiting_process_is_a_sealed_copy(rt, bundle):
    """/proc/PID/exe of a created container is no file of the host's, and cannot be written."""
    name = rt.create(bundle)
    path = f"/proc/{rt.pid(name)}/exe"
    assert "memfd:" in os.readlink(path)
    with pytest.raises(OSError):
        os.close(os.open(path, os.O_WRONLY))
    fd = os.open(path, os.O_RDONLY)
    try:
        assert fcntl.fcntl(fd, F_GET_SEALS) == 0xf
    finally:
        os.close(fd)


@pytest.mark.parametrize("kind", ["script", "link"])
def test_cve_2019_5736_entrypoint_is_the_runtime(rt, bundle, kind):
    before = digest(rt.path)
    path = bundle.rootfs / "bin/entry"
    if kind == "script":
        path.write_text("#!/proc/self/exe\n", encoding="utf-8")
        path.chmod(0o755)
    else:
        path.symlink_to("/proc/self/exe")
    rt.run(bundle.args("/bin/entry"), timeout=15)
    assert digest(rt.path) == before
    rt.assert_clean()


@pytest.mark.ocikit
def test_the_waiting_process_is_not_dumpable(rt, bundle):
    """An unprivileged process in the container's user namespace must not get at its descriptors."""
    name = rt.create(bundle)
    assert os.stat(f"/proc/{rt.pid(name)}/mem").st_uid == 0


@pytest.mark.ocikit
def test_the_waiting_process_keeps_no_host_directories(rt, bundle):
    """CVE-2016-9962, CVE-2024-21626: nothing of the host to reach through /proc/1/fd."""
    name = rt.create(bundle)
    directory = f"/proc/{rt.pid(name)}/fd"
    for fd in os.listdir(directory):
        if int(fd) > 2:
            assert not stat.S_ISDIR(os.stat(f"{directory}/{fd}").st_mode), fd


def masked(rt, bundle, prepare):
    """A /dev that the image brings along; whatever it does, the masked file stays masked."""
    (bundle.rootfs / "etc/secret").write_text("secret\n", encoding="utf-8")
    volume = bundle.path / "dev"
    volume.mkdir()
    prepare(volume)
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if not m["destination"].startswith("/dev")]
    bundle.mount("/dev", volume)
    bundle.linux["maskedPaths"] = ["/etc/secret"]
    return rt.run(bundle.probe("read:/etc/secret", "write:/etc/secret"))


@pytest.mark.ocikit
@pytest.mark.parametrize("prepare", [
    lambda dev: (dev / "null").symlink_to(DOMAINNAME),
    lambda dev: (dev / "null").write_text("fake\n", encoding="utf-8"),
    lambda dev: os.mknod(dev / "null", stat.S_IFCHR | 0o666, os.makedev(1, 5)),
    lambda dev: (dev / "null").mkdir(),
    lambda dev: None,
], ids=["link", "file", "other device", "directory", "missing"])
def test_cve_2025_31133_masking_does_not_trust_the_image_s_null(rt, bundle, prepare):
    with open(DOMAINNAME, encoding="ascii") as file:
        before = file.read()
    result = masked(rt, bundle, prepare)
    if result.code == 0:
        found = result.json()
        assert found[0].get("data", "") == ""
    with open(DOMAINNAME, encoding="ascii") as file:
        assert file.read() == before
    rt.assert_clean()


@pytest.mark.ocikit
def test_cve_2026_41579_dev_is_a_link_to_a_host_directory(rt, bundle, outside):
    """No links are made, none removed, in the folder that the image's /dev points to."""
    (bundle.rootfs / "dev").rmdir()
    (bundle.rootfs / "dev").symlink_to(outside)
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if not m["destination"].startswith("/dev")]
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.ocikit
def test_dev_is_a_link_with_the_default_mounts(rt, bundle, outside):
    (bundle.rootfs / "dev").rmdir()
    (bundle.rootfs / "dev").symlink_to(outside)
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.parametrize("name", ["null", "ptmx", "console", "fd"])
def test_links_in_the_image_s_dev(rt, bundle, outside, name):
    (bundle.rootfs / "dev" / name).symlink_to(outside / "marker")
    bundle.config["mounts"] = [m for m in bundle.config["mounts"]
                               if not m["destination"].startswith("/dev")]
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.parametrize("destination", ["/proc/self/attr", "/proc/self", "/proc/sys"])
@pytest.mark.ocikit
def test_cve_2019_16884_mounts_over_proc(rt, bundle, destination):
    bundle.mount(destination, "tmpfs", "tmpfs", [])
    rt.run(bundle.payload("exit", "0")).failed(destination)
    rt.assert_clean()


@pytest.mark.parametrize("name,target", [("proc", "self/cwd"), ("sys", "proc/sys"),
                                         ("proc", "/home"), ("sys", "/home")])
def test_cve_2023_28642_proc_or_sys_is_a_link(rt, bundle, name, target):
    (bundle.rootfs / name).rmdir()
    (bundle.rootfs / name).symlink_to(target)
    rt.run(bundle.payload("exit", "0")).failed("")
    rt.assert_clean()


@pytest.mark.parametrize("name", ["masked", "readonly", "cwd", "program"])
def test_links_out_of_the_root(rt, bundle, outside, name):
    """In every member that holds a path, an absolute link means a place inside."""
    (bundle.rootfs / "link").symlink_to(outside)
    if name == "masked":
        bundle.linux["maskedPaths"] = ["/link/marker"]
    elif name == "readonly":
        bundle.linux["readonlyPaths"] = ["/link"]
    elif name == "cwd":
        bundle.process["cwd"] = "/link/new"
    else:
        bundle.process["args"] = ["/link/marker"]
    rt.run(bundle)
    rt.assert_clean()


@pytest.mark.parametrize("program", ["/proc/self/fd/3", "/proc/self/fd/7", "/proc/self/fd/0"])
def test_program_by_descriptor(rt, bundle, program):
    rt.run(bundle.args(program)).failed("")
    rt.assert_clean()


@pytest.mark.ocikit
def test_race_of_a_mount_target(rt, make_bundle, outside, tmp_path):
    """CVE-2021-30465, CVE-2024-45310: a shared volume whose directory turns into a link and back."""
    volume = tmp_path / "volume"
    (volume / "a").mkdir(parents=True)
    (volume / "b").symlink_to(outside)
    stop = threading.Event()
    rename = hostview.LIBC.renameat2

    def swap():
        first, second = str(volume / "a").encode(), str(volume / "b").encode()
        while not stop.is_set():
            rename(-100, first, -100, second, ctypes.c_uint(2))

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(10):
            bundle = make_bundle().mount("/volume", volume)
            bundle.mount("/volume/a/target", "tmpfs", "tmpfs", [])
            result = rt.run(bundle.probe("stat:/volume/a/marker"))
            if result.code == 0:
                assert result.json()[0]["errno"] == errno.ENOENT
    finally:
        stop.set()
        thread.join()
    rt.assert_clean()


def test_cve_2026_propagation_of_the_host_is_left_alone(rt, bundle):
    """The snapshot that every test ends with compares the optional fields of each mount."""
    hostview.mount("none", "/", None, hostview.MS_SHARED)
    try:
        rt.snapshot.mounts = hostview.mounts()
        rt.run(bundle.payload("exit", "0")).ok()
        rt.snapshot.assert_clean()
    finally:
        hostview.mount("none", "/", None, hostview.MS_PRIVATE)
        rt.snapshot.mounts = hostview.mounts()


@pytest.mark.ocikit
@pytest.mark.parametrize("commands", [("create", "create"), ("start", "start"),
                                      ("delete", "delete"), ("delete", "state")])
def test_two_commands_at_once(rt, bundle, commands):
    """On one id: at most one start or create wins, and what is left can be deleted."""
    for _ in range(5):
        name = rt.new_id()
        if commands[0] != "create":
            rt.create(bundle.payload("sleep"), name=name)
        bundle.save()
        results = []

        def issue(command):
            more = ["-b", str(bundle.path)] if command == "create" else []
            results.append((command, rt.call(command, *more, name).code))

        threads = [threading.Thread(target=issue, args=(command,)) for command in commands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if commands[0] in ("create", "start"):
            assert sorted(code == 0 for _, code in results) == [False, True], results
        rt.delete(name, "--force")
        rt.assert_clean()
