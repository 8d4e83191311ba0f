# SPDX-License-Identifier: Apache-2.0
"""Containers, the processes in them, and what happens to them."""
import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import threading
import warnings
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, AsyncIterator, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Type, Union

from . import _container as _c
from . import spec
from ._codes import Code
from ._member import json_default
from ._errors import ClosedError, NotFoundError, TimeoutExpired
from ._io import PIPE, Exchange, Stdio, Stream, deadline_of, packed, packed_fds, remaining
from ._waiting import ExitStatus, cancellable, interruptible, poll, poll_async, signal_number

__all__ = ["Container", "Event", "Events", "Process"]

Json = Any


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


class _Waitable(Handle):
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
        with self._use() as pointer:
            return self._fd(pointer)

    def _look(self, timeout: Optional[float]) -> Tuple[Optional[ExitStatus], int]:
        """How it has ended; or a pidfd of one's own to wait on.  TimeoutExpired if another call goes on for so long."""
        with self._use(timeout) as pointer:
            if self._status is None:
                try:
                    self._status = ExitStatus(*self._collect(pointer, 0))
                except TimeoutExpired:
                    return None, os.dup(self._fd(pointer))
            return self._status, -1

    async def _look_async(self, deadline: Optional[float]) -> Tuple[Optional[ExitStatus], int]:
        while True:
            try:
                return self._look(0)
            except TimeoutExpired:
                if remaining(deadline) == 0:
                    raise
            await asyncio.sleep(0.005)

    def _pauses(self) -> Iterator[Optional[float]]:
        """How long the process is waited for before the next look."""
        return itertools.repeat(None)

    def wait(self, timeout: Optional[float] = None) -> ExitStatus:
        """Wait until the process has ended: at most so many seconds, and then TimeoutExpired.  The status may be asked
        for again.  Other threads go on, and Ctrl-C ends the waiting."""
        deadline = deadline_of(timeout)
        for pause in self._pauses():
            status, fd = (self._status, -1) if self._status else self._look(remaining(deadline))
            if status is not None:
                return status
            with opened(fd):
                poll(fd, next_pause(pause, deadline, timeout))
        raise AssertionError("pauses do not end")

    async def wait_async(self, timeout: Optional[float] = None) -> ExitStatus:
        """The same in an event loop, which goes on meanwhile."""
        deadline = deadline_of(timeout)
        for pause in self._pauses():
            status, fd = (self._status, -1) if self._status else await self._look_async(deadline)
            if status is not None:
                return status
            with opened(fd):
                await poll_async(fd, next_pause(pause, deadline, timeout))
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


class Process(_Waitable):
    """A process that Container.exec has started.  As a context manager it is killed at the end, if it still runs."""

    _fd = staticmethod(_c.container_process_pidfd)
    _collect = staticmethod(_c.flat_process_wait)

    def __init__(self, pointer: Any, container: "Container", stdio: Stdio) -> None:
        super().__init__(pointer, f"a process of container {container.id!r}", container._context, stdio)  # which it holds
        self.container = container

    @property
    def pid(self) -> int:
        """As the caller's pid namespace numbers it."""
        with self._use() as pointer:
            pid: int = _c.container_process_pid(pointer)
            return pid

    @property
    def terminal_fd(self) -> Optional[int]:
        """The terminal of a process that has one and was given no console socket; it belongs to this object."""
        with self._use() as pointer:
            fd: int = _c.container_process_terminal_fd(pointer)
            return fd if fd >= 0 else None

    def kill(self, signal: Union[int, str] = "KILL") -> None:
        """Send it a signal: a number or a name."""
        number = signal_number(signal)
        with self._use() as pointer:
            _c.container_process_kill(pointer, number)

    def close(self) -> None:
        """Forget the process, which lives on.  May be repeated."""
        self._free(_c.container_process_free)
        self._close_streams()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if self._pointer is not None and self._pid == os.getpid():
            try:
                if self.poll() is None:
                    self.kill()
                    self.wait(10)
            finally:
                self.close()

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None and self._pid == os.getpid():
            self.close()

    def __repr__(self) -> str:
        return f"<ocikit.Process of {self.container.id!r}{'' if self._pointer is not None else ', closed'}>"


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
        with self._use() as pointer:
            fd: int = _c.container_events_fd(pointer)
            return fd

    def _own_fd(self) -> "contextlib.AbstractContextManager[int]":
        """One that stays open while it is waited on."""
        with self._use() as pointer:
            return opened(os.dup(_c.container_events_fd(pointer)))

    def next_now(self) -> Optional[Event]:
        """The next event, if there is one already."""
        with self._use() as pointer:
            kind, kills = _c.flat_events_next(pointer)
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
            if remaining(deadline) == 0:
                raise TimeoutExpired("nothing has happened in time", code=Code.TIMEOUT, timeout=timeout)
            with self._own_fd() as fd:
                poll(fd, remaining(deadline))
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
                await poll_async(fd, None)

    def close(self) -> None:
        """Stop watching.  May be repeated."""
        self._free(_c.container_events_close)

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            self.close()


def json_of(value: Any, what: str, of: Type[spec.Object]) -> bytes:
    """An object of that class, or the dict of one, as text."""
    if isinstance(value, of):
        return value.to_json().encode()
    if isinstance(value, spec.Object):
        raise TypeError(f"{what}: a {of.__name__} is needed, not a {type(value).__name__}")
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, default=json_default).encode()
    raise TypeError(f"{what}: a dict or a {of.__name__} is needed, not {type(value).__name__}")


class Container(_Waitable):
    """A container, made by Runtime.create or found by Runtime.open.

    As a context manager, one that was made here is killed if it runs, and removed, whatever happened in between; one
    that was opened is let alone.  Any number of threads may use one object.
    """

    _fd = staticmethod(_c.container_pidfd)
    _collect = staticmethod(_c.flat_wait)

    def __init__(self, pointer: Any, runtime: Any, container_id: str, stdio: Optional[Stdio] = None,
                 owned: bool = False) -> None:
        super().__init__(pointer, f"container {container_id!r}", runtime._context, stdio)
        self.runtime = runtime  # whose context it holds
        self.id = container_id
        self._owned = owned

    def _pauses(self) -> Iterator[Optional[float]]:
        """Its end may need that the processes which were executed in it are collected, which C does when it is asked how
        the container ended: often at first, as a kill may just have been sent, and in the long run twice a second."""
        pause = 0.002
        while True:
            yield pause
            pause = min(2 * pause, 0.5)

    # ---- what it is ----

    def state(self) -> spec.RuntimeState:
        """The state document, with the additions that runc has too (rootfs, created, owner) as unknown members."""
        with self._use() as pointer:
            return spec.RuntimeState.from_json(_c.flat_state(pointer))

    @property
    def status(self) -> str:
        """creating, created, running, paused or stopped."""
        with self._use() as pointer:
            status: str = json.loads(_c.flat_state(pointer))["status"]
            return status

    @property
    def pid(self) -> Optional[int]:
        """Of the first process; None when it has ended."""
        with self._use() as pointer:
            return json.loads(_c.flat_state(pointer)).get("pid") or None

    @property
    def terminal_fd(self) -> Optional[int]:
        """The terminal of a container that has one and was given no console socket; it belongs to this object."""
        with self._use() as pointer:
            fd: int = _c.container_terminal_fd(pointer)
            return fd if fd >= 0 else None

    def processes(self) -> List[int]:
        """The pids of all processes in it."""
        with self._use() as pointer:
            return [int(line) for line in _c.flat_processes(pointer).split()]

    def stats(self) -> Dict[str, Json]:
        """What it has used: cpu in nanoseconds, memory in bytes, pids, blkio, as container_stats(3) says."""
        with self._use() as pointer:
            found: Dict[str, Json] = json.loads(_c.container_stats(pointer))
            return found

    def events(self, kinds: Iterable[str] = ("oom", "exit")) -> Events:
        """Watch it."""
        mask = 0
        if isinstance(kinds, str):
            raise TypeError("kinds: a list of str is needed, not str")
        for kind in kinds:
            if kind not in _EVENT_KINDS:
                raise ValueError(f"kinds: {kind!r} is none of {', '.join(_EVENT_KINDS)}")
            mask |= _EVENT_KINDS[kind]
        with self._use() as pointer:
            return Events(_c.container_events_open(pointer, mask), self.id, self._context.hold())

    # ---- its life ----

    def start(self) -> None:
        """Run the program.  Returns once it runs and the poststart hooks have.  Ctrl-C kills it."""
        def call() -> None:
            with self._use() as pointer:
                _c.container_start(pointer)

        interruptible(call, self.kill)

    def kill(self, signal: Union[int, str] = "KILL", *, all: bool = False) -> None:
        """Send the first process a signal (a number or a name), or all processes."""
        number = signal_number(signal)
        self._check_process()
        self._pointer_now()
        # By its id: a thread that waits in start() holds the handle.
        self.runtime._kill(self.id, number, all)

    def pause(self) -> None:
        """Stop all its processes where they are."""
        with self._use() as pointer:
            _c.container_pause(pointer)

    def resume(self) -> None:
        """Let them go on."""
        with self._use() as pointer:
            _c.container_resume(pointer)

    def update(self, resources: Union[spec.LinuxResources, Mapping[str, Json]]) -> None:
        """Change limits: all that resources names, or, on failure, nothing."""
        text = json_of(resources, "update", spec.LinuxResources)
        with self._use() as pointer:
            _c.container_update(pointer, text)

    def update_rdt(self, schemata: Mapping[str, Json]) -> None:
        """The same for cache and memory bandwidth: what a configuration has at /linux/intelRdt."""
        text = json_of(schemata, "update_rdt", spec.IntelRdt)
        with self._use() as pointer:
            _c.container_update_rdt(pointer, text)

    def open_notify(self) -> int:
        """Listen on the socket of a container that was created with notify_socket, before start(): an fd, the
        caller's to close, that receives what the program says (sd_notify(3): lines such as READY=1)."""
        with self._use() as pointer:
            fd: int = _c.container_notify_open(pointer)
            return fd

    def add_mount(self, mount: Union[spec.Mount, Mapping[str, Json]]) -> None:
        """Mount something in the container that is there."""
        text = json_of(mount, "add_mount", spec.Mount)
        with self._use() as pointer:
            _c.container_mount_add(pointer, text)

    def remove_mount(self, destination: str) -> None:
        """Unmount what is there."""
        with self._use() as pointer:
            _c.container_mount_remove(pointer, destination)

    def delete(self, *, force: bool = False) -> None:
        """Remove it, which has to be stopped or created; force: kill it first.  The status may still be asked for, and
        the object is still to be closed."""
        with self._use() as pointer:
            _c.container_delete(pointer, _c.DELETE_FORCE if force else 0)
            self._owned = False

    def close(self) -> None:
        """Forget the container, which lives on.  May be repeated."""
        self._free(_c.container_close)
        self._close_streams()

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if self._pointer is None or self._pid != os.getpid():
            return
        try:
            if self._owned:
                self.delete(force=True)
        except NotFoundError:
            pass  # somebody else was faster
        finally:
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None and self._pid == os.getpid():
            if self._owned:
                warnings.warn(f"{self._what} was neither removed nor closed", ResourceWarning, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<ocikit.Container {self.id!r}{'' if self._pointer is not None else ', closed'}>"

    # ---- more processes ----

    def exec(self, args: Optional[Iterable[str]] = None, *, process: Union[None, spec.Process, Mapping[str, Json]] = None,
             stdin: Stream = None, stdout: Stream = None, stderr: Stream = None, env: Optional[Mapping[str, str]] = None,
             cwd: Optional[str] = None, user: Optional[str] = None, capabilities: Optional[Iterable[str]] = None,
             terminal: bool = False, no_new_privileges: bool = False, preserve_fds: Iterable[int] = (),
             console_socket: Optional[str] = None, rows: int = 0, columns: int = 0, selinux_label: Optional[str] = None,
             apparmor_profile: Optional[str] = None, cgroups: Optional[Iterable[str]] = None,
             wait_until_resumed: bool = False, timeout: Optional[float] = None) -> Process:
        """Start one more process in it: args, or a whole process object.  Returns once its program runs.

        stdin, stdout, stderr: None (the caller's), an fd or a file, DEVNULL, PIPE (then the attribute of that name is
        the other end), STDOUT.  env adds to the configuration's; user is "UID" or "UID:GID"; timeout in seconds.
        """
        text = None if process is None else json_of(process, "process", spec.Process)
        argv = packed(args, "args")
        if argv is None and text is None:
            raise TypeError("exec: args or process is needed")
        fds = packed_fds(preserve_fds)
        stdio = Stdio(stdin, stdout, stderr)

        def call(cancel: int) -> Tuple[Any, Context]:
            with self._use_for_exec(wait_until_resumed) as pointer:
                return _c.flat_exec(pointer, text, argv, packed(pairs(env), "env"), cwd, user,
                                    packed(capabilities, "capabilities"), int(terminal), int(no_new_privileges),
                                    *stdio.triple, fds, console_socket, cancel, rows, columns,
                                    _c.EXEC_IGNORE_PAUSED if wait_until_resumed else 0, selinux_label,
                                    apparmor_profile, packed(cgroups, "cgroups")), self._context.hold()

        def undo(made: Tuple[Any, Context]) -> None:
            try:
                _c.container_process_kill(made[0], signal_number("KILL"))
            finally:
                _c.container_process_free(made[0])
                made[1].release()

        try:
            pointer, _ = cancellable(call, undo, timeout)
        except BaseException:
            stdio.abort()
            raise
        stdio.close()
        return Process(pointer, self, stdio)

    @contextlib.contextmanager
    def _use_for_exec(self, waits: bool) -> Iterator[Any]:
        """The pointer; another one of the same container for a call that waits for resume(), which needs this one."""
        if not waits:
            with self._use() as pointer:
                yield pointer
            return
        self._check_process()
        self._pointer_now()
        with self._context as context:
            pointer = _c.container_open(context, self.id)
            try:
                yield pointer
            finally:
                _c.container_close(pointer)

    def run(self, args: Iterable[str], *, input: Union[None, bytes, str] = None, capture_output: bool = False,
            text: bool = False, timeout: Optional[float] = None, check: bool = False, **options: Any
            ) -> "subprocess.CompletedProcess[Any]":
        """Run a program in it to its end, as subprocess.run does; options are those of exec.  After timeout seconds it
        is killed, and ocikit.TimeoutExpired raised, which is subprocess.TimeoutExpired too; check raises
        subprocess.CalledProcessError.  text: input and output are str."""
        if isinstance(args, (str, bytes)):
            raise TypeError(f"args: a list of str is needed, not {type(args).__name__}")
        args = list(args)
        deadline = deadline_of(timeout)
        given = run_options(options, input, capture_output, text)
        with self.exec(args, timeout=timeout, **options) as process:
            out, err = process.communicate(given, remaining(deadline))
            status = process.wait()
        return completed(args, status.returncode, out, err, text, check)


@contextlib.contextmanager
def opened(fd: int) -> Iterator[int]:
    """An fd that is closed at the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def next_pause(pause: Optional[float], deadline: Optional[float], timeout: Optional[float]) -> Optional[float]:
    """The shorter of the two, or TimeoutExpired."""
    left = remaining(deadline)
    if left == 0:
        raise TimeoutExpired("the process has not ended in time", code=Code.TIMEOUT, timeout=timeout)
    return left if pause is None else pause if left is None else min(left, pause)


def pairs(env: Optional[Mapping[str, str]]) -> Optional[List[str]]:
    """As exec(3) has an environment."""
    if env is None:
        return None
    if not isinstance(env, Mapping):
        raise TypeError(f"env: a dict is needed, not {type(env).__name__}")
    for name, value in env.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"env: {name!r} is {value!r}, and not a str")
    return [f"{name}={value}" for name, value in env.items()]


def run_options(options: Dict[str, Any], input: Union[None, bytes, str], capture_output: bool, text: bool) -> Optional[bytes]:
    """What run() asks of exec() or create(); and the input as bytes."""
    if input is not None and not isinstance(input, (str if text else (bytes, bytearray, memoryview))):
        raise TypeError(f"input: {'str' if text else 'bytes'} are needed, not {type(input).__name__}" +
                        ("" if text or not isinstance(input, str) else "; or text=True"))
    if input is not None:
        options["stdin"] = PIPE
    if capture_output:
        options["stdout"] = options["stderr"] = PIPE
    return input.encode() if isinstance(input, str) else input


def completed(args: List[str], returncode: int, out: Optional[bytes], err: Optional[bytes], text: bool,
              check: bool) -> "subprocess.CompletedProcess[Any]":
    """As subprocess.run gives it."""
    if text:
        done: "subprocess.CompletedProcess[Any]" = subprocess.CompletedProcess(
            args, returncode, None if out is None else out.decode(errors="replace"),
            None if err is None else err.decode(errors="replace"))
    else:
        done = subprocess.CompletedProcess(args, returncode, out, err)
    if check:
        done.check_returncode()
    return done
