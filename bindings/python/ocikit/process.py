# SPDX-License-Identifier: Apache-2.0
"""Processes that are waited for: the first of a container, and those that are executed in it."""
import asyncio
import itertools
import os
import threading
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Tuple, Type, Union

from . import _container as _c
from ._codes import Code
from ._errors import TimeoutExpired
from ._handle import Context, Handle, opened
from ._io import Exchange, Stdio
from ._waiting import LOOK, ExitStatus, deadline_of, next_pause, poll, poll_async, remaining, signal_number

if TYPE_CHECKING:
    from .container import Container

__all__ = ["Process"]

_NOT_ENDED = "the process has not ended in time"


class Waitable(Handle):
    """What has a pidfd and an exit status."""

    _fd: Callable[[Any], int]
    _collect: Callable[[Any, int], Tuple[int, int]]

    def __init__(self, pointer: Any, what: str, context: Context, stdio: Optional[Stdio]) -> None:
        super().__init__(pointer, what, context)
        self._status: Optional[ExitStatus] = None
        self.stdin: Optional[IO[bytes]]
        self.stdout: Optional[IO[bytes]]
        self.stderr: Optional[IO[bytes]]
        self.stdin, self.stdout, self.stderr = stdio.ours if stdio else (None, None, None)
        self._exchange = Exchange([self.stdin, self.stdout, self.stderr])

    @property
    def pidfd(self) -> int:
        """An fd that is readable when the first process has ended; -1 if it had when this object was made.  It
        belongs to the object."""
        with self._turn():
            return self._fd(self._now())

    def _look(self, timeout: Optional[float]) -> Tuple[Optional[ExitStatus], int]:
        """How it has ended; or a pidfd of one's own to wait on.  TimeoutExpired if another call goes on for so long."""
        self._check_process()
        seconds = -1 if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        taken: List[bool] = []
        try:
            # One call of C takes the lock and notes that: a signal is handled before or after.
            taken.extend(map(self._lock.acquire, (True,), (seconds,)))
            if not taken[0]:
                raise TimeoutExpired(f"another call on {self._what} goes on", code=Code.TIMEOUT, timeout=timeout)
            return self._look_now()
        finally:
            if taken and taken[0]:
                self._lock.release()

    def _look_now(self) -> Tuple[Optional[ExitStatus], int]:
        if self._status is None:
            try:
                self._status = ExitStatus(*self._collect(self._now(), 0))
            except TimeoutExpired:
                return None, os.dup(self._fd(self._now()))
        return self._status, -1

    async def _look_async(self, deadline: Optional[float]) -> Tuple[Optional[ExitStatus], int]:
        while True:
            try:
                return self._look(0)
            except TimeoutExpired:
                if remaining(deadline) == 0:
                    raise
            await asyncio.sleep(0.005)

    def _pauses(self) -> Iterator[float]:
        """How long the process is waited for before the next look, which also sees that this object was closed."""
        return itertools.repeat(LOOK)

    def wait(self, timeout: Optional[float] = None) -> ExitStatus:
        """Wait until the process has ended: at most so many seconds, and then TimeoutExpired.  The status may be asked
        for again.  Other threads go on, and Ctrl-C ends the waiting."""
        deadline = deadline_of(timeout)
        for pause in self._pauses():
            status, fd = (self._status, -1) if self._status else self._look(remaining(deadline))
            if status is not None:
                return status
            with opened(fd):
                poll(fd, next_pause(pause, deadline, timeout, _NOT_ENDED))
        raise AssertionError("pauses do not end")

    async def wait_async(self, timeout: Optional[float] = None) -> ExitStatus:
        """The same in an event loop, which goes on meanwhile."""
        deadline = deadline_of(timeout)
        for pause in self._pauses():
            status, fd = (self._status, -1) if self._status else await self._look_async(deadline)
            if status is not None:
                return status
            with opened(fd):
                await poll_async(fd, next_pause(pause, deadline, timeout, _NOT_ENDED))
        raise AssertionError("pauses do not end")

    def poll(self) -> Optional[ExitStatus]:
        """How the process ended, or None while it runs."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def communicate(self, input: Optional[bytes] = None, timeout: Optional[float] = None
                    ) -> Tuple[Optional[bytes], Optional[bytes]]:
        """Give input to its stdin, read stdout and stderr until they end (those that were asked for as PIPE), and wait
        for it: as subprocess.Popen has it, so that after TimeoutExpired, which has what was read, it may be called again."""
        deadline = deadline_of(timeout)
        self._exchange.run(input, timeout)
        found = self._exchange.found()
        try:
            self.wait(remaining(deadline))
        except TimeoutExpired as error:
            error.output, error.stderr = found
            raise
        return found

    def _close_streams(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()


class Process(Waitable):
    """A process that Container.exec has started.  As a context manager it is killed at the end, if it still runs."""

    _fd = staticmethod(_c.container_process_pidfd)
    _collect = staticmethod(_c.flat_process_wait)

    def __init__(self, pointer: Any, container: "Container", context: Context, stdio: Stdio) -> None:
        super().__init__(pointer, f"a process of container {container.id!r}", context, stdio)
        self.container = container

    @property
    def pid(self) -> int:
        """As the caller's pid namespace numbers it."""
        with self._turn():
            pid: int = _c.container_process_pid(self._now())
            return pid

    @property
    def terminal_fd(self) -> Optional[int]:
        """The terminal of a process that has one and was given no console socket; it belongs to this object."""
        with self._turn():
            fd: int = _c.container_process_terminal_fd(self._now())
            return fd if fd >= 0 else None

    def kill(self, signal: Union[int, str] = "KILL") -> None:
        """Send it a signal: a number or a name."""
        number = signal_number(signal)
        with self._keep():
            _c.container_process_kill(self._now(), number)

    def close(self) -> None:
        """Forget the process, which lives on.  May be repeated."""
        self._free(_c.container_process_free)
        self._close_streams()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if self._is_ours():
            try:
                if self.poll() is None:
                    self.kill()
                    self.wait(10)
            finally:
                self.close()

    def __del__(self) -> None:
        if self._pointer is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<ocikit.Process of {self.container.id!r}{'' if self._pointer is not None else ', closed'}>"
