# SPDX-License-Identifier: Apache-2.0
"""IR to Go source: one file for each module with its types, their doc comments and methods.

Every exported identifier has a comment.  What gofmt would change must not be written.  The tables are
made by emit_go_tables.py.
"""
from __future__ import annotations

import re
import textwrap
from typing import Dict, List

from .emit_go_tables import Pattern, emit_go_tables, field_type, pattern_names
from .error import SchemaError
from .gen import NOTICE, WIDTH, Text, go_string
from .ir import Enum, Field, Kind, Module, Program, Struct
from .names import GO_UNKNOWN, go_constant, go_field, go_file, go_name

# The hand-written files of the package.
_OTHER_FILES = ("doc", "error", "pattern", "reader", "scan", "table", "value", "writer")


def _comment(text: Text, words: str, indent: str = "") -> None:
    """A doc comment, wrapped."""
    text.add(*(f"{indent}// {line}" for line in textwrap.wrap(
        " ".join(words.split()), WIDTH - 3, break_long_words=False, break_on_hyphens=False)))


def _limits(field: Field) -> str:
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
        notes.append("May be null: absent then, and null in Unknown.")
    if value.kind is Kind.RAW:
        notes.append("Kept as JSON text.")
    return " ".join(notes)


def _tag(field: Field) -> str:
    """The tag, for those who look at it; the tables do not."""
    if not re.match(r"[A-Za-z0-9_.$/:-]+\Z", field.name) or field.name == "-":
        return ""
    return f' `json:"{field.name}{"" if field.required else ",omitempty"}"`'


def _described(name: str, doc: str, otherwise: str) -> str:
    """A comment that begins with the identifier, as Go has it, and goes on with any text."""
    return f"{name} - {doc.strip() or otherwise}"


def _enum(text: Text, enum: Enum, module: Module) -> None:
    name = go_name(enum.name)
    _comment(text, _described(name, enum.doc, f"A set of strings of {module.path}."))
    text.add(f"type {name} string")
    text.gap()
    _comment(text, f"The values of {name}.")
    text.add("const (")
    names = [go_constant(enum, value, end) for value, end in enum.values]
    width = max(map(len, names))
    for constant, (value, _) in zip(names, enum.values):
        text.add(f"\t{constant.ljust(width)} {name} = {go_string(value)}")
    text.add(")")
    text.gap()


def _struct(text: Text, struct: Struct, module: Module) -> None:
    name = go_name(struct.name)
    _comment(text, _described(name, struct.doc, f"An object of {module.path}."))
    text.add(f"type {name} struct {{")
    for field in struct.fields:
        member = go_field(field)
        words = _described(member, field.doc, f"The member {field.name}.")
        _comment(text, f"{words} {_limits(field)}", "\t")
        text.add(f"\t{member} {field_type(field)}{_tag(field)}")
    _comment(text, f"{GO_UNKNOWN} - Members that the schema does not name, as JSON text.", "\t")
    text.add(f'\t{GO_UNKNOWN} map[string]json.RawMessage `json:"-"`')
    text.gap()
    text.add("\tbyPointer", "}")
    text.gap()


def _functions(text: Text, struct: Struct) -> None:
    name = go_name(struct.name)
    table = f"&table{name}"
    if struct.root:
        text.add(f"// Parse{name} reads a document of type {name}; errors are of type *Error.",
                 f"func Parse{name}(data []byte) (*{name}, error) {{",
                 f"\treturn parse({table}, data)", "}")
        text.gap()
    text.add("// MarshalJSON writes x as JSON; null if x is nil.",
             f"func (x *{name}) MarshalJSON() ([]byte, error) {{",
             f"\treturn marshal({table}, x)", "}")
    text.gap()
    text.add("// UnmarshalJSON reads x from JSON; x stays as it was if that is refused.",
             f"func (x *{name}) UnmarshalJSON(data []byte) error {{",
             f"\treturn unmarshal({table}, x, data)", "}")
    text.gap()


def _refuse(program: Program, module: Module) -> None:
    """What can be made in C and not in Go."""
    private = {other.name for other in program.modules if other.private}
    if go_file(module.name)[:-len(".go")] in _OTHER_FILES:
        raise SchemaError(module.place, f"'{go_file(module.name)}' is the name of another file")
    for name in module.includes:
        if name in private:
            raise SchemaError(module.place, f"a schema in Go refers to the private module '{name}'")


def _file(package: str, module: Module, patterns: Dict[str, Pattern]) -> str:
    text = Text()
    text.add("// Code generated by ocigen; DO NOT EDIT.")
    text.gap()
    _comment(text, f"From {module.path}. {NOTICE}")
    text.gap()
    text.add(f"package {package}")
    text.gap()
    if module.structs:
        text.add('import "encoding/json"')
        text.gap()
    for enum in module.enums:
        _enum(text, enum, module)
    for struct in module.structs:
        _struct(text, struct, module)
        _functions(text, struct)
    emit_go_tables(text, module, patterns)
    return str(text)


def emit_go(program: Program, package: str) -> Dict[str, str]:
    """The Go files of all modules that are not private, by name."""
    public: List[Module] = [module for module in program.modules if not module.private]
    files: Dict[str, str] = {}
    patterns = pattern_names(public)
    for module in public:
        _refuse(program, module)
        name = go_file(module.name)
        if name in files:
            raise SchemaError(module.place, f"'{name}' is made from two schemas")
        files[name] = _file(package, module, patterns)
    return files
