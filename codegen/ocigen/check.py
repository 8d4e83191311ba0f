# SPDX-License-Identifier: Apache-2.0
"""Rules that each schema object must keep by itself, before any $ref is followed.

A keyword that is not in the table below stops the run: what is ignored silently would be promised
by a schema and checked by nobody.  Must not build anything.
"""
from __future__ import annotations

import re
from typing import Callable, Dict

from .load import SchemaSet
from .source import Node

INT_TYPES = {
    "int8": (-(2**7), 2**7 - 1), "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1), "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1),
}
TYPES = ("array", "boolean", "integer", "object", "string")
_C_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def _is_int(node: Node) -> bool:
    return isinstance(node.value, int) and not isinstance(node.value, bool)


def _string(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str):
        raise node.error(f"'{keyword}' must be a string")


def _integer(keyword: str, node: Node) -> None:
    if not _is_int(node):
        raise node.error(f"'{keyword}' must be an integer")


def _count(keyword: str, node: Node) -> None:
    if not _is_int(node) or not 0 <= int(str(node.value)) <= 0xFFFFFFFF:
        raise node.error(f"'{keyword}' must be an integer from 0 to 4294967295")


def _true(keyword: str, node: Node) -> None:
    if node.value is not True:
        raise node.error(f"'{keyword}' must be true or absent")


def _name(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str) or not _C_NAME.match(node.value):
        raise node.error(f"'{keyword}' must be a lower-case C name")


def _type(keyword: str, node: Node) -> None:
    if node.value not in TYPES:
        raise node.error(f"unsupported type {node.plain()!r}: one of {', '.join(TYPES)}")


def _int_type(keyword: str, node: Node) -> None:
    if node.value not in INT_TYPES:
        raise node.error(f"unknown integer type {node.plain()!r} in '{keyword}'")


def _strings(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list):
        raise node.error(f"'{keyword}' must be an array of strings")
    seen = set()
    for item in node.items:
        if not isinstance(item.value, str):
            raise item.error(f"'{keyword}' may hold only strings")
        if item.value in seen:
            raise item.error(f"'{item.value}' stands twice in '{keyword}'")
        seen.add(item.value)


def _enum(keyword: str, node: Node) -> None:
    _strings(keyword, node)
    if not node.items:
        raise node.error("an enum needs at least one value")


def _const(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str):
        raise node.error("'const' of a value that is not a string is not supported")


def _schemas(keyword: str, node: Node) -> None:
    if not isinstance(node.value, dict):
        raise node.error(f"'{keyword}' must be an object of schemas")
    for member in node.members.values():
        check_schema(member)


def _properties(keyword: str, node: Node) -> None:
    if not isinstance(node.value, dict):
        raise node.error("'properties' must be an object of schemas")
    for member in node.members.values():
        check_schema(member, is_property=True)
    if not node.members:
        raise node.error("'properties' is empty; leave it out to take any object")
    if len(node.members) > 254:
        raise node.error(f"{len(node.members)} properties; the tables hold at most 254")


def _pattern_properties(keyword: str, node: Node) -> None:
    _schemas(keyword, node)
    if len(node.members) != 1:
        raise node.error("'patternProperties' is supported with exactly one pattern")


def _additional(keyword: str, node: Node) -> None:
    if isinstance(node.value, bool):
        raise node.error("'additionalProperties' is supported only as a schema: what to do about "
                         "unknown members is decided when a document is read")
    check_schema(node)


def _items(keyword: str, node: Node) -> None:
    if isinstance(node.value, list):
        if len(node.items) != 1:
            raise node.error("'items' as a list is supported with exactly one schema")
        check_schema(node.items[0])
    else:
        check_schema(node)


def _all(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list) or not node.items:
        raise node.error(f"'{keyword}' must be an array of schemas")
    for item in node.items:
        check_schema(item)


def is_null(node: Node) -> bool:
    """Whether a schema takes null alone."""
    return node.plain() == {"type": "null"}


def _choice(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list) or not node.items:
        raise node.error(f"'{keyword}' must be an array of schemas")
    others = [item for item in node.items if not is_null(item)]
    for item in others:
        check_schema(item)
    if len(others) != 1 or len(node.items) > 2:
        raise node.error(f"'{keyword}' is supported with exactly one alternative, or with one and "
                         'with {"type": "null"}')


def _default(keyword: str, node: Node) -> None:
    if not isinstance(node.value, (str, int)):
        raise node.error("'default' is supported for strings, integers, booleans and enums")


def _as(keyword: str, node: Node) -> None:
    if not isinstance(node.value, dict) or set(node.members) != {"$ref"}:
        raise node.error("'x-as' must be an object with '$ref' alone")
    _string("$ref", node.members["$ref"])


KEYWORDS: Dict[str, Callable[[str, Node], None]] = {
    "$ref": _string, "$schema": _string, "title": _string, "description": _string,
    "type": _type, "definitions": _schemas,
    "properties": _properties, "required": _strings, "additionalProperties": _additional,
    "patternProperties": _pattern_properties,
    "items": _items, "minItems": _count,
    "enum": _enum, "const": _const, "pattern": _string,
    "minimum": _integer, "maximum": _integer,
    "allOf": _all, "anyOf": _choice, "oneOf": _choice, "default": _default,
    "x-more": _properties, "x-as": _as, "x-max-bytes": _count,
    "x-name": _name, "x-field": _name, "x-root": _true, "x-strip": _string, "x-int": _int_type,
    "x-also": _strings,
}

# Keywords that say something only about values of one type.
FOR_TYPE = {
    "properties": "object", "required": "object", "additionalProperties": "object",
    "patternProperties": "object", "items": "array", "minItems": "array", "pattern": "string",
    "enum": "string", "const": "string", "minimum": "integer", "maximum": "integer",
    "x-int": "integer", "x-more": "object", "x-as": "object", "x-max-bytes": "object",
}


def _check_fit(node: Node) -> None:
    keys = node.members
    kind = keys["type"].value if "type" in keys else None
    for keyword, wanted in FOR_TYPE.items():
        if keyword in keys and kind is not None and kind != wanted:
            raise keys[keyword].error(f"'{keyword}' does not go with type '{kind}'")
    if "enum" in keys and "const" in keys:
        raise keys["const"].error("'const' beside 'enum'")
    if "x-strip" in keys and not ("enum" in keys or "const" in keys):
        raise keys["x-strip"].error("'x-strip' goes with an enum only")
    if "x-also" in keys and "enum" not in keys:
        raise keys["x-also"].error("'x-also' goes with an enum only")
    if "properties" in keys:
        for keyword in ("additionalProperties", "patternProperties"):
            if keyword in keys:
                raise keys[keyword].error(f"'{keyword}' beside 'properties' is not supported")


def check_schema(node: Node, is_property: bool = False) -> None:
    """Check one schema object and all that stand inside it."""
    if not isinstance(node.value, dict):
        raise node.error("a schema must be an object")
    for keyword, value in node.members.items():
        rule = KEYWORDS.get(keyword)
        if rule is None:
            raise value.error(f"unsupported keyword '{keyword}'")
        rule(keyword, value)
    _check_fit(node)
    for keyword in ("x-field", "default"):
        if keyword in node.members and not is_property:
            raise node.members[keyword].error(f"'{keyword}' goes with a property only")
    for keyword, wanted in (("x-more", "properties"), ("x-as", "properties"),
                            ("x-max-bytes", "x-root")):
        if keyword in node.members and wanted not in node.members:
            raise node.members[keyword].error(f"'{keyword}' goes with '{wanted}' only")


def check(schemas: SchemaSet) -> None:
    """Check every file of the run."""
    for document in schemas.documents:
        check_schema(document.root)
