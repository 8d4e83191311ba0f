# SPDX-License-Identifier: Apache-2.0
"""OCI documents as Python objects.

    config = spec.RuntimeConfig.from_file("bundle/config.json")
    config.process.args = ["/bin/sh"]
    config.mounts.append({"destination": "/data", "type": "bind", "source": "/srv/data", "options": ["rbind"]})
    config["/linux/resources/memory/limit"] = 64 << 20
    print(config.to_json(pretty=True), config.validate())

Each class is an object of the specifications; attributes are its members, by their names in JSON made of small letters
and underscores (process.no_new_privileges).  What is absent is None, or an empty list or dict, which is there once
something is put in.  What the schema does not name is kept.

Any number of threads may read one object, or one thread may change it.
"""
from dataclasses import dataclass
from typing import Iterable, List as _ListOf, Optional, Union

from . import _spec
from ._finding import MISSING, Difference, Finding
from ._object import UNKNOWN, Document, List, Map, Member, Object
from ._types import *  # noqa: F401,F403  (all classes)
from ._types import __all__ as _types_all

__all__ = ["Difference", "Document", "Finding", "Kind", "List", "MISSING", "Map", "Member", "Object", "Rule", "check",
           "detect", "kinds", "rules", *_types_all]


@dataclass(frozen=True)
class Rule:
    """One rule that a specification states in prose: its name, which findings have and checks can be told to ignore;
    the kind of document it is about; file and heading where it is stated; what it says."""

    name: str
    is_error: bool
    kind: str
    section: str
    summary: str


@dataclass(frozen=True)
class Kind:
    """A kind of document: what check() and detect() call it, its name for people, its media type if it has one, and
    its class."""

    name: str
    title: str
    media_type: Optional[str]
    type: type


def rules() -> _ListOf[Rule]:
    """All rules, by kind of document and name."""
    return [Rule(*row) for row in _spec.rules()]


def kinds() -> _ListOf[Kind]:
    """All kinds of documents."""
    classes = {one._type_name: one for one in Document.__subclasses__()}
    return [Kind(name, title, media_type, classes[of]) for name, title, media_type, of in _spec.kinds()]


def detect(text: Union[str, bytes]) -> Optional[str]:
    """Which kind of document a JSON text is: "runtime-config", "image-manifest", ...; None for none that is known."""
    found: Optional[str] = _spec.detect(text)
    return found


def check(text: Union[str, bytes], kind: Optional[str] = None, *, name: Optional[str] = None, unknown: str = "keep",
          ignore: Iterable[str] = (), startable: bool = False) -> _ListOf[Finding]:
    """All that is wrong with a JSON text, or odd: by the schema, and by the rules of the specification.

    kind    what it is; None: find out
    name    what messages call the text, such as a file's name
    unknown what to do about members that the schema does not name: "keep" them, "warn", "refuse", or "suggest" a name
            where one is nearly right
    ignore  names of rules
    startable  a configuration that is to be started: process must be there
    """
    return [Finding._made(row) for row in
            _spec.check(kind, text, name, UNKNOWN[unknown], list(ignore), startable)]
