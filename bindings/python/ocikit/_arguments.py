# SPDX-License-Identifier: Apache-2.0
"""What callers give, as the C module takes it; and the conventions of subprocess.run."""
import json
import subprocess
from array import array
from typing import Any, Dict, Iterable, List, Mapping, Optional, Type, Union

from . import spec
from ._io import PIPE, fd_of
from ._member import json_default

Json = Any


def json_of(value: Any, what: str, of: Type[spec.Object]) -> bytes:
    """An object of that class, or the dict of one, as text."""
    if isinstance(value, of):
        return value.to_json().encode()
    if isinstance(value, spec.Object):
        raise TypeError(f"{what}: a {of.__name__} is needed, not a {type(value).__name__}")
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, default=json_default).encode()
    raise TypeError(f"{what}: a dict or a {of.__name__} is needed, not {type(value).__name__}")


def packed(texts: Optional[Iterable[str]], what: str) -> Optional[bytes]:
    """As the C module takes a list of texts."""
    if texts is None:
        return None
    if isinstance(texts, (str, bytes)):
        raise TypeError(f"{what}: a list of str is needed, not {type(texts).__name__}")
    parts = []
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{what}: str is needed, not {type(text).__name__}")
        if "\0" in text:
            raise ValueError(f"{what}: a NUL in a string")
        parts.append(text.encode(errors="surrogateescape") + b"\0")
    return b"".join(parts)


def packed_fds(fds: Iterable[Any]) -> bytes:
    """The same for fds to preserve: ints as they are in memory."""
    return array("i", [fd_of(fd, "preserve_fds") for fd in fds]).tobytes()


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
