# SPDX-License-Identifier: Apache-2.0
"""The IR as text for review and for goldens: every decision that lower.py took, one line each."""
from __future__ import annotations

import json

from .gen import Text
from .ir import Enum, Field, Kind, Program, Shape, Struct, Value


def _value(value: Value) -> str:
    if value.kind in (Kind.INT, Kind.UINT):
        return f"{value.kind.value}{value.width * 8} {value.minimum}..{value.maximum}"
    if value.of is not None:
        return f"{value.kind.value} {value.of}"
    if value.pattern is not None:
        return f"{value.kind.value} /{value.pattern}/"
    return "raw object" if value.raw_object else value.kind.value


def _field(field: Field) -> str:
    words = [f"    {field.name}:"]
    if field.shape is not Shape.ONE:
        words.append(f"{field.shape.value} of")
    words.append(_value(field.value))
    if field.min_items:
        words.append(f"at-least {field.min_items}")
    if field.required:
        words.append("required")
    if field.nullable:
        words.append("nullable")
    if field.default is not None:
        words.append(f"default {json.dumps(field.default)}")
    names = field.c_name if field.aux_name is None else f"{field.c_name}, {field.aux_name}"
    return " ".join(words) + f" -> {names}"


def _struct(text: Text, struct: Struct, mapped: bool) -> None:
    marks = (" root" if struct.root else "") + (
        f" max-bytes {struct.max_bytes}" if struct.max_bytes else "") + (" mapped" if mapped else "")
    text.add(f"  struct {struct.name}{marks}")
    text.add(*(_field(field) for field in struct.fields))


def _enum(text: Text, enum: Enum) -> None:
    text.add(f"  enum {enum.name}")
    text.add(*(f"    {value} -> {end}" for value, end in enum.values))


def emit_dump(program: Program) -> str:
    """The text of a whole run."""
    text = Text()
    for module in program.modules:
        private = " private" if module.private else ""
        text.add(f"module {module.name} from {module.path}{private}")
        for name in module.includes:
            text.add(f"  include {name}")
        for enum in module.enums:
            _enum(text, enum)
        for struct in module.structs:
            _struct(text, struct, struct.name in program.mapped)
    return str(text)
