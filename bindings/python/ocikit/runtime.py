# SPDX-License-Identifier: Apache-2.0
"""Where containers are made and found."""
import os
import subprocess
import threading
import uuid
import weakref
from typing import Any, Callable, Iterable, List, Mapping, Optional, Union

from . import _container as _c
from . import spec
from ._arguments import Json, completed, json_of, packed, packed_fds, pairs, run_options
from ._attempt import Attempt
from ._errors import ClosedError
from ._handle import Context
from ._io import Stdio, Stream
from ._waiting import deadline_of, remaining
from .container import Container

__all__ = ["Runtime", "default_config", "features", "rootless_config"]

Log = Callable[[int, str, str], None]
Config = Union[None, spec.RuntimeConfig, Mapping[str, Json]]


class Runtime:
    """A state directory, in which containers are known by their ids, and how to make them.

    root     absolute path of the directory, made with the first container; default /run/ocikit
    log      called with a level (1 warning, 2 info, 3 debug), a container's id and a message, in the thread of the
             operation; must not use the library
    systemd_bus, newuidmap, newgidmap  as container_context_new(3) says

    Any number of threads may use one object.  Closing it closes the Container objects that came from it, and leaves
    the containers.
    """

    def __init__(self, root: Union[None, str, "os.PathLike[str]"] = None, *, log: Optional[Log] = None,
                 systemd_bus: Optional[str] = None, newuidmap: Optional[str] = None,
                 newgidmap: Optional[str] = None) -> None:
        if log is not None and not callable(log):
            raise TypeError("log: a function is needed")
        self.root = "/run/ocikit" if root is None else os.fsdecode(root)
        self._context = Context(_c.context_new(None if root is None else os.fsencode(root), log, newuidmap, newgidmap,
                                               systemd_bus), log)
        self._adding = threading.RLock()  # a signal handler may come while it is held
        self._containers: "weakref.WeakSet[Container]" = weakref.WeakSet()

    def create(self, id: str, config: Config = None, *, bundle: Union[None, str, "os.PathLike[str]"] = None,
               stdin: Stream = None, stdout: Stream = None, stderr: Stream = None,
               env: Optional[Mapping[str, str]] = None, preserve_fds: Iterable[int] = (),
               console_socket: Optional[str] = None, pidfd_socket: Optional[str] = None, no_pivot: bool = False,
               new_keyring: bool = True, notify_socket: bool = False, systemd_cgroup: bool = False,
               timeout: Optional[float] = None) -> Container:
        """Set a container up; its program waits for start().

        id       1 to 1024 letters, digits and _+.-
        config   the configuration, in place of the bundle's config.json
        bundle   the directory that relative paths start from; without config it has the config.json
        stdin, stdout, stderr  None (the caller's), an fd or a file, DEVNULL, PIPE (then the container's attribute of
                 that name is the other end), STDOUT
        env      additions to the configuration's environment
        timeout  seconds after which it is given up, and undone; so it is on Ctrl-C
        """
        if bundle is None:
            if config is None:
                raise TypeError("create: config or bundle is needed")
            bundle = os.curdir
        text = None if config is None else json_of(config, "config", spec.RuntimeConfig)
        path = os.fsencode(bundle)
        flags = ((0 if new_keyring else _c.NO_NEW_KEYRING) | (_c.NO_PIVOT if no_pivot else 0) |
                 (_c.NOTIFY_SOCKET if notify_socket else 0) | (_c.SYSTEMD_CGROUP if systemd_cgroup else 0))
        variables = packed(pairs(env), "env")
        fds = packed_fds(preserve_fds)
        stdio = Stdio(stdin, stdout, stderr)

        def call(cancel: int) -> Container:
            with self._context as context:
                made = _c.flat_create(context, id_of(id), path, text, *stdio.triple, fds, console_socket, cancel, flags,
                                      pidfd_socket, variables)
                container = Container(made, self, self._context.hold(), id, stdio, owned=True)
            stdio.close()
            if not self._add(container):
                container.__exit__(None, None, None)
                raise ClosedError("the runtime was closed meanwhile")
            return container

        attempt = Attempt(call, lambda container: container.__exit__(None, None, None))
        try:
            return attempt.run(timeout)
        except BaseException as cause:
            stdio.abort()
            attempt.take_back(cause)
            raise

    def open(self, id: str) -> Container:
        """A container that is there already, whoever made it."""
        with self._context as context:
            container = Container(_c.container_open(context, id_of(id)), self, self._context.hold(), id)
        if not self._add(container):
            container.close()
            raise ClosedError("the runtime was closed meanwhile")
        return container

    def list(self) -> List[str]:
        """The ids of all containers, sorted."""
        with self._context as context:
            ids: List[str] = _c.flat_list(context).splitlines()
            return ids

    def delete(self, id: str, *, force: bool = False) -> None:
        """Remove a container by its id, also what a killed create left; force: kill it first, and take none for
        removed."""
        with self._context as context:
            _c.container_delete_id(context, id_of(id), _c.DELETE_FORCE if force else 0)

    def plan(self, config: Config = None, *, bundle: Union[None, str, "os.PathLike[str]"] = None,
             id: str = "plan", systemd_cgroup: bool = False) -> str:
        """What create would do, step by step, as text for people."""
        text = None if config is None else json_of(config, "config", spec.RuntimeConfig)
        with self._context as context:
            plan: str = _c.flat_plan(context, id_of(id), os.fsencode(bundle or os.curdir), text,
                                     _c.SYSTEMD_CGROUP if systemd_cgroup else 0)
            return plan

    def run(self, config: Config = None, *, bundle: Union[None, str, "os.PathLike[str]"] = None, id: Optional[str] = None,
            input: Union[None, bytes, str] = None, capture_output: bool = False, text: bool = False,
            timeout: Optional[float] = None, check: bool = False, **options: Any
            ) -> "subprocess.CompletedProcess[Any]":
        """Make a container, run it to its end and remove it, as subprocess.run does with a program; options are those
        of create.  After timeout seconds it is killed, and ocikit.TimeoutExpired raised, which is
        subprocess.TimeoutExpired too; check raises subprocess.CalledProcessError.  text: input and output are str."""
        deadline = deadline_of(timeout)
        given = run_options(options, input, capture_output, text)
        with self.create(id or f"run-{uuid.uuid4().hex[:12]}", config, bundle=bundle, timeout=timeout,
                         **options) as container:
            container.start()
            out, err = container.communicate(given, remaining(deadline))
            status = container.wait()
        return completed([container.id], status.returncode, out, err, text, check)

    def close(self) -> None:
        """Close all Container objects of this one, then it.  Calls that go on, and what is still open, keep what they
        need.  May be repeated."""
        if self._context.is_other_process():
            return
        with self._adding:
            self._context.close()
            containers = list(self._containers)
        for container in containers:
            container._owned = False
            container.close()

    def _add(self, container: Container) -> bool:
        """False when it comes too late to be closed with the others."""
        with self._adding:
            self._containers.add(container)
            return not self._context.is_closed()

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_containers"):
            self.close()

    def __repr__(self) -> str:
        return f"<ocikit.Runtime {self.root!r}{', closed' if self._context.is_closed() else ''}>"


def id_of(id: str) -> str:
    """C takes bytes too, as paths may be."""
    if not isinstance(id, str):
        raise TypeError(f"id: str is needed, not {type(id).__name__}")
    return id


def default_config(rootfs: Optional[str] = None, args: Optional[Iterable[str]] = None) -> spec.RuntimeConfig:
    """A configuration with safe defaults, as `ocikit spec` writes it: sh on a terminal in the folder rootfs; args is a
    program without a terminal."""
    return spec.RuntimeConfig.from_json(_c.flat_default_config(rootfs, packed(args, "args")))


def rootless_config(rootfs: Optional[str] = None, args: Optional[Iterable[str]] = None, *, uid: Optional[int] = None,
                    gid: Optional[int] = None) -> spec.RuntimeConfig:
    """The same for a caller without root: in a user namespace in which root is this user, or another one."""
    return spec.RuntimeConfig.from_json(_c.flat_rootless_config(
        rootfs, packed(args, "args"), os.geteuid() if uid is None else uid, os.getegid() if gid is None else gid))


def features() -> spec.RuntimeFeatures:
    """What this build and this kernel can do."""
    return spec.RuntimeFeatures.from_json(_c.container_features())
