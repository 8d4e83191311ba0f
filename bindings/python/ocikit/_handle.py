# SPDX-License-Identifier: Apache-2.0
"""What keeps a pointer of the C library from being used after its end, by two threads, or in another process."""
import contextlib
import os
import threading
from typing import Any, Callable, Iterator

from . import _container as _c
from ._codes import Code
from ._errors import CancelledError, ClosedError
from ._waiting import readable


class Context:
    """What all handles of a runtime need in C.  It is freed when the runtime is closed and nothing uses it any more:
    objects end in any order, at the end of the interpreter above all."""

    def __init__(self, pointer: Any, log: Any) -> None:
        self._pointer = pointer
        self._log = log  # the C library does not hold it
        self._lock = threading.RLock()  # a signal handler may come while it is held
        self._users = 1  # the runtime
        self._closed = False
        self._pid = os.getpid()

    def is_other_process(self) -> bool:
        """Did a fork copy it here?"""
        return self._pid != os.getpid()

    def is_closed(self) -> bool:
        """Has close() been called?"""
        return self._closed

    def __enter__(self) -> Any:
        if self.is_other_process():
            raise ClosedError("the runtime belongs to the process that forked this one: make another one here")
        with self._lock:
            if self._closed:
                raise ClosedError("the runtime is closed")
            self._users += 1
            return self._pointer

    def __exit__(self, *about: object) -> None:
        self.release()

    def hold(self) -> "Context":
        """For a handle, which releases it.  By one that has it already, as a call or another handle."""
        with self._lock:
            self._users += 1
        return self

    def release(self) -> None:
        """One that used it does no longer."""
        if self.is_other_process():  # the lock may be held by a thread that is not there
            return
        with self._lock:
            self._users -= 1
            if self._users:
                return
            pointer, self._pointer = self._pointer, None
        _c.container_context_free(pointer)

    def close(self) -> None:
        """By the runtime, once or more."""
        if self.is_other_process():
            return
        with self._lock:
            was, self._closed = self._closed, True
        if not was:
            self.release()


class Handle:
    """A pointer of the C library: used by one thread at a time, by the process that made it, until it is closed.

        with self._turn():
            _c.something(self._now())

    A lock is taken by `with` itself, which no signal handler can interrupt between taking it and being bound to let go.
    """

    # Whatever is interrupted in __init__, __del__ finds them.
    _pointer: Any = None
    _pid = -1

    def __init__(self, pointer: Any, what: str, context: Context) -> None:
        """Takes over the pointer and one use of the context."""
        self._what = what
        self._context = context
        self._lock = threading.RLock()
        self._kept = threading.RLock()  # inside of the other; the pointer is not freed meanwhile
        self._pid = os.getpid()
        self._pointer = pointer

    def _check_process(self) -> None:
        # Before a lock, which a thread may hold that a fork has not copied.
        if self._pid != os.getpid():
            raise ClosedError(f"{self._what} belongs to the process that forked this one: open it by its id here")

    def _is_ours(self) -> bool:
        """Is there anything to end and to free, and is that this process's to do?"""
        return self._pointer is not None and self._pid == os.getpid()

    def _turn(self) -> "contextlib.AbstractContextManager[Any]":
        """For calls that only one thread may make at a time."""
        self._check_process()
        return self._lock

    def _keep(self) -> "contextlib.AbstractContextManager[Any]":
        """For those that the C library allows meanwhile too."""
        self._check_process()
        return self._kept

    def _now(self) -> Any:
        """The pointer, in one's turn."""
        if self._pointer is None:
            raise ClosedError(f"{self._what} is closed")
        return self._pointer

    @contextlib.contextmanager
    def _turn_unless(self, cancel: int) -> Iterator[None]:
        """The same in a thread that handles no signals, until cancel is readable."""
        self._check_process()
        while not self._lock.acquire(timeout=-1 if cancel < 0 else 0.05):
            if readable(cancel):
                raise CancelledError("cancelled by the caller", code=Code.CANCELLED)
        try:
            yield
        finally:
            self._lock.release()

    def _free(self, function: Callable[[Any], None]) -> None:
        """Free the pointer by that; not where that is done, or another process's to do."""
        if not self._is_ours():
            return
        with self._lock, self._kept:
            if self._pointer is None:
                return
            pointer, self._pointer = self._pointer, None
            function(pointer)
        self._context.release()


@contextlib.contextmanager
def opened(fd: int) -> Iterator[int]:
    """An fd that is closed at the end."""
    try:
        yield fd
    finally:
        os.close(fd)
