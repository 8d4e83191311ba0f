# SPDX-License-Identifier: Apache-2.0
"""IR to public headers: enums, structs, their doc comments and typed accessors.

Headers are C99 and C++17 and need no library.  Layout decisions are those of desc.h.
"""
from __future__ import annotations

import json
import re
from typing import List

from .gen import Text, banner
from .ir import Enum, Field, Kind, Module, Program, Shape, Struct, Value
from .names import UNKNOWN

LIBRARY = "ocikit"  # whose headers generated ones build on


def scalar_type(value: Value) -> str:
    """The C type of a number."""
    sign = "u" if value.kind is Kind.UINT else ""
    return f"{sign}int{value.width * 8}_t"


def declare(prefix: str, value: Value, name: str, pointer: bool) -> str:
    """The declaration of one value, or of a pointer to an array of them."""
    star = "*" if pointer else ""
    if value.kind is Kind.BOOL:
        return f"bool {star}{name};"
    if value.kind in (Kind.INT, Kind.UINT):
        return f"{scalar_type(value)} {star}{name};"
    if value.kind is Kind.ENUM:
        return f"enum {prefix}_{value.of} {star}{name};"
    if value.kind is Kind.OBJECT:
        return f"struct {prefix}_{value.of} *{name};"
    return f"const char *{star}{name};"


def limits(field: Field, null: str = "absent then", new: bool = True) -> str:
    """What a member's comment says beyond its description: what becomes of null, and what a new document has."""
    notes = []
    value = field.value
    if field.required:
        notes.append("Required.")
    if value.kind in (Kind.INT, Kind.UINT):
        unsigned = value.kind is Kind.UINT
        whole = (0 if unsigned else -(2 ** (value.width * 8 - 1)),
                 2 ** (value.width * 8 - (0 if unsigned else 1)) - 1)
        if (value.minimum, value.maximum) != whole:
            notes.append(f"From {value.minimum} to {value.maximum}.")
    if value.pattern is not None:
        notes.append(f"Of the form {value.pattern}")
    if field.min_items:
        notes.append(f"At least {field.min_items}.")
    if field.nullable:
        notes.append(f"May be null: {null}.")
    if new and field.default is not None:
        notes.append(f"In a new document: {json.dumps(field.default)}.")
    if value.kind is Kind.RAW:
        notes.append("Kept as JSON text.")
    return " ".join(notes)


def _field(text: Text, prefix: str, field: Field) -> None:
    text.comment(f"{field.doc} {limits(field)}", "    ")
    if field.shape is Shape.ONE:
        if field.aux_name is not None:
            text.add(f"    bool {field.aux_name};")
        text.add("    " + declare(prefix, field.value, field.c_name, False))
        return
    if field.shape is Shape.ARRAY:
        text.add("    " + declare(prefix, field.value, field.c_name, True))
    elif field.value.kind is Kind.OBJECT:
        text.add(f"    struct {prefix}_{field.value.of}_entry *{field.c_name};")
    else:
        text.add(f"    struct oci_string_entry *{field.c_name};")
    text.add(f"    size_t {field.aux_name};")


def _enum(text: Text, prefix: str, enum: Enum) -> None:
    stem = f"{prefix}_{enum.name}".upper()
    text.comment(enum.doc)
    text.add(f"enum {prefix}_{enum.name} {{", f"    {stem}_UNSET = 0,")
    for number, (_, end) in enumerate(enum.values):
        text.add(f"    {stem}_{end} = {number + 1},")
    text.add("};")
    text.gap()


def _struct(text: Text, prefix: str, struct: Struct, mapped: bool) -> None:
    text.comment(struct.doc)
    text.add(f"struct {prefix}_{struct.name} {{")
    for field in struct.fields:
        _field(text, prefix, field)
    text.add(f"    struct oci_unknown_members {UNKNOWN};", "};")
    text.gap()
    if mapped:
        text.add(f"struct {prefix}_{struct.name}_entry {{", "    const char *key;",
                 f"    struct {prefix}_{struct.name} value;", "};")
        text.gap()


def _functions(text: Text, prefix: str, module: Module) -> None:
    if module.enums:
        text.comment("The text of a value as it stands in JSON; NULL for unset and for what is out "
                     "of range.")
    for enum in module.enums:
        name = f"{prefix}_{enum.name}"
        text.add(f"OCI_API const char *{name}_text(enum {name} value);")
    text.gap()
    if module.structs:
        text.comment("The descriptions of the structs above.")
    for struct in module.structs:
        text.add(f"OCI_API const oci_type *{prefix}_{struct.name}_type(void);")
    text.gap()
    for struct in module.structs:
        if struct.root:
            name = f"{prefix}_{struct.name}"
            text.comment(f"The struct of a document of type {name}_type(); NULL for any other.")
            text.add(f"static inline struct {name} *{name}_root(const oci_document *document)", "{",
                     f"    return (struct {name} *)oci_document_root(document, {name}_type());",
                     "}")
            text.gap()


def open_header(text: Text, folder: str, name: str, path: str, about: str,
                includes: List[str]) -> None:
    """Everything of a header before its first declaration; includes with their folders."""
    guard = re.sub(r"[^A-Z0-9]", "_", f"{folder}_{name}_h".upper())
    text.comment(banner(path))
    text.comment(about)
    text.add(f"#ifndef {guard}", f"#define {guard}")
    text.gap()
    text.add(*(f"#include <{include}.h>" for include in includes))
    text.gap()


def emit_header(program: Program, module: Module) -> str:
    """The header of one module."""
    text = Text()
    first = "document" if any(struct.root for struct in module.structs) else "types"
    open_header(text, program.folder, module.name, module.path, module.doc,
                [f"{LIBRARY}/{first}", *(f"{program.folder}/{name}" for name in module.includes)])
    text.add("#ifdef __cplusplus", 'extern "C" {', "#endif")
    text.gap()
    for enum in module.enums:
        _enum(text, program.prefix, enum)
    for struct in module.structs:
        _struct(text, program.prefix, struct, struct.name in program.mapped)
    _functions(text, program.prefix, module)
    text.add("#ifdef __cplusplus", "}", "#endif")
    text.gap()
    text.add("#endif")
    return str(text)


def emit_umbrella(program: Program, name: str) -> str:
    """One header that includes those of all modules that are not private."""
    public = [module.name for module in program.modules if not module.private]
    text = Text()
    open_header(text, program.folder, name, "the schemas",
                "All document types, and how to read and write them.",
                [f"{LIBRARY}/document", *(f"{program.folder}/{module}" for module in public)])
    text.add("#endif")
    return str(text)
