# SPDX-License-Identifier: Apache-2.0
"""Members of the classes of documents, and the lists and dicts that are their values.

A member checks what it is set to, so that what stands in an object is of the right type; the rest is the schema's to
say, when the document is checked or used.
"""
import json
import weakref
from collections.abc import Mapping

_SCALARS = {"bool": bool, "int": int, "uint": int, "string": str, "enum": str}


class Raw:
    """JSON text that was read: written as it was, its numbers too, unless what was made of it has been changed."""

    __slots__ = ("_text", "_value")

    def __init__(self, text):
        self._text = text
        self._value = Raw  # nothing was made of it yet

    def look(self):
        """The value, always the same one."""
        if self._value is Raw:
            value = json.loads(self._text)
            if self._value is Raw:  # another thread may have been first
                self._value = value
        return self._value

    def current(self):
        """The text as it is now."""
        if self._value is not Raw:
            now = json.dumps(self._value, ensure_ascii=False)
            if now != json.dumps(json.loads(self._text), ensure_ascii=False):
                return json.dumps(self._value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return self._text


def json_default(value):
    """What json is to make of objects of documents and of mappings that are not dicts."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


def checked_json(value):
    """The value; TypeError or ValueError for what JSON has not."""
    json.dumps(value, allow_nan=False)
    return value


def refused(where, wanted, value):
    return TypeError(f"{where}: {wanted} is needed, not {type(value).__name__}")


# One member of a class of documents: a descriptor that reads, checks and sets it.  Its __doc__ is the member's.
class Member:  # pylint: disable=missing-class-docstring
    __slots__ = ("name", "kind", "shape", "of", "low", "high", "raw_object", "required", "values", "attribute",
                 "__doc__")

    def __init__(self, name, kind, *, shape="one", of=None, low=0, high=0, raw_object=False, required=False, doc=""):
        self.name = name
        self.kind = kind
        self.shape = shape
        self.of = of if kind == "object" else None
        self.values = frozenset(of.__args__) if kind == "enum" else None
        self.low = low
        self.high = high
        self.raw_object = raw_object
        self.required = required
        self.attribute = name
        self.__doc__ = doc

    def __set_name__(self, owner, attribute):
        self.attribute = attribute

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        values = instance._values
        if values is None:
            values = instance._load()
        value = values.get(self.name)
        if value is None:
            return self._absent(instance)
        if value.__class__ is Raw:
            return value.look()
        return value

    def _absent(self, instance):
        """A list or map that is not there, or null, reads as an empty one, which is there once something is put into
        it.  Until then it is beside the object's values: reading changes nothing."""
        if self.shape == "one":
            if self.required:
                raise AttributeError(f"{type(instance).__name__} has no {self.attribute} yet, which it requires")
            return None
        value = instance._empty.get(self.name)
        if value is None:
            value = List(self) if self.shape == "array" else Map(self)
            value._home = weakref.ref(instance)
            value = instance._empty.setdefault(self.name, value)
        return value

    def __set__(self, instance, value):
        values = instance._load()
        if value is None:
            values.pop(self.name, None)
            return
        view = instance._empty.get(self.name)
        if value is view and view is not None:
            _there(view)
        elif value is not values.get(self.name) or self.shape == "one":  # a += b gives what is there already
            values[self.name] = self.whole(value)
            instance._empty.pop(self.name, None)

    def __delete__(self, instance):
        values = instance._load()
        if self.name not in values:
            raise AttributeError(self.attribute)
        del values[self.name]

    def whole(self, value):
        """The value as it is kept: checked, with dicts made objects."""
        if self.shape == "array":
            if isinstance(value, (str, bytes, dict)):
                raise refused(self.attribute, "a list", value)
            return List(self, value)
        if self.shape == "map":
            if not hasattr(value, "keys"):
                raise refused(self.attribute, "a dict", value)
            return Map(self, value)
        return self.one(value)

    def one(self, value):
        """The same for one of a list's or map's values."""
        if self.kind == "object":
            if isinstance(value, self.of):
                return value
            if isinstance(value, Mapping):
                return self.of.from_dict(value)
            raise refused(self.attribute, f"a {self.of.__name__} or dict", value)
        if self.kind == "raw":
            if self.raw_object and not isinstance(value, dict):
                raise refused(self.attribute, "a dict", value)
            return checked_json(value)
        wanted = _SCALARS[self.kind]
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise refused(self.attribute, wanted.__name__, value)
        if wanted is int and not self.low <= value <= self.high:
            raise ValueError(f"{self.attribute}: {value} is not from {self.low} to {self.high}")
        if self.values is not None and value not in self.values:
            raise ValueError(f"{self.attribute}: {value!r} is none of {', '.join(sorted(self.values))}")
        return value

    def loaded(self, value):
        """The same for what the C library has read and checked."""
        if self.kind == "object":
            wrap = self.of._from_node
        elif self.kind == "raw":
            wrap = Raw if self.shape == "one" else json.loads
        else:
            wrap = None
        if self.shape == "array":
            return List._of(self, value if wrap is None else map(wrap, value))
        if self.shape == "map":
            return Map._of(self, value if wrap is None else {key: wrap(one) for key, one in value.items()})
        return value if wrap is None else wrap(value)


def _there(value):
    """Something was put into a list or map, which its object has from now on."""
    home, value._home = value._home, None
    owner = home and home()
    if owner is not None:
        owner._adopt(value._member.name, value)


class List(list):
    """A list that takes only what the schema wants in it."""

    __slots__ = ("_member", "_home")

    def __init__(self, member, values=()):
        self._member = member
        self._home = None
        list.__init__(self, map(member.one, values))

    @classmethod
    def _of(cls, member, values):
        self = cls(member)
        list.extend(self, values)
        return self

    def append(self, value, /):
        list.append(self, self._member.one(value))
        _there(self)

    def insert(self, index, value, /):
        list.insert(self, index, self._member.one(value))
        _there(self)

    def extend(self, values, /):
        list.extend(self, [self._member.one(value) for value in values])
        _there(self)

    def __iadd__(self, values):
        self.extend(values)
        return self

    def __imul__(self, count):
        list.__imul__(self, count)
        _there(self)
        return self

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            value = [self._member.one(one) for one in value]
        else:
            value = self._member.one(value)
        list.__setitem__(self, index, value)
        _there(self)

    def __reduce__(self):
        return list, (list(self),)


class Map(dict):
    """A dict from names to what the schema wants in it."""

    __slots__ = ("_member", "_home")

    def __init__(self, member, values=None):
        self._member = member
        self._home = None
        dict.__init__(self)
        self.update(values or {})

    @classmethod
    def _of(cls, member, values):
        self = cls(member)
        dict.update(self, values)
        return self

    def __setitem__(self, key, value):
        if not isinstance(key, str):
            raise refused(f"a key of {self._member.attribute}", "str", key)
        dict.__setitem__(self, key, self._member.one(value))
        _there(self)

    def setdefault(self, key, default=None, /):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others, **more):
        for key, value in dict(*others, **more).items():
            self[key] = value

    def __ior__(self, other):
        self.update(other)
        return self

    def __reduce__(self):
        return dict, (dict(self),)
