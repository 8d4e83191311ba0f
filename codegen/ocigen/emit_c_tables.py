# SPDX-License-Identifier: Apache-2.0
"""IR to constant tables: what <ocikit/desc.h> declares, one .c file for each module.

This file and desc.h change together.
"""
from __future__ import annotations

import json
from typing import Dict, List, Sequence, Set, Tuple

from .emit_c_types import LIBRARY
from .gen import Text, banner, byte_length, c_string
from .ir import Enum, Field, Kind, Module, Program, Shape, Struct
from .names import UNKNOWN
from .regex import compile_pattern

_MASK = 0xFFFFFFFF
_SEEDS = 4096
VERSION = 1  # OCI_DESC_VERSION
_HIDDEN = 'extern __attribute__((visibility("hidden")))'


def oci_hash(name: bytes, seed: int) -> int:
    """The same function as oci_hash in desc.h."""
    value = seed
    for byte in name:
        value = ((value ^ byte) * 16777619) & _MASK
    return value ^ (value >> 15)


def perfect_hash(names: Sequence[str]) -> Tuple[int, List[int]]:
    """A seed, and the index in which each name has a slot of its own."""
    encoded = [name.encode("utf-8") for name in names]
    slots = 1
    while slots < len(encoded):
        slots *= 2
    while True:
        for seed in range(1, _SEEDS + 1):
            index = [0] * slots
            for number, name in enumerate(encoded):
                slot = oci_hash(name, seed) & (slots - 1)
                if index[slot]:
                    break
                index[slot] = number + 1
            else:
                return seed, index
        slots *= 2


def _signed(value: int) -> str:
    return "INT64_MIN" if value == -(2**63) else f"INT64_C({value})"


class _Tables:
    def __init__(self, program: Program, module: Module) -> None:
        self.program = program
        self.prefix = program.prefix
        self.structs = {struct.name: struct for module in program.modules
                        for struct in module.structs}
        self.module = module
        self.text = Text()
        self.patterns: Dict[str, str] = {}

    # --- declarations -------------------------------------------------------------------------

    def head(self) -> None:
        text = self.text
        text.comment(banner(self.module.path))
        text.add(f"#include <{self.program.folder}/{self.module.name}.h>")
        text.gap()
        text.add(f"#include <{LIBRARY}/desc.h>")
        text.gap()
        text.add(f"#if OCI_DESC_VERSION != {VERSION}",
                 '#error "made by an ocigen that does not go with the headers of ocikit-spec"',
                 "#endif")
        text.gap()
        types: Set[str] = {struct.name for struct in self.module.structs}
        enums: Set[str] = {enum.name for enum in self.module.enums}
        for struct in self.module.structs:
            for field in struct.fields:
                if field.value.kind is Kind.OBJECT and field.value.of:
                    types.add(field.value.of)
                if field.value.kind is Kind.ENUM and field.value.of:
                    enums.add(field.value.of)
        for name in sorted(enums):
            text.add(f"{_HIDDEN} const struct oci_enum {self.prefix}_{name}_values;")
        for name in sorted(types):
            text.add(f"{_HIDDEN} const struct oci_type {self.prefix}_{name}_desc;")
        text.gap()

    # --- patterns -----------------------------------------------------------------------------

    def pattern(self, source: str) -> None:
        if source in self.patterns:
            return
        text = self.text
        name = f"pattern_{len(self.patterns)}"
        self.patterns[source] = name
        found = compile_pattern(source)
        text.add(f"static const uint8_t {name}_classes[256] = {{")
        text.row([str(number) for number in found.classes], "    ")
        text.add("};", f"static const uint16_t {name}_next[] = {{")
        text.row([str(target) for row in found.next for target in row], "    ")
        text.add("};", f"static const uint8_t {name}_accept[] = {{")
        text.row([str(int(flag)) for flag in found.accept], "    ")
        text.add("};", f"static const struct oci_pattern {name} = {{",
                 f"    .text = {c_string(source)},",
                 f"    .classes = {name}_classes,", f"    .next = {name}_next,",
                 f"    .accept = {name}_accept,",
                 f"    .class_count = {max(found.classes) + 1},",
                 f"    .state_count = {len(found.accept)},", f"    .start = {found.start},", "};")
        text.gap()

    # --- enums --------------------------------------------------------------------------------

    def enum(self, enum: Enum) -> None:
        text = self.text
        name = f"{self.prefix}_{enum.name}"
        text.add(f"static const struct oci_enum_text {enum.name}_texts[] = {{")
        text.add(*(f"    {{{c_string(value)}, {byte_length(value)}}}," for value, _ in enum.values))
        text.add("};", f"const struct oci_enum {name}_values = {{",
                 f"    .name = {c_string(name)},", f"    .values = {enum.name}_texts,",
                 f"    .count = {len(enum.values)},", "};")
        text.gap()
        text.add(f"const char *{name}_text(enum {name} value)", "{",
                 "    uint32_t number = (uint32_t)value;",
                 f"    if (number == 0 || number > {name}_values.count)", "        return NULL;",
                 f"    return {enum.name}_texts[number - 1].text;", "}")
        text.gap()

    # --- structs ------------------------------------------------------------------------------

    def field(self, owner: str, field: Field) -> None:
        value = field.value
        aux = ("OCI_NO_OFFSET" if field.aux_name is None
               else f"offsetof({owner}, {field.aux_name})")
        flags = [flag for flag, on in (("OCI_FIELD_REQUIRED", field.required),
                                       ("OCI_FIELD_RAW_OBJECT", value.raw_object),
                                       ("OCI_FIELD_NULLABLE", field.nullable)) if on]
        lines = [f".name = {c_string(field.name)},", f".name_length = {byte_length(field.name)},",
                 f".offset = offsetof({owner}, {field.c_name}),", f".aux_offset = {aux},",
                 f".kind = OCI_KIND_{value.kind.name},", f".shape = OCI_SHAPE_{field.shape.name},"]
        if value.width:
            lines.append(f".width = {value.width},")
        if flags:
            lines.append(f".flags = {' | '.join(flags)},")
        if value.of is not None:
            end = "values" if value.kind is Kind.ENUM else "desc"
            lines.append(f".of = &{self.prefix}_{value.of}_{end},")
        if value.pattern is not None:
            lines.append(f".pattern = &{self.patterns[value.pattern]},")
        if value.kind in (Kind.INT, Kind.UINT):
            lines.append(f".min = {_signed(value.minimum)},")
            lines.append(f".max = UINT64_C({value.maximum}),")
        if field.min_items:
            lines.append(f".min_items = {field.min_items},")
        self.text.add("    {", *(f"        {line}" for line in lines), "    },")

    def struct(self, struct: Struct) -> None:
        text = self.text
        name = f"{self.prefix}_{struct.name}"
        for field in struct.fields:
            if field.value.pattern is not None:
                self.pattern(field.value.pattern)
        text.add(f"static const struct oci_field {struct.name}_fields[] = {{")
        for field in struct.fields:
            self.field(f"struct {name}", field)
        seed, index = perfect_hash([field.name for field in struct.fields])
        text.add("};", f"static const uint8_t {struct.name}_index[] = {{")
        text.row([str(number) for number in index], "    ")
        text.add("};", f"const struct oci_type {name}_desc = {{",
                 f"    .name = {c_string(name)},", f"    .fields = {struct.name}_fields,",
                 f"    .index = {struct.name}_index,", f"    .field_count = {len(struct.fields)},",
                 f"    .required_count = {sum(field.required for field in struct.fields)},",
                 f"    .size = sizeof(struct {name}),",
                 f"    .unknown_offset = offsetof(struct {name}, {UNKNOWN}),",
                 f"    .seed = {seed},", f"    .slots = {len(index)},",
                 *self.options(struct), "};")
        text.gap()
        text.add(f"const oci_type *{name}_type(void)", "{", f"    return &{name}_desc;", "}")
        text.gap()


    # --- new documents ------------------------------------------------------------------------

    def options(self, struct: Struct) -> List[str]:
        lines = []
        defaults = self.defaults(struct)
        if struct.max_bytes:
            lines.append(f"    .max_bytes = {struct.max_bytes},")
        if defaults:
            text = json.dumps(defaults, separators=(",", ":"), ensure_ascii=False)
            lines.append(f"    .defaults = {c_string(text)},")
        return lines

    def defaults(self, struct: Struct) -> Dict[str, object]:
        """The members of a new struct: those with a default, and containers that are required."""
        members: Dict[str, object] = {}
        for field in struct.fields:
            if field.default is not None:
                members[field.name] = field.default
            elif field.required and field.shape is Shape.ARRAY:
                members[field.name] = []
            elif field.required and field.shape is Shape.MAP:
                members[field.name] = {}
            elif field.required and field.value.kind is Kind.OBJECT and field.value.of:
                members[field.name] = self.defaults(self.structs[field.value.of])
        return members


def emit_tables(program: Program, module: Module) -> str:
    """The table file of one module."""
    tables = _Tables(program, module)
    tables.head()
    for enum in module.enums:
        tables.enum(enum)
    for struct in module.structs:
        tables.struct(struct)
    return str(tables.text)
