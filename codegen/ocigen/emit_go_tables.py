# SPDX-License-Identifier: Apache-2.0
"""IR to the tables of a Go file: calls of what value.go and table.go in bindings/go/spec have.

This file and those change together.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Sequence

from .gen import Text, go_string
from .ir import Enum, Field, Kind, Module, Shape, Struct, Value
from .names import GO_UNKNOWN, go_constant, go_field, go_name
from .regex import compile_pattern


@dataclass(frozen=True)
class Pattern:
    """Where the automaton of a pattern stands."""

    module: str
    name: str


def pattern_names(modules: Sequence[Module]) -> Dict[str, Pattern]:
    """The variable of each pattern: in the first module that has it, by the first member that does."""
    found: Dict[str, Pattern] = {}
    taken = set()
    for module in modules:
        for struct in module.structs:
            for field in struct.fields:
                source = field.value.pattern
                if source is None or source in found:
                    continue
                name = f"pattern{go_name(struct.name)}{go_field(field)}"
                while name in taken:
                    name += "X"
                taken.add(name)
                found[source] = Pattern(module.name, name)
    return found


def value_type(value: Value) -> str:
    """The Go type of one value."""
    if value.kind in (Kind.INT, Kind.UINT):
        return f"{value.kind.value}{value.width * 8}"
    if value.of is not None:
        return go_name(value.of)
    return {Kind.BOOL: "bool", Kind.STRING: "string", Kind.RAW: "json.RawMessage"}[value.kind]


def is_pointer(field: Field) -> bool:
    """Whether the absence of a member needs a pointer to show."""
    return (field.shape is Shape.ONE and (field.nullable or not field.required)
            and field.value.kind in (Kind.BOOL, Kind.INT, Kind.UINT, Kind.OBJECT))


def field_type(field: Field) -> str:
    """The Go type of a member."""
    shape = {Shape.ONE: "*" if is_pointer(field) else "", Shape.ARRAY: "[]", Shape.MAP: "map[string]"}
    return shape[field.shape] + value_type(field.value)


class _Tables:
    def __init__(self, text: Text, module: Module, patterns: Dict[str, Pattern]) -> None:
        self.text = text
        self.module = module
        self.patterns = patterns

    def emit(self) -> None:
        """All tables of the module."""
        for source, pattern in self.patterns.items():
            if pattern.module == self.module.name:
                self.pattern(source, pattern.name)
        for enum in self.module.enums:
            self.enum(enum)
        for struct in self.module.structs:
            self.struct(struct)

    def pattern(self, source: str, name: str) -> None:
        text = self.text
        found = compile_pattern(source)
        text.add(f"var {name} = pattern{{", f"\t{go_string(source)},", "\t[256]uint8{")
        text.row([str(number) for number in found.classes], "\t\t")
        text.add("\t},", "\t[]uint16{")
        text.row([str(target) for row in found.next for target in row], "\t\t")
        text.add("\t},", "\t[]bool{")
        text.row([str(flag).lower() for flag in found.accept], "\t\t")
        text.add("\t},", f"\t{max(found.classes) + 1}, {found.start},", "}")
        text.gap()

    def enum(self, enum: Enum) -> None:
        name = go_name(enum.name)
        self.text.add(f"var values{name} = []{name}{{")
        self.text.row([go_constant(enum, value, end) for value, end in enum.values], "\t")
        self.text.add("}")
        self.text.gap()

    def codec(self, value: Value) -> str:
        """What reads and writes one value."""
        if value.kind in (Kind.INT, Kind.UINT):
            function = "integer" if value.kind is Kind.INT else "unsigned"
            return f"{function}[{value_type(value)}]({value.minimum}, {value.maximum})"
        if value.kind is Kind.ENUM:
            return f"choice(values{value_type(value)})"
        if value.kind is Kind.OBJECT:
            return f"object(&table{value_type(value)})"
        if value.kind is Kind.STRING:
            if value.pattern is None:
                return "text"
            return f"matching(&{self.patterns[value.pattern].name})"
        if value.kind is Kind.RAW:
            return "rawObject" if value.raw_object else "raw"
        return "boolean"

    def field(self, owner: str, field: Field) -> str:
        """The call that makes one member of a table."""
        kind = field.value.kind
        flags = "|".join(flag for flag, on in (
            ("required", field.required), ("nullable", field.nullable),
            ("textual", field.shape is Shape.ONE and kind is Kind.STRING)) if on) or "0"
        least = ""
        function = "plain"
        if field.shape is Shape.ARRAY:
            function, least = "list", f"{field.min_items}, "
        elif field.shape is Shape.MAP:
            function = "dict"
        elif kind in (Kind.STRING, Kind.ENUM):
            function = "worded"
        elif kind is Kind.RAW:
            function = "kept"
        elif is_pointer(field):
            function = "optional"
        return (f"{function}({go_string(field.name)}, {flags}, {least}{self.codec(field.value)}, "
                f"func(x *{owner}) *{field_type(field)} {{ return &x.{go_field(field)} }}),")

    def struct(self, struct: Struct) -> None:
        name = go_name(struct.name)
        self.text.add(f"var table{name} = table[{name}]{{", f"\tlimit: {struct.max_bytes},",
                      f"\textra: func(x *{name}) *map[string]json.RawMessage "
                      f"{{ return &x.{GO_UNKNOWN} }},",
                      f"\tbuild: func() []member[{name}] {{", f"\t\treturn []member[{name}]{{",
                      *(f"\t\t\t{self.field(name, field)}" for field in struct.fields),
                      "\t\t}", "\t},", "}")
        self.text.gap()


def emit_go_tables(text: Text, module: Module, patterns: Dict[str, Pattern]) -> None:
    """Append the tables of one module, which begin with its patterns."""
    _Tables(text, module, patterns).emit()
