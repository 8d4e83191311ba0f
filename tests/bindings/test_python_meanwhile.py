# SPDX-License-Identifier: Apache-2.0
"""Calls that go on in Python while something else happens: other threads, forks, Ctrl-C, a time that is over."""
import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager

import pytest
from conftest import PACKAGE

ocikit = pytest.importorskip("ocikit")


def slow(config, seconds="0.7", hook="createRuntime"):
    """A configuration whose create, or start, takes a while."""
    made = config("/bin/sleep", "1000")
    made[f"/hooks/{hook}"] = [{"path": "/bin/sleep", "args": ["sleep", seconds]}]
    return made


@contextmanager
def thread(call):
    """What the call gives or raises, once it is through."""
    results = []

    def work():
        try:
            results.append(call())
        except BaseException as error:  # pylint: disable=broad-except
            results.append(error)
    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.2)
    try:
        yield results
    finally:
        worker.join()


def children():
    """Pids of this process's children, ended ones too."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found.update(file.read().split())
        except FileNotFoundError:
            pass  # the thread has ended
    return found


# ---- other threads ----

def test_the_runtime_is_closed_during_create(tmp_path, config, word):
    runtime = ocikit.Runtime(tmp_path / "state")
    with thread(lambda: runtime.create(word, slow(config))) as results:
        runtime.close()
    [error] = results
    assert isinstance(error, ocikit.ClosedError) and "closed meanwhile" in str(error)
    with ocikit.Runtime(tmp_path / "state") as other:
        assert other.list() == []


def test_the_container_is_closed_during_exec(runtime, sleeping):
    """exec is through before close, and its process needs no container object."""
    made = threading.Barrier(2)

    def work():
        made.wait()
        return [sleeping.exec(["/bin/true"]).close() for _ in range(10000)]
    with thread(work) as results:
        made.wait()
        time.sleep(0.05)
        sleeping._owned = False
        sleeping.close()
    assert isinstance(results[0], ocikit.ClosedError)
    runtime.delete(sleeping.id, force=True)


def test_resume_while_an_exec_waits_for_it(sleeping):
    sleeping.pause()
    with thread(lambda: sleeping.exec(["/bin/true"], wait_until_resumed=True).wait(20)) as results:
        assert results == []
        began = time.monotonic()
        sleeping.resume()
        assert time.monotonic() - began < 5
    assert results[0].ok


def test_an_exec_that_waits_is_given_up_in_time(sleeping):
    before = children()
    sleeping.pause()
    began = time.monotonic()
    with pytest.raises(ocikit.TimeoutExpired):
        sleeping.exec(["/bin/true"], wait_until_resumed=True, timeout=0.5)
    assert time.monotonic() - began < 8  # in a frozen group of version 1 a killed process does not end
    sleeping.resume()
    sleeping.kill()
    sleeping.wait(20)
    assert len(children()) == len(before) - 1, "an uncollected process"


def test_waits_keep_their_time_while_another_call_goes_on(runtime, config, word):
    with runtime.create(word, slow(config, "3", "poststart")) as container:
        with thread(container.start) as results:
            for call in (lambda: container.wait(0.1), lambda: asyncio.run(container.wait_async(0.1))):
                with pytest.raises(ocikit.TimeoutExpired):
                    call()
            assert container.poll() is None and results == []

            async def beat():
                waiting = asyncio.ensure_future(container.wait_async(1))
                beats = 0
                while not waiting.done():
                    beats += 1
                    await asyncio.sleep(0.01)
                with pytest.raises(ocikit.TimeoutExpired):
                    waiting.result()
                return beats
            assert asyncio.run(beat()) > 10
    assert results == [None]


# ---- a fork ----

def test_a_fork_while_another_thread_is_in_a_call(sleeping, runtime):
    sleeping.pause()
    events = sleeping.events()
    with thread(lambda: sleeping.exec(["/bin/true"], wait_until_resumed=True, timeout=20).wait(20)) as results:
        with sleeping._lock, runtime._context._lock:  # as another thread may have them
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                for call in (lambda: sleeping.status, sleeping.wait, sleeping.kill, runtime.list, events.fileno,
                             lambda: sleeping.exec(["/bin/true"])):
                    try:
                        call()
                        os._exit(1)
                    except ocikit.ClosedError:
                        pass
                for one in (events, sleeping, runtime):
                    one.close()
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        sleeping.resume()
    assert results[0].ok
    events.close()


# ---- Ctrl-C ----

def interrupted(text, tmp_path, rootfs):
    """A program that is sent SIGINT a moment after it says so."""
    program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(text), str(tmp_path / "state"), str(rootfs)],
                               env={**os.environ, "PYTHONPATH": str(PACKAGE)}, stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "now\n"
    time.sleep(0.3)
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=20)
    return out, program.returncode


def test_interrupt_of_a_start(tmp_path, rootfs, runtime, word):
    out, code = interrupted(f"""
        import sys, ocikit
        runtime = ocikit.Runtime(sys.argv[1])
        config = ocikit.default_config(sys.argv[2], ["/bin/true"])
        config["/hooks/startContainer"] = [{{"path": "/bin/sleep", "args": ["sleep", "1000"]}}]
        try:
            with runtime.create("{word}", config) as container:
                print("now", flush=True)
                container.start()
        except KeyboardInterrupt:
            print("interrupted", runtime.list())
        """, tmp_path, rootfs)
    assert (out, code) == ("interrupted []\n", 0)


# ---- a time that is over ----

def test_communicate_goes_on_after_a_timeout(runtime, config, word):
    made = config("/bin/sh", "-c", "echo first; head -c 300000 >/dev/null; echo second; cat >/dev/null; exit 5")
    given = b"x" * 300000
    with runtime.create(word, made, stdin=ocikit.PIPE, stdout=ocikit.PIPE) as container:
        reader = threading.Timer(0.6, container.start)
        reader.start()
        with pytest.raises(ocikit.TimeoutExpired) as caught:
            container.communicate(given, timeout=0.3)
        assert (caught.value.output, caught.value.stderr, caught.value.timeout) == (b"", None, 0.3)
        with pytest.raises(ValueError):
            container.communicate(b"again")
        assert container.communicate(timeout=20) == (b"first\nsecond\n", None)
        assert container.wait().code == 5
        reader.join()


def test_a_timeout_has_what_was_read(sleeping):
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        sleeping.run(["/bin/sh", "-c", "echo out; echo err >&2; sleep 100"], capture_output=True, timeout=0.5)
    assert (caught.value.stdout, caught.value.stderr) == (b"out\n", b"err\n")


def test_for_ever_as_a_number(sleeping):
    sleeping.kill()
    assert sleeping.wait(float("inf")).signal == 9


# ---- bytes that are no text ----

def test_a_message_that_is_no_text(sleeping):
    with pytest.raises(ocikit.ProgramNotFoundError, match=r"\\xff"):
        sleeping.exec(["/bin/no\udcff"])
    with pytest.raises(ocikit.EncodingError):
        sleeping.runtime.open("no\udcff")


def test_a_bundle_whose_path_is_no_text(tmp_path, runtime, config, word):
    bundle = os.fsencode(tmp_path) + b"/b\xff"
    os.mkdir(bundle)
    for path in (bundle, os.fsdecode(bundle)):
        with pytest.raises(ocikit.Error) as caught:
            runtime.create(word, bundle=path)
        assert caught.value.code == ocikit.Code.CONFIG_MISSING, caught.value


def test_findings_of_a_create(runtime):
    with pytest.raises(ocikit.SpecError) as caught:
        runtime.create("x", {"ociVersion": "1.2.0", "process": {"cwd": 1}})
    [finding] = caught.value.findings
    assert (finding.pointer, finding.code, finding.message) == ("/process/cwd", caught.value.code, str(caught.value))
