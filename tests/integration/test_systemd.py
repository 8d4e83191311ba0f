# SPDX-License-Identifier: Apache-2.0
"""--systemd-cgroup with a systemd that runs this host, as in the test bed's profile of that name."""
import json
import os
import subprocess

import pytest

import groups
import hostview

SIZE = 64 << 20

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/run/systemd/system") or not groups.unified(),
                       reason="this host is not run by systemd with version 2 of control groups"),
]


@pytest.fixture
def systemd(rt):
    """The runtime, with the option before every command."""
    rt.globals = ["--systemd-cgroup"]
    return rt


@pytest.fixture
def parent(systemd):
    """The beginning of a slice's name.  systemd keeps the slices that a scope needed; here they end with the test."""
    name = systemd.token.replace("-", "")
    yield name
    for entry in systemd.entries():
        systemd.call("delete", "-f", entry)
    subprocess.run(["systemctl", "stop", f"{name}.slice"], check=False)


@pytest.fixture
def named(systemd, bundle, parent):
    """A bundle whose scope is known, and that scope's name."""
    scope = f"{systemd.token}-web.scope"
    bundle.linux["cgroupsPath"] = f"{parent}-test.slice:{systemd.token}:web"
    return bundle, scope


def show(unit, *names):
    out = subprocess.run(["systemctl", "show", unit, "-p", ",".join(names)], check=True, capture_output=True,
                         text=True).stdout
    found = {}
    for line in out.splitlines():
        name, _, value = line.partition("=")
        found.setdefault(name, []).append(value)
    return {name: " ".join(values) for name, values in found.items()}


def is_loaded(unit):
    return show(unit, "ActiveState")["ActiveState"] not in ("inactive", "failed")


def folder(scope):
    parent = scope.removesuffix("-web.scope").replace("-", "")
    return f"/sys/fs/cgroup/{parent}.slice/{parent}-test.slice/{scope}"


def held(scope, file):
    with open(f"{folder(scope)}/{file}", encoding="ascii") as opened:
        return opened.read().strip()


@pytest.mark.proves("/linux/cgroupsPath")
def test_scope_and_slice(systemd, named, parent):
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    found = show(scope, "Slice", "ControlGroup", "Delegate", "ActiveState", "Description", "DefaultDependencies")
    assert found["Slice"] == f"{parent}-test.slice"
    assert found["ControlGroup"] == f"/{parent}.slice/{parent}-test.slice/{scope}"
    assert (found["Delegate"], found["ActiveState"], found["DefaultDependencies"]) == ("yes", "active", "no")
    if systemd.is_ocikit:
        assert name in found["Description"]
    assert held(scope, "cgroup.procs").split() == [str(systemd.pid(name))]
    systemd.stop(name)
    systemd.delete(name)
    hostview.until(lambda: not is_loaded(scope))
    assert not os.path.exists(folder(scope))


@pytest.mark.ocikit
def test_name_without_a_path(systemd, bundle):
    bundle.linux.pop("cgroupsPath", None)
    name = systemd.launch(bundle.payload("sleep"))
    assert show(f"ocikit-{name}.scope", "Slice")["Slice"] == "system.slice"
    with open(f"/proc/{systemd.pid(name)}/cgroup", encoding="ascii") as file:
        assert file.read().strip() == f"0::/system.slice/ocikit-{name}.scope"


def test_limits_are_properties_and_files(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {
        "memory": {"limit": SIZE, "swap": 2 * SIZE, "reservation": SIZE // 2}, "pids": {"limit": 20},
        "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"}}
    systemd.launch(bundle.payload("sleep"))
    assert show(scope, "MemoryMax", "MemoryLow", "MemorySwapMax", "TasksMax", "CPUQuotaPerSecUSec", "AllowedCPUs",
                "AllowedMemoryNodes") == {
        "MemoryMax": str(SIZE), "MemoryLow": str(SIZE // 2), "MemorySwapMax": str(SIZE), "TasksMax": "20",
        "CPUQuotaPerSecUSec": "500ms", "AllowedCPUs": "0", "AllowedMemoryNodes": "0"}
    values = {"memory.max": str(SIZE), "memory.low": str(SIZE // 2), "memory.swap.max": str(SIZE), "pids.max": "20",
              "cpu.max": "50000 100000", "cpuset.cpus": "0", "cpuset.mems": "0"}
    assert {file: held(scope, file) for file in values} == values
    weight = held(scope, "cpu.weight")
    assert show(scope, "CPUWeight")["CPUWeight"] == weight
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert {file: held(scope, file) for file in values} == values
    assert held(scope, "cpu.weight") == weight


@pytest.mark.ocikit
def test_what_runc_does_not_tell_systemd(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {
        "blockIO": {"weight": 300}, "unified": {"memory.high": str(SIZE), "memory.oom.group": "1"},
        "cpu": {"idle": 1}}
    systemd.launch(bundle.payload("sleep"))
    assert show(scope, "MemoryHigh")["MemoryHigh"] == str(SIZE)
    assert show(scope, "CPUWeight")["CPUWeight"] == "idle"
    assert (held(scope, "cpu.idle"), held(scope, "memory.oom.group")) == ("1", "1")
    weight = show(scope, "IOWeight")["IOWeight"]
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert (held(scope, "cpu.idle"), held(scope, "memory.high")) == ("1", str(SIZE))
    assert f"default {weight}" in (held(scope, "io.weight"), "default [not set]")


def test_devices(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {"devices": [
        {"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"},
        {"allow": True, "type": "c", "major": 136, "access": "rwm"}]}
    bundle.linux["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229},
                               {"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]
    bundle.payload("sleep")
    name = systemd.launch(bundle)
    found = show(scope, "DevicePolicy", "DeviceAllow")
    assert found["DevicePolicy"] == "strict"
    assert "/dev/char/10:229 rw" in found["DeviceAllow"] and "char-pts rwm" in found["DeviceAllow"]
    result = systemd.exec(name, ["/bin/sh", "-c", "cat /dev/null && echo null; (: </dev/kmsg) || echo denied"])
    assert result.out.split() == ["null", "denied"]
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    result = systemd.exec(name, ["/bin/sh", "-c", "cat /dev/null && echo null; (: </dev/kmsg) || echo denied"])
    assert result.out.split() == ["null", "denied"]


def test_update(systemd, named):
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    systemd.call("update", "--memory", str(SIZE), "--pids-limit", "30", "--cpu-quota", "20000", name).ok()
    assert show(scope, "MemoryMax", "TasksMax", "CPUQuotaPerSecUSec") == {
        "MemoryMax": str(SIZE), "TasksMax": "30", "CPUQuotaPerSecUSec": "200ms"}
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert (held(scope, "memory.max"), held(scope, "pids.max")) == (str(SIZE), "30")


@pytest.mark.ocikit
def test_update_that_systemd_refuses(systemd, named):
    """Nothing of it is set then, whoever refuses."""
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    before = held(scope, "pids.max")
    systemd.call("update", "-r", "-", name, stdin=b'{"pids": {"limit": 9}, "unified": {"memory.max": "nonsense"}}'
                 ).failed("memory.max")
    assert held(scope, "pids.max") == before
    assert show(scope, "TasksMax")["TasksMax"] in (before, "infinity", str(2 ** 64 - 1))


@pytest.mark.ocikit
def test_annotations(systemd, named):
    bundle, scope = named
    bundle.config["annotations"] = {
        "org.systemd.property.TimeoutStopUSec": "uint64 5000000",
        "org.systemd.property.RuntimeMaxSec": "uint64 500",
        "org.systemd.property.OOMPolicy": "'continue'",
        "org.systemd.property.Documentation": "['man:ocikit(1)', 'https://example.org']"}
    systemd.launch(bundle.payload("sleep"))
    found = show(scope, "TimeoutStopUSec", "RuntimeMaxUSec", "OOMPolicy", "Documentation")
    assert found == {"TimeoutStopUSec": "5s", "RuntimeMaxUSec": "8min 20s", "OOMPolicy": "continue",
                     "Documentation": '"man:ocikit(1)" https://example.org'}


@pytest.mark.ocikit
@pytest.mark.parametrize("annotation, value, texts", [
    ("NoSuchProperty", "true", ["/annotations/org.systemd.property.NoSuchProperty", "start scope"]),
    ("TimeoutStopUSec", "'text'", ["/annotations/org.systemd.property.TimeoutStopUSec", "another type"]),
    ("MemoryMax", "5", ["/annotations/org.systemd.property.MemoryMax", "uint64"]),
    ("TimeoutStopSec", "'5s'", ["/annotations/org.systemd.property.TimeoutStopSec", "a number, of seconds"]),
    ("KillMode", "'bogus'", ["/annotations/org.systemd.property.KillMode", "systemd says"]),
    ("TimeoutStopUSec", "5 6", ["/annotations/org.systemd.property.TimeoutStopUSec"]),
    ("PIDs", "uint32 1", ["/annotations/org.systemd.property.PIDs", "the runtime's"]),
])
def test_annotations_that_are_wrong(systemd, named, annotation, value, texts):
    bundle, scope = named
    bundle.config["annotations"] = {f"org.systemd.property.{annotation}": value}
    systemd.run(bundle.payload("exit", "0")).failed(*texts)
    systemd.assert_clean()
    assert not is_loaded(scope)


@pytest.mark.ocikit
@pytest.mark.parametrize("path", ["/a/b", "a:b", "a:b:c", "a--b.slice:p:n", "a.slice:b:c:d", "a.slice:p:n.slice", "a b.slice:p:n"])
def test_paths_that_are_wrong(systemd, bundle, path):
    bundle.linux["cgroupsPath"] = path
    systemd.run(bundle.payload("exit", "0")).failed("/linux/cgroupsPath", "SLICE:PREFIX:NAME")
    systemd.call("plan", "-b", bundle).failed("/linux/cgroupsPath", "SLICE:PREFIX:NAME")


@pytest.mark.ocikit
def test_plan(systemd, named, parent):
    bundle, scope = named
    first = systemd.call("plan", "-b", bundle).ok().out.splitlines()[0]
    assert first.startswith(f'# systemd makes the scope "{scope}" in "{parent}-test.slice"')
    bundle.config["annotations"] = {"org.systemd.property.Description": "no quotes"}
    systemd.call("plan", "-b", bundle).failed("/annotations/org.systemd.property.Description")
    assert not is_loaded(scope)


@pytest.mark.ocikit
def test_one_of_several_annotations_is_of_another_type(systemd, named):
    bundle, _ = named
    bundle.config["annotations"] = {"org.systemd.property.MemoryHigh": "uint64 500000000",
                                    "org.systemd.property.MemoryMax": "5"}
    systemd.run(bundle.payload("exit", "0")).failed("/annotations: systemd cannot read the value of one of")
    systemd.assert_clean()


@pytest.mark.ocikit
def test_a_scope_that_is_there(systemd, named, make_bundle):
    """The container that has it goes on."""
    bundle, scope = named
    first = systemd.launch(bundle.payload("sleep"))
    second = make_bundle().payload("sleep")
    second.linux["cgroupsPath"] = bundle.linux["cgroupsPath"]
    systemd.call("create", "-b", second, systemd.new_id()).failed(scope, "systemctl stop")
    assert systemd.status(first) == "running"
    assert held(scope, "cgroup.procs").split() == [str(systemd.pid(first))]


def test_the_scope_ends_with_the_container(systemd, named):
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    systemd.stop(name)
    hostview.until(lambda: not is_loaded(scope))
    systemd.delete(name)


def test_systemd_stops_the_scope(systemd, named):
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    pid = systemd.pid(name)
    subprocess.run(["systemctl", "kill", "--signal=KILL", scope], check=True)
    assert hostview.wait_exit(pid) == -9
    assert systemd.status(name) == "stopped"
    systemd.delete(name)


def test_failed_create_leaves_no_scope(systemd, named):
    bundle, scope = named
    bundle.hook("createRuntime", "/bin/false")
    systemd.run(bundle.payload("exit", "0")).failed()
    systemd.assert_clean()
    assert not is_loaded(scope)


def test_exec_pause_and_ps(systemd, named):
    bundle, scope = named
    name = systemd.launch(bundle.payload("sleep"))
    systemd.exec(name, "-d", ["/bin/sleep", "1000"]).ok()
    assert len(held(scope, "cgroup.procs").split()) == 2
    systemd.call("pause", name).ok()
    assert systemd.status(name) == "paused" and held(scope, "cgroup.freeze") == "1"
    systemd.call("resume", name).ok()
    systemd.kill(name)
    # The first process of a pid namespace ends after the others were collected, which this process adopted.
    hostview.until(lambda: hostview.reap() or systemd.status(name) == "stopped")
    systemd.delete(name)
    hostview.until(lambda: not is_loaded(scope))


@pytest.mark.ocikit
def test_out_of_memory_leaves_no_failed_unit(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {"memory": {"limit": 16 << 20, "swap": 16 << 20}}
    bundle.args("/bin/sh", "-c", "x=a; while true; do x=$x$x; done")
    assert systemd.run(bundle).code != 0
    out = subprocess.run(["systemctl", "list-units", "--all", "--plain", "--no-legend", scope], check=True,
                         capture_output=True, text=True).stdout
    assert scope not in out


@pytest.mark.ocikit
def test_many_at_once(systemd, make_bundle):
    processes = []
    for _ in range(8):
        bundle = make_bundle().payload("exit", "5")
        processes.append(systemd.popen("run", "-b", bundle, systemd.new_id()))
    assert [process.wait(60) for process in processes] == [5] * 8


@pytest.mark.ocikit
@pytest.mark.parametrize("resources, files", [
    ({"cpu": {"quota": 33333, "period": 100000}}, {"cpu.max": ["33333 100000", "34000 100000"]}),
    ({"cpu": {"quota": 1000, "period": 200000}}, {"cpu.max": ["1000 200000", "2000 200000"]}),
    ({"unified": {"memory.max": "512M"}}, {"memory.max": [str(512 << 20)] * 2}),
    ({"unified": {"cpuset.cpus": "0-N"}}, {"cpuset.cpus": [None, None]}),
])
def test_limits_that_systemd_has_other_words_for(systemd, named, resources, files):
    """As they were asked for, or as systemd has them, which is never less."""
    bundle, scope = named
    bundle.linux["resources"] = resources
    systemd.launch(bundle.payload("sleep"))
    before = {name: held(scope, name) for name in files}
    assert all(None in values or before[name] in values for name, values in files.items()), before
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "set-property", "--runtime", scope, "TasksAccounting=yes"], check=True)
    after = {name: held(scope, name) for name in files}
    assert all(after[name] in ([before[name]] if values[1] is None else values) for name, values in files.items()), after


@pytest.mark.ocikit
def test_idle_no_longer(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {"cpu": {"idle": 1}}
    name = systemd.launch(bundle.payload("sleep"))
    systemd.call("update", "--cpu-idle", "0", name).ok()
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert held(scope, "cpu.idle") == "0" and show(scope, "CPUWeight")["CPUWeight"] == "100"


@pytest.mark.ocikit
def test_no_processes_at_all(systemd, named):
    bundle, scope = named
    bundle.config["ociVersion"] = "1.3.0"
    bundle.linux["resources"] = {"pids": {"limit": 0}}
    name = systemd.launch(bundle.payload("sleep"))
    # systemd has no 0; its 1 is the container's own process.
    assert held(scope, "pids.max") in ("0", "1")
    systemd.exec(name, ["/bin/true"]).failed("")


@pytest.mark.ocikit
def test_devices_can_be_allowed_again(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    bundle.linux["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}]
    name = systemd.launch(bundle.payload("sleep"))
    reads = ["/bin/sh", "-c", ": </dev/fuse"]
    assert systemd.exec(name, reads).code != 0
    systemd.call("update", "-r", "-", name, stdin=b'{"devices": [{"allow": true, "access": "rwm"}]}').ok()
    assert "char-* rwm" in show(scope, "DeviceAllow")["DeviceAllow"]
    systemd.exec(name, reads).ok()
    systemd.call("update", "-r", "-", name, stdin=json.dumps({"devices": [
        {"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"}]}).encode()).ok()
    assert "/dev/char/1:3" in show(scope, "DeviceAllow")["DeviceAllow"]
    assert systemd.exec(name, reads).code != 0


@pytest.mark.ocikit
def test_what_hooks_may_allow_is_not_denied_by_systemd(systemd, named):
    bundle, scope = named
    bundle.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    bundle.hook("createRuntime", "/bin/true")
    systemd.launch(bundle.payload("sleep"))
    assert show(scope, "DevicePolicy")["DevicePolicy"] == "auto"


@pytest.mark.ocikit
@pytest.mark.parametrize("path", ["system.slice::cpu", "{parent}.slice:_x:y", "memory.slice:{parent}:x"])
def test_names_that_could_be_files_of_a_group(systemd, bundle, parent, path):
    bundle.linux["cgroupsPath"] = path.format(parent=parent)
    name = systemd.launch(bundle.payload("sleep"))
    systemd.stop(name)
    systemd.delete(name)
    subprocess.run(["systemctl", "stop", "memory.slice"], check=False, capture_output=True)


@pytest.mark.ocikit
def test_features_name_the_annotations(systemd):
    assert "org.systemd.property." in systemd.call("features").json()["potentiallyUnsafeConfigAnnotations"]
