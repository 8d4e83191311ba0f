# SPDX-License-Identifier: Apache-2.0
"""Several commands at once on one container, and on the state directory: no crash, no wrong answer."""
import json
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import hostview

STATUSES = {"creating", "created", "running", "paused", "stopped"}


def at_once(rt, *commands):
    """Start all commands, then look at how each ended: (code, stderr)."""
    started = []
    for command in commands:
        # Files: the container holds what it inherits open.
        errors = tempfile.TemporaryFile()
        started.append((errors, rt.popen(*command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)))
    ends = []
    for errors, one in started:
        one.wait(40)
        assert one.returncode >= 0, f"{one.args} died of signal {-one.returncode}"
        with errors:
            errors.seek(0)
            ends.append((one.returncode, errors.read().decode()))
    return ends


@pytest.mark.ocikit  # runc's second start may wait for ever on the fifo that the first one took
@pytest.mark.parametrize("turn", range(5))
def test_starts_at_once(rt, bundle, turn):
    name = rt.create(bundle.args("/bin/sh", "-c", "echo started >> /starts; sleep 1000"))
    ends = at_once(rt, *[("start", name)] * 4)
    assert sorted(code for code, _ in ends) == [0, 1, 1, 1], ends
    assert all("running" in text for code, text in ends if code), ends
    hostview.until((bundle.rootfs / "starts").exists)
    assert (bundle.rootfs / "starts").read_text(encoding="utf-8") == "started\n"
    assert rt.status(name) == "running"


@pytest.mark.ocikit
@pytest.mark.parametrize("turn", range(3))
def test_creates_of_one_id_at_once(rt, make_bundle, turn):
    name = rt.new_id()
    bundles = [make_bundle().payload("sleep") for _ in range(4)]
    ends = at_once(rt, *[("create", "-b", str(one), name) for one in bundles])
    assert sorted(code for code, _ in ends) == [0, 1, 1, 1], ends
    words = ("exist", "in use", "fought over")
    assert all(any(word in text for word in words) for code, text in ends if code), ends
    assert rt.status(name) == "created"


@pytest.mark.ocikit
def test_deletes_at_once(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    ends = at_once(rt, *[("delete", "--force", name)] * 5)
    assert [code for code, _ in ends] == [0] * 5, ends
    rt.assert_clean()


@pytest.mark.ocikit
@pytest.mark.parametrize("delay", [0, 0.002, 0.005, 0.01, 0.02])
def test_delete_during_exec(rt, bundle, delay):
    name = rt.launch(bundle.payload("sleep"))
    running = rt.popen("exec", name, "/bin/sleep", "0.1", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
    time.sleep(delay)
    # What exec had not heard of when it was killed is this process's to collect.
    deleting = rt.popen("delete", "--force", name)
    hostview.until(lambda: hostview.reap([deleting.pid, running.pid]) or deleting.poll() is not None, 20)
    assert deleting.returncode == 0
    _, errors = running.communicate(timeout=20)
    # It ended by itself, was killed with the container, or came too late.
    assert running.returncode in (0, 137, 255), errors
    assert running.returncode != 255 or errors.strip()
    rt.assert_clean()


@pytest.mark.ocikit
def test_state_during_create(rt, bundle):
    """Each answer is a whole document or says that there is none."""
    name = rt.new_id()
    bundle.hook("createRuntime", "/bin/sleep", "0.3")
    creating = rt.popen("create", "-b", str(bundle.payload("sleep")), name, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL)
    seen = []
    while creating.poll() is None:
        result = rt.call("state", name)
        if result.code == 0:
            seen.append(result.json()["status"])
        else:
            result.failed("does not exist")
    assert creating.returncode == 0
    seen.append(rt.status(name))
    assert "creating" in seen and seen == sorted(seen, reverse=True), seen
    assert set(seen) == {"creating", "created"}


@pytest.mark.ocikit
def test_operations_during_create(rt, bundle):
    name = rt.new_id()
    bundle.hook("createRuntime", "/bin/sleep", "1")
    creating = rt.popen("create", "-b", str(bundle.payload("sleep")), name, stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL)
    hostview.until(lambda: rt.call("state", name).code == 0, what="the record")
    rt.call("kill", name, "KILL").failed("not running")
    rt.call("events", "--stats", name).failed("not running")
    rt.call("resume", name).failed("not running")
    assert isinstance(rt.call("ps", "-f", "json", name).json(), list)
    # These wait for the create.
    rt.start(name)
    assert creating.wait(10) == 0
    assert rt.status(name) == "running"


@pytest.mark.ocikit
def test_pause_and_resume_at_once(rt, bundle):
    name = rt.launch(bundle.payload("sleep"))
    for _ in range(20):
        for code, text in at_once(rt, ("pause", name), ("resume", name), ("pause", name), ("resume", name)):
            assert code in (0, 1) and (code == 0 or "paused" in text or "somebody else" in text), text
    if rt.status(name) == "paused":
        rt.call("resume", name, check=True)
    assert rt.status(name) == "running"
    rt.call("exec", name, "/bin/true", check=True)


@pytest.mark.ocikit
def test_lists_while_containers_come_and_go(rt, make_bundle):
    bundles = [make_bundle().payload("exit", "0") for _ in range(4)]
    names = [rt.new_id() for _ in bundles]
    staying = rt.create(make_bundle().payload("sleep"))
    done = threading.Event()

    def live(turn):
        while not done.is_set():
            rt.run(bundles[turn], name=names[turn]).ok()

    def look(turn):
        options = [["-f", "json"], [], ["-q"]][turn % 3]
        result = rt.call("list", *options).ok()
        assert not result.err, result.err
        if options == ["-f", "json"]:
            items = json.loads(result.out)
            assert {item["status"] for item in items} <= STATUSES
            listed = [item["id"] for item in items]
        else:
            listed = [line.split()[0] for line in result.out.splitlines()][0 if options else 1:]
        assert staying in listed and set(listed) <= {staying, *names}
        assert listed == sorted(listed) and len(listed) == len(set(listed))

    with ThreadPoolExecutor(8) as pool:
        lives = [pool.submit(live, turn) for turn in range(len(bundles))]
        looks = [pool.submit(look, turn) for turn in range(60)]
        try:
            for one in looks:
                one.result()
        finally:
            done.set()
        for one in lives:
            one.result()
    rt.delete(staying)
    rt.assert_clean()
