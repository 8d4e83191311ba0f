# SPDX-License-Identifier: Apache-2.0
"""Calls that Ctrl-C and a timeout end, and whose result is not lost when they do."""
import _thread
import os
import threading
from types import TracebackType
from typing import Callable, Generic, Optional, Type, TypeVar

from ._codes import Code
from ._errors import CancelledError, Error, TimeoutExpired
from ._waiting import deadline_of

T = TypeVar("T")


class _Bell:
    """A pipe whose reading end is readable once it was rung: what cancels a call of the C library."""

    def __enter__(self) -> "_Bell":
        self.reading, self._writing = os.pipe()
        return self

    def ring(self) -> None:
        """May be repeated."""
        os.write(self._writing, b"x")

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        os.close(self.reading)
        os.close(self._writing)


class Attempt(Generic[T]):
    """call(fd), which gives up when fd is readable; undo takes back what it made.

        attempt = Attempt(call, undo)
        try:
            return attempt.run(timeout)
        except BaseException as cause:
            attempt.take_back(cause)
            raise

    Python handles a signal in the main thread only, and only between calls of C functions, so that the call is made in
    another one there.  Such a signal may come between any two steps: what was made is undone unless it was returned.
    """

    def __init__(self, call: Callable[[int], T], undo: Callable[[T], None]) -> None:
        self._call = call
        self._undo = undo
        self._made: Optional[T] = None
        self._error: Optional[BaseException] = None
        self._turn = threading.Lock()
        self._begun = self._abandoned = self._ended = False
        # Not an Event, whose wait() may let go of a lock that it has not got when it is interrupted.
        self._over = threading.Lock()

    def run(self, timeout: Optional[float] = None) -> T:
        """The result of the call.  TimeoutExpired after so many seconds."""
        deadline_of(timeout)  # for what is no number of seconds
        if timeout is None and threading.current_thread() is not threading.main_thread():
            self._work(-1)
            return self._result(False, None)
        with _Bell() as bell:
            timed_out = False
            try:
                self._over.acquire()  # pylint: disable=consider-using-with
                # Not a Thread: its start() waits for an Event, and takes it for begun only then.
                _thread.start_new_thread(self._work, (bell.reading,))
                timed_out = not self._wait(timeout)
            except BaseException:
                if not self._abandon():
                    self._end(bell)
                raise
            if timed_out:
                self._end(bell)
        return self._result(timed_out, timeout)

    def take_back(self, cause: BaseException) -> None:
        """After cause was raised by run(), or before what run() gave was passed on."""
        made, self._made = self._made, None
        if made is None:
            return
        try:
            self._undo(made)
        except Error as error:
            raise cause from error

    def _work(self, cancel: int) -> None:
        with self._turn:
            if self._abandoned:
                return
            self._begun = True
        try:
            self._made = self._call(cancel)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error  # raised in the caller's thread
        finally:
            self._ended = True
            if self._over.locked():
                self._over.release()

    def _wait(self, timeout: Optional[float]) -> bool:
        """False when it has not ended in time."""
        seconds = -1 if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        return self._ended or self._over.acquire(timeout=seconds)

    def _abandon(self) -> bool:
        """True where it has not begun, and never will."""
        with self._turn:
            self._abandoned = not self._begun
            return self._abandoned

    def _end(self, bell: _Bell) -> None:
        """Tell it to end, and wait for that; a Ctrl-C meanwhile does not hurry it, and is raised then."""
        interrupted: Optional[BaseException] = None
        told = False
        while not (told and self._ended):
            try:
                if not told:
                    bell.ring()
                    told = True
                self._wait(None)
            except BaseException as error:  # pylint: disable=broad-except
                interrupted = error
        try:
            if interrupted is not None:
                raise interrupted
        finally:
            del interrupted  # whose traceback holds this frame

    def _result(self, timed_out: bool, timeout: Optional[float]) -> T:
        error, self._error = self._error, None
        try:
            if timed_out and isinstance(error, CancelledError):
                raise TimeoutExpired(f"{error.operation or 'the call'} took longer than {timeout} s", code=Code.TIMEOUT,
                                     timeout=timeout, operation=error.operation,
                                     container_id=error.container_id) from None
            if error is not None:
                raise error
        finally:
            del error  # whose traceback holds this frame
        return self._made  # type: ignore[return-value]
