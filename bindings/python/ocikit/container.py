# SPDX-License-Identifier: Apache-2.0
"""Containers."""
import contextlib
import json
import subprocess
import warnings
from types import TracebackType
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Type, Union

from . import _container as _c
from . import spec
from ._arguments import Json, completed, json_of, packed, packed_fds, pairs, run_options
from ._attempt import Attempt
from ._errors import NotFoundError, StateError
from ._handle import Context
from ._io import Stdio, Stream
from ._waiting import LOOK, deadline_of, remaining, signal_number
from .events import Events, mask_of
from .process import Process, Waitable

__all__ = ["Container"]


class Container(Waitable):
    """A container, made by Runtime.create or found by Runtime.open.

    As a context manager, one that was made here is killed if it runs, and removed, whatever happened in between; one
    that was opened is let alone.  Any number of threads may use one object.
    """

    _owned = False
    _fd = staticmethod(_c.container_pidfd)
    _collect = staticmethod(_c.flat_wait)

    def __init__(self, pointer: Any, runtime: Any, context: Context, container_id: str, stdio: Optional[Stdio] = None,
                 owned: bool = False) -> None:
        super().__init__(pointer, f"container {container_id!r}", context, stdio)
        self.runtime = runtime
        self.id = container_id
        self._owned = owned

    def _pauses(self) -> Iterator[float]:
        """Its end may need that the processes which were executed in it are collected, which C does when it is asked how
        the container ended: often at first, as a kill may just have been sent, and in the long run twice a second."""
        pause = 0.002
        while True:
            yield pause
            pause = min(2 * pause, LOOK)

    # ---- what it is ----

    def state(self) -> spec.RuntimeState:
        """The state document, with the additions that runc has too (rootfs, created, owner) as unknown members."""
        with self._turn():
            return spec.RuntimeState.from_json(_c.flat_state(self._now()))

    @property
    def status(self) -> str:
        """creating, created, running, paused or stopped."""
        with self._turn():
            status: str = json.loads(_c.flat_state(self._now()))["status"]
            return status

    @property
    def pid(self) -> Optional[int]:
        """Of the first process; None when it has ended."""
        with self._turn():
            return json.loads(_c.flat_state(self._now())).get("pid") or None

    @property
    def terminal_fd(self) -> Optional[int]:
        """The terminal of a container that has one and was given no console socket; it belongs to this object."""
        with self._turn():
            fd: int = _c.container_terminal_fd(self._now())
            return fd if fd >= 0 else None

    def processes(self) -> List[int]:
        """The pids of all processes in it."""
        with self._turn():
            return [int(line) for line in _c.flat_processes(self._now()).split()]

    def stats(self) -> Dict[str, Json]:
        """What it has used: cpu in nanoseconds, memory in bytes, pids, blkio, as container_stats(3) says."""
        with self._turn():
            found: Dict[str, Json] = json.loads(_c.container_stats(self._now()))
            return found

    def events(self, kinds: Iterable[str] = ("oom", "exit")) -> Events:
        """Watch it."""
        with self._turn():
            return Events(_c.container_events_open(self._now(), mask_of(kinds)), self.id, self._context.hold())

    # ---- its life ----

    def start(self) -> None:
        """Run the program.  Returns once it runs and the poststart hooks have.  Ctrl-C kills it, and ends them."""
        def call(cancel: int) -> bool:
            with self._turn_unless(cancel):
                _c.flat_start(self._now(), cancel)
            return True

        attempt = Attempt(call, lambda _: self.kill())
        try:
            attempt.run()
        except BaseException as cause:
            attempt.take_back(cause)
            raise

    def kill(self, signal: Union[int, str] = "KILL", *, all: bool = False) -> None:
        """Send the first process a signal (a number or a name), or all processes; also while another thread waits in
        start()."""
        number = signal_number(signal)
        with self._keep():
            _c.container_kill(self._now(), number, _c.KILL_ALL if all else 0)

    def pause(self) -> None:
        """Stop all its processes where they are."""
        with self._turn():
            _c.container_pause(self._now())

    def resume(self) -> None:
        """Let them go on."""
        with self._turn():
            _c.container_resume(self._now())

    def update(self, resources: Union[spec.LinuxResources, Mapping[str, Json]]) -> None:
        """Change limits: all that resources names, or, on failure, nothing."""
        text = json_of(resources, "update", spec.LinuxResources)
        with self._turn():
            _c.container_update(self._now(), text)

    def update_rdt(self, schemata: Mapping[str, Json]) -> None:
        """The same for cache and memory bandwidth: what a configuration has at /linux/intelRdt."""
        text = json_of(schemata, "update_rdt", spec.IntelRdt)
        with self._turn():
            _c.container_update_rdt(self._now(), text)

    def open_notify(self) -> int:
        """Listen on the socket of a container that was created with notify_socket, before start(): an fd, the
        caller's to close, that receives what the program says (sd_notify(3): lines such as READY=1)."""
        with self._turn():
            fd: int = _c.container_notify_open(self._now())
            return fd

    def add_mount(self, mount: Union[spec.Mount, Mapping[str, Json]]) -> None:
        """Mount something in the container that is there."""
        text = json_of(mount, "add_mount", spec.Mount)
        with self._turn():
            _c.container_mount_add(self._now(), text)

    def remove_mount(self, destination: str) -> None:
        """Unmount what is there."""
        with self._turn():
            _c.container_mount_remove(self._now(), destination)

    def delete(self, *, force: bool = False) -> None:
        """Remove it, which has to be stopped or created; force: kill it first.  The status may still be asked for, and
        the object is still to be closed.  Poststop hooks run to their ends: Ctrl-C comes after that."""
        with self._turn():
            _c.container_delete(self._now(), _c.DELETE_FORCE if force else 0)
            self._owned = False

    def close(self) -> None:
        """Forget the container, which lives on.  May be repeated."""
        self._free(_c.container_close)
        self._close_streams()

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if not self._is_ours():
            return
        try:
            if self._owned:
                self.delete(force=True)
        except NotFoundError:
            pass  # somebody else was faster
        finally:
            self.close()

    def __del__(self) -> None:
        if self._is_ours():
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
        if (argv is None) == (text is None):
            raise TypeError("exec: args or process is needed, and not both")
        fds = packed_fds(preserve_fds)
        stdio = Stdio(stdin, stdout, stderr)

        def call(cancel: int) -> Process:
            with self._turn_for_exec(wait_until_resumed, cancel) as pointer:
                made = _c.flat_exec(pointer, text, argv, packed(pairs(env), "env"), cwd, user,
                                    packed(capabilities, "capabilities"), int(terminal), int(no_new_privileges),
                                    *stdio.triple, fds, console_socket, cancel, rows, columns,
                                    _c.EXEC_IGNORE_PAUSED if wait_until_resumed else 0, selinux_label,
                                    apparmor_profile, packed(cgroups, "cgroups"))
                process = Process(made, self, self._context.hold(), stdio)
            stdio.close()
            return process

        def undo(process: Process) -> None:
            try:
                process.kill()
            finally:
                process.close()

        attempt = Attempt(call, undo)
        try:
            return attempt.run(timeout)
        except BaseException as cause:
            stdio.abort()
            attempt.take_back(cause)
            raise

    @contextlib.contextmanager
    def _turn_for_exec(self, waits: bool, cancel: int) -> Iterator[Any]:
        """The pointer; another one of the same container for a call that waits for resume(), which needs this one."""
        if not waits:
            with self._turn_unless(cancel):
                yield self._now()
            return
        with self._context as context:
            pointer = _c.container_open(context, self.id)
            try:
                self._check_there()
                yield pointer
            finally:
                _c.container_close(pointer)

    def _check_there(self) -> None:
        """NotFoundError where the container is gone, though another one may have its id."""
        with self._keep(), contextlib.suppress(StateError):
            _c.container_kill(self._now(), 0, 0)

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
