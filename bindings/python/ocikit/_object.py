# SPDX-License-Identifier: Apache-2.0
"""What the generated classes of documents stand on.

An Object is its members by their names in JSON, in the order of the text.  One that came from a text knows only where
its struct is in the C library's tree (a node) until a member is asked for; then that level, and no deeper, becomes
Python values: text, numbers, List, Map, and Objects that are nodes again.  From there on it is Python's alone: editing
never touches the C struct, which others may read.  What was never looked at is written by the C library as it was read.
"""
import copy
import json
from collections.abc import Mapping
from typing import Any as Json

from . import _spec
from ._errors import EncodingError, SpecError
from ._finding import MISSING, Difference, Finding
from ._member import List, Map, Member, Raw, checked_json, json_default, refused

_TYPES = _spec.types()


class _Unknown(dict):
    def __missing__(self, word):
        raise ValueError(f"unknown: {word!r} is none of {', '.join(self)}")


# What to do about members that the schema does not name.
UNKNOWN = _Unknown(keep=_spec.UNKNOWN_KEEP, warn=_spec.UNKNOWN_WARN, refuse=_spec.UNKNOWN_REFUSE,
                   suggest=_spec.UNKNOWN_SUGGEST)
_KINDS = {type_name: name for name, _, _, type_name in _spec.kinds()}


def _plain(value):
    """A value as json has it."""
    if isinstance(value, Object):
        return value.to_dict()
    if isinstance(value, Raw):
        return json.loads(value.current())
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _text_of(value):
    """The same as JSON text in one line."""
    if isinstance(value, Object):
        node = value._node  # first: another thread that reads a member sets it to None last
        return _members_text(value._values) if value._values is not None else \
            _spec.written(node, _spec.WRITE_COMPACT)
    if isinstance(value, Raw):
        return value.current()
    if isinstance(value, List) and value._member.kind == "object":
        return f"[{','.join(map(_text_of, value))}]"
    if isinstance(value, Map) and value._member.kind == "object":
        return _members_text(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _members_text(values):
    members = (f"{json.dumps(name, ensure_ascii=False)}:{_text_of(value)}" for name, value in values.items())
    return f"{{{','.join(members)}}}"


def _escape(step):
    return step.replace("~", "~0").replace("/", "~1")


def _unwritable(value, pointer):
    """Where a text is that is no Unicode."""
    if isinstance(value, dict):
        below = value.items()
        if any(_unwritable(key, pointer) is not None for key in value):
            return pointer
    elif isinstance(value, list):
        below = enumerate(value)
    else:
        return pointer if isinstance(value, str) and any("\ud800" <= one <= "\udfff" for one in value) else None
    found = (_unwritable(one, f"{pointer}/{_escape(str(step))}") for step, one in below)
    return next((one for one in found if one is not None), None)


def _unescape(step):
    return step.replace("~1", "/").replace("~0", "~")


def _steps_of(pointer):
    """The parts of a JSON pointer."""
    if not isinstance(pointer, str):
        raise refused("a JSON pointer", "str", pointer)
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON pointer: it begins with /")
    return [_unescape(step) for step in pointer.split("/")[1:]]


def _index(step, count, pointer):
    if not (step == "0" or (step.isascii() and step.isdigit() and step[0] != "0")) or int(step) >= count:
        raise KeyError(pointer)
    return int(step)


def _step(value, step, pointer):
    """The value one step below, or KeyError."""
    if isinstance(value, Object):
        found = value._load().get(step, MISSING)
        if found is MISSING:
            raise KeyError(pointer)
        return found.look() if found.__class__ is Raw else found
    if isinstance(value, list):
        return value[_index(step, len(value), pointer)]
    if isinstance(value, dict) and step in value:
        return value[step]
    raise KeyError(pointer)


class Object:
    """A JSON object that the schema describes.  Members are attributes; None is an absent one."""

    __slots__ = ("_node", "_values", "_empty", "__weakref__")
    _type_name = ""
    _members = {}
    __hash__ = None

    def __init_subclass__(cls):
        if cls.__module__.startswith("ocikit."):
            cls.__module__ = "ocikit.spec"
        cls._members = {one.name: one for base in reversed(cls.__mro__) for one in vars(base).values()
                        if isinstance(one, Member)}

    def __init__(self, **members):
        self._node = None
        self._values = {}
        self._empty = {}
        for attribute, value in members.items():
            if not isinstance(getattr(type(self), attribute, None), Member):
                raise TypeError(f"{type(self).__name__} has no member {attribute!r}")
            setattr(self, attribute, value)

    @classmethod
    def _from_node(cls, node):
        self = cls.__new__(cls)
        self._node = node
        self._values = None
        return self

    @classmethod
    def _type(cls):
        try:
            return _TYPES[cls._type_name]
        except KeyError:
            raise TypeError(f"{cls.__name__} is no class of documents") from None

    @classmethod
    def from_json(cls, text, *, name=None, unknown="keep"):
        """Read JSON text (str, or bytes of UTF-8).  name is what messages call the document; unknown says what to do
        about members that the schema does not name: keep them, or refuse them.  SpecError tells all that is wrong."""
        return cls._from_node(_spec.parse(cls._type(), text, name, UNKNOWN[unknown]))

    @classmethod
    def from_dict(cls, values, *, unknown="keep"):
        """The same from dicts and lists, as the json module makes them; objects may stand in them."""
        if not isinstance(values, Mapping):
            raise refused(cls.__name__, "a dict", values)
        return cls.from_json(json.dumps(dict(values), ensure_ascii=False, allow_nan=False, default=json_default),
                             unknown=unknown)

    def _load(self):
        """The members, from the C struct if that is where they are."""
        node = self._node
        if self._values is None:
            members = self._members
            values = {}
            for name, value in _spec.members(node).items():
                member = members.get(name)
                # A member that the schema names may be null where it allows that.
                values[name] = member.loaded(value) if type(value) is not tuple else \
                    None if value[0] == "null" else Raw(value[0])
            # Another thread may have been first, and its user may hold what it got.
            if self._values is None:
                self._empty = {}
                self._values = values
                self._node = None
        return self._values

    def _adopt(self, name, value):
        """A list or map that was not there has got something."""
        if self._empty.get(name) is value:
            self._values[name] = value
            del self._empty[name]

    def to_dict(self):
        """Plain dicts and lists, of one's own to change."""
        return {name: _plain(value) for name, value in self._load().items()}

    def to_json(self, *, pretty=False, canonical=False):
        """JSON text: in one line, pretty (four spaces a level), or canonical (equal values give equal texts)."""
        if pretty and canonical:
            raise ValueError("to_json: pretty and canonical are two ways")
        style = _spec.WRITE_PRETTY if pretty else _spec.WRITE_CANONICAL if canonical else _spec.WRITE_COMPACT
        node = self._node
        if self._values is None:
            return _spec.written(node, style)
        text = _text_of(self)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            pointer = _unwritable(self.to_dict(), "") or ""
            raise EncodingError(f"{pointer}: {error.reason}", pointer=pointer) from None
        return self._in_style(text, style)

    def _in_style(self, text, style):
        try:
            return _spec.written(_spec.parse(self._type(), text, None, UNKNOWN["keep"]), style)
        except SpecError:  # what is incomplete or wrong can be written all the same
            if style == _spec.WRITE_COMPACT:
                return text
        values = json.loads(text)
        if style == _spec.WRITE_PRETTY:
            return json.dumps(values, ensure_ascii=False, allow_nan=False, indent=4) + "\n"
        return json.dumps(values, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))

    def validate(self):
        """Findings of the schema, in the order of the document; [] where there is nothing to say."""
        return _findings(_spec.findings(self._type(), self.to_json()))

    def diff(self, other):
        """Where another one differs: a list of Difference, by JSON pointers; [] where they are equal."""
        if type(other) is not type(self):
            raise refused("diff", f"a {type(self).__name__}", other)
        return _differences(_spec.diff(self._own_node(), other._own_node()))

    def _own_node(self):
        node = self._node
        return node if self._values is None else _spec.parse(self._type(), self.to_json(), None, UNKNOWN["keep"])

    def copy(self):
        """Another one with values of its own."""
        node = self._node
        if self._values is None:
            return self._from_node(node)
        other = type(self)()
        other._values = {name: _copied(value) for name, value in self._values.items()}
        return other

    __copy__ = copy

    def __deepcopy__(self, memo, /):
        return self.copy()

    @property
    def unknown(self):
        """What the schema does not name, as a dict of one's own; to change it, use self["/name"]."""
        return {name: _plain(value) for name, value in self._load().items() if name not in self._members}

    def get(self, pointer, default=None):
        """The value at a JSON pointer, or default."""
        try:
            return self[pointer]
        except KeyError:
            return default

    def __getitem__(self, pointer):
        value = self
        for step in _steps_of(pointer):
            value = _step(value, step, pointer)
        return value

    def __contains__(self, pointer):
        return self.get(pointer, MISSING) is not MISSING

    def __setitem__(self, pointer, value):
        """Set what is there, or a new member; objects on the way that are absent are made.  "-" is the place after a
        list's last."""
        steps = _steps_of(pointer)
        if not steps:
            raise ValueError('"" is the whole document')
        _set(self, steps, value, pointer)

    def __delitem__(self, pointer):
        steps = _steps_of(pointer)
        if not steps:
            raise ValueError('"" is the whole document')
        place = self
        for step in steps[:-1]:
            place = _step(place, step, pointer)
        _step(place, steps[-1], pointer)
        if isinstance(place, Object):
            del place._values[steps[-1]]
        else:
            del place[int(steps[-1]) if isinstance(place, list) else steps[-1]]

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __reduce__(self):
        return _unpickle, (type(self), self.to_json())

    def __repr__(self):
        named = []
        for name, value in self._load().items():
            member = self._members.get(name)
            shown = f"{type(value).__name__}(...)" if isinstance(value, Object) else \
                value.current() if isinstance(value, Raw) else \
                f"[{len(value)}]" if isinstance(value, list) and len(value) > 8 else repr(value)
            named.append(f"{member.attribute if member else name}={shown}")
        return f"{type(self).__name__}({', '.join(named)})"


def _copied(value):
    """A value of one's own."""
    if isinstance(value, Object):
        return value.copy()
    if isinstance(value, Raw):
        return Raw(value.current())
    if isinstance(value, List):
        return List._of(value._member, map(_copied, value))
    if isinstance(value, Map):
        return Map._of(value._member, {name: _copied(one) for name, one in value.items()})
    return copy.deepcopy(value)


def _unpickle(cls, text):
    try:
        return cls.from_json(text)
    except SpecError:
        return _incomplete(cls, json.loads(text))


def _incomplete(cls, values):
    """An object from what to_json gave for one that the schema does not allow, or not yet."""
    self = cls()
    for name, value in values.items():
        member = cls._members.get(name)
        if member is None or value is None:
            self._values[name] = value
        elif member.kind != "object":
            self._values[name] = member.whole(value)
        elif member.shape == "array":
            self._values[name] = List._of(member, [_incomplete(member.of, one) for one in value])
        elif member.shape == "map":
            self._values[name] = Map._of(member, {key: _incomplete(member.of, one) for key, one in value.items()})
        else:
            self._values[name] = _incomplete(member.of, value)
    return self


def _made(place, step, rest, value, pointer):
    """What a step leads to that is absent, with value where the rest of the pointer leads: an object, list or map of
    the schema.  Whatever is wrong with it, nothing has changed."""
    member = place._members.get(step) if isinstance(place, Object) else None
    if member is None or (member.shape == "one" and member.kind not in ("object", "raw")):
        raise KeyError(pointer)
    if member.shape != "one":
        made = member._absent(place)  # which somebody may look at already
    else:
        made = member.of() if member.kind == "object" else {}
    _set(made, rest, value, pointer)
    return made


def _set(place, steps, value, pointer):
    for number, step in enumerate(steps[:-1]):
        try:
            below = _step(place, step, pointer)
        except KeyError:
            below = None
        if below is None:  # absent, or null
            made = _made(place, step, steps[number + 1:], value, pointer)
            place._load()[step] = made
            return
        place = below
    _put(place, steps[-1], value, pointer)


def _put(place, step, value, pointer):
    if isinstance(place, Object):
        member = place._members.get(step)
        if member is not None:
            setattr(place, member.attribute, value)
        elif isinstance(getattr(type(place), step, None), Member):
            raise KeyError(f"{pointer}: the name in JSON is {getattr(type(place), step).name}")
        else:
            place._load()[step] = checked_json(value)
    elif isinstance(place, list):
        if step in ("-", str(len(place))):
            place.append(value)
        else:
            place[_index(step, len(place), pointer)] = value
    elif isinstance(place, dict):
        place[step] = value
    else:
        raise KeyError(pointer)


class Document(Object):
    """An Object that stands alone in a file, or in a request."""

    __slots__ = ()

    @classmethod
    def from_file(cls, path, *, unknown="keep"):
        """Read a regular file, which messages name."""
        return cls._from_node(_spec.parse_file(cls._type(), path, UNKNOWN[unknown]))

    def validate(self, *, ignore=(), startable=False, unknown="suggest"):
        """Findings of the schema and of the rules that the specification states in prose, but for those whose names
        are in ignore.  startable: a configuration that is to be started, so that process must be there.  unknown says
        what to do about members that the schema does not name: a warning where the name is nearly right, ..."""
        kind = _KINDS.get(self._type_name)
        if kind is None:
            return super().validate()
        return _findings(_spec.check(kind, self.to_json(), None, UNKNOWN[unknown], list(ignore), startable))


def _findings(rows):
    return [Finding._made(row) for row in rows]


def _differences(rows):
    return [Difference(pointer, *(MISSING if text is None else json.loads(text) for text in (left, right)))
            for pointer, left, right in rows]
