# SPDX-License-Identifier: Apache-2.0
"""What keeps a pointer of the C library from being used after its end, by two threads, or in another process."""
import contextlib
import os
import threading
from typing import Any, Callable, Iterator, Optional

from . import _container as _c
from ._codes import Code
from ._errors import ClosedError, TimeoutExpired


class Context:
    """What all handles of a runtime need in C.  It is freed when the runtime is closed and nothing uses it any more:
    objects end in any order, at the end of the interpreter above all."""

    def __init__(self, pointer: Any, log: Any) -> None:
        self._pointer = pointer
        self._log = log  # the C library does not hold it
        self._lock = threading.Lock()
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
    """A pointer of the C library: used by one thread at a time, by the process that made it, until it is closed."""

    def __init__(self, pointer: Any, what: str, context: Context) -> None:
        """Takes over the pointer and one use of the context."""
        self._pointer = pointer
        self._what = what
        self._context = context
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def _check_process(self) -> None:
        # Before the lock, which a thread may hold that a fork has not copied.
        if self._pid != os.getpid():
            raise ClosedError(f"{self._what} belongs to the process that forked this one: open it by its id here")

    def _pointer_now(self) -> Any:
        """With the lock held."""
        if self._pointer is None:
            raise ClosedError(f"{self._what} is closed")
        return self._pointer

    @contextlib.contextmanager
    def _use(self, timeout: Optional[float] = None) -> Iterator[Any]:
        """The pointer, which no other thread has meanwhile; or TimeoutExpired if one has it for so long."""
        self._check_process()
        if not self._lock.acquire(timeout=-1 if timeout is None else min(timeout, threading.TIMEOUT_MAX)):
            raise TimeoutExpired(f"another call on {self._what} goes on", code=Code.TIMEOUT, timeout=timeout)
        try:
            yield self._pointer_now()
        finally:
            self._lock.release()

    def _free(self, function: Callable[[Any], None]) -> None:
        """Free the pointer by that; not where that is done, or another process's to do."""
        if self._pointer is None or self._pid != os.getpid():
            return
        with self._lock:
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
