# SPDX-License-Identifier: Apache-2.0
"""Id-mapped mounts: whose the files are inside, where the mapping comes from, what is refused."""
import os
import re

import pytest

import hostview
from test_mounts import lines_at

pytestmark = pytest.mark.ocikit
HOST = 100000


def mapping(inside=0, host=HOST, size=65536):
    return [{"containerID": inside, "hostID": host, "size": size}]


def mapped(bundle, destination, source, options=("bind", "idmap"), kind="bind", uids=None, gids=None):
    bundle.mount(destination, source, kind, options)
    bundle.config["mounts"][-1].update({"uidMappings": uids or mapping(), "gidMappings": gids or mapping()})
    return bundle


def owners(rt, bundle, *paths):
    found = rt.report(bundle.probe(*[f"stat:{path}" for path in paths]))
    assert all(item["errno"] == 0 for item in found), found
    return [(item["uid"], item["gid"]) for item in found]


TMPFS = hostview.kernel() >= (6, 3)


def mount_tree(folder, path):
    """A tmpfs, or where those cannot be mapped what the tests' own folder is on."""
    if TMPFS:
        hostview.mount("tmpfs", path, "tmpfs")
    else:
        folder.mkdir()
        folder.chmod(0o1777)
        hostview.mount(str(folder), path, None, 0x1000)


@pytest.fixture
def source(tmp_path):
    """A filesystem with files of root and of 1000, and another one in its folder sub."""
    path = tmp_path / "tree"
    path.mkdir()
    mount_tree(tmp_path / "one", path)
    (path / "sub").mkdir()
    mount_tree(tmp_path / "two", path / "sub")
    for where in (path, path / "sub"):
        for name, owner in (("root", 0), ("user", 1000)):
            (where / name).touch()
            os.chown(where / name, owner, owner + 1)
    yield path
    hostview.umount(path / "sub")
    hostview.umount(path)


def prepare(bundle):
    """The mount points are there: the root directory is not the container's own."""
    os.chmod(bundle.rootfs, 0o755)
    for name in ("data", "plain"):
        (bundle.rootfs / name).mkdir()
    return bundle


@pytest.fixture
def user_bundle(bundle):
    return prepare(bundle).user_namespace(HOST)


@pytest.mark.proves("/mounts/[]/uidMappings/*", "/mounts/[]/gidMappings/*", "option:idmap")
@pytest.mark.parametrize("options", [["bind", "idmap"], ["bind"], ["rbind", "ridmap"], ["rbind", "idmap"],
                                     ["rbind"]])
def test_owners_of_a_bind(rt, bundle, source, options):
    """The options are what older runtimes look at: the mappings alone are enough."""
    mapped(bundle, "/data", source, options)
    assert owners(rt, bundle, "/data/root", "/data/user") == [(HOST, HOST + 1), (HOST + 1000, HOST + 1001)]


@pytest.mark.proves("option:ridmap")
@pytest.mark.parametrize("option,below", [("idmap", (0, 1)), ("ridmap", (HOST, HOST + 1))])
def test_recursive_mapping(rt, bundle, source, option, below):
    mapped(bundle, "/data", source, ["rbind", option])
    assert owners(rt, bundle, "/data/root", "/data/sub/root") == [(HOST, HOST + 1), below]


def test_users_and_groups_differ(rt, bundle, source):
    mapped(bundle, "/data", source, uids=mapping(0, 5000), gids=mapping(0, 7000))
    assert owners(rt, bundle, "/data/root", "/data/user") == [(5000, 7001), (6000, 8001)]


def test_several_ranges(rt, bundle, source):
    ranges = mapping(0, 5000, 500) + mapping(1000, 300, 2)
    mapped(bundle, "/data", source, uids=ranges, gids=ranges)
    assert owners(rt, bundle, "/data/root", "/data/user") == [(5000, 5001), (300, 301)]


def test_new_files_are_mapped_back(rt, bundle, source):
    mapped(bundle, "/data", source, uids=mapping(0, 0, 1), gids=mapping(0, 0, 1))
    bundle.args("/bin/touch", "/data/new")
    rt.run(bundle).ok()
    assert (source / "new").stat().st_uid == 0
    mapped(bundle, "/more", source, uids=mapping(7, 0, 1) + mapping(0, 1, 1),
           gids=mapping(8, 0, 1) + mapping(0, 1, 1))
    bundle.args("/bin/touch", "/more/other")
    rt.run(bundle).ok()
    made = (source / "other").stat()
    assert (made.st_uid, made.st_gid) == (7, 8)


def test_in_a_user_namespace(rt, user_bundle, source):
    """Root on the disk is root inside, with no change of owner."""
    mapped(user_bundle, "/data", source)
    user_bundle.mount("/plain", source)
    found = owners(rt, user_bundle, "/data/root", "/data/user", "/plain/root")
    assert found == [(0, 1), (1000, 1001), (65534, 65534)]
    user_bundle.args("/bin/touch", "/data/new")
    rt.run(user_bundle).ok()
    assert (source / "new").stat().st_uid == 0


@pytest.mark.parametrize("options", [["bind", "idmap"], ["rbind", "ridmap"]])
def test_mapping_of_the_container(rt, user_bundle, source, options):
    user_bundle.mount("/data", source, options=options)
    assert owners(rt, user_bundle, "/data/root") == [(0, 1)]


def test_mapping_of_a_joined_user_namespace(rt, make_bundle, source):
    first = prepare(make_bundle()).user_namespace(HOST).payload("sleep")
    pid = rt.pid(rt.launch(first))
    second = prepare(make_bundle()).namespace("user", f"/proc/{pid}/ns/user")
    second.config["mounts"] = [m for m in second.config["mounts"] if m["type"] != "mqueue"]
    second.mount("/data", source, options=["bind", "idmap"])
    assert owners(rt, second, "/data/root") == [(0, 1)]


@pytest.mark.parametrize("user", [False, True])
def test_new_filesystem(rt, make_bundle, user):
    """A tmpfs of root's, seen by 0 + n."""
    bundle = make_bundle()
    if user:
        prepare(bundle).user_namespace(HOST)
    mapped(bundle, "/data", "tmpfs", ["mode=755", "idmap"], "tmpfs")
    if not TMPFS:
        rt.run(bundle).failed("does not allow id mappings")
        return
    assert owners(rt, bundle, "/data") == [(0, 0) if user else (HOST, HOST)]


@pytest.mark.parametrize("kind", ["proc", "sysfs", "mqueue", "devpts", "cgroup"])
def test_filesystems_that_cannot(rt, bundle, kind):
    mapped(bundle, "/data", kind, ["idmap"], kind)
    number = len(bundle.config["mounts"]) - 1
    rt.run(bundle).failed(f"/mounts/{number}/", "does not allow id mappings")
    rt.assert_clean()


def test_bind_of_a_filesystem_that_cannot(rt, bundle):
    mapped(bundle, "/data", "/sys/kernel")
    number = len(bundle.config["mounts"]) - 1
    rt.run(bundle).failed(f"/mounts/{number}", "does not allow id mappings", "/data")
    rt.assert_clean()


@pytest.mark.parametrize("change,place", [
    ({"uidMappings": None}, "gidMappings"), ({"gidMappings": None}, "uidMappings"),
    ({"uidMappings": mapping(size=0)}, "uidMappings/0"),
    ({"gidMappings": mapping(host=4294967295, size=2)}, "gidMappings/0"),
    ({"gidMappings": mapping(inside=4294967295, size=2)}, "gidMappings/0"),
    ({"uidMappings": mapping(0, 5, 10) + mapping(5, 50, 10)}, "uidMappings"),
    ({"gidMappings": mapping(0, 5, 10) + mapping(10, 8, 10)}, "gidMappings"),
    ({"gidMappings": [item for n in range(400) for item in mapping(n, n, 1)]}, "gidMappings"),
    ({"uidMappings": [{"containerID": -1, "hostID": 0, "size": 1}]}, "uidMappings/0/containerID"),
    ({"uidMappings": [{"containerID": 0, "hostID": 0}]}, "uidMappings/0"),
    ({"uidMappings": "0"}, "uidMappings"),
])
def test_bad_mappings(rt, bundle, outside, change, place):
    mapped(bundle, "/data", outside)
    mount = bundle.config["mounts"][-1]
    mount.update(change)
    for name in [name for name in mount if mount[name] is None]:
        del mount[name]
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}/{place}")
    rt.assert_clean()


@pytest.mark.parametrize("option", ["idmap", "ridmap"])
def test_option_without_any_mapping(rt, bundle, outside, option):
    bundle.mount("/data", outside, options=["bind", option])
    rt.run(bundle).failed(f"/mounts/{len(bundle.config['mounts']) - 1}/options", "user namespace")
    rt.assert_clean()


def test_remount_with_a_mapping(rt, bundle, outside):
    bundle.mount("/data", outside, options=["bind"])
    mapped(bundle, "/data", outside, ["remount", "bind", "idmap"])
    rt.run(bundle).failed("remount")
    rt.assert_clean()


def helpers(trace):
    """New user namespaces that the whole run made."""
    return len(re.findall(r"CLONE_NEWUSER", trace))


def test_equal_mappings_share_a_namespace(rt, bundle, source, tmp_path):
    mapped(bundle, "/one", source)
    mapped(bundle, "/two", source / "sub")
    mapped(bundle, "/three", source, uids=mapping(0, 7))
    plan = rt.call("plan", "-b", bundle).ok().out
    assert plan.count("user-namespace #") == 2
    trace = tmp_path / "trace"
    with rt.under_strace("-e", "trace=clone3,clone,unshare", out=trace):
        found = owners(rt, bundle, "/one/root", "/two/root", "/three/root")
    assert found == [(HOST, HOST + 1), (HOST, HOST + 1), (7, HOST + 1)]
    assert helpers(trace.read_text(encoding="utf-8")) == 2


def test_waiting_process_keeps_no_namespace(rt, bundle, source):
    name = rt.create(mapped(bundle, "/data", source))
    directory = f"/proc/{rt.pid(name)}/fd"
    assert not [fd for fd in os.listdir(directory) if "user:" in os.readlink(f"{directory}/{fd}")]


def test_mapping_with_other_options(rt, bundle, source):
    mapped(bundle, "/data", source, ["bind", "idmap", "ro", "nosuid", "rslave"])
    bundle.args("/bin/cat", "/proc/self/mountinfo")
    options = lines_at(rt.run(bundle).ok().out, "/data")[-1][0]
    assert {"ro", "nosuid", "idmapped"} <= set(options)


def test_too_many_mappings(rt, bundle, source):
    for n in range(70):
        mapped(bundle, f"/data{n}", source, uids=mapping(0, n))
    rt.run(bundle).failed("different id mappings")
    hostview.reap()
