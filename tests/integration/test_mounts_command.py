# SPDX-License-Identifier: Apache-2.0
"""ocikit mounts: mounts of a container that is there already."""
import errno
import json
import os
import subprocess
import threading

import pytest

import hostview
from test_idmap import mapping
from test_mounts import lines_at

# Without mount_setattr attributes are refused to a running container: test_missing_calls.py.
pytestmark = [pytest.mark.ocikit, pytest.mark.mount_setattr]


def bind(destination, source, *options):
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["bind", *options]}


def tmpfs(destination, *options):
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)}


def add(rt, name, *mounts, text=None):
    value = mounts[0] if len(mounts) == 1 else list(mounts)
    return rt.call("mounts", "add", name, "-", stdin=(text or json.dumps(value)).encode())


def remove(rt, name, what, stdin=b""):
    return rt.call("mounts", "remove", name, what, stdin=stdin)


def probe(rt, name, *pairs):
    flat = [word for pair in pairs for word in pair.split(":", 1)]
    return rt.call("exec", name, "/bin/payload", "probe", *flat).json()


def inside(rt, name):
    with open(f"/proc/{rt.pid(name)}/mountinfo", encoding="utf-8") as file:
        return file.read()


def targets(rt, name):
    return [line.split()[4] for line in inside(rt, name).splitlines()]


@pytest.fixture
def running(rt, bundle):
    return rt.launch(bundle.payload("sleep"))


def test_bind(rt, running, outside):
    add(rt, running, bind("/new/data", outside, "ro")).ok()
    found = probe(rt, running, "read:/new/data/marker", "create:/new/data/x")
    assert found[0]["data"] == "untouched\n" and found[1]["errno"] == errno.EROFS
    assert lines_at(inside(rt, running), "/new/data")[-1][1] == []
    remove(rt, running, "/new/data").ok()
    assert "/new/data" not in targets(rt, running)
    assert probe(rt, running, "list:/new/data")[0]["names"] == []


def test_bind_of_a_file_relative_to_the_bundle(rt, running, bundle):
    (bundle.path / "file").write_text("near\n", encoding="utf-8")
    add(rt, running, bind("/etc/added", "file")).ok()
    assert probe(rt, running, "read:/etc/added")[0]["data"] == "near\n"


def test_new_filesystems_are_the_container_s(rt, running):
    add(rt, running, tmpfs("/a", "size=64k"),
        {"destination": "/b", "type": "proc", "source": "proc"},
        {"destination": "/c", "type": "sysfs", "source": "sysfs", "options": ["ro"]},
        {"destination": "/d", "type": "mqueue", "source": "mqueue"}).ok()
    found = probe(rt, running, "stat:/a", "list:/b", "list:/c/class/net", "stat:/d")
    assert found[0]["fs_bytes"] == 65536
    assert "1" in found[1]["names"] and str(rt.pid(running)) not in found[1]["names"]
    assert found[2]["names"] == ["lo"] and found[3]["fs_type"] == 0x19800202


def test_options_act(rt, running, tmp_path):
    add(rt, running, tmpfs("/a", "ro", "nosuid", "noexec", "nosymfollow", "noatime", "rprivate")).ok()
    assert {"ro", "nosuid", "noexec", "nosymfollow", "noatime"} <= set(lines_at(inside(rt, running), "/a")[-1][0])
    add(rt, running, {"destination": "/a", "options": ["remount", "bind", "rw"]}).ok()
    assert probe(rt, running, "create:/a/x")[0]["errno"] == 0
    add(rt, running, {**tmpfs("/etc", "tmpcopyup")}).ok()
    assert probe(rt, running, "read:/etc/passwd")[0]["errno"] == 0
    remove(rt, running, "/etc").ok()


@pytest.mark.mount_setattr
def test_mapped(rt, running, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").touch()
    maps = {"uidMappings": mapping(0, 500, 10), "gidMappings": mapping(0, 600, 10)}
    add(rt, running, {**bind("/a", source, "idmap"), **maps}).ok()
    found = probe(rt, running, "stat:/a/file")[0]
    assert (found["uid"], found["gid"]) == (500, 600)
    add(rt, running, bind("/b", source, "idmap")).failed("user namespace")
    add(rt, running, {**bind("/b", source), "uidMappings": mapping(size=0), "gidMappings": mapping()}
        ).failed("/uidMappings/0")
    assert "/b" not in targets(rt, running)


@pytest.mark.mount_setattr
def test_in_a_user_namespace(rt, bundle, tmp_path):
    bundle.user_namespace(100000)
    os.chmod(bundle.rootfs, 0o755)
    (bundle.rootfs / "data").mkdir()
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").touch()
    name = rt.launch(bundle.payload("sleep"))
    add(rt, name, bind("/data", source, "idmap"), tmpfs("/tmp", "mode=750")).ok()
    found = probe(rt, name, "stat:/data/file", "stat:/tmp", "create:/tmp/x")
    assert [item["uid"] for item in found[:2]] == [0, 0] and found[2]["errno"] == 0
    remove(rt, name, "/data").ok()
    remove(rt, name, "/tmp").ok()


@pytest.mark.parametrize("state", ["created", "paused"])
def test_other_states(rt, bundle, outside, state):
    name = rt.create(bundle.probe("read:/data/marker")) if state == "created" else \
        rt.launch(bundle.payload("sleep"))
    if state == "paused":
        rt.call("pause", name).ok()
    try:
        add(rt, name, bind("/data", outside, "ro")).ok()
        assert "/data" in targets(rt, name)
    finally:
        if state == "paused":
            rt.call("resume", name).ok()


def test_stopped(rt, running, outside):
    rt.stop(running)
    add(rt, running, bind("/data", outside)).failed("stopped")
    remove(rt, running, "/data").failed("stopped")


def test_no_such_container(rt, outside):
    add(rt, "oct-nobody", bind("/data", outside)).failed("oct-nobody")


def test_several_or_none(rt, running, outside):
    before = targets(rt, running)
    add(rt, running, tmpfs("/a"), bind("/a/b", outside, "ro"), bind("/c", "/no/such")
        ).failed("/no/such", "mount 3 of 3", "none of them")
    assert targets(rt, running) == before
    add(rt, running, tmpfs("/a"), bind("/a/b", outside, "ro")).ok()
    assert targets(rt, running) == [*before, "/a", "/a/b"]
    remove(rt, running, "-", json.dumps([tmpfs("/a"), bind("/a/b", outside)]).encode()).ok()
    assert targets(rt, running) == before


def test_from_a_file(rt, running, outside, tmp_path):
    file = tmp_path / "mounts.json"
    file.write_text(json.dumps([bind("/data", outside, "ro")]), encoding="utf-8")
    rt.call("mounts", "add", running, file).ok()
    rt.call("mounts", "remove", running, file).ok()
    assert "/data" not in targets(rt, running)
    rt.call("mounts", "remove", running, file).failed("nothing is mounted there")


@pytest.mark.parametrize("mount,texts", [
    ({"destination": "/proc", "type": "tmpfs"}, ["/destination", "/proc"]),
    ({"destination": "/proc/self/attr", "type": "tmpfs"}, ["inside /proc"]),
    ({"destination": "/p/sys", "type": "tmpfs"}, ["inside /proc"]),
    ({"destination": "/", "type": "tmpfs"}, ["the root itself"]),
    ({"destination": "/d"}, ["needs a type"]),
    ({"destination": "/d", "type": "bind"}, ["needs a source"]),
    ({"destination": "/d", "type": "tmpfs", "options": ["nonsense"]}, ["nonsense"]),
    ({"destination": "/d", "type": "nosuchfs"}, ["no such device"]),
    ({"destination": "/d", "type": "tmpfs", "options": ["iversion"]}, ["iversion", "running container"]),
    ({"destination": "/etc", "options": ["remount", "ro"]}, ["nothing is mounted there"]),
    ({"type": "tmpfs"}, ["destination"]),
    ({"destination": 5}, ["/destination"]),
    ({"destination": "/d", "options": [1]}, ["/options/0"]),
    ([], ["no mount"]),
    ([{"destination": "/d", "type": "tmpfs"}, {"destination": 5}], ["/1/destination"]),
    ("text", ["-"]), (5, ["-"]), (None, ["-"]),
])
def test_bad_mounts(rt, running, bundle, mount, texts):
    (bundle.rootfs / "p").symlink_to("/proc")
    before = targets(rt, running)
    add(rt, running, text=json.dumps(mount)).failed(*[text for text in texts if text not in ("/destination", "-")])
    assert targets(rt, running) == before


@pytest.mark.parametrize("text", [
    "", "{", "[", "[}", '{"destination": "/d", "type": "tmpfs"}],"x":[{}', '[]],"y":[[]', "\0", "{} {}",
    '{"destination": "/d", "destination": "/e", "type": "tmpfs"}', "[" * 200])
def test_texts_that_are_no_json(rt, running, text):
    before = targets(rt, running)
    rt.call("mounts", "add", running, "-", stdin=text.encode()).failed("")
    assert targets(rt, running) == before


@pytest.mark.parametrize("destination,text", [
    ("/", "the root itself"), ("/..", "the root itself"), ("/proc", "stay"), ("/proc/kcore", "stay"),
    ("/p", "symbolic link"), ("/no/such", "no such file"), ("/etc", "nothing is mounted there"),
    ("/root-link", "symbolic link"), ("/sys/firmware", "masked path")])
def test_what_cannot_be_removed(rt, running, bundle, destination, text):
    (bundle.rootfs / "p").symlink_to("/proc")
    (bundle.rootfs / "root-link").symlink_to("/")
    before = targets(rt, running)
    remove(rt, running, destination).failed(text)
    assert targets(rt, running) == before


def test_topmost_first(rt, running, outside):
    add(rt, running, tmpfs("/data"), bind("/data", outside, "ro")).ok()
    remove(rt, running, "/data").ok()
    assert lines_at(inside(rt, running), "/data")[-1][2] == "tmpfs"
    remove(rt, running, "/data").ok()
    assert lines_at(inside(rt, running), "/data") == []


def test_what_is_mounted_in_it_goes_too_and_open_files_stay(rt, bundle, tmp_path):
    (tmp_path / "end").touch()
    name = rt.launch(bundle.args("/bin/sh", "-c", "sleep 1000"))
    add(rt, name, tmpfs("/data"), tmpfs("/data/sub")).ok()
    remove(rt, name, "/data").ok()
    assert not [path for path in targets(rt, name) if path.startswith("/data")]


def mask(bundle):
    """Masked and read-only paths, as specifications of engines have them."""
    (bundle.rootfs / "secret").mkdir()
    (bundle.rootfs / "secret/file").write_text("hidden\n", encoding="utf-8")
    bundle.linux["maskedPaths"] = ["/proc/keys", "/sys/firmware", "/secret/file"]
    bundle.linux["readonlyPaths"] = ["/proc/sys"]


@pytest.mark.parametrize("link", ["/proc/sys", "/proc", "/sys", "/sys/firmware", "/proc/keys", "/secret/file"])
def test_a_container_that_puts_a_link_in_place_of_a_mount(rt, bundle, outside, link):
    """It may rename the directories above its mounts: a change must not reach another mount by a link there."""
    mask(bundle)
    name = rt.launch(bundle.payload("sleep"))
    add(rt, name, bind("/vol/data", outside, "ro")).ok()
    (bundle.rootfs / "vol").rename(bundle.rootfs / "vol2")
    (bundle.rootfs / "vol").mkdir()
    (bundle.rootfs / "vol/data").symlink_to(link)
    before = inside(rt, name)
    add(rt, name, {"destination": "/vol/data", "options": ["bind", "remount", "rw"]}).failed("symbolic link")
    add(rt, name, {"destination": "/vol/data", "type": "tmpfs", "options": ["remount", "rw"]}
        ).failed("symbolic link")
    remove(rt, name, "/vol/data").failed("symbolic link")
    assert inside(rt, name) == before
    remove(rt, name, "/vol2/data").ok()


def test_a_container_that_moves_a_mask(rt, bundle, outside):
    mask(bundle)
    name = rt.launch(bundle.payload("sleep"))
    add(rt, name, bind("/vol/file", outside / "marker")).ok()
    (bundle.rootfs / "vol").rename(bundle.rootfs / "vol2")
    (bundle.rootfs / "secret").rename(bundle.rootfs / "vol")
    before = inside(rt, name)
    remove(rt, name, "/vol/file").failed("masked path")
    add(rt, name, {"destination": "/vol/file", "options": ["bind", "remount", "rw"]}).failed("masked path")
    assert inside(rt, name) == before
    assert probe(rt, name, "read:/vol/file")[0].get("data", "") == ""


@pytest.mark.parametrize("mount, uncovered", [
    ({"destination": "/proc", "type": "proc", "source": "proc"}, "/proc/keys"),
    ({"destination": "/sys", "type": "sysfs", "source": "sysfs"}, "/sys/firmware"),
    ({"destination": "/a/../secret/", "type": "tmpfs"}, "/secret/file"),
])
def test_what_would_uncover_a_mask(rt, bundle, mount, uncovered):
    mask(bundle)
    name = rt.launch(bundle.payload("sleep"))
    before = inside(rt, name)
    add(rt, name, mount).failed("would uncover", uncovered)
    assert inside(rt, name) == before


def test_what_would_uncover_a_read_only_path(rt, bundle):
    bundle.linux["maskedPaths"] = []
    bundle.linux["readonlyPaths"] = ["/proc/sys"]
    name = rt.launch(bundle.payload("sleep"))
    add(rt, name, {"destination": "/proc", "type": "proc", "source": "proc"}).failed("readonlyPaths", "/proc/sys")


@pytest.mark.parametrize("path", ["/proc", "/sys", "/sys/firmware"])
def test_what_keeps_a_container_from_the_host_is_not_remounted(rt, bundle, path):
    mask(bundle)
    name = rt.launch(bundle.payload("sleep"))
    before = inside(rt, name)
    add(rt, name, {"destination": path, "options": ["bind", "remount", "rw"]}).failed("stay as they are")
    assert inside(rt, name) == before


def test_links_of_the_container_stay_in_it(rt, running, bundle, outside):
    """Its processes may make any link; what is mounted lands inside."""
    (bundle.rootfs / "escape").symlink_to("/proc/1/root/../../" + str(outside).lstrip("/"))
    (bundle.rootfs / "up").symlink_to("../../../../.." + str(outside))
    add(rt, running, tmpfs("/up/new")).ok()
    assert not any(str(outside) in line and "/new" in line for line in hostview.mounts())
    assert (bundle.rootfs / str(outside).lstrip("/") / "new").is_dir()
    rt.call("mounts", "add", running, "-", stdin=json.dumps(tmpfs("/escape/new")).encode())
    assert sorted(os.listdir(outside)) == ["marker", "ptmx"]


def test_a_container_that_swaps_the_target(rt, bundle, outside):
    """CVE-2021-30465 at run time: a directory and a link change places while mounts are added."""
    (bundle.rootfs / "vol/a").mkdir(parents=True)
    (bundle.rootfs / "vol/b").symlink_to(outside)
    name = rt.launch(bundle.payload("sleep"))
    stop = threading.Event()

    def swap():
        one, two = (str(bundle.rootfs / "vol" / n).encode() for n in "ab")
        while not stop.is_set():
            hostview.LIBC.renameat2(-100, one, -100, two, 2)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(20):
            add(rt, name, tmpfs("/vol/a/target"))
    finally:
        stop.set()
        thread.join()
    assert not any(str(outside) in line.split()[4] for line in hostview.mounts())


def test_host_is_as_before(rt, running, outside):
    before = hostview.mounts()
    add(rt, running, bind("/data", outside, "ro"), tmpfs("/t")).ok()
    assert hostview.mounts() == before
    assert [pid for pid, (_, what) in hostview.children().items() if "ocikit-init" in what] == []


def test_without_a_mount_namespace(rt, bundle, outside):
    bundle.namespace("mount", False)
    bundle.config["mounts"] = []
    for member in ("maskedPaths", "readonlyPaths"):
        bundle.linux.pop(member, None)
    bundle.config["root"]["readonly"] = False
    name = rt.launch(bundle.args("/bin/payload", "sleep"))
    add(rt, name, bind("/data", outside)).failed("mount namespace")
    rt.delete(name, "--force")


@pytest.mark.parametrize("arguments", [(), ("add",), ("add", "ID"), ("nonsense", "ID", "-"),
                                       ("add", "ID", "-", "more"), ("remove", "ID")])
def test_wrong_calls(rt, running, arguments):
    rt.call("mounts", *[running if word == "ID" else word for word in arguments]).ok(2)


def test_help(rt):
    text = rt.call("mounts", "--help").ok().out
    assert "mounts remove ID" in text and "Examples:" in text


def test_completion(rt, running):
    script = os.path.join(os.path.dirname(__file__), "../../cli/completion/ocikit.bash")
    root = str(rt.root)

    def complete(*words):
        listed = " ".join(f"'{word}'" for word in (rt.path, "--root", root, *words))
        done = subprocess.run(["bash", "-c", f"complete() {{ :; }}; . {script}; COMP_WORDS=({listed});"
                               f"COMP_CWORD={len(words) + 2}; _ocikit; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
                              capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert complete("mounts", "") == ["add", "remove"]
    assert complete("mounts", "add", "") == [running]
    assert "mounts" in complete("mou")
