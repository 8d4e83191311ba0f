# SPDX-License-Identifier: Apache-2.0
"""Random updates: each is taken, or refused with every file of the groups as it was."""
import json
import random

import pytest

import groups

pytestmark = [pytest.mark.ocikit, pytest.mark.controller("memory", "cpu", "cpuset", "blkio", "pids", "devices"),
              pytest.mark.skipif(groups.version("memory") != 1,
                                 reason="the controllers are none of version 1 here")]

NUMBERS = [-2, -1, 0, 1, 2, 5, 1000, 5000, 20000, 100000, 1 << 26, 1 << 27, 1 << 40, (1 << 63) - 1]
FILES = {
    "memory": "memory.limit_in_bytes memory.memsw.limit_in_bytes memory.soft_limit_in_bytes memory.swappiness "
              "memory.oom_control memory.kmem.tcp.limit_in_bytes",
    "cpu": "cpu.shares cpu.idle cpu.cfs_quota_us cpu.cfs_period_us cpu.cfs_burst_us cpu.rt_period_us "
           "cpu.rt_runtime_us",
    "cpuset": "cpuset.cpus cpuset.mems", "pids": "pids.max", "devices": "devices.list",
    "blkio": "blkio.bfq.weight blkio.bfq.weight_device blkio.throttle.read_bps_device "
             "blkio.throttle.write_iops_device",
}


def snapshot(rt):
    found = {}
    for controller, files in FILES.items():
        for file in files.split():
            if (groups.folder(controller, rt.token) / file).exists():
                found[file] = sorted(groups.read(controller, rt.token, file).splitlines())
    return found


def resources(rand):
    def signed():
        return rand.choice(NUMBERS)

    def unsigned():
        return abs(signed())

    def device(**more):
        return {"major": rand.choice([7, 254, 250, -1]), "minor": rand.choice([0, 1, 99]), **more}

    def throttles():
        return [device(rate=unsigned()) for _ in range(rand.randint(0, 2))]

    def rules():
        return [{"allow": False}] + [
            {"allow": rand.random() < 0.7, "type": rand.choice("abc"), "major": rand.choice([-1, 1, 10]),
             "minor": rand.choice([-1, 3, 229]), "access": rand.choice(["r", "rw", "rwm", "m"])}
            for _ in range(rand.randint(0, 4))]

    def some(makers):
        return {key: make() for key, make in makers.items() if rand.random() < 0.35}

    memory = {**dict.fromkeys(("limit", "reservation", "swap", "kernel", "kernelTCP"), signed),
              "swappiness": lambda: rand.choice([0, 50, 100, 101]),
              "disableOOMKiller": lambda: rand.random() < 0.5}
    cpu = {**dict.fromkeys(("shares", "period", "burst", "realtimePeriod"), unsigned), "quota": signed,
           "realtimeRuntime": signed, "idle": lambda: rand.choice([0, 1]),
           "cpus": lambda: rand.choice(["", "0", "9999"]), "mems": lambda: rand.choice(["", "0"])}
    block_io = {"weight": lambda: rand.choice([0, 9, 10, 500, 1000]), "throttleReadBpsDevice": throttles,
                "throttleWriteIOPSDevice": throttles,
                "weightDevice": lambda: [device(weight=rand.choice([0, 10, 100]))]}
    return some({"memory": lambda: some(memory), "cpu": lambda: some(cpu), "blockIO": lambda: some(block_io),
                 "pids": lambda: {"limit": signed()}, "devices": rules,
                 "unified": lambda: {rand.choice(["cgroup.max.depth", "memory.max"]): rand.choice(["5", "x"])}})


@pytest.mark.parametrize("seed", range(3))
def test_random_updates(rt, bundle, seed):
    rand = random.Random(seed)
    bundle.linux["cgroupsPath"] = f"/{rt.token}"
    bundle.linux["resources"] = {}
    name = rt.launch(bundle.payload("sleep"))
    taken = refused = 0
    for _ in range(80):
        asked, before = json.dumps(resources(rand)), snapshot(rt)
        result = rt.call("update", "-r", "-", name, stdin=asked.encode())
        assert result.code in (0, 1), (asked, result)
        taken += result.code == 0
        if result.code:
            refused += 1
            assert snapshot(rt) == before, (asked, result)
            assert "set back" not in result.err, (asked, result)
    assert taken > 10 and refused > 10
    rt.stop(name)
