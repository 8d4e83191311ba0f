# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C between any two steps of the package, and what other threads and signal handlers find then."""
import gc
import itertools
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

ocikit = pytest.importorskip("ocikit")
SOURCES = str(Path(ocikit.__file__).parent)


def interrupted_at(step, call):
    """call(), with a KeyboardInterrupt before that line of the package."""
    lines = itertools.count(1)

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        if event == "line" and next(lines) == step:
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        return call()
    finally:
        sys.settrace(None)


def every_step(call, check):
    """Interrupt call() before each of its lines, and check() each time; what it gives when there is none left."""
    for step in itertools.count(1):
        try:
            result = interrupted_at(step, call)
        except KeyboardInterrupt:
            check(step)
        else:
            assert step > 20
            return result


@pytest.fixture
def alarm():
    """Have a function called after so many seconds."""
    before = signal.getsignal(signal.SIGALRM)

    def after(seconds, function):
        signal.signal(signal.SIGALRM, function)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield after
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupt(*_):
    raise KeyboardInterrupt


def call_in_thread(call):
    """What it gives, or raises, within five seconds."""
    results = []

    def work():
        try:
            results.append(call())
        except ocikit.Error as error:
            results.append(error)
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(5)
    assert results, "it hangs"
    return results[0]


def test_create_leaves_nothing(runtime, config, word):
    made = config("/bin/true")

    def check(step):
        gc.collect()
        assert runtime.list() == [], step
    every_step(lambda: runtime.create(word, made, stdout=ocikit.PIPE), check).__exit__(None, None, None)


def test_exec_leaves_nothing(sleeping):
    def check(step):
        gc.collect()
        until = time.monotonic() + 5
        while len(sleeping.processes()) > 1:
            assert time.monotonic() < until, step
            time.sleep(0.005)
    with every_step(lambda: sleeping.exec(["/bin/sleep", "1000"], stdout=ocikit.PIPE), check):
        pass


def test_start_leaves_nothing_running(runtime, config, word):
    made = config("/bin/sleep", "1000")
    for step in itertools.count(1):
        with runtime.create(word, made) as container:
            try:
                interrupted_at(step, container.start)
            except KeyboardInterrupt:
                assert container.status == "created" or container.wait(5).signal == 9, step
            else:
                break


def test_interrupts_leave_no_lock(sleeping, alarm):
    for count in range(150):
        try:
            alarm(0.0002 + count % 50 * 0.00003, interrupt)
            while True:
                sleeping.poll()
        except KeyboardInterrupt:
            pass
    assert call_in_thread(lambda: sleeping.status) == "running"


def test_interrupt_ends_a_hook_of_start(runtime, config, word, alarm):
    made = config("/bin/sleep", "1000")
    made["/hooks/poststart"] = [{"path": "/bin/sleep", "args": ["sleep", "60"]}]
    with runtime.create(word, made) as container:
        alarm(0.5, interrupt)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            container.start()
        assert time.monotonic() - begun < 20 and container.wait(5).signal == 9


def test_interrupt_of_a_start_that_waits_lets_the_first_one_be(runtime, config, word, alarm):
    made = config("/bin/sleep", "1000")
    made["/hooks/poststart"] = [{"path": "/bin/sleep", "args": ["sleep", "2"]}]
    with runtime.create(word, made) as container:
        first = threading.Thread(target=container.start)
        first.start()
        time.sleep(0.3)
        alarm(0.2, interrupt)
        with pytest.raises(KeyboardInterrupt):
            container.start()
        assert first.is_alive()
        first.join()
        assert container.status == "running"


def test_a_signal_handler_may_open_containers(runtime, sleeping, monkeypatch):
    """As it comes while the same is under way."""
    known = runtime._containers
    found = []

    class Interrupted:  # pylint: disable=too-few-public-methods
        """The set, with a handler at work in the middle of add()."""
        def add(self, container):
            if not found:
                found.append(None)
                found.append(runtime.open(sleeping.id))
            known.add(container)

        __iter__ = known.__iter__
    monkeypatch.setattr(runtime, "_containers", Interrupted())
    call_in_thread(lambda: runtime.open(sleeping.id))
    found[1].close()


def test_closing_wakes_who_waits(sleeping):
    events = sleeping.events()
    process = sleeping.exec(["/bin/sleep", "1000"])
    for handle, wait in ((events, events.next), (process, process.wait)):
        threading.Timer(0.2, handle.close).start()
        assert isinstance(call_in_thread(wait), ocikit.ClosedError)


def test_a_handle_never_means_another_container(runtime, config, word):
    old = runtime.create(word, config("/bin/sleep", "1000"))
    old.delete(force=True)
    with runtime.create(word, config("/bin/sleep", "1000")) as container:
        container.start()
        with pytest.raises(ocikit.NotFoundError):
            old.kill()
        with pytest.raises(ocikit.NotFoundError):
            old.exec(["/bin/true"], wait_until_resumed=True)
        assert container.status == "running"
    old.close()


def test_a_failed_call_holds_nothing(runtime, sleeping):
    def fds():
        return len(os.listdir("/proc/self/fd"))
    gc.collect()
    gc.disable()
    try:
        before = fds()
        for _ in range(10):
            other = runtime.open(sleeping.id)
            with pytest.raises(ocikit.ProgramNotFoundError):
                other.exec(["/bin/none"])
            del other
        assert fds() <= before + 2
    finally:
        gc.enable()


def test_times_that_are_none(runtime, config, word, sleeping):
    with pytest.raises(ValueError):
        runtime.create(word + "2", config("/bin/true"), timeout=-1)
    with pytest.raises(TypeError):
        sleeping.exec(["/bin/true"], timeout="x")
    with sleeping.exec(["/bin/echo", "x"], stdout=ocikit.PIPE) as process:
        assert process.communicate(timeout=float("inf")) == (b"x\n", None)
    with pytest.raises(TypeError, match="not both"):
        sleeping.exec(["/bin/true"], process={"cwd": "/", "args": ["/bin/false"]})


def test_output_is_buffered(sleeping):
    with sleeping.exec(["/bin/sh", "-c", "echo a; sleep 0.2; echo b"], stdout=ocikit.PIPE) as process:
        assert process.stdout.read(4) == b"a\nb\n"
