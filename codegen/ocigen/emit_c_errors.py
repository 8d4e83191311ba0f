# SPDX-License-Identifier: Apache-2.0
"""The record of error codes to a header and a table.  The record is no schema: checked here."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

from .emit_c_types import LIBRARY, open_header
from .gen import Text, banner, c_string
from .source import Node, read_json

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True)
class Code:
    """One error code."""

    name: str
    value: int
    text: str


def _member(node: Node, name: str, kind: type) -> Node:
    if not isinstance(node.value, dict) or name not in node.members:
        raise node.error(f"'{name}' is missing")
    found = node.members[name]
    words = {str: "a string", int: "an integer", list: "an array"}
    if not isinstance(found.value, kind) or isinstance(found.value, bool):
        raise found.error(f"'{name}' must be {words[kind]}")
    return found


def _code(node: Node, seen: Dict[object, Node]) -> Code:
    name, value = _member(node, "name", str), _member(node, "value", int)
    text = _member(node, "text", str)
    for key in node.members:
        if key not in ("name", "value", "text"):
            raise node.members[key].error(f"unknown member '{key}'")
    if not _NAME.match(str(name.value)):
        raise name.error("'name' must be a lower-case C name")
    if not 1 <= int(str(value.value)) <= 32767:
        raise value.error("'value' must be from 1 to 32767")
    for one in (name, value):
        if one.value in seen:
            raise one.error(f"{one.value!r} stands twice")
        seen[one.value] = one
    return Code(str(name.value), int(str(value.value)), str(text.value))


def load_codes(path: str, shown: str) -> Tuple[str, List[Code]]:
    """The description and the codes of a record."""
    root = read_json(path, shown)
    seen: Dict[object, Node] = {}
    codes = [_code(node, seen) for node in _member(root, "codes", list).items]
    return str(_member(root, "description", str).value), codes


def emit_errors_header(prefix: str, path: str, doc: str, codes: List[Code]) -> str:
    """The header with the codes."""
    text = Text()
    upper = prefix.upper()
    open_header(text, LIBRARY, "errors", path, doc, [f"{LIBRARY}/types"])
    text.add("#ifdef __cplusplus", 'extern "C" {', "#endif")
    text.gap()
    text.add(f"enum {prefix}_code {{", f"    {upper}_OK = 0,")
    for code in codes:
        text.add(f"    {upper}_ERR_{code.name.upper()} = -{code.value}, /* {code.text} */")
    text.add("};")
    text.gap()
    text.comment('The name of a code, such as "invalid_argument"; "ok" for 0 and "unknown" for '
                 "what is none.  Never NULL.")
    text.add(f"OCI_API const char *{prefix}_code_name(int code);")
    text.comment("What a code means, in a few words.  Never NULL.")
    text.add(f"OCI_API const char *{prefix}_code_text(int code);")
    text.gap()
    text.add("#ifdef __cplusplus", "}", "#endif")
    text.gap()
    text.add("#endif")
    return str(text)


def emit_errors_source(prefix: str, path: str, codes: List[Code]) -> str:
    """The functions that name the codes."""
    text = Text()
    text.comment(banner(path))
    text.add(f"#include <{LIBRARY}/errors.h>")
    for end, zero, other in (("name", "ok", "unknown"), ("text", "success", "unknown error")):
        text.gap()
        text.add(f"const char *{prefix}_code_{end}(int code)", "{", "    switch (code) {",
                 f"    case {prefix.upper()}_OK:", f"        return {c_string(zero)};")
        for code in codes:
            answer = code.name if end == "name" else code.text
            text.add(f"    case {prefix.upper()}_ERR_{code.name.upper()}:",
                     f"        return {c_string(answer)};")
        text.add("    default:", f"        return {c_string(other)};", "    }", "}")
    return str(text)
