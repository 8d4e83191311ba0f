# SPDX-License-Identifier: Apache-2.0
"""Reads JSON into nodes that know their line, column and JSON pointer.

Python's own decoder forgets positions and takes the last of two equal members; here both matter.
Must not know what a schema is.
"""
from __future__ import annotations

import codecs
import json
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Union

from .error import Place, SchemaError

# What the decoder says, by how it begins, and what a person is told.
_WORDS = (
    ("Unterminated string", "a string without its closing quote"),
    ("Invalid control character", "a control character in a string; write it as an escape"),
    ("Invalid \\", "an escape that JSON does not have"),
    ("Expecting value", "a value expected"),
)
_SPACE = re.compile(r"[ \t\r\n]*")
_MAX_DEPTH = 100

Value = Union["Dict[str, Node]", "List[Node]", str, int, float, bool, None]


@dataclass(frozen=True, eq=False)
class Node:
    """One JSON value and its place."""

    value: Value
    place: Place

    @property
    def members(self) -> Dict[str, "Node"]:
        """The members of an object; an object is what check.py has made sure of."""
        assert isinstance(self.value, dict)
        return self.value

    @property
    def items(self) -> List["Node"]:
        """The items of an array."""
        assert isinstance(self.value, list)
        return self.value

    def plain(self) -> object:
        """The value without places, to compare with another."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def error(self, text: str) -> SchemaError:
        """An error at this value."""
        return SchemaError(self.place, text)


def shown_value(node: Node) -> str:
    """The value as JSON, for messages."""
    return json.dumps(node.plain(), ensure_ascii=False)


def _no_constant(name: str) -> Value:
    """Python's decoder would take NaN and Infinity, which are not JSON."""
    raise json.JSONDecodeError("Expecting value", name, 0)


def escape_pointer(token: str) -> str:
    """One member name as a token of a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.at = 0
        self.decoder = json.JSONDecoder(parse_constant=_no_constant)

    def place(self, pointer: str) -> Place:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
        return Place(self.file, pointer, line, column)

    def fail(self, pointer: str, text: str) -> SchemaError:
        return SchemaError(self.place(pointer), text)

    def skip(self) -> str:
        """Pass white space; the next character, or "" at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at:self.at + 1]

    def expect(self, character: str, pointer: str) -> None:
        if self.skip() != character:
            raise self.fail(pointer, f"not JSON: '{character}' expected")
        self.at += 1

    def scalar(self, pointer: str) -> Value:
        try:
            value, end = self.decoder.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            if error.doc is self.text:
                self.at = error.pos
            words = next((ours for theirs, ours in _WORDS if error.msg.startswith(theirs)),
                         "a value expected")
            if self.text[self.at:self.at + 1] == "\n" and "control character" in words:
                words = "a string without its closing quote in the same line"
            raise self.fail(pointer, f"not JSON: {words}") from None
        except ValueError:  # newer versions of Python limit the digits
            raise self.fail(pointer, "a number with too many digits") from None
        if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
            raise self.fail(pointer, "half of a surrogate pair in a string")
        if isinstance(value, str) and "\0" in value:
            raise self.fail(pointer, "NUL in a string, which no document can have")
        self.at = end
        return value  # type: ignore[no-any-return]

    def read(self, pointer: str, depth: int) -> Node:
        first = self.skip()
        place = self.place(pointer)
        if depth > _MAX_DEPTH:
            raise SchemaError(place, f"nested deeper than {_MAX_DEPTH} levels")
        if first == "{":
            return Node(self.read_object(pointer, depth), place)
        if first == "[":
            return Node(self.read_array(pointer, depth), place)
        return Node(self.scalar(pointer), place)

    def read_object(self, pointer: str, depth: int) -> Dict[str, Node]:
        members: Dict[str, Node] = {}
        self.expect("{", pointer)
        if self.skip() == "}":
            self.at += 1
            return members
        while True:
            if self.skip() != '"':
                raise self.fail(pointer, "not JSON: a member name expected")
            start = self.at
            name = self.scalar(pointer)
            assert isinstance(name, str)
            below = f"{pointer}/{escape_pointer(name)}"
            if name in members:
                self.at = start
                raise self.fail(below, "the member stands twice")
            self.expect(":", below)
            members[name] = self.read(below, depth + 1)
            if self.skip() != ",":
                break
            self.at += 1
        self.expect("}", pointer)
        return members

    def read_array(self, pointer: str, depth: int) -> List[Node]:
        items: List[Node] = []
        self.expect("[", pointer)
        if self.skip() == "]":
            self.at += 1
            return items
        while True:
            items.append(self.read(f"{pointer}/{len(items)}", depth + 1))
            if self.skip() != ",":
                break
            self.at += 1
        self.expect("]", pointer)
        return items


def read_json(path: str, shown: str) -> Node:
    """The document in the file; errors call it by the name in shown."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise SchemaError(Place(shown, "", 1, 1), f"cannot be read: {why}") from None
    if data.startswith(codecs.BOM_UTF8):
        raise SchemaError(Place(shown, "", 1, 1), "not JSON: starts with a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[:error.start].decode("utf-8")
        place = Place(shown, "", before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise SchemaError(place, f"not UTF-8: the byte 0x{data[error.start]:02x}") from None
    reader = _Reader(text, shown)
    root = reader.read("", 0)
    if reader.skip():
        raise reader.fail("", "not JSON: text after the value")
    return root
