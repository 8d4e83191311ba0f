# SPDX-License-Identifier: Apache-2.0
"""What all commands share, as callers of runc use it: global options, log, versions, probes, state, list."""
import datetime
import json
import os
import pwd
import re
import subprocess

import pytest

import bundles
import hostview


def plain(rt, *args, **options):
    """The command without --root."""
    return subprocess.run([rt.path, *map(str, args)], capture_output=True, check=False, timeout=20, **options)


@pytest.mark.parametrize("form", ["--root={}", "-root={}", "--root {}", "-root {}", "--root /nowhere --root={}",
                                  "--log-format json --root {} --log-format text --log-format=json"])
def test_spellings_of_globals(rt, bundle, form):
    name = rt.create(bundle)
    done = plain(rt, *form.format(rt.root).split(), "state", name)
    assert json.loads(done.stdout)["id"] == name


@pytest.mark.parametrize("value", ["true", "false", "auto"])
def test_rootless_is_accepted(rt, bundle, value):
    name = rt.create(bundle)
    done = plain(rt, "--root", rt.root, "--rootless", value, "state", name)
    assert done.returncode == 0


@pytest.mark.ocikit
@pytest.mark.parametrize("arguments", [["--rootless", "maybe"], ["--rootless="], ["--log-format", "xml"], ["--root", ""],
                                       ["--nosuch"], ["--root"], ["--debug=perhaps"]])
def test_wrong_globals(rt, arguments):
    done = plain(rt, *arguments, "list") if len(arguments) > 1 or "=" in arguments[0] else plain(rt, *arguments)
    assert done.returncode == 2 and done.stderr


@pytest.mark.ocikit
@pytest.mark.version_1
def test_systemd_driver_needs_version_2_alone(rt, bundle):
    """Where there is no bus that is what is said, before the groups are looked at."""
    done = plain(rt, "--root", rt.root, "--systemd-cgroup", "create", "-b", str(bundle), rt.new_id())
    assert done.returncode == 1
    assert b"need version 2 of them alone" in done.stderr or b"message bus" in done.stderr
    rt.assert_clean()


def read_log(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_json_log_of_a_failure_is_one_object(rt, bundle, tmp_path, debug):
    """podman reads the whole file as one object, containerd the last error of the stream."""
    if debug and not os.path.basename(rt.path).startswith("ocikit"):
        pytest.skip("runc writes more with --debug")
    log = tmp_path / "log.json"
    bundle.config["process"]["args"] = ["/no/such/program"]
    done = plain(rt, "--root", rt.root, "--log", log, "--log-format", "json", *debug, "run", "-b", str(bundle),
                 rt.new_id())
    assert done.returncode != 0
    entry = json.loads(log.read_text(encoding="utf-8"))
    assert set(entry) == {"level", "msg", "time"} and entry["level"] == "error"
    assert "no such file or directory" in entry["msg"] or "executable file not found" in entry["msg"]
    datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00"))
    assert b"program" in done.stderr, "and on standard error too"


def test_log_is_appended_to(rt, tmp_path):
    log = tmp_path / "log.json"
    for _ in range(2):
        plain(rt, "--root", rt.root, "--log", log, "--log-format", "json", "state", "nobody")
    assert [entry["level"] for entry in read_log(log)] == ["error", "error"]
    assert all("does not exist" in entry["msg"] for entry in read_log(log))


def test_text_log(rt, tmp_path):
    log = tmp_path / "log"
    plain(rt, "--root", rt.root, "--log", log, "state", "nobody")
    assert re.fullmatch(r'time="[^"]+" level=error msg="[^\n]*does not exist[^\n]*"\n',
                        log.read_text(encoding="utf-8"))


@pytest.mark.ocikit
@pytest.mark.parametrize("option", ["--version", "-v", "-version"])
def test_version(rt, option):
    """Old callers split it into exactly three lines."""
    lines = plain(rt, option).stdout.decode().splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"ocikit version \d+\.\d+\.\d+", lines[0])
    assert lines[1].startswith("commit: ") and lines[2] == "spec: 1.3.0"


@pytest.mark.ocikit
def test_probes_for_checkpoints_learn_that_there_are_none(rt, bundle):
    """podman: `checkpoint --help` fails, and `restore --lsm-mount-context` does not ask for an argument."""
    assert plain(rt, "checkpoint", "--help").returncode != 0
    done = plain(rt, "restore", "--lsm-mount-context")
    assert done.returncode == 1
    assert b"needs an argument" not in done.stderr and b"requires an argument" not in done.stderr
    name = rt.launch(bundle.payload("sleep"))
    for arguments in (["checkpoint", "--image-path", "/tmp/x", name], ["restore", "-b", bundle, "other"],
                      ["help", "checkpoint"]):
        rt.call(*arguments).ok(1).failed("not supported")
    assert rt.status(name) == "running"
    assert "checkpoint" not in rt.call("help").ok().out


@pytest.mark.ocikit
def test_default_state_directory_of_a_user(rt, tmp_path):
    runtime_dir = tmp_path / "xdg"
    runtime_dir.mkdir()
    os.chown(runtime_dir, 4242, 4242)
    (runtime_dir / "ocikit").mkdir(mode=0o700)
    os.chown(runtime_dir / "ocikit", 4242, 4242)
    (runtime_dir / "ocikit/not-a-record").mkdir()
    os.chown(runtime_dir / "ocikit/not-a-record", 4242, 4242)
    options = {"user": 4242, "group": 4242, "extra_groups": []}
    program = tmp_path / "ocikit"
    script = f'exec "{program}" list -q'
    for source in (rt.path,):
        subprocess.run(["cp", "-L", source, program], check=True)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime_dir),
                   "LD_LIBRARY_PATH": ":".join(os.path.join(os.path.dirname(rt.path), "..", part)
                                               for part in ("libcontainer", "libspec"))}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, check=False, **options)
    if b"cannot open shared object" in done.stderr:
        pytest.skip("the build's libraries are in a folder that only root may read")
    assert done.stdout == b"not-a-record\n", done.stderr


def test_created_is_a_time_with_nanoseconds(rt, bundle):
    before = datetime.datetime.now(datetime.timezone.utc)
    name = rt.create(bundle)
    text = rt.state(name)["created"]
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{1,9})Z", text)
    assert match, text
    made = datetime.datetime.fromisoformat(match[1] + "+00:00")
    assert abs((made - before).total_seconds()) < 5
    rt.start(name)
    assert rt.state(name)["created"] == text


@pytest.mark.proves("/annotations")
def test_list_has_the_state_of_each(rt, bundle, make_bundle):
    bundle.config["annotations"] = {"org.example.key": 'a "value"\n'}
    names = sorted([rt.create(bundle), rt.launch(make_bundle().payload("sleep")),
                    rt.launch(make_bundle().payload("exit", "0"))])
    rt.wait(names[2])
    listed = {item["id"]: item for item in rt.call("list", "--format", "json").json()}
    assert sorted(listed) == names
    for name in names:
        state = rt.state(name)
        assert listed[name].pop("owner") == pwd.getpwuid(os.geteuid()).pw_name
        state.pop("owner")
        assert listed[name] == state
    assert [listed[name]["status"] for name in names] == ["created", "running", "stopped"]


def test_list_as_a_table(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    lines = rt.call("list").ok().out.splitlines()
    assert lines[0].split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert lines[1].split() == [name, str(rt.pid(name)), "running", str(bundle.path), rt.state(name)["created"],
                                pwd.getpwuid(os.geteuid()).pw_name]
    assert rt.call("list", "-q").ok().out == f"{name}\n"
    rt.call("list", "-f", "yaml").failed("")


def test_list_of_nothing(rt):
    assert not rt.call("list", "-f", "json").json()
    assert rt.call("list", "-q").ok().out == ""


@pytest.mark.ocikit
def test_owner_without_a_name(rt, bundle):
    """A user id that the host has no name for."""
    name = rt.create(bundle)
    record = rt.root / name / "record.json"
    record.write_text(re.sub(r'"owner": *0', '"owner": 54321', record.read_text(encoding="utf-8")), encoding="utf-8")
    assert rt.call("list", "-f", "json").json()[0]["owner"] == "#54321"


def rootless_spec(rt, tmp_path, **options):
    directory = tmp_path / "rootless"
    directory.mkdir()
    directory.chmod(0o777)
    done = plain(rt, "spec", "--rootless", "-b", directory, **options)
    assert done.returncode == 0, done.stderr
    return json.loads((directory / "config.json").read_text(encoding="utf-8"))


def test_rootless_spec(rt, tmp_path):
    config = rootless_spec(rt, tmp_path)
    assert "user" in {item["type"] for item in config["linux"]["namespaces"]}
    for key in ("uidMappings", "gidMappings"):
        assert config["linux"][key] == [{"containerID": 0, "hostID": 0, "size": 1}]
    assert "resources" not in config["linux"]
    assert not [option for item in config["mounts"] for option in item.get("options", []) if "gid=" in option]


def test_rootless_spec_runs(rt, rootfs, tmp_path):
    config = rootless_spec(rt, tmp_path)
    config["process"].update(terminal=False, args=["/bin/true"])
    rt.run(bundles.Bundle(tmp_path / "b", config, rootfs)).ok()
    hostview.reap()


@pytest.mark.ocikit
@pytest.mark.proves("/ociVersion")
@pytest.mark.parametrize("version", ["1.0.0", "1.0.2-dev", "1.1.0"])
def test_version_of_the_configuration_is_in_the_state(rt, bundle, version):
    bundle.config["ociVersion"] = version
    name = rt.create(bundle)
    assert rt.state(name)["ociVersion"] == version


@pytest.mark.ocikit
@pytest.mark.proves("/ociVersion")
@pytest.mark.parametrize("version", ["2.0.0", "0.9.0", "1", "", "one"])
def test_version_that_is_not_known(rt, bundle, version):
    bundle.config["ociVersion"] = version
    rt.call("create", "-b", bundle, rt.new_id()).failed("/ociVersion")
    rt.assert_clean()
