# SPDX-License-Identifier: Apache-2.0
"""Kernels and sandboxes without the calls that mounts are made with: another way that is as safe, or an
error that says so.  strace makes the call fail as if the kernel did not have it."""
import errno
import json
import os

import pytest

pytestmark = pytest.mark.ocikit


@pytest.fixture(params=["ENOSYS", "EPERM"])
def without_openat2(rt, request):
    """ENOSYS is an old kernel, EPERM an old seccomp profile around the runtime."""
    with rt.under_strace("-e", f"inject=openat2:error={request.param}"):
        yield


def test_container_without_openat2(rt, bundle, without_openat2):
    """Binds, files, links inside, masks, devices and sysctl."""
    (bundle.rootfs / "var/run").symlink_to("/run")
    (bundle.rootfs / "gone").symlink_to("made/here")
    bundle.mount("/var/run/data", "/etc", options=["bind", "ro"])
    bundle.mount("/gone", "tmpfs", "tmpfs", [])
    bundle.linux["sysctl"] = {"kernel.domainname": "set"}
    found = rt.report(bundle.probe("read:/run/data/hostname", "stat:/made/here", "write:/dev/null",
                                   "read:/proc/sys/kernel/domainname", "write:/proc/sys/kernel/domainname"))
    assert found[0]["errno"] == 0 and found[1]["fs_type"] == 0x01021994
    assert found[2]["errno"] == 0 and found[3]["data"] == "set\n" and found[4]["errno"] == errno.EROFS


@pytest.mark.parametrize("target", ["{out}", "../../../../../../..{out}", "/proc/self/root{out}",
                                    "/proc/self/cwd/../../../../../..{out}"])
@pytest.mark.parametrize("member", ["mount", "device", "masked", "cwd"])
def test_links_out_without_openat2(rt, bundle, outside, without_openat2, target, member):
    (bundle.rootfs / "escape").symlink_to(target.format(out=outside))
    if member == "mount":
        bundle.mount("/escape/new", "tmpfs", "tmpfs", [])
    elif member == "device":
        bundle.linux["devices"] = [{"path": "/escape/new", "type": "c", "major": 1, "minor": 3}]
    elif member == "masked":
        bundle.linux["maskedPaths"] = ["/escape/marker"]
    else:
        bundle.process["cwd"] = "/escape/new"
    rt.run(bundle.payload("exit", "0"))
    rt.assert_clean()


@pytest.mark.parametrize("name", ["proc", "sys"])
def test_proc_and_sys_without_openat2(rt, bundle, without_openat2, name):
    (bundle.rootfs / name).rmdir()
    (bundle.rootfs / name).symlink_to("/home")
    rt.run(bundle.payload("exit", "0")).failed(f"/{name}")
    rt.assert_clean()


@pytest.mark.parametrize("calls", ["mount_setattr", "clone3", "close_range", "mount_setattr,clone3,close_range,openat2"])
def test_without_calls_that_have_an_older_way(rt, bundle, calls):
    """Attributes, propagation, read-only paths and root; more is run with tests/lib/without.c."""
    bundle.config["root"]["readonly"] = True
    bundle.mount("/tmp", "/etc", options=["bind", "ro", "nosuid", "noexec"])
    with rt.under_strace("-e", f"inject={calls}:error=ENOSYS"):
        found = rt.report(bundle.probe("write:/tmp/hostname", "stat:/tmp/hostname", "write:/proc/sys/kernel/hostname",
                                       "write:/bin/data"))
        assert [item["errno"] for item in found] == [errno.EROFS, 0, errno.EROFS, errno.EROFS]
        bundle.args("/bin/sh", "-c", "grep ' /tmp ' /proc/self/mountinfo")
        options = rt.run(bundle).ok().out.split()[5].split(",")
    assert {"ro", "nosuid", "noexec", "relatime"} >= set(options) - {"rw"} and "ro" in options


@pytest.mark.parametrize("options, place", [(["rbind", "rro"], "/mounts/"), (["bind", "idmap"], "/mounts/")])
def test_without_mount_setattr_for_a_tree(rt, bundle, options, place):
    bundle.mount("/tmp", "/etc", options=options)
    if "idmap" in options:
        for kind in ("uidMappings", "gidMappings"):
            bundle.config["mounts"][-1][kind] = [{"containerID": 0, "hostID": 1000, "size": 10}]
    with rt.under_strace("-e", "inject=mount_setattr:error=ENOSYS"):
        rt.run(bundle.payload("exit", "0")).failed(place, "Linux 5.12")
    rt.assert_clean()


@pytest.mark.parametrize("call", ["open_tree", "move_mount", "fsopen", "fsconfig", "fsmount"])
def test_without_a_call_that_is_needed(rt, bundle, call):
    with rt.under_strace("-e", f"inject={call}:error=ENOSYS"):
        rt.run(bundle.payload("exit", "0")).failed("not implemented")
    rt.assert_clean()


def test_without_fspick(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", []).mount("/data", "tmpfs", "tmpfs", ["remount", "size=64k"])
    with rt.under_strace("-e", "inject=fspick:error=ENOSYS"):
        rt.run(bundle.payload("exit", "0")).failed(f"/mounts/{len(bundle.config['mounts']) - 1}", "/data")
    rt.assert_clean()


@pytest.mark.parametrize("error", ["ENOSPC", "ENOMEM", "EPERM"])
@pytest.mark.parametrize("kind,calls", [
    ("copy", ["getdents64", "pwrite64", "symlinkat", "mknodat", "linkat", "fchownat", "fsetxattr"]),
    ("map", ["mount_setattr"]), ("old", ["mount", "open_tree"])])
def test_a_call_that_fails(rt, bundle, kind, calls, error):
    """An error, or no harm; never a trace (EPERM of an attribute or an owner has reasons that are told of)."""
    if kind == "copy":
        home = bundle.rootfs / "home"
        (home / "file").write_text("x", encoding="utf-8")
        os.link(home / "file", home / "again")
        (home / "link").symlink_to("x")
        os.mkfifo(home / "fifo")
        os.setxattr(home / "file", "user.one", b"1")
        bundle.mount("/home", "tmpfs", "tmpfs", ["tmpcopyup"])
    elif kind == "map":
        maps = [{"containerID": 0, "hostID": 5, "size": 9}]
        bundle.mount("/data", bundle.path, options=["bind", "idmap"])
        bundle.config["mounts"][-1].update({"uidMappings": maps, "gidMappings": maps})
    else:
        bundle.mount("/data", "tmpfs", "tmpfs", ["iversion"])
    for call in calls:
        with rt.under_strace("-e", f"inject={call}:error={error}:when=1+"):
            result = rt.run(bundle.payload("exit", "0"))
        assert result.code != 0 or (call, error) == ("fsetxattr", "EPERM"), (call, result)
        rt.assert_clean()


@pytest.mark.ocikit
def test_attributes_of_a_mount_in_a_running_container(rt, bundle, outside):
    """It would be seen before it has them, so that it is refused; without any it can be had."""
    name = rt.launch(bundle.payload("sleep"))

    def add(mount):
        return rt.call("mounts", "add", name, "-", stdin=json.dumps(mount).encode())

    with rt.under_strace("-e", "inject=mount_setattr:error=ENOSYS"):
        add({"destination": "/a", "source": str(outside), "type": "bind", "options": ["bind", "ro"]}).failed("mount_setattr(2), of Linux 5.12")
        add({"destination": "/b", "source": str(outside), "type": "bind", "options": ["bind"]}).ok()
    mounts = rt.exec(name, ["/bin/cat", "/proc/mounts"]).out
    assert " /a " not in mounts and " /b " in mounts
