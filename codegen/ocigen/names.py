# SPDX-License-Identifier: Apache-2.0
"""The only place that makes C and Go names, and the check that no two are the same.

C names that another language or a predefined macro has taken get an underscore at the end.
"""
from __future__ import annotations

import re
from typing import Dict, Set, Tuple

from .error import Faults, Place, SchemaError
from .ir import Enum, Field, Program, Struct

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

# Words that Go writes in capitals throughout; the plural is such a word with an s.
_GO_CAPITALS = frozenset("""
    ACL API ASCII CPU CSS DNS EOF FIFO GFN GID GUID HTML HTTP HTTPS ID IO IOPS IP IPC IRQ ISO JSON LHS
    MAC MFN NUMA OCI OOM OS PID QPS RAM RDMA RDT RHS RPC SLA SMTP SQL SSH TCP TLS TTL UDP UI UID URI URL
    UTF UTS UUID VCPU VDI VHD VM VMDK XML XMPP XSRF XSS
""".split())

# Of two letters, and yet no abbreviations.
_GO_WORDS = frozenset("AN AS AT BY DO GO IF IN IS IT NO OF ON OR SO TO UP".split())

# Taken by the hand-written files of the Go package, and by what every struct has.
GO_TAKEN = ("Error", "Code", "CodeInvalidArgument", "CodeSyntax", "CodeEncoding", "CodeDuplicateKey",
             "CodeType", "CodeRange", "CodeEnum", "CodePattern", "CodeRequired", "CodeTooFew",
             "CodeDepth", "CodeTooLarge", "Ptr")
GO_UNKNOWN = "Unknown"
_GO_METHODS = (GO_UNKNOWN, "MarshalJSON", "UnmarshalJSON")

# Go builds a file whose name ends so for one system or processor only, or for tests only.
_GO_ENDS = frozenset("""
    aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris
    wasip1 windows zos 386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le
    mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm test
""".split())


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


def go_name(text: str) -> str:
    """An exported Go name: hostID, host_id and HOST_ID are all HostID."""
    shouted = text.upper() == text
    result = ""
    for word in re.findall(r"[A-Z]+[0-9]*s?(?![a-z0-9])|[A-Z]?[a-z0-9]+",
                           text.lower() if shouted else text):
        stem = word.upper().rstrip("0123456789")
        if stem in _GO_CAPITALS or (shouted and len(word) <= 2 and stem not in _GO_WORDS):
            word = word.upper()
        elif stem[-1:] == "S" and stem[:-1] in _GO_CAPITALS and len(stem) == len(word):
            word = stem[:-1] + "s"
        if result[-1:].isdigit() and word[0].isdigit():
            result += "_"
        result += word[0].upper() + word[1:]
    return result


def go_field(field: Field) -> str:
    """The Go name of a member: from its JSON name, unless the schema gives it a C name of its own."""
    return go_name(field.name if member(snake(field.name)) == field.c_name else field.c_name)


def go_constant(enum: Enum, text: str, end: str) -> str:
    """The Go name of a value of an enum."""
    return go_name(enum.name) + go_name(end if text.upper() == text else end.lower())


def go_file(module: str) -> str:
    """The name of a module's Go file: one that is part of every build."""
    return f"{module}_schema.go" if module.split("_")[-1] in _GO_ENDS else f"{module}.go"


class _Scope:
    """Names of one language that must differ from each other."""

    def __init__(self, what: str, faults: Faults, language: str = "C") -> None:
        self._what = what
        self._faults = faults
        self._language = language
        self._clashed: Set[Tuple[str, Place]] = set()  # one line for each owner is enough
        self._seen: Dict[str, Tuple[str, Place]] = {}

    def take(self, name: str) -> None:
        """A name that is used by hand-written code."""
        what = "a hand-written header" if self._language == "C" else "a hand-written file"
        self._seen[name] = (what, Place("", "", 0, 0))

    def add(self, name: str, owner: str, place: Place) -> None:
        """A generated name."""
        if name in self._seen and (owner, place) not in self._clashed:
            self._clashed.add((owner, place))
            other, where = self._seen[name]
            at = f" ({where}: {where.pointer or '/'})" if where.file else ""
            self._faults.add(SchemaError(place, f"the {self._language} name '{name}' of {owner} "
                                                f"clashes with {other}{at}{self._what}"))
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


def _check_go_members(struct: Struct, faults: Faults) -> None:
    scope = _Scope(f" in struct '{struct.name}'", faults, "Go")
    for name in _GO_METHODS:
        scope.take(name)
    for field in struct.fields:
        scope.add(go_field(field), f"property '{field.name}'", field.place)


def check_go_names(program: Program, faults: Faults) -> None:
    """Refuse a program in which two names of the Go package would be the same."""
    scope = _Scope("", faults, "Go")
    for name in GO_TAKEN:
        scope.take(name)
    for module in program.modules:
        if module.private:
            continue
        for struct in module.structs:
            owner = f"struct '{struct.name}'"
            scope.add(go_name(struct.name), owner, struct.place)
            if struct.root:
                scope.add("Parse" + go_name(struct.name), owner, struct.place)
            _check_go_members(struct, faults)
        for enum in module.enums:
            owner = f"enum '{enum.name}'"
            scope.add(go_name(enum.name), owner, enum.place)
            for text, end in enum.values:
                scope.add(go_constant(enum, text, end), f"value '{text}' of {owner}", enum.place)
