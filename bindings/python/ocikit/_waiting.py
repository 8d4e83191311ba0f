# SPDX-License-Identifier: Apache-2.0
"""Waiting for processes by their pidfds, so that other threads, signals and event loops go on meanwhile."""
import asyncio
import os
import select
import signal as signals
import threading
from dataclasses import dataclass
from typing import Any, Callable, Optional, TypeVar

from ._codes import Code
from ._errors import CancelledError, Error, TimeoutExpired

T = TypeVar("T")


@dataclass(frozen=True)
class ExitStatus:
    """How a process ended: code is its exit code, or -1 where a signal ended it; signal that one, or 0."""

    code: int
    signal: int = 0

    @property
    def ok(self) -> bool:
        """Did it end with code 0?"""
        return self.code == 0

    @property
    def returncode(self) -> int:
        """As the subprocess module has it: the code, or minus the signal."""
        return -self.signal if self.signal else self.code

    def __str__(self) -> str:
        if not self.signal:
            return f"exit {self.code}"
        try:
            return signals.Signals(self.signal).name
        except ValueError:
            return f"signal {self.signal}"


def signal_number(signal: Any) -> int:
    """A number, or a name: 9, signal.SIGKILL, "KILL", "SIGKILL"."""
    if isinstance(signal, str):
        name = signal.upper()
        try:
            return int(signals.Signals[name if name.startswith("SIG") else "SIG" + name])
        except KeyError:
            raise ValueError(f"{signal!r} is the name of no signal") from None
    if isinstance(signal, bool) or not isinstance(signal, int):
        raise TypeError(f"a signal is a number or a name, not {type(signal).__name__}")
    if not 0 < signal <= 64:
        raise ValueError(f"{signal} is the number of no signal")
    return int(signal)


def poll(fd: int, timeout: Optional[float]) -> None:
    """Until it is readable, or the time is over.  Signals are handled meanwhile."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    # Rounded up, so that it is not asked again and again in the last millisecond; and no more than poll takes.
    poller.poll(None if timeout is None else int(min(timeout, 1e6) * 1000) + 1)


async def poll_async(fd: int, timeout: Optional[float]) -> None:
    """The same in an event loop."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    loop.add_reader(fd, end)
    try:
        await asyncio.wait_for(ended, timeout)
    except asyncio.TimeoutError:
        pass
    finally:
        loop.remove_reader(fd)


class _Worker(threading.Thread):
    """One call.  Its end is waited for by done: a join() that Ctrl-C interrupts takes the thread for ended."""

    def __init__(self, call: Callable[[int], T], cancel: int) -> None:
        super().__init__(name="ocikit", daemon=True)
        self._call = call
        self._cancel = cancel
        self.result: Optional[T] = None
        self.error: Optional[BaseException] = None
        self.done = threading.Event()
        self._turn = threading.Lock()
        self._begun = self._abandoned = False

    def abandon(self) -> bool:
        """True where it had not begun, and never will: a start() that Ctrl-C interrupts does not say."""
        with self._turn:
            self._abandoned = not self._begun
            return self._abandoned

    def run(self) -> None:
        with self._turn:
            if self._abandoned:
                return
            self._begun = True
        try:
            self.result = self._call(self._cancel)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error  # raised in the caller's thread
        finally:
            self.done.set()


def _end(worker: _Worker, tell: Callable[[], Any]) -> None:
    """Tell it to end, and wait for that; a Ctrl-C meanwhile does not hurry it, and is raised then."""
    interrupted: Optional[BaseException] = None
    told = False
    while not (told and worker.done.is_set()):
        try:
            if not told:
                tell()
                told = True
            worker.done.wait()
        except BaseException as error:  # pylint: disable=broad-except
            interrupted = error
    if interrupted is not None:
        raise interrupted


def interruptible(call: Callable[[], None], stop: Callable[[], None]) -> None:
    """A call that Ctrl-C ends by stop(), in another thread for the reason that cancellable() tells."""
    if threading.current_thread() is not threading.main_thread():
        call()
        return
    worker = _Worker(lambda _: call(), -1)

    def tell() -> None:
        try:
            stop()
        except Error:
            pass  # it has ended already, or is about to tell why it cannot

    try:
        worker.start()
        worker.done.wait()
    except BaseException:
        if not worker.abandon():
            _end(worker, tell)
        raise
    if worker.error is not None:
        raise worker.error


def _undo(worker: _Worker, undo: Callable[[Any], None], cause: BaseException) -> None:
    """What is too late to be cancelled."""
    try:
        if worker.error is None:
            undo(worker.result)
    except Error as error:
        raise cause from error


def cancellable(call: Callable[[int], T], undo: Callable[[T], None], timeout: Optional[float]) -> T:
    """call(fd), which gives up when fd is readable, so that Ctrl-C and a timeout end it.

    Python handles a signal in the main thread only, and only between calls of C functions, so that these are made in
    another one there.  What is too late to be cancelled is undone.
    """
    if timeout is None and threading.current_thread() is not threading.main_thread():
        return call(-1)
    reading, writing = os.pipe()
    worker = _Worker(call, reading)
    timed_out = False

    def cancel() -> None:
        os.write(writing, b"x")

    try:
        try:
            worker.start()
            timed_out = not worker.done.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
            if timed_out:
                _end(worker, cancel)
        except BaseException as cause:
            if not worker.abandon():
                _end(worker, cancel)
                _undo(worker, undo, cause)
            raise
    finally:
        os.close(reading)
        os.close(writing)
    if timed_out and isinstance(worker.error, CancelledError):
        raise TimeoutExpired(f"{worker.error.operation or 'the call'} took longer than {timeout} s", code=Code.TIMEOUT,
                             operation=worker.error.operation, container_id=worker.error.container_id) from None
    if worker.error is not None:
        raise worker.error
    return worker.result  # type: ignore[return-value]
