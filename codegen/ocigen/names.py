# SPDX-License-Identifier: Apache-2.0
"""The only place that makes C names, and the check that no two are the same.

Names that another language or a predefined macro has taken get an underscore at the end.
"""
from __future__ import annotations

import re
from typing import Dict, Set, Tuple

from .error import Faults, Place, SchemaError
from .ir import Program, Struct

_RESERVED = frozenset("""
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
    constinit continue decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
    return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof typeof_unqual union unsigned using
    virtual void volatile wchar_t while xor xor_eq
    as assert async await def del elif except finally from global import in is lambda nonlocal
    none pass raise with yield
    linux unix i386 mips sparc sun vax hpux m68k errno stdin stdout stderr
""".split())

# Taken by the hand-written headers.
_TAKEN = ("api", "type", "enum", "enum_text", "field", "pattern", "kind", "shape", "hash",
          "document", "report", "finding", "severity", "parse", "parse_fd", "parse_file",
          "parse_options", "read_file", "read_fd", "write", "write_flags", "free", "locate",
          "unknown_mode", "string_entry", "unknown_member", "unknown_members", "code", "code_name",
          "code_text", "type_name", "document_root", "document_type", "document_free",
          "report_count", "report_get", "report_total", "report_first_error", "report_free",
          "document_new", "document_alloc", "document_text", "parser", "parser_new", "parser_feed",
          "parser_finish", "parser_free", "value", "value_kind", "validate", "clone", "equal",
          "difference", "differences", "diff", "differences_count", "differences_get",
          "differences_free", "get", "get_json", "set", "remove", "merge", "walk", "rule",
          "rule_count", "rule_get", "rule_find", "document_kind", "document_kind_count",
          "document_kind_get", "document_kind_find", "document_kind_detect", "check",
          "check_options", "check_flags", "check_value")
_TAKEN_UPPER = ("OK", "API", "NO_OFFSET", "FIELD_REQUIRED", "FIELD_RAW_OBJECT",
                "FIELD_NULLABLE", "DESC_VERSION", "DESC_H", "TYPES_H", "DOCUMENT_H", "VALUE_H",
                "CHECK_H", "PARSE_OPTIONS_INIT", "CHECK_OPTIONS_INIT", "CHECK_STARTABLE",
                "WRITE_COMPACT", "WRITE_PRETTY", "WRITE_CANONICAL", "WALK_ON", "WALK_OVER", "SEVERITY_ERROR",
                "SEVERITY_WARNING", "UNKNOWN_KEEP", "UNKNOWN_WARN", "UNKNOWN_REFUSE")

UNKNOWN = "unknown_members"


def snake(name: str) -> str:
    """camelCase to snake_case, with runs of capitals as one word: hostID is host_id."""
    text = re.sub(r"[^A-Za-z0-9]+", "_", name)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"_+", "_", text).strip("_").lower()


def pascal(stem: str) -> str:
    """snake_case to PascalCase: id_mapping is IdMapping."""
    return "".join(word[:1].upper() + word[1:] for word in stem.split("_"))


def member(stem: str) -> str:
    """The name of a struct member made from a snake_case stem."""
    return stem + "_" if stem in _RESERVED else stem


def enumerator(text: str, strip: str) -> str:
    """The end of an enumerator's name: SCMP_ACT_KILL without SCMP_ACT_ is KILL."""
    rest = text[len(strip):] if text.startswith(strip) else text
    if rest.upper() == rest:
        return re.sub(r"[^A-Z0-9]+", "_", rest).strip("_")
    return snake(rest).upper()


class _Scope:
    """Names that must differ from each other."""

    def __init__(self, what: str, faults: Faults) -> None:
        self._what = what
        self._faults = faults
        self._clashed: Set[Tuple[str, Place]] = set()  # one line for each owner is enough
        self._seen: Dict[str, Tuple[str, Place]] = {}

    def take(self, name: str) -> None:
        """A name that is used by hand-written code."""
        self._seen[name] = ("a hand-written header", Place("", "", 0, 0))

    def add(self, name: str, owner: str, place: Place) -> None:
        """A generated name."""
        if name in self._seen and (owner, place) not in self._clashed:
            self._clashed.add((owner, place))
            other, where = self._seen[name]
            at = f" ({where}: {where.pointer or '/'})" if where.file else ""
            self._faults.add(SchemaError(place, f"the C name '{name}' of {owner} clashes with "
                                                f"{other}{at}{self._what}"))
        self._seen.setdefault(name, (owner, place))


def _check_members(struct: Struct, faults: Faults) -> None:
    scope = _Scope(f" in struct '{struct.name}'", faults)
    scope.add(UNKNOWN, "the list of unknown members", struct.place)
    for field in struct.fields:
        owner = f"property '{field.name}'"
        scope.add(field.c_name, owner, field.place)
        if field.aux_name is not None:
            scope.add(field.aux_name, owner, field.place)


def check_names(program: Program, faults: Faults) -> None:
    """Refuse a program in which two C names would be the same."""
    prefix = program.prefix
    scope = _Scope("", faults)
    for name in _TAKEN:
        scope.take(f"{prefix}_{name}")
    for name in _TAKEN_UPPER:
        scope.take(f"{prefix.upper()}_{name}")
    for module in program.modules:
        for struct in module.structs:
            owner = f"struct '{struct.name}'"
            for end in ("", "_type", "_desc"):
                scope.add(f"{prefix}_{struct.name}{end}", owner, struct.place)
            if struct.root:
                scope.add(f"{prefix}_{struct.name}_root", owner, struct.place)
            if struct.name in program.mapped:
                scope.add(f"{prefix}_{struct.name}_entry", owner, struct.place)
            _check_members(struct, faults)
        for enum in module.enums:
            owner = f"enum '{enum.name}'"
            for end in ("", "_text", "_values"):
                scope.add(f"{prefix}_{enum.name}{end}", owner, enum.place)
            stem = f"{prefix}_{enum.name}_".upper()
            scope.add(stem + "UNSET", owner, enum.place)
            for text, end in enum.values:
                scope.add(stem + end, f"value '{text}' of {owner}", enum.place)
