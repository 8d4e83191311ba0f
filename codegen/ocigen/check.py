# SPDX-License-Identifier: Apache-2.0
"""Rules that each schema object must keep by itself, before any $ref is followed.

A keyword that is not in the table below stops the run: what is ignored silently would be promised
by a schema and checked by nobody.  Must not build anything.
"""
from __future__ import annotations

import difflib
import re
from typing import Callable, Dict, Iterator, Optional, Tuple

from .error import Faults, SchemaError
from .load import SchemaSet
from .source import Node, shown_value

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


def _bool(keyword: str, node: Node) -> None:
    if not isinstance(node.value, bool):
        raise node.error(f"'{keyword}' must be true or false")


def _array(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list):
        raise node.error(f"'{keyword}' must be an array")


def _true(keyword: str, node: Node) -> None:
    if node.value is not True:
        raise node.error(f"'{keyword}' must be true or absent")


def _name(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str) or not _C_NAME.match(node.value):
        raise node.error(f"'{keyword}' must be a lower-case C name")


def type_of(node: Node) -> Optional[str]:
    """The one type beside null that a 'type' names; None where it is not supported."""
    names = node.plain() if isinstance(node.value, list) else [node.value]
    assert isinstance(names, list)
    found = [name for name in names if name != "null"]
    if len(found) != 1 or found[0] not in TYPES or len(names) > 2:
        return None
    return str(found[0])


def takes_null(node: Node) -> bool:
    """Whether a 'type' takes null too."""
    return isinstance(node.value, list) and "null" in [item.value for item in node.items]


def _type(keyword: str, node: Node) -> None:
    if type_of(node) is None:
        raise node.error(f"unsupported type {shown_value(node)}: one of {', '.join(TYPES)}, or "
                         'one of them and null, as in ["string", "null"]')


def _int_type(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str) or node.value not in INT_TYPES:
        raise node.error(f"unknown integer type {shown_value(node)} in '{keyword}': one of "
                         f"{', '.join(INT_TYPES)}")


def _strings(keyword: str, node: Node, null: bool = False) -> None:
    if not isinstance(node.value, list):
        raise node.error(f"'{keyword}' must be an array of strings")
    seen = set()
    for item in node.items:
        if not isinstance(item.value, str) and not (null and item.value is None):
            raise item.error(f"'{keyword}' may hold only strings")
        if item.value in seen:
            raise item.error(f"'{item.value or 'null'}' stands twice in '{keyword}'")
        seen.add(item.value)


def _enum(keyword: str, node: Node) -> None:
    _strings(keyword, node, null=True)
    if all(item.value is None for item in node.items):
        raise node.error("an enum needs at least one value")


def _const(keyword: str, node: Node) -> None:
    if not isinstance(node.value, str):
        raise node.error("'const' of a value that is not a string is not supported")


def _schemas(keyword: str, node: Node) -> None:
    if not isinstance(node.value, dict):
        raise node.error(f"'{keyword}' must be an object of schemas")


def _properties(keyword: str, node: Node) -> None:
    if not isinstance(node.value, dict):
        raise node.error(f"'{keyword}' must be an object of schemas")
    if not node.members:
        raise node.error(f"'{keyword}' is empty; leave it out to take any object")
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


def _items(keyword: str, node: Node) -> None:
    if isinstance(node.value, list):
        if len(node.items) != 1:
            raise node.error("'items' as a list is supported with exactly one schema")


def _all(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list) or not node.items:
        raise node.error(f"'{keyword}' must be an array of schemas")


def is_null(node: Node) -> bool:
    """Whether a schema takes null alone."""
    return node.plain() == {"type": "null"}


def _choice(keyword: str, node: Node) -> None:
    if not isinstance(node.value, list) or not node.items:
        raise node.error(f"'{keyword}' must be an array of schemas")
    others = [item for item in node.items if not is_null(item)]
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
    "$id": _string, "$comment": _string, "examples": _array, "deprecated": _bool,
    "type": _type, "definitions": _schemas, "$defs": _schemas,
    "properties": _properties, "required": _strings, "additionalProperties": _additional,
    "patternProperties": _pattern_properties,
    "items": _items, "minItems": _count,
    "enum": _enum, "const": _const, "pattern": _string,
    "minimum": _integer, "maximum": _integer,
    "allOf": _all, "anyOf": _choice, "oneOf": _choice, "default": _default,
    "x-more": _properties, "x-as": _as, "x-max-bytes": _count,
    "x-name": _name, "x-field": _name, "x-root": _true, "x-strip": _string, "x-int": _int_type,
    "x-also": _strings, "x-null": _true, "x-open": _true, "x-maximum": _integer,
    "x-min-items": _count,
}

# What does the job of a keyword that is not supported.
_INSTEAD = {
    "minLength": "a 'pattern' such as \"^[^]{1,64}$\" bounds a string",
    "maxLength": "a 'pattern' such as \"^[^]{1,64}$\" bounds a string",
    "exclusiveMinimum": "an integer above N has the 'minimum' N + 1",
    "exclusiveMaximum": "an integer below N has the 'maximum' N - 1",
    "format": "a 'pattern' is checked, and a 'description' tells people",
    "nullable": "'type' may be such as [\"string\", \"null\"]",
}


def _unsupported(keyword: str, node: Node) -> SchemaError:
    near = difflib.get_close_matches(keyword, KEYWORDS, 1, 0.8)
    if keyword in _INSTEAD:
        advice = _INSTEAD[keyword]
    elif near:
        advice = f"did you mean '{near[0]}'?"
    else:
        advice = "see the list of keywords in codegen/README.md"
    return node.error(f"unsupported keyword '{keyword}'; {advice}")


def _inner(keyword: str, node: Node) -> Iterator[Tuple[Node, bool]]:
    """The schemas in the value of a keyword, and whether they are properties."""
    if keyword in ("definitions", "$defs", "patternProperties", "properties", "x-more"):
        if isinstance(node.value, dict):
            for member in node.members.values():
                yield member, keyword in ("properties", "x-more")
    elif keyword in ("items", "allOf", "anyOf", "oneOf") and isinstance(node.value, list):
        for item in node.items:
            if keyword in ("items", "allOf") or not is_null(item):
                yield item, False
    elif keyword == "items" or (keyword == "additionalProperties"
                                and not isinstance(node.value, bool)):
        yield node, False


# Keywords that say something only about values of one type.
FOR_TYPE = {
    "properties": "object", "required": "object", "additionalProperties": "object",
    "patternProperties": "object", "items": "array", "minItems": "array", "pattern": "string",
    "enum": "string", "const": "string", "minimum": "integer", "maximum": "integer",
    "x-int": "integer", "x-more": "object", "x-as": "object", "x-max-bytes": "object",
    "x-open": "string", "x-maximum": "integer", "x-min-items": "array",
}


def _null_misfits(keys: Dict[str, Node]) -> Iterator[SchemaError]:
    """Null has to be allowed by all that stands beside it, or by nothing."""
    null = "type" in keys and takes_null(keys["type"])
    enum = keys.get("enum")
    if enum is not None and isinstance(enum.value, list):
        found = [item for item in enum.items if item.value is None]
        if found and not null:
            yield found[0].error("null in 'enum' needs \"type\": [\"string\", \"null\"] beside it")
        if null and not found:
            yield enum.error("'type' takes null and 'enum' does not: add null to it, "
                             "or take it out of 'type'")
    for keyword in ("const", "x-root"):
        if null and keyword in keys:
            yield keys[keyword].error(f"'{keyword}' does not go with a type that takes null")


def _misfits(node: Node, is_property: bool) -> Iterator[SchemaError]:
    """What is wrong with how the keywords of one schema stand together."""
    keys = node.members
    kind = type_of(keys["type"]) if "type" in keys else None
    for keyword, wanted in FOR_TYPE.items():
        if keyword in keys and kind is not None and kind != wanted:
            yield keys[keyword].error(f"'{keyword}' does not go with type '{kind}'")
    yield from _null_misfits(keys)
    if "enum" in keys and "const" in keys:
        yield keys["const"].error("'const' beside 'enum'")
    if "x-strip" in keys and not ("enum" in keys or "const" in keys):
        yield keys["x-strip"].error("'x-strip' goes with an enum only")
    if "x-also" in keys and "enum" not in keys:
        yield keys["x-also"].error("'x-also' goes with an enum only")
    if "properties" in keys:
        for keyword in ("additionalProperties", "patternProperties"):
            # A boolean has been refused with a better reason.
            if keyword in keys and not isinstance(keys[keyword].value, bool):
                yield keys[keyword].error(f"'{keyword}' beside 'properties' is not supported")
    for keyword in ("x-field", "default", "x-null"):
        if keyword in keys and not is_property:
            yield keys[keyword].error(f"'{keyword}' goes with a property only")
    for keyword, wanted in (("x-more", "properties"), ("x-as", "properties"),
                            ("x-max-bytes", "x-root"), ("x-open", "enum"),
                            ("x-maximum", "maximum"), ("x-min-items", "minItems")):
        if keyword in keys and wanted not in keys:
            yield keys[keyword].error(f"'{keyword}' goes with '{wanted}' only")


def check_schema(node: Node, faults: Faults, is_property: bool = False) -> None:
    """Check one schema object and all that stand inside it."""
    if not isinstance(node.value, dict):
        faults.add(node.error("a schema must be an object"))
        return
    for keyword, value in node.members.items():
        rule = KEYWORDS.get(keyword)
        if rule is None:
            faults.add(_unsupported(keyword, value))
            continue
        with faults.catch():
            rule(keyword, value)
        for inner, inner_is_property in _inner(keyword, value):
            check_schema(inner, faults, inner_is_property)
            _refuse_id(inner, faults)
    for error in _misfits(node, is_property):
        faults.add(error)


def _refuse_id(node: Node, faults: Faults) -> None:
    """An $id below the root would change what each $ref under it refers to."""
    if isinstance(node.value, dict) and "$id" in node.members:
        faults.add(node.members["$id"].error("'$id' is supported at the root of a file only"))


def check(schemas: SchemaSet, faults: Faults) -> None:
    """Check every file of the run."""
    for document in schemas.documents:
        check_schema(document.root, faults)
