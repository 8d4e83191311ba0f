# SPDX-License-Identifier: Apache-2.0
"""What happens to a container."""
import contextlib
import os
from dataclasses import dataclass
from typing import Any, AsyncIterator, Iterable, Iterator, Optional

from . import _container as _c
from ._handle import Context, Handle, opened
from ._waiting import LOOK, deadline_of, next_pause, poll, poll_async

__all__ = ["Event", "Events"]


@dataclass(frozen=True)
class Event:
    """kind "oom": a limit of memory was reached and nothing could be freed; oom_kills is how many processes the kernel
    has ended for it so far.  kind "exit": the first process has ended."""

    kind: str
    oom_kills: int = 0


_EVENT_KINDS = {"oom": _c.EVENT_OOM, "exit": _c.EVENT_EXIT}
_EVENT_NAMES = {number: name for name, number in _EVENT_KINDS.items()}


class Events(Handle):
    """What happens to a container: an iterator (also an asynchronous one) that ends after the event "exit"."""

    def __init__(self, pointer: Any, container_id: str, context: Context) -> None:
        super().__init__(pointer, f"the events of container {container_id!r}", context)
        self._over = False

    def fileno(self) -> int:
        """Readable when there may be an event: for select and the like."""
        with self._turn():
            fd: int = _c.container_events_fd(self._now())
            return fd

    def _own_fd(self) -> "contextlib.AbstractContextManager[int]":
        """One that stays open while it is waited on."""
        with self._turn():
            return opened(os.dup(_c.container_events_fd(self._now())))

    def next_now(self) -> Optional[Event]:
        """The next event, if there is one already."""
        with self._turn():
            kind, kills = _c.flat_events_next(self._now())
        if kind <= 0:
            return None
        self._over = kind == _c.EVENT_EXIT
        return Event(_EVENT_NAMES[kind], kills)

    def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None after the last.  TimeoutExpired after so many seconds."""
        deadline = deadline_of(timeout)
        while not self._over:
            event = self.next_now()
            if event is not None:
                return event
            pause = next_pause(LOOK, deadline, timeout, "nothing has happened in time")
            with self._own_fd() as fd:
                poll(fd, pause)
        return None

    def __iter__(self) -> Iterator[Event]:
        while True:
            event = self.next()
            if event is None:
                return
            yield event

    async def __aiter__(self) -> AsyncIterator[Event]:
        while not self._over:
            event = self.next_now()
            if event is not None:
                yield event
                continue
            with self._own_fd() as fd:
                await poll_async(fd, LOOK)

    def close(self) -> None:
        """Stop watching.  May be repeated."""
        self._free(_c.container_events_close)

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._pointer is not None:
            self.close()


def mask_of(kinds: Iterable[str]) -> int:
    """As the C library takes them."""
    if isinstance(kinds, str):
        raise TypeError("kinds: a list of str is needed, not str")
    mask = 0
    for kind in kinds:
        if kind not in _EVENT_KINDS:
            raise ValueError(f"kinds: {kind!r} is none of {', '.join(_EVENT_KINDS)}")
        mask |= _EVENT_KINDS[kind]
    return mask
