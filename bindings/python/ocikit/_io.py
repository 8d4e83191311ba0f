# SPDX-License-Identifier: Apache-2.0
"""Standard input and output of what runs in a container: from what a caller gives to fds, and back."""
import os
import selectors
import subprocess
import time
from typing import IO, Any, List, Optional, Tuple, Union

from ._codes import Code
from ._errors import InvalidArgumentError, TimeoutExpired
from ._waiting import deadline_of, remaining

DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
Stream = Union[None, int, IO[Any]]


class Stdio:
    """The three fds for a process, and the caller's ends of its pipes.

    theirs are closed by close() once the process has them; ours belong to who takes them.
    """

    def __init__(self, stdin: Stream, stdout: Stream, stderr: Stream) -> None:
        self._opened: List[int] = []
        self.fds = [-1, -1, -1]
        self.ours: List[Optional[IO[bytes]]] = [None, None, None]
        try:
            for number, stream in enumerate((stdin, stdout, stderr)):
                self.fds[number] = self._fd(number, stream)
        except BaseException:
            self.abort()
            raise

    def _fd(self, number: int, stream: Stream) -> int:
        if stream is None:
            return -1
        if stream == STDOUT and number == 2 and not hasattr(stream, "fileno"):
            return self.fds[1] if self.fds[1] >= 0 else 1
        if stream == DEVNULL and not hasattr(stream, "fileno"):
            return self._keep(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        if stream == PIPE and not hasattr(stream, "fileno"):
            reading, writing = os.pipe()
            mine, theirs = (writing, reading) if number == 0 else (reading, writing)
            self._keep(theirs)
            # Output is buffered, so that read(n) gives n bytes; input is not, and needs no flush.
            self.ours[number] = open(mine, "wb", buffering=0) if number == 0 else open(mine, "rb")
            return theirs
        return fd_of(stream, ("stdin", "stdout", "stderr")[number])

    def _keep(self, fd: int) -> int:
        self._opened.append(fd)
        return fd

    @property
    def triple(self) -> Tuple[int, int, int]:
        """The fds as the C module takes them."""
        return self.fds[0], self.fds[1], self.fds[2]

    def close(self) -> None:
        """The process has them."""
        while self._opened:
            os.close(self._opened.pop())

    def abort(self) -> None:
        """There is no process."""
        self.close()
        for stream in self.ours:
            if stream is not None:
                stream.close()


def fd_of(stream: Any, what: str) -> int:
    """The fd of an int or a file, which has to be open."""
    if isinstance(stream, bool) or not (isinstance(stream, int) or hasattr(stream, "fileno")):
        raise TypeError(f"{what}: a file, an fd or None is needed, not {type(stream).__name__}")
    fd: int = stream if isinstance(stream, int) else stream.fileno()
    try:
        os.fstat(fd)
    except (OSError, OverflowError):
        raise InvalidArgumentError(f"{what}: {fd} is no open fd", code=Code.INVALID_ARGUMENT) from None
    return fd


class Exchange:
    """Input for a process and what it writes, for communicate(), which may be called again when its time was over."""

    def __init__(self, streams: List[Optional[IO[bytes]]]) -> None:
        self._stdin, *self._outputs = streams
        self._found: List[List[bytes]] = [[], []]
        self._rest: Optional[memoryview] = None

    def found(self) -> Tuple[Optional[bytes], Optional[bytes]]:
        """What has been read so far; None where there was no pipe."""
        out, err = (None if stream is None else b"".join(found) for stream, found in zip(self._outputs, self._found))
        return out, err

    def run(self, given: Optional[bytes], timeout: Optional[float]) -> None:
        """Write to the first, read the others until their ends; all are closed then.  TimeoutExpired leaves them
        open."""
        if self._rest is None:
            self._rest = memoryview(given or b"").cast("B")
        elif given is not None:
            raise ValueError("communicate: the input was given before")
        deadline = deadline_of(timeout)
        with selectors.DefaultSelector() as selector:
            self._register(selector)
            while selector.get_map():
                left = remaining(deadline)
                ready = selector.select(None if left is None else min(left, 1e6))
                if not ready and deadline is not None and time.monotonic() >= deadline:
                    out, err = self.found()
                    raise TimeoutExpired("the process did not end its output in time", code=Code.TIMEOUT, timeout=timeout,
                                         output=out, stderr=err)
                for key, _ in ready:
                    if self._step(key):
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr]

    def _register(self, selector: selectors.BaseSelector) -> None:
        if self._stdin is not None and not self._stdin.closed:
            if self._rest:
                os.set_blocking(self._stdin.fileno(), False)
                selector.register(self._stdin, selectors.EVENT_WRITE)
            else:
                self._stdin.close()
        for number, stream in enumerate(self._outputs):
            if stream is not None and not stream.closed:
                selector.register(stream, selectors.EVENT_READ, number)

    def _step(self, key: selectors.SelectorKey) -> bool:
        """True at the end."""
        if key.data is None:
            assert self._rest is not None
            self._rest = _write(key.fd, self._rest)
            return not self._rest
        data = os.read(key.fd, 65536)
        self._found[key.data].append(data)
        return not data


def _write(fd: int, rest: memoryview) -> memoryview:
    """What is left to write; nothing where nobody reads any more."""
    try:
        return rest[os.write(fd, rest[:65536]):]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]
