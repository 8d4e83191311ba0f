# SPDX-License-Identifier: Apache-2.0
"""update: options and documents, all or nothing, in every state."""
import json

import pytest

import groups

M = 1 << 20
V1 = groups.version


@pytest.fixture
def running(rt, bundle):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = {}
    return rt.launch(bundle.payload("sleep"))


def update(rt, name, **resources):
    return rt.call("update", "-r", "-", name, stdin=json.dumps(resources).encode())


def value(rt, controller, *files):
    return [groups.read(controller, rt.token, file) for file in files]


# options, controller, {file of version 1: value}
OPTIONS = [
    (["--memory", "64m"], "memory", {"memory.limit_in_bytes": str(64 * M)}),
    (["--memory", "100663296", "--memory-swap", "0.125g"], "memory",
     {"memory.limit_in_bytes": str(96 * M), "memory.memsw.limit_in_bytes": str(128 * M)}),
    (["--memory-reservation", "32MiB"], "memory", {"memory.soft_limit_in_bytes": str(32 * M)}),
    (["--cpu-share", "300"], "cpu", {"cpu.shares": "300"}),
    (["--cpu-period", "50000", "--cpu-quota", "20000"], "cpu",
     {"cpu.cfs_period_us": "50000", "cpu.cfs_quota_us": "20000"}),
    (["--cpu-rt-period", "500000", "--cpu-rt-runtime", "1000"], "cpu",
     {"cpu.rt_period_us": "500000", "cpu.rt_runtime_us": "1000"}),
    (["--cpuset-cpus", "0", "--cpuset-mems=0"], "cpuset", {"cpuset.cpus": "0", "cpuset.mems": "0"}),
    (["--blkio-weight", "200"], "blkio", {"blkio.bfq.weight": "200"}),
    (["--pids-limit", "33"], "pids", {"pids.max": "33"}),
    (["--pids-limit", "-1"], "pids", {"pids.max": "max"}),
]
# runc 1.1 lacks these.
NEWER = [
    (["--cpu-quota", "20000", "--cpu-burst", "10000"], "cpu",
     {"cpu.cfs_quota_us": "20000", "cpu.cfs_burst_us": "10000"}),
    (["--cpu-idle", "1"], "cpu", {"cpu.idle": "1"}),
    (["--kernel-memory-tcp", "64m"], "memory", {"memory.kmem.tcp.limit_in_bytes": str(64 * M)}),
    (["--memory", "-1"], "memory", {"memory.limit_in_bytes": "9223372036854771712"}),
]


def only_version_1(files):
    return any(".kmem." in file for file in files)


@pytest.mark.parametrize("options,controller,files", [
    *[pytest.param(*case, id=" ".join(case[0])) for case in OPTIONS],
    *[pytest.param(*case, id=" ".join(case[0]), marks=pytest.mark.ocikit) for case in NEWER]])
def test_options(rt, running, options, controller, files):
    """Set where the host has the controller in version 1, else refused with the property's name."""
    result = rt.call("update", *options, running)
    if V1(controller) == 1 and all(groups.parents_have(controller, rt.token, file) for file in files):
        result.ok()
        assert dict(zip(files, value(rt, controller, *files))) == files
    elif any(".rt_" in file for file in files) or (
            V1(controller) != 1 and options[-1] != "-1" and (not groups.has(controller) or only_version_1(files))):
        result.failed(": /")
    else:
        result.ok()


@pytest.mark.controller("memory")
def test_up_and_down(rt, running):
    """Memory, and memory and swap, in both directions: the kernel takes them in one order only."""
    if V1("memory") != 1:
        pytest.skip("memory is no controller of version 1 here")
    for limit, swap in ((64, 128), (256, 512), (32, 48), (48, 48), (1024, 1024), (32, 2048)):
        update(rt, running, memory={"limit": limit * M, "swap": swap * M}).ok()
        assert value(rt, "memory", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes") == [
            str(limit * M), str(swap * M)]


@pytest.mark.ocikit
@pytest.mark.controller("cpu")
def test_quota_period_burst_in_any_order(rt, running):
    if V1("cpu") != 1:
        pytest.skip("cpu is no controller of version 1 here")
    for quota, period, burst in ((50000, 100000, 50000), (5000, 10000, 1000), (90000, 100000, 80000),
                                 (1000, 1000, 0), (200000, 1000000, 200000), (2000, 2000, 2000)):
        update(rt, running, cpu={"quota": quota, "period": period, "burst": burst}).ok()
        assert value(rt, "cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us") == [
            str(quota), str(period), str(burst)]


@pytest.mark.ocikit
@pytest.mark.controller("cpu")
def test_idle_and_back_with_shares(rt, running):
    """An idle group takes no shares: idle goes first when it ends, last when it begins."""
    file = "cpu.shares" if V1("cpu") == 1 else "cpu.weight"
    update(rt, running, cpu={"idle": 1}).ok()
    update(rt, running, cpu={"idle": 0, "shares": 2048}).ok()
    found = value(rt, "cpu", "cpu.idle", file)
    assert found[0] == "0" and found[1] in ("2048", "174")
    update(rt, running, cpu={"idle": 1, "shares": 512}).ok()
    assert value(rt, "cpu", "cpu.idle") == ["1"]


@pytest.mark.ocikit
@pytest.mark.controller("cpu")
def test_failure_in_an_idle_group(rt, running):
    """Idle and shares come back together, in an order of their own, and nothing is said of it."""
    if V1("cpu") != 1:
        pytest.skip("cpu is no controller of version 1 here")
    update(rt, running, cpu={"idle": 1}).ok()
    before = value(rt, "cpu", "cpu.idle", "cpu.shares")
    result = update(rt, running, cpu={"idle": 0, "shares": 500, "cpus": "4000"})
    result.failed("/cpu/cpus")
    assert "could not" not in result.err
    assert value(rt, "cpu", "cpu.idle", "cpu.shares") == before
    update(rt, running, cpu={"idle": 0}).ok()
    update(rt, running, cpu={"shares": 77}).ok()
    update(rt, running, cpu={"idle": 1, "cpus": "4000"}).failed("/cpu/cpus")
    assert value(rt, "cpu", "cpu.idle", "cpu.shares") == ["0", "77"]
    update(rt, running, cpu={"idle": 0}).ok()
    assert value(rt, "cpu", "cpu.idle", "cpu.shares") == ["0", "77"]


@pytest.mark.ocikit
@pytest.mark.controller("memory", "cpu", "pids")
@pytest.mark.parametrize("bad", [
    {"cpu": {"quota": 7}}, {"cpu": {"cpus": "4000"}}, {"pids": {"limit": 1 << 62}},
    {"blockIO": {"throttleReadBpsDevice": [{"major": 250, "minor": 250, "rate": 1}]}},
    {"memory": {"kernel": 1 << 26}}, {"unified": {"memory.nosuch": "1"}},
    {"devices": [{"allow": True, "type": "x"}]}], ids=str)
def test_all_or_nothing(rt, running, bad):
    """One value that the kernel does not take, and the others are as they were."""
    if V1("memory") != 1:
        pytest.skip("the controllers are none of version 1 here")
    files = [("memory", "memory.limit_in_bytes"), ("memory", "memory.memsw.limit_in_bytes"),
             ("memory", "memory.soft_limit_in_bytes"), ("memory", "memory.swappiness"),
             ("memory", "memory.oom_control"), ("cpu", "cpu.shares"), ("cpu", "cpu.cfs_quota_us"),
             ("cpu", "cpu.cfs_period_us"), ("cpuset", "cpuset.cpus"), ("pids", "pids.max"),
             ("blkio", "blkio.throttle.write_bps_device"), ("devices", "devices.list")]
    first = {"memory": {"limit": 64 * M, "swap": 128 * M, "reservation": 32 * M, "swappiness": 20},
             "cpu": {"shares": 700, "quota": 50000, "period": 100000}, "pids": {"limit": 44},
             "devices": [{"allow": False}]}
    update(rt, running, **first).ok()
    before = [groups.read(controller, rt.token, file) for controller, file in files]
    second = {"memory": {"limit": 256 * M, "swap": 512 * M, "reservation": 16 * M, "swappiness": 50,
                         "disableOOMKiller": True},
              "cpu": {"shares": 900, "quota": 10000, "period": 20000}, "pids": {"limit": 55},
              "devices": [{"allow": True, "type": "a"}]}
    for key, part in bad.items():
        second[key] = {**second.get(key, {}), **part} if isinstance(part, dict) else part
    result = update(rt, running, **second)
    result.failed(f"/{next(iter(bad))}")
    assert [groups.read(controller, rt.token, file) for controller, file in files] == before
    assert rt.status(running) == "running"


@pytest.mark.ocikit
@pytest.mark.controller("pids")
def test_in_each_state(rt, bundle):
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = {}
    name = rt.create(bundle.payload("sleep"))
    pid = rt.pid(name)
    for limit in (30, 31):
        update(rt, name, pids={"limit": limit}).ok()
        assert value(rt, "pids", "pids.max") == [str(limit)]
        if limit == 30:
            rt.start(name)
    rt.pids[name] = pid
    rt.stop(name)
    update(rt, name, pids={"limit": 32}).failed("not running")
    rt.delete(name)


@pytest.mark.ocikit
@pytest.mark.controller("pids", "freezer")
def test_while_paused(rt, running):
    state = groups.folder("freezer", rt.token) / "freezer.state"
    state.write_text("FROZEN", encoding="ascii")
    update(rt, running, pids={"limit": 32}).ok()
    assert value(rt, "pids", "pids.max") == ["32"]
    state.write_text("THAWED", encoding="ascii")
    rt.stop(running)


@pytest.mark.controller("pids")
def test_resources_of_a_file(rt, running, tmp_path):
    path = tmp_path / "resources.json"
    path.write_text('{"pids": {"limit": 77}}', encoding="ascii")
    rt.call("update", "--resources", str(path), running).ok()
    assert value(rt, "pids", "pids.max") == ["77"]


@pytest.mark.ocikit
@pytest.mark.controller("pids")
def test_a_file_takes_the_place_of_options(rt, running):
    """As callers of runc expect, but not in silence."""
    result = rt.call("update", "-r", "-", "--pids-limit", "5", running, stdin=b'{"pids": {"limit": 78}}').ok()
    assert "place of all other options" in result.err
    assert value(rt, "pids", "pids.max") == ["78"]


@pytest.mark.ocikit
@pytest.mark.parametrize("text,words", [
    (b"", "resources:1"), (b"[]", "resources:1:1"), (b'{"pids": {"limit": "x"}}', "/pids/limit"),
    (b'{"memory": {"limit": 1}, "memory": {}}', "/memory"), (b'{"pids": {"limit": 3}} x', "resources:1"),
    (b'{"cpu": {"cpus": "\xff"}}', "resources:1"), (b"{" * 5000, "resources:1")])
def test_bad_documents(rt, running, text, words):
    rt.call("update", "-r", "-", running, stdin=text).failed(words)


@pytest.mark.ocikit
@pytest.mark.parametrize("options,code,words", [
    ([], 2, "no limit"), (["--memory", "1x"], 2, "size"), (["--memory", ""], 2, "size"),
    (["--memory", "0"], 2, "--memory 0 asks for nothing"), (["--memory-swap", "0k"], 2, "-1 for no limit"),
    (["--memory-reservation", "0"], 2, "nothing"), (["--kernel-memory", "0"], 2, "nothing"),
    (["--kernel-memory-tcp", "0"], 2, "nothing"), (["--cpu-quota", "0"], 2, "-1 for no limit"),
    (["--cpu-period", "0"], 2, "leave it out"), (["--cpu-share", "0"], 2, "nothing"),
    (["--cpu-rt-period", "0"], 2, "nothing"), (["--blkio-weight", "0"], 2, "nothing"),
    (["--cpuset-cpus", ""], 2, '--cpuset-cpus "" asks for nothing'), (["--cpuset-mems", ""], 2, "nothing"),
    (["--l3-cache-schema", ""], 2, "nothing"), (["--mem-bw-schema", ""], 2, "nothing"),
    (["--memory", "9999999p"], 2, "size"), (["--pids-limit", "-2"], 2, "pids-limit"),
    (["--cpu-idle", "2"], 2, "0 or 1"), (["--cpu-share", "1.5"], 2, "number"),
    (["--blkio-weight", "9"], 1, "/blockIO/weight"), (["--blkio-weight", "1001"], 2, "1000"),
    (["--l3-cache-schema", "L3:0=f"], 1, "no resctrl group"),
    (["--mem-bw-schema", "MB:0=20"], 1, "no resctrl group"),
    (["--cpuset-cpus", 'a"b'], 1, "/cpu/cpus"), (["--nosuch", "1"], 2, "unknown option"),
    (["-r", "/nosuch/file"], 1, "cannot be opened"), (["--memory"], 2, "flag needs an argument")])
def test_bad_options(rt, running, options, code, words):
    result = rt.call("update", running, *options) if options == ["--memory"] else \
        rt.call("update", *options, running)
    assert result.code == code and words in result.err, result


@pytest.mark.ocikit
@pytest.mark.parametrize("options", [["--cpu-burst", "0"], ["--cpu-idle", "0"], ["--pids-limit", "0"]])
def test_0_as_a_value(rt, running, options):
    rt.call("update", *options, running).ok()


@pytest.mark.ocikit
@pytest.mark.controller("memory", "cpu")
def test_what_asks_for_nothing_in_a_document(rt, running):
    """It stays, and everything else is set."""
    update(rt, running, memory={"limit": 64 * M}, cpu={"shares": 200}).ok()
    update(rt, running, memory={"limit": 0}, cpu={"shares": 300, "cpus": "", "quota": 0}).ok()
    memory = ["memory.limit_in_bytes"] if V1("memory") == 1 else ["memory.max"]
    assert value(rt, "memory", *memory) == [str(64 * M)]
    if V1("cpu") == 1:
        assert value(rt, "cpu", "cpu.shares") == ["300"]


@pytest.mark.ocikit
def test_no_such_container(rt):
    rt.call("update", "--pids-limit", "3", "nosuch").failed("does not exist")


@pytest.mark.ocikit
@pytest.mark.controller("memory")
def test_below_what_is_in_use(rt, running):
    if V1("memory") != 1:
        pytest.skip("memory is no controller of version 1 here")
    rt.call("update", "--memory", "4k", running).failed("/memory/limit", "more memory is in use")


def test_help_names_every_option_of_runc(rt):
    text = rt.call("update", "--help").ok().out
    names = "resources blkio-weight cpu-period cpu-quota cpu-share cpu-rt-period cpu-rt-runtime cpuset-cpus " \
            "cpuset-mems memory memory-reservation memory-swap pids-limit l3-cache-schema mem-bw-schema"
    assert not [name for name in names.split() if f"--{name}" not in text]
