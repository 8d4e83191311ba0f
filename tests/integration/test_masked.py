# SPDX-License-Identifier: Apache-2.0
"""linux.maskedPaths and linux.readonlyPaths."""
import errno

import pytest


def test_masked_file_reads_empty(rt, bundle):
    (bundle.rootfs / "etc/secret").write_text("secret\n", encoding="utf-8")
    bundle.linux["maskedPaths"] = ["/etc/secret"]
    found = rt.report(bundle.probe("read:/etc/secret"))[0]
    assert (found["errno"], found["data"]) == (0, "")


def test_masked_directory_is_empty_and_read_only(rt, bundle):
    (bundle.rootfs / "home/user/file").touch()
    bundle.linux["maskedPaths"] = ["/home/user"]
    found = rt.report(bundle.probe("list:/home/user", "create:/home/user/new"))
    assert found[0]["names"] == []
    assert found[1]["errno"] == errno.EROFS


def test_masked_path_that_is_missing(rt, bundle):
    bundle.linux["maskedPaths"] = ["/no/such/path", "/proc/no-such"]
    rt.run(bundle.payload("exit", "0")).ok()


def test_default_masks(rt, bundle):
    found = rt.report(bundle.probe("read:/proc/kcore", "list:/sys/firmware"))
    assert found[0].get("data", "") == ""
    assert found[1].get("names", []) == []


def test_read_only_paths(rt, bundle):
    bundle.linux["readonlyPaths"] = ["/home", "/etc/passwd", "/no/such"]
    found = rt.report(bundle.probe("create:/home/new", "write:/etc/passwd", "create:/etc/new"))
    assert [item["errno"] for item in found] == [errno.EROFS, errno.EROFS, 0]


def test_proc_sys_is_read_only_by_default(rt, bundle):
    found = rt.report(bundle.probe("write:/proc/sys/kernel/domainname", "write:/proc/irq/x"))
    assert found[0]["errno"] == errno.EROFS
    assert found[1]["errno"] in (errno.EROFS, errno.ENOENT)


def test_read_only_keeps_other_flags(rt, bundle):
    bundle.mount("/data", "tmpfs", "tmpfs", ["nosuid", "nodev", "noexec"])
    bundle.linux["readonlyPaths"] = ["/data"]
    bundle.args("/bin/grep", " /data ", "/proc/self/mountinfo")
    last = rt.run(bundle).ok().out.splitlines()[-1].split()[5].split(",")
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(last)


@pytest.mark.parametrize("member", ["maskedPaths", "readonlyPaths"])
@pytest.mark.ocikit
def test_relative_path(rt, bundle, member):
    bundle.linux[member] = ["relative/path"]
    rt.run(bundle).failed(f"/linux/{member}/0")
    rt.assert_clean()
