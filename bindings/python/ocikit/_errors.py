# SPDX-License-Identifier: Apache-2.0
"""The exceptions: one tree, and the one place where a failure of the C libraries becomes one of them."""
import errno as errnos
import os
import subprocess
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Type

from ._codes import Code
from ._finding import Finding

__all__ = [
    "BusyError", "CancelledError", "ClosedError", "ConfigError", "EncodingError", "Error", "ExistsError", "HostError",
    "InvalidArgumentError", "NoMemoryError", "NotFoundError", "PermissionDeniedError", "ProgramError",
    "ProgramNotFoundError", "SpecError", "StateError", "TimeoutExpired", "UnsupportedError",
]


class Error(Exception):
    """Something that ocikit was asked for failed.

    code is what failed, stable; errno the kernel's number behind it, or None; message one line for people, which str()
    gives too.  operation is what was going on ("create"), container_id whose.  pointer is the place in the document
    ("/mounts/3") if there is one, file the document's name, line and column where that place is, from 1.
    """

    code: Code
    errno: Optional[int]  # OSError has it without None: its subclasses here are told apart by ignores

    def __init__(self, message: str = "", *, code: Code = Code.INTERNAL, errno: Optional[int] = None,
                 operation: str = "", container_id: str = "", pointer: Optional[str] = None, file: str = "",
                 line: Optional[int] = None, column: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.errno = errno
        self.operation = operation
        self.container_id = container_id
        self.pointer = pointer
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Tuple[Any, ...]:
        return _rebuilt, (type(self), self.message, self.__dict__.copy(), self.errno)


def _rebuilt(kind: Type[Error], message: str, members: Dict[str, Any], errno: Optional[int]) -> Error:
    error = kind(message, errno=errno)
    error.__dict__.update(members)
    return error


class SpecError(Error, ValueError):
    """A document that is not as the schema wants it.  findings are all of it, the first one is the exception's."""

    findings: List[Finding]

    def __init__(self, message: str = "", *, findings: Sequence[Finding] = (), **about: Any) -> None:
        super().__init__(message, **about)
        self.findings = list(findings)


class EncodingError(SpecError):
    """Text that no document can hold, such as half of a surrogate pair."""

    def __init__(self, message: str = "", *, code: Code = Code.ENCODING, **about: Any) -> None:
        super().__init__(message, code=code, **about)


class ConfigError(Error, ValueError):
    """A configuration that contradicts itself, or asks for what cannot be."""


class InvalidArgumentError(Error, ValueError):
    """An argument that no container or call can have, such as an id with a slash."""


class HostError(Error, OSError):  # type: ignore[misc]
    """The kernel refused something: errno says why."""


class PermissionDeniedError(HostError, PermissionError):  # type: ignore[misc]
    """The caller may not do that."""


class NotFoundError(Error, FileNotFoundError):  # type: ignore[misc]
    """There is no such container."""


class ExistsError(Error, FileExistsError):  # type: ignore[misc]
    """There is a container with that id already."""


class BusyError(Error, OSError):  # type: ignore[misc]
    """Another operation on the same container took too long."""


class TimeoutExpired(Error, TimeoutError, subprocess.TimeoutExpired):  # type: ignore[misc]
    """It took longer than was allowed.  It is a subprocess.TimeoutExpired too: timeout is in seconds, output and stderr
    are what communicate() and run() have read until then, as bytes, or None."""

    def __init__(self, message: str = "", *, timeout: Optional[float] = None, output: Optional[bytes] = None,
                 stderr: Optional[bytes] = None, **about: Any) -> None:
        super().__init__(message, **about)
        self.cmd = ""
        self.timeout = 0 if timeout is None else timeout
        self.output = output
        self.stderr = stderr


class CancelledError(Error):
    """The call was told to give up, and has undone its work."""


class StateError(Error):
    """The container is not in the state for that: not running, stopped, or damaged."""


class UnsupportedError(Error):
    """This build, kernel or host lacks what was asked for."""


class ProgramError(Error, OSError):  # type: ignore[misc]
    """The program is there and cannot be executed."""


class ProgramNotFoundError(ProgramError, FileNotFoundError):  # type: ignore[misc]
    """The program is not in the container."""


class NoMemoryError(Error, MemoryError):
    """There is not enough memory."""


class ClosedError(Error, ValueError):
    """The object was closed."""

    def __init__(self, message: str = "", *, code: Code = Code.INVALID_ARGUMENT, **about: Any) -> None:
        super().__init__(message, code=code, **about)


_KINDS: Dict[Code, Type[Error]] = {
    Code.INVALID_ARGUMENT: InvalidArgumentError,
    Code.INVALID_ID: InvalidArgumentError,
    Code.NO_MEMORY: NoMemoryError,
    Code.UNSUPPORTED: UnsupportedError,
    Code.PERMISSION: PermissionDeniedError,
    Code.NOT_FOUND: NotFoundError,
    Code.EXISTS: ExistsError,
    Code.BUSY: BusyError,
    Code.TIMEOUT: TimeoutExpired,
    Code.CANCELLED: CancelledError,
    Code.IO: HostError,
    Code.INTERNAL: Error,
    Code.CONFIG: ConfigError,
    Code.ENCODING: EncodingError,
    Code.EXEC_NOT_FOUND: ProgramNotFoundError,
    Code.EXEC_NOT_EXECUTABLE: ProgramError,
    Code.WRONG_STATE: StateError,
    Code.NOT_RUNNING: StateError,
    Code.INIT_DIED: StateError,
    Code.STATE_CORRUPT: StateError,
    Code.STATUS_LOST: StateError,
}
# An errno that Python's own exceptions of the same meaning have, where the code does not say it.
_ERRNOS = {
    NotFoundError: errnos.ENOENT, ExistsError: errnos.EEXIST, BusyError: errnos.EBUSY, TimeoutExpired: errnos.ETIMEDOUT,
    PermissionDeniedError: errnos.EPERM, ProgramNotFoundError: errnos.ENOENT, ProgramError: errnos.EACCES,
}
_FIRST_OF_HOST = Code.BUNDLE


def _kind(code: Code, errno: Optional[int]) -> Type[Error]:
    """By the code; what the host refused a configuration, by the errno."""
    kind = _KINDS.get(code)
    if kind is None:
        if code > _FIRST_OF_HOST:  # codes are negative
            return SpecError
        kind = HostError if errno else ConfigError
    if kind is HostError and errno in (errnos.EPERM, errnos.EACCES):
        return PermissionDeniedError
    return kind


def made(code: int, message: str, *, errno: int = 0, line: int = 0, column: int = 0,
         findings: Optional[Sequence[Tuple[Any, ...]]] = None, **about: Any) -> Error:
    """The exception for a failure.  Called by the C modules, which raise it."""
    known = Code(code)
    kind = _kind(known, errno or None)
    about.update(code=known, errno=errno or _ERRNOS.get(kind), line=line or None, column=column or None)
    if issubclass(kind, SpecError):
        about["findings"] = [Finding._made(row) for row in findings or ()] or [Finding._of_error(known, message, about)]
    error = kind(message, **about)
    if isinstance(error, OSError):
        error.strerror = os.strerror(error.errno or 0)
    return error


Factory = Callable[..., Error]
