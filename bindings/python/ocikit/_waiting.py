# SPDX-License-Identifier: Apache-2.0
"""Waiting for what has an fd, so that other threads, signals and event loops go on meanwhile; and for how long."""
import asyncio
import select
import signal as signals
import time
from dataclasses import dataclass
from typing import Any, Optional

from ._codes import Code
from ._errors import TimeoutExpired


# A close() by another thread does not wake who waits: seconds until that is seen.
LOOK = 0.5


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


def remaining(deadline: Optional[float]) -> Optional[float]:
    """Seconds that are left."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def deadline_of(timeout: Optional[float]) -> Optional[float]:
    """When a timeout in seconds ends."""
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout: a number of seconds or None is needed, not {type(timeout).__name__}")
    if not timeout >= 0:
        raise ValueError(f"timeout: {timeout} is no number of seconds; None is for ever")
    return time.monotonic() + timeout


def next_pause(pause: float, deadline: Optional[float], timeout: Optional[float], message: str) -> float:
    """The shorter of the two, or TimeoutExpired."""
    left = remaining(deadline)
    if left == 0:
        raise TimeoutExpired(message, code=Code.TIMEOUT, timeout=timeout)
    return pause if left is None else min(left, pause)


def poll(fd: int, timeout: Optional[float]) -> None:
    """Until it is readable, or the time is over.  Signals are handled meanwhile."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    # Rounded up, so that it is not asked again and again in the last millisecond; and no more than poll takes.
    poller.poll(None if timeout is None else int(min(timeout, 1e6) * 1000) + 1)


def readable(fd: int) -> bool:
    """Now?"""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


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
