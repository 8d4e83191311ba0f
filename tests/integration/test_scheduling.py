# SPDX-License-Identifier: Apache-2.0
"""process.scheduler, ioPriority, execCPUAffinity, security labels; linux.memoryPolicy, personality.

Marked ocikit where the peers' versions are older than the property.
"""
import json
import os
import pathlib
import secrets

import pytest

import hostview

POLICIES = {"SCHED_OTHER": 0, "SCHED_FIFO": 1, "SCHED_RR": 2, "SCHED_BATCH": 3, "SCHED_IDLE": 5,
            "SCHED_DEADLINE": 6}
MODES = {"MPOL_DEFAULT": 0, "MPOL_PREFERRED": 1, "MPOL_BIND": 2, "MPOL_INTERLEAVE": 3,
         "MPOL_LOCAL": 4, "MPOL_PREFERRED_MANY": 5, "MPOL_WEIGHTED_INTERLEAVE": 6}
V2_VIEW = ["unshare", "-m", "--propagation", "private", "sh", "-c",
           'umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec "$@"', "x"]
CPU_GROUPS = pathlib.Path("/sys/fs/cgroup/cpu")


def scheduling(rt, bundle, *options):
    return rt.report(bundle.payload("scheduling"), *options)


@pytest.fixture
def real_time(rt, bundle):
    """On cgroup version 1 a group has real-time CPU only where it was given some."""
    if not (CPU_GROUPS / "cpu.rt_runtime_us").exists():
        yield
        return
    outer = CPU_GROUPS / f"{rt.token}-rt"
    inner = outer / "inner"
    inner.mkdir(parents=True)
    for group in (outer, inner):
        (group / "cpu.rt_runtime_us").write_text("1000", encoding="utf-8")
    bundle.linux["cgroupsPath"] = f"/{outer.name}/inner"
    yield
    for group in (inner, outer):
        group.rmdir()


@pytest.fixture
def executed(rt, bundle):
    """scheduling() of a process that exec adds, with this process object changed."""
    name = rt.launch(bundle.payload("sleep"))

    def run(**changes):
        document = {**bundle.process, "args": ["/bin/payload", "scheduling"], **changes}
        path = pathlib.Path(bundle.path) / "process.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return rt.call("exec", "--process", path, name)

    return run


@pytest.mark.ocikit
@pytest.mark.proves("/process/scheduler", "/process/scheduler/policy", "/process/scheduler/nice")
@pytest.mark.parametrize("policy,nice", [("SCHED_OTHER", 0), ("SCHED_OTHER", 19),
                                         ("SCHED_OTHER", -20), ("SCHED_BATCH", 7),
                                         ("SCHED_IDLE", 0)])
def test_fair_policies(rt, bundle, policy, nice):
    bundle.process["scheduler"] = {"policy": policy, "nice": nice}
    got = scheduling(rt, bundle)
    assert (got["policy"], got["nice"], got["flags"]) == (POLICIES[policy], nice, 0)


@pytest.mark.ocikit
@pytest.mark.proves("/process/scheduler/priority", "/process/scheduler/flags")
@pytest.mark.parametrize("policy", ["SCHED_FIFO", "SCHED_RR"])
@pytest.mark.parametrize("priority", [1, 99])
def test_real_time_policies(rt, bundle, real_time, policy, priority):
    bundle.process["scheduler"] = {"policy": policy, "priority": priority,
                                   "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    got = scheduling(rt, bundle)
    assert (got["policy"], got["priority"], got["flags"]) == (POLICIES[policy], priority, 1)


@pytest.mark.ocikit
@pytest.mark.proves("/process/scheduler/runtime", "/process/scheduler/deadline",
                    "/process/scheduler/period")
def test_deadline(rt, bundle, real_time):
    numbers = {"runtime": 1_000_000, "deadline": 20_000_000, "period": 50_000_000}
    bundle.process["scheduler"] = {"policy": "SCHED_DEADLINE", **numbers}
    got = scheduling(rt, bundle)
    assert got["policy"] == POLICIES["SCHED_DEADLINE"]
    assert {name: got[name] for name in numbers} == numbers


@pytest.mark.ocikit
def test_scheduler_in_a_user_namespace(rt, bundle):
    """The container's own rights would not do for a better nice value."""
    bundle.user_namespace()
    bundle.process["scheduler"] = {"policy": "SCHED_OTHER", "nice": -11,
                                   "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    bundle.process["ioPriority"] = {"class": "IOPRIO_CLASS_RT", "priority": 2}
    got = scheduling(rt, bundle)
    assert (got["nice"], got["flags"]) == (-11, 1)
    assert (got["io_class"], got["io_level"]) == (1, 2)


@pytest.mark.ocikit
def test_scheduler_of_exec(executed):
    got = executed(scheduler={"policy": "SCHED_BATCH", "nice": 5},
                   ioPriority={"class": "IOPRIO_CLASS_IDLE", "priority": 0}).json()
    assert (got["policy"], got["nice"], got["io_class"]) == (3, 5, 3)


@pytest.mark.ocikit
def test_exec_in_a_user_namespace(rt, bundle, tmp_path):
    name = rt.launch(bundle.user_namespace().payload("sleep"))
    document = {**bundle.process, "args": ["/bin/payload", "scheduling"],
                "scheduler": {"policy": "SCHED_OTHER", "nice": -3},
                "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}}
    path = tmp_path / "process.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    got = rt.call("exec", "--process", path, name).json()
    assert (got["nice"], got["io_class"], got["io_level"]) == (-3, 1, 1)


@pytest.mark.ocikit
@pytest.mark.parametrize("scheduler,place", [
    ({"policy": "SCHED_ISO"}, "/process/scheduler/policy"),
    ({"policy": "SCHED_NOPE"}, "/process/scheduler/policy"),
    ({}, "/process/scheduler"),
    ({"policy": "SCHED_OTHER", "nice": 20}, "/process/scheduler/nice"),
    ({"policy": "SCHED_OTHER", "nice": -21}, "/process/scheduler/nice"),
    ({"policy": "SCHED_OTHER", "nice": 99999999999}, "/process/scheduler/nice"),
    ({"policy": "SCHED_FIFO", "nice": 1, "priority": 1}, "/process/scheduler/nice"),
    ({"policy": "SCHED_OTHER", "priority": 1}, "/process/scheduler/priority"),
    ({"policy": "SCHED_FIFO"}, "/process/scheduler/priority"),
    ({"policy": "SCHED_RR", "priority": 100}, "/process/scheduler/priority"),
    ({"policy": "SCHED_OTHER", "runtime": 5000}, "/process/scheduler"),
    ({"policy": "SCHED_DEADLINE"}, "/process/scheduler/runtime"),
    ({"policy": "SCHED_DEADLINE", "runtime": 1023, "deadline": 5000}, "/process/scheduler/runtime"),
    ({"policy": "SCHED_DEADLINE", "runtime": 5000}, "/process/scheduler/deadline"),
    ({"policy": "SCHED_DEADLINE", "runtime": 5000, "deadline": 4000},
     "/process/scheduler/deadline"),
    ({"policy": "SCHED_DEADLINE", "runtime": 5000, "deadline": 6000, "period": 5500},
     "/process/scheduler/period"),
    ({"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_NOPE"]}, "/process/scheduler/flags/0"),
])
def test_schedulers_that_contradict_themselves(rt, bundle, scheduler, place):
    bundle.process["scheduler"] = scheduler
    rt.run(bundle).failed(place)
    rt.assert_clean()


@pytest.mark.ocikit
def test_deadline_with_hooks_that_it_cannot_start(rt, bundle):
    bundle.process["scheduler"] = {"policy": "SCHED_DEADLINE", "runtime": 5000, "deadline": 6000}
    bundle.hook("startContainer", "/bin/true")
    rt.run(bundle).failed("/process/scheduler/policy", "startContainer")
    rt.assert_clean()


@pytest.mark.ocikit
def test_a_scheduler_that_the_kernel_refuses(rt, bundle):
    """More CPU time than there is."""
    bundle.process["scheduler"] = {"policy": "SCHED_DEADLINE", "runtime": 1 << 40,
                                   "deadline": 1 << 40}
    rt.run(bundle).failed("/process/scheduler", "scheduler")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/process/scheduler/flags")
def test_clamps_are_honoured_or_named(rt, bundle):
    """Where the kernel has no utilisation clamps, the flag is refused, never dropped."""
    bundle.process["scheduler"] = {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_UTIL_CLAMP_MIN"]}
    result = rt.run(bundle.payload("scheduling"))
    if result.code == 0:
        assert result.json()["policy"] == 0
    else:
        result.failed("/process/scheduler")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/process/ioPriority", "/process/ioPriority/class",
                    "/process/ioPriority/priority")
@pytest.mark.parametrize("name,number", [("RT", 1), ("BE", 2), ("IDLE", 3)])
@pytest.mark.parametrize("level", [0, 7])
def test_io_priority(rt, bundle, name, number, level):
    bundle.process["ioPriority"] = {"class": f"IOPRIO_CLASS_{name}", "priority": level}
    got = scheduling(rt, bundle)
    assert (got["io_class"], got["io_level"]) == (number, level)


@pytest.mark.ocikit
@pytest.mark.parametrize("value,place", [
    ({"class": "IOPRIO_CLASS_BE", "priority": 8}, "/process/ioPriority/priority"),
    ({"class": "IOPRIO_CLASS_BE", "priority": -1}, "/process/ioPriority/priority"),
    ({"class": "IOPRIO_CLASS_NOPE", "priority": 1}, "/process/ioPriority/class"),
    ({"priority": 1}, "/process/ioPriority"),
])
def test_bad_io_priorities(rt, bundle, value, place):
    bundle.process["ioPriority"] = value
    rt.run(bundle).failed(place)
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/process/execCPUAffinity", "/process/execCPUAffinity/initial",
                    "/process/execCPUAffinity/final")
def test_affinity_of_exec(executed):
    cpus = sorted(os.sched_getaffinity(0))
    assert len(cpus) > 1, "this host has one CPU only"
    first, last = cpus[0], cpus[-1]
    assert executed(execCPUAffinity={"final": str(last)}).json()["cpus"] == str(last)
    if KEEPS_AFFINITY:
        assert executed(execCPUAffinity={"initial": str(first)}).json()["cpus"] == str(first)
    both = executed(execCPUAffinity={"initial": str(first), "final": f" {last} , {last}"})
    assert both.json()["cpus"] == str(last)
    every = executed(execCPUAffinity={"initial": "", "final": ""}).json()["cpus"]
    assert every == executed().json()["cpus"]


@pytest.mark.ocikit
def test_affinity_is_not_for_the_first_process(rt, bundle):
    usual = scheduling(rt, bundle)["cpus"]
    bundle.process["execCPUAffinity"] = {"initial": "0", "final": "0"}
    assert scheduling(rt, bundle)["cpus"] == usual


@pytest.mark.ocikit
def test_affinity_of_the_configuration_holds_for_exec(rt, bundle):
    bundle.process["execCPUAffinity"] = {"final": "0"}
    name = rt.launch(bundle.payload("sleep"))
    assert rt.call("exec", name, "/bin/payload", "scheduling").json()["cpus"] == "0"


# Before Linux 6.2 a process that came into a group with cpuset lost it.
KEEPS_AFFINITY = hostview.kernel() >= (6, 2)


@pytest.mark.ocikit
@pytest.mark.skipif(not KEEPS_AFFINITY, reason="this kernel forgets an affinity where a cpuset is joined")
@pytest.mark.parametrize("view", [[], V2_VIEW])
def test_initial_affinity_and_the_control_group(rt, bundle, tmp_path, view):
    """Also where a process is otherwise born in its group, it is put there only after the affinity."""
    rt.wrapper = view
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux.pop("resources", None)
    name = rt.launch(bundle.payload("sleep"))
    document = {**bundle.process, "args": ["/bin/payload", "scheduling"],
                "execCPUAffinity": {"initial": "0"}}
    path = tmp_path / "process.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert rt.call("exec", "--process", path, name).json()["cpus"] == "0"
    document["args"] = ["/bin/cat", "/proc/self/cgroup"]
    path.write_text(json.dumps(document), encoding="utf-8")
    mine = rt.call("exec", "--process", path, name).ok().out
    assert mine == rt.call("exec", name, "/bin/cat", "/proc/self/cgroup").ok().out


@pytest.mark.ocikit
@pytest.mark.parametrize("value,place", [
    ({"final": "1-0"}, "final"), ({"final": "0,"}, "final"), ({"initial": "-1"}, "initial"),
    ({"initial": "a"}, "initial"), ({"final": "99999999999999999999"}, "final"),
    ({"final": "8192"}, "final"), ({"final": "8191"}, "final"),
])
def test_bad_affinities(executed, value, place):
    executed(execCPUAffinity=value).failed(f"/execCPUAffinity/{place}")


@pytest.mark.ocikit
@pytest.mark.parametrize("member", ["initial", "final"])
def test_bad_affinities_of_the_configuration(rt, bundle, member):
    bundle.process["execCPUAffinity"] = {member: "3-1"}
    rt.run(bundle).failed(f"/process/execCPUAffinity/{member}", "3-1")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/memoryPolicy", "/linux/memoryPolicy/mode", "/linux/memoryPolicy/nodes")
@pytest.mark.parametrize("mode,nodes", [
    ("MPOL_DEFAULT", None), ("MPOL_DEFAULT", ""), ("MPOL_LOCAL", ""), ("MPOL_BIND", "0"),
    ("MPOL_INTERLEAVE", "0-0"), ("MPOL_PREFERRED", "0"), ("MPOL_PREFERRED", ""),
    ("MPOL_PREFERRED_MANY", "0,0"), ("MPOL_WEIGHTED_INTERLEAVE", "0")])
def test_memory_policy(rt, bundle, mode, nodes):
    bundle.linux["memoryPolicy"] = {"mode": mode, **({} if nodes is None else {"nodes": nodes})}
    if mode == "MPOL_WEIGHTED_INTERLEAVE" and hostview.kernel() < (6, 9):
        rt.run(bundle).failed("/linux/memoryPolicy", "Linux 6.9")
        return
    got = scheduling(rt, bundle)
    # A preferred node that is not named is the local one.
    wanted = "MPOL_LOCAL" if (mode, nodes) == ("MPOL_PREFERRED", "") else mode
    assert (got["memory_mode"], got["memory_nodes"]) == (MODES[wanted], 1 if nodes else 0)


@pytest.mark.ocikit
@pytest.mark.proves("/linux/memoryPolicy/flags")
@pytest.mark.parametrize("flag,bit", [("MPOL_F_STATIC_NODES", 15), ("MPOL_F_RELATIVE_NODES", 14),
                                      ("MPOL_F_NUMA_BALANCING", 13)])
def test_memory_policy_flags(rt, bundle, flag, bit):
    bundle.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0", "flags": [flag]}
    assert scheduling(rt, bundle)["memory_mode"] == MODES["MPOL_BIND"] | 1 << bit


@pytest.mark.ocikit
def test_memory_policy_of_exec(rt, bundle, executed):
    bundle.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0"}
    name = rt.launch(bundle.payload("sleep"))
    got = rt.call("exec", name, "/bin/payload", "scheduling").json()
    assert got["memory_mode"] == MODES["MPOL_BIND"]


@pytest.mark.ocikit
@pytest.mark.parametrize("policy,place", [
    ({}, ""), ({"nodes": "0"}, ""), ({"mode": "MPOL_NOPE"}, "/mode"),
    ({"mode": "MPOL_BIND"}, "/nodes"), ({"mode": "MPOL_BIND", "nodes": ""}, "/nodes"),
    ({"mode": "MPOL_DEFAULT", "nodes": "0"}, "/nodes"),
    ({"mode": "MPOL_LOCAL", "nodes": "0"}, "/nodes"),
    ({"mode": "MPOL_BIND", "nodes": "0-"}, "/nodes"),
    ({"mode": "MPOL_BIND", "nodes": "x"}, "/nodes"),
    ({"mode": "MPOL_BIND", "nodes": "9999"}, "/nodes"),
    ({"mode": "MPOL_BIND", "nodes": "1023"}, ""),
    ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NOPE"]}, "/flags/0"),
    ({"mode": "MPOL_BIND", "nodes": "0",
      "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}, "/flags"),
    ({"mode": "MPOL_PREFERRED", "flags": ["MPOL_F_STATIC_NODES"]}, "/flags"),
    ({"mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_NUMA_BALANCING"]}, "/flags"),
])
def test_bad_memory_policies(rt, bundle, policy, place):
    bundle.linux["memoryPolicy"] = policy
    rt.run(bundle).failed(f"/linux/memoryPolicy{place}")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/linux/personality", "/linux/personality/domain")
@pytest.mark.parametrize("domain,number", [("LINUX", 0), ("LINUX32", 8)])
def test_personality(rt, bundle, domain, number):
    usual = scheduling(rt, bundle)["machine"]
    bundle.linux["personality"] = {"domain": domain}
    got = scheduling(rt, bundle)
    assert got["personality"] == number
    assert (got["machine"] == usual) == (domain == "LINUX")
    name = rt.launch(bundle.payload("sleep"))
    assert rt.call("exec", name, "/bin/payload", "scheduling").json()["personality"] == number


@pytest.mark.ocikit
@pytest.mark.proves("/linux/personality/flags")
@pytest.mark.parametrize("value,place", [({"domain": "LINUX", "flags": ["X"]}, "/flags/0"),
                                         ({}, ""), ({"domain": "BSD"}, "/domain")])
def test_bad_personalities(rt, bundle, value, place):
    bundle.linux["personality"] = value
    rt.run(bundle).failed(f"/linux/personality{place}")
    rt.assert_clean()


def enabled(path):
    return os.path.exists(path) and open(path, encoding="utf-8").read().startswith("Y")


@pytest.mark.ocikit
@pytest.mark.proves("/process/apparmorProfile")
def test_apparmor_profile(rt, bundle):
    """A profile that is not loaded; which error it is depends on whether this host has AppArmor."""
    bundle.process["apparmorProfile"] = f"no-such-{secrets.token_hex(4)}"
    result = rt.run(bundle).failed("/process/apparmorProfile")
    if not enabled("/sys/module/apparmor/parameters/enabled"):
        result.failed("AppArmor is not enabled")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.proves("/process/selinuxLabel")
def test_selinux_label(rt, bundle):
    bundle.process["selinuxLabel"] = "no:such:label:s0"
    result = rt.run(bundle).failed("/process/selinuxLabel")
    if not os.path.ismount("/sys/fs/selinux"):
        result.failed("SELinux is not enabled")
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("member", ["apparmorProfile", "selinuxLabel"])
def test_labels_of_exec(executed, member):
    executed(**{member: "no-such-label"}).failed(f"/{member}")


def test_empty_labels_say_nothing(rt, bundle):
    bundle.process.update(apparmorProfile="", selinuxLabel="")
    rt.run(bundle.payload("exit", "0")).ok()
