# SPDX-License-Identifier: Apache-2.0
"""Members of the classes of documents, and the lists and dicts that are their values.

A member checks what it is set to, so that what stands in an object is of the right type; the rest is the schema's to
say, when the document is checked or used.
"""
import json

_SCALARS = {"bool": bool, "int": int, "uint": int, "string": str, "enum": str}


class Raw:
    """JSON text that was read and not looked at, so that its numbers are written as they were."""

    __slots__ = ("text",)

    def __init__(self, text):
        self.text = text


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
            return self._absent(instance, values)
        if value.__class__ is Raw:
            value = values[self.name] = json.loads(value.text)
        return value

    def _absent(self, instance, values):
        """A list or map that is not there reads as an empty one, which is there once something is put into it."""
        if self.shape == "array":
            value = values[self.name] = List(self)
        elif self.shape == "map":
            value = values[self.name] = Map(self)
        elif self.required:
            raise AttributeError(f"{type(instance).__name__} has no {self.attribute} yet, which it requires")
        else:
            return None
        value._is_absent = True
        return value

    def __set__(self, instance, value):
        values = instance._load()
        if value is None:
            values.pop(self.name, None)
            return
        values[self.name] = self.whole(value)

    def __delete__(self, instance):
        if instance._load().pop(self.name, None) is None:
            raise AttributeError(self.attribute)

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
            if isinstance(value, dict):
                return self.of.from_dict(value)
            raise refused(self.attribute, f"a {self.of.__name__} or dict", value)
        if self.kind == "raw":
            if self.raw_object and not isinstance(value, dict):
                raise refused(self.attribute, "a dict", value)
            return value
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


class List(list):
    """A list that takes only what the schema wants in it."""

    __slots__ = ("_member", "_is_absent")

    def __init__(self, member, values=()):
        self._member = member
        self._is_absent = False
        list.__init__(self, map(member.one, values))

    @classmethod
    def _of(cls, member, values):
        self = cls(member)
        list.extend(self, values)
        return self

    def append(self, value, /):
        list.append(self, self._member.one(value))
        self._is_absent = False

    def insert(self, index, value, /):
        list.insert(self, index, self._member.one(value))
        self._is_absent = False

    def extend(self, values, /):
        list.extend(self, [self._member.one(value) for value in values])
        self._is_absent = False

    def __iadd__(self, values):
        self.extend(values)
        return self

    def __imul__(self, count):
        list.__imul__(self, count)
        self._is_absent = False
        return self

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            value = [self._member.one(one) for one in value]
        else:
            value = self._member.one(value)
        list.__setitem__(self, index, value)
        self._is_absent = False

    def __reduce__(self):
        return list, (list(self),)


class Map(dict):
    """A dict from names to what the schema wants in it."""

    __slots__ = ("_member", "_is_absent")

    def __init__(self, member, values=None):
        self._member = member
        self._is_absent = False
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
        self._is_absent = False

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
